"""Cell addresses as Excel writes them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384

Key = tuple[int, int]  # row and column, from 1

_CELLS = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")
_COLUMNS = re.compile(r"\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})")
_ROWS = re.compile(r"\$?(\d{1,7}):\$?(\d{1,7})")
_LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}\d{1,7}|[Rr]\d*([Cc]\d*)?|[Cc]\d*")


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, its edges included."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def at(cls, key: Key, height: int = 1, width: int = 1) -> Area:
        return cls(key[0], key[1], key[0] + height - 1, key[1] + width - 1)

    @property
    def height(self) -> int:
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        return self.right - self.left + 1

    @property
    def key(self) -> Key:
        return self.top, self.left

    @property
    def single(self) -> bool:
        return self.height == self.width == 1

    def __contains__(self, key: Key) -> bool:
        return self.top <= key[0] <= self.bottom and self.left <= key[1] <= self.right

    def intersection(self, other: Area) -> Area | None:
        """What both have in common."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom, right = min(self.bottom, other.bottom), min(self.right, other.right)
        return Area(top, left, bottom, right) if top <= bottom and left <= right else None

    def region(self, filled: Collection[Key]) -> Area:
        """The area with all filled cells around it that no blank row or column parts from it."""
        area, grown = None, self
        while area != grown:
            area = grown
            near = [
                (row, column)
                for row, column in filled
                if area.top - 2 < row < area.bottom + 2 and area.left - 2 < column < area.right + 2
            ]
            rows, columns = zip(*near, *area.corners(), strict=True)
            grown = Area(min(rows), min(columns), max(rows), max(columns))
        return grown

    def corners(self) -> tuple[Key, Key]:
        return self.key, (self.bottom, self.right)

    def rows(self) -> Iterator[list[Key]]:
        for row in range(self.top, self.bottom + 1):
            yield [(row, column) for column in range(self.left, self.right + 1)]

    def cells(self) -> Iterator[Key]:
        for row in self.rows():
            yield from row

    def address(self, *, row: bool = True, column: bool = True) -> str:
        """As Range.Address gives it, absolute unless told otherwise."""
        r, c = "$" * row, "$" * column
        if self.top == 1 and self.bottom == MAX_ROWS:
            return f"{c}{letters(self.left)}:{c}{letters(self.right)}"
        if self.left == 1 and self.right == MAX_COLUMNS:
            return f"{r}{self.top}:{r}{self.bottom}"
        first = f"{c}{letters(self.left)}{r}{self.top}"
        return first if self.single else f"{first}:{c}{letters(self.right)}{r}{self.bottom}"


WHOLE = Area(1, 1, MAX_ROWS, MAX_COLUMNS)


def letters(column: int) -> str:
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def column_number(column: str) -> int:
    count = 0
    for letter in column.upper():
        count = count * 26 + ord(letter) - 64
    return count


def parse(text: str) -> Area:
    """Read `A1`, `$A$1:B2`, `A:C` or `3:4`.

    Raises:
        ValueError: It is none of them, or lies outside a sheet.
    """
    if match := _CELLS.fullmatch(text):
        top, left = int(match[2]), column_number(match[1])
        bottom, right = (int(match[4]), column_number(match[3])) if match[3] else (top, left)
    elif match := _COLUMNS.fullmatch(text):
        top, left, bottom, right = 1, column_number(match[1]), MAX_ROWS, column_number(match[2])
    elif match := _ROWS.fullmatch(text):
        top, left, bottom, right = int(match[1]), 1, int(match[2]), MAX_COLUMNS
    else:
        raise ValueError(f"not an address: {text!r}")
    area = Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))
    if WHOLE.intersection(area) != area:
        raise ValueError(f"outside a sheet: {text!r}")
    return area


def _needs_no_quotes(name: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d][\w.]*", name)) and not _LIKE_A_CELL.fullmatch(name)


def prefix(sheet: str, book: str | None = None) -> str:
    """What stands before the address, exclamation mark included; quoted only where Excel quotes."""
    name = sheet if book is None else f"[{book}]{sheet}"
    if _needs_no_quotes(sheet) and (book is None or re.fullmatch(r"[\w.]+", book)):
        return name + "!"
    return "'" + name.replace("'", "''") + "'!"


def unquote(name: str) -> str:
    """The name of a sheet as it stands in a formula, without its quotes."""
    return name[1:-1].replace("''", "'") if name.startswith("'") else name
