"""A new workbook, and cells written as what they are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import NotWritten
from ..jobs.snapshot import Snapshot
from ..text import clip
from .cells import Cell
from .facts import version

CELL_UNITS: Final = 32_767
"""Most UTF-16 units of one cell's text in Excel."""

FONT: Final = "Calibri"
_EXACT: Final = 10**15  # Excel keeps fifteen digits of a number


@contextlib.contextmanager
def workbook(path: Path, snapshot: Snapshot) -> Iterator[Workbook]:
    """A new workbook that holds nothing of the machine or its user."""
    book = xlsxwriter.Workbook(
        str(path), {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    )
    about = {"title": f"OpenFunnel job {snapshot.job_id}", "comments": f"Written by XL OpenFunnel {version()}"}
    if snapshot.as_of:  # the same result gives the same file
        about["created"] = snapshot.as_of.astimezone(UTC)  # type: ignore[assignment]
    book.set_properties(about)
    yield book
    try:
        book.close()
    except FileCreateError as trouble:
        raise NotWritten(f"The workbook could not be written: {trouble}. Try another place.") from None
    except XlsxWriterException as trouble:
        raise NotWritten(f"The workbook could not be made: {trouble}. Try .csv instead.") from None


def write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, style: Format | None = None) -> bool:
    """One cell as what it is; whether its text had to be cut."""
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
    elif isinstance(cell, (int, float)):
        if abs(cell) < _EXACT or isinstance(cell, float):
            sheet.write_number(row, column, cell, style)
        else:  # Excel would change its last digits
            sheet.write_string(row, column, str(cell), style)
    elif cell:
        kept = clip(cell, CELL_UNITS)
        sheet.write_string(row, column, kept, style)
        return kept != cell
    else:
        sheet.write_blank(row, column, None, style)
    return False
