"""Builds the add-in: the workbook's macros without its sheets, a tab in the ribbon, and help for other workbooks."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import xlsxwriter

from ..files.atomic import atomic_replace
from . import sources
from .book import add_project
from .package import Package

FILE_NAME: Final = "OpenFunnel.xlam"

_SHEET: Final = "AddinSheet"
"""Every workbook has a sheet, and so an add-in, where nobody sees it."""

_RIBBON: Final = "customUI/customUI14.xml"
_EXTENSIBILITY: Final = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
"""What [MS-CUSTOMUI] 2.2 has for the ribbon of Office 2010 and newer."""

_WORKBOOK: Final = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_ADDIN: Final = "application/vnd.ms-excel.addin.macroEnabled.main+xml"
"""What the file says it is, by which Excel knows an add-in."""


def write(path: Path) -> None:
    """Write the add-in to ``path``, replaced in one step where it exists.

    Raises:
        ConfigurationError: the folder is not there.
        FileWriteError: the file could not be written.
    """
    content = build()
    with atomic_replace(path) as fresh:
        fresh.write_bytes(content)


def build() -> bytes:
    """The add-in's file, the same bytes each time."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    add_project(book, sources.addin_modules(), [_SHEET])
    book.add_worksheet(_SHEET).set_vba_name(_SHEET)
    book.close()
    package = Package(file.getvalue())
    package.replace("[Content_Types].xml", _WORKBOOK, _ADDIN)
    package.replace("xl/workbook.xml", "<workbookView ", '<workbookView visibility="hidden" ')
    package.parts[_RIBBON] = sources.ribbon().encode()
    reference = f'<Relationship Id="ribbon" Type="{_EXTENSIBILITY}" Target="{_RIBBON}"/>'
    package.replace("_rels/.rels", "</Relationships>", reference + "</Relationships>")
    return package.zipped()
