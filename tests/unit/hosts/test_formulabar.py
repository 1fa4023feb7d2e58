"""Formulas of many cells, where Excel refuses those of a block with a long text."""

from __future__ import annotations

from typing import Any

import pytest

from xl_openfunnel.hosts.com import formulabar
from xl_openfunnel.hosts.places import Area

LONG = "x" * 9_000


@pytest.mark.parametrize("long_ones", [[], [(3, 2)], [(2, 2), (2, 3), (6, 4)]])
def test_all_but_long_texts_is_shown_where_it_stands(long_ones: list[tuple[int, int]]) -> None:
    cells = {(row, column): f"={row}+{column}" for row in range(2, 7) for column in range(2, 5)}
    cells |= dict.fromkeys(long_ones, LONG)
    asked: list[Area] = []

    def read(part: Area) -> Any:
        asked.append(part)
        lines = tuple(
            tuple(cells[row, column] for column in range(part.left, part.right + 1))
            for row in range(part.top, part.bottom + 1)
        )
        if formulabar.too_long(lines):
            return None
        return lines[0][0] if len(lines) == len(lines[0]) == 1 else lines

    shown = formulabar.texts(Area(2, 2, 6, 4), read)
    expected = {cell: "" if text == LONG else text for cell, text in cells.items()}
    assert shown == [[expected[row, column] for column in range(2, 5)] for row in range(2, 7)]
    assert bool(long_ones) == (len(asked) > 1)


def test_only_a_text_is_too_long() -> None:
    assert formulabar.too_long(LONG)
    assert formulabar.too_long(((1.0, None), ("", LONG)))
    assert not formulabar.too_long(((1.0, "x" * 8_192),))
    assert not formulabar.too_long(None)
