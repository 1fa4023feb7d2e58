"""The sheet with charts of the companies by country and by size."""

from __future__ import annotations

from typing import Final, Literal

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..cell_values import Cell
from ..fields import EMPLOYEE_BANDS
from ..files.xlsx_style import LINE, Formats, add_bar_chart
from ..pivot_rules import BLANK, TOTAL
from . import cached_values
from .cached_values import CachedValues, write_single, write_spill
from .sources import sheet_texts
from .styles import add_title

NAME: Final = "Charts"

COUNTRIES: Final = 12
"""How many countries the chart shows: the largest ones."""

_BANDS: Final = (*EMPLOYEE_BANDS, BLANK)
_FIRST_ROW: Final = 3
_COUNTRY, _BAND, _CHART, _PLOTTED, _PLOTTED_BAND = 0, 3, 6, 20, 23  # columns
_MAX_SPILLED_ROWS: Final = 500
"""Rows that get the formats of a spilled block."""


def add_charts(book: Workbook, sheet: Worksheet, style: Formats, values: CachedValues) -> None:
    texts = sheet_texts().charts
    add_title(sheet, style, texts.title, texts.hint)
    for column, width in ((_COUNTRY, 24), (_BAND, 16), (_PLOTTED, 24), (_PLOTTED_BAND, 16)):
        sheet.set_column(column, column, width, style["body"])
        sheet.set_column(column + 1, column + 1, 12, style["count"])
        sheet.set_column(column + 2, column + 2, 3, style["body"])
    sheet.hide_gridlines(2)
    sheet.set_row(_FIRST_ROW, 20)
    for column, formula in ((_COUNTRY, cached_values.BY_COUNTRY), (_BAND, cached_values.BY_BAND)):
        write_spill(sheet, _FIRST_ROW, column, formula, values)
        _add_conditional_formats(sheet, style, column)
    sheet.write_string(_FIRST_ROW - 1, _PLOTTED, texts.plotted, style["hint"])
    for column, header in ((_PLOTTED, "country"), (_PLOTTED_BAND, "employee_band")):
        sheet.write_string(_FIRST_ROW, column, header, style["hint"])
        sheet.write_string(_FIRST_ROW, column + 1, "companies", style["hint"])
    _add_countries(sheet, style, values)
    _add_bands(sheet, style, values)
    by_country = texts.by_country.format(countries=COUNTRIES)
    _add_chart(book, sheet, "bar", by_country, _FIRST_ROW, _PLOTTED, COUNTRIES)
    _add_chart(book, sheet, "column", texts.by_band, _FIRST_ROW + 18, _PLOTTED_BAND, len(_BANDS))
    sheet.freeze_panes(_FIRST_ROW + 1, 0)


def _add_conditional_formats(sheet: Worksheet, style: Formats, column: int) -> None:
    """Format the headers and the total wherever the spilled block has them."""
    header = xl_rowcol_to_cell(_FIRST_ROW, column, row_abs=True)
    is_filled = {"type": "formula", "criteria": f'={header}<>""', "format": style["if_head"]}
    sheet.conditional_format(_FIRST_ROW, column, _FIRST_ROW, column + 1, is_filled)
    label = xl_rowcol_to_cell(_FIRST_ROW + 1, column, col_abs=True)
    is_total = {"type": "formula", "criteria": f'={label}="{TOTAL}"', "format": style["if_total"]}
    sheet.conditional_format(_FIRST_ROW + 1, column, _FIRST_ROW + _MAX_SPILLED_ROWS, column + 1, is_total)


def _add_countries(sheet: Worksheet, style: Formats, values: CachedValues) -> None:
    """Repeat the largest countries without the total, in plain formulas: few programs can chart a spilled block."""
    lines = values.block(cached_values.BY_COUNTRY)[1:-1]
    for number in range(COUNTRIES):
        row = _FIRST_ROW + 1 + number
        name, count = (xl_rowcol_to_cell(row, _COUNTRY + right) for right in (0, 1))
        cached: list[Cell] = lines[number] if number < len(lines) else ["", 0.0]
        plotted_name = f'=IF(OR({name}="",{name}="{TOTAL}"),"",{name})'
        write_single(sheet, row, _PLOTTED, plotted_name, style["hint"], cached[0])
        plotted = xl_rowcol_to_cell(row, _PLOTTED)
        sheet.write_formula(row, _PLOTTED + 1, f'=IF({plotted}="",0,{count})', style["nonzero_count"], cached[1])


def _add_bands(sheet: Worksheet, style: Formats, values: CachedValues) -> None:
    """Repeat all bands in their order, also those without companies."""
    cached = {str(line[0]): line[1] for line in values.block(cached_values.BY_BAND)[1:-1]}
    names, counts = (xl_range_abs(_FIRST_ROW + 1, column, _FIRST_ROW + 20, column) for column in (_BAND, _BAND + 1))
    for row, band in enumerate(_BANDS, _FIRST_ROW + 1):
        sheet.write_string(row, _PLOTTED_BAND, band, style["hint"])
        name = xl_rowcol_to_cell(row, _PLOTTED_BAND)
        formula = f"=IFERROR(INDEX({counts},MATCH({name},{names},0)),0)"
        sheet.write_formula(row, _PLOTTED_BAND + 1, formula, style["nonzero_count"], cached.get(band, 0))


def _add_chart(
    book: Workbook, sheet: Worksheet, kind: Literal["bar", "column"], title: str, row: int, column: int, count: int
) -> None:
    add_bar_chart(
        book,
        sheet,
        kind,
        title,
        first=_FIRST_ROW + 1,
        last=_FIRST_ROW + count,
        column=column,
        position=(row, _CHART),
        size=(760, 340),
        line_color=LINE,
        number_format="#,##0;;",  # nothing for zero
        minimum=0,
    )
