"""Where formulas stand in Excel's workbooks: found by their texts, in every sheet that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pywintypes

from ..places import Area, Place, cell_address
from . import calls, failures, formulabar

_FORMULAS: Final = -4123  # xlCellTypeFormulas

_CELLS_AT_ONCE: Final = 20_000
"""Cells whose formulas are read in one go: Excel's user should not notice."""

_CELLS_OF_PROTECTED_SHEET: Final = 500_000
"""Cells of a protected sheet that are read at the most: there, Excel does not say which of them have formulas."""

_AREAS: Final = 200
"""Areas with formulas that are asked for one by one; of more the whole used range is read instead."""

_UNKNOWN: Final = object()


def formulas_in_book(book: Any, wanted: Callable[[str], object]) -> dict[Place, str]:
    """Where in a workbook formulas stand that are wanted; the first cell of each, and its text."""
    name = str(calls.get(book, "Name"))
    found: dict[Place, str] = {}
    for sheet in calls.items(calls.get(book, "Worksheets")):
        with calls.refusal_noted(f"show the formulas of a sheet of {name}"):
            found |= _formulas_in_sheet(name, str(calls.get(sheet, "Name")), sheet, wanted)
    return found


def _formulas_in_sheet(book: str, name: str, sheet: Any, wanted: Callable[[str], object]) -> dict[Place, str]:
    found: dict[Place, str] = {}
    filled: list[Area] = []  # by one formula each: Excel shows its text in every cell of it
    for area in _areas_with_formulas(sheet):
        for part in _parts(area):
            for row, texts in enumerate(_texts(sheet, part), part.top):
                for column, text in enumerate(texts, part.left):
                    if not wanted(text) or any((row, column) in one for one in filled):
                        continue
                    cell = calls.get(sheet, "Range", cell_address(row, column))
                    if not calls.get(cell, "HasFormula"):
                        continue  # a text that looks like one
                    whole = _filled_with(cell, Area(row, column, row, column))
                    if whole.bottom > whole.top or whole.right > whole.left:
                        filled.append(whole)
                    found[Place(book, name, cell_address(whole.top, whole.left))] = text
    return found


def _areas_with_formulas(sheet: Any) -> Iterator[Area]:
    used = calls.get(sheet, "UsedRange")
    try:
        areas = calls.get(calls.get(used, "SpecialCells", _FORMULAS), "Areas")
    except pywintypes.com_error as error:
        if failures.code(error) != failures.FAILED:
            raise
        if calls.get(sheet, "ProtectContents") and calls.get(used, "CountLarge") <= _CELLS_OF_PROTECTED_SHEET:
            yield Area.at(calls.get(used, "Address"))
        return  # there are no formulas
    if calls.get(areas, "Count") > _AREAS:
        yield Area.at(calls.get(used, "Address"))
        return
    for area in calls.items(areas):
        yield Area.at(calls.get(area, "Address"))


def _parts(area: Area) -> Iterator[Area]:
    height = max(1, _CELLS_AT_ONCE // (area.right - area.left + 1))
    for top in range(area.top, area.bottom + 1, height):
        yield Area(top, area.left, min(top + height - 1, area.bottom), area.right)


def _filled_with(cell: Any, itself: Area) -> Area:
    """The cells that the formula of this one fills; itself, where Excel does not say."""
    filled = itself
    with calls.refusal_noted("show what a formula fills"):
        if calls.known(cell, "HasSpill"):
            filled = Area.at(calls.get(calls.get(calls.get(cell, "SpillParent"), "SpillingToRange"), "Address"))
        elif calls.get(cell, "HasArray"):
            filled = Area.at(calls.get(calls.get(cell, "CurrentArray"), "Address"))
    return filled


def formula_of(cells: Any) -> Any:
    """The formulas of cells, as an Excel with spilled blocks has them where it is one."""
    shown = calls.known(cells, "Formula2", _UNKNOWN)
    return calls.get(cells, "Formula") if shown is _UNKNOWN else shown


def _texts(sheet: Any, area: Area) -> list[list[str]]:
    """What the formula bar shows for each cell."""

    def shown(part: Area) -> Any:
        cells = calls.get(sheet, "Range", part.address)
        try:
            return formula_of(cells)
        except pywintypes.com_error as error:
            if failures.code(error) != failures.FAILED or not formulabar.too_long(calls.get(cells, "Value2")):
                raise
            return None

    return formulabar.texts(area, shown)
