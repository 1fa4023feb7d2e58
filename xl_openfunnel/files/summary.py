"""The summary sheet of a workbook: the manifest, and the companies by country and by size with charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..jobs.snapshot import Snapshot
from ..text import companies, format_utc
from .metadata import manifest_facts, warning_facts
from .xlsx_cells import write_cell
from .xlsx_style import BLUE, DARK_GRAY, GRAY_LINE, NAVY, PALE_BLUE, WHITE, Formats, add_bar_chart, cell_format

if TYPE_CHECKING:
    import pandas as pd

COUNTRIES: Final = 15
"""How many countries have their own line; the others share one."""

BLANK: Final = "(blank)"
OTHERS: Final = "other countries"

_LABEL, _COUNT, _SHARE, _CHART = 0, 1, 2, 4  # columns of the sheet
_WIDTHS: Final = (26, 12, 10, 3)
_LAST_COLUMN: Final = _CHART + 9

_HEAD: Final = {"bold": True, "font_color": WHITE, "bg_color": NAVY}
_FORMATS: Final = {
    "body": cell_format(),
    "title": cell_format(bold=True, font_size=20, font_color=NAVY),
    "subtitle": cell_format(font_color=DARK_GRAY),
    "heading": cell_format(bold=True, font_color=NAVY, font_size=13, bottom=2, bottom_color=BLUE),
    "label": cell_format(font_color=DARK_GRAY, bg_color=PALE_BLUE),
    "value": cell_format(align="left", bg_color=PALE_BLUE),
    "head": cell_format(**_HEAD),
    "head_right": cell_format(align="right", **_HEAD),
    "name": cell_format(bottom=1, bottom_color=GRAY_LINE),
    "count": cell_format(num_format="#,##0", bottom=1, bottom_color=GRAY_LINE),
    "share": cell_format(num_format="0.0%", bottom=1, bottom_color=GRAY_LINE),
    "total": cell_format(bold=True, top=1, top_color=NAVY),
    "total_count": cell_format(bold=True, num_format="#,##0", top=1, top_color=NAVY),
    "total_share": cell_format(bold=True, num_format="0.0%", top=1, top_color=NAVY),
}


def add_summary(book: Workbook, snapshot: Snapshot) -> None:
    """Add the sheet and make it the one that the workbook opens with."""
    frame = snapshot.frame(["country", "employee_band"])
    countries, bands = count_by_country(frame["country"]), count_by_band(frame["employee_band"])
    sheet = book.add_worksheet("Summary")
    style = Formats(book, _FORMATS)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width, style["body"])
    sheet.set_column(_CHART, _LAST_COLUMN, 9.5, style["body"])
    sheet.hide_gridlines(2)
    sheet.set_row(0, 30)
    sheet.write_string(0, _LABEL, "Lookalike companies", style["title"])
    state = f"{companies(len(snapshot.rows))} · {snapshot.status} · as of {format_utc(snapshot.as_of)}"
    sheet.write_string(1, _LABEL, f"{state} · job {snapshot.job_id}", style["subtitle"])
    countries_row = _add_manifest(sheet, 3, snapshot, style) + 1
    bands_row = _add_counts(sheet, countries_row, "Country", countries, style)
    _add_counts(sheet, bands_row, "Employees", bands, style)
    _add_chart(book, sheet, "bar", "Companies by country", countries_row, countries)
    _add_chart(book, sheet, "column", "Companies by number of employees", bands_row, bands)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 1)
    sheet.activate()


def count_by_country(countries: pd.Series[Any]) -> list[tuple[str, int]]:
    """Companies per country, the largest first, then the other countries together, then blanks."""
    counts = sorted(countries.value_counts().items(), key=lambda item: (-item[1], str(item[0])))
    result = [(str(name), int(count)) for name, count in counts[:COUNTRIES]]
    others = counts[COUNTRIES:]
    if others:
        result.append((f"{len(others)} {OTHERS}", sum(int(count) for _, count in others)))
    return _with_blanks(result, countries)


def count_by_band(bands: pd.Series[Any]) -> list[tuple[str, int]]:
    """Companies per employee band in natural order, empty bands included, then blanks."""
    counts = bands.value_counts(sort=False)
    return _with_blanks([(str(band), int(counts[band])) for band in bands.cat.categories], bands)


def _with_blanks(counts: list[tuple[str, int]], column: pd.Series[Any]) -> list[tuple[str, int]]:
    blanks = int(column.isna().sum())
    return [*counts, (BLANK, blanks)] if blanks else counts


def _add_manifest(sheet: Worksheet, row: int, snapshot: Snapshot, style: Formats) -> int:
    """Write the job's warnings and the service's manifest from ``row`` on; return the row after it."""
    for column in range(_LAST_COLUMN + 1):
        sheet.write_blank(row, column, None, style["heading"])
    sheet.write_string(row, _LABEL, "Manifest", style["heading"])
    facts = warning_facts(snapshot) + (manifest_facts(snapshot) or [("manifest", "none")])
    for fact_row, (name, value) in enumerate(facts, row + 1):
        for column in range(_LAST_COLUMN + 1):
            sheet.write_blank(fact_row, column, None, style["value"])
        write_cell(sheet, fact_row, _LABEL, name.replace("_", " "), style["label"])
        text = {True: "yes", False: "no", "": "–"}.get(value, value) if isinstance(value, (bool, str)) else value
        write_cell(sheet, fact_row, _COUNT, text, style["value"])
    return row + 1 + len(facts)


def _add_counts(sheet: Worksheet, row: int, title: str, counts: Sequence[tuple[str, int]], style: Formats) -> int:
    """Write a table of counts with its total from ``row`` on; return the row for the next one."""
    sheet.write_string(row, _LABEL, title, style["head"])
    sheet.write_string(row, _COUNT, "Companies", style["head_right"])
    sheet.write_string(row, _SHARE, "Share", style["head_right"])
    total = sum(count for _, count in counts)
    for count_row, (name, count) in enumerate(counts, row + 1):
        write_cell(sheet, count_row, _LABEL, name, style["name"])
        sheet.write_number(count_row, _COUNT, count, style["count"])
        sheet.write_number(count_row, _SHARE, count / total if total else 0, style["share"])
    total_row = row + 1 + len(counts)
    sheet.write_string(total_row, _LABEL, "All", style["total"])
    sheet.write_number(total_row, _COUNT, total, style["total_count"])
    sheet.write_number(total_row, _SHARE, 1 if total else 0, style["total_share"])
    return total_row + 2


def _add_chart(
    book: Workbook,
    sheet: Worksheet,
    kind: Literal["bar", "column"],
    title: str,
    row: int,
    counts: Sequence[tuple[str, int]],
) -> None:
    """Add a chart beside the counts below ``row``, as high as their table."""
    if counts:
        add_bar_chart(
            book,
            sheet,
            kind,
            title,
            first=row + 1,
            last=row + len(counts),
            column=_LABEL,
            position=(row, _CHART),
            size=(712, max((len(counts) + 2) * 20, 200)),
            line_color=GRAY_LINE,
            gray=[name == BLANK or name.endswith(OTHERS) for name, _ in counts],
        )
