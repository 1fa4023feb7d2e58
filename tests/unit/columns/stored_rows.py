"""Rows as the store gives them, and those of a file; without pytest, so that other processes start fast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xl_openfunnel.columns.connection import connect
from xl_openfunnel.jobs.snapshot import Rows

ORIGIN = "https://api.openfunnel.dev:443"


def stored(rows: Sequence[dict[str, Any]], content: str = "content") -> Rows:
    """Rows in pages of three, as the store has them."""
    pages = [rows[start : start + 3] for start in range(0, len(rows), 3)]
    bodies = [json.dumps(page).encode() for page in pages]
    return Rows(list(map(len, pages)), lambda numbers: bodies[numbers.start : numbers.stop], content=content)


def read(path: Path, columns: str = "*") -> list[dict[str, Any]]:
    """The rows of a file, through DuckDB."""
    with connect(path.parent) as connection:
        result = connection.execute(f"SELECT {columns} FROM read_parquet(?) ORDER BY rank", [str(path)])  # noqa: S608
        names = [name for name, *_ in result.description or ()]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]
