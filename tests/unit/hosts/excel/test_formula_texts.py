"""Reading formula texts, and finding formulas that read spilled blocks."""

from __future__ import annotations

from typing import Any

import pytest

from xl_openfunnel.hosts.excel import formula_texts
from xl_openfunnel.hosts.excel.addresses import CellRange, CellRef
from xl_openfunnel.hosts.excel.formula_texts import spill_dependents

OURS = CellRef("Book.xlsx", "It's Rows", "$A$4")


def at(cell: str, sheet: str = "It's Rows") -> CellRef:
    return CellRef("Book.xlsx", sheet, cell)


@pytest.mark.parametrize(
    ("sheet", "formula", "reads"),
    [
        ("It's Rows", "=COUNTA(A4#)", True),
        ("It's Rows", "=SUM($a$4#,1)", True),
        ("It's Rows", "=COUNTA(A4:A90)", False),
        ("It's Rows", "=SUM(A40#)", False),
        ("It's Rows", "=SUM(AA4#)", False),
        ("It's Rows", '="A4#"', False),
        ("It's Rows", "=Other!A4#", False),
        ("Other", "=SORT('It''s Rows'!A4#)", True),
        ("Other", "=SORT(A4#)", False),
        ("Other", "='[Mine.xlsx]It''s Rows'!A4#", False),
        ("Other", "=SORT(companies#)", True),  # a name may mean any cell
        ("Other", "=IF(B2=#N/A,#REF!,0)", False),
    ],
)
def test_a_formula_depends_on_the_cell_whose_block_it_reads(sheet: str, formula: str, reads: bool) -> None:
    reader = at("$Z$1", sheet)
    assert spill_dependents({OURS: "=OF_ROWS(B1)", reader: formula}, {OURS}) == ({reader} if reads else set())


def test_formulas_that_read_dependents_are_dependents() -> None:
    formulas = {
        at("$J$1"): "=SORT(A4#)",
        at("$K$1"): "=SUM(J1#)",
        at("$L$1"): "=SUM(M1#)",
        at("$B$1", "Größen"): "=MAX('It''s Rows'!K1#)",
        at("$C$1", "Größen"): "=MIN(Größen!B1#)",
    }
    assert spill_dependents(formulas, {OURS}) == formulas.keys() - {at("$L$1")}


LONG = "x" * 9_000


@pytest.mark.parametrize("long_ones", [[], [(3, 2)], [(2, 2), (2, 3), (6, 4)]])
def test_all_texts_but_the_too_long_ones_are_read(long_ones: list[tuple[int, int]]) -> None:
    cells = {(row, column): f"={row}+{column}" for row in range(2, 7) for column in range(2, 5)}
    cells |= dict.fromkeys(long_ones, LONG)
    reads: list[CellRange] = []

    def read(part: CellRange) -> Any:
        reads.append(part)
        lines = tuple(
            tuple(cells[row, column] for column in range(part.left, part.right + 1))
            for row in range(part.top, part.bottom + 1)
        )
        if formula_texts.has_too_long_text(lines):
            return None
        return lines[0][0] if len(lines) == len(lines[0]) == 1 else lines

    shown = formula_texts.read_texts(CellRange(2, 2, 6, 4), read)
    expected = {cell: "" if text == LONG else text for cell, text in cells.items()}
    assert shown == [[expected[row, column] for column in range(2, 5)] for row in range(2, 7)]
    assert bool(long_ones) == (len(reads) > 1)


def test_only_long_texts_are_too_long() -> None:
    assert formula_texts.has_too_long_text(LONG)
    assert formula_texts.has_too_long_text(((1.0, None), ("", LONG)))
    assert not formula_texts.has_too_long_text(((1.0, "x" * 8_192),))
    assert not formula_texts.has_too_long_text(None)
