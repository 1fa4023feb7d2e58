"""Any criteria, sort and top against a model in pandas: masks, exploded lists, ``fnmatch`` and ``sort_values``."""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.criteria import parse
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.selection import Selection, parse_sort
from xl_openfunnel.table import frame

pytestmark = pytest.mark.dependencies

TEXTS = (
    "a",
    "b",
    "B ",
    "\u200bb",
    "ab",
    "a*b",
    "a?",
    "x;y",
    "x|y",
    "~",
    ">5",
    "=1+1",
    "caf\u00e9",
    "CAFE\u0301",
    "50",
    "m",
)
LETTERS = ("A", "b", "\u00e9", "e", "f", "Z", "z ", "ab", "a", "zz")
COUNTS = (0, 1, 9, 10, 50, 50.0, 1000, 2**53, 2**53 + 1)
COLUMNS = ("name", "hq_city", "employee_count", "employee_band", "industries")
SIGNS = ("=", "<>", ">", ">=", "<", "<=")
ORDERS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}

Value = tuple[str, Any]
"""A sign and an operand: None for a blank, a number, a band, a text, or a list of the parts of a pattern."""


# --- the model ---


def plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\u200b", "").strip()).casefold()


def place(text: str) -> str:
    """For the alphabet of the tests: signs first, then the letter, then the letter with its accent."""
    return plain(text).replace("~", "!").replace("|", "!").replace("\u00e9", "e\u0301")


def is_blank(value: Any) -> bool:
    return value is None or value is pd.NA or value != value or (isinstance(value, str) and not plain(value))


def equals(value: Any, operand: Any) -> bool:
    if operand is None or is_blank(value):
        return operand is None and is_blank(value)
    if isinstance(operand, list):
        escaped = "".join(
            part if part in ("*", "?") else f"[{part[1]}]" if part[1] in "*?[" else part[1] for part in operand
        )
        return isinstance(value, str) and fnmatchcase(plain(value), plain(escaped))
    if isinstance(operand, str) and isinstance(value, str):
        return plain(value) == plain(operand)
    return not isinstance(value, str) and not isinstance(operand, str) and value == operand


def is_beyond(value: Any, sign: str, operand: Any, column: str) -> bool:
    if is_blank(value) or isinstance(value, str) != isinstance(operand, str):
        return False
    if column == "employee_band":
        return bool(ORDERS[sign](EMPLOYEE_BANDS.index(value), EMPLOYEE_BANDS.index(operand)))
    return bool(ORDERS[sign](*((place(value), place(operand)) if isinstance(value, str) else (value, operand))))


def flags(values: pd.Series[Any], test: Callable[[Any], bool]) -> pd.Series[bool]:
    """The test of each value, or for a list of any of its items, by the row's label."""
    return pd.Series(list(map(test, values)), values.index, dtype=bool).groupby(level=0, sort=False).any()


def mask(values: pd.Series[Any], column: str, tests: list[Value]) -> pd.Series[bool]:
    """Which rows one criterion finds."""
    lists = [[item for item in v if not is_blank(item)] or [None] if isinstance(v, list) else [v] for v in values]
    items = pd.Series(lists, values.index, dtype=object).explode()
    right = pd.Series(False, values.index)
    for sign, operand in tests:
        if sign in ORDERS:
            right |= flags(items, partial(is_beyond, sign=sign, operand=operand, column=column))
        elif sign == "=":
            right |= flags(items, partial(equals, operand=operand))
    if wrong := [operand for sign, operand in tests if sign == "<>"]:
        right |= ~flags(items, lambda item: any(equals(item, operand) for operand in wrong))
    return right


def expected_ranks(
    rows: list[dict[str, Any]], criteria: list[tuple[str, list[Value]]], sort: list[tuple[str, bool]], top: int | None
) -> list[int]:
    bounds = (10, 50, 200, 500, 1000, 5000, 10000)
    for row in rows:
        count = row["employee_count"]
        row["employee_band"] = None if count is None else EMPLOYEE_BANDS[sum(count > bound for bound in bounds)]
    table = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in COLUMNS})
    for column, tests in criteria:
        table = table[mask(table[column], column, tests)]
    ranks = [label + 1 for label in table.index]
    for column, descending in reversed(sort):
        keys = {rank: order_key(rows[rank - 1][column], column) for rank in ranks}
        places = {key: place for place, key in enumerate(sorted({key for key in keys.values() if key is not None}))}
        way = -1 if descending else 1
        ranks.sort(key=lambda rank: (keys[rank] is None, way * places.get(keys[rank], 0)))
    return ranks if top is None else ranks[:top]


def order_key(value: Any, column: str) -> Any:
    if is_blank(value) or value == []:
        return None
    if column == "employee_band":
        return EMPLOYEE_BANDS.index(value)
    if isinstance(value, list):
        return place("; ".join(value)) or None
    return place(value) if isinstance(value, str) else value


# --- any selection ---


def written(value: Value) -> str:
    sign, operand = value
    if isinstance(operand, list):
        return sign + "".join(part if part in ("*", "?") else escaped(part[1]) for part in operand)
    return sign + ("" if operand is None else escaped(operand) if isinstance(operand, str) else str(operand))


def escaped(text: str) -> str:
    return "".join(f"~{sign}" if sign in "=<>*?|;~" else sign for sign in text)


GLOB = st.lists(st.sampled_from(["*", "*", "?", "_a", "_b", "_*", "_?", "_\u00e9"]), min_size=1, max_size=4).filter(
    lambda parts: bool({"*", "?"} & set(parts))
)


def any_tests(column: str) -> st.SearchStrategy[list[Value]]:
    equal: st.SearchStrategy[Any]
    ordered: st.SearchStrategy[Any]
    if column == "employee_band":
        equal, ordered = st.none() | st.sampled_from(EMPLOYEE_BANDS), st.sampled_from(EMPLOYEE_BANDS)
    elif column == "employee_count":
        equal = st.none() | st.sampled_from(COUNTS)
        ordered = st.sampled_from([*COUNTS, 9.5])
    else:
        equal = st.one_of(st.none(), st.sampled_from([text for text in TEXTS if text != "50"]), GLOB)
        ordered = st.sampled_from(LETTERS)
    value: st.SearchStrategy[Value] = st.one_of(
        st.tuples(st.sampled_from(SIGNS[:2]), equal), st.tuples(st.sampled_from(SIGNS[2:]), ordered)
    )
    return st.lists(value, min_size=1, max_size=3)


CRITERION = st.sampled_from(COLUMNS).flatmap(lambda column: st.tuples(st.just(column), any_tests(column)))
ROW = st.fixed_dictionaries(
    {
        "name": st.none() | st.sampled_from(["", " ", *TEXTS]),
        "hq_city": st.none() | st.sampled_from(LETTERS),
        "employee_count": st.none() | st.sampled_from(COUNTS),
        "industries": st.none() | st.lists(st.sampled_from(["", *LETTERS]) | st.none(), max_size=3),
    }
)
SORT = st.lists(
    st.tuples(st.sampled_from(["hq_city", "employee_count", "employee_band"]), st.booleans()),
    max_size=2,
    unique_by=lambda pair: pair[0],
)


@given(st.lists(ROW, max_size=12), st.lists(CRITERION, max_size=2), SORT, st.none() | st.integers(1, 5))
def test_any_selection_is_that_of_the_model(
    rows: list[dict[str, Any]],
    criteria: list[tuple[str, list[Value]]],
    sort: list[tuple[str, bool]],
    top: int | None,
) -> None:
    text = "; ".join(f"{column}{'|'.join(map(written, tests))}" for column, tests in criteria)
    by = ",".join(("-" if descending else "") + column for column, descending in sort)
    selection = Selection(parse(text), parse_sort(by), top)
    assert frame(rows, ["rank"], selection=selection)["rank"].tolist() == expected_ranks(rows, criteria, sort, top), (
        text
    )
