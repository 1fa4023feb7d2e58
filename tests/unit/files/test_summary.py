"""The sheet Summary: what its figures are, that they agree with OF_PIVOT and pandas, and that it says what is
missing."""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.files.conftest import MANIFEST, make_snapshot
from tests.unit.pivots import pivot
from xl_openfunnel import IncompleteResultError, JobFailedError, JobStatus, Problem, table
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.files import write
from xl_openfunnel.files.figures import MAX_COUNTRIES, figures
from xl_openfunnel.files.summary import TITLE
from xl_openfunnel.jobs.snapshot import NO_ROWS
from xl_openfunnel.jobs.stacking import stacked_snapshot
from xl_openfunnel.known.columns import with_all_columns
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.pivot_rules import BLANK, TOTAL
from xl_openfunnel.selection import ALL
from xl_openfunnel.simulator import companies

ROWS = companies(900, seed=4)
MANY = [{"headquarters": f"Town, Country {number:03}"} for number in range(190) for _ in range(number + 1)]
WHEN = datetime(2026, 7, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of ROWS."""
    path = tmp_path_factory.mktemp("summary") / "rows.xlsx"
    write(make_snapshot(ROWS), path)
    return path


@pytest.fixture(scope="module")
def book(file: Path) -> Any:
    return openpyxl.load_workbook(file)


def written(rows: list[dict[str, Any]], folder: Path, columns: Any = None, label: Any = None, **overrides: Any) -> Any:
    write(make_snapshot(rows, **overrides), folder / "demo.xlsx", columns, label=label)
    return openpyxl.load_workbook(folder / "demo.xlsx")


def texts(book: Any) -> list[str]:
    return [str(cell.value) for row in book["Summary"].iter_rows() for cell in row if cell.value is not None]


def card(book: Any, name: str) -> tuple[Any, Any]:
    """The figure below a card's name, and its hint."""
    sheet = book["Summary"]
    (cell,) = [cell for row in sheet.iter_rows(max_row=6) for cell in row if cell.value == name]
    return sheet.cell(cell.row + 1, cell.column).value, sheet.cell(cell.row + 2, cell.column).value


def block(book: Any, title: str) -> list[list[Any]]:
    """The table below a title, from its header to its total."""
    sheet = book["Summary"]
    (start,) = [cell for row in sheet.iter_rows() for cell in row if cell.value == title]
    width = 1
    while sheet.cell(start.row + 1, start.column + width).value is not None:
        width += 1
    rows: list[list[Any]] = []
    while not rows or rows[-1][0] != TOTAL:
        row = start.row + 1 + len(rows)
        rows.append([sheet.cell(row, start.column + offset).value for offset in range(width)])
    return rows


def facts(book: Any) -> dict[str, Any]:
    return {row[1].value: row[2].value for row in book["Summary"].iter_rows() if row[1].value}


def of_pivot(rows: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """What OF_PIVOT counts by country and band."""
    header, *lines = pivot(table.frame(rows, ["country", "employee_band"]), ["country"], ["employee_band"])
    return {(str(line[0]), str(name)): cell for line in lines for name, cell in zip(header[1:], line[1:], strict=True)}


def test_the_sheet_is_the_first_and_the_one_that_opens(book: Any) -> None:
    assert book.sheetnames == ["Summary", "Companies"]
    assert book.active.title == "Summary"
    assert book["Companies"].max_row == len(ROWS) + 1
    assert texts(book)[0] == TITLE


def test_companies_by_country_and_size_are_those_of_of_pivot(book: Any) -> None:
    header, *lines = block(book, "Companies by country and employees")
    assert header == ["Country", *EMPLOYEE_BANDS, BLANK, TOTAL]
    shown = {(line[0], name): cell for line in lines for name, cell in zip(header[1:], line[1:], strict=True)}
    expected = of_pivot(ROWS)
    assert len(lines) == len({country for country, _ in expected})
    assert shown == {key: expected.get(key) or 0 for key in shown}


def test_companies_by_country_and_size_are_those_of_pandas(book: Any, file: Path) -> None:
    read = pd.read_excel(file, sheet_name="Companies", keep_default_na=False, engine="openpyxl").replace("", BLANK)
    counted = pd.crosstab(read["country"], read["employee_band"], margins=True, margins_name=TOTAL)
    header, *lines = block(book, "Companies by country and employees")
    for line in lines:
        for size, cell in zip(header[1:], line[1:], strict=True):
            assert cell == (counted.loc[line[0], size] if size in counted else 0)


def test_the_three_tables_agree_with_each_other(book: Any) -> None:
    _, *by_country = block(book, "Companies by country")
    _, *by_both = block(book, "Companies by country and employees")
    _, *by_size = block(book, "Companies by employees")
    assert [line[:2] for line in by_country] == [[line[0], line[-1]] for line in by_both]
    assert [line[1] for line in by_size] == by_both[-1][1:]
    for *lines, (_, total, share) in (by_country, by_size):
        assert sum(line[1] for line in lines) == total == len(ROWS)
        assert sum(line[2] for line in lines) == pytest.approx(share) == 1
    assert [line[0] for line in by_size] == [*EMPLOYEE_BANDS, BLANK, TOTAL]


def test_the_cards_are_the_figures_of_the_companies(book: Any) -> None:
    frame = table.frame(ROWS, ["country", "employee_count"])
    counts = [count for count in frame["employee_count"] if not pd.isna(count)]
    without = int(frame["country"].isna().sum())
    assert card(book, "Companies") == (len(ROWS), "1 page")
    assert card(book, "Countries") == (frame["country"].nunique(), f"{without} companies have none")
    assert card(book, "Median employees") == (
        statistics.median(counts),
        f"of {len(counts)} companies with a number",
    )
    assert card(book, "Credits") == ("–", None)
    assert card(book, "Result") == ("Complete", "checked against the service's manifest")


def test_texts_that_look_alike_are_one_country_as_in_of_pivot(tmp_path: Path) -> None:
    rows = [{"hq_country": country} for country in ("Germany", "Germany", " GERMANY", "Cote\u0302", "Cot\u00ea", None)]
    _, *lines = block(written(rows, tmp_path), "Companies by country and employees")
    expected = {country: total for (country, size), total in of_pivot(rows).items() if size == TOTAL}
    assert {line[0]: line[-1] for line in lines} == expected


@pytest.mark.parametrize(
    ("number", "own_lines", "rest"),
    [
        (MAX_COUNTRIES + 1, MAX_COUNTRIES + 1, []),
        (MAX_COUNTRIES + 2, MAX_COUNTRIES, ["2 other countries"]),
        (190, MAX_COUNTRIES, ["175 other countries"]),
    ],
)
def test_the_largest_countries_come_first_and_more_than_one_other_together(
    number: int, own_lines: int, rest: list[str]
) -> None:
    rows = [row for row in MANY if int(row["headquarters"][-3:]) < number]
    found = figures(make_snapshot(rows))
    assert [line.name for line in found.countries] == [f"Country {number - 1 - n:03}" for n in range(own_lines)]
    assert [line.name for line in found.rest] == rest
    lines = [*found.countries, *found.rest]
    assert sum(line.total for line in lines) == found.total.total == len(rows)
    assert [sum(column) for column in zip(*(line.by_size for line in lines), strict=True)] == list(found.total.by_size)


COUNTRIES = st.sampled_from(["Germany", "GERMANY", " Germany", "Total", BLANK, "", None, *(f"C{n}" for n in range(30))])
SIZE_VALUES = st.sampled_from([None, "", "51-200", "many", -1, 0, 7, 10, 11, 99_999, 2**70, 3.5, True])


@settings(max_examples=30)
@given(st.lists(st.tuples(COUNTRIES, SIZE_VALUES), max_size=60))
def test_the_lines_add_up_to_all_companies_in_any_job(pairs: list[tuple[Any, Any]]) -> None:
    found = figures(make_snapshot([{"hq_country": country, "employee_count": size} for country, size in pairs]))
    lines = [*found.countries, *found.rest]
    assert sum(line.total for line in lines) == found.total.total == len(pairs)
    for line in (*lines, found.total):
        assert sum(line.by_size) == line.total
    for position, number in enumerate(found.total.by_size):
        assert sum(line.by_size[position] for line in lines) == number


def test_what_the_summary_counts_does_not_depend_on_the_columns_of_the_file(book: Any, tmp_path: Path) -> None:
    narrow = written(ROWS, tmp_path, ["name"])
    for title in ("Companies by country", "Companies by country and employees", "Companies by employees"):
        assert block(narrow, title) == block(book, title)


def test_rows_of_the_older_shape_are_counted_by_their_size(tmp_path: Path) -> None:
    rows = [{"headquarters": "Berlin, Germany", "company_size": size} for size in ("51-200", "74", "5,001-10,000", "")]
    book = written(rows, tmp_path)
    counts = {line[0]: line[1] for line in block(book, "Companies by employees")[1:]}
    assert {name: number for name, number in counts.items() if number} == {
        "51–200": 2,
        "5001–10000": 1,
        BLANK: 1,
        TOTAL: 4,
    }
    assert card(book, "Median employees") == (74, "of 1 company with a number")


def test_companies_without_any_country_are_one_blank_line(tmp_path: Path) -> None:
    book = written([{"name": "a"}, {"name": "b"}], tmp_path)
    assert [line[:2] for line in block(book, "Companies by country")[1:]] == [[BLANK, 2], [TOTAL, 2]]
    assert card(book, "Countries") == (0, "2 companies have none")


def test_an_empty_result_has_a_summary_too(tmp_path: Path) -> None:
    book = written([], tmp_path, manifest=None)
    for title in ("Companies by country", "Companies by country and employees", "Companies by employees"):
        assert set(block(book, title)[-1][1:]) == {0}
    assert card(book, "Companies") == (0, "0 pages")
    assert card(book, "Median employees") == ("–", "of 0 companies with a number")


def test_the_chart_plots_the_sizes_beside_it_in_one_blue(book: Any) -> None:
    (chart,) = book["Summary"]._charts  # there is no public access
    (start,) = [cell for row in book["Summary"].iter_rows() for cell in row if cell.value == "Companies by employees"]
    first, last = start.row + 2, start.row + 1 + len(EMPLOYEE_BANDS) + 1
    (series,) = chart.series
    assert series.val.numRef.f == f"Summary!$C${first}:$C${last}"
    assert series.cat.strRef.f == f"Summary!$B${first}:$B${last}"
    assert {point.graphicalProperties.solidFill.srgbClr for point in series.dPt} == {"4472C4", "A6A6A6"}


def test_the_facts_are_printed_on_a_page_of_their_own(tmp_path: Path) -> None:
    for seeds, breaks in (([], 1), (["a.example"] * 60, 2)):  # many notes: the sizes get one too
        book = written([{"name": "a"}], tmp_path, manifest={"unresolved_seed_domains": seeds})
        sheet = book["Summary"]
        assert len(sheet.row_breaks.brk) == breaks
        assert sheet.cell(sheet.row_breaks.brk[-1].id + 2, 2).value == "This file"
        assert sheet.page_setup.scale == 68
        assert not sheet.sheet_properties.pageSetUpPr.fitToPage  # Excel would ignore the breaks


def test_countries_have_data_bars_and_a_heat_map(book: Any) -> None:
    formats = {
        str(found.sqref): [rule.type for rule in found.rules] for found in book["Summary"].conditional_formatting
    }
    assert sorted(formats.values()) == [["colorScale"], ["dataBar"], ["dataBar"]]
    (heat,) = [cells for cells, types in formats.items() if types == ["colorScale"]]
    top, bottom = heat.split(":")
    assert book["Summary"][top].value == block(book, "Companies by country and employees")[1][1]
    assert (bottom[0], len(EMPLOYEE_BANDS)) == ("O", 8)  # to the blanks, without the total


@pytest.mark.parametrize(
    ("manifest", "label", "headline"),
    [
        ({"derived_query": "Makers of pumps", "resolved_seed_domains": ["a.example"]}, "Pumps", "Makers of pumps"),
        ({"resolved_seed_domains": ["a.example", "b.example"]}, "Pumps", "Companies like a.example; b.example"),
        ({"derived_query": None}, "Pumps", "Pumps"),
        (None, None, "Job a-job"),
        ({"derived_query": "=1+1"}, None, "=1+1"),
        ({"derived_query": "ابحث\nعن شركات"}, None, "ابحث عن شركات"),
    ],
)
def test_the_band_says_what_was_searched_for(manifest: Any, label: Any, headline: str, tmp_path: Path) -> None:
    book = written([{"name": "a"}], tmp_path, manifest=manifest, label=label)
    assert texts(book)[1] == headline
    assert "job a-job" in texts(book)[2]
    assert label is None or label in texts(book)[2]


def test_a_very_long_query_is_cut_in_the_band_and_whole_at_the_foot(tmp_path: Path) -> None:
    query = "pumps and valves " * 200
    book = written([{"name": "a"}], tmp_path, manifest={"derived_query": query})
    assert len(texts(book)[1]) == 500
    assert facts(book)["Derived query"] == query


INCOMPLETE = Problem(IncompleteResultError("The service states 5 companies, and 4 came."), WHEN)
FAILED = Problem(JobFailedError("The job failed: out of credits"), WHEN)


@pytest.mark.parametrize(
    ("overrides", "word", "note"),
    [
        ({"final": False, "status": JobStatus.RUNNING}, "Provisional", "the job is still running"),
        ({"final": False, "settled": True, "problem": INCOMPLETE}, "Incomplete", "and 4 came."),
        ({"problem": INCOMPLETE}, "Incomplete", "The service states 5 companies, and 4 came."),
        ({"status": JobStatus.FAILED, "problem": FAILED}, "Failed", "The job failed: out of credits"),
        ({"status": JobStatus.CANCELLED}, "Cancelled", "The job was cancelled: these are the companies that it had"),
        ({"manifest": {"partial": True}}, "Partial", "Partial: not everything that was asked for was delivered"),
        ({"manifest": {"rerank_degraded": True}}, "Complete", "The final ranking did not run properly"),
        ({"manifest": {"unresolved_seed_domains": ["x.example"]}}, "Complete", "Seeds not found: x.example"),
    ],
)
def test_the_result_is_complete_or_says_why_not(
    overrides: dict[str, Any], word: str, note: str, tmp_path: Path
) -> None:
    book = written([{"name": "a"}], tmp_path, **overrides)
    assert card(book, "Result")[0] == word
    assert any(note in text for text in texts(book))


@pytest.mark.parametrize(
    ("other", "word"), [("completed", "Complete"), ("failed", "Partial"), ("cancelled", "Partial")]
)
def test_several_jobs_are_complete_if_all_are(other: str, word: str, tmp_path: Path) -> None:
    problem = FAILED if other == "failed" else None
    jobs = [make_snapshot(ROWS[:2]), make_snapshot(ROWS[2:3], status=JobStatus(other), problem=problem)]
    write(stacked_snapshot(jobs), tmp_path / "rows.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    assert (card(book, "Result")[0], card(book, "Companies")[0]) == (word, 3)
    assert (book["Companies"]["A1"].value, book["Companies"].freeze_panes) == ("job_id", "D2")


def test_the_summary_of_several_jobs_tells_the_trouble_of_each(tmp_path: Path) -> None:
    whole = make_snapshot(ROWS[:2], warnings=("A company is there twice.",))
    broken = make_snapshot(ROWS[2:4], status=JobStatus.FAILED, problem=FAILED, manifest=None)
    short = make_snapshot(ROWS[4:6], final=False, problem=INCOMPLETE)
    jobs = [replace(whole, job_id="whole"), replace(broken, job_id="broken"), replace(short, job_id="short")]
    write(stacked_snapshot(jobs), tmp_path / "rows.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    notes = " ".join(texts(book))
    for text in (
        "whole: A company is there twice.",
        "broken: The job failed: out of credits",
        "short: The service states 5 companies, and 4 came.",
    ):
        assert text in notes
    assert "may still change" not in notes
    assert card(book, "Result")[0] == "Incomplete"
    assert facts(book)["State"] == "incomplete: rows are missing"


def test_what_several_jobs_searched_for_is_told_of_each(tmp_path: Path) -> None:
    manifest = {"derived_query": "shops", "resolved_seed_domains": ["a.example", "b.example"], "partial": False}
    known = replace(make_snapshot(ROWS[:2], manifest=manifest), job_id="known")
    unknown = replace(make_snapshot(ROWS[2:4], manifest=None), job_id="unknown")
    write(stacked_snapshot([known, unknown]), tmp_path / "rows.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    assert book["Summary"]["B2"].value == "2 jobs: known; unknown"
    assert "shops" not in str(book["Summary"]["B3"].value)
    assert facts(book)["Derived query"] == "known: shops"
    assert facts(book)["Resolved seed domains"] == "known: a.example; b.example"
    write(stacked_snapshot([known, replace(known, job_id="same")]), tmp_path / "rows.xlsx")
    assert facts(openpyxl.load_workbook(tmp_path / "rows.xlsx"))["Derived query"] == "shops"


def test_the_credits_of_several_jobs_are_added_only_where_all_are_known(tmp_path: Path) -> None:
    stated = [make_snapshot(ROWS[:2], manifest={"credits_consumed": number}) for number in (2, 3)]
    unknown = [make_snapshot(ROWS[:2], manifest=manifest) for manifest in (None, {}, {"credits_consumed": None})]
    for jobs, credits_used in ((stated, 5), *(([*stated, job], "–") for job in unknown)):
        write(stacked_snapshot(jobs), tmp_path / "rows.xlsx")
        assert card(openpyxl.load_workbook(tmp_path / "rows.xlsx"), "Credits")[0] == credits_used


@pytest.mark.parametrize("sign", ["a", "é", "ф", "語", "한", "Ａ"])
def test_a_long_query_has_room_in_any_script(sign: str, tmp_path: Path) -> None:
    book = written([{"name": "a"}], tmp_path, manifest={"derived_query": sign * 480})
    columns = 480 * (2 if sign in "語한Ａ" else 1)
    assert book["Summary"].row_dimensions[2].height >= 18 * columns / 125


@pytest.mark.parametrize(("query", "warnings", "breaks"), [("語" * 90, 1, 1), ("語" * 480, 0, 2), ("a" * 480, 1, 2)])
def test_a_long_query_takes_from_the_room_of_the_notes(query: str, warnings: int, breaks: int, tmp_path: Path) -> None:
    book = written([{"name": "a"}], tmp_path, manifest={"derived_query": query}, warnings=("Odd.",) * warnings)
    assert len(book["Summary"].row_breaks.brk) == breaks


def test_warnings_of_the_result_are_shown(tmp_path: Path) -> None:
    book = written([{"name": "a"}], tmp_path, warnings=("the company acme is there twice",))
    assert "The company acme is there twice" in texts(book)


def test_the_facts_of_the_job_are_at_the_foot(tmp_path: Path) -> None:
    manifest = MANIFEST | {"derived_query": "=HYPERLINK(1)", "credits_consumed": 40}
    book = written(ROWS[:3], tmp_path, manifest=manifest)
    expected = {
        "Job id": "a-job",
        "Status": "completed",
        "State": "final",
        "As of": "2026-07-05 12:30:15 UTC",
        "Rows": 3,
        "Read from": "the service",
        "Credits consumed": 40,
        "Derived query": "=HYPERLINK(1)",
        "Resolved seed domains": "a.example; b.example",
        "Unresolved seed domains": "–",
        "Partial": "no",
        "Extra": '{"deep": [1]}',
    }
    assert facts(book).items() >= expected.items()
    assert facts(book)["Written by"].startswith("XL OpenFunnel ")
    assert card(book, "Credits") == (40, "stated by the service")


def test_infinity_is_written_as_text_and_an_unknown_date_as_a_dash(tmp_path: Path) -> None:
    book = written([], tmp_path, as_of=None, manifest={"credits_consumed": float("inf")})
    assert facts(book).items() >= {"As of": "–", "Credits consumed": "inf"}.items()
    assert card(book, "Credits")[0] == "inf"


def test_the_trouble_of_a_job_stands_before_what_is_known_of_its_companies(tmp_path: Path) -> None:
    lists = KnownLists(tmp_path)
    lists.set(make_list("crm", [["Website"], ["acme.com"]]))
    trouble = replace(
        make_snapshot(ROWS[:3], status=JobStatus.FAILED, problem=FAILED), selection=with_all_columns(ALL, lists)
    )
    write(trouble, tmp_path / "rows.xlsx")
    lines = texts(openpyxl.load_workbook(tmp_path / "rows.xlsx"))
    assert lines.index("The job failed: out of credits") < next(at for at, text in enumerate(lines) if '"crm"' in text)
    write(replace(trouble, rows=NO_ROWS), tmp_path / "none.xlsx")
    assert not any('"crm"' in text for text in texts(openpyxl.load_workbook(tmp_path / "none.xlsx")))


def test_several_jobs_tell_how_many_different_companies_they_have(tmp_path: Path) -> None:
    first, second = make_snapshot(ROWS[:6]), replace(make_snapshot(ROWS[4:9]), job_id="second")
    for jobs, hint in (([first, second], "9 different · 2 pages"), ([first, replace(second, rows=NO_ROWS)], "2 pages")):
        write(stacked_snapshot(jobs), tmp_path / "rows.xlsx")
        assert card(openpyxl.load_workbook(tmp_path / "rows.xlsx"), "Companies")[1] == hint


@pytest.mark.parametrize(
    ("flags", "shown"), [([True, None], "yes"), ([False, False], "no"), ([False, None], "–"), ([None, None], "–")]
)
def test_a_flag_of_several_jobs_is_no_only_if_all_say_so(flags: list[Any], shown: str, tmp_path: Path) -> None:
    jobs = [make_snapshot(ROWS[:1], manifest={"partial": flag}) for flag in flags]
    write(stacked_snapshot(jobs), tmp_path / "rows.xlsx")
    assert facts(openpyxl.load_workbook(tmp_path / "rows.xlsx"))["Partial"] == shown
