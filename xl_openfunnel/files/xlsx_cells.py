"""A new workbook, and cells written as what they are."""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import FileWriteError
from ..jobs.snapshot import Snapshot
from ..text import clip
from ..version import version
from .cells import Cell

CELL_UNITS: Final = 32_767
"""Most UTF-16 units of one cell's text in Excel."""

FONT: Final = "Calibri"
_EXACT: Final = 10**15  # Excel keeps fifteen digits of a number


@contextlib.contextmanager
def workbook(path: Path, snapshot: Snapshot) -> Iterator[Workbook]:
    """A new workbook that holds nothing of the machine or its user, written to ``path`` when the block ends well.

    Raises:
        FileWriteError: it could not be made.
        OSError: ``path`` takes no file, or not all of it.
    """
    packed = io.BytesIO()  # a ZIP file on a full disk is tried again when it is collected, with a traceback
    options = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        parts = tempfile.TemporaryDirectory(prefix="xl-openfunnel-", ignore_cleanup_errors=True)
    except OSError as trouble:
        raise _no_room(trouble) from None
    with parts as folder:  # XlsxWriter leaves its temporary files behind where one cannot be written
        book = xlsxwriter.Workbook(packed, {**options, "tmpdir": folder})
        _describe(book, snapshot)
        yield book
        try:
            book.close()
        except FileCreateError as trouble:
            raise _no_room(trouble.args[0]) from None
        except XlsxWriterException as trouble:
            raise FileWriteError(f"The workbook could not be made: {trouble}. Try .csv instead.") from None
    path.write_bytes(packed.getbuffer())


def _no_room(trouble: OSError) -> FileWriteError:
    place = tempfile.tempdir or "the folder for temporary files"
    return FileWriteError(
        f"The workbook could not be made: {trouble.strerror or trouble}. Make room in {place}, where its parts are put "
        "together, or try .csv instead."
    )


def _describe(book: Workbook, snapshot: Snapshot) -> None:
    about = {"title": f"OpenFunnel job {snapshot.job_id}", "comments": f"Written by XL OpenFunnel {version()}"}
    if snapshot.as_of:  # the same result gives the same file
        about["created"] = snapshot.as_of.astimezone(UTC)  # type: ignore[assignment]
    book.set_properties(about)


def write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, style: Format | None = None) -> bool:
    """One cell as what it is; whether its text had to be cut."""
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
    elif isinstance(cell, (int, float)):
        if math.isfinite(cell) if isinstance(cell, float) else abs(cell) < _EXACT:
            sheet.write_number(row, column, cell, style)
        else:  # Excel has no infinity, and would change the last digits of a long number
            sheet.write_string(row, column, str(cell), style)
    elif cell:
        kept = clip(cell, CELL_UNITS)
        sheet.write_string(row, column, kept, style)
        return kept != cell
    else:
        sheet.write_blank(row, column, None, style)
    return False
