"""What is read of a selection in Calc, with stand-ins for its documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.calc.selected_cells import Selection, find_selection

GRID = [["", "", "", ""], ["", "Account", "Website", ""], ["", "Acme", "acme.com", ""], ["", "Foo", "foo.example", ""]]
LAST = 1_048_575


@dataclass
class Cells:
    """A range, a cursor, and the controller that has it selected."""

    Spreadsheet: Any
    RangeAddress: SimpleNamespace

    def getDataArray(self) -> tuple[tuple[object, ...], ...]:  # noqa: N802
        area = self.RangeAddress
        rows = GRID[area.StartRow : area.EndRow + 1]
        return tuple(tuple(row[area.StartColumn : area.EndColumn + 1]) for row in rows)

    def queryVisibleCells(self) -> SimpleNamespace:  # noqa: N802
        area, hidden = self.RangeAddress, self.Spreadsheet.hidden
        rows = [row for row in range(area.StartRow, area.EndRow + 1) if row not in hidden]
        return SimpleNamespace(RangeAddresses=[at(0, row, 0, row) for row in rows])

    def collapseToCurrentRegion(self) -> None:  # noqa: N802
        self.RangeAddress = at(1, 1, 2, 3)

    def gotoEndOfUsedArea(self, _: bool) -> None:  # noqa: N802
        self.RangeAddress = at(3, 3, 3, 3)


class Sheet:
    Name = "Accounts 2026"

    def __init__(self) -> None:
        self.hidden: set[int] = set()

    def getCellRangeByPosition(self, left: int, top: int, right: int, bottom: int) -> Cells:  # noqa: N802
        return Cells(self, at(left, top, right, bottom))

    def createCursorByRange(self, cells: Cells) -> Cells:  # noqa: N802
        return Cells(self, cells.RangeAddress)

    def createCursor(self) -> Cells:  # noqa: N802
        return Cells(self, at(0, 0, 0, 0))


def at(left: int, top: int, right: int, bottom: int) -> SimpleNamespace:
    return SimpleNamespace(Sheet=0, StartColumn=left, StartRow=top, EndColumn=right, EndRow=bottom)


def select(area: SimpleNamespace, *, table: SimpleNamespace | None = None, hidden: int | None = None) -> Selection:
    sheet = Sheet()
    sheet.hidden |= {hidden} if hidden is not None else set()
    found = find_selection(
        SimpleNamespace(
            CurrentController=SimpleNamespace(getSelection=lambda: Cells(sheet, area)),
            DatabaseRanges=[SimpleNamespace(Name="Customers", DataArea=table, ContainsHeader=True)] if table else [],
        )
    )
    assert found is not None
    return found


def rows(selection: Selection) -> list[list[object]]:
    return [list(row) for row in selection.read(lambda run: run()).rows]


def test_whole_columns_are_cut_at_the_last_used_cell() -> None:
    selection = select(at(1, 0, 2, LAST))
    assert (selection.title, selection.hidden) == ("Accounts 2026", False)
    assert rows(selection) == [row[1:3] for row in GRID]


def test_a_single_cell_stands_for_all_around_it() -> None:
    assert rows(select(at(2, 3, 2, 3))) == [row[1:3] for row in GRID[1:]]


def test_a_part_of_a_table_has_the_names_of_its_columns_and_the_tables_name() -> None:
    selection = select(at(2, 3, 2, 3 + 1), table=at(1, 1, 2, 3))
    assert selection.title == "Customers"
    assert rows(selection) == [["Website"], ["foo.example"]]
    assert rows(select(at(2, 3, 2, 3), table=at(1, 1, 2, 3))) == [row[1:3] for row in GRID[1:]]


def test_hidden_rows_are_noticed() -> None:
    assert select(at(1, 1, 2, 3), hidden=2).hidden
    assert not select(at(1, 1, 2, 3), hidden=0).hidden


def test_unused_cells_are_none() -> None:
    assert rows(select(at(0, 9, 3, 12))) == rows(select(at(7, 0, 7, LAST))) == []


@pytest.mark.parametrize("selected", [None, SimpleNamespace(RangeAddresses=[])])
def test_several_blocks_or_a_picture_are_no_cells(selected: object) -> None:
    controller = SimpleNamespace(getSelection=lambda: selected)
    assert find_selection(SimpleNamespace(CurrentController=controller, DatabaseRanges=[])) is None
    assert find_selection(SimpleNamespace(CurrentController=None, DatabaseRanges=[])) is None


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cells, "gotoEndOfUsedArea", lambda self, _: setattr(self, "RangeAddress", at(9, LAST, 9, LAST)))
    with pytest.raises(ConfigurationError, match=re.escape("1,048,576 rows of 10 columns are too many cells.")):
        select(at(0, 0, 9, LAST))
