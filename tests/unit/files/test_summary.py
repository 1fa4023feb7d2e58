"""The summary of a workbook: its counts add up, and its charts plot them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.unit.files.conftest import MakeSnapshot
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.files import write
from xl_openfunnel.files.summary import BLANK, COUNTRIES
from xl_openfunnel.simulator import companies

ROWS = companies(900, seed=4)
MANY = [{"headquarters": f"Town, Country {number:02}"} for number in range(40) for _ in range(number + 1)]


def summary(path: Path) -> list[list[Any]]:
    return [[cell.value for cell in row[:3]] for row in openpyxl.load_workbook(path)["Summary"].iter_rows()]


def counts(path: Path, title: str) -> list[tuple[str, int]]:
    lines = summary(path)
    start = next(number for number, line in enumerate(lines) if line[0] == title)
    end = next(number for number in range(start, len(lines)) if lines[number][0] == "All")
    return [(line[0], line[1]) for line in lines[start + 1 : end + 1]]


@pytest.mark.parametrize("title", ["Country", "Employees"])
def test_the_counts_add_up_to_all_companies(snapshot: MakeSnapshot, tmp_path: Path, title: str) -> None:
    write(snapshot(ROWS), tmp_path / "demo.xlsx")
    *lines, (_, total) = counts(tmp_path / "demo.xlsx", title)
    assert sum(count for _, count in lines) == total == len(ROWS)


def test_bands_are_in_their_natural_order(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(ROWS), tmp_path / "demo.xlsx")
    assert [name for name, _ in counts(tmp_path / "demo.xlsx", "Employees")] == [*EMPLOYEE_BANDS, BLANK, "All"]


def test_the_largest_countries_come_first_and_the_others_together(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(MANY), tmp_path / "demo.xlsx")
    lines = counts(tmp_path / "demo.xlsx", "Country")
    assert lines[0] == ("Country 39", 40)
    assert lines[COUNTRIES:] == [("25 other countries", sum(range(1, 26))), ("All", len(MANY))]


def test_the_charts_plot_the_counts_beside_them(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(ROWS), tmp_path / "demo.xlsx")
    bars, columns = openpyxl.load_workbook(tmp_path / "demo.xlsx")["Summary"]._charts  # there is no public access
    for chart, title in ((bars, "Country"), (columns, "Employees")):
        first = next(number for number, line in enumerate(summary(tmp_path / "demo.xlsx"), 1) if line[0] == title) + 1
        last = first + len(counts(tmp_path / "demo.xlsx", title)) - 2
        assert chart.series[0].val.numRef.f == f"Summary!$B${first}:$B${last}"
        assert chart.series[0].cat.strRef.f == f"Summary!$A${first}:$A${last}"


def test_the_workbook_has_the_rows_and_the_manifest_too(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(ROWS), tmp_path / "demo.xlsx")
    book = openpyxl.load_workbook(tmp_path / "demo.xlsx")
    assert book.sheetnames == ["Rows", "Summary", "Manifest"]
    assert book.active.title == "Summary"
    assert book["Rows"].max_row == len(ROWS) + 1
    assert "derived query" in [line[0] for line in summary(tmp_path / "demo.xlsx")]


def test_an_empty_result_has_a_summary_too(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([], manifest=None), tmp_path / "demo.xlsx")
    assert counts(tmp_path / "demo.xlsx", "Employees")[-1] == ("All", 0)
