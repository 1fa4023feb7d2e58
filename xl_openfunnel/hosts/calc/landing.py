"""The workbook's table in Calc: the job's companies as values, for sorting, filtering and its pivot."""

from __future__ import annotations

from typing import Any, Final

from com.sun.star.sheet import DataPilotFieldSortInfo
from com.sun.star.sheet.DataPilotFieldOrientation import COLUMN as _COLUMN
from com.sun.star.sheet.DataPilotFieldOrientation import DATA as _DATA
from com.sun.star.sheet.DataPilotFieldOrientation import ROW as _ROW
from com.sun.star.sheet.GeneralFunction import COUNT as _COUNT

from ...errors import ConfigurationError
from ...text import companies
from ..session import session

_JOB: Final = "job"
"""The name of the workbook's cell with the job."""

_SHEET: Final = "Table"
_TABLE: Final = "OpenFunnelRows"
"""The workbook's sheet for the table, and the table itself, which is a database range in Calc."""

_BY_DATA: Final = 3  # com.sun.star.sheet.DataPilotFieldSortMode.DATA
_CONTENT: Final = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags VALUE, DATETIME, STRING, FORMULA


def land(document: Any) -> str:
    """Write the companies of the workbook's job into its table, in place of those that are there.

    Full texts, text as text; an empty text leaves a cell empty. The pivots that stand on the table take its new size.

    Raises:
        ConfigurationError: it is not the workbook, has no job, or has something of the user's beside the table
            or below it.
    """
    from ... import table

    ranges = document.DatabaseRanges
    if not (document.NamedRanges.hasByName(_JOB) and ranges.hasByName(_TABLE) and document.Sheets.hasByName(_SHEET)):
        raise ConfigurationError("This is not the OpenFunnel workbook. xl-openfunnel workbook builds it.")
    named = document.NamedRanges.getByName(_JOB).getReferredCells().getCellByPosition(0, 0).String.strip()
    if not named:
        raise ConfigurationError("Put a job into the yellow cell of the sheet Start.")
    look = session().look()
    snapshot = session().fetcher.watch(look.job_id(named))
    if not len(snapshot.rows):
        raise ConfigurationError("There are no companies yet. Wait until the sheet Rows shows some.")

    sheet = document.Sheets.getByName(_SHEET)
    landed = ranges.getByName(_TABLE)
    before = landed.DataArea
    if sheet.isProtected():
        raise ConfigurationError(f"The sheet {_SHEET} is protected. Unprotect it (Tools), then land again.")
    names = _header(sheet, before)
    cells = table.block(table.frame(snapshot.rows, names), headers=False)
    rows = tuple(map(tuple, cells))
    after = landed.DataArea
    after.EndRow = before.StartRow + len(rows)
    if _used_beside(sheet, before):
        raise ConfigurationError("There is something beside the table, which would then stand beside other companies.")
    if after.EndRow > before.EndRow and _used(_range(sheet, after, before.EndRow + 1, after.EndRow)):
        raise ConfigurationError("There is something below the table, where companies would stand. Move it first.")

    _range(sheet, before, before.StartRow + 1, before.EndRow).clearContents(_CONTENT)
    _range(sheet, after, after.StartRow + 1, after.EndRow).setDataArray(rows)
    landed.setDataArea(after)
    _follow(document, before, after)
    later = "" if snapshot.final else " They may still change: land again once the job is final."
    return f"{companies(len(rows))} in the table.{later}"


def _header(sheet: Any, area: Any) -> list[str]:
    return [str(name) for name in _range(sheet, area, area.StartRow, area.StartRow).DataArray[0]]


def _used_beside(sheet: Any, area: Any) -> bool:
    last = sheet.RangeAddress.EndColumn
    return _used(sheet.getCellRangeByPosition(area.EndColumn + 1, area.StartRow, last, sheet.RangeAddress.EndRow))


def _used(cells: Any) -> bool:
    return bool(cells.queryContentCells(_CONTENT).Count)


def _follow(document: Any, before: Any, after: Any) -> None:
    """Have the pivots that stood on the table stand on all of it."""
    for sheet in document.Sheets:
        for pivot in sheet.DataPilotTables:
            source = pivot.SourceRange
            if (source.Sheet, source.StartRow, source.StartColumn) == (
                before.Sheet,
                before.StartRow,
                before.StartColumn,
            ):
                pivot.setSourceRange(after)
                _lay_out(pivot.DataPilotFields)
            pivot.refresh()


def _lay_out(fields: Any) -> None:
    """Countries by sizes, where nothing is laid out: Calc forgets the layout of a pivot whose table was empty."""
    if any(field.Orientation.value != "HIDDEN" for field in fields):
        return
    fields.getByName("country").Orientation = _ROW
    fields.getByName("employee_band").Orientation = _COLUMN
    counted = fields.getByName("rank")
    counted.Orientation, counted.Function = _DATA, _COUNT
    largest_first = DataPilotFieldSortInfo()
    largest_first.Field, largest_first.Mode, largest_first.IsAscending = "rank", _BY_DATA, False
    fields.getByName("country").SortInfo = largest_first


def _range(sheet: Any, area: Any, first: int, last: int) -> Any:
    return sheet.getCellRangeByPosition(area.StartColumn, first, area.EndColumn, last)
