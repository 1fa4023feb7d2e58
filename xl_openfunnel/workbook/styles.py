"""The formats of the workbook's sheets, and what the sheets have in common."""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from ..files.xlsx_style import (
    AMBER,
    BANNER_TEXT,
    BLUE,
    GRAY,
    GREEN,
    LINE,
    NAVY,
    RED,
    TOTAL_FILL,
    WHITE,
    YELLOW,
    Formats,
    cell_format,
    set_up_printing,
)

_DATE: Final = "yyyy-mm-dd hh:mm"
_COUNT: Final = "#,##0"
_VALUE: Final = {"align": "left", "indent": 1, "bottom": 1, "bottom_color": LINE}

FORMATS: Final = {
    "body": cell_format(),
    "title": cell_format(bold=True, font_size=16, font_color=NAVY),
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
    "prompt": cell_format(bold=True, font_color=AMBER),
    "value": cell_format(num_format=_COUNT, **_VALUE),
    "main_value": cell_format(bold=True, **_VALUE),
    "date_value": cell_format(num_format=_DATE, **_VALUE),
    "problem": cell_format(font_color=RED, align="left", indent=1),
    # For conditional formatting, which lays them over the cell's own format.
    "if_head": {"bold": True, "font_color": WHITE, "bg_color": BLUE},
    "if_total": {"bold": True, "bg_color": TOTAL_FILL},
    "if_jobs_head": {"bold": True, "font_color": NAVY},
    "if_completed": {"font_color": GREEN},
    "if_unfinished": {"font_color": AMBER},
    "if_failed": {"font_color": RED},
}


def add_title(sheet: Worksheet, style: Formats, title: str, hint: str) -> None:
    """Start a sheet other than the first with its title and purpose."""
    sheet.set_row(0, 26)
    sheet.set_row(1, 20)
    sheet.write_string(0, 0, title, style["title"])
    sheet.write_string(1, 0, hint, style["hint"])
    set_up_printing(sheet)
