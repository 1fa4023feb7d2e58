"""Builds the workbook and the add-in: the sheets with XlsxWriter, the macros and the pivot with our own writers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import xlsxwriter

from ..atomic import atomic_write
from ..files.xlsx_cells import NO_GUESSING, keep_values
from ..files.xlsx_style import Formats
from ..functions.registry import CATEGORY
from ..version import version
from . import charts_sheet, data_sheets, names, ribbon, sources, start_sheet
from .package import Package
from .styles import FORMATS
from .vba.project import build_project
from .vba.wrappers import BUILT_IN_GROUPS

WORKBOOK_FILE_NAME: Final = "OpenFunnel.xlsm"

CODE_NAMES: Final = {
    start_sheet.NAME: "StartSheet",
    data_sheets.ROWS: "RowsSheet",
    names.TABLE_SHEET: "TableSheet",
    data_sheets.PIVOT: "PivotSheet",
    charts_sheet.NAME: "ChartsSheet",
}
"""The workbook's sheets in their order, with the names of their VBA modules."""

_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""A fixed date, so that a version always builds the same bytes."""

_ADDIN_SHEET: Final = "AddinSheet"
"""Every workbook needs a sheet, so the add-in has a hidden one."""

_RIBBON_PART: Final = "customUI/customUI14.xml"
_RIBBON_RELATIONSHIP: Final = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
"""The relationship type for the ribbon of Office 2010 and newer ([MS-CUSTOMUI] 2.2)."""

_WORKBOOK_TYPE: Final = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_ADDIN_TYPE: Final = "application/vnd.ms-excel.addin.macroEnabled.main+xml"
"""The content type by which Excel recognises an add-in."""


def write_workbook(path: Path) -> None:
    """Write the workbook to ``path``, replacing an existing file atomically.

    Raises:
        ConfigurationError: the folder is missing.
        FileWriteError: the file could not be written.
    """
    atomic_write(path, build_workbook())


def write_addin(path: Path) -> None:
    """Write the add-in to ``path``; raises what `write_workbook` does."""
    atomic_write(path, build_addin())


def build_workbook() -> bytes:
    """The workbook's file, always the same bytes."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, **NO_GUESSING})
    _add_project(book, sources.modules(), list(CODE_NAMES.values()))
    sheets = {name: book.add_worksheet(name) for name in CODE_NAMES}
    for name, sheet in sheets.items():
        sheet.set_vba_name(CODE_NAMES[name])
    job_cell = f"={start_sheet.NAME}!${'ABC'[start_sheet.JOB_COLUMN]}${start_sheet.JOB_ROW + 1}"
    book.define_name(names.JOB, job_cell)
    style = Formats(book, FORMATS)
    start_sheet.add_start(sheets[start_sheet.NAME], style)
    data_sheets.add_rows(sheets[data_sheets.ROWS], style)
    data_sheets.add_table(sheets[names.TABLE_SHEET], style)
    pivot = data_sheets.add_pivot(sheets[data_sheets.PIVOT], style)
    charts_sheet.add_charts(book, sheets[charts_sheet.NAME], style)
    book.close()
    package = Package(file.getvalue())
    _add_function_group(package)
    _add_ribbon(package, ribbon.WORKBOOK)
    number = list(CODE_NAMES).index(data_sheets.PIVOT) + 1
    first_sheet = "xl/worksheets/sheet1.xml"
    start_sheet.BUTTONS.add_to(package, first_sheet, "xl/drawings/drawing2.xml", sources.sheet_texts().start.buttons)
    pivot.add_to(package, f"xl/worksheets/sheet{number}.xml", data_sheets.FIRST_ROW, 0)
    return package.to_bytes()


def build_addin() -> bytes:
    """The add-in's file, always the same bytes: the macros without the workbook's sheets, and a tab in the ribbon."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    _add_project(book, sources.addin_modules(), [_ADDIN_SHEET])
    book.add_worksheet(_ADDIN_SHEET).set_vba_name(_ADDIN_SHEET)
    book.close()
    package = Package(file.getvalue())
    _add_function_group(package)
    package.replace("[Content_Types].xml", _WORKBOOK_TYPE, _ADDIN_TYPE)
    package.replace("xl/workbook.xml", "<workbookView ", '<workbookView visibility="hidden" ')
    _add_ribbon(package, ribbon.ADDIN)
    return package.to_bytes()


def _add_ribbon(package: Package, callbacks: str) -> None:
    package.parts[_RIBBON_PART] = ribbon.ribbon(callbacks).encode()
    relationship = f'<Relationship Id="ribbon" Type="{_RIBBON_RELATIONSHIP}" Target="{_RIBBON_PART}"/>'
    package.replace("_rels/.rels", "</Relationships>", relationship + "</Relationships>")


def _add_function_group(package: Package) -> None:
    """Name the category that the functions' attributes give by its number ([ISO/IEC 29500-1] 18.2.15, functionGroups).

    Help for arguments is not written: the two descriptions of its element, ``definedNames`` of [MS-OFFMACRO2] 2.2.3.2
    and of the Open XML SDK, disagree on its namespace, and what Excel does not expect there makes it repair the file.
    """
    group = f'<functionGroups builtInGroupCount="{BUILT_IN_GROUPS}"><functionGroup name="{CATEGORY}"/></functionGroups>'
    package.replace("xl/workbook.xml", "</sheets>", f"</sheets>{group}")


def _add_project(book: xlsxwriter.Workbook, modules: Mapping[str, str], sheet_modules: Sequence[str]) -> None:
    """Add the macros and document properties, and set when Excel calculates."""
    # The doctor reads the versions in the properties.
    built_by = f"Built by XL OpenFunnel {version()} for xlwings {sources.xlwings_version()}"
    book.set_properties({"title": "OpenFunnel", "comments": built_by, "created": _CREATED})
    keep_values(book)  # also with macros off, where the functions are unknown
    project = build_project(modules, sheet_modules, sources.THIS_WORKBOOK)
    book.add_vba_project(io.BytesIO(project), is_stream=True)
    book.set_vba_name(sources.THIS_WORKBOOK)
