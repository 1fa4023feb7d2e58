"""Formula texts: reads them within COM's limits, and finds those that read another cell's spilled block."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from .addresses import CellRange, CellRef

_MAX_FORMULA: Final = 8_192
"""Characters, according to Microsoft's list of Excel's limits."""


def read_texts(area: CellRange, read: Callable[[CellRange], Any]) -> list[list[str]]:
    """What the formula bar shows for each cell of an area; ``""`` for a text that is too long.

    ``read`` reads a part of the area in one call, and gives None if that holds a text that is too long.
    """
    texts = read(area)
    if texts is not None:
        return [list(map(str, row)) for row in texts] if isinstance(texts, tuple) else [[str(texts)]]
    if area.top < area.bottom:
        middle = (area.top + area.bottom) // 2
        upper = read_texts(CellRange(area.top, area.left, middle, area.right), read)
        return upper + read_texts(CellRange(middle + 1, area.left, area.bottom, area.right), read)
    if area.left < area.right:
        middle = (area.left + area.right) // 2
        left = read_texts(CellRange(area.top, area.left, area.bottom, middle), read)
        right = read_texts(CellRange(area.top, middle + 1, area.bottom, area.right), read)
        return [left_row + right_row for left_row, right_row in zip(left, right, strict=True)]
    return [[""]]


def has_too_long_text(values: Any) -> bool:
    """Whether values include a text so long that Excel refuses to return the formulas of all their cells."""
    rows = values if isinstance(values, tuple) else ((values,),)
    return any(isinstance(value, str) and len(value) > _MAX_FORMULA for row in rows for value in row)


_STRING: Final = re.compile(r'"[^"]*"')
_SPILL_REFERENCE: Final = re.compile(
    r"(?:(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^\s!'(){}\[\],;:+\-*/&=<>^%#@]+))!)?"
    r"\$?(?P<column>[A-Za-z]{1,3})\$?(?P<row>[0-9]{1,7})#"
)
_NAME_REFERENCE: Final = re.compile(r"[^\W\d][\w.]*#")


def spill_dependents(formulas: Mapping[CellRef, str], spilling: Collection[CellRef]) -> set[CellRef]:
    """The formulas that show an error once some cells no longer spill: those that read them, directly or not.

    A name in front of ``#`` may mean any cell, so such formulas are included.

    The formulas are those of a workbook, as ``Formula2`` gives them.
    """
    references = {cell: set(_spill_references(cell, formula)) for cell, formula in formulas.items()}
    broken = {_key(cell.sheet, cell.cell) for cell in spilling}
    dependents: set[CellRef] = set()
    while more := {cell for cell, keys in references.items() if keys & broken or None in keys} - dependents:
        dependents |= more
        broken |= {_key(cell.sheet, cell.cell) for cell in more}
    return dependents


def _spill_references(cell: CellRef, formula: str) -> Iterator[tuple[str, str] | None]:
    """The cells whose spilled blocks a formula reads; None for a name."""
    without_strings = _STRING.sub("", formula)
    for match in _SPILL_REFERENCE.finditer(without_strings):
        sheet = match["quoted"].replace("''", "'") if match["quoted"] else match["plain"] or cell.sheet
        yield _key(sheet, f"${match['column'].upper()}${match['row']}")
    if _NAME_REFERENCE.search(_SPILL_REFERENCE.sub("", without_strings)):
        yield None


def _key(sheet: str, cell: str) -> tuple[str, str]:
    return sheet.casefold(), cell
