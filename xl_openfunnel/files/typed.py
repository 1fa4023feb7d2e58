"""JSON and Parquet: formats that keep types, nulls and lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ..cell_values import to_json
from .cells import column_names

if TYPE_CHECKING:
    import pandas as pd

    from . import Content


def write_json(stream: TextIO, frame: pd.DataFrame) -> None:
    """One array of objects, a line per company."""
    separator = "[\n"
    for line in _json_lines(frame):
        stream.write(separator + line)
        separator = ",\n"
    stream.write("\n]\n" if separator == ",\n" else "[]\n")


def write_jsonl(stream: TextIO, frame: pd.DataFrame) -> None:
    """One object per line."""
    stream.writelines(line + "\n" for line in _json_lines(frame))


def _json_lines(frame: pd.DataFrame) -> Iterator[str]:
    """Each row as a JSON object on one line."""
    keys = column_names(frame)
    columns = [_json_values(column) for _, column in frame.items()]
    for values in zip(*columns, strict=True):
        yield to_json(dict(zip(keys, values, strict=True)))


def _json_values(column: pd.Series[Any]) -> list[Any]:
    """The values as JSON has them, with None for missing ones."""
    missing = column.isna().tolist()
    values = column.astype(object).tolist()
    return [None if blank else value for blank, value in zip(missing, values, strict=True)]


def write_parquet(path: Path, content: Content) -> None:
    """Typed columns, lists as lists; the frame's attributes (job, status, manifest, as of) are in the metadata."""
    import pandas as pd

    frame = content.frame.rename(columns=_encodable)
    for name, column in frame.items():
        if column.dtype == object or column.dtype == "string":
            values = [None if blank else value for blank, value in zip(column.isna(), column, strict=True)]
            if column.dtype == object and not _fits_one_type(column):
                values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
            frame[name] = pd.Series(list(map(_encodable, values)), dtype=column.dtype)
    frame.to_parquet(path, engine="pyarrow", index=False)


def _encodable(value: Any) -> Any:
    """A text, or a list of texts, without halves of characters, which UTF-8 does not have."""
    if isinstance(value, list):
        return list(map(_encodable, value))
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _fits_one_type(column: pd.Series[Any]) -> bool:
    """Whether a Parquet column can hold these values: all booleans, all lists of text, or all null."""
    values = [value for value in column if value is not None]
    if all(isinstance(value, bool) for value in values):
        return True
    return all(isinstance(value, list) and all(isinstance(item, str) for item in value) for value in values)
