"""JSON, which keeps types, nulls and lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

from ..cell_values import to_json
from .cells import column_names

if TYPE_CHECKING:
    import pandas as pd


def write_json(stream: TextIO, frame: pd.DataFrame) -> None:
    """One array of objects, a line per company."""
    write_array(stream, _json_lines(frame))


def write_array(stream: TextIO, lines: Iterable[str]) -> None:
    """One array of values, each JSON on a line."""
    separator = "[\n"
    for line in lines:
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
