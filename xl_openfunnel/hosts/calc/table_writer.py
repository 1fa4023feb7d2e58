"""The workbook's table in Calc: the job's companies as values, for sorting, filtering and its pivot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from com.sun.star.sheet import DataPilotFieldSortInfo
from com.sun.star.sheet.DataPilotFieldOrientation import COLUMN as _COLUMN
from com.sun.star.sheet.DataPilotFieldOrientation import DATA as _DATA
from com.sun.star.sheet.DataPilotFieldOrientation import ROW as _ROW
from com.sun.star.sheet.GeneralFunction import COUNT as _COUNT

from ...errors import ConfigurationError
from ...jobs.snapshot import Snapshot
from ...text import companies
from ..session import session

Rows = tuple[tuple[str | float | bool, ...], ...]

_JOB: Final = "job"
"""The name of the workbook's cell with the job."""

_SHEET: Final = "Table"
_TABLE: Final = "OpenFunnelRows"
"""The workbook's sheet for the table, and the table itself, which is a database range in Calc."""

_BY_DATA: Final = 3  # com.sun.star.sheet.DataPilotFieldSortMode.DATA
_CONTENT: Final = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags VALUE, DATETIME, STRING, FORMULA


@dataclass(frozen=True)
class TableUpdate:
    """What is to be landed. Its rows are made beside the office's own thread, which pandas would hold up for a second.

    Attributes:
        document: the workbook.
        snapshot: the job.
        names: the table's columns.
    """

    document: Any
    snapshot: Snapshot
    columns: list[str]

    @property
    def started_text(self) -> str:
        """What is told meanwhile."""
        return f"Landing {companies(len(self.snapshot.rows))} ..."

    def rows(self) -> Rows:
        """Full texts, text as text."""
        from ... import table

        cells = table.block(table.frame(self.snapshot.rows, self.columns), headers=False)
        return tuple(map(tuple, cells))

    def write(self, rows: Rows) -> str:
        """Write them in place of those that are there; an empty text leaves a cell empty.

        The pivots that stand on the table take its new size. Only on the office's own thread.

        Raises:
            ConfigurationError: as `wanted`, for the user may have changed something meanwhile.
        """
        document = self.document
        sheet, landed = _find_table(document)
        before, after = _areas(sheet, landed, len(rows))
        if _header(sheet, before) != self.columns:
            raise ConfigurationError("The table has other columns now. Land again.")
        _range(sheet, before, before.StartRow + 1, before.EndRow).clearContents(_CONTENT)
        _range(sheet, after, after.StartRow + 1, after.EndRow).setDataArray(rows)
        landed.setDataArea(after)
        _update_pivots(document, before, after)
        later = "" if self.snapshot.final else " They may still change: land again once the job is final."
        return f"{companies(len(rows))} in the table.{later}"


def prepare(document: Any) -> TableUpdate:
    """The companies of the workbook's job, for its table.

    Raises:
        ConfigurationError: it is not the workbook, has no job, or has something of the user's beside the table
            or below it.
    """
    sheet, landed = _find_table(document)
    named = document.NamedRanges.getByName(_JOB).getReferredCells().getCellByPosition(0, 0).String.strip()
    if not named:
        raise ConfigurationError("Put a job into the yellow cell of the sheet Start.")
    look = session().new_call()
    snapshot = session().fetcher.watch(look.job_id(named))
    if not len(snapshot.rows):
        raise ConfigurationError("There are no companies yet. Wait until the sheet Rows shows some.")
    before, _ = _areas(sheet, landed, len(snapshot.rows))
    return TableUpdate(document, snapshot, _header(sheet, before))


def _find_table(document: Any) -> tuple[Any, Any]:
    """Its sheet and its range."""
    ranges = document.DatabaseRanges
    if not (document.NamedRanges.hasByName(_JOB) and ranges.hasByName(_TABLE) and document.Sheets.hasByName(_SHEET)):
        raise ConfigurationError("This is not the OpenFunnel workbook. xl-openfunnel workbook builds it.")
    return document.Sheets.getByName(_SHEET), ranges.getByName(_TABLE)


def _areas(sheet: Any, landed: Any, count: int) -> tuple[Any, Any]:
    """The table's cells now, and with so many companies."""
    if sheet.isProtected():
        raise ConfigurationError(f"The sheet {_SHEET} is protected. Unprotect it (Tools), then land again.")
    before, after = landed.DataArea, landed.DataArea
    after.EndRow = before.StartRow + count
    if _used_beside(sheet, before):
        raise ConfigurationError("There is something beside the table, which would then stand beside other companies.")
    if after.EndRow > before.EndRow and _used(_range(sheet, after, before.EndRow + 1, after.EndRow)):
        raise ConfigurationError("There is something below the table, where companies would stand. Move it first.")
    return before, after


def _header(sheet: Any, area: Any) -> list[str]:
    return [str(name) for name in _range(sheet, area, area.StartRow, area.StartRow).DataArray[0]]


def _used_beside(sheet: Any, area: Any) -> bool:
    last = sheet.RangeAddress.EndColumn
    return _used(sheet.getCellRangeByPosition(area.EndColumn + 1, area.StartRow, last, sheet.RangeAddress.EndRow))


def _used(cells: Any) -> bool:
    return bool(cells.queryContentCells(_CONTENT).Count)


def _update_pivots(document: Any, before: Any, after: Any) -> None:
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
