"""Excel workbooks: the companies as a real table, a summary, and the manifest beside it.

Text is written as text and nothing is guessed, so ``=1+1``, ``TRUE``, ``2-10`` and web addresses stay what they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import ConfigurationError
from ..jobs.snapshot import Snapshot
from ..text import clip, one_line
from .cells import cell_rows, names
from .metadata import Fact, job_facts, manifest_facts
from .summary import add_summary
from .xlsx_cells import CELL_UNITS, FONT, workbook, write_cell

if TYPE_CHECKING:
    import pandas as pd

    from . import Content

MOST_ROWS: Final = 1_048_575
"""Companies in one sheet: Excel's rows without the header."""

MOST_COLUMNS: Final = 16_384

TABLE_STYLE: Final = "Table Style Medium 2"
HEAD_COLOUR: Final = "#4472C4"

MOST_LINED: Final = 500_000
"""Cells of a table up to which blank ones are written too, for the line below them."""

_HEADER_UNITS: Final = 255  # of a table's column name
_ESCAPE: Final = re.compile("_x(?=[0-9A-Fa-f]{4}_)")

_WIDTHS: Final = {
    "rank": 8,
    "name": 34,
    "domain": 28,
    "linkedin_url": 44,
    "headquarters": 28,
    "employee_count": 17,
    "company_size": 15,
    "match_reason": 90,
    "funding_stage": 18,
    "revenue_usd": 18,
    "industries": 48,
    "hq_city": 20,
    "hq_region": 20,
    "hq_country": 20,
    "linkedin_follower_count": 25,
    "description": 80,
    "tagline": 48,
    "rerank_score": 14,
}
_ROW_HEIGHT: Final = 30  # two lines, so that prose can be read and many rows seen


def write_xlsx(path: Path, content: Content) -> None:
    """The sheets Rows, Summary and Manifest.

    Raises:
        ConfigurationError: more rows or columns than a sheet has.
        FileWriteError: the system did not let the file be written.
    """
    with workbook(path, content.snapshot) as book:
        cut = add_rows(book, content.frame)
        add_summary(book, content.snapshot)
        add_manifest(book, content.snapshot, cut)


def add_rows(book: Workbook, frame: pd.DataFrame) -> int:
    """A sheet with the frame as a table; how many texts were too long for a cell and had to be cut.

    Raises:
        ConfigurationError: more rows or columns than a sheet has.
    """
    if len(frame) > MOST_ROWS or len(frame.columns) > MOST_COLUMNS:
        raise ConfigurationError(
            f"{len(frame):,} rows and {len(frame.columns):,} columns are more than a sheet of Excel has "
            f"({MOST_ROWS:,} and {MOST_COLUMNS:,}). Write .csv or .parquet instead."
        )
    sheet = book.add_worksheet("Rows")
    headers = table_headers(names(frame))
    formats = [_format(book, name, frame[name]) for name in frame.columns]
    for place, name in enumerate(names(frame)):
        sheet.set_column(place, place, _WIDTHS.get(name) or min(max(len(headers[place]) + 5, 14), 40))
    sheet.set_default_row(_ROW_HEIGHT)
    sheet.set_row(0, 20)
    lined = frame.size <= MOST_LINED
    cut = 0
    for number, row in enumerate(cell_rows(frame), 1):
        for place, cell in enumerate(row):
            if lined or cell != "":
                cut += write_cell(sheet, number, place, cell, formats[place])
    colours = {"font_color": "#FFFFFF", "bg_color": HEAD_COLOUR}  # for programs that know no table styles
    head = book.add_format({"bold": True, "valign": "vcenter", "font_name": FONT, **colours})
    if headers:
        sheet.add_table(
            *(0, 0, max(len(frame), 1), len(headers) - 1),
            {
                "name": "Companies",
                "style": TABLE_STYLE,
                "columns": [{"header": header, "header_format": head} for header in headers],
            },
        )
    sheet.freeze_panes(1, _frozen_columns(names(frame)))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return cut


def add_manifest(book: Workbook, snapshot: Snapshot, cut: int) -> None:
    """A sheet with what is known of the job beside its rows."""
    sheet = book.add_worksheet("Manifest")
    label = book.add_format({"bold": True, "valign": "top", "font_name": FONT, "font_color": "#44546A"})
    value = book.add_format({"text_wrap": True, "align": "left", "valign": "top", "font_name": FONT})
    heading = book.add_format(
        {"bold": True, "font_size": 13, "font_name": FONT, "bottom": 1, "bottom_color": "#8EA9DB"}
    )
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    sheet.hide_gridlines(2)
    facts = job_facts(snapshot)
    if cut:
        facts.append(("texts_cut", f"{cut} longer than the {CELL_UNITS:,} characters of a cell, ending in …"))
    line = _add_facts(sheet, 0, "This file", facts, (heading, label, value))
    _add_facts(sheet, line + 1, "Manifest of the service", manifest_facts(snapshot), (heading, label, value))


def table_headers(columns: list[str]) -> list[str]:
    """Names fit for a table's header, where each must be there, short, and different in any case of letters."""
    headers: dict[str, str] = {}
    for place, name in enumerate(columns, 1):
        text = clip(_ESCAPE.sub("_ x", one_line(name)), _HEADER_UNITS - 8) or f"column {place}"
        header, number = text, 1
        while header.lower() in headers:
            number += 1
            header = f"{text} {number}"
        headers[header.lower()] = header
    return list(headers.values())


def _add_facts(sheet: Worksheet, line: int, title: str, facts: list[Fact], styles: tuple[Format, ...]) -> int:
    """A heading and its facts from ``line`` on; the line after them."""
    heading, label, value = styles
    sheet.write_string(line, 0, title, heading)
    sheet.write_blank(line, 1, None, heading)
    if not facts:
        sheet.write_string(line + 1, 0, "none", label)
        return line + 2
    for number, (name, fact) in enumerate(facts, line + 1):
        write_cell(sheet, number, 0, one_line(name), label)
        write_cell(sheet, number, 1, fact, value)
    return line + 1 + len(facts)


def _format(book: Workbook, name: str, column: pd.Series[Any]) -> Format:
    style: dict[str, Any] = {"valign": "top", "font_name": FONT, "bottom": 1, "bottom_color": "#D9E1F2"}
    if str(column.dtype) == "Int64":
        style |= {"num_format": "0" if name == "rank" else "#,##0", "align": "right", "indent": 1}
    else:  # what is too long stays in its own cell
        style["text_wrap"] = True
    return book.add_format(style)


def _frozen_columns(columns: list[str]) -> int:
    """Rank and name stay in sight where a table begins with them."""
    return 2 if columns[:2] == ["rank", "name"] else 0
