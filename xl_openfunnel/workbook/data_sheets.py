"""The sheets with companies: as a spilled block, as a table, and as a pivot of that table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xlsxwriter.worksheet import Worksheet

from ..fields import EMPLOYEE_BANDS
from ..files.xlsx_cells import write_cell
from ..files.xlsx_style import TABLE_STYLE, Formats
from . import formulas
from .formulas import TABLE_COLUMNS, write_spill
from .names import TABLE
from .pivot import Axis, Pivot
from .sources import sheet_texts
from .styles import add_job_title, add_title

ROWS: Final = "Rows"
PIVOT: Final = "Pivot"

FIRST_ROW: Final = 3
"""The first row, from 0, below a sheet's title and hint."""

WIDTHS: Final = {
    "rank": 7,
    "name": 32,
    "domain": 26,
    "linkedin_url": 50,
    "headquarters": 28,
    "employee_count": 18,
    "match_reason": 80,
    "country": 20,
    "employee_band": 17,
}


def add_rows(sheet: Worksheet, style: Formats) -> None:
    """Fill the sheet with the companies as a spilled block."""
    texts = sheet_texts().rows
    add_title(sheet, style, "", texts.hint)
    add_job_title(sheet, style)
    _set_columns(sheet, style, TABLE_COLUMNS[: TABLE_COLUMNS.index("country")])
    write_spill(sheet, FIRST_ROW, 0, formulas.ROWS, style["body"])
    sheet.set_row(FIRST_ROW, 20)
    headers = (FIRST_ROW, 0, FIRST_ROW, 29)
    sheet.conditional_format(
        *headers, {"type": "formula", "criteria": '=AND($B$4<>"",A$4<>"")', "format": style["if_head"]}
    )
    sheet.freeze_panes(FIRST_ROW + 1, 2)
    sheet.set_selection(FIRST_ROW, 0, FIRST_ROW, 0)
    sheet.repeat_rows(FIRST_ROW)


def add_table(sheet: Worksheet, style: Formats) -> None:
    """Add the Excel table for the companies as values, with one blank row."""
    texts = sheet_texts().table
    add_title(sheet, style, texts.title, texts.hint)
    _set_columns(sheet, style, TABLE_COLUMNS)
    columns = [{"header": name, "header_format": style["head"]} for name in TABLE_COLUMNS]
    sheet.add_table(
        *(FIRST_ROW, 0, FIRST_ROW + 1, len(columns) - 1), {"name": TABLE, "style": TABLE_STYLE, "columns": columns}
    )
    sheet.set_row(FIRST_ROW, 20)
    sheet.freeze_panes(FIRST_ROW + 1, 2)
    sheet.repeat_rows(FIRST_ROW)


def add_pivot(sheet: Worksheet, style: Formats) -> Pivot:
    """Fill the sheet with the pivot's cells; the caller has to add the returned pivot to the file."""
    texts = sheet_texts().pivot
    add_title(sheet, style, texts.title, texts.hint)
    pivot = Pivot(
        source=TABLE,
        fields=TABLE_COLUMNS,
        rows=Axis("country", texts.rows),
        columns=Axis("employee_band", texts.columns, EMPLOYEE_BANDS),
        counted="rank",
        caption=texts.counted,
    )
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26, style["body"])
    sheet.set_column(1, 20, 12, style["body"])
    last = len(pivot.cells) - 1
    for down, line in enumerate(pivot.cells):
        for column, cell in enumerate(line):
            write_cell(sheet, FIRST_ROW + down, column, cell, style["total" if down in (0, 1, last) else "count"])
    sheet.freeze_panes(FIRST_ROW + 2, 1)
    return pivot


def _set_columns(sheet: Worksheet, style: Formats, names: Sequence[str]) -> None:
    formats = {"rank": "rank", "employee_count": "count"}
    for column, name in enumerate(names):
        sheet.set_column(column, column, WIDTHS[name], style[formats.get(name, "body")])
