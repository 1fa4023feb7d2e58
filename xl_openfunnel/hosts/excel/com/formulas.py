"""Finds formulas in Excel's workbooks by their text, on every sheet that shows them."""

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

_MAX_PROTECTED_CELLS: Final = 500_000
"""Cells of a protected sheet that are read at most: there Excel does not say which of them have formulas."""

_MAX_AREAS: Final = 200
"""Areas with formulas that are read one by one; if there are more, the whole used range is read instead."""

_MISSING: Final = object()


def formulas_in_book(book: Any, accept: Callable[[str], object]) -> dict[CellRef, str]:
    """The formulas of a workbook that ``accept`` accepts, by their first cells."""
    name = str(dispatch.get(book, "Name"))
    formulas: dict[CellRef, str] = {}
    for sheet in dispatch.items(dispatch.get(book, "Worksheets")):
        with dispatch.log_com_errors(f"show the formulas of a sheet of {name}"):
            formulas |= _formulas_in_sheet(name, str(dispatch.get(sheet, "Name")), sheet, accept)
    return formulas


def _formulas_in_sheet(book: str, name: str, sheet: Any, accept: Callable[[str], object]) -> dict[CellRef, str]:
    formulas: dict[CellRef, str] = {}
    filled_ranges: list[CellRange] = []  # Excel shows a block's one formula in each of its cells
    for area in _areas_with_formulas(sheet):
        for chunk in addresses.chunks(area):
            for row, texts in enumerate(formula_bar_texts(dispatch, sheet, chunk, read_formula), chunk.top):
                for column, text in enumerate(texts, chunk.left):
                    if not accept(text) or any((row, column) in filled for filled in filled_ranges):
                        continue
                    cell = dispatch.get(sheet, "Range", cell_address(row, column))
                    if not dispatch.get(cell, "HasFormula"):
                        continue  # a text that looks like a formula
                    block = None
                    with dispatch.log_com_errors("show what a formula fills"):
                        block = filled_range(dispatch, cell)
                    if block is not None:
                        filled_ranges.append(block)
                    first = (row, column) if block is None else (block.top, block.left)
                    formulas[CellRef(book, name, cell_address(*first))] = text
    return formulas


def _areas_with_formulas(sheet: Any) -> Iterator[CellRange]:
    used = dispatch.get(sheet, "UsedRange")
    try:
        areas = dispatch.get(dispatch.get(used, "SpecialCells", _FORMULAS), "Areas")
    except pywintypes.com_error as error:
        if hresults.code(error) != hresults.FAILED:
            raise
        if dispatch.get(sheet, "ProtectContents") and dispatch.get(used, "CountLarge") <= _MAX_PROTECTED_CELLS:
            yield CellRange.parse(dispatch.get(used, "Address"))
        return  # the sheet has no formulas
    if dispatch.get(areas, "Count") > _MAX_AREAS:
        yield CellRange.parse(dispatch.get(used, "Address"))
        return
    for area in dispatch.items(areas):
        yield CellRange.parse(dispatch.get(area, "Address"))


def filled_range(call: ComCaller, cell: Any) -> CellRange | None:
    """The range that the cell belongs to: the one its formula spills over, or an array. None for a single cell."""
    if call.get_optional(cell, "HasSpill"):
        filled = call.get(call.get(cell, "SpillParent"), "SpillingToRange")
    elif call.get(cell, "HasArray"):
        filled = call.get(cell, "CurrentArray")
    else:
        return None
    return CellRange.parse(call.get(filled, "Address"))


def read_formula(cells: Any) -> Any:
    """The formulas of cells: ``Formula2``, or ``Formula`` in an Excel without dynamic arrays."""
    formula = dispatch.get_optional(cells, "Formula2", _MISSING)
    return dispatch.get(cells, "Formula") if formula is _MISSING else formula


def formula_bar_texts(call: ComCaller, sheet: Any, area: CellRange, read: Callable[[Any], Any]) -> list[list[str]]:
    """What the formula bar shows for each cell of an area.

    ``read`` reads the texts of a Range, in the form that the caller needs.
    """

    def read_part(part: CellRange) -> Any:
        cells = call.get(sheet, "Range", part.address)
        try:
            return read(cells)
        except (pywintypes.com_error, HostError) as error:
            code = error.code if isinstance(error, HostError) else hresults.code(error)
            if code != hresults.FAILED or not formula_texts.has_too_long_text(call.get(cells, "Value2")):
                raise
            return None

    return formula_texts.read_texts(area, read_part)
