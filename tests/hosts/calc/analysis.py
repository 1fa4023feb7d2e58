"""The sheet with which an analysis of new companies ends, as the guide's page known.md shows it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from tests.hosts.basic.libreoffice import LibreOffice
from xl_openfunnel.simulator import SimulatedJob, companies

SHEET: Final = "New companies"
JOB: Final = SimulatedJob(companies(600), job_id="4f0c2a6e-7d35-4b0e-9a51-1c9d6b1f8e02")
EARLIER: Final = SimulatedJob(companies(560), job_id="b7e1d94c-02f8-4c6b-8a3f-5e2a90c4d716")
LABELS: Final = {JOB.job_id: "Payments November", EARLIER.job_id: "Payments June"}
FORMULAS: Final = {
    "B8": "=OF_DOMAIN(A8:A24)",
    "E3": '=OF_NEW(B3,"crm",,,"count")',
    "E4": '=OF_NEW(B3,B4,,,"count")',
    "D7": '=OF_NEW(B3,"crm","name,domain,country,employee_count")',
    "J7": '=OF_NEW(B3,"crm","name",,"why")',
}
"""The five formulas, by their first cells."""

_EXTENTS: Final = {"B8": "B8:B24", "D7": "D7:H700", "J7": "J7:L700"}
"""The cells of those that fill several: Calc cannot spill."""

_WIDTHS: Final = dict(zip("ABCDEFGHIJKL", (29, 23, 1, 20, 21, 14, 14, 5, 1, 20, 8, 8), strict=True))
_NAVY, _BLUE, _GREY = "#203864", "#4472C4", "#7F7F7F"


def accounts() -> Iterator[tuple[str, str, str]]:
    """Website, LinkedIn page and team of each account, the website as people write it into a CRM."""
    ways = ("www.{}/", "info@{}", "http//{}", "WWW.{}", "https://shop.{}", "{}.", "n/a", "<sales@{}>")
    for number, row in enumerate(JOB.rows[:330]):
        if number % 5 in (0, 1, 3) and row["domain"]:
            way = ways[number % len(ways)]
            text = way.format(row["domain"])
            page = str(row["linkedin_url"]) if way == "n/a" else ""
            yield text.upper() if way[0] == "W" else text, page, ("North", "South", "West")[number % 3]


def write_accounts(path: Path) -> None:
    """The accounts as an export of a CRM."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("Website", "LinkedIn", "Team"), *accounts()])


def write_sheet(path: Path) -> None:
    """The sheet before its formulas are entered: titles, widths, formats and the accounts."""
    with xlsxwriter.Workbook(path) as book:
        book.formats[0].set_font_name("Carlito")
        sheet = book.add_worksheet(SHEET)
        sheet.hide_gridlines(2)
        sheet.hide_row_col_headers()

        def add(**properties: object) -> Any:
            return book.add_format({"font_name": "Carlito", **properties})

        band = add(bg_color=_NAVY, font_color="white", bold=True, font_size=15, valign="vcenter", indent=1)
        head, indented = (add(bg_color=_BLUE, font_color="white", bold=True, indent=indent) for indent in (0, 1))
        formula, label = add(font_color=_GREY, italic=True), add(bold=True)
        big = add(num_format="#,##0", align="left", bold=True, font_size=15, font_color=_BLUE)
        of_column = {"G": add(num_format="#,##0"), "H": add(indent=1)}
        for column, width in _WIDTHS.items():
            sheet.set_column(f"{column}:{column}", width, of_column.get(column))
        sheet.set_row(0, 30)
        for column in _WIDTHS:
            sheet.write(f"{column}1", "", band)
        sheet.write("A1", "Which of these companies do we not know yet?", band)
        for row, (title, name) in enumerate(zip(("Job", "The job before"), LABELS.values(), strict=True), 2):
            sheet.write(row, 0, title, label)
            sheet.write(row, 1, name)
        sheet.write("D3", "new to our CRM", label)
        sheet.write("D4", "new since the job before", label)
        for cell in ("E3", "E4"):
            sheet.write(cell, "", big)
            sheet.write_string(f"F{cell[1]}", FORMULAS[cell], formula)
        for cell, text in (("A6", FORMULAS["B8"]), ("D6", FORMULAS["D7"]), ("J6", FORMULAS["J7"])):
            sheet.write_string(cell, text, formula)
        for column in _WIDTHS:
            if column not in "CI":
                sheet.write(f"{column}7", "", indented if column == "H" else head)
        for column, title in (("A", "Website in our CRM"), ("B", "compared by")):
            sheet.write(f"{column}7", title, head)
        for row, (website, *_) in enumerate(list(accounts())[:17], 7):
            sheet.write_string(row, 0, website)


def enter_formulas(running: LibreOffice) -> None:
    """Enter the formulas, and wait for what they show."""
    for cell, formula in FORMULAS.items():
        area = _EXTENTS.get(cell, cell)
        running.enter(SHEET, area, formula.replace(",", ";"), array=area != cell)
    for cell in ("D8", "J8"):
        running.wait_until(SHEET, cell, lambda shown: shown not in ("", "loading"))
    for cell in ("E3", "E4"):
        running.wait_until(SHEET, cell, lambda shown: isinstance(shown, float))
