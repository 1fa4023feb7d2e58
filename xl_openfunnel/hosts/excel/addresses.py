"""Cell addresses as Excel writes them, such as ``'[My book.xlsx]Rows 1'!$A$5``, and rectangles of cells."""

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
"""The size of a sheet."""


@dataclass(frozen=True)
class CellRef:
    """One cell of an open workbook, whose name is unique within its Excel; ``cell`` is an address such as ``$A$5``."""

    book: str
    sheet: str
    cell: str


@dataclass(frozen=True)
class CallingCell:
    """The cell that calls a function, the first one if an array calls, and whether its Excel has dynamic arrays."""

    window: int
    spills: bool
    cell: CellRef


def parse_calling_cell(where: object) -> CallingCell | None:
    """Parse what a wrapper passes as the calling cell: ``1311588 spill '[My book.xlsx]Rows 1'!$A$5``.

    None for anything else: a function can also be called by a name, a chart or VBA.
    """
    if not isinstance(where, str):
        return None
    window, _, rest = where.partition(" ")
    spills, _, address = rest.partition(" ")
    match = _EXTERNAL.fullmatch(address)
    if not (window.isdecimal() and spills in ("spill", "nospill") and match):
        return None
    book = match["plain_book"] or match["book"].replace("''", "'")
    sheet = match["plain_sheet"] or match["sheet"].replace("''", "'")
    return CallingCell(int(window), spills == "spill", CellRef(book, sheet, match["cell"]))


@dataclass(frozen=True)
class CellRange:
    """A rectangle of cells; rows and columns are counted from 1, and the last ones are included."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def parse(cls, address: str) -> CellRange:
        """Parse an address such as ``$A$5:$C$7``, ``$A$5``, ``$A:$C`` or ``$5:$7``.

        Raises:
            ValueError: it is not such an address.
        """
        match = _CORNERS.fullmatch(address)
        if not match:
            raise ValueError(address)
        if match["first"]:
            return cls(1, _column_number(match["first"]), LAST_ROW, _column_number(match["last"]))
        if match["upper"]:
            return cls(int(match["upper"]), 1, int(match["lower"]), LAST_COLUMN)
        left, top = _column_number(match["left"]), int(match["top"])
        return cls(top, left, int(match["bottom"] or top), _column_number(match["right"]) if match["right"] else left)

    @property
    def address(self) -> str:
        first = cell_address(self.top, self.left)
        last = cell_address(self.bottom, self.right)
        return first if first == last else f"{first}:{last}"

    def intersection(self, other: CellRange) -> CellRange | None:
        """The cells that are in both; None if there are none."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom, right = min(self.bottom, other.bottom), min(self.right, other.right)
        return CellRange(top, left, bottom, right) if top <= bottom and left <= right else None

    def __contains__(self, cell: tuple[int, int]) -> bool:
        row, column = cell
        return self.top <= row <= self.bottom and self.left <= column <= self.right


def cell_address(row: int, column: int) -> str:
    """The address of one cell, such as ``$A$5``."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"${letters}${row}"


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


_MAX_CHUNK: Final = 20_000
"""Cells read or written by one call: so few that Excel's user does not notice, who can use Excel between two calls."""


def row_chunks(row_count: int, column_count: int) -> Iterator[tuple[int, int]]:
    """Split rows into chunks; of each, the first row and the one after its last, counted from 0."""
    height = max(1, _MAX_CHUNK // column_count)
    for start in range(0, row_count, height):
        yield start, min(start + height, row_count)


def chunks(area: CellRange) -> Iterator[CellRange]:
    """Split an area into chunks of its full width."""
    for start, stop in row_chunks(area.bottom - area.top + 1, area.right - area.left + 1):
        yield CellRange(area.top + start, area.left, area.top + stop - 1, area.right)
