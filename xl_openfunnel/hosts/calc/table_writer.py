"""Writes the workbook's table in Calc: the job's companies as values, to sort, to filter and for its pivot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from com.sun.star.sheet import DataPilotFieldSortInfo
from com.sun.star.sheet.DataPilotFieldOrientation import COLUMN as _COLUMN
from com.sun.star.sheet.DataPilotFieldOrientation import DATA as _DATA
from com.sun.star.sheet.DataPilotFieldOrientation import ROW as _ROW
from com.sun.star.sheet.GeneralFunction import COUNT as _COUNT

from ...cell_values import sheet_block
from ...errors import ConfigurationError
from ...fields import column_name
from ...files.links import LINKS, link_formula
from ...jobs.snapshot import Snapshot
from ...known.columns import columns_of_table, tallies
from ...text import companies
from ...workbook.names import JOB, TABLE, TABLE_SHEET
from ..session import session

Rows = tuple[tuple[str | float | bool, ...], ...]

_BY_DATA: Final = 3  # com.sun.star.sheet.DataPilotFieldSortMode.DATA
_CONTENT: Final = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags VALUE, DATETIME, STRING, FORMULA


@dataclass(frozen=True)
class TableUpdate:
    """An update of the table. Call `rows` on another thread: pandas would block LibreOffice's main thread for a second.

    Attributes:
        document: the workbook.
        snapshot: the job.
        header: the names of the table's columns.
        added: those of known lists that are to be added.
    """

    document: Any
    snapshot: Snapshot
    header: list[str]
    added: list[str]

    @property
    def columns(self) -> list[str]:
        """The names of the table's columns then."""
        return [*self.header, *self.added]

    @property
    def started_text(self) -> str:
        """The message while the rows are made."""
        return f"Inserting {companies(len(self.snapshot.rows))} ..."

    def rows(self) -> Rows:
        """The cells of all companies, with LF for every line break. Texts are not cut."""
        from ... import table

        cells = table.block(self.snapshot.frame(self.columns), headers=False)
        return tuple(map(tuple, sheet_block(cells)))

    def write(self, rows: Rows) -> str:
        """Replace the table's rows and update its pivots; call it on the main thread. Empty texts leave cells empty.

        Returns:
            The message for the user.

        Raises:
            ConfigurationError: as in `prepare`, since the user may have changed the workbook since then.
        """
        document = self.document
        sheet, table_range = _find_table(document)
        before, after = _areas(sheet, table_range, len(rows), len(self.added))
        if _header(sheet, before) != self.header:
            raise ConfigurationError("The table has other columns now. Insert again.")
        _add_headers(sheet, before, self.added)
        _range(sheet, before, before.StartRow + 1, before.EndRow).clearContents(_CONTENT)
        _range(sheet, after, after.StartRow + 1, after.EndRow).setDataArray(rows)
        _link(sheet, after, self.columns, rows)
        table_range.setDataArea(after)
        _update_pivots(document, before, after)
        later = "" if self.snapshot.final else " They may still change: insert again once the job is final."
        known = [f"{text}." for text in tallies(self.snapshot)]
        return " ".join([f"{companies(len(rows))} in the table.{later}", *known, *self.snapshot.warnings])


def prepare(document: Any) -> TableUpdate:
    """The update of the table with the companies of the workbook's job.

    Raises:
        ConfigurationError: this is not the workbook, it has no job, the job has no companies yet, or the user has
            something beside the table or below it.
    """
    sheet, table_range = _find_table(document)
    job = document.NamedRanges.getByName(JOB).getReferredCells().getCellByPosition(0, 0).String.strip()
    if not job:
        raise ConfigurationError("Put a job into the yellow cell of the sheet Start.")
    snapshot = session().fetcher.watch(session().new_call().job_id(job))
    if not len(snapshot.rows):
        raise ConfigurationError("There are no companies yet. Wait until the sheet Rows shows some.")
    header = _header(sheet, table_range.DataArea)
    selection = columns_of_table(header, session().known)
    present = set(map(column_name, header))
    added = [column.title for column in selection.derived if column.name not in present]
    _areas(sheet, table_range, len(snapshot.rows), len(added))
    return TableUpdate(document, replace(snapshot, selection=selection), header, added)


def _find_table(document: Any) -> tuple[Any, Any]:
    """The table's sheet and its database range."""
    ranges = document.DatabaseRanges
    if not (document.NamedRanges.hasByName(JOB) and ranges.hasByName(TABLE) and document.Sheets.hasByName(TABLE_SHEET)):
        raise ConfigurationError("This is not the OpenFunnel workbook. xl-openfunnel workbook builds it.")
    return document.Sheets.getByName(TABLE_SHEET), ranges.getByName(TABLE)


def _areas(sheet: Any, table_range: Any, count: int, added: int) -> tuple[Any, Any]:
    """The table's cells now, and with `count` companies and so many columns more."""
    if sheet.isProtected():
        raise ConfigurationError(f"The sheet {TABLE_SHEET} is protected. Unprotect it (Tools), then insert again.")
    before, after = table_range.DataArea, table_range.DataArea
    after.EndRow, after.EndColumn = before.StartRow + count, before.EndColumn + added
    if _used_beside(sheet, before):
        raise ConfigurationError("There is something beside the table, which would then stand beside other companies.")
    if after.EndRow > before.EndRow and _used(_range(sheet, after, before.EndRow + 1, after.EndRow)):
        raise ConfigurationError("There is something below the table, where companies would stand. Move it first.")
    return before, after


def _header(sheet: Any, area: Any) -> list[str]:
    return [str(name) for name in _range(sheet, area, area.StartRow, area.StartRow).DataArray[0]]


def _add_headers(sheet: Any, area: Any, names: list[str]) -> None:
    """Write the names of further columns beside the header, and make them look like it."""
    last = sheet.getCellByPosition(area.EndColumn, area.StartRow)
    for column, name in enumerate(names, area.EndColumn + 1):
        cell = sheet.getCellByPosition(column, area.StartRow)
        sheet.copyRange(cell.CellAddress, last.RangeAddress)
        cell.String = name


def _link(sheet: Any, area: Any, columns: list[str], rows: Rows) -> None:
    """Make formulas of HYPERLINK from the texts that have a link: a formula moves with its row."""
    for column, name in enumerate(columns, area.StartColumn):
        if name not in LINKS:
            continue
        formulas = [link_formula(name, row[column - area.StartColumn], ";") for row in rows]
        first = area.StartRow + 1
        for has_link, group in groupby(formulas, key=lambda formula: formula is not None):
            run = tuple((formula,) for formula in group)
            if has_link:
                sheet.getCellRangeByPosition(column, first, column, first + len(run) - 1).setFormulaArray(run)
            first += len(run)


def _used_beside(sheet: Any, area: Any) -> bool:
    last = sheet.RangeAddress.EndColumn
    return _used(sheet.getCellRangeByPosition(area.EndColumn + 1, area.StartRow, last, sheet.RangeAddress.EndRow))


def _used(cells: Any) -> bool:
    return bool(cells.queryContentCells(_CONTENT).Count)


def _update_pivots(document: Any, before: Any, after: Any) -> None:
    """Refresh all pivots; those whose source is the table get its new size."""
    for sheet in document.Sheets:
        for pivot in sheet.DataPilotTables:
            if _top_left(pivot.SourceRange) == _top_left(before):
                pivot.setSourceRange(after)
                _lay_out(pivot.DataPilotFields)
            pivot.refresh()


def _top_left(area: Any) -> tuple[int, int, int]:
    return area.Sheet, area.StartRow, area.StartColumn


def _lay_out(fields: Any) -> None:
    """Lay out countries by sizes if nothing is laid out: Calc forgets the layout of a pivot whose table was empty."""
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
