"""The summary of a workbook: its counts add up, and its charts plot them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.unit.files.conftest import make_snapshot
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.files import write
from xl_openfunnel.files.summary import BLANK, COUNTRIES
from xl_openfunnel.simulator import companies

ROWS = companies(900, seed=4)
MANY = [{"headquarters": f"Town, Country {number:02}"} for number in range(40) for _ in range(number + 1)]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The workbook of ROWS, read back."""
    path = tmp_path_factory.mktemp("summary") / "demo.xlsx"
    write(make_snapshot(ROWS), path)
    return openpyxl.load_workbook(path)


def written(rows: list[dict[str, Any]], folder: Path, **overrides: Any) -> Any:
    write(make_snapshot(rows, **overrides), folder / "demo.xlsx")
    return openpyxl.load_workbook(folder / "demo.xlsx")


def summary(book: Any) -> list[list[Any]]:
    return [[cell.value for cell in row[:3]] for row in book["Summary"].iter_rows()]


def counts(book: Any, title: str) -> list[tuple[str, int]]:
    lines = summary(book)
    start = next(number for number, line in enumerate(lines) if line[0] == title)
    end = next(number for number in range(start, len(lines)) if lines[number][0] == "All")
    return [(line[0], line[1]) for line in lines[start + 1 : end + 1]]


@pytest.mark.parametrize("title", ["Country", "Employees"])
def test_the_counts_add_up_to_all_companies(book: Any, title: str) -> None:
    *lines, (_, total) = counts(book, title)
    assert sum(count for _, count in lines) == total == len(ROWS)


def test_bands_are_in_their_natural_order(book: Any) -> None:
    assert [name for name, _ in counts(book, "Employees")] == [*EMPLOYEE_BANDS, BLANK, "All"]


def test_the_largest_countries_come_first_and_the_others_together(tmp_path: Path) -> None:
    lines = counts(written(MANY, tmp_path), "Country")
    assert lines[0] == ("Country 39", 40)
    assert lines[COUNTRIES:] == [("25 other countries", sum(range(1, 26))), ("All", len(MANY))]


def test_the_charts_plot_the_counts_beside_them(book: Any) -> None:
    bars, columns = book["Summary"]._charts  # there is no public access
    for chart, title in ((bars, "Country"), (columns, "Employees")):
        first = next(number for number, line in enumerate(summary(book), 1) if line[0] == title) + 1
        last = first + len(counts(book, title)) - 2
        assert chart.series[0].val.numRef.f == f"Summary!$B${first}:$B${last}"
        assert chart.series[0].cat.strRef.f == f"Summary!$A${first}:$A${last}"


def test_the_workbook_has_the_rows_and_the_manifest_too(book: Any) -> None:
    assert book.sheetnames == ["Rows", "Summary", "Manifest"]
    assert book.active.title == "Summary"
    assert book["Rows"].max_row == len(ROWS) + 1
    assert "derived query" in [line[0] for line in summary(book)]


def test_an_empty_result_has_a_summary_too(tmp_path: Path) -> None:
    assert counts(written([], tmp_path, manifest=None), "Employees")[-1] == ("All", 0)
