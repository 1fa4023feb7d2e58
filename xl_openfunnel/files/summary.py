"""The summary sheet of a workbook: the manifest, the companies by country and by size, and two charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..jobs.snapshot import Snapshot
from ..text import companies
from .metadata import manifest_facts, utc
from .xlsx_cells import FONT, write_cell

if TYPE_CHECKING:
    import pandas as pd

COUNTRIES: Final = 15
"""Countries that have a line of their own; the others share one."""

BLANK: Final = "(blank)"
OTHERS: Final = "other countries"

_DARK, _BLUE, _ORANGE, _GREY, _LINE, _PALE = "#1F3864", "#4472C4", "#ED7D31", "#A6A6A6", "#D0D0D0", "#F2F5FA"
_LABEL, _COUNT, _SHARE, _CHART = 0, 1, 2, 4  # columns of the sheet
_WIDTHS: Final = (26, 12, 10, 3)


def add_summary(book: Workbook, snapshot: Snapshot) -> None:
    """Add the sheet; it is the one that a reader of the workbook sees first."""
    places = snapshot.frame(["country", "employee_band"])
    countries, bands = by_country(places["country"]), by_band(places["employee_band"])
    sheet = book.add_worksheet("Summary")
    style = _Styles(book)
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width, style.body)
    sheet.set_column(_CHART, _CHART + 9, 9.5, style.body)
    sheet.hide_gridlines(2)
    sheet.set_row(0, 30)
    sheet.write_string(0, _LABEL, "Lookalike companies", style.title)
    state = f"{companies(len(snapshot.rows))} · {snapshot.status} · as of {utc(snapshot.as_of)}"
    sheet.write_string(1, _LABEL, f"{state} · job {snapshot.job_id}", style.subtitle)
    line = _add_manifest_lines(sheet, 3, snapshot, style)
    first_countries = line + 1
    first_bands = _add_counts(sheet, first_countries, "Country", countries, style)
    end = _add_counts(sheet, first_bands, "Employees", bands, style)
    heights = [(first_bands - first_countries - 1) * 20, (end - first_bands - 1) * 20]
    _add_chart(book, sheet, "bar", "Companies by country", first_countries, countries, heights[0])
    _add_chart(book, sheet, "column", "Companies by number of employees", first_bands, bands, heights[1])
    sheet.set_landscape()
    sheet.fit_to_pages(1, 1)
    sheet.activate()


def by_country(countries: pd.Series[Any]) -> list[tuple[str, int]]:
    """Companies per country, the most first; the rest and the blanks last."""
    counts = sorted(countries.value_counts().items(), key=lambda item: (-item[1], str(item[0])))
    shown = [(str(name), int(count)) for name, count in counts[:COUNTRIES]]
    others = counts[COUNTRIES:]
    if others:
        shown.append((f"{len(others)} {OTHERS}", sum(int(count) for _, count in others)))
    return _with_blanks(shown, countries)


def by_band(bands: pd.Series[Any]) -> list[tuple[str, int]]:
    """Companies per employee band in natural order, bands without any included; the blanks last."""
    counts = bands.value_counts(sort=False)
    return _with_blanks([(str(band), int(counts[band])) for band in bands.cat.categories], bands)


def _with_blanks(counts: list[tuple[str, int]], column: pd.Series[Any]) -> list[tuple[str, int]]:
    blanks = int(column.isna().sum())
    return [*counts, (BLANK, blanks)] if blanks else counts


class _Styles:
    """The formats of the summary."""

    def __init__(self, book: Workbook) -> None:
        def style(**more: Any) -> Format:
            return book.add_format({"font_name": FONT, "font_size": 11, "valign": "vcenter", **more})

        head = {"bold": True, "font_color": "#FFFFFF", "bg_color": _DARK}
        self.body = style()
        self.title = style(bold=True, font_size=20, font_color=_DARK)
        self.subtitle = style(font_color="#595959")
        self.heading = style(bold=True, font_color=_DARK, font_size=13, bottom=2, bottom_color=_BLUE)
        self.label = style(font_color="#595959", bg_color=_PALE)
        self.value = style(align="left", bg_color=_PALE)
        self.head = style(**head)
        self.head_right = style(align="right", **head)
        self.name = style(bottom=1, bottom_color=_LINE)
        self.count = style(num_format="#,##0", bottom=1, bottom_color=_LINE)
        self.share = style(num_format="0.0%", bottom=1, bottom_color=_LINE)
        self.total = style(bold=True, top=1, top_color=_DARK)
        self.total_count = style(bold=True, num_format="#,##0", top=1, top_color=_DARK)
        self.total_share = style(bold=True, num_format="0.0%", top=1, top_color=_DARK)


def _add_manifest_lines(sheet: Worksheet, line: int, snapshot: Snapshot, style: _Styles) -> int:
    """The service's own summary; the line after it."""
    last = _CHART + 9
    for place in range(last + 1):
        sheet.write_blank(line, place, None, style.heading)
    sheet.write_string(line, _LABEL, "Manifest", style.heading)
    facts = manifest_facts(snapshot) or [("manifest", "none")]
    for number, (name, value) in enumerate(facts, line + 1):
        for place in range(last + 1):
            sheet.write_blank(number, place, None, style.value)
        write_cell(sheet, number, _LABEL, name.replace("_", " "), style.label)
        shown = {True: "yes", False: "no", "": "–"}.get(value, value) if isinstance(value, (bool, str)) else value
        write_cell(sheet, number, _COUNT, shown, style.value)
    return line + 1 + len(facts)


def _add_counts(sheet: Worksheet, line: int, title: str, counts: Sequence[tuple[str, int]], style: _Styles) -> int:
    """A table of counts with its total; the line where the next one can begin."""
    sheet.write_string(line, _LABEL, title, style.head)
    sheet.write_string(line, _COUNT, "Companies", style.head_right)
    sheet.write_string(line, _SHARE, "Share", style.head_right)
    total = sum(count for _, count in counts)
    for number, (name, count) in enumerate(counts, line + 1):
        write_cell(sheet, number, _LABEL, name, style.name)
        sheet.write_number(number, _COUNT, count, style.count)
        sheet.write_number(number, _SHARE, count / total if total else 0, style.share)
    end = line + 1 + len(counts)
    sheet.write_string(end, _LABEL, "All", style.total)
    sheet.write_number(end, _COUNT, total, style.total_count)
    sheet.write_number(end, _SHARE, 1 if total else 0, style.total_share)
    return end + 2


def _add_chart(
    book: Workbook, sheet: Worksheet, kind: str, title: str, line: int, counts: Sequence[tuple[str, int]], height: int
) -> None:
    """A chart of the counts that stand below ``line``, beside them."""
    if not counts:
        return
    chart = book.add_chart({"type": kind})
    first, last = line + 1, line + len(counts)
    colour = _BLUE if kind == "bar" else _ORANGE
    grey = [name == BLANK or name.endswith(OTHERS) for name, _ in counts]
    chart.add_series(
        {
            "name": title,
            "categories": [sheet.get_name(), first, _LABEL, last, _LABEL],
            "values": [sheet.get_name(), first, _COUNT, last, _COUNT],
            "fill": {"color": colour},
            "points": [{"fill": {"color": _GREY if other else colour}} for other in grey],
            "gap": 40,
            "data_labels": {"value": True, "num_format": "#,##0", "font": {"size": 9, "color": "#404040"}},
        }
    )
    font = {"name": FONT, "size": 9, "color": "#404040"}
    categories = {"num_font": font, "line": {"color": _LINE}, "major_tick_mark": "none", "reverse": kind == "bar"}
    values = {"visible": False, "major_gridlines": {"visible": False}}
    chart.set_x_axis(values if kind == "bar" else categories)
    chart.set_y_axis(categories if kind == "bar" else values)
    chart.set_title({"name": title, "name_font": {"name": FONT, "size": 13, "color": _DARK}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_chartarea({"border": {"color": _LINE}})
    chart.set_size({"width": 712, "height": max(height, 200)})
    sheet.insert_chart(line, _CHART, chart, {"object_position": 3})
