"""The look of our workbooks: one palette, named formats, and bar charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

FONT: Final = "Calibri"
TABLE_STYLE: Final = "Table Style Medium 2"

WHITE: Final = "#FFFFFF"
NAVY: Final = "#1F3864"
BLUE: Final = "#4472C4"
LIGHT_BLUE: Final = "#8EA9DB"
PALE_BLUE: Final = "#F2F5FA"
YELLOW: Final = "#FFF2CC"
AMBER: Final = "#BF8F00"
DARK_AMBER: Final = "#8A5A00"
"""For text: that of a contrast which people can read, also on pale blue."""
RED: Final = "#C00000"
GREEN: Final = "#2E7D32"
GRAY: Final = "#5B6472"
CHART_GRAY: Final = "#A6A6A6"
CHART_TEXT: Final = "#404040"
LINE: Final = "#D9DEE8"
ROW_LINE: Final = "#D9E1F2"
TOTAL_FILL: Final = "#DDE6F4"
BANNER_TEXT: Final = "#D6DFF0"


def cell_format(**properties: Any) -> dict[str, Any]:
    """A cell's format for `Formats`: these properties and the common ones."""
    return {"font_name": FONT, "font_size": 11, "valign": "vcenter", **properties}


class Formats:
    """The formats of one workbook by name, from XlsxWriter's properties of each.

    Each is added at its first use, because XlsxWriter writes formats in the order in which they were added.
    """

    def __init__(self, book: Workbook, table: Mapping[str, Mapping[str, Any]]) -> None:
        self._book = book
        self._table = table
        self._formats: dict[str, Format] = {}

    def __getitem__(self, name: str) -> Format:
        if name not in self._formats:
            self._formats[name] = self._book.add_format(dict(self._table[name]))
        return self._formats[name]


def add_bar_chart(
    book: Workbook,
    sheet: Worksheet,
    kind: Literal["bar", "column"],
    title: str,
    *,
    first: int,
    last: int,
    column: int,
    position: tuple[int, int],
    size: tuple[int, int],
    number_format: str = "#,##0",
    gray: Sequence[bool] = (),
    show_title: bool = True,
    offset: tuple[int, int] = (0, 0),
    hidden_cells: bool = False,
) -> None:
    """Add a chart of the counts that stand in the column after that of their labels, on the same sheet.

    Rows and columns count from 0; ``size``, and the ``offset`` from the upper left corner of the cell at ``position``,
    are in pixels. ``gray`` says for each row whether its bar is gray. Screen readers say the title, also where it is
    not shown.
    """
    chart = book.add_chart({"type": kind})
    label_font = {"size": 9, "color": CHART_TEXT}
    chart.add_series(
        {
            "name": title,
            "categories": [sheet.get_name(), first, column, last, column],
            "values": [sheet.get_name(), first, column + 1, last, column + 1],
            "fill": {"color": BLUE},
            "points": [{"fill": {"color": CHART_GRAY if is_gray else BLUE}} for is_gray in gray],
            "gap": 40,
            "data_labels": {"value": True, "num_format": number_format, "font": label_font},
        }
    )
    categories = {
        "num_font": {"name": FONT, **label_font},
        "line": {"color": LINE},
        "major_tick_mark": "none",
        "reverse": kind == "bar",
    }
    values = {"visible": False, "major_gridlines": {"visible": False}, "min": 0}
    chart.set_x_axis(values if kind == "bar" else categories)
    chart.set_y_axis(categories if kind == "bar" else values)
    title_font = {"name": FONT, "size": 13, "color": NAVY}
    chart.set_title({"none": not show_title, "name": title, "name_font": title_font, "overlay": False})
    chart.set_legend({"none": True})
    if hidden_cells:
        chart.show_hidden_data()
    chart.set_chartarea({"border": {"color": LINE}})
    chart.set_size({"width": size[0], "height": size[1]})
    placed = {"object_position": 3, "x_offset": offset[0], "y_offset": offset[1]}
    sheet.insert_chart(*position, chart, {**placed, "description": f"Chart: {title}"})  # what screen readers say


def set_up_printing(sheet: Worksheet) -> None:
    """Print the sheet one page wide, with the sheet's name and page number on each page."""
    sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
