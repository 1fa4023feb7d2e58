"""CSV and TSV.

A spreadsheet that opens such a file guesses: text that begins like a formula is run as one. So an apostrophe is put
before it, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection), unless raw text is asked for.
It also guesses where a cell begins: where the list separator is ``;`` (German, French), a quotation mark behind a comma
quotes nothing, so ``;``, tabs and line breaks within a text begin cells there. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .cells import Cell, as_text, cell_rows, names, unbroken

if TYPE_CHECKING:
    import pandas as pd

    from . import Content

# Some programs skip white space, quotes or a byte order mark before they look; full-width signs count in
# Japanese and Chinese versions. Tab and line breaks at the front are dangerous as such: they can begin a new cell.
_SKIPPED: Final = "(?![\t\r\n])[\\s\"'\u200b\u2060\ufeff\x00-\x1f]"
_SIGN: Final = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"


def _where_cells_begin(separators: str) -> re.Pattern[str]:
    """The places of a text at which a formula could begin."""
    return re.compile(f"\\A(?=[\t\r\n])|(?<![^{separators}])(?=(?:{_SKIPPED})*{_SIGN})")


_IN_CSV: Final = _where_cells_begin(";\t\r\n")
_IN_TSV: Final = _where_cells_begin(",;\t\r\n")  # no cell is quoted there, so that a comma may begin one too


def defused(text: str, begins: re.Pattern[str] = _IN_CSV) -> str:
    """``text``, with an apostrophe wherever a spreadsheet could take what follows for a formula."""
    return begins.sub("'", text)


def write_csv(path: Path, content: Content) -> None:
    """RFC 4180 with CRLF, in UTF-8 with a byte order mark: without it Excel reads the system's old code page."""
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        shown = _raw if content.raw else _safe(_IN_CSV)
        writer.writerow(shown(names(content.frame)))
        writer.writerows(map(shown, cell_rows(content.frame)))


def write_tsv(path: Path, content: Content) -> None:
    """One line per company and no quoting: tabs and line breaks in cells become spaces. UTF-8 with LF."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(line + "\n" for line in tsv_lines(content.frame, raw=content.raw))


def tsv_lines(frame: pd.DataFrame, *, raw: bool) -> Iterator[str]:
    """A header, then a line per row."""
    shown = _raw if raw else _safe(_IN_TSV)
    for row in (names(frame), *cell_rows(frame)):
        yield "\t".join(map(unbroken, shown(row)))


def _raw(row: Iterable[Cell]) -> list[str]:
    return list(map(as_text, row))


def _safe(begins: re.Pattern[str]) -> Callable[[Iterable[Cell]], list[str]]:
    return lambda row: [defused(cell, begins) if isinstance(cell, str) else as_text(cell) for cell in row]
