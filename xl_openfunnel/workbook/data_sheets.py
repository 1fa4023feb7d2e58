"""The sheets with companies: as a formula spills them, as a table, and as a pivot of that table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xlsxwriter.worksheet import Worksheet

from ..files.xlsx import TABLE_STYLE
from ..table import EMPLOYEE_BANDS
from . import cached_values
from .cached_values import TABLE_COLUMNS, CachedValues, call_info
from .cells import write, write_spill
from .pivot import Axis, Pivot
from .styles import Styles, begin
from .texts import sheet_texts

ROWS: Final = "Rows"
TABLE: Final = "Table"
PIVOT: Final = "Pivot"

TABLE_NAME: Final = "OpenFunnelRows"
"""The table's name, by which the pivot finds it."""

FIRST_LINE: Final = 3
"""Where what a sheet shows begins, counted from 0: below its title and a line about it."""

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


def add_rows(sheet: Worksheet, style: Styles, shows: CachedValues) -> None:
    """The sheet on which the companies spill."""
    texts = sheet_texts().rows
    begin(sheet, style, "", texts.hint)
    progress = call_info("progress")
    ((known,),) = shows.block(progress)
    line = f"{shows.job} · {known}" if shows.job else texts.no_job
    sheet.write_formula(0, 0, f'=IF(job="","{texts.no_job}",job&" · "&{progress})', style.title, line)
    _set_columns(sheet, style, TABLE_COLUMNS[: TABLE_COLUMNS.index("country")])
    write_spill(sheet, FIRST_LINE, 0, cached_values.ROWS, shows)
    sheet.set_row(FIRST_LINE, 20)
    names = (FIRST_LINE, 0, FIRST_LINE, 29)
    sheet.conditional_format(*names, {"type": "formula", "criteria": '=A$4<>""', "format": style.condition_head})
    sheet.freeze_panes(FIRST_LINE + 1, 2)
    sheet.repeat_rows(FIRST_LINE)


def add_table(sheet: Worksheet, style: Styles, shows: CachedValues) -> None:
    """The sheet on which companies are landed: as values, in a table of Excel."""
    texts = sheet_texts().table
    begin(sheet, style, texts.title, texts.hint)
    _set_columns(sheet, style, TABLE_COLUMNS)
    last = FIRST_LINE + max(len(shows.table), 1)
    columns = [{"header": name, "header_format": style.head} for name in TABLE_COLUMNS]
    sheet.add_table(
        *(FIRST_LINE, 0, last, len(columns) - 1), {"name": TABLE_NAME, "style": TABLE_STYLE, "columns": columns}
    )
    for down, line in enumerate(shows.table, FIRST_LINE + 1):
        for right, cell in enumerate(line):
            if cell != "":  # a blank cell, which a pivot shows as blank; an empty text it would not
                write(sheet, down, right, cell)
    sheet.set_row(FIRST_LINE, 20)
    sheet.freeze_panes(FIRST_LINE + 1, 2)
    sheet.repeat_rows(FIRST_LINE)


def add_pivot(sheet: Worksheet, style: Styles, shows: CachedValues) -> Pivot:
    """The sheet with the pivot, whose cells stand there already; the pivot itself has to be added to the file."""
    texts = sheet_texts().pivot
    begin(sheet, style, texts.title, texts.hint)
    country, band = TABLE_COLUMNS.index("country"), TABLE_COLUMNS.index("employee_band")
    pivot = Pivot(
        source=TABLE_NAME,
        fields=TABLE_COLUMNS,
        rows=Axis("country", texts.rows),
        columns=Axis("employee_band", texts.columns, EMPLOYEE_BANDS),
        counted="rank",
        caption=texts.counted,
        pairs=[(str(line[country]), str(line[band])) for line in shows.table],
    )
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26, style.body)
    sheet.set_column(1, 20, 12, style.body)
    last = len(pivot.cells) - 1
    for down, line in enumerate(pivot.cells):
        for right, cell in enumerate(line):
            frame = style.head_total if down in (0, 1, last) else style.count
            if cell == "":  # an empty text would not be what a pivot leaves there
                sheet.write_blank(FIRST_LINE + down, right, None, frame)
            else:
                write(sheet, FIRST_LINE + down, right, cell, frame)
    sheet.freeze_panes(FIRST_LINE + 2, 1)
    return pivot


def _set_columns(sheet: Worksheet, style: Styles, names: Sequence[str]) -> None:
    formats = {"rank": style.rank, "employee_count": style.count}
    for place, name in enumerate(names):
        sheet.set_column(place, place, WIDTHS[name], formats.get(name, style.body))
