"""Addresses as Excel writes them."""

from __future__ import annotations

import pytest

from xl_openfunnel.hosts.excel.addresses import CallingCell, CellRange, CellRef, cell_address, parse_calling_cell


@pytest.mark.parametrize(
    ("where", "cell"),
    [
        ("[Book1]Sheet1!$A$1", CellRef("Book1", "Sheet1", "$A$1")),
        ("'[My book.xlsx]Rows 1'!$A$5", CellRef("My book.xlsx", "Rows 1", "$A$5")),
        ("'[Müller''s.xlsx]It''s'!$XFD$1048576", CellRef("Müller's.xlsx", "It's", "$XFD$1048576")),
        ("'[a (1).xlsx]Q3!'!$B$2:$C$9", CellRef("a (1).xlsx", "Q3!", "$B$2")),
    ],
)
def test_a_calling_cell_is_parsed(where: str, cell: CellRef) -> None:
    assert parse_calling_cell(f"1311588 spill {where}") == CallingCell(1311588, spills=True, cell=cell)
    assert parse_calling_cell(f"7 nospill {where}") == CallingCell(7, spills=False, cell=cell)


@pytest.mark.parametrize(
    "where", [None, "", 12.0, "x spill [B]S!$A$1", "1 spill", "1 maybe [B]S!$A$1", "1 spill S!$A$1"]
)
def test_anything_else_is_no_calling_cell(where: object) -> None:
    assert parse_calling_cell(where) is None


@pytest.mark.parametrize(
    ("address", "area"),
    [
        ("$A$1", CellRange(1, 1, 1, 1)),
        ("$Z$9:$AA$10", CellRange(9, 26, 10, 27)),
        ("$A$1:$XFD$1048576", CellRange(1, 1, 1_048_576, 16_384)),
    ],
)
def test_a_range_is_parsed_and_written_as_excel_does(address: str, area: CellRange) -> None:
    assert CellRange.parse(address) == area
    assert area.address == address
    assert (area.bottom, area.right) in area
    assert (area.bottom + 1, area.right) not in area


@pytest.mark.parametrize(
    ("address", "area"), [("$B:$D", CellRange(1, 2, 1_048_576, 4)), ("$3:$5", CellRange(3, 1, 5, 16_384))]
)
def test_whole_columns_and_rows_are_parsed(address: str, area: CellRange) -> None:
    assert CellRange.parse(address) == area


@pytest.mark.parametrize("address", ["", "A1", "$A$1,$B$2", "$A:$3", "[B]S!$A$1"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        CellRange.parse(address)


def test_every_column_has_its_letters() -> None:
    assert [cell_address(1, column) for column in (1, 26, 27, 702, 703)] == ["$A$1", "$Z$1", "$AA$1", "$ZZ$1", "$AAA$1"]


def test_areas_intersect_in_the_cells_that_both_have() -> None:
    used = CellRange.parse("$B$2:$D$9")
    assert CellRange.parse("$A:$C").intersection(used) == CellRange.parse("$B$2:$C$9")
    assert used.intersection(CellRange.parse("$4:$4")) == CellRange.parse("$B$4:$D$4")
    assert CellRange.parse("$E:$E").intersection(used) is None
    assert CellRange.parse("$10:$12").intersection(used) is None
