"""Converting values from Calc and to Calc."""

from __future__ import annotations

import struct

import pytest

from xl_openfunnel.cell_values import NotAvailable
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.registry import Argument
from xl_openfunnel.hosts.calc.marshal import from_calc, to_calc

LOOKUP = REGISTRY["OF_LOOKUP"]
ROWS = REGISTRY["OF_ROWS"]

JOB, _, HEADERS, _, CRITERIA = ROWS.arguments[:5]
IF_NOT_FOUND = LOOKUP.arguments[3]


@pytest.mark.parametrize(
    ("value", "argument", "expected"),
    [
        ((("job",),), JOB, "job"),
        ((("a",), ("b",)), JOB, (("a",), ("b",))),
        ((("a", 0.0),), JOB, (("a", None),)),
        (((0.0,),), JOB, None),
        (None, HEADERS, None),
        (0.0, HEADERS, 0.0),
        (1.0, HEADERS, 1.0),
        (0.0, IF_NOT_FOUND, 0.0),
        (((3,),), JOB, 3.0),
        ("", JOB, ""),
        ((("employee_count", 0.0),), CRITERIA, (("employee_count", 0.0),)),
        (0.0, CRITERIA, None),
    ],
)
def test_a_zero_is_a_blank_cell_except_where_it_can_be_a_number(
    value: object, argument: Argument, expected: object
) -> None:
    assert from_calc(value, argument) == expected


def test_a_single_cell_becomes_its_value_and_a_block_becomes_rows() -> None:
    assert to_calc([["completed"]]) == "completed"
    assert to_calc([[True]]) == 1.0
    assert to_calc([["a", 1.0], [False, ""]]) == (("a", 1.0), (0.0, ""))


def test_what_is_not_available_is_calcs_error_and_a_text_never_is() -> None:
    rows = to_calc([[NotAvailable("none"), "#N/A"], ["none", 1.0]])
    assert rows[0][1:] + rows[1] == ("#N/A", "none", 1.0)
    for error in (rows[0][0], to_calc([[NotAvailable("none")]])):
        assert struct.pack(">d", error).hex() == "7ff8000000007fff"  # FormulaError::NotAvailable is 32767


@pytest.mark.parametrize("blank", ["", None, 0.0])
@pytest.mark.parametrize("filled", [0, 1, 2, 3, 1_000, 4_095, 4_096, 5_000])
def test_only_the_filled_part_of_a_whole_column_is_passed(filled: int, blank: object) -> None:
    column = tuple((f"job-{row}",) if row < filled else (blank,) for row in range(5_000))
    looked_at = from_calc(column, JOB)
    assert isinstance(looked_at, tuple)
    assert looked_at[:filled] == column[:filled]
    assert len(looked_at) == max(filled, 2)
    assert {cell for (cell,) in looked_at[filled:]} <= {"", None}


def test_only_the_filled_part_of_whole_columns_is_read_as_criteria() -> None:
    columns = (("employee_count", 0.0), ("country", "Germany"), *[("", "")] * 5_000)
    assert from_calc(columns, CRITERIA) == columns[:2]


def test_a_short_range_is_passed_whole() -> None:
    assert from_calc((("a",), ("",), ("",)), JOB) == (("a",), ("",), ("",))
