"""Where a formula stands, as Excel writes it: ``'[My book.xlsx]Rows 1'!$A$5``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_EXTERNAL: Final = re.compile(
    r"(?:'\[(?P<book>(?:[^']|'')+?)\](?P<sheet>(?:[^'\]]|'')+)'|\[(?P<plain_book>[^\]']+)\](?P<plain_sheet>[^!']+))"
    r"!(?P<cell>\$[A-Z]{1,3}\$[0-9]{1,7})(?::\$[A-Z]{1,3}\$[0-9]{1,7})?"
)


@dataclass(frozen=True)
class Place:
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
class Caller:
    """Who asks for a function's value.

    Attributes:
        window: a window of the Excel that asks.
        spills: whether that Excel knows dynamic arrays.
        place: the calling cell; of several the first.
    """

    window: int
    spills: bool
    place: Place


def caller(where: object) -> Caller | None:
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
    return Caller(int(window), spills == "spill", Place(book, sheet, found["cell"]))
