"""CSV and TSV.

A spreadsheet runs text that starts like a formula. Unless raw text is requested, such text gets an apostrophe in
front, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection). A spreadsheet also guesses where cells
start: if its list separator is ``;`` (German, French), a quotation mark after a comma does not quote, so a ``;``, tab
or line break within a text starts a cell. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..cell_values import to_text
from .cells import Cell, cell_rows, column_names

if TYPE_CHECKING:
    import pandas as pd

    from . import Content

# Some programs skip white space, quotes or a byte order mark before the sign; Japanese and Chinese versions accept
# full-width signs. A leading tab or line break is dangerous by itself, since it can start a new cell.
_SKIPPED: Final = "(?![\t\r\n])[\\s\"'\u200b\u2060\ufeff\x00-\x1f]"
_SIGN: Final = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"


def _formula_starts(separators: str) -> re.Pattern[str]:
    """Matches the positions in a text at which a formula could start."""
    return re.compile(f"\\A(?=[\t\r\n])|(?<![^{separators}])(?=(?:{_SKIPPED})*{_SIGN})")


_CSV_STARTS: Final = _formula_starts(";\t\r\n")
_TSV_STARTS: Final = _formula_starts(",;\t\r\n")  # nothing is quoted in TSV, so a comma may start a cell too

_BREAKS: Final = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


def escape_formulas(text: str, starts: re.Pattern[str] = _CSV_STARTS) -> str:
    """``text`` with an apostrophe wherever a spreadsheet could read a formula."""
    return starts.sub("'", text)


def write_csv(path: Path, content: Content) -> None:
    """RFC 4180 with CRLF, in UTF-8 with a byte order mark, without which Excel assumes the system's code page."""
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        to_text = _raw if content.raw else _escaping(_CSV_STARTS)
        writer.writerow(to_text(column_names(content.frame)))
        writer.writerows(map(to_text, cell_rows(content.frame)))


def write_tsv(path: Path, content: Content) -> None:
    """One line per company, unquoted, with spaces for tabs and line breaks in cells; UTF-8 with LF."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(line + "\n" for line in tsv_lines(content.frame, raw=content.raw))


def tsv_lines(frame: pd.DataFrame, *, raw: bool) -> Iterator[str]:
    """The header line, then a line per row."""
    to_text = _raw if raw else _escaping(_TSV_STARTS)
    for row in (column_names(frame), *cell_rows(frame)):
        yield "\t".join(_BREAKS.sub(" ", text) for text in to_text(row))


def _raw(row: Iterable[Cell]) -> list[str]:
    return list(map(to_text, row))


def _escaping(starts: re.Pattern[str]) -> Callable[[Iterable[Cell]], list[str]]:
    return lambda row: [escape_formulas(cell, starts) if isinstance(cell, str) else to_text(cell) for cell in row]
