"""The cells of a frame, for formats that have text and numbers but no lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Cell: TypeAlias = str | int | float | bool

_BREAKS: Final = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


def names(frame: pd.DataFrame) -> list[str]:
    """The names of the frame's columns."""
    return [str(name) for name in frame.columns]


def cell_rows(frame: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    """The rows as a block has them, except that whole numbers stay whole and exact."""
    from .. import table  # imports pandas

    block = table.block(frame, headers=False)
    columns: list[list[Cell]] = [list(cells) for cells in zip(*block, strict=True)]
    for place, (_, column) in enumerate(frame.items()):
        if column.dtype == "Int64" and columns:
            columns[place] = column.to_numpy(dtype=object, na_value="").tolist()
    return zip(*columns, strict=True)


def as_text(cell: Cell) -> str:
    """A cell as text: numbers without a needless fraction, booleans in capitals as sheets write them."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def unbroken(text: str) -> str:
    """``text`` with a space for every tab and line break, as the cells of a TSV must be."""
    return _BREAKS.sub(" ", text)
