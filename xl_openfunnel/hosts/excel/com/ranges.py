"""Reads and writes blocks of values: text stays text whatever it looks like, and blank cells stay truly empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .. import addresses
from ..addresses import CellRange
from ..table_merge import Value
from .dispatch import RetryingCaller
from .formulas import formula_bar_texts

TEXT: Final = "@"
"""The number format of text cells."""


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

    Args:
        call: makes the calls.
        sheet: the sheet.
        area: its cells.
        rows: a value for each cell.
        text_format: whether the cells have the number format of text. In other cells an apostrophe keeps Excel from
            turning texts into numbers, dates and formulas.
    """
    for chunk in addresses.chunks(area):
        chunk_rows = rows[chunk.top - area.top : chunk.bottom - area.top + 1]
        write_chunk(call, call.get(sheet, "Range", chunk.address), chunk_rows, text_format=text_format)
    if text_format:
        restore_apostrophes(call, sheet, area, rows)


def write_chunk(call: RetryingCaller, cells: Any, rows: Sequence[Sequence[Value]], *, text_format: bool) -> None:
    """Write values as `write` does, in a single call."""
    if not text_format:
        rows = [[f"'{value}" if isinstance(value, str) and value else value for value in row] for row in rows]
    call.put(cells, "Value2", tuple(map(tuple, rows)))


def restore_apostrophes(call: RetryingCaller, sheet: Any, area: CellRange, rows: Sequence[Sequence[Value]]) -> None:
    """Write texts that start with an apostrophe again, if Excel took it for the prefix that marks text."""
    for row, values in enumerate(rows, area.top):
        for column, value in enumerate(values, area.left):
            if isinstance(value, str) and value.startswith("'"):
                cell = call.get(sheet, "Range", CellRange(row, column, row, column).address)
                if call.get(cell, "Value2") == value[1:]:  # else the user may have sorted the rows since
                    call.put(cell, "Value2", f"'{value}")
