"""Blocks of values into Excel's cells: text stays text, whatever it looks like, and nothing is truly nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .. import addresses
from ..addresses import CellRange
from ..table_merge import Value
from .dispatch import RetryingCaller
from .formulas import formula_bar_texts

TEXT: Final = "@"
"""The number format of cells in which everything is text."""


def read(call: RetryingCaller, sheet: Any, area: CellRange) -> list[list[Any]]:
    """What cells hold: text, numbers, booleans, None; the number of an error value."""
    lines: list[list[Any]] = []
    for part in addresses.of_area(area):
        held = call.get(call.get(sheet, "Range", part.address), "Value2")
        lines += map(list, held if isinstance(held, tuple) else ((held,),))
    return lines


def formulas(call: RetryingCaller, sheet: Any, area: CellRange) -> list[list[str]]:
    """What stands in the formula bar for each cell, in the form that is the same in every line (R1C1)."""
    return [
        line
        for part in addresses.of_area(area)
        for line in formula_bar_texts(call, sheet, part, lambda cells: call.get(cells, "FormulaR1C1"))
    ]


def write(
    call: RetryingCaller, sheet: Any, area: CellRange, lines: Sequence[Sequence[Value]], *, text_format: bool
) -> None:
    """Write values; None and an empty text leave a cell truly empty.

    Args:
        call: makes the calls.
        sheet: the sheet.
        area: its cells.
        lines: a value for each of them.
        text_format: whether the cells have the format of text. Elsewhere an apostrophe keeps Excel from making numbers,
            dates and formulas of texts.
    """
    for part in addresses.of_area(area):
        held = lines[part.top - area.top : part.bottom - area.top + 1]
        put(call, call.get(sheet, "Range", part.address), held, text_format=text_format)
    if text_format:
        restore_apostrophes(call, sheet, area, lines)


def put(call: RetryingCaller, cells: Any, lines: Sequence[Sequence[Value]], *, text_format: bool) -> None:
    """Write values as `write` does, in one call."""
    if not text_format:
        lines = [[f"'{value}" if isinstance(value, str) and value else value for value in line] for line in lines]
    call.put(cells, "Value2", tuple(map(tuple, lines)))


def restore_apostrophes(call: RetryingCaller, sheet: Any, area: CellRange, lines: Sequence[Sequence[Value]]) -> None:
    """See to it that a text keeps an apostrophe at its beginning, which Excel may have taken for its sign of text."""
    for row, line in enumerate(lines, area.top):
        for column, value in enumerate(line, area.left):
            if isinstance(value, str) and value.startswith("'"):
                cell = call.get(sheet, "Range", CellRange(row, column, row, column).address)
                if call.get(cell, "Value2") == value[1:]:  # lest somebody has sorted meanwhile
                    call.put(cell, "Value2", f"'{value}")
