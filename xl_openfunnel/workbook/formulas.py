"""The workbook's formulas, and how they are written: their cells are blank until Excel calculates them."""

from __future__ import annotations

from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ..fields import DEFAULT_COLUMNS
from .sources import sheet_texts

STATUS: Final = "OF_STATUS(job)"
ROWS: Final = "OF_ROWS(job)"
BY_COUNTRY_AND_BAND: Final = 'OF_PIVOT(job,"country","employee_band")'
JOBS: Final = "OF_JOBS()"
CREDITS: Final = 'OF_CREDITS("left")'

CREDITS_LEFT: Final = f'IF(ISNUMBER({CREDITS}),{CREDITS},"")'
"""Only a number of credits; `key_status` shows why there is none."""

WHETHER_FINAL: Final = 'IF(OF_INFO(job,"provisional")=TRUE,"{provisional}",IF(OF_INFO(job,"final")=TRUE,"{final}",""))'
"""With the texts for companies that may still change, and for those that will not."""

TABLE_COLUMNS: Final = (*DEFAULT_COLUMNS, "country", "employee_band")
"""The columns of the table that the pivot reads."""


def key_status(accepted: str) -> str:
    """A formula for whether the key is accepted: ``accepted`` where the service states credits, else its error."""
    return f'IF(ISNUMBER({CREDITS}),"{accepted}",{CREDITS})'


def whether_final() -> str:
    """A formula for whether the companies shown are the last word."""
    texts = sheet_texts().start
    return WHETHER_FINAL.format(provisional=texts.provisional, final=texts.final)


def info_call(name: str) -> str:
    """The formula for one field of the job."""
    return f'OF_INFO(job,"{name}")'


def write_formula(
    sheet: Worksheet, row: int, column: int, formula: str, style: Format, without_macros: str = ""
) -> None:
    """Write a formula, given without ``=``, with what it shows where its functions are unknown: without macros."""
    write_single(sheet, row, column, f'=IFERROR({formula},"{without_macros}")', style, without_macros)


class _Text(str):
    """A text that XlsxWriter stores as one, also where it is empty: see `write_single`."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return bool(self) and super().__eq__(other)

    __hash__ = str.__hash__


def write_reference(sheet: Worksheet, row: int, column: int, cell: str, style: Format) -> None:
    """Write a formula that repeats the text of another cell; unlike the others it may stand in a merged cell."""
    sheet.write_formula(row, column, f"={cell}", style, _Text())


def write_single(sheet: Worksheet, row: int, column: int, formula: str, style: Format | None, value: str = "") -> None:
    """Write a formula with one value in the form that Excel shows as it was written.

    Excel shows an ``@`` before a function or name that may give several values, unless the cell's formula is stored as
    a dynamic array (https://support.microsoft.com/office/ce3be07b-0101-4450-a24e-c1c999be2b34). An empty text is stored
    as a text: XlsxWriter stores that of a plain formula as a number without digits.
    """
    sheet.write_dynamic_array_formula(row, column, row, column, formula, style, value)


def write_spill(sheet: Worksheet, row: int, column: int, formula: str, style: Format | None = None) -> None:
    """Write a formula, without its ``=``, that spills. Where the functions are unknown it shows why, and no ``#NAME?``.

    A plain formula would never spill: see `write_single`.
    """
    write_single(sheet, row, column, f'=IFERROR({formula},"{sheet_texts().no_functions}")', style)
