"""A job's Parquet file, written through DuckDB."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from .connection import connect, literal
from .schema import COLUMNS

_JSON_TYPES: Final = {"VARCHAR[]": ["VARCHAR"]}


def write(path: Path, job_id: str, origin: str, columns: Mapping[str, list[Any]], metadata: Mapping[str, str]) -> None:
    """Write a Parquet file.

    Args:
        path: of the new file.
        job_id: of all its rows.
        origin: of all its rows.
        columns: the columns of `read_columns`.
        metadata: the file's own keys and values.
    """
    types = json.dumps({name: [_JSON_TYPES.get(COLUMNS[name], COLUMNS[name])] for name in columns})
    values = ", ".join(f"unnest(x.{name}) AS {name}" for name in columns)
    entries = ", ".join(f"{name}: {literal(value)}" for name, value in metadata.items())
    with connect(path.parent) as connection:
        connection.execute(
            f"CREATE TEMP TABLE company AS SELECT ? AS job_id, ? AS origin,"  # noqa: S608
            f" generate_subscripts(x._band, 1) AS rank, {values} FROM (SELECT from_json(?, ?) AS x)",
            [job_id, origin, msgspec.json.encode(columns).decode(), types],
        )
        connection.execute(
            f"COPY (SELECT {', '.join(COLUMNS)} FROM company) TO {literal(str(path))}"  # noqa: S608
            f" (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, KV_METADATA {{{entries}}})"
        )
