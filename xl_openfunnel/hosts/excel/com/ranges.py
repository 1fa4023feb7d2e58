"""Reads and writes blocks of values: text stays text whatever it looks like, and blank cells stay truly empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .. import addresses
from ..addresses import CellRange
from ..ports import HostError
from ..table_merge import Value
from . import hresults
from .dispatch import RetryingCaller
from .formulas import formula_bar_texts

TEXT: Final = "@"
"""The number format of cells in which all that is entered stays text. They show ``####`` for over 255 characters."""

GENERAL: Final = "General"
"""The number format of other cells. A text that was entered before a cell got it stays text."""


class FormulaText(str):
    """A text that is entered as a formula. Any other text stays text."""

    __slots__ = ()


def read(call: RetryingCaller, sheet: Any, area: CellRange) -> list[list[Any]]:
    """The values of cells: text, numbers, booleans, None, or an error value's number."""
    rows: list[list[Any]] = []
    for chunk in addresses.chunks(area):
        values = call.get(call.get(sheet, "Range", chunk.address), "Value2")
        rows += map(list, values if isinstance(values, tuple) else ((values,),))
    return rows


def formulas(call: RetryingCaller, sheet: Any, area: CellRange) -> list[list[str]]:
    """What the formula bar shows for each cell, in R1C1 notation, which is the same in every row."""
    return [
        row
        for chunk in addresses.chunks(area)
        for row in formula_bar_texts(call, sheet, chunk, lambda cells: call.get(cells, "FormulaR1C1"))
    ]


def write(
    call: RetryingCaller, sheet: Any, area: CellRange, rows: Sequence[Sequence[Value]], *, text_format: bool
) -> None:
    """Write values; None and ``""`` leave a cell truly empty.

    Where the cells do not have the number format of text, an apostrophe keeps Excel from turning texts into numbers,
    dates and formulas.
    """
    for chunk in addresses.chunks(area):
        chunk_rows = rows[chunk.top - area.top : chunk.bottom - area.top + 1]
        write_chunk(call, call.get(sheet, "Range", chunk.address), chunk_rows, text_format=text_format)
    if text_format:
        restore_apostrophes(call, sheet, area, rows)


def write_chunk(call: RetryingCaller, cells: Any, rows: Sequence[Sequence[Value]], *, text_format: bool) -> None:
    """Write values as `write` does, in a single call if Excel accepts that."""
    if not text_format:
        rows = [[_with_apostrophe(value) for value in row] for row in rows]
    _put_values(call, cells, rows)


def _with_apostrophe(value: Value) -> Value:
    if isinstance(value, FormulaText):
        return str(value)
    return f"'{value}" if isinstance(value, str) and value else value


def _put_values(call: RetryingCaller, cells: Any, rows: Sequence[Sequence[Value]]) -> None:
    """Write values; if Excel refuses an array, its halves, down to single cells.

    Excel refuses arrays for one text that is too long in them, which it accepts for a single cell.
    """
    height, width = len(rows), len(rows[0])
    try:
        call.put(cells, "Value2", rows[0][0] if height == width == 1 else tuple(map(tuple, rows)))
    except HostError as error:
        if error.code != hresults.FAILED or height == width == 1:
            raise
    else:
        return
    if height > 1:
        middle = height // 2
        halves = [(0, 0, rows[:middle]), (middle, 0, rows[middle:])]
    else:
        middle = width // 2
        halves = [(0, 0, [rows[0][:middle]]), (0, middle, [rows[0][middle:]])]
    for down, right, half in halves:
        first = call.get(cells, "Offset", down, right)
        _put_values(call, call.get(first, "Resize", len(half), len(half[0])), half)


def restore_apostrophes(call: RetryingCaller, sheet: Any, area: CellRange, rows: Sequence[Sequence[Value]]) -> None:
    """Write texts that start with an apostrophe again, if Excel took it for the prefix that marks text."""
    for row, values in enumerate(rows, area.top):
        for column, value in enumerate(values, area.left):
            if isinstance(value, str) and value.startswith("'"):
                cell = call.get(sheet, "Range", CellRange(row, column, row, column).address)
                if call.get(cell, "Value2") == value[1:]:  # else the user may have sorted the rows since
                    call.put(cell, "Value2", f"'{value}")
