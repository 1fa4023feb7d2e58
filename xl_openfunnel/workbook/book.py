"""Builds the workbook: the sheets by XlsxWriter, the macros and the pivot by our own writers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import xlsxwriter

from ..files.atomic import atomic_replace
from ..version import version
from . import charts_sheet, sources, start_sheet
from . import data_sheets as sheets
from .cached_values import CachedValues
from .package import Package
from .styles import Styles
from .vba.project import project_of

FILE_NAME: Final = "OpenFunnel.xlsm"

CODE_NAMES: Final = {
    start_sheet.NAME: "StartSheet",
    sheets.ROWS: "RowsSheet",
    sheets.TABLE: "TableSheet",
    sheets.PIVOT: "PivotSheet",
    charts_sheet.NAME: "ChartsSheet",
}
"""The sheets in their order, and the names of their modules."""

JOB: Final = "job"
"""The name of the cell with the job."""

_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""One date for all, so that the same version always makes the same bytes."""

_CALCULATED_BY: Final = 191029
"""What Excel 2019 and newer write as their version: an older one would make Excel calculate all cells at opening,
also where macros are off and the functions therefore unknown."""


def write(path: Path, shows: CachedValues | None = None) -> None:
    """Write the workbook to ``path``, replaced in one step where it exists.

    Args:
        path: the file.
        shows: what its cells show until Excel calculates them; None for what they show without a job.

    Raises:
        ConfigurationError: the folder is not there.
        FileWriteError: the file could not be written.
    """
    content = build(shows)
    with atomic_replace(path) as fresh:
        fresh.write_bytes(content)


def add_project(book: xlsxwriter.Workbook, modules: Mapping[str, str], sheets: Sequence[str]) -> None:
    """What workbook and add-in have in common: the macros, the document properties, and when Excel calculates.

    Args:
        book: the one that is being written.
        modules: their texts by name.
        sheets: the names of the sheets' modules.
    """
    # The doctor reads the version in the properties.
    book.set_properties({"title": "OpenFunnel", "comments": f"Built by XL OpenFunnel {version()}", "created": _CREATED})
    book.calc_on_load = False
    book.set_calc_mode("auto", _CALCULATED_BY)
    book.add_vba_project(io.BytesIO(project_of(modules, sheets, sources.THIS_WORKBOOK)), is_stream=True)
    book.set_vba_name(sources.THIS_WORKBOOK)


def build(shows: CachedValues | None = None) -> bytes:
    """The workbook's file; the same argument gives the same bytes."""
    shows = shows or CachedValues()
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file,
        {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False},
    )
    add_project(book, sources.modules(), list(CODE_NAMES.values()))
    made = {name: book.add_worksheet(name) for name in CODE_NAMES}
    for name, sheet in made.items():
        sheet.set_vba_name(CODE_NAMES[name])
    cell = f"={start_sheet.NAME}!${'ABC'[start_sheet.JOB_COLUMN]}${start_sheet.JOB_ROW + 1}"
    book.define_name(JOB, cell)
    style = Styles(book)
    start_sheet.add_start(made[start_sheet.NAME], style, shows)
    sheets.add_rows(made[sheets.ROWS], style, shows)
    sheets.add_table(made[sheets.TABLE], style, shows)
    pivot = sheets.add_pivot(made[sheets.PIVOT], style, shows)
    charts_sheet.add_charts(book, made[charts_sheet.NAME], style, shows)
    book.close()
    package = Package(file.getvalue())
    number = list(CODE_NAMES).index(sheets.PIVOT) + 1
    pivot.add_to(package, f"xl/worksheets/sheet{number}.xml", sheets.FIRST_LINE, 0)
    return package.zipped()
