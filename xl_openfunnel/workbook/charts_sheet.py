"""The sheet with charts of the companies by country and by size."""

from __future__ import annotations

from typing import Any, Final

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..files.xlsx_cells import FONT
from ..functions.pivot import BLANK, TOTAL
from ..table import EMPLOYEE_BANDS
from . import cached_values
from .cached_values import CachedValues
from .cells import write_spill
from .styles import BLUE, DARK, LINE, ORANGE, Styles, begin
from .texts import sheet_texts

NAME: Final = "Charts"

COUNTRIES: Final = 12
"""Countries that the chart shows: the first ones of all."""

_BANDS: Final = (*EMPLOYEE_BANDS, BLANK)
_LINE: Final = 3
_COUNTRY, _BAND, _CHART, _PLOTTED = 0, 3, 6, 20
_SPILLED: Final = 500
"""Lines that a formula may fill here, as far as formats go."""


def add_charts(book: Workbook, sheet: Worksheet, style: Styles, shows: CachedValues) -> None:
    """Fill the sheet."""
    texts = sheet_texts().charts
    begin(sheet, style, texts.title, texts.hint)
    for place, width in ((_COUNTRY, 24), (_BAND, 16), (_PLOTTED, 24), (_PLOTTED + 3, 16)):
        sheet.set_column(place, place, width, style.body)
        sheet.set_column(place + 1, place + 1, 12, style.count)
        sheet.set_column(place + 2, place + 2, 3, style.body)
    sheet.hide_gridlines(2)
    sheet.set_row(_LINE, 20)
    for place, call in ((_COUNTRY, cached_values.BY_COUNTRY), (_BAND, cached_values.BY_BAND)):
        write_spill(sheet, _LINE, place, call, shows)
        _mark(sheet, style, place)
    sheet.write_string(_LINE - 1, _PLOTTED, texts.plotted, style.hint)
    for place, title in ((_PLOTTED, "country"), (_PLOTTED + 3, "employee_band")):
        sheet.write_string(_LINE, place, title, style.hint)
        sheet.write_string(_LINE, place + 1, "companies", style.hint)
    _add_countries(sheet, style, shows)
    _add_bands(sheet, style, shows)
    _add_chart(book, sheet, "bar", texts.by_country.format(countries=COUNTRIES), _LINE, _PLOTTED, COUNTRIES)
    _add_chart(book, sheet, "column", texts.by_band, _LINE + 18, _PLOTTED + 3, len(_BANDS))
    sheet.freeze_panes(_LINE + 1, 0)


def _mark(sheet: Worksheet, style: Styles, place: int) -> None:
    """The looks of the names and the total, wherever the formula puts them."""
    top, first = xl_rowcol_to_cell(_LINE, place), xl_rowcol_to_cell(_LINE + 1, place, col_abs=True)
    filled = {"type": "formula", "criteria": f'={top[:-1]}${_LINE + 1}<>""', "format": style.condition_head}
    sheet.conditional_format(_LINE, place, _LINE, place + 1, filled)
    total = {"type": "formula", "criteria": f'={first}="{TOTAL}"', "format": style.condition_total}
    sheet.conditional_format(_LINE + 1, place, _LINE + _SPILLED, place + 1, total)


def _add_countries(sheet: Worksheet, style: Styles, shows: CachedValues) -> None:
    """The first countries without the total: formulas that every program knows, since few let charts follow a spill."""
    lines = shows.block(cached_values.BY_COUNTRY)[1:-1]
    for number in range(COUNTRIES):
        line = _LINE + 1 + number
        name, count = (xl_rowcol_to_cell(line, _COUNTRY + right) for right in (0, 1))
        known = lines[number] if number < len(lines) else ["", 0]
        sheet.write_formula(line, _PLOTTED, f'=IF(OR({name}="",{name}="{TOTAL}"),"",{name})', style.hint, known[0])
        plotted = xl_rowcol_to_cell(line, _PLOTTED)
        sheet.write_formula(line, _PLOTTED + 1, f'=IF({plotted}="",0,{count})', style.count_but_zero, known[1])


def _add_bands(sheet: Worksheet, style: Styles, shows: CachedValues) -> None:
    """All sizes in their order, whether there are companies of them or not."""
    known = {str(line[0]): line[1] for line in shows.block(cached_values.BY_BAND)[1:-1]}
    names, counts = (xl_range_abs(_LINE + 1, place, _LINE + 20, place) for place in (_BAND, _BAND + 1))
    for line, band in enumerate(_BANDS, _LINE + 1):
        sheet.write_string(line, _PLOTTED + 3, band, style.hint)
        own = xl_rowcol_to_cell(line, _PLOTTED + 3)
        found = f"=IFERROR(INDEX({counts},MATCH({own},{names},0)),0)"
        sheet.write_formula(line, _PLOTTED + 4, found, style.count_but_zero, known.get(band, 0))


def _add_chart(book: Workbook, sheet: Worksheet, kind: str, title: str, line: int, place: int, count: int) -> None:
    chart = book.add_chart({"type": kind})
    first, last = _LINE + 1, _LINE + count
    chart.add_series(
        {
            "name": title,
            "categories": [NAME, first, place, last, place],
            "values": [NAME, first, place + 1, last, place + 1],
            "fill": {"color": BLUE if kind == "bar" else ORANGE},
            "gap": 40,
            "data_labels": {"value": True, "num_format": "#,##0;;", "font": {"size": 9, "color": "#404040"}},
        }
    )
    font = {"name": FONT, "size": 9, "color": "#404040"}
    categories: dict[str, Any] = {
        "num_font": font,
        "line": {"color": LINE},
        "major_tick_mark": "none",
        "reverse": kind == "bar",
    }
    values = {"visible": False, "major_gridlines": {"visible": False}, "min": 0}
    chart.set_x_axis(values if kind == "bar" else categories)
    chart.set_y_axis(categories if kind == "bar" else values)
    chart.set_title({"name": title, "name_font": {"name": FONT, "size": 13, "color": DARK}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_chartarea({"border": {"color": LINE}})
    chart.set_size({"width": 760, "height": 340})
    sheet.insert_chart(line, _CHART, chart, {"object_position": 3})
