"""The sheet with charts and a heat map of the companies, which follow the job."""

from __future__ import annotations

from typing import Final, Literal

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..fields import EMPLOYEE_BANDS
from ..files.xlsx_style import BLUE, Formats, add_bar_chart
from ..pivot_rules import BLANK, TOTAL
from . import formulas
from .formulas import write_single, write_spill
from .sources import sheet_texts
from .styles import HEAT, add_job_title, add_title

NAME: Final = "Charts"

COUNTRIES: Final = 12
"""How many countries the chart shows: the largest ones."""

FIRST_ROW: Final = 21
"""The row of the heat map's formula, below the charts."""

_BANDS: Final = (*EMPLOYEE_BANDS, BLANK)
_COUNTRY: Final = 0
_LAST: Final = len(_BANDS) + 1
"""The last column of the heat map, if it has all bands: that of the totals."""

_CHARTS_ROW: Final = 3
_CHART_WIDTH: Final = 533
_PLOTTED, _PLOTTED_BAND = 14, 17
"""The hidden columns from which the charts are drawn."""

_MAX_SPILLED_ROWS: Final = 500
"""Rows that get the formats of a spilled block."""


def add_charts(book: Workbook, sheet: Worksheet, style: Formats) -> None:
    texts = sheet_texts().charts
    add_title(sheet, style, "", texts.hint)
    add_job_title(sheet, style)
    sheet.set_column(_COUNTRY, _COUNTRY, 26, style["indented"])
    sheet.set_column(_COUNTRY + 1, _LAST, 12, style["count"])
    sheet.set_column(_PLOTTED, _PLOTTED_BAND + 1, 16, style["body"], {"hidden": True})
    sheet.hide_gridlines(2)
    sheet.set_tab_color(BLUE)
    by_country = texts.by_country.format(countries=COUNTRIES)
    _add_chart(book, sheet, "bar", by_country, _PLOTTED, COUNTRIES, 0)
    _add_chart(book, sheet, "column", texts.by_band, _PLOTTED_BAND, len(_BANDS), _CHART_WIDTH + 10)
    sheet.set_row(FIRST_ROW - 1, 24)
    sheet.write_string(FIRST_ROW - 1, _COUNTRY, texts.heat_map, style["heading"])
    for column in range(_COUNTRY + 1, _LAST + 1):
        sheet.write_blank(FIRST_ROW - 1, column, None, style["heading"])
    sheet.set_row(FIRST_ROW, 20)
    write_spill(sheet, FIRST_ROW, _COUNTRY, formulas.BY_COUNTRY_AND_BAND)
    _add_heat(sheet, style)
    sheet.write_string(FIRST_ROW - 1, _PLOTTED, texts.plotted, style["hint"])
    for column, header in ((_PLOTTED, "country"), (_PLOTTED_BAND, "employee_band")):
        sheet.write_string(FIRST_ROW, column, header, style["hint"])
        sheet.write_string(FIRST_ROW, column + 1, "companies", style["hint"])
    _add_countries(sheet, style)
    _add_bands(sheet, style)
    sheet.set_selection(FIRST_ROW, _COUNTRY, FIRST_ROW, _COUNTRY)
    sheet.repeat_rows(FIRST_ROW)


def label(row: int) -> str:
    """The first cell of a row of the heat map, as a text for formulas on other sheets.

    ``&""``, because LibreOffice takes no text in the cells of an array for equal to another one as it is.
    """
    return f'{NAME}!{xl_rowcol_to_cell(row, _COUNTRY, row_abs=True, col_abs=True)}&""'


def plotted_countries() -> tuple[str, str]:
    """The ranges with the names of the largest countries and with their companies, for formulas on other sheets."""
    names, counts = (
        xl_range_abs(FIRST_ROW + 1, column, FIRST_ROW + COUNTRIES, column) for column in (_PLOTTED, _PLOTTED + 1)
    )
    return f"{NAME}!{names}", f"{NAME}!{counts}"


def _add_heat(sheet: Worksheet, style: Formats) -> None:
    """Color the cells by their numbers, and format headers and totals wherever the spilled block has them.

    The largest country stands first, so that its largest number but the total is the measure. Not a color scale,
    which would count the totals too.
    """
    first, last = FIRST_ROW + 1, FIRST_ROW + _MAX_SPILLED_ROWS
    corner = xl_rowcol_to_cell(FIRST_ROW, _COUNTRY, row_abs=True, col_abs=True)
    head = xl_rowcol_to_cell(FIRST_ROW, _COUNTRY + 1, row_abs=True)
    name = xl_rowcol_to_cell(first, _COUNTRY, col_abs=True)
    cell = xl_rowcol_to_cell(first, _COUNTRY + 1)
    largest = f"LARGE({xl_range_abs(first, _COUNTRY + 1, first, _LAST)},2)"

    def add(rows: tuple[int, int], columns: tuple[int, int], criteria: str, name: str, *, stop: bool = False) -> None:
        rule = {"type": "formula", "criteria": f"={criteria}", "format": style[name], "stop_if_true": stop}
        sheet.conditional_format(rows[0], columns[0], rows[1], columns[1], rule)

    own_head = xl_rowcol_to_cell(FIRST_ROW, _COUNTRY, row_abs=True)
    is_filled = f'AND({corner}&""="country",{own_head}<>"")'
    add((FIRST_ROW, FIRST_ROW), (_COUNTRY, _LAST), is_filled, "if_head")
    add((FIRST_ROW, FIRST_ROW), (_COUNTRY, _COUNTRY), f'LEFT({corner},4)="#OF!"', "if_failed")
    add((first, last), (_COUNTRY, _LAST), f'AND({name}&""="{TOTAL}",{own_head}<>"")', "if_total", stop=True)
    add((first, last), (_COUNTRY, _COUNTRY), f'{name}&""="{BLANK}"', "if_rest")
    add((first, last), (_COUNTRY + 1, _LAST), f'{head}&""="{TOTAL}"', "if_sum", stop=True)
    for share, color in HEAT:
        is_hot = f"AND(ISNUMBER({cell}),{cell}>={share}*{largest})"
        add((first, last), (_COUNTRY + 1, _LAST), is_hot, f"if_{color}", stop=True)


def _add_countries(sheet: Worksheet, style: Formats) -> None:
    """Repeat the largest countries without the total, in plain formulas: few programs can chart a spilled block."""
    heads = xl_range_abs(FIRST_ROW, _COUNTRY, FIRST_ROW, _LAST)
    corner = xl_rowcol_to_cell(FIRST_ROW, _COUNTRY, row_abs=True, col_abs=True)
    for number in range(COUNTRIES):
        row = FIRST_ROW + 1 + number
        name = xl_rowcol_to_cell(row, _COUNTRY)
        plotted_name = f'=IF(OR({corner}&""<>"country",{name}&""="",{name}&""="{TOTAL}"),"",{name})'
        write_single(sheet, row, _PLOTTED, plotted_name, style["hint"])
        plotted = xl_rowcol_to_cell(row, _PLOTTED)
        numbers = xl_range_abs(row, _COUNTRY, row, _LAST)
        formula = f'=IF({plotted}="",0,IFERROR(INDEX({numbers},MATCH("{TOTAL}",{heads},0)),0))'
        sheet.write_formula(row, _PLOTTED + 1, formula, style["nonzero_count"], 0)


def _add_bands(sheet: Worksheet, style: Formats) -> None:
    """Repeat all bands in their order with the totals of the heat map, also those without companies."""
    heads = xl_range_abs(FIRST_ROW, _COUNTRY, FIRST_ROW, _LAST)
    names = xl_range_abs(FIRST_ROW, _COUNTRY, FIRST_ROW + _MAX_SPILLED_ROWS, _COUNTRY)
    whole = xl_range_abs(FIRST_ROW, _COUNTRY, FIRST_ROW + _MAX_SPILLED_ROWS, _LAST)
    for row, band in enumerate(_BANDS, FIRST_ROW + 1):
        sheet.write_string(row, _PLOTTED_BAND, band, style["hint"])
        name = xl_rowcol_to_cell(row, _PLOTTED_BAND)
        found = f'INDEX({whole},MATCH("{TOTAL}",{names},0),MATCH({name},{heads},0))'
        sheet.write_formula(row, _PLOTTED_BAND + 1, f"=IFERROR({found},0)", style["nonzero_count"], 0)


def _add_chart(
    book: Workbook, sheet: Worksheet, kind: Literal["bar", "column"], title: str, column: int, count: int, left: int
) -> None:
    add_bar_chart(
        book,
        sheet,
        kind,
        title,
        first=FIRST_ROW + 1,
        last=FIRST_ROW + count,
        column=column,
        position=(_CHARTS_ROW, _COUNTRY),
        offset=(left, 0),
        size=(_CHART_WIDTH, 330),
        number_format="#,##0;;",  # nothing for zero
        hidden_cells=True,
    )
