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

    block = table.block(frame, headers=False)
    columns: list[list[Cell]] = [list(cells) for cells in zip(*block, strict=True)]
    for index, (_, column) in enumerate(frame.items()):
        if column.dtype == "Int64" and columns:
            columns[index] = column.to_numpy(dtype=object, na_value="").tolist()
    return zip(*columns, strict=True)
