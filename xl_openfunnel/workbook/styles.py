"""The colours and formats of the workbook's sheets."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..files.xlsx_cells import FONT

DARK: Final = "#1F3864"
BLUE: Final = "#4472C4"
ORANGE: Final = "#ED7D31"
GREY: Final = "#6B7280"
LINE: Final = "#D9DEE8"
PALE: Final = "#F2F5FA"

_YELLOW: Final = "#FFF2CC"
_AMBER: Final = "#BF8F00"
_DATE: Final = "yyyy-mm-dd hh:mm"


class Styles:
    """The formats, each made when it is first used: a workbook keeps them in that order."""

    def __init__(self, book: Workbook) -> None:
        self._book = book

    def of(self, **more: Any) -> Format:
        """A format with these properties, and for the rest like all others."""
        return self._book.add_format({"font_name": FONT, "font_size": 11, "valign": "vcenter", **more})

    def of_condition(self, **properties: Any) -> Format:
        """A format of nothing but these properties, laid over a cell's own."""
        return self._book.add_format(properties)

    @cached_property
    def body(self) -> Format:
        """Of cells that have nothing special."""
        return self.of()

    @cached_property
    def title(self) -> Format:
        """Of a sheet's title."""
        return self.of(bold=True, font_size=16, font_color=DARK)

    @cached_property
    def hint(self) -> Format:
        """Of what explains."""
        return self.of(font_color=GREY)

    @cached_property
    def heading(self) -> Format:
        """Of the title of a part of a sheet."""
        return self.of(bold=True, font_size=12, font_color=DARK, bottom=1, bottom_color=BLUE)

    @cached_property
    def heading_hint(self) -> Format:
        """Of what explains, beside a heading."""
        return self.of(font_color=GREY, bottom=1, bottom_color=BLUE)

    @cached_property
    def band(self) -> Format:
        """Of the first sheet's title."""
        return self.of(bold=True, font_size=22, font_color="#FFFFFF", bg_color=DARK)

    @cached_property
    def band_hint(self) -> Format:
        """Of what stands below that title."""
        return self.of(font_color="#D6DFF0", bg_color=DARK, valign="top")

    @cached_property
    def number(self) -> Format:
        """Of the number of a step."""
        return self.of(bold=True, font_size=13, font_color=BLUE, align="right", indent=1)

    @cached_property
    def label(self) -> Format:
        """Of the name of a value."""
        return self.of(font_color=GREY, align="right", indent=1)

    @cached_property
    def input(self) -> Format:
        """Of the cell to type in. Text: ``1e5`` may be the label of a job."""
        line = {"border": 1, "border_color": _AMBER}
        return self.of(bold=True, font_size=12, bg_color=_YELLOW, num_format="@", align="left", indent=1, **line)

    @cached_property
    def call(self) -> Format:
        """Of what asks for something to be typed."""
        return self.of(bold=True, font_color=_AMBER)

    @cached_property
    def value(self) -> Format:
        """Of a value, text or number."""
        return self.of(num_format="#,##0", align="left", indent=1, bottom=1, bottom_color=LINE)

    @cached_property
    def value_strong(self) -> Format:
        """Of the value that is looked for first."""
        return self.of(bold=True, align="left", indent=1, bottom=1, bottom_color=LINE)

    @cached_property
    def value_date(self) -> Format:
        """Of a moment."""
        return self.of(num_format=_DATE, align="left", indent=1, bottom=1, bottom_color=LINE)

    @cached_property
    def trouble(self) -> Format:
        """Of what went wrong."""
        return self.of(font_color="#C00000", align="left", indent=1)

    @cached_property
    def count(self) -> Format:
        """Of a number of something."""
        return self.of(num_format="#,##0", align="right", indent=1)

    @cached_property
    def count_but_zero(self) -> Format:
        """The same, where zero shows nothing."""
        return self.of(num_format="#,##0;;", font_color=GREY, align="right", indent=1)

    @cached_property
    def rank(self) -> Format:
        """Of a place in an order."""
        return self.of(num_format="0", align="center", font_color=GREY)

    @cached_property
    def date(self) -> Format:
        """Of a moment in a list."""
        return self.of(num_format=_DATE, align="left")

    @cached_property
    def head(self) -> Format:
        """Of the names of columns."""
        return self.of(bold=True, font_color="#FFFFFF", bg_color=BLUE)

    @cached_property
    def head_total(self) -> Format:
        """Of totals, and of names of columns in a pivot."""
        return self.of(bold=True, bg_color="#DDE6F4", num_format="#,##0")

    @cached_property
    def condition_head(self) -> Format:
        """Of the names of columns, wherever a formula puts them."""
        return self.of_condition(bold=True, font_color="#FFFFFF", bg_color=BLUE)

    @cached_property
    def condition_total(self) -> Format:
        """Of a total that a formula gives."""
        return self.of_condition(bold=True, bg_color="#DDE6F4")


def begin(sheet: Worksheet, style: Styles, title: str, hint: str) -> None:
    """What all sheets but the first begin with: a title, what the sheet is for, and how it is printed."""
    sheet.set_row(0, 26)
    sheet.set_row(1, 20)
    sheet.write_string(0, 0, title, style.title)
    sheet.write_string(1, 0, hint, style.hint)
    set_up_page(sheet)


def set_up_page(sheet: Worksheet) -> None:
    """How all sheets are printed: as wide as one page, and each page says which it is."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
