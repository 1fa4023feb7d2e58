"""Blocks of values into Excel's cells: text stays text, whatever it looks like, and nothing is truly nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..buttons.landing import Value
from ..buttons.workplace import Refused
from ..places import Area
from . import formulabar
from .patience import FAILED, Caller

TEXT: Final = "@"
"""The number format of cells in which everything is text."""

_CELLS_AT_ONCE: Final = 20_000
"""Cells that are read or written in one go: Excel takes its user's input between two of them."""


def read(call: Caller, sheet: Any, area: Area) -> list[list[Any]]:
    """What cells hold: text, numbers, booleans, None; the number of an error value."""
    lines: list[list[Any]] = []
    for part in _parts(area):
        held = call.get(call.get(sheet, "Range", part.address), "Value2")
        lines += map(list, held if isinstance(held, tuple) else ((held,),))
    return lines


def formulas(call: Caller, sheet: Any, area: Area) -> list[list[str]]:
    """What stands in the formula bar for each cell."""

    def shown(part: Area) -> Any:
        cells = call.get(sheet, "Range", part.address)
        try:
            return call.get(cells, "Formula")
        except Refused as refused:
            if refused.code != FAILED or not formulabar.too_long(call.get(cells, "Value2")):
                raise
            return None

    return [line for part in _parts(area) for line in formulabar.texts(part, shown)]


def write(call: Caller, sheet: Any, area: Area, lines: Sequence[Sequence[Value]], *, text_format: bool) -> None:
    """Write values; None and an empty text leave a cell truly empty.

    Args:
        call: makes the calls.
        sheet: the sheet.
        area: its cells.
        lines: a value for each of them.
        text_format: whether the cells have the format of text. Elsewhere an apostrophe keeps Excel from making numbers,
            dates and formulas of texts.
    """
    for part in _parts(area):
        held = lines[part.top - area.top : part.bottom - area.top + 1]
        if not text_format:
            held = [[f"'{value}" if isinstance(value, str) and value else value for value in line] for line in held]
        call.put(call.get(sheet, "Range", part.address), "Value2", tuple(map(tuple, held)))
    if text_format:
        _mend_apostrophes(call, sheet, area, lines)


def _mend_apostrophes(call: Caller, sheet: Any, area: Area, lines: Sequence[Sequence[Value]]) -> None:
    """See to it that a text keeps an apostrophe at its beginning, which Excel may have taken for its sign of text."""
    for row, line in enumerate(lines, area.top):
        for column, value in enumerate(line, area.left):
            if isinstance(value, str) and value.startswith("'"):
                cell = call.get(sheet, "Range", Area(row, column, row, column).address)
                if call.get(cell, "Value2") != value:
                    call.put(cell, "Value2", f"'{value}")


def _parts(area: Area) -> Iterator[Area]:
    height = max(1, _CELLS_AT_ONCE // (area.right - area.left + 1))
    for top in range(area.top, area.bottom + 1, height):
        yield Area(top, area.left, min(top + height - 1, area.bottom), area.right)
