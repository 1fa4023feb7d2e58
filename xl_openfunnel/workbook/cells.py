"""Formulas, and beside them what they show until Excel calculates them."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from .cached_values import CachedValues

Cell = str | float | bool


def write(sheet: Worksheet, row: int, column: int, cell: Cell, style: Format | None = None) -> None:
    """A cell as what it is; text stays text, whatever it looks like."""
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
    elif isinstance(cell, (int, float)):
        sheet.write_number(row, column, cell, style)
    else:
        sheet.write_string(row, column, cell, style)


def write_one(
    sheet: Worksheet, row: int, column: int, call: str, shown: CachedValues, style: Format, unknown: str = ""
) -> None:
    """A function that gives one value.

    Args:
        sheet: where.
        row: from 0.
        column: from 0.
        call: the function as it is called.
        shown: what the cells show.
        style: of the cell.
        unknown: what is shown where the function is unknown, as it is without macros.
    """
    ((value,),) = shown.block(call)
    sheet.write_formula(row, column, f'=IFERROR({call},"{unknown}")', style, value)


def write_spill(
    sheet: Worksheet, row: int, column: int, call: str, shown: CachedValues, styles: Sequence[Format | None] = ()
) -> tuple[int, int]:
    """A function that spills.

    Args:
        sheet: where.
        row: of the cell with the formula, from 0.
        column: of the same.
        call: the function as it is called.
        shown: what the cells show.
        styles: of the columns that it fills; None for that of the sheet's column.

    Returns:
        The last row and column that are filled now.
    """
    block = shown.block(call)
    last = (row + len(block) - 1, column + len(block[0]) - 1)
    # A plain formula would get Excel's implicit intersection, "@", and never spill.
    sheet.write_dynamic_array_formula(row, column, *last, f"={call}", styles[0] if styles else None, block[0][0])
    for down, line in enumerate(block):
        for right, cell in enumerate(line):
            if down or right:
                write(sheet, row + down, column + right, cell, styles[right] if styles else None)
    return last
