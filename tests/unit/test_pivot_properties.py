"""Pivots of any companies against a slow model, which groups in dictionaries and calculates with fractions."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pivots import pivot
from xl_openfunnel.cell_values import Block, Cell, to_text
from xl_openfunnel.company_key import comparable
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.pivot_rules import FUNCTIONS, Question
from xl_openfunnel.table import frame

pytestmark = pytest.mark.dependencies

Row = dict[str, Any]
Key = tuple[str, Any]
BLANK: Key = ("blank", "")
KINDS = ("number", "text", "boolean")


# --- the model ---


def is_blank(value: Any) -> bool:
    return value is None or value != value or value == [] or (isinstance(value, str) and not comparable(value))


def is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def key_of(value: Any) -> Key:
    """What all values of one group share."""
    if is_blank(value) or (isinstance(value, str) and comparable(value) == "(blank)"):
        return BLANK
    if isinstance(value, bool):
        return "boolean", value
    if is_number(value) and Fraction(value) == Fraction(float(value)):
        return "number", Fraction(value)
    return "text", comparable(str(value))


def entries(row: Row, field: str) -> list[Any]:
    value = row.get(field)
    if field == "employee_band":
        count = row.get("employee_count")
        ends = (10, 50, 200, 500, 1000, 5000, 10000)
        return [None if count is None else EMPLOYEE_BANDS[sum(count > end for end in ends)]]
    if not isinstance(value, list):
        return [value]
    return [entry for entry in value if not is_blank(entry)] or [None]


def labels_of(rows: list[Row], field: str) -> dict[Key, Cell]:
    """The label of each group: its most frequent spelling, of equally frequent ones the first."""
    spelled: dict[Key, Counter[Any]] = {}
    for row in rows:
        for entry in entries(row, field):
            spelled.setdefault(key_of(entry), Counter())[entry] += 1
    labels: dict[Key, Cell] = {}
    for key, counts in spelled.items():
        entry = max(counts, key=counts.__getitem__)
        labels[key] = "(blank)" if key == BLANK else float(entry) if key[0] == "number" else entry
        if key[0] == "text":
            labels[key] = str(entry)
    return labels


def company_of(row: Row, rows: list[Row]) -> Any:
    """What identifies the row's company, as `company_key` says it: the slugs and hosts here are keys already."""
    slug, host = row["linkedin_url"], row["domain"]
    if slug:
        return slug.lower()
    slugs = {each["linkedin_url"].lower() for each in rows if each["domain"] == host and each["linkedin_url"]}
    if host is None or host == "bit.ly" or len(slugs) > 1:
        return id(row)
    return slugs.pop() if slugs else host


def result_of(companies: list[Row], function: str, field: str | None, rows: list[Row]) -> Any:
    """The exact result for some of the rows, None where there is nothing to calculate with."""
    if function == "companies":
        return len({company_of(row, rows) for row in companies})
    values: list[Any] = [row.get(field) for row in companies if field is not None]
    if function == "count":
        return len(companies) if field is None else sum(not is_blank(value) for value in values)
    if function == "nunique":
        return len({key_of(entry) for row in companies for entry in entries(row, str(field))} - {BLANK})
    numbers = sorted(Fraction(value) for value in values if is_number(value))
    if not numbers:
        return None
    half = len(numbers) // 2
    median = numbers[half] if len(numbers) % 2 else (numbers[half - 1] + numbers[half]) / 2
    total = sum(numbers)
    return {"sum": total, "mean": total / len(numbers), "median": median, "min": numbers[0], "max": numbers[-1]}[
        function
    ]


def is_whole(companies: list[Row], function: str, field: str | None) -> bool:
    """Whether the result is a whole number that keeps all its digits."""
    used: list[Any] = [row.get(field) for row in companies if field is not None and is_number(row.get(field))]
    if function in ("min", "max"):
        used = [value for value in used if value == {"min": min, "max": max}[function](used)]
    whole = all(type(value) is int or (value.is_integer() and abs(value) <= 2**53) for value in used)
    return whole and function in ("sum", "min", "max")


def cell_of(result: Any, companies: list[Row], function: str, field: str | None) -> Cell:
    if result is None:
        return ""
    if is_whole(companies, function, field) and Fraction(float(result)) != result:
        return str(result)
    return float(result)


def expected_pivot(
    rows: list[Row], row_fields: list[str], col_fields: list[str], field: str | None, function: str
) -> Block:
    fields = [*row_fields, *col_fields]
    labels = {name: labels_of(rows, name) for name in fields}
    keys = [list(product(*({key_of(entry) for entry in entries(row, name)} for name in fields))) for row in rows]

    def companies(start: int, part: tuple[Key, ...]) -> list[Row]:
        """Those with these keys of the fields from ``start`` on."""
        end = start + len(part)
        return [row for row, own in zip(rows, keys, strict=True) if any(each[start:end] == part for each in own)]

    def shown_result(some: list[Row]) -> Any:
        """What decides on the order: lines that show the same fraction are equal."""
        result = result_of(some, function, field, rows)
        return float(result) if isinstance(result, Fraction) and not is_whole(some, function, field) else result

    def order(start: int, part: tuple[Key, ...]) -> list[Any]:
        order: list[Any] = []
        for depth, (kind, value) in enumerate(part, 1):
            order.append((kind, value) == BLANK)
            if fields[start + depth - 1] == "employee_band":
                order.append(0 if kind == "blank" else [comparable(band) for band in EMPLOYEE_BANDS].index(value))
                continue
            total = shown_result(companies(start, part[:depth]))
            order += [total is None, -(total or 0), KINDS.index(kind) if kind in KINDS else 0, value]
        return order

    def parts(start: int, end: int) -> list[tuple[Key, ...]]:
        found = {each[start:end] for own in keys for each in own}
        return sorted(found, key=lambda part: order(start, part))

    def shown(some: list[Row]) -> Cell:
        return cell_of(result_of(some, function, field, rows), some, function, field) if some else ""

    width = len(row_fields)
    lines, heads = parts(0, width), parts(width, len(fields)) if col_fields else []
    names = [" / ".join(to_text(labels[n][k]) for n, k in zip(col_fields, h, strict=True)) for h in heads]
    nouns = {"count": "companies", "companies": "unique companies"}
    last = "Total" if col_fields else nouns[function] if field is None else f"{function} of {field}"
    block: Block = [[*row_fields, *names, last]]
    for line in lines:
        cells = [shown(companies(0, line + head)) for head in heads]
        block.append(
            [*(labels[n][k] for n, k in zip(row_fields, line, strict=True)), *cells, shown(companies(0, line))]
        )
    block.append(["Total", *[""] * (width - 1), *(shown(companies(width, head)) for head in heads), shown(rows)])
    others = [row for row in rows if field is not None and not is_blank(row.get(field)) and not is_number(row[field])]
    if others and function not in ("count", "nunique"):
        what = (
            "1 value of n that is not a number"
            if len(others) == 1
            else f"{len(others)} values of n that are not numbers"
        )
        block.append([f"#OF! Left out of the {function}: {what}.", *[""] * (len(block[0]) - 1)])
    return block


# --- any companies ---

BIG = 2**53
TEXTS = ["x", "X", "\u200bx", " x\u00a0", "1", "\u00e9 y", "e\u0301\u202fY", "(blank)", "", " ", "\ufeff", str(BIG + 1)]
NUMBERS = [0, 1, 1.0, 2.5, -3, BIG - 1, BIG, BIG + 1, BIG + 2, BIG + 3, 2**64 - 1, -(2**63) - 1, 0.1, 1e300, float(BIG)]
WHOLE = [number for number in NUMBERS if type(number) is int]
ALIKE = st.sampled_from(["\u00e9 y", "e\u0301\u202fY", "\u00c9 y\ufeff", "z", None])
LABELS = st.sampled_from([None, True, False, math.inf, *TEXTS, *NUMBERS])
SMALL = st.none() | st.integers(-50, 50) | st.sampled_from([0.5, 0.25])
ANY_VALUE = st.sampled_from([*NUMBERS, *NUMBERS, None, True, math.inf, math.nan, "40", "1-2", " ", [], [1]])
WHOLE_VALUE = st.sampled_from([None, *WHOLE])
FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**70), 2**70)


def rows_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    company = {
        "a": LABELS | st.lists(LABELS, max_size=3),
        "b": ALIKE,
        "c": st.sampled_from(["p", "P", "q"]) | st.lists(st.sampled_from(["p", "q", "Q "]), max_size=3),
        "employee_count": st.none() | st.integers(0, 1500) | st.sampled_from([5_000, 10_000, 10_001]),
        "n": values,
        "linkedin_url": st.sampled_from([None, *(f"linkedin.com/company/{slug}" for slug in ("acme", "Acme", "b"))]),
        "domain": st.sampled_from([None, "acme.com", "b.com", "bit.ly"]),
    }
    return st.lists(st.fixed_dictionaries(company), min_size=1, max_size=8)


FIELDS = st.lists(st.sampled_from(["a", "b", "c", "employee_band"]), min_size=1, max_size=3, unique=True)


@given(
    rows_of(SMALL) | rows_of(WHOLE_VALUE) | rows_of(ANY_VALUE) | rows_of(FLOATS),
    FIELDS,
    st.integers(1, 3),
    st.sampled_from([None, "n"]),
    st.sampled_from(FUNCTIONS),
)
def test_any_pivot_is_that_of_the_model(
    rows: list[Row], fields: list[str], split: int, field: str | None, function: str
) -> None:
    field = None if function == "companies" else field
    function = function if field or function == "companies" else "count"
    table = frame(rows, Question.of(fields[:split], fields[split:], field, function).needed_columns)
    try:
        shown = pivot(table, fields[:split], fields[split:], field, function)
    except ConfigurationError as error:
        assert "holds no numbers" in error.message  # noqa: PT017
        assert not any(is_number(row["n"]) for row in rows)
        return
    expected = expected_pivot(rows, fields[:split], fields[split:], field, function)
    assert list(map(repr, shown)) == list(map(repr, expected))
