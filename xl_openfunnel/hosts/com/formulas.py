"""Where formulas stand in Excel's workbooks: found by their texts, in every sheet that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pywintypes

from ..buttons.workplace import HostError
from ..places import Area, Place, cell_address
from . import calls, failures, formulabar, parts
from .calls import Asking

_FORMULAS: Final = -4123  # xlCellTypeFormulas

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
        for part in parts.of_area(area):
            for row, texts in enumerate(texts_in_bar(calls, sheet, part, formula_of), part.top):
                for column, text in enumerate(texts, part.left):
                    if not wanted(text) or any((row, column) in one for one in filled):
                        continue
                    cell = calls.get(sheet, "Range", cell_address(row, column))
                    if not calls.get(cell, "HasFormula"):
                        continue  # a text that looks like one
                    whole = None
                    with calls.refusal_noted("show what a formula fills"):
                        whole = filled_with(calls, cell)
                    if whole is not None:
                        filled.append(whole)
                    first = (row, column) if whole is None else (whole.top, whole.left)
                    found[Place(book, name, cell_address(*first))] = text
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


def filled_with(ask: Asking, cell: Any) -> Area | None:
    """The cells that the formula of this one fills: what it spills over, or the array that it is part of.

    None where it fills no other cell than its own.
    """
    if ask.known(cell, "HasSpill"):
        filled = ask.get(ask.get(cell, "SpillParent"), "SpillingToRange")
    elif ask.get(cell, "HasArray"):
        filled = ask.get(cell, "CurrentArray")
    else:
        return None
    return Area.at(ask.get(filled, "Address"))


def formula_of(cells: Any) -> Any:
    """The formulas of cells, as an Excel with spilled blocks has them where it is one."""
    shown = calls.known(cells, "Formula2", _UNKNOWN)
    return calls.get(cells, "Formula") if shown is _UNKNOWN else shown


def texts_in_bar(ask: Asking, sheet: Any, area: Area, shown: Callable[[Any], Any]) -> list[list[str]]:
    """What the formula bar shows for each cell of a sheet's area.

    Args:
        ask: makes the calls.
        sheet: the sheet.
        area: its cells.
        shown: asks cells for it, in the form that is wanted.
    """

    def read(part: Area) -> Any:
        cells = ask.get(sheet, "Range", part.address)
        try:
            return shown(cells)
        except (pywintypes.com_error, HostError) as error:
            code = error.code if isinstance(error, HostError) else failures.code(error)
            if code != failures.FAILED or not formulabar.too_long(ask.get(cells, "Value2")):
                raise
            return None

    return formulabar.texts(area, read)
