"""Parquet files through DuckDB, held narrow: in memory, without extensions from elsewhere, and with no other files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .schema import COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

THREADS: Final = 2
"""Threads of a connection: Excel and the fetcher need the other processors."""

MEMORY: Final = "256MB"
"""Memory of a connection: a job of 10,000 full rows takes 60 MB while its file is made."""

_JSON_TYPES: Final = {"VARCHAR[]": ["VARCHAR"]}


def connect(paths: Sequence[Path]) -> DuckDBPyConnection:
    """A new connection that can use these files and no others."""
    import duckdb

    connection = duckdb.connect(":memory:")
    settings = {
        "allowed_paths": [str(path) for path in paths],
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": "",
        "threads": THREADS,
        "memory_limit": MEMORY,
        "enable_external_access": False,
        "lock_configuration": True,
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {_literal(value)}")
    return connection


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
    entries = ", ".join(f"{name}: {_literal(value)}" for name, value in metadata.items())
    with connect([path]) as connection:
        connection.execute(
            f"CREATE TEMP TABLE company AS SELECT ? AS job_id, ? AS origin,"  # noqa: S608
            f" generate_subscripts(x._band, 1) AS rank, {values} FROM (SELECT from_json(?, ?) AS x)",
            [job_id, origin, msgspec.json.encode(columns).decode(), types],
        )
        connection.execute(
            f"COPY (SELECT {', '.join(COLUMNS)} FROM company) TO {_literal(str(path))}"  # noqa: S608
            f" (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, KV_METADATA {{{entries}}})"
        )


def _literal(value: object) -> str:
    """A value in SQL: settings, COPY and its options take no parameters."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
