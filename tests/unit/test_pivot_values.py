"""What a pivot calculates: counts, sums and the other functions, of numbers of any size."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit.pivots import ROWS, pivot_of, rows_with
from xl_openfunnel.errors import ConfigurationError

pytestmark = pytest.mark.dependencies


@pytest.mark.parametrize(
    ("function", "peru", "total"),
    [
        (None, 305.0, 20_329.0),
        ("sum", 305.0, 20_329.0),
        (" SUM ", 305.0, 20_329.0),
        ("mean", 152.5, 20_329 / 6),
        ("Median\u200b\u00a0", 152.5, 8.5),
        ("min", 5.0, 5.0),
        ("max", 300.0, 20_000.0),
        ("count", 2.0, 6.0),
        ("nunique", 2.0, 6.0),
    ],
)
def test_functions(function: str | None, peru: float, total: float) -> None:
    shown = pivot_of(ROWS, ["country"], None, "employee_count", function)
    how = (function or "sum").strip(" \u00a0\u200b").lower()
    assert shown[0] == ["country", f"{how} of employee_count"]
    assert {str(name): value for name, value in shown[1:]}["Peru"] == peru
    assert shown[-1] == ["Total", pytest.approx(total)]


def test_a_total_without_values_is_blank_and_precedes_the_blank_label() -> None:
    rows = [{"a": a, "n": n} for a, n in (("x", -1), ("y", None), ("y", None), (None, 5), ("z", 3))]
    assert pivot_of(rows, ["a"], None, "n")[1:] == [
        ["z", 3.0],
        ["x", -1.0],
        ["y", ""],
        ["(blank)", 5.0],
        ["Total", 7.0],
    ]
    assert pivot_of(rows, ["a"], None, "n", "count")[1:-1] == [["x", 1.0], ["z", 1.0], ["y", 0.0], ["(blank)", 1.0]]
    assert pivot_of(rows, ["a"], None, "n", "nunique")[1:-1] == [["x", 1.0], ["z", 1.0], ["y", 0.0], ["(blank)", 1.0]]


def test_companies_counts_each_company_once_in_each_group_and_in_each_total() -> None:
    acme = "https://www.linkedin.com/company/acme"
    rows: list[dict[str, Any]] = [
        {"country": "Peru", "linkedin_url": acme, "domain": "acme.com", "industries": ["Mining", "Software"]},
        {"country": "Peru", "linkedin_url": f"{acme}/about/?x=1", "domain": None, "industries": ["mining"]},
        {"country": "Chile", "linkedin_url": None, "domain": "www.acme.com", "industries": []},
        {"country": "Chile", "linkedin_url": f"{acme}-chile", "domain": "acme.cl", "industries": ["Software"]},
        {"country": "Chile", "linkedin_url": None, "domain": "facebook.com", "industries": None},
        {"country": "Chile", "linkedin_url": None, "domain": "facebook.com", "industries": None},
        {"country": "Chile", "linkedin_url": "", "domain": "", "industries": None},
    ]
    assert pivot_of(rows, ["country"], None, None, "companies") == [
        ["country", "unique companies"],
        ["Chile", 5.0],
        ["Peru", 1.0],
        ["Total", 5.0],
    ]
    assert pivot_of(rows, ["country"], ["industries"], None, "Companies") == [
        ["country", "Software", "Mining", "(blank)", "Total"],
        ["Chile", 1.0, "", 4.0, 5.0],
        ["Peru", 1.0, 1.0, "", 1.0],
        ["Total", 2.0, 1.0, 4.0, 5.0],
    ]
    assert pivot_of([], ["country"], None, None, "companies") == [["country", "unique companies"], ["Total", 0.0]]


def test_only_numbers_are_calculated_with() -> None:
    rows = [{"a": "x", "n": n} for n in (1, 2.5, "1000", True, [9], math.inf, math.nan, None, 10**400)]
    shown = pivot_of(rows, ["a"], None, "n", "sum")
    assert shown[1] == ["x", 3.5]
    assert shown[-1] == ["#OF! Left out of the sum: 5 values of n that are not numbers.", ""]
    assert pivot_of(rows, ["a"], None, "n", "max")[1] == ["x", 2.5]
    assert pivot_of(rows, ["a"], None, "n", "count")[1] == ["x", 7.0]


@pytest.mark.parametrize("function", ["sum", "mean", "median", "min", "max"])
@pytest.mark.parametrize("other", ["1001-5000", "2", True, [2], math.inf, -math.inf, {"a": 1}, 10**400])
def test_a_last_line_counts_the_values_that_are_left_out(function: str, other: object) -> None:
    rows = [{"a": a, "b": ["x", "y"], "n": n} for a, n in (("p", 40), ("q", other), ("r", None), ("r", " "))]
    note = f"#OF! Left out of the {function}: 1 value of n that is not a number."
    shown = pivot_of(rows, ["a", "b"], None, "n", function)
    assert shown[-2:] == [["Total", "", 40.0], [note, "", ""]]
    assert pivot_of(rows, ["a"], ["b"], "n", function)[-1] == [note, "", "", ""]  # once, though it has two lines
    assert pivot_of(rows, ["a"], None, "n", "count")[-1] == ["Total", 2.0]
    assert pivot_of(rows, ["a"], None, "n", "nunique")[-1][0] == "Total"


def test_the_sizes_that_are_left_out_of_a_sum_are_counted() -> None:
    rows = rows_with("company_size", ["40", "1001-5000", "51-200 employees", None])
    shown = pivot_of(rows, ["employee_band"], None, "employee_count")
    assert shown[-2:] == [
        ["Total", 40.0],
        ["#OF! Left out of the sum: 2 values of employee_count that are not numbers.", ""],
    ]


BIG = 2**53  # 9007199254740992, the first with a neighbour that no float is


def test_whole_numbers_are_grouped_and_counted_by_their_digits() -> None:
    rows = [{"a": "x", "crm_id": number} for number in (BIG + 1, BIG, BIG + 2, BIG + 1)]
    assert pivot_of(rows, ["a"], None, "crm_id", "nunique")[-1] == ["Total", 3.0]
    assert pivot_of(rows, ["crm_id"])[1:-1] == [[str(BIG + 1), 2.0], [float(BIG), 1.0], [float(BIG + 2), 1.0]]
    assert pivot_of(rows, ["a"], ["crm_id"])[0][1] == str(BIG + 1)


@pytest.mark.parametrize("more", [[], ["text"], [None]])
def test_whole_numbers_are_calculated_with_by_their_digits(more: list[object]) -> None:
    rows = [{"a": a, "n": n} for a, n in (("x", BIG + 1), ("y", BIG), ("y", 1), ("y", 1), *(("y", n) for n in more))]
    by_name = {str(line[0]): line[1] for line in pivot_of(rows, ["a"], None, "n")}
    assert by_name["x"] == "9007199254740993"
    assert by_name["y"] == 9007199254740994.0
    assert by_name["Total"] == "18014398509481987"
    assert [line[0] for line in pivot_of(rows, ["a"], None, "n")[1:3]] == ["y", "x"]  # the larger total first
    assert pivot_of(rows, ["a"], None, "n", "max")[1] == ["x", "9007199254740993"]
    assert pivot_of(rows, ["a"], None, "n", "mean")[-1 - (more == ["text"])] == ["Total", 18014398509481987 / 4]
    halves = rows_with("n", [BIG + 1, BIG + 3, BIG + 5])
    assert pivot_of(halves, ["n"], None, "n", "median")[-1] == ["Total", float(BIG + 4)]
    assert pivot_of(halves[:2], ["n"], None, "n", "median")[-1] == ["Total", float(BIG + 2)]


def test_a_sum_with_fractions_is_rounded_once() -> None:
    assert pivot_of(rows_with("n", [0.1] * 10), ["n"], None, "n")[-1] == ["Total", 1.0]
    assert pivot_of(rows_with("n", [1e16, 1.0, -1e16, 0.5]), ["n"], None, "n")[-1] == ["Total", 1.5]
    assert pivot_of(rows_with("n", [1.7e308, 1.7e308, -1.7e308]), ["n"], None, "n")[-1] == ["Total", 1.7e308]


@pytest.mark.parametrize("function", ["sum", "mean", "median", "min", "max"])
def test_a_column_without_numbers_is_refused(function: str) -> None:
    with pytest.raises(ConfigurationError, match=r"name holds no numbers .* count and nunique work"):
        pivot_of([{"name": "12", "a": 1}], ["a"], None, "name", function)


def test_nunique_counts_the_entries_of_lists() -> None:
    assert pivot_of(ROWS, ["stage"], None, "industries", "nunique")[1:] == [
        ["Seed", 2.0],
        ["A", 1.0],
        ["(blank)", 1.0],
        ["Total", 2.0],
    ]


def test_a_row_field_can_also_be_the_value_field() -> None:
    assert pivot_of(rows_with("n", [2, 2, 3]), ["n"], None, "n")[1:] == [[2.0, 4.0], [3.0, 3.0], ["Total", 7.0]]
    assert pivot_of(ROWS, ["industries"], None, "industries", "count")[1:3] == [["Software", 4.0], ["Mining", 2.0]]


def test_a_sum_beyond_all_floats_is_blank() -> None:
    assert pivot_of(rows_with("n", [1.7e308, 1.7e308]), ["n"], None, "n")[1:] == [[1.7e308, ""], ["Total", ""]]
