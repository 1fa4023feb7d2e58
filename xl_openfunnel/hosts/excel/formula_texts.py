"""Texts of formulas: reading them within COM's limits, and which of them read another cell's spilled block."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from .addresses import CellRange, CellRef

_LONGEST_FORMULA: Final = 8_192
"""Characters, says the list of Excel's limits."""


def texts(area: CellRange, read: Callable[[CellRange], Any]) -> list[list[str]]:
    """What the formula bar shows for each cell of a block.

    Args:
        area: the block.
        read: asks Excel for a part of it; None where a text in it is too long.
    """
    shown = read(area)
    if shown is not None:
        return [list(map(str, line)) for line in shown] if isinstance(shown, tuple) else [[str(shown)]]
    if area.top < area.bottom:
        middle = (area.top + area.bottom) // 2
        upper = texts(CellRange(area.top, area.left, middle, area.right), read)
        return upper + texts(CellRange(middle + 1, area.left, area.bottom, area.right), read)
    if area.left < area.right:
        middle = (area.left + area.right) // 2
        left = texts(CellRange(area.top, area.left, area.bottom, middle), read)
        right = texts(CellRange(area.top, middle + 1, area.bottom, area.right), read)
        return [one + other for one, other in zip(left, right, strict=True)]
    return [[""]]


def too_long(values: Any) -> bool:
    """Whether what cells hold has a text for which Excel refuses them all."""
    lines = values if isinstance(values, tuple) else ((values,),)
    return any(isinstance(value, str) and len(value) > _LONGEST_FORMULA for line in lines for value in line)


_TEXT: Final = re.compile(r'"[^"]*"')
_SPILL: Final = re.compile(
    r"(?:(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^\s!'(){}\[\],;:+\-*/&=<>^%#@]+))!)?"
    r"\$?(?P<column>[A-Za-z]{1,3})\$?(?P<row>[0-9]{1,7})#"
)
_NAME: Final = re.compile(r"[^\W\d][\w.]*#")


def spill_dependents(formulas: Mapping[CellRef, str], of: Collection[CellRef]) -> set[CellRef]:
    """Of a book's formulas those that show an error once these spill no more, or others that read them.

    Where a formula has a name in place of a cell, nobody knows which cell that is: it counts as one of them.

    Args:
        formulas: by their places, as Excel writes them in ``Formula2``.
        of: where formulas spill.
    """
    reads = {place: set(_read(place, text)) for place, text in formulas.items()}
    gone = {_key(place.sheet, place.cell) for place in of}
    found: set[CellRef] = set()
    while more := {place for place, read in reads.items() if read & gone or None in read} - found:
        found |= more
        gone |= {_key(place.sheet, place.cell) for place in more}
    return found


def _read(place: CellRef, formula: str) -> Iterator[tuple[str, str] | None]:
    """The cells whose spilled blocks a formula reads; None for a name."""
    left = _TEXT.sub("", formula)
    for spill in _SPILL.finditer(left):
        sheet = spill["quoted"].replace("''", "'") if spill["quoted"] else spill["plain"] or place.sheet
        yield _key(sheet, f"${spill['column'].upper()}${spill['row']}")
    if _NAME.search(_SPILL.sub("", left)):
        yield None


def _key(sheet: str, cell: str) -> tuple[str, str]:
    return sheet.casefold(), cell
