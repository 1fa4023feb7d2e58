"""A frame's rows: as cells for formats without lists, and as JSON, which keeps types, nulls and lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from ..cell_values import to_json

if TYPE_CHECKING:
    import pandas as pd

Cell: TypeAlias = str | int | float | bool


def column_names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns]


def cell_rows(frame: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    """The frame's rows as `table.block` makes them, but with whole numbers as exact integers."""
    from .. import table  # imports pandas

    columns: list[list[Cell]] = [list(cells) for cells in zip(*table.block(frame, headers=False), strict=True)]
    for index, (_, column) in enumerate(frame.items()):
        if columns and (column.dtype == "Int64" or column.dtype == object):
            values = column.to_numpy(dtype=object).tolist()
            columns[index] = [
                value if type(value) is int else cell for value, cell in zip(values, columns[index], strict=True)
            ]
    return zip(*columns, strict=True)


def json_rows(frame: pd.DataFrame) -> Iterator[str]:
    keys = column_names(frame)
    for values in zip(*(json_values(column) for _, column in frame.items()), strict=True):
        yield to_json(dict(zip(keys, values, strict=True)))


def json_values(column: pd.Series[Any]) -> list[Any]:
    """The values as JSON has them, with None for missing ones."""
    missing = column.isna().tolist()
    values = column.astype(object).tolist()
    return [None if blank else value for blank, value in zip(missing, values, strict=True)]


def write_json(stream: TextIO, rows: Iterable[str], *, as_array: bool) -> None:
    """Write rows that are JSON, each on a line of its own; all in one array if that is wanted."""
    if not as_array:
        stream.writelines(row + "\n" for row in rows)
        return
    separator = "[\n"
    for row in rows:
        stream.write(separator + row)
        separator = ",\n"
    stream.write("\n]\n" if separator == ",\n" else "[]\n")
