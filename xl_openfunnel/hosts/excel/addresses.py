"""Where a formula stands, as Excel writes it: ``'[My book.xlsx]Rows 1'!$A$5``; and rectangles of cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_EXTERNAL: Final = re.compile(
    r"(?:'\[(?P<book>(?:[^']|'')+?)\](?P<sheet>(?:[^'\]]|'')+)'|\[(?P<plain_book>[^\]']+)\](?P<plain_sheet>[^!']+))"
    r"!(?P<cell>\$[A-Z]{1,3}\$[0-9]{1,7})(?::\$[A-Z]{1,3}\$[0-9]{1,7})?"
)

_CORNERS: Final = re.compile(
    r"\$(?P<left>[A-Z]{1,3})\$(?P<top>[0-9]{1,7})(?::\$(?P<right>[A-Z]{1,3})\$(?P<bottom>[0-9]{1,7}))?"
    r"|\$(?P<first>[A-Z]{1,3}):\$(?P<last>[A-Z]{1,3})|\$(?P<upper>[0-9]{1,7}):\$(?P<lower>[0-9]{1,7})"
)

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
"""The last of a sheet."""


@dataclass(frozen=True)
class CellRef:
    """One cell of an open workbook.

    Attributes:
        book: the workbook's name, which is the only one of its name in its Excel.
        sheet: the sheet's name.
        cell: its address, like ``$A$5``.
    """

    book: str
    sheet: str
    cell: str


@dataclass(frozen=True)
class CallingCell:
    """Who asks for a function's value.

    Attributes:
        window: a window of the Excel that asks.
        spills: whether that Excel knows dynamic arrays.
        place: the calling cell; of several the first.
    """

    window: int
    spills: bool
    cell: CellRef


def parse_calling_cell(where: object) -> CallingCell | None:
    """The caller in what a wrapper hands over: ``1311588 spill '[My book.xlsx]Rows 1'!$A$5``.

    None for anything else: a function can also be called from a name, from a chart or from VBA.
    """
    if not isinstance(where, str):
        return None
    window, _, rest = where.partition(" ")
    spills, _, address = rest.partition(" ")
    found = _EXTERNAL.fullmatch(address)
    if not (window.isdecimal() and spills in ("spill", "nospill") and found):
        return None
    book = found["plain_book"] or found["book"].replace("''", "'")
    sheet = found["plain_sheet"] or found["sheet"].replace("''", "'")
    return CallingCell(int(window), spills == "spill", CellRef(book, sheet, found["cell"]))


@dataclass(frozen=True)
class CellRange:
    """A rectangle of cells: its first and last row and column, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def at(cls, address: str) -> CellRange:
        """The area of an address like ``$A$5:$C$7``, ``$A$5``, ``$A:$C`` or ``$5:$7``.

        Raises:
            ValueError: it is no such address.
        """
        found = _CORNERS.fullmatch(address)
        if not found:
            raise ValueError(address)
        if found["first"]:
            return cls(1, _number(found["first"]), LAST_ROW, _number(found["last"]))
        if found["upper"]:
            return cls(int(found["upper"]), 1, int(found["lower"]), LAST_COLUMN)
        left, top = _number(found["left"]), int(found["top"])
        return cls(top, left, int(found["bottom"] or top), _number(found["right"]) if found["right"] else left)

    @property
    def address(self) -> str:
        """As Excel writes it."""
        first = cell_address(self.top, self.left)
        last = cell_address(self.bottom, self.right)
        return first if first == last else f"{first}:{last}"

    def __contains__(self, cell: tuple[int, int]) -> bool:
        """Whether the cell of that row and column is in it."""
        row, column = cell
        return self.top <= row <= self.bottom and self.left <= column <= self.right


def cell_address(row: int, column: int) -> str:
    """The address of one cell, like ``$A$5``."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"${letters}${row}"


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


_CELLS_AT_ONCE: Final = 20_000
"""Cells of one piece: Excel's user should not notice, and is let in between two."""


def of_lines(lines: int, columns: int) -> Iterator[tuple[int, int]]:
    """Of so many lines the first and the one behind the last of each piece."""
    height = max(1, _CELLS_AT_ONCE // columns)
    for first in range(0, lines, height):
        yield first, min(first + height, lines)


def of_area(area: CellRange) -> Iterator[CellRange]:
    """An area in pieces, each as wide as it is."""
    for first, end in of_lines(area.bottom - area.top + 1, area.right - area.left + 1):
        yield CellRange(area.top + first, area.left, area.top + end - 1, area.right)
