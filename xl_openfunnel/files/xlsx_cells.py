"""Creates workbooks, and writes cells without guessing: text stays text, numbers stay exact."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..atomic import parts_error, parts_folder
from ..cell_values import MAX_CELL_UNITS, sheet_text, to_cell
from ..errors import FileWriteError
from ..text import clip
from ..version import version
from .cells import Cell

NO_GUESSING: Final = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
"""XlsxWriter's options for text that stays text."""

_WORKBOOK: Final = "The workbook"

_MARKUP: Final = re.compile(r"(?<=_)(?=x[0-9A-Fa-f]{4}_)|(?<=\A<)(?=r>)")
"""Where a text is split that would be read as an escape or as markup."""


@contextlib.contextmanager
def create_workbook(path: Path, title: str, created: datetime | None = None) -> Iterator[Workbook]:
    """Yield a new workbook, which is written to ``path`` if the block succeeds.

    It contains nothing about the machine or its user. It states ``created`` as its time, so that the same result gives
    the same file; None for the present.

    Raises:
        FileWriteError: the workbook could not be built.
        OSError: ``path`` could not be written.
    """
    # In memory, because a ZipFile on a full disk writes again when it is collected, and prints a traceback.
    file = io.BytesIO()
    with parts_folder(_WORKBOOK) as folder:  # XlsxWriter leaves its temporary files behind if it cannot write one
        book = xlsxwriter.Workbook(file, {**NO_GUESSING, "tmpdir": str(folder)})
        properties: dict[str, Any] = {"title": title, "comments": f"Written by XL OpenFunnel {version()}"}
        book.set_properties(properties | ({"created": created.astimezone(UTC)} if created else {}))
        keep_values(book)
        yield book
        try:
            book.close()
        except FileCreateError as error:
            raise parts_error(_WORKBOOK, error.args[0]) from None
        except XlsxWriterException as error:
            raise FileWriteError(f"{_WORKBOOK} could not be made: {error}. Try .csv instead.") from None
    path.write_bytes(file.getbuffer())


def keep_values(book: Workbook) -> None:
    """Let Excel show what the cells hold, without calculating when it opens the workbook.

    Excel calculates a file that says so, or that an older version wrote, and asks to save it when it is closed. The
    version is what Excel 2019 and newer write.
    """
    book.calc_on_load = False
    book.set_calc_mode("auto", 191029)


class _ExactFloat(float):
    """A float of which XlsxWriter writes the shortest digits that give it back; by itself it writes sixteen."""

    def __format__(self, _: str) -> str:
        return repr(float(self)).upper()


def write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, style: Format | None = None) -> bool:
    """Write one cell; ``""`` is a blank one. Returns whether its text was cut to `MAX_CELL_UNITS`."""
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
        return False
    value = cell if isinstance(cell, str) else to_cell(cell)
    if isinstance(value, float):
        exact = isinstance(cell, int) and abs(cell) <= 2**53  # these have sixteen digits at most
        sheet.write_number(row, column, cell if exact else _ExactFloat(value), style)
    elif value:
        text = sheet_text(str(value))
        shown = clip(text, MAX_CELL_UNITS)
        _write_text(sheet, row, column, shown, style)
        return shown != text
    else:
        sheet.write_blank(row, column, None, style)
    return False


def _write_text(sheet: Worksheet, row: int, column: int, text: str, style: Format | None) -> None:
    """Write a text so that it is read as these characters.

    XlsxWriter takes ``<r>...</r>`` for markup, and not every reader knows the escape of an escape
    (``_x005F_x0041_`` for ``_x0041_``, ECMA-376 part 1, 22.9.2.19). As two runs of characters, neither is one.
    """
    if "_x" not in text and not text.startswith("<r>"):  # so almost all; a search takes longer
        sheet.write_string(row, column, text, style)
        return
    runs = _MARKUP.split(text)
    if len(runs) == 1:
        sheet.write_string(row, column, text, style)
    else:
        font = style or Format()
        fragments = chain.from_iterable((font, run) for run in runs)
        sheet.write_rich_string(row, column, *fragments, *([style] if style else []))
