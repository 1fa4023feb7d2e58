"""Excel workbooks with a summary and the companies as a table.

Nothing is guessed: ``=1+1``, ``TRUE`` and ``2-10`` stay text. A domain or a LinkedIn page that is one keeps its text
and gets a link.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..cell_values import MAX_CELL_UNITS
from ..errors import ConfigurationError
from ..fields import KNOWN_PREFIX, column_width
from ..runtime.background import without_garbage_collection
from ..text import clip, one_line
from . import summary
from .cells import Cell, cell_rows, column_names
from .links import LINKS, MAX_LINKS
from .metadata import Fact, job_facts, manifest_facts
from .xlsx_cells import create_workbook, write_cell
from .xlsx_style import BLUE, FONT, GRAY, ROW_LINE, TABLE_STYLE, WHITE, set_up_printing

if TYPE_CHECKING:
    import pandas as pd

    from . import Content

COMPANIES: Final = "Companies"
"""The name of the sheet with the companies, and of the table on it."""

MAX_ROWS: Final = 1_048_575
"""Excel's rows in a sheet without the header."""

MAX_COLUMNS: Final = 16_384

MAX_BORDERED_CELLS: Final = 500_000
"""In tables up to this many cells, blank cells are written too, for the border below them."""

PRINTED_WIDTH: Final = 225
"""Characters of the columns that a printed page holds, side by side in letters of some 7 points."""

FIRST: Final = (
    *("job_id", "rank", "name", "domain", "linkedin_url"),
    *("country", "city", "employee_count", "employee_band"),
)
LAST: Final = ("match_reason", "tagline", "description")
"""Where all columns are written, these come first, and these long texts last."""

_FROZEN: Final = ("job_id", "rank", "name")
"""Columns that stay visible where they are the first."""

_HEADER_UNITS: Final = 255  # Excel's limit for a table's column name
_ESCAPE: Final = re.compile("_x(?=[0-9A-Fa-f]{4}_)")

_JOB_ID_WIDTH: Final = 40  # a UUID
_ROW_HEIGHT: Final = 30  # two lines: prose is readable, and many rows fit the screen

_CELL: Final[dict[str, Any]] = {"valign": "vcenter", "font_name": FONT, "bottom": 1, "bottom_color": ROW_LINE}
_COLUMN_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "rank": {"num_format": "0", "align": "center", "font_color": GRAY},
    "name": {"bold": True},
    "employee_band": {"indent": 1},
    "revenue_usd": {"num_format": '"$"#,##0'},
}


def write_xlsx(path: Path, content: Content) -> None:
    """Write a workbook with the sheets Summary and Companies.

    Raises:
        ConfigurationError: more rows or columns than a sheet has.
        FileWriteError: the file could not be written.
    """
    snapshot = content.snapshot
    with (
        without_garbage_collection(),  # XlsxWriter's million objects hold no circles: an eighth of the time is saved
        create_workbook(path, f"OpenFunnel job {snapshot.job_id}", snapshot.as_of) as book,
    ):
        first = book.add_worksheet(summary.NAME)
        limits = add_companies(book, content)
        facts = [
            ("This file", [*job_facts(snapshot), *limits]),
            ("Manifest of the service", manifest_facts(snapshot)),
        ]
        summary.add_summary(book, first, content, facts)


def add_companies(book: Workbook, content: Content) -> list[Fact]:
    """Add a sheet with the companies as a table; return what Excel's limits left out.

    Raises:
        ConfigurationError: more rows or columns than a sheet has.
    """
    frame = _in_reading_order(content.frame) if content.all_columns else content.frame
    if len(frame) > MAX_ROWS or len(frame.columns) > MAX_COLUMNS:
        raise ConfigurationError(
            f"{len(frame):,} rows and {len(frame.columns):,} columns are more than a sheet of Excel has "
            f"({MAX_ROWS:,} and {MAX_COLUMNS:,}). Write .csv or .parquet instead."
        )
    sheet = book.add_worksheet(COMPANIES)
    names, rows = column_names(frame), list(cell_rows(frame))
    links = _links(names, rows)
    with_links = sum(map(len, links.values())) <= MAX_LINKS
    hidden = _empty_columns(names, rows) if content.all_columns else frozenset()
    sheet.hide_gridlines(2)
    sheet.set_default_row(_ROW_HEIGHT)
    cut_texts = _write_rows(book, sheet, frame, rows, links if with_links else {}, hidden)
    headers = table_headers(names)
    if headers:
        add_table(book, sheet, COMPANIES, headers, len(rows))
        _set_widths(sheet, names, headers, len(rows), hidden)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + 1}"})
    sheet.freeze_panes(1, len(list(takewhile(_FROZEN.__contains__, names[:-1]))))
    limits: list[Fact] = []
    if cut_texts:
        limits.append(
            ("texts_cut", f"{cut_texts} longer than the {MAX_CELL_UNITS:,} characters of a cell, ending in …")
        )
    if not with_links:
        limits.append(("links", f"none, because they are more than the {MAX_LINKS:,} of a sheet"))
    return limits


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


def _in_reading_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of `FIRST`, those of known lists, the others as they are, the columns of `LAST`."""
    names = column_names(frame)
    known = [name for name in names if name.startswith(KNOWN_PREFIX)]
    places = {name: place for place, name in enumerate((*FIRST, *known, "", *LAST))}
    return frame.iloc[:, sorted(range(len(names)), key=lambda column: places.get(names[column], places[""]))]


def _empty_columns(names: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> frozenset[int]:
    """The columns that no row has a value in, but for those of known lists, where a blank is an answer."""
    columns = [column for column, name in enumerate(names) if rows and not name.startswith(KNOWN_PREFIX)]
    return frozenset(column for column in columns if all(row[column] == "" for row in rows))


def _write_rows(
    book: Workbook,
    sheet: Worksheet,
    frame: pd.DataFrame,
    rows: Sequence[tuple[Cell, ...]],
    links: Mapping[int, Mapping[int, str]],
    hidden: Set[int],
) -> int:
    """Write the cells below the header; return how many texts were cut to the size of a cell."""
    formats = [_column_format(book, name, frame[name]) for name in frame.columns]
    link_format = book.add_format({**_CELL, "font_color": BLUE})
    with_borders = frame.size <= MAX_BORDERED_CELLS
    columns = [
        (column, formats[column], links.get(column, {})) for column in range(len(formats)) if column not in hidden
    ]
    cut_texts = 0
    for row, cells in enumerate(rows, 1):
        for column, style, column_links in columns:
            cell = cells[column]
            if link := column_links.get(row):
                sheet.write_url(row, column, link, link_format, string=str(cell))
            elif with_borders or cell != "":
                cut_texts += write_cell(sheet, row, column, cell, style)
    return cut_texts


def _column_format(book: Workbook, name: str, column: pd.Series[Any]) -> Format:
    style = dict(_CELL)
    if str(column.dtype) == "Int64":
        style |= {"num_format": "#,##0", "align": "right", "indent": 1}
    else:  # long text stays within its own cell, and shows how it begins
        style |= {"text_wrap": True, "valign": "top" if name in LAST else "vcenter"}
    return book.add_format(style | _COLUMN_FORMATS.get(name, {}))


def _links(names: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> dict[int, dict[int, str]]:
    """The links of the cells that have one, by column and row of the sheet.

    A text that Excel would take for an escaped one has none: XlsxWriter writes the text of a link as it is.
    """
    found: dict[int, dict[int, str]] = {}
    for column, name in enumerate(names):
        if name in LINKS:
            found[column] = {
                row: link
                for row, cells in enumerate(rows, 1)
                if (link := LINKS[name](cells[column])) and not _ESCAPE.search(str(cells[column]))
            }
    return found


def add_table(book: Workbook, sheet: Worksheet, name: str, headers: Sequence[str], row_count: int) -> None:
    """Make the cells a table of this name, with its headers in the first row."""
    colors = {"font_color": WHITE, "bg_color": BLUE}  # for programs without table styles
    header_format = book.add_format({"bold": True, "valign": "vcenter", "font_name": FONT, **colors})
    columns = [{"header": header, "header_format": header_format} for header in headers]
    options = {"name": name, "style": TABLE_STYLE, "banded_rows": False, "columns": columns}
    sheet.add_table(0, 0, max(row_count, 1), len(headers) - 1, options)


def _set_widths(
    sheet: Worksheet, names: Sequence[str], headers: Sequence[str], row_count: int, hidden: Set[int]
) -> None:
    """Set the widths, and print the first columns that fit a page."""
    sheet.set_row(0, 20)
    printed, total = 0, 0
    for column, (name, header) in enumerate(zip(names, headers, strict=True)):
        width = _JOB_ID_WIDTH if name == "job_id" else column_width(name) or min(max(len(header) + 5, 14), 40)
        sheet.set_column(column, column, width, None, {"hidden": column in hidden})
        total += 0 if column in hidden else width
        if total <= PRINTED_WIDTH:
            printed = column
    sheet.print_area(0, 0, max(row_count, 1), printed)
    set_up_printing(sheet)
    sheet.repeat_rows(0)
