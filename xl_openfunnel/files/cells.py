"""A frame's cells for formats without lists: spreadsheets, CSV, TSV and the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

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
