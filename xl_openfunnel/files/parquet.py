"""Parquet, for other programs that work with tables. Needs the extra ``parquet``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from . import Content


def write_parquet(path: Path, content: Content) -> None:
    """Typed columns, lists as lists. The frame's attributes (job, status, manifest, as of) are in the metadata."""
    frame = content.frame.copy()
    for name, column in frame.items():
        if column.dtype == object and not _one_kind(column):
            frame[name] = [None if value is None else json.dumps(value, ensure_ascii=False) for value in column]
    frame.to_parquet(path, engine="pyarrow", index=False)


def _one_kind(column: pd.Series[Any]) -> bool:
    """Whether a Parquet column can hold these values: booleans, lists of text, or nothing at all."""
    values = [value for value in column if value is not None]
    if all(isinstance(value, bool) for value in values):
        return True
    return all(isinstance(value, list) and all(isinstance(item, str) for item in value) for value in values)
