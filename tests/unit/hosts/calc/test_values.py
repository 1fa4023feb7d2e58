"""Values as Calc hands them over, and as it takes them."""

from __future__ import annotations

import pytest

from xl_openfunnel.functions.catalog import LOOKUP, ROWS, Argument
from xl_openfunnel.hosts.calc.values import given, taken

JOB, _, HEADERS, _ = ROWS.arguments
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
    ],
)
def test_a_blank_cell_is_blank_and_a_zero_is_one_where_it_can_be(
    value: object, argument: Argument, expected: object
) -> None:
    assert given(value, argument) == expected


def test_one_cell_is_taken_as_its_value_and_a_block_as_rows() -> None:
    assert taken([["completed"]]) == "completed"
    assert taken([[True]]) == 1.0
    assert taken([["a", 1.0], [False, ""]]) == (("a", 1.0), (0.0, ""))
