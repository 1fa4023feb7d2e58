"""CSV and TSV.

A spreadsheet runs text that starts like a formula. Unless raw text is requested, such text gets an apostrophe in
front, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection). A spreadsheet also guesses where cells
start: if its list separator is ``;`` (German, French), a quotation mark after a comma does not quote, so a ``;``, tab
or line break within a text starts a cell; where the separator is no comma, so does a comma. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, TextIO

from ..cell_values import to_text
from .cells import Cell

# Some programs skip white space, quotes or a byte order mark before the sign; Japanese and Chinese versions accept
# full-width signs. A leading tab or line break is dangerous by itself, since it can start a new cell.
_SKIPPED: Final = "(?![\t\r\n])[\\s\"'\u200b\u2060\ufeff\x00-\x1f]"
_SIGN: Final = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"


def _formula_starts(separators: str) -> re.Pattern[str]:
    """Matches the positions in a text at which a formula could start."""
    return re.compile(f"\\A(?=[\t\r\n])|(?<![^{separators}])(?=(?:{_SKIPPED})*{_SIGN})")


_QUOTED_STARTS: Final = _formula_starts(";\t\r\n")
_STARTS: Final = _formula_starts(",;\t\r\n")

_BREAKS: Final = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


def escape_formulas(text: str, starts: re.Pattern[str] = _QUOTED_STARTS) -> str:
    """``text`` with an apostrophe wherever a spreadsheet could read a formula."""
    return starts.sub("'", text)


def write_rows(
    stream: TextIO, names: Sequence[str], rows: Iterable[Sequence[Cell]], *, separator: str, raw: bool
) -> int:
    """Write the names of the columns, then a line per row; return how many values got an apostrophe, none with ``raw``.

    Text with a quotation mark is quoted, its marks doubled. With a tab as the separator, lines end in LF and a row is
    one line: tabs and line breaks in text become spaces. With any other, lines end in CRLF, and text with a separator
    or a line break is quoted. The stream leaves line ends as they are.
    """
    tabs = separator == "\t"
    starts = _QUOTED_STARTS if separator == "," else _STARTS
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n" if tabs else "\r\n")
    guarded = 0
    for row in chain([names], rows):
        texts = [to_text(cell).replace("\0", "") for cell in row]  # some readers take NUL for the end of a text
        if not raw:
            safe = [
                escape_formulas(text, starts) if isinstance(cell, str) else text
                for cell, text in zip(row, texts, strict=True)
            ]
            guarded += sum(map(str.__ne__, safe, texts))
            texts = safe
        writer.writerow([_BREAKS.sub(" ", text) for text in texts] if tabs else texts)
    return guarded
