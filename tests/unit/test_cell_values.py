"""Values as cells, and cells as text."""

from __future__ import annotations

import math

import pytest

from xl_openfunnel.cell_values import MAX_CELL_UNITS, clip_cells, to_cell, to_json, to_short_cell, to_text
from xl_openfunnel.table import block, frame
from xl_openfunnel.text import utf16_units


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (math.nan, ""),
        (12, 12.0),
        (True, True),
        ("=1+1", "=1+1"),
        (["a", None, "b"], "a; b"),
        ([["a"]], '["a"]'),
        ({"a": 1}, '{"a":1}'),
        ([], ""),
    ],
)
def test_a_value_is_the_same_cell_as_in_a_table(value: object, cell: object) -> None:
    assert to_cell(value) == cell
    assert type(to_cell(value)) is type(cell)
    assert block(frame([{"new": value}, {"new": "text"}], ["new"]), headers=False)[0] == [cell]


def test_text_is_cut_to_what_a_cell_holds() -> None:
    assert clip_cells(["x" * MAX_CELL_UNITS], MAX_CELL_UNITS) == ["x" * 32_767]
    assert utf16_units(str(clip_cells(["😀" * 20_000], MAX_CELL_UNITS)[0])) <= MAX_CELL_UNITS
    assert clip_cells(["abcdef", "abcd", 12_345.0, True], 4) == ["abc…", "abcd", 12_345.0, True]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (False, False),
        (12, 12.0),
        ("a\r\n b", "a b"),
        (["a\n", "b"], "a ; b"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        ("x" * 300, "x" * 254 + "…"),
        ({"a": 1}, '{"a":1}'),
    ],
)
def test_a_short_cell_has_one_line_and_at_most_255_units(value: object, cell: object) -> None:
    assert to_short_cell(value) == cell
    assert type(to_short_cell(value)) is type(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        *(("a", "a"), ("", ""), (True, "TRUE"), (False, "FALSE"), (12, "12"), (12.0, "12"), (-0.5, "-0.5")),
        *((1e15, "1000000000000000"), (2.0**60, str(2**60)), (1e19, "1e+19"), (10**20, "1" + "0" * 20)),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_a_cell_is_written_as_a_sheet_writes_it(cell: object, text: str) -> None:
    assert to_text(cell) == text


def test_json_has_null_for_numbers_that_json_does_not_have() -> None:
    assert to_json({"a": [1.5, math.inf], "b": math.nan, "c": "é"}) == '{"a": [1.5, null], "b": null, "c": "é"}'
