"""Reads what the user selected: a range, whole columns, a table, or the list that a single cell stands in."""

from __future__ import annotations

from typing import Any

from ....errors import ConfigurationError
from ...known_list import SelectedCells, check_size
from ..addresses import CellRange
from . import ranges
from .dispatch import RetryingCaller


def read(call: RetryingCaller, sheet: Any, address: str) -> SelectedCells:
    """Implements `ports.WorkbookCommands.selected_cells`.

    A part of a table is read with the names of its columns.
    """
    try:
        selected = CellRange.parse(address)
    except ValueError:
        raise ConfigurationError("Several blocks of cells are selected. Select one.") from None
    first = call.get(sheet, "Range", CellRange(selected.top, selected.left, selected.top, selected.left).address)
    table = call.get(first, "ListObject")
    names = _area(call, table, "HeaderRowRange")
    if selected.top == selected.bottom and selected.left == selected.right:
        body = _area(call, table, "DataBodyRange") or names  # without totals
        selected = body or CellRange.parse(call.get(call.get(first, "CurrentRegion"), "Address"))
    area = selected.intersection(CellRange.parse(call.get(call.get(sheet, "UsedRange"), "Address")))
    if area is None:
        return SelectedCells(())
    check_size(area.bottom - area.top + 1, area.right - area.left + 1)
    rows = ranges.read(call, sheet, area)
    if names is not None and names.top < area.top:
        rows = ranges.read(call, sheet, CellRange(names.top, area.left, names.top, area.right)) + rows
    hidden = call.get(call.get(call.get(sheet, "Range", area.address), "EntireRow"), "Hidden")
    return SelectedCells(rows, hidden is not False)  # Excel says nothing where some of them are


def _area(call: RetryingCaller, table: Any, part: str) -> CellRange | None:
    cells = None if table is None else call.get(table, part)
    return None if cells is None else CellRange.parse(call.get(cells, "Address"))
