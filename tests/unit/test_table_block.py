"""DataFrame -> block of cells."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.table import block, frame

pytestmark = pytest.mark.dependencies


def cells(values: list[Any], dtype: Any = object) -> list[object]:
    """The cells of one column."""
    return [cell for (cell,) in block(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}), headers=False)]


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError


class OddText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError


class OddNumber(Fraction):
    def __float__(self) -> float:
        raise RuntimeError


def test_subclasses_with_broken_conversions_are_shown_as_far_as_possible() -> None:
    assert cells([OddText("+Oscar"), OddNumber(1, 3)]) == ["+Oscar", "1/3"]
    assert type(cells([OddText("x")])[0]) is str


def test_block_is_headers_then_rows() -> None:
    rows: list[dict[str, Any]] = [{"name": "A", "employee_count": 5, "industries": ["x", "y"]}, {"name": None}]
    table = frame(rows, ["rank", "name", "employee_count", "industries"])
    body = [[1.0, "A", 5.0, "x; y"], [2.0, "", "", ""]]
    assert block(table) == [["rank", "name", "employee_count", "industries"], *body]
    assert block(table, headers=False) == body


def test_block_without_rows_is_the_headers() -> None:
    assert block(frame([], DEFAULT_COLUMNS)) == [list(DEFAULT_COLUMNS)]
    assert block(frame([]), headers=False) == []


def test_block_without_columns_keeps_the_shape() -> None:
    assert block(pd.DataFrame(index=range(2))) == [[], [], []]


@pytest.mark.parametrize("text", ["+Oscar", "TRUE", "99", "2-10", "=1+1", "#N/A", "nan", "\ta", "😀", "\ud800", ""])
def test_text_goes_through_unchanged(text: str) -> None:
    rows: list[dict[str, Any]] = [{"name": text, "odd": text}, {"name": "other", "odd": 1}]
    assert block(frame(rows, ["name", "odd"]), headers=False)[0] == [text, text]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        (float("nan"), ""),
        (np.datetime64("NaT", "ns"), ""),
        (float("inf"), "inf"),
        (-np.inf, "-inf"),
        (True, True),
        (np.bool_(False), False),
        (7, 7.0),
        (np.int64(7), 7.0),
        (2**53, 2.0**53),
        (2**53 + 1, "9007199254740993"),
        (np.int64(-(2**53) - 1), "-9007199254740993"),
        (np.uint64(2**64 - 1), "18446744073709551615"),
        (Decimal(2**53 + 1), "9007199254740993"),
        (Decimal("1e400"), "1" + "0" * 400),
        ([2**53 + 1, {"id": 2**64 - 1}], '9007199254740993; {"id":18446744073709551615}'),
        (np.float32(0.5), 0.5),
        (Fraction(1, 2), 0.5),
        (Decimal("1.5"), 1.5),
        (Decimal("sNaN"), "sNaN"),
        (10**400, "1" + "0" * 400),
        (np.str_("a"), "a"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (pd.Timestamp(2026, 1, 2), "2026-01-02 00:00:00"),
        (np.array([1, 2]), "[1 2]"),
        ([], ""),
        (["a, b", None, "c"], "a, b; c"),
        (("a", 1, True, ["é", None], {"k": 1}), 'a; 1; true; ["é",null]; {"k":1}'),
        ({"k": [1, "é"], "d": dt.date(2026, 1, 2)}, '{"k":[1,"é"],"d":"2026-01-02"}'),
        ({(1, 2): 3}, "{(1, 2): 3}"),
    ],
)
def test_value_as_a_cell(value: object, cell: object) -> None:
    (shown, _) = cells([value, object])
    assert shown == cell
    assert type(shown) is type(cell)


def test_no_value_is_too_odd_for_a_cell() -> None:
    ring: list[object] = []
    ring.append(ring)
    deep: object = "deep"
    for _ in range(100_000):
        deep = {"in": deep}
    assert all(type(cell) is str for cell in cells([Unprintable(), 10**5000, [10**5000], ring, deep]))


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, None], "Int64", [1.0, ""]),
        ([2**64 - 1, 0], "uint64", [str(2**64 - 1), 0.0]),
        ([2**53, 2**53 + 1, None, -(2**53) - 1], "Int64", [2.0**53, str(2**53 + 1), "", str(-(2**53) - 1)]),
        ([2**53 + 1, None], "category", [str(2**53 + 1), ""]),
        ([1.5, None, np.inf, -np.inf], "float64", [1.5, "", "inf", "-inf"]),
        ([1.5, None], "Float64", [1.5, ""]),
        ([True, None], "boolean", [True, ""]),
        ([True, False], "bool", [True, False]),
        (["a", None], "string", ["a", ""]),
        (["b", None, "a"], "category", ["b", "", "a"]),
        ([3, None, 1], "category", [3.0, "", 1.0]),
        ([0, 2], "Sparse[int]", [0.0, 2.0]),
        (["2026-01-02", None], "datetime64[ns]", ["2026-01-02 00:00:00", ""]),
        ([1 + 2j], "complex128", ["(1+2j)"]),
    ],
)
def test_column_of_any_dtype(values: list[Any], dtype: str, expected: list[object]) -> None:
    shown = cells(values, dtype)
    assert shown == expected
    assert [type(cell) for cell in shown] == [type(cell) for cell in expected]


def test_pivot_result_with_levels_becomes_one_row_of_headers() -> None:
    rows: list[dict[str, Any]] = [
        {"employee_count": 5, "revenue_usd": 10, "hq_country": "Italy"},
        {"employee_count": 70, "revenue_usd": None, "hq_country": "Peru"},
    ]
    pivot = (
        frame(rows, ["country", "employee_band", "revenue_usd"])
        .pivot_table(
            index="country",
            columns="employee_band",
            values="revenue_usd",
            aggfunc=["sum", "count"],
            observed=True,
        )
        .reset_index()
    )
    shown = block(pivot)
    assert shown[0][:2] == ["country", "sum / 1–10"]
    assert shown[1][:2] == ["Italy", 10.0]
    assert {len(row) for row in shown} == {len(pivot.columns)}


def test_equal_and_unnamed_headers_are_kept() -> None:
    table = pd.DataFrame([[1, 2, 3, 4]], columns=pd.Index(["x", "x", None, 2026], dtype=object))
    assert block(table) == [["x", "x", "", "2026"], [1.0, 2.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a" * 10, "a" * 10),
        ("a" * 11, "a" * 9 + "…"),
        ("é" * 10, "é" * 10),
        ("😀" * 5, "😀" * 5),
        ("😀" * 6, "😀" * 4 + "…"),
        ("a" + "😀" * 5, "a" + "😀" * 4 + "…"),
    ],
)
def test_long_text_is_cut_between_characters(text: str, cell: str) -> None:
    table = frame([{text: text, "list": [text]}])
    assert block(table, text_limit=10) == [["rank", cell, "list"], [1.0, cell, cell]]
    assert block(table)[1] == [1.0, text, text]
