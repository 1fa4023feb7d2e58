"""Creates workbooks, and writes cells without guessing: text stays text, numbers stay exact."""

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

from ..cell_values import MAX_CELL_UNITS
from ..errors import FileWriteError
from ..jobs.snapshot import Snapshot
from ..text import clip
from ..version import version
from .cells import Cell

NO_GUESSING: Final = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
"""XlsxWriter's options for text that stays text."""

_EXACT_LIMIT: Final = 10**15  # Excel keeps fifteen digits of a number


@contextlib.contextmanager
def create_workbook(path: Path, snapshot: Snapshot) -> Iterator[Workbook]:
    """Yield a new workbook, which is written to ``path`` if the block succeeds.

    It contains nothing about the machine or its user.

    Raises:
        FileWriteError: the workbook could not be built.
        OSError: ``path`` could not be written.
    """
    # In memory, because a ZipFile on a full disk writes again when it is collected, and prints a traceback.
    file = io.BytesIO()
    try:
        temporary = tempfile.TemporaryDirectory(prefix="xl-openfunnel-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _no_space_error(error) from None
    with temporary as folder:  # XlsxWriter leaves its temporary files behind if it cannot write one
        book = xlsxwriter.Workbook(file, {**NO_GUESSING, "tmpdir": folder})
        _set_properties(book, snapshot)
        yield book
        try:
            book.close()
        except FileCreateError as error:
            raise _no_space_error(error.args[0]) from None
        except XlsxWriterException as error:
            raise FileWriteError(f"The workbook could not be made: {error}. Try .csv instead.") from None
    path.write_bytes(file.getbuffer())


def _no_space_error(error: OSError) -> FileWriteError:
    folder = tempfile.tempdir or "the folder for temporary files"
    return FileWriteError(
        f"The workbook could not be made: {error.strerror or error}. Make room in {folder}, where its parts are put "
        "together, or try .csv instead."
    )


def _set_properties(book: Workbook, snapshot: Snapshot) -> None:
    properties = {"title": f"OpenFunnel job {snapshot.job_id}", "comments": f"Written by XL OpenFunnel {version()}"}
    if snapshot.as_of:  # not the present time, so that the same result gives the same file
        properties["created"] = snapshot.as_of.astimezone(UTC)  # type: ignore[assignment]
    book.set_properties(properties)


def write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, style: Format | None = None) -> bool:
    """Write one cell; ``""`` is a blank one. Returns whether its text was cut to `MAX_CELL_UNITS`."""
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
    elif isinstance(cell, (int, float)):
        if math.isfinite(cell) if isinstance(cell, float) else abs(cell) < _EXACT_LIMIT:
            sheet.write_number(row, column, cell, style)
        else:  # Excel has no infinity, and would change the last digits of a long number
            sheet.write_string(row, column, str(cell), style)
    elif cell:
        text = clip(cell, MAX_CELL_UNITS)
        sheet.write_string(row, column, text, style)
        return text != cell
    else:
        sheet.write_blank(row, column, None, style)
    return False
