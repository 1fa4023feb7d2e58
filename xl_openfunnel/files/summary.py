"""The sheet Summary of a workbook: what was searched for, the companies by country and size, the facts of the job."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..known.columns import tallies
from ..pivot_rules import BLANK, TOTAL
from ..text import clip, companies, count, format_utc, one_line
from .cells import Cell, column_names
from .figures import SIZES, Figures, Line, figures
from .metadata import COMPLETE, Fact, notes, outcome, query, seeds
from .xlsx_cells import write_cell
from .xlsx_style import (
    BANNER_TEXT,
    BLUE,
    GRAY,
    GREEN,
    LIGHT_BLUE,
    LINE,
    NAVY,
    PALE_BLUE,
    RED,
    ROW_LINE,
    WHITE,
    Formats,
    add_bar_chart,
    cell_format,
    set_up_printing,
)

if TYPE_CHECKING:
    from . import Content

NAME: Final = "Summary"
TITLE: Final = "Lookalike companies"

_LABEL, _COUNT, _SHARE, _COUNTRY = 1, 2, 3, 5  # columns; the first and the fifth are margins
_SIZES: Final = _COUNTRY + 1
_TOTAL: Final = _SIZES + len(SIZES)
_MARGIN: Final = _TOTAL + 1
_WIDTHS: Final = (2, 24, 11, 8, 2, 20, *[8.5] * (len(SIZES) + 1), 2)

_CARDS: Final = ((_LABEL, _LABEL), (_COUNT, _SHARE), (_COUNTRY, _SIZES), (_SIZES + 1, _SIZES + 4), (_SIZES + 5, _TOTAL))
"""The first and last column of each."""

_UNKNOWN: Final = "–"
_MAX_BAND_UNITS: Final = 500
_CHARACTERS: Final = 125
"""How many of them a line from the second column to the last holds in every font that we expect."""

_MAX_HEIGHT: Final = 409  # Excel's limit
_PRINT_SCALE: Final = 68
"""In percent: a page holds all but the facts, with notes and further lines of the query up to `_SPARE_HEIGHT`."""

_SPARE_HEIGHT: Final = 60
_QUERY_LINE: Final = 18

_COUNTS: Final = {"num_format": "#,##0", "bottom": 1, "bottom_color": ROW_LINE}
_SUMS: Final = {"bold": True, "num_format": "#,##0", "top": 1, "top_color": NAVY}
_HEAD: Final = {"font_color": GRAY, "font_size": 9, "bottom": 1, "bottom_color": LINE}
_CARD: Final = {"bg_color": PALE_BLUE, "indent": 1, "align": "left"}
_FIGURE: Final = {"bold": True, "font_size": 20, "num_format": "#,##0", **_CARD}

_FORMATS: Final = {
    "body": cell_format(),
    "band": cell_format(bg_color=NAVY),
    "title": cell_format(bg_color=NAVY, font_color=WHITE, bold=True, font_size=20),
    "query": cell_format(bg_color=NAVY, font_color=WHITE, font_size=12, text_wrap=True, valign="top", align="left"),
    "origin": cell_format(bg_color=NAVY, font_color=BANNER_TEXT, font_size=9, align="left"),
    "card_label": cell_format(font_color=GRAY, font_size=9, **_CARD),
    "card_figure": cell_format(font_color=BLUE, **_FIGURE),
    "card_complete": cell_format(font_color=GREEN, **_FIGURE),
    "card_not_complete": cell_format(font_color=RED, **_FIGURE),
    "card_hint": cell_format(font_color=GRAY, font_size=9, bottom=2, bottom_color=BLUE, **_CARD),
    "known": cell_format(bold=True, font_color=NAVY, text_wrap=True, align="left"),
    "note": cell_format(font_color=RED, text_wrap=True, align="left"),
    "heading": cell_format(bold=True, font_color=NAVY, font_size=13),
    "head": cell_format(**_HEAD),
    "head_right": cell_format(align="right", **_HEAD),
    "name": cell_format(bottom=1, bottom_color=ROW_LINE, align="left"),
    "rest": cell_format(bottom=1, bottom_color=ROW_LINE, align="left", font_color=GRAY, italic=True),
    "count": cell_format(**_COUNTS),
    "share": cell_format(font_color=GRAY, **(_COUNTS | {"num_format": "0.0%"})),
    "nonzero": cell_format(**(_COUNTS | {"num_format": "#,##0;;"})),
    "sum_name": cell_format(**_SUMS),
    "sum": cell_format(**_SUMS),
    "sum_share": cell_format(**(_SUMS | {"num_format": "0.0%"})),
    "fact_name": cell_format(font_color=GRAY, bottom=1, bottom_color=ROW_LINE, valign="top"),
    "fact": cell_format(bottom=1, bottom_color=ROW_LINE, text_wrap=True, align="left", valign="top"),
}


def add_summary(book: Workbook, sheet: Worksheet, content: Content, facts: Sequence[tuple[str, list[Fact]]]) -> None:
    """Fill the sheet and make it the one that the workbook opens with; at its foot stand lists of facts with titles."""
    style = Formats(book, _FORMATS)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width, style["body"])
    sheet.hide_gridlines(2)
    sheet.set_tab_color(BLUE)
    found = figures(content.snapshot)
    row, query_height = _add_band(sheet, content, style)
    row = _add_cards(sheet, row, content, found, style)
    texts = notes(content.snapshot)
    known = [f"{text}." for text in tallies(content.snapshot, column_names(content.frame))]
    row = _add_notes(sheet, row, [*((text, "note") for text in texts), *((text, "known") for text in known)], style)
    sizes_row = _add_countries(sheet, row, found, style) + 1
    row = _add_sizes(book, sheet, sizes_row, found.total, style)
    is_long = query_height - _QUERY_LINE + sum(map(_height, [*texts, *known])) > _SPARE_HEIGHT
    sheet.set_h_pagebreaks([sizes_row, row] if is_long else [row])
    for title, list_of_facts in facts:
        row = _add_facts(sheet, row + 1, title, list_of_facts, style)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{row}"})
    sheet.print_area(0, 0, row, _MARGIN)
    set_up_printing(sheet)
    sheet.center_horizontally()
    sheet.set_print_scale(_PRINT_SCALE)  # and not to the width, or Excel would leave out the break
    sheet.activate()


def _add_band(sheet: Worksheet, content: Content, style: Formats) -> tuple[int, int]:
    """Write what was searched for, and where it comes from; return the next row, and the height of the query."""
    snapshot = content.snapshot
    jobs = snapshot.rows.jobs
    wanted = query(snapshot) or content.label or f"Job {snapshot.job_id}"
    origin = [
        content.label or "",
        f"job {snapshot.job_id}",
        f"as of {format_utc(snapshot.as_of)}" if snapshot.as_of else "",
        f"seeds {seeds(snapshot)}" if seeds(snapshot) else "",
    ]
    if jobs is not None:  # the facts at the foot tell what each was searched for
        wanted, origin = f"{count(len(jobs), 'job')}: {content.label or snapshot.job_id}", [origin[2]]
    wanted = clip(wanted, _MAX_BAND_UNITS)
    query_height = _QUERY_LINE * _lines(wanted)
    texts = (
        ("title", TITLE, 34),
        ("query", wanted, query_height),
        ("origin", " · ".join(filter(None, origin)), 20),
    )
    for row, (name, text, height) in enumerate(texts):
        sheet.set_row(row, height)
        for column in range(_MARGIN + 1):
            sheet.write_blank(row, column, None, style["band"])
        _write_wide(sheet, row, _LABEL, text, style[name])
    return len(texts), query_height


def _add_cards(sheet: Worksheet, row: int, content: Content, found: Figures, style: Formats) -> int:
    """Write the figures that matter most, each with its name above and a hint below."""
    snapshot = content.snapshot
    blank = sum(line.total for line in found.rest if line.name == BLANK)
    credits_used: Any = (snapshot.manifest or {}).get("credits_consumed")
    is_stated = isinstance(credits_used, (int, float)) and not isinstance(credits_used, bool)
    end = outcome(snapshot)
    pages, different = count(snapshot.pages, "page"), found.different_companies
    cards: tuple[tuple[str, Cell, str, str], ...] = (
        (
            "Companies",
            found.total.total,
            pages if different == found.total.total else f"{different:,} different · {pages}",
            "card_figure",
        ),
        ("Countries", found.country_count, f"{blank:,} companies have none" if blank else "", "card_figure"),
        (
            "Median employees",
            _UNKNOWN if found.median_employees is None else found.median_employees,
            f"of {companies(found.with_employees)} with a number",
            "card_figure",
        ),
        (
            "Credits",
            credits_used if is_stated else _UNKNOWN,
            "stated by the service" if is_stated else "",
            "card_figure",
        ),
        (
            "Result",
            end,
            "see the notes below" if notes(snapshot) else "checked against the service's manifest",
            "card_complete" if end == COMPLETE else "card_not_complete",
        ),
    )
    for offset, height in enumerate((8, 18, 30, 18)):
        sheet.set_row(row + offset, height)
    for (first, last), (name, value, hint, figure) in zip(_CARDS, cards, strict=True):
        lines = ((name, "card_label"), (value, figure), (hint, "card_hint"))
        for offset, (cell, format_name) in enumerate(lines, 1):
            _write_merged(sheet, row + offset, first, last, cell, style[format_name])
    return row + 4


def _add_notes(sheet: Worksheet, row: int, texts: Iterable[tuple[str, str]], style: Formats) -> int:
    """Write what a reader should know of the companies, a row each: texts with the names of their formats."""
    sheet.set_row(row, 8)
    row += 1
    for text, format_name in texts:
        sheet.set_row(row, _height(text))
        _write_wide(sheet, row, _LABEL, text, style[format_name])
        row += 1
    return row


def _add_countries(sheet: Worksheet, row: int, found: Figures, style: Formats) -> int:
    """Write the companies by country, and beside them by country and size."""
    sheet.set_row(row, 24)
    sheet.write_string(row, _LABEL, "Companies by country", style["heading"])
    sheet.write_string(row, _COUNTRY, "Companies by country and employees", style["heading"])
    _write_heads(sheet, row + 1, _LABEL, ("Country", "Companies", "Share"), style)
    _write_heads(sheet, row + 1, _COUNTRY, ("Country", *SIZES, TOTAL), style)
    first = row = row + 2
    for lines, name in ((found.countries, "name"), (found.rest, "rest")):
        for line in lines:
            _write_count(sheet, row, line.name, line.total, found.total.total, style, name)
            _write_sizes(sheet, row, line, style, (name, "nonzero", "count"))
            row += 1
    last = first + len(found.countries) - 1
    if found.countries:
        _add_data_bars(sheet, first, last)
        blue = {"min_color": WHITE, "mid_color": ROW_LINE, "max_color": LIGHT_BLUE}
        steps = {"min_type": "num", "min_value": 0, "mid_type": "percentile", "mid_value": 80}
        sheet.conditional_format(first, _SIZES, last, _TOTAL - 1, {"type": "3_color_scale", **blue, **steps})
    _write_total(sheet, row, found.total.total, style)
    _write_sizes(sheet, row, found.total, style, ("sum_name", "sum", "sum"))
    return row + 1


def _add_sizes(book: Workbook, sheet: Worksheet, row: int, total: Line, style: Formats) -> int:
    """Write the companies by size, with a chart beside them."""
    sheet.set_row(row, 24)
    sheet.write_string(row, _LABEL, "Companies by employees", style["heading"])
    _write_heads(sheet, row + 1, _LABEL, ("Employees", "Companies", "Share"), style)
    first, last = row + 2, row + 1 + len(SIZES)
    for size_row, (size, number) in enumerate(zip(SIZES, total.by_size, strict=True), first):
        name = "rest" if size == BLANK else "name"
        _write_count(sheet, size_row, size, number, total.total, style, name)
    _add_data_bars(sheet, first, last - 1)
    _write_total(sheet, last + 1, total.total, style)
    add_bar_chart(
        book,
        sheet,
        "column",
        "Companies by employees",
        first=first,
        last=last,
        column=_LABEL,
        position=(row, _COUNTRY),
        size=(_chart_width(), 20 * (len(SIZES) + 3) + 10),
        gray=[size == BLANK for size in SIZES],
        show_title=False,
    )
    return last + 2


def _add_facts(sheet: Worksheet, row: int, title: str, facts: Iterable[Fact], style: Formats) -> int:
    """Write a heading and its facts; return the row after them."""
    sheet.set_row(row, 24)
    sheet.write_string(row, _LABEL, title, style["heading"])
    row += 1
    for name, value in facts or [("manifest", "none")]:
        text = {True: "yes", False: "no", "": _UNKNOWN}.get(value, value) if isinstance(value, (bool, str)) else value
        words = one_line(name.replace("_", " "))
        write_cell(sheet, row, _LABEL, words[:1].upper() + words[1:], style["fact_name"])
        _write_wide(sheet, row, _COUNT, text, style["fact"])
        sheet.set_row(row, _height(str(text)))
        row += 1
    return row


def _write_heads(sheet: Worksheet, row: int, column: int, names: Iterable[str], style: Formats) -> None:
    for offset, name in enumerate(names):
        sheet.write_string(row, column + offset, name, style["head_right" if offset else "head"])


def _write_count(
    sheet: Worksheet, row: int, name: str, number: int, total: int, style: Formats, format_name: str
) -> None:
    write_cell(sheet, row, _LABEL, name, style[format_name])
    sheet.write_number(row, _COUNT, number, style["count"])
    sheet.write_number(row, _SHARE, number / total if total else 0, style["share"])


def _write_total(sheet: Worksheet, row: int, total: int, style: Formats) -> None:
    sheet.write_string(row, _LABEL, TOTAL, style["sum_name"])
    sheet.write_number(row, _COUNT, total, style["sum"])
    sheet.write_number(row, _SHARE, 1 if total else 0, style["sum_share"])


def _write_sizes(sheet: Worksheet, row: int, line: Line, style: Formats, formats: tuple[str, str, str]) -> None:
    """Write the companies of a line by size, as OF_PIVOT shows them; a zero is there, but not seen."""
    name, size, total = (style[format_name] for format_name in formats)
    write_cell(sheet, row, _COUNTRY, line.name, name)
    for column, number in enumerate(line.by_size, _SIZES):
        sheet.write_number(row, column, number, size)
    sheet.write_number(row, _TOTAL, line.total, total)


def _add_data_bars(sheet: Worksheet, first: int, last: int) -> None:
    bar = {"type": "data_bar", "bar_color": LIGHT_BLUE, "bar_solid": True, "bar_no_border": True}
    sheet.conditional_format(first, _COUNT, last, _COUNT, {**bar, "min_type": "num", "min_value": 0})


def _write_wide(sheet: Worksheet, row: int, column: int, cell: Cell, style: Format) -> None:
    """Write a cell that reaches to the last column."""
    _write_merged(sheet, row, column, _TOTAL, cell, style)


def _write_merged(sheet: Worksheet, row: int, first: int, last: int, cell: Cell, style: Format) -> None:
    if last > first:
        sheet.merge_range(row, first, row, last, "", style)
    write_cell(sheet, row, first, cell, style)


def _lines(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "FW" for character in text)  # as wide as two Latin letters
    return max(1, math.ceil((len(text) + wide) / _CHARACTERS))


def _height(text: str) -> int:
    return min(15 * _lines(text) + 5, _MAX_HEIGHT)


def _chart_width() -> int:
    """In pixels: XlsxWriter's, for the columns that the chart stands over."""
    return round(sum(7 * width + 5 for width in _WIDTHS[_COUNTRY:_MARGIN]))
