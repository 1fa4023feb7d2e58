"""Fitting blocks into arrays of another size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.cell_values import Block
from xl_openfunnel.hosts.calc.array_size import Size, fit, missing

SIZES = st.builds(Size, st.integers(1, 12), st.integers(1, 6))
BLOCK: Block = [["rank", "name"], [1.0, "a"], [2.0, "b"]]


def test_an_array_that_is_too_large_is_padded_with_blanks() -> None:
    assert fit(BLOCK, Size(4, 3)) == [["rank", "name", ""], [1.0, "a", ""], [2.0, "b", ""], ["", "", ""]]


def test_a_block_that_fits_is_not_changed() -> None:
    assert fit(BLOCK, Size(3, 2)) == BLOCK


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (Size(2, 2), "2 rows."),
        (Size(1, 2), "3 rows."),
        (Size(3, 1), "1 column."),
        (Size(2, 1), "2 rows and 1 column."),
    ],
)
def test_the_last_row_says_what_is_missing(size: Size, says: str) -> None:
    shown = fit(BLOCK, size)
    assert shown[:-1] == [row[: size.columns] for row in BLOCK[: size.rows - 1]]
    assert shown[-1] == [missing(BLOCK, size), *[""] * (size.columns - 1)]
    assert str(shown[-1][0]).startswith(f"#OF! Not shown for want of cells: {says} Make room with")


@given(SIZES, SIZES)
def test_a_block_is_never_cut_without_saying_so(needed: Size, size: Size) -> None:
    block: Block = [
        [float(row * 100 + column) for column in range(needed.columns)] for row in range(1, needed.rows + 1)
    ]
    shown = fit(block, size)
    assert Size.of(shown) == size
    assert {len(row) for row in shown} == {size.columns}
    seen = {cell for row in shown for cell in row}
    whole = {cell for row in block for cell in row} <= seen
    assert whole == size.holds(block)
    assert whole != any(str(cell).startswith("#OF! Not shown") for cell in seen)
    assert len(missing(block, Size(1, 1))) <= 255
