"""Pivot tables of a job's rows."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pivots import ROWS, pivot, pivot_of, rows_with
from xl_openfunnel import pivot_rules
from xl_openfunnel.cell_values import Block
from xl_openfunnel.errors import ConfigurationError, UnknownColumnError
from xl_openfunnel.pivot_rules import FUNCTIONS, Question
from xl_openfunnel.simulator.companies import companies
from xl_openfunnel.table import frame
from xl_openfunnel.text import utf16_units

pytestmark = pytest.mark.dependencies

OF_VALUES = [function for function in FUNCTIONS if function != "companies"]


# --- lines, columns and their order ---


def test_groups_are_sorted_by_count_then_name_with_blanks_last() -> None:
    assert pivot_of(ROWS, ["country"]) == [
        ["country", "companies"],
        ["Peru", 2.0],
        ["Brazil", 1.0],
        ["chile", 1.0],
        ["(blank)", 3.0],
        ["Total", 7.0],
    ]


def test_bands_keep_their_natural_order_and_empty_ones_are_left_out() -> None:
    assert pivot_of(ROWS, ["country"], ["employee_band"]) == [
        ["country", "1–10", "201–500", "10001+", "(blank)", "Total"],
        ["Peru", 1.0, 1.0, "", "", 2.0],
        ["Brazil", "", "", "", 1.0, 1.0],
        ["chile", 1.0, "", "", "", 1.0],
        ["(blank)", 2.0, "", 1.0, "", 3.0],
        ["Total", 4.0, 1.0, 1.0, 1.0, 7.0],
    ]
    assert [line[0] for line in pivot_of(ROWS, ["employee_band"])[1:]] == [
        "1–10",
        "201–500",
        "10001+",
        "(blank)",
        "Total",
    ]


def test_columns_are_sorted_by_their_totals() -> None:
    assert pivot_of(ROWS, ["employee_band"], ["stage"])[0] == ["employee_band", "A", "Seed", "(blank)", "Total"]
    assert pivot_of(ROWS, ["employee_band"], ["stage"], "employee_count")[-1] == [
        "Total",
        20_017.0,
        12.0,
        300.0,
        20_329.0,
    ]


def test_lines_of_several_fields_are_grouped_by_the_first() -> None:
    rows = [{"a": a, "b": b} for a, b in ("xp", "xq", "xq", "yp", "yp", "yp", "yp", "zq", "zq", "zr")]
    assert pivot_of(rows, ["a", "b"]) == [
        ["a", "b", "companies"],
        ["y", "p", 4.0],
        ["x", "q", 2.0],
        ["x", "p", 1.0],
        ["z", "q", 2.0],
        ["z", "r", 1.0],
        ["Total", "", 10.0],
    ]


def test_labels_of_several_column_fields_are_joined() -> None:
    rows = [{"a": "x", "employee_count": count, "n": 2.0, "ok": True} for count in (30, 3)]
    assert pivot_of(rows, ["a"], ["employee_band", "n", "ok"])[0] == [
        "a",
        "1–10 / 2 / TRUE",
        "11–50 / 2 / TRUE",
        "Total",
    ]


def test_labels_stay_numbers_and_booleans_in_their_lines() -> None:
    rows = rows_with("mixed", ["1", 1, True, None, False, 2.5, "b", "A"])
    labels = [line[0] for line in pivot_of(rows, ["mixed"])]
    assert labels == ["mixed", 1.0, 2.5, "1", "A", "b", False, True, "(blank)", "Total"]
    assert [type(label) for label in labels[1:4]] == [float, float, str]


def test_labels_in_the_header_are_text_with_all_digits() -> None:
    numbers = (29_938_000_000, 2**53, 2**53 + 1, 2**53 + 2, 2**60, 0.3, 0.1 + 0.2, 1.0000000000000002)
    rows = [{"a": "x", "n": n} for n in (*numbers, False)]
    header = pivot_of(rows, ["a"], ["n"])[0][1:-1]
    assert sorted(map(str, header)) == sorted([*map(str, numbers), "FALSE"])


def test_groups_differ_beyond_the_text_limit() -> None:
    long = "😀" * 200
    shown = pivot_of(rows_with("name", [long + "a", long + "b"]), ["name"])
    assert [line[1] for line in shown[1:-1]] == [1.0] * 2
    assert {utf16_units(str(line[0])) for line in shown[1:-1]} == {255}
    assert utf16_units(str(pivot_of([{"a": 1, "name": long}], ["a"], ["name"])[0][1])) == 255


COMPOSED, DECOMPOSED = "C\u00f4te d'Ivoire", "Co\u0302te d'Ivoire"


@pytest.mark.parametrize(
    "other", [DECOMPOSED, COMPOSED.upper(), f" {COMPOSED}\u00a0", f"\u200b{COMPOSED}", COMPOSED.replace(" ", "\u202f")]
)
def test_texts_that_look_alike_are_one_group_under_the_most_frequent_spelling(other: str) -> None:
    rows = [{"a": a, "b": [a, other], "n": 1} for a in (other, COMPOSED, COMPOSED)]
    assert pivot_of(rows, ["a"])[1:] == [[COMPOSED, 3.0], ["Total", 3.0]]
    assert pivot_of(rows, ["n"], ["a"])[0] == ["n", COMPOSED, "Total"]
    assert pivot_of(rows, ["b"])[1:] == [[other, 3.0], ["Total", 3.0]]
    for field in ("a", "b"):
        assert pivot_of(rows, ["n"], None, field, "nunique")[-1] == ["Total", 1.0]
    assert pivot_of(rows[:2], ["a"])[1][0] == other  # of equally frequent spellings the first


@pytest.mark.parametrize("blank", ["\u200b", "\u00a0", " \ufeff\u2060", "\u3164", " (Blank) "])
def test_what_looks_blank_is_blank(blank: str) -> None:
    rows: list[dict[str, Any]] = [{"a": blank, "b": [blank], "n": 2}, {"a": None, "b": None, "n": blank}]
    assert pivot_of(rows, ["a"])[1:-1] == [["(blank)", 2.0]]
    assert pivot_of(rows, ["b"])[1:-1] == [["(blank)", 2.0]]
    if blank.strip() != "(Blank)":
        assert pivot_of(rows, ["a"], None, "n", "count")[-1] == ["Total", 1.0]
        assert pivot_of(rows, ["a"], None, "n", "sum")[-1] == ["Total", 2.0]  # and nothing is left out


# --- lists ---


def test_a_company_counts_once_under_each_entry_of_its_list_and_once_in_the_total() -> None:
    assert pivot_of(ROWS, ["industries"]) == [
        ["industries", "companies"],
        ["Software", 4.0],
        ["Mining", 2.0],
        ["(blank)", 2.0],
        ["Total", 7.0],
    ]


def test_totals_of_lists_in_columns_count_each_company_once() -> None:
    assert pivot_of(ROWS, ["stage"], ["industries"], "employee_count") == [
        ["stage", "Software", "Mining", "(blank)", "Total"],
        ["A", 20_017.0, "", "", 20_017.0],
        ["Seed", 5.0, 5.0, 7.0, 12.0],
        ["(blank)", "", 300.0, "", 300.0],
        ["Total", 20_022.0, 305.0, 7.0, 20_329.0],
    ]


def test_two_list_fields_make_every_pair_of_entries() -> None:
    rows = [{"a": ["x", "y", "x"], "b": ["p", "q"]}, {"a": ["x"], "b": []}]
    assert pivot_of(rows, ["a"], ["b"]) == [
        ["a", "p", "q", "(blank)", "Total"],
        ["x", 1.0, 1.0, 1.0, 2.0],
        ["y", 1.0, 1.0, "", 1.0],
        ["Total", 1.0, 1.0, 1.0, 2.0],
    ]


def test_objects_are_labels_as_a_whole() -> None:
    assert pivot_of(rows_with("new", [{"a": 1}, [{"a": 1}, ["b", 2]]]), ["new"])[1:-1] == [
        ['{"a":1}', 2.0],
        ["b; 2", 1.0],
    ]


# --- without companies ---


def test_a_pivot_without_companies_has_a_header_and_a_total() -> None:
    assert pivot_of([], ["country", "industries"]) == [["country", "industries", "companies"], ["Total", "", 0.0]]
    assert pivot_of([], ["industries"], ["employee_band"]) == [["industries", "Total"], ["Total", 0.0]]
    assert pivot_of([], ["employee_band"], ["n"], "name", "mean") == [["employee_band", "Total"], ["Total", ""]]
    assert pivot_of([], ["country"], None, "industries", "nunique")[-1] == ["Total", 0.0]
    untyped = pd.DataFrame({"a": [], "b": []}, dtype=object)
    assert pivot(untyped, ["a"], ["b"]) == [["a", "Total"], ["Total", 0.0]]


# --- what is asked for ---


def test_needed_columns_are_unique() -> None:
    question = Question.of(["country"], ["employee_band", "city"], "country")
    assert question.needed_columns == ["country", "employee_band", "city"]
    assert Question.of(["a", "a"]).needed_columns == ["a"]
    assert Question.of(["a", "domain"], function="companies").needed_columns == ["a", "domain", "linkedin_url"]


def test_names_match_in_any_case_and_count_once() -> None:
    table = frame(ROWS, ["country", "employee_count"])
    assert pivot(table, ["Country", "country"], [], "EMPLOYEE_COUNT")[0] == ["country", "sum of employee_count"]


def test_fields_can_have_any_name() -> None:
    rows = [{"company": "x", "line": "y", "number": 3, "value": "v", "all": "w", "head": "h", "total 1": 1, "": 2}]
    assert pivot_of(rows, ["company", "line", "all", ""], ["head", "value"], "number") == [
        ["company", "line", "all", "", "h / v", "Total"],
        ["x", "y", "w", 2.0, 3.0, 3.0],
        ["Total", "", "", "", 3.0, 3.0],
    ]


def test_the_frames_index_is_ignored() -> None:
    table = frame(ROWS, ["country", "industries", "employee_count"])
    for fields in (["country"], ["industries"]):
        assert pivot(table.set_axis([9, 9, 1, 0, 3, 3, 3]), fields) == pivot(table, fields)


def test_the_frame_is_not_changed() -> None:
    table = frame(ROWS)
    before = table.copy()
    pivot(table, ["industries"], ["stage"], "employee_count", "nunique")
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("medain", r"There is no function 'medain'. Did you mean median\?"),
        ("AVERAGE", r"Did you mean mean\?"),
        ("distinct", r"Did you mean nunique\?"),
        ("uniques", r"Did you mean companies\?"),
        ("mode x y", r"There is no function 'mode x y'. There are"),
    ],
)
def test_an_unknown_function_is_refused_with_suggestions(function: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        pivot_of(ROWS, ["country"], None, "employee_count", function)


def test_arguments_that_make_no_pivot_are_refused() -> None:
    table = frame(ROWS, ["country", "stage"])
    with pytest.raises(ConfigurationError, match="no row field"):
        pivot(table, [])
    with pytest.raises(ConfigurationError, match="country is both a row field and a column field"):
        pivot(table, ["stage", "country"], ["Country"])
    with pytest.raises(ConfigurationError, match=r"takes no \*"):
        pivot(table, ["*"])
    with pytest.raises(ConfigurationError, match="The function mean needs a column of values"):
        pivot(table, ["country"], function="mean")
    with pytest.raises(ConfigurationError, match="The function companies takes no column of values"):
        pivot(table, ["country"], values="stage", function="companies")
    with pytest.raises(UnknownColumnError, match=r"There is no column 'city'\. There are country, stage"):
        pivot(table, ["city"])


def test_too_many_columns_are_refused() -> None:
    rows = [{"a": 1, "b": number} for number in range(2_001)]
    with pytest.raises(ConfigurationError, match=r"2,001 columns, more than 2,000\. Name fields"):
        pivot_of(rows, ["a"], ["b"])
    assert len(pivot_of(rows[1:], ["a"], ["b"])[0]) == 2_002


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"a": number, "b": number} for number in range(1_000)]
    with pytest.raises(ConfigurationError, match=r"1,004,004 cells, more than 1,000,000\. Name fields"):
        pivot_of(rows, ["a"], ["b"])
    monkeypatch.setattr(pivot_rules, "MAX_CELLS", 1_004_004)
    assert len(pivot_of(rows, ["a"], ["b"])) == 1_002


@pytest.mark.parametrize("more", [{"col_fields": ["b"]}, {"values": "b", "function": "nunique"}])
def test_too_many_combinations_of_list_entries_are_refused_early(more: dict[str, Any]) -> None:
    rows = [{"a": list(range(3_000)), "b": list(range(2_000))}, {"a": [1], "b": [2]}]
    with pytest.raises(ConfigurationError, match=r"has 6,000,001 entries, more than 5,000,000\. Name fields"):
        pivot_of(rows, ["a"], **more)


def test_combinations_beyond_the_integer_range_are_refused_too() -> None:
    rows = [{f"list{number}": list(range(200)) for number in range(160)}]
    with pytest.raises(ConfigurationError, match="more than 5,000,000"):
        pivot_of(rows, list(rows[0]))


def test_importing_the_functions_does_not_import_pandas() -> None:
    imports = "sys, xl_openfunnel.pivot, xl_openfunnel.functions.company_index"
    code = f"import {imports}; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


COMPANIES = companies(700, seed=4, shape="narrow")


# --- against pandas' own ---


def cells_by_label(shown: Block) -> dict[tuple[object, object], object]:
    return {(line[0], head): cell for line in shown[1:] for head, cell in zip(shown[0][1:], line[1:], strict=True)}


def test_counts_equal_those_of_crosstab() -> None:
    table = frame(COMPANIES, ["country", "employee_band"])
    plain = table.astype(object).where(table.notna(), "(blank)")
    expected = pd.crosstab(plain["country"], plain["employee_band"], margins=True, margins_name="Total")
    found = cells_by_label(pivot(table, ["country"], ["employee_band"]))
    assert len(found) == expected.size
    for (line, head), cell in found.items():
        assert (cell or 0.0) == expected.loc[line, head], (line, head)  # type: ignore[index]


@pytest.mark.parametrize("function", OF_VALUES)
def test_results_equal_those_of_pivot_table(function: str) -> None:
    table = frame(COMPANIES, ["funding_stage", "employee_band", "employee_count"])
    plain = table.astype(object).where(table.notna(), "(blank)")
    plain["employee_count"] = pd.to_numeric(plain["employee_count"], errors="coerce")
    how: Any = (lambda column: column.sum(min_count=1)) if function == "sum" else function
    expected = plain.pivot_table("employee_count", "funding_stage", "employee_band", aggfunc=how)
    totals = plain.groupby("funding_stage")["employee_count"].agg(how)
    found = cells_by_label(pivot(table, ["funding_stage"], ["employee_band"], "employee_count", function))
    for line in expected.index:
        assert found[line, "Total"] == pytest.approx(totals[line])
        for head in expected.columns:
            number = expected.loc[line, head]
            assert found[line, head] == ("" if pd.isna(number) else pytest.approx(number)), (line, head)


def test_list_entries_are_counted_as_with_explode() -> None:
    table = frame(COMPANIES, ["industries", "country"])
    apart = table.explode("industries").reset_index().drop_duplicates(["index", "industries"])
    expected = apart.groupby(["industries", "country"]).size()
    found = cells_by_label(pivot(table, ["industries"], ["country"]))
    assert expected.to_dict() == {
        key: cell for key, cell in found.items() if not {"(blank)", "Total"} & set(key) and cell != ""
    }
    assert found["Total", "Total"] == 700.0


TEXT = st.text(st.characters(), max_size=4)  # lone surrogates included
LEAVES = st.sampled_from([None, "", " ", "x", "X", 1, 1.0, True, False, "(blank)", "Total"]) | st.floats() | TEXT
VALUES = LEAVES | st.just(10**400) | st.lists(LEAVES, max_size=3) | st.dictionaries(TEXT, LEAVES, max_size=2)
FIELDS = ("a", "b", "c", "employee_count", "industries")
TABLES = st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES), max_size=8)
CHOICES = st.lists(st.sampled_from((*FIELDS, "employee_band")), min_size=1, max_size=4, unique=True)


# --- any rows ---


@given(TABLES, CHOICES, st.integers(1, 4), st.sampled_from(FIELDS), st.sampled_from(OF_VALUES))
def test_any_rows_make_a_rectangle_of_cells(
    rows: list[dict[str, Any]], fields: list[str], split: int, values: str, function: str
) -> None:
    rows = [dict.fromkeys(FIELDS), *rows][not rows :]  # the fields are known, unless there is nothing at all
    try:
        shown = pivot_of(rows, fields[:split], fields[split:], values, function)
    except ConfigurationError as error:
        assert "holds no numbers" in error.message  # noqa: PT017
        return
    cells = [cell for line in shown for cell in line]
    assert {type(cell) for cell in cells} <= {str, float, bool}
    assert all(math.isfinite(cell) for cell in cells if isinstance(cell, float))
    assert len({len(line) for line in shown}) == 1
    assert shown[0][: len(fields[:split])] == fields[:split]
    assert "Total" in (shown[-1][0], shown[-2][0])
