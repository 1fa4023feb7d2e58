"""Which formulas read what others spill."""

from __future__ import annotations

import pytest

from xl_openfunnel.hosts.places import Place
from xl_openfunnel.hosts.spills import readers

OURS = Place("Book.xlsx", "It's Rows", "$A$4")


def at(cell: str, sheet: str = "It's Rows") -> Place:
    return Place("Book.xlsx", sheet, cell)


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
def test_a_formula_reads_a_block_by_the_cell_that_spills_it(sheet: str, formula: str, reads: bool) -> None:
    reader = at("$Z$1", sheet)
    assert readers({OURS: "=OF_ROWS(B1)", reader: formula}, {OURS}) == ({reader} if reads else set())


def test_what_reads_a_reader_reads_too() -> None:
    formulas = {
        at("$J$1"): "=SORT(A4#)",
        at("$K$1"): "=SUM(J1#)",
        at("$L$1"): "=SUM(M1#)",
        at("$B$1", "Größen"): "=MAX('It''s Rows'!K1#)",
        at("$C$1", "Größen"): "=MIN(Größen!B1#)",
    }
    assert readers(formulas, {OURS}) == formulas.keys() - {at("$L$1")}
