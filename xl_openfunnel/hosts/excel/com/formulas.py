"""Where formulas stand in Excel's workbooks: found by their texts, in every sheet that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pywintypes

from .. import addresses, formula_texts
from ..addresses import CellRange, CellRef, cell_address
from ..ports import HostError
from . import dispatch, hresults
from .dispatch import ComCaller

_FORMULAS: Final = -4123  # xlCellTypeFormulas

_CELLS_OF_PROTECTED_SHEET: Final = 500_000
"""Cells of a protected sheet that are read at the most: there, Excel does not say which of them have formulas."""

_AREAS: Final = 200
"""Areas with formulas that are asked for one by one; of more the whole used range is read instead."""

_UNKNOWN: Final = object()


def formulas_in_book(book: Any, wanted: Callable[[str], object]) -> dict[CellRef, str]:
    """Where in a workbook formulas stand that are wanted; the first cell of each, and its text."""
    name = str(dispatch.get(book, "Name"))
    found: dict[CellRef, str] = {}
    for sheet in dispatch.items(dispatch.get(book, "Worksheets")):
        with dispatch.log_com_errors(f"show the formulas of a sheet of {name}"):
            found |= _formulas_in_sheet(name, str(dispatch.get(sheet, "Name")), sheet, wanted)
    return found


def _formulas_in_sheet(book: str, name: str, sheet: Any, wanted: Callable[[str], object]) -> dict[CellRef, str]:
    found: dict[CellRef, str] = {}
    filled: list[CellRange] = []  # by one formula each: Excel shows its text in every cell of it
    for area in _areas_with_formulas(sheet):
        for part in addresses.of_area(area):
            for row, texts in enumerate(formula_bar_texts(dispatch, sheet, part, formula_of), part.top):
                for column, text in enumerate(texts, part.left):
                    if not wanted(text) or any((row, column) in one for one in filled):
                        continue
                    cell = dispatch.get(sheet, "Range", cell_address(row, column))
                    if not dispatch.get(cell, "HasFormula"):
                        continue  # a text that looks like one
                    whole = None
                    with dispatch.log_com_errors("show what a formula fills"):
                        whole = filled_with(dispatch, cell)
                    if whole is not None:
                        filled.append(whole)
                    first = (row, column) if whole is None else (whole.top, whole.left)
                    found[CellRef(book, name, cell_address(*first))] = text
    return found


def _areas_with_formulas(sheet: Any) -> Iterator[CellRange]:
    used = dispatch.get(sheet, "UsedRange")
    try:
        areas = dispatch.get(dispatch.get(used, "SpecialCells", _FORMULAS), "Areas")
    except pywintypes.com_error as error:
        if hresults.code(error) != hresults.FAILED:
            raise
        if dispatch.get(sheet, "ProtectContents") and dispatch.get(used, "CountLarge") <= _CELLS_OF_PROTECTED_SHEET:
            yield CellRange.at(dispatch.get(used, "Address"))
        return  # there are no formulas
    if dispatch.get(areas, "Count") > _AREAS:
        yield CellRange.at(dispatch.get(used, "Address"))
        return
    for area in dispatch.items(areas):
        yield CellRange.at(dispatch.get(area, "Address"))


def filled_with(ask: ComCaller, cell: Any) -> CellRange | None:
    """The cells that the formula of this one fills: what it spills over, or the array that it is part of.

    None where it fills no other cell than its own.
    """
    if ask.get_optional(cell, "HasSpill"):
        filled = ask.get(ask.get(cell, "SpillParent"), "SpillingToRange")
    elif ask.get(cell, "HasArray"):
        filled = ask.get(cell, "CurrentArray")
    else:
        return None
    return CellRange.at(ask.get(filled, "Address"))


def formula_of(cells: Any) -> Any:
    """The formulas of cells, as an Excel with spilled blocks has them where it is one."""
    shown = dispatch.get_optional(cells, "Formula2", _UNKNOWN)
    return dispatch.get(cells, "Formula") if shown is _UNKNOWN else shown


def formula_bar_texts(ask: ComCaller, sheet: Any, area: CellRange, shown: Callable[[Any], Any]) -> list[list[str]]:
    """What the formula bar shows for each cell of a sheet's area.

    Args:
        ask: makes the calls.
        sheet: the sheet.
        area: its cells.
        shown: asks cells for it, in the form that is wanted.
    """

    def read(part: CellRange) -> Any:
        cells = ask.get(sheet, "Range", part.address)
        try:
            return shown(cells)
        except (pywintypes.com_error, HostError) as error:
            code = error.code if isinstance(error, HostError) else hresults.code(error)
            if code != hresults.FAILED or not formula_texts.too_long(ask.get(cells, "Value2")):
                raise
            return None

    return formula_texts.texts(area, read)
