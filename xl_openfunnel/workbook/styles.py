"""The formats of the workbook's sheets, and what the sheets have in common."""

from __future__ import annotations

from typing import Any, Final

from xlsxwriter.worksheet import Worksheet

from ..files.xlsx_style import (
    AMBER,
    BANNER_TEXT,
    BLUE,
    DARK_AMBER,
    GRAY,
    GREEN,
    LIGHT_BLUE,
    LINE,
    NAVY,
    PALE_BLUE,
    RED,
    TOTAL_FILL,
    WHITE,
    YELLOW,
    Formats,
    cell_format,
    set_up_printing,
)
from .formulas import info_call, write_single
from .sources import sheet_texts

_DATE: Final = "yyyy-mm-dd hh:mm"
_COUNT: Final = "#,##0"
_VALUE: Final = {"align": "left", "indent": 1, "bottom": 1, "bottom_color": LINE}

_CARD: Final = {"bg_color": PALE_BLUE, "indent": 1, "align": "left"}
_CARD_FOOT: Final = {"bottom": 2, "bottom_color": BLUE}
_BIG: Final = {"bold": True, "font_size": 20}

_CARDS: Final = sheet_texts().start.cards


def _hint(number_format: str) -> dict[str, Any]:
    return cell_format(font_color=GRAY, font_size=9, num_format=number_format, **_CARD, **_CARD_FOOT)


HEAT: Final = ((0.7, LIGHT_BLUE), (0.35, "#A9BEE4"), (0.15, "#C3D1EC"), (0.05, "#DCE5F4"), (0.0, PALE_BLUE))
"""From which part of the largest number on a cell has which color."""

FORMATS: Final = {
    "body": cell_format(),
    "title": cell_format(bold=True, font_size=16, font_color=WHITE, bg_color=NAVY, align="left", indent=1),
    "title_hint": cell_format(font_color=BANNER_TEXT, bg_color=NAVY, valign="top", align="left", indent=1),
    "indented": cell_format(align="left", indent=1),
    "hint": cell_format(font_color=GRAY),
    "heading": cell_format(bold=True, font_size=12, font_color=NAVY, bottom=1, bottom_color=BLUE),
    "heading_hint": cell_format(font_color=GRAY, bottom=1, bottom_color=BLUE),
    "head": cell_format(bold=True, font_color=WHITE, bg_color=BLUE),
    "count": cell_format(num_format=_COUNT, align="right", indent=1),
    "nonzero_count": cell_format(num_format="#,##0;;", font_color=GRAY, align="right", indent=1),
    "rank": cell_format(num_format="0", align="center", font_color=GRAY),
    "date": cell_format(num_format=_DATE, align="left"),
    "total": cell_format(bold=True, bg_color=TOTAL_FILL, num_format=_COUNT),
    # The first sheet's.
    "banner": cell_format(bold=True, font_size=22, font_color=WHITE, bg_color=NAVY),
    "banner_hint": cell_format(font_color=BANNER_TEXT, bg_color=NAVY, valign="top"),
    "step": cell_format(bold=True, font_size=13, font_color=BLUE, align="right", indent=1),
    "label": cell_format(font_color=GRAY, align="right", indent=1),
    "input": cell_format(
        bold=True,
        font_size=12,
        bg_color=YELLOW,
        num_format="@",  # text, because 1e5 may be the label of a job
        align="left",
        indent=1,
        border=1,
        border_color=AMBER,
    ),
    "prompt": cell_format(bold=True, font_color=DARK_AMBER),
    "value": cell_format(num_format=_COUNT, **_VALUE),
    "card": cell_format(**_CARD),
    "card_label": cell_format(font_color=GRAY, font_size=9, **_CARD),
    "card_figure": cell_format(font_color=BLUE, num_format="#,##0", **_CARD, **_BIG),
    "card_as_of": _hint(f'"{_CARDS.as_of} "{_DATE};;;@'),
    "card_used": _hint(f'"{_CARDS.used}: "#,##0;;"{_CARDS.used}: "0;@'),
    "card_of_country": _hint(f'#,##0" {_CARDS.of_country}";;;'),
    "card_hint": cell_format(font_color=GRAY, font_size=9, **_CARD, **_CARD_FOOT),
    "date_value": cell_format(num_format=_DATE, **_VALUE),
    "long_value": cell_format(text_wrap=True, **(_VALUE | {"font_color": RED, "valign": "vcenter"})),
    "rest": cell_format(**_VALUE),
    # For conditional formatting, which lays them over the cell's own format.
    "if_head": {"bold": True, "font_color": WHITE, "bg_color": BLUE},
    "if_sum": {"bold": True},
    "if_rest": {"italic": True, "font_color": GRAY},
    "if_total": {"bold": True, "bg_color": TOTAL_FILL},
    "if_jobs_head": {"bold": True, "font_color": NAVY},
    "if_completed": {"font_color": GREEN},
    "if_unfinished": {"font_color": DARK_AMBER},
    "if_failed": {"font_color": RED},
    "if_unknown": {"num_format": f';;;"{_CARDS.unknown}"', "font_color": RED},
    "if_no_number": {"num_format": ';;;"–"', "font_color": GRAY},
    "if_error": {"num_format": ";;;", "font_color": RED},
    **{f"if_{color}": {"bg_color": color} for _, color in HEAT},
}


def add_title(sheet: Worksheet, style: Formats, title: str, hint: str) -> None:
    """Start a sheet other than the first with its title and purpose."""
    sheet.set_row(0, 32, style["title"])
    sheet.set_row(1, 24, style["title_hint"])
    sheet.set_row(2, 8)
    sheet.write_string(0, 0, title, style["title"])
    sheet.write_string(1, 0, hint, style["title_hint"])
    set_up_printing(sheet)


def add_job_title(sheet: Worksheet, style: Formats) -> None:
    """Have the title name the job and how far it is."""
    no_job, progress = sheet_texts().rows.no_job, info_call("progress")
    formula = f'=IF(job="","{no_job}",IFERROR(job&" · "&{progress},job))'
    write_single(sheet, 0, 0, formula, style["title"], no_job)
