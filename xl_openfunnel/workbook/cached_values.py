"""The workbook's formulas, and the values that their cells show until Excel calculates them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ..cell_values import Block, Cell, excel_date, to_short_cell
from ..fields import DEFAULT_COLUMNS
from ..files.xlsx_cells import write_cell
from ..functions import info
from ..functions.info import INFO_FIELDS
from ..jobs.snapshot import Snapshot
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


@dataclass(frozen=True)
class CachedValues:
    """What the cells show; by default what they show without a job.

    Attributes:
        job: the job's cell.
        blocks: the value of each formula; a formula without one shows nothing.
        table: the companies in the table, in ``TABLE_COLUMNS``.
    """

    job: str = ""
    blocks: Mapping[str, Block] = field(default_factory=dict)
    table: Sequence[Sequence[str | float | bool]] = ()

    def block(self, formula: str) -> Block:
        return self.blocks.get(formula, [[""]])


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


def example_values(snapshot: Snapshot, label: str = "", credits_left: float | str = "") -> CachedValues:
    """What the cells show of a job, for pictures and tests.

    Args:
        snapshot: the job, with its rows.
        label: the job's label.
        credits_left: the account's credits.
    """
    from ..pivot import pivot
    from ..table import block  # imports pandas, which the workbook itself does not need

    frame = snapshot.frame(TABLE_COLUMNS)
    table = block(frame)
    manifest = snapshot.manifest or {}
    as_of = to_short_cell(excel_date(snapshot.as_of))
    ledger_entry = (
        *(snapshot.job_id, label, str(snapshot.status), float(len(snapshot.rows))),
        *(to_short_cell(manifest.get(name)) for name in ("credits_consumed", "derived_query", "resolved_seed_domains")),
        *(as_of, as_of),
    )
    texts = sheet_texts().start
    blocks: dict[str, Block] = {
        ROWS: [row[: len(DEFAULT_COLUMNS)] for row in table],
        BY_COUNTRY_AND_BAND: pivot(frame, ["country"], ["employee_band"]),
        JOBS: [
            ["job_id", "label", "status", "rows", "credits", "query", "seeds", "first_seen", "last_seen"],
            list(ledger_entry),
        ],
        CREDITS_LEFT: [[credits_left]],
        key_status(texts.key_accepted): [[texts.key_accepted]],
        whether_final(): [[texts.provisional if snapshot.provisional else texts.final if snapshot.final else ""]],
        STATUS: [[str(snapshot.status)]],
    }
    for name in INFO_FIELDS:
        blocks[info_call(name)] = [[info.value(name, snapshot, label)]]
    return CachedValues(snapshot.job_id, blocks, table[1:])


def write_formula(
    sheet: Worksheet,
    row: int,
    column: int,
    formula: str,
    values: CachedValues,
    style: Format,
    without_macros: str = "",
) -> None:
    """Write a formula with one value.

    Args:
        sheet: the sheet.
        row: from 0.
        column: from 0.
        formula: without ``=``.
        values: the cached values.
        style: the cell's format.
        without_macros: what the cell shows where the function is unknown, as it is without macros.
    """
    ((value,),) = values.block(formula)
    write_single(
        sheet,
        row,
        column,
        f'=IFERROR({formula},"{without_macros}")',
        style,
        value if values.job else value or without_macros,
    )


class _Text(str):
    """A text that XlsxWriter stores as one, also where it is empty: see `write_single`."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return bool(self) and super().__eq__(other)

    __hash__ = str.__hash__


def write_reference(sheet: Worksheet, row: int, column: int, cell: str, style: Format, value: Cell) -> None:
    """Write a formula that repeats the text of another cell; unlike the others it may stand in a merged cell."""
    sheet.write_formula(row, column, f"={cell}", style, _Text(value))


def write_single(sheet: Worksheet, row: int, column: int, formula: str, style: Format, value: Cell) -> None:
    """Write a formula with one value in the form that Excel shows as it was written.

    Excel shows an ``@`` before a function or name that may give several values, unless the cell's formula is stored as
    a dynamic array (https://support.microsoft.com/office/ce3be07b-0101-4450-a24e-c1c999be2b34). An empty text is stored
    as a text: XlsxWriter stores that of a plain formula as a number without digits.
    """
    sheet.write_dynamic_array_formula(row, column, row, column, formula, style, value)


def write_spill(
    sheet: Worksheet, row: int, column: int, formula: str, values: CachedValues, style: Format | None = None
) -> None:
    """Write a formula that spills, and its block in the format of the columns.

    Where the functions are unknown it shows why, and no ``#NAME?``.

    Args:
        sheet: the sheet.
        row: of the formula's cell, from 0.
        column: of the same cell.
        formula: without ``=``.
        values: the cached values.
        style: the format of the first cell, if it has its own.
    """
    cells = values.block(formula)
    last = (row + len(cells) - 1, column + len(cells[0]) - 1)
    whole = f'=IFERROR({formula},"{sheet_texts().no_functions}")'
    # A plain formula would never spill: see `write_single`.
    sheet.write_dynamic_array_formula(row, column, *last, whole, style, cells[0][0])
    for down, line in enumerate(cells):
        for right, cell in enumerate(line):
            if (down, right) == (0, 0):
                continue
            if cell == "":  # the formula gives an empty text here, not a blank
                sheet.write_string(row + down, column + right, cell)
            else:
                write_cell(sheet, row + down, column + right, cell)
