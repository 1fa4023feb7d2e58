"""What holds for rows of any JSON values and for any choice of columns."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_openfunnel.fields import DERIVED_COLUMNS, SERVICE_COLUMNS, parse_columns
from xl_openfunnel.table import block, frame
from xl_openfunnel.text import utf16_units

ANY_TEXT = st.text(st.characters(), max_size=8)  # lone surrogates included
LEAVES = st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | ANY_TEXT
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
KNOWN = st.sampled_from(("rank", *SERVICE_COLUMNS, *DERIVED_COLUMNS))
ROWS = st.lists(st.dictionaries(KNOWN | ANY_TEXT, JSON, max_size=6), max_size=6)


def well_formed(rectangle: list[list[Any]]) -> bool:
    cells = [cell for row in rectangle for cell in row]
    finite = all(math.isfinite(cell) for cell in cells if type(cell) is float)
    return finite and len({len(row) for row in rectangle}) <= 1 and {type(c) for c in cells} <= {str, float, bool}


@settings(max_examples=50)  # tests/fire/fuzz.py tries any number
@given(ROWS)
def test_any_rows_make_a_frame_and_a_block_of_cells(rows: list[dict[str, Any]]) -> None:
    table = frame(rows)
    assert len(table) == len(rows)
    assert table.columns.is_unique
    assert len(block(table)) == len(rows) + 1
    assert well_formed(block(table))


@given(ROWS, st.lists(KNOWN, min_size=1, unique=True))
def test_known_columns_exist_for_any_rows(rows: list[dict[str, Any]], columns: list[str]) -> None:
    table = frame(iter(rows), columns)
    assert list(table) == columns
    assert well_formed(block(table, text_limit=3))


@given(ROWS)
def test_a_named_column_is_the_same_as_in_the_whole_table(rows: list[dict[str, Any]]) -> None:
    whole = frame(rows)
    for name in whole:
        if str(name).strip("*"):
            pd.testing.assert_series_equal(frame(rows, [str(name)])[name], whole[name], check_names=False)


@given(st.lists(st.none() | ANY_TEXT, min_size=1))
def test_text_survives_exactly(texts: list[str | None]) -> None:
    rows = [{"name": text, "tags": [text], "odd": text} for text in texts] + [{"odd": 1}]
    shown = block(frame(rows, ["name", "tags", "odd"]), headers=False)[:-1]
    assert shown == [[text or ""] * 3 for text in texts]


@given(st.lists(ANY_TEXT | st.text(st.sampled_from("a😀é"), min_size=4), min_size=1), st.integers(1, 9))
def test_no_text_is_longer_than_the_limit(texts: list[str], limit: int) -> None:
    for (cell,) in block(frame([{"name": text} for text in texts], ["name"]), text_limit=limit):
        assert isinstance(cell, str)
        assert utf16_units(cell) <= limit


@given(st.recursive(st.none() | ANY_TEXT, lambda inner: st.lists(inner, max_size=4)))
def test_parsed_columns_are_trimmed_and_each_once(value: object) -> None:
    names = parse_columns(value) or ()
    assert parse_columns(list(names)) == (names or None)
    assert all(name == name.strip() != "" for name in names)
    assert len({name.casefold() for name in names}) == len(names)
