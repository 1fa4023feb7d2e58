"""Excel workbooks with the companies as a table, a summary and the manifest.

Nothing is guessed: ``=1+1``, ``TRUE``, ``2-10`` and web addresses stay text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..cell_values import MAX_CELL_UNITS
from ..errors import ConfigurationError
from ..fields import column_width
from ..jobs.snapshot import Snapshot
from ..text import clip, one_line
from .cells import cell_rows, column_names
from .metadata import Fact, job_facts, manifest_facts
from .summary import add_summary
from .xlsx_cells import create_workbook, write_cell
from .xlsx_style import BLUE, FONT, LIGHT_BLUE, ROW_LINE, SLATE, TABLE_STYLE, WHITE

if TYPE_CHECKING:
    import pandas as pd

    from . import Content

MAX_ROWS: Final = 1_048_575
"""Excel's rows in a sheet without the header."""

MAX_COLUMNS: Final = 16_384

MAX_BORDERED_CELLS: Final = 500_000
"""In tables up to this many cells, blank cells are written too, for the border below them."""

_HEADER_UNITS: Final = 255  # Excel's limit for a table's column name
_ESCAPE: Final = re.compile("_x(?=[0-9A-Fa-f]{4}_)")

_ROW_HEIGHT: Final = 30  # two lines: prose is readable, and many rows fit the screen


def write_xlsx(path: Path, content: Content) -> None:
    """Write a workbook with the sheets Rows, Summary and Manifest.

    Raises:
        ConfigurationError: more rows or columns than a sheet has.
        FileWriteError: the file could not be written.
    """
    with create_workbook(path, content.snapshot) as book:
        cut_texts = add_rows(book, content.frame)
        add_summary(book, content.snapshot)
        add_manifest(book, content.snapshot, cut_texts)


def add_rows(book: Workbook, frame: pd.DataFrame) -> int:
    """Add a sheet with the frame as a table; return how many texts were cut to the size of a cell.

    Raises:
        ConfigurationError: more rows or columns than a sheet has.
    """
    if len(frame) > MAX_ROWS or len(frame.columns) > MAX_COLUMNS:
        raise ConfigurationError(
            f"{len(frame):,} rows and {len(frame.columns):,} columns are more than a sheet of Excel has "
            f"({MAX_ROWS:,} and {MAX_COLUMNS:,}). Write .csv or .parquet instead."
        )
    sheet = book.add_worksheet("Rows")
    headers = table_headers(column_names(frame))
    formats = [_column_format(book, name, frame[name]) for name in frame.columns]
    for column, (name, header) in enumerate(zip(column_names(frame), headers, strict=True)):
        sheet.set_column(column, column, column_width(name) or min(max(len(header) + 5, 14), 40))
    sheet.set_default_row(_ROW_HEIGHT)
    sheet.set_row(0, 20)
    with_borders = frame.size <= MAX_BORDERED_CELLS
    cut_texts = 0
    for row, cells in enumerate(cell_rows(frame), 1):
        for column, cell in enumerate(cells):
            if with_borders or cell != "":
                cut_texts += write_cell(sheet, row, column, cell, formats[column])
    colors = {"font_color": WHITE, "bg_color": BLUE}  # for programs without table styles
    header_format = book.add_format({"bold": True, "valign": "vcenter", "font_name": FONT, **colors})
    if headers:
        sheet.add_table(
            *(0, 0, max(len(frame), 1), len(headers) - 1),
            {
                "name": "Companies",
                "style": TABLE_STYLE,
                "columns": [{"header": header, "header_format": header_format} for header in headers],
            },
        )
    sheet.freeze_panes(1, _frozen_columns(column_names(frame)))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return cut_texts


def add_manifest(book: Workbook, snapshot: Snapshot, cut_texts: int) -> None:
    """Add a sheet with the facts about the job and the service's manifest."""
    sheet = book.add_worksheet("Manifest")
    label = book.add_format({"bold": True, "valign": "top", "font_name": FONT, "font_color": SLATE})
    value = book.add_format({"text_wrap": True, "align": "left", "valign": "top", "font_name": FONT})
    heading = book.add_format(
        {"bold": True, "font_size": 13, "font_name": FONT, "bottom": 1, "bottom_color": LIGHT_BLUE}
    )
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    sheet.hide_gridlines(2)
    facts = job_facts(snapshot)
    if cut_texts:
        facts.append(("texts_cut", f"{cut_texts} longer than the {MAX_CELL_UNITS:,} characters of a cell, ending in …"))
    next_row = _add_facts(sheet, 0, "This file", facts, (heading, label, value))
    _add_facts(sheet, next_row + 1, "Manifest of the service", manifest_facts(snapshot), (heading, label, value))


def table_headers(columns: list[str]) -> list[str]:
    """Valid headers for a table, which must be non-empty, short and unique regardless of case."""
    headers: dict[str, str] = {}
    for position, name in enumerate(columns, 1):
        text = clip(_ESCAPE.sub("_ x", one_line(name)), _HEADER_UNITS - 8) or f"column {position}"
        header, number = text, 1
        while header.lower() in headers:
            number += 1
            header = f"{text} {number}"
        headers[header.lower()] = header
    return list(headers.values())


def _add_facts(sheet: Worksheet, row: int, title: str, facts: list[Fact], styles: tuple[Format, ...]) -> int:
    """Write a heading and its facts from ``row`` on; return the row after them."""
    heading, label, value = styles
    sheet.write_string(row, 0, title, heading)
    sheet.write_blank(row, 1, None, heading)
    if not facts:
        sheet.write_string(row + 1, 0, "none", label)
        return row + 2
    for fact_row, (name, fact) in enumerate(facts, row + 1):
        write_cell(sheet, fact_row, 0, one_line(name), label)
        write_cell(sheet, fact_row, 1, fact, value)
    return row + 1 + len(facts)


def _column_format(book: Workbook, name: str, column: pd.Series[Any]) -> Format:
    style: dict[str, Any] = {"valign": "top", "font_name": FONT, "bottom": 1, "bottom_color": ROW_LINE}
    if str(column.dtype) == "Int64":
        style |= {"num_format": "0" if name == "rank" else "#,##0", "align": "right", "indent": 1}
    else:  # long text stays within its own cell
        style["text_wrap"] = True
    return book.add_format(style)


def _frozen_columns(columns: list[str]) -> int:
    """Rank and name stay visible if they are the first columns."""
    return 2 if columns[:2] == ["rank", "name"] else 0
