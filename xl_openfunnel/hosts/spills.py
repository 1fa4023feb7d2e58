"""Formulas that read what others spill, as ``=SUM(A4#)`` does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from .places import Place

_TEXT: Final = re.compile(r'"[^"]*"')
_SPILL: Final = re.compile(
    r"(?:(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^\s!'(){}\[\],;:+\-*/&=<>^%#@]+))!)?"
    r"\$?(?P<column>[A-Za-z]{1,3})\$?(?P<row>[0-9]{1,7})#"
)
_NAME: Final = re.compile(r"[^\W\d][\w.]*#")


def readers(formulas: Mapping[Place, str], of: Collection[Place]) -> set[Place]:
    """Of a book's formulas those that show an error once these spill no more, or others that read them.

    Where a formula has a name in place of a cell, nobody knows which cell that is: it counts as one of them.

    Args:
        formulas: by their places, as Excel writes them in ``Formula2``.
        of: where formulas spill.
    """
    reads = {place: set(_read(place, text)) for place, text in formulas.items()}
    gone = {_key(place.sheet, place.cell) for place in of}
    found: set[Place] = set()
    while more := {place for place, read in reads.items() if read & gone or None in read} - found:
        found |= more
        gone |= {_key(place.sheet, place.cell) for place in more}
    return found


def _read(place: Place, formula: str) -> Iterator[tuple[str, str] | None]:
    """The cells whose spilled blocks a formula reads; None for a name."""
    left = _TEXT.sub("", formula)
    for spill in _SPILL.finditer(left):
        sheet = spill["quoted"].replace("''", "'") if spill["quoted"] else spill["plain"] or place.sheet
        yield _key(sheet, f"${spill['column'].upper()}${spill['row']}")
    if _NAME.search(_SPILL.sub("", left)):
        yield None


def _key(sheet: str, cell: str) -> tuple[str, str]:
    return sheet.casefold(), cell
