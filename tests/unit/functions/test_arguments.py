"""Values from cells as arguments of functions."""

from __future__ import annotations

import pytest

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions import arguments
from xl_openfunnel.functions.arguments import CellError


@pytest.mark.parametrize(
    ("given", "grid"),
    [
        ("a", [["a"]]),
        (None, [[None]]),
        (("a", "b"), [["a", "b"]]),
        ((("a",), ("b",)), [["a"], ["b"]]),
        ((("a",), ("b", "c")), [["a", None], ["b", "c"]]),
        ((("a", "b"), "c"), [["a", "b"], ["c", None]]),
        ((), [[None]]),
        (((), ()), [[None], [None]]),
        ((1, True), [[1.0, True]]),
    ],
)
def test_any_value_becomes_a_rectangle(given: object, grid: list[list[object]]) -> None:
    assert arguments.grid(given) == grid
    assert [list(map(type, row)) for row in arguments.grid(given)] == [list(map(type, row)) for row in grid]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, ""),
        ("  a b ", "a b"),
        (True, "TRUE"),
        (False, "FALSE"),
        (12.0, "12"),
        (-3.0, "-3"),
        (1.5, "1.5"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e16, "10000000000000000"),
        (1e300, "1e+300"),
    ],
)
def test_a_cell_as_text_is_written_as_a_sheet_writes_it(given: object, text: str) -> None:
    assert arguments.text(given, "key") == text


@pytest.mark.parametrize(
    ("given", "on"),
    [
        *((True, True), (False, False), (1.0, True), (0.0, False), (None, True), ("", True), (((None,),), True)),
        *((" TRUE ", True), ("false", False), ("Yes", True), ("no", False), ((("No",),), False)),
    ],
)
def test_a_switch_is_a_boolean_a_number_or_a_word(given: object, on: bool) -> None:
    assert arguments.yes_or_no(given, "include_headers") is on


@pytest.mark.parametrize("given", [CellError("#N/A"), (True, False), "perhaps"])
def test_other_values_than_switches_are_refused(given: object) -> None:
    with pytest.raises(ConfigurationError, match="include_headers"):
        arguments.yes_or_no(given, "include_headers")
