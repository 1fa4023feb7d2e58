"""Writes a job's companies into a table of Excel.

What the user has in the table is never rewritten: Excel itself moves the rows, with formulas, notes and colours.

Excel processes its user's input between two of our calls, so the table may be sorted or changed at any time. Therefore
each row first gets the number of its final position, in one of our columns (the scratch column): the number identifies
the row whatever happens to it. Before anything is written or removed, the rows are compared with those that were read,
and what was written while rows moved is written again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from .. import addresses
from ..addresses import LAST_ROW, CellRange
from ..ports import Fact, HostBusyError, HostError, TableWritten
from ..table_merge import KEYS, MergePlan, TableContent, Value, column_indexes
from . import ranges
from .app_settings import temporarily_set
from .column_kinds import LINK_COLOR, ColumnKind, column_kind, with_link
from .dispatch import OMITTED
from .list_objects import ListObject, TableReading, consecutive_runs, slice_columns

_HINTS: Final = ("Insert", "Land")
"""The first words of the line above a table that may be replaced: the workbook's hint, or what was written before.
The second is that of version 0.1."""

_STATE: Final = "state"
_INCOMPLETE: Final = "incomplete: insert again"
"""Stands above the table while companies are written, and stays if that fails."""

_LEFT_INCOMPLETE: Final = "The table is incomplete: insert again."
_CHANGED_MEANWHILE: Final = "The table was changed while companies were written."

_ATTEMPTS: Final = 4
"""How often a table is read or sorted that its user keeps changing."""

_SHIFT_UP: Final = -4162  # xlShiftUp
_ASCENDING, _NO_HEADER, _NORMAL_ORDER, _TOP_TO_BOTTOM = 1, 2, 1, 1


class _ChangedError(Exception):
    """The table has changed since the plan was made. No company has been written yet."""


def write_table(
    table: ListObject,
    our_columns: Sequence[str],
    make_plan: Callable[[TableContent], MergePlan],
    facts: Sequence[Fact],
) -> TableWritten:
    """Merge companies into a table, and write facts about their job above it.

    ``make_plan`` is called again if the table changes before anything is written.
    """
    call = table.call
    name = str(call.get(table.sheet, "Name"))
    table.check_unprotected()
    totals_hidden = filter_removed = False
    try:
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(_ChangedError):
                reading = table.read(our_columns)
                if table.column_names(table.header()) != reading.content.columns:  # the table moved while it was read
                    raise _ChangedError
                writer = _TableWriter(table, reading, make_plan(reading.content))
                if call.get(table.table, "ShowTotals"):  # they are where rows are to be added
                    call.put(table.table, "ShowTotals", value=False)
                    totals_hidden = True
                writer.check_room()
                filter_removed |= _remove_filter(table)
                return TableWritten(name, writer.plan, filter_removed, writer.carry_out(facts))
        raise HostError("The table kept changing while it was written. Insert again.")
    finally:
        if totals_hidden:
            with call.without_timeout():
                call.put(table.table, "ShowTotals", value=True)


def _remove_filter(table: ListObject) -> bool:
    """Show all rows, since Excel sorts and removes only visible ones; returns whether some were filtered out."""
    auto_filter = table.call.get(table.table, "AutoFilter")
    is_filtered = auto_filter is not None and bool(table.call.get(auto_filter, "FilterMode"))
    if is_filtered:
        table.call.get(auto_filter, "ShowAllData")
    return is_filtered


class _TableWriter:
    """One attempt: a table as it was read, and the plan for it.

    Attributes:
        scratch: the position of the scratch column in the table.
        keys: the positions of the columns by which rows are compared: the scratch column, and those of `KEYS`.
    """

    def __init__(self, table: ListObject, reading: TableReading, plan: MergePlan) -> None:
        self.table, self.reading, self.plan = table, reading, plan
        self.call = table.call
        self.names = list(reading.content.columns)
        self.scratch = plan.indexes[plan.scratch_column]
        self.keys = sorted({self.scratch, *column_indexes(self.names, KEYS).values()} & set(plan.indexes))

    def check_room(self) -> None:
        """Check that there is room for the rows to be added.

        Raises:
            HostError: there is none.
        """
        whole, added = self._resized_range(), len(self.plan.rows) - self.plan.current_height
        if whole.bottom > LAST_ROW:
            raise HostError("The sheet ends before the companies do. Move the table up, then insert again.")
        if added > 0:
            cells = CellRange(whole.bottom - added + 1, whole.left, whole.bottom, whole.right)
            functions = self.call.get(self.call.application, "WorksheetFunction")
            if self.call.get(functions, "CountA", self.table.cells(cells)):
                raise HostError("There is something below the table, where it needs lines. Move it, then insert again.")

    def carry_out(self, facts: Sequence[Fact]) -> bool:
        """Write; returns whether there was room for the facts.

        Raises:
            _ChangedError: the table is not as it was read, and no company was written.
            HostError: Excel refused something; the table may be incomplete, and the facts above it say so.
        """
        self._check_unchanged(self.reading.body)
        self._write_facts([(name, _INCOMPLETE if name == _STATE else value) for name, value in facts])
        body = self._resize()
        cells = self.table.cells(slice_columns(body, self.scratch, self.scratch))
        if self.call.get(cells, "NumberFormat") == ranges.TEXT:
            self.call.put(cells, "NumberFormat", ranges.GENERAL)
        self._check_unchanged(body)
        try:
            self.call.put(cells, "Value2", tuple((position + 1.0,) for position in self.plan.positions))
            self._check_numbered(body)
            with self._without_column_formulas():
                self._write()
            self._color_links(body)
            return self._write_facts(facts)
        except HostBusyError:
            raise HostError(f"Excel was busy for too long. {_LEFT_INCOMPLETE}") from None
        except HostError as error:
            raise HostError(f"{error.text.rstrip('.')}. {_LEFT_INCOMPLETE}", error.code) from None

    # ---- checks ----------------------------------------------------------------------------------------------

    def _check_unchanged(self, body: CellRange | None) -> None:
        """Compare header and companies with what was read; the rows must be at ``body``."""
        table, height = self.table, len(self.reading.content.rows)
        header = table.header()
        if header != self.reading.header or table.column_names(header) != self.names or table.body() != body:
            raise _ChangedError
        if body is None or height == 0:
            return
        area = CellRange(body.top, body.left, body.top + height - 1, body.right)
        if self._read(area, self.keys) != [[row[index] for index in self.keys] for row in self.reading.content.rows]:
            raise _ChangedError

    def _check_numbered(self, body: CellRange) -> None:
        """Check that every row has its own number; it has another row's if the table was sorted just before."""
        keys = [index for index in self.keys if index != self.scratch]
        rows, order = self.reading.content.rows, self.plan.final_order
        for number, *values in self._read(body, [self.scratch, *keys]):
            if not isinstance(number, float) or not 1 <= number <= len(order):
                raise _ChangedError
            row = order[int(number) - 1]
            if values != [rows[row][index] if row < len(rows) else None for index in keys]:
                raise _ChangedError

    def _read(self, area: CellRange, indexes: Sequence[int]) -> list[list[Value]]:
        """The values of these columns of an area."""
        columns: dict[int, tuple[Value, ...]] = {}
        for first, last in consecutive_runs(indexes):
            values = ranges.read(self.call, self.table.sheet, slice_columns(area, first, last))
            columns |= dict(enumerate(zip(*values, strict=True), first))
        return [list(row) for row in zip(*(columns[index] for index in indexes), strict=True)]

    def _sorted_body(self) -> tuple[CellRange, bool]:
        """The cells of the rows, sorted by their numbers; and whether they had to be sorted.

        Raises:
            HostError: they cannot be sorted.
        """
        expected = [position + 1.0 for position in range(len(self.plan.rows))]
        for attempt in range(_ATTEMPTS):
            whole = self.table.whole()
            body = CellRange(whole.top + 1, whole.left, whole.bottom, whole.right)
            header = CellRange(whole.top, whole.left, whole.top, whole.right)
            if whole.bottom - whole.top != len(expected) or self.table.column_names(header) != self.names:
                raise HostError(_CHANGED_MEANWHILE)
            scratch = slice_columns(body, self.scratch, self.scratch)
            numbers = [number for (number,) in ranges.read(self.call, self.table.sheet, scratch)]
            if numbers == expected:
                return body, attempt > 0
            if set(numbers) != set(expected):
                raise HostError(_CHANGED_MEANWHILE)
            if attempt < _ATTEMPTS - 1:
                self._sort(whole, body, scratch)
        raise HostError("Excel did not put the table's lines into order.")

    # ---- changes ---------------------------------------------------------------------------------------------

    def _resize(self) -> CellRange:
        """Add rows if more are needed; returns the cells of all rows."""
        if self.plan.current_height < len(self.plan.rows):
            try:
                self.call.get(self.table.table, "Resize", self.table.cells(self._resized_range()))
            except HostError:
                self._check_unchanged(self.reading.body)
                raise
        whole = self._resized_range()
        return CellRange(whole.top + 1, whole.left, whole.bottom, whole.right)

    def _write(self) -> None:
        plan, order = self.plan, self.plan.final_order
        for _ in range(_ATTEMPTS):
            body, _ = self._sorted_body()
            if self._write_columns(body):
                break
        else:
            raise HostError(_CHANGED_MEANWHILE)
        # The scratch column gets its own values last. Ranks equal the numbers that it holds already.
        values = [plan.rows[row][plan.scratch_column] for row in order]
        first = next((position for position, value in enumerate(values) if value != position + 1.0), len(values))
        if first < len(values):
            self._write_scratch_column(body, first, values[first:])
        if plan.final_height < len(plan.rows):
            self._remove(body, order[plan.final_height :])

    def _write_scratch_column(self, body: CellRange, first: int, values: Sequence[Value]) -> None:
        """Write the scratch column's own values from row ``first`` on."""
        area = slice_columns(
            CellRange(body.top + first, body.left, body.bottom, body.right), self.scratch, self.scratch
        )
        cells, name = self.table.cells(area), self.plan.columns[self.plan.scratch_column]
        is_text = column_kind(name) is ColumnKind.TEXT
        self._prepare(cells, column_kind(name))
        keys = [index for index in self.keys if index != self.scratch]
        before = self._read(body, keys)
        if self._sorted_body() != (body, False):
            raise HostError(_CHANGED_MEANWHILE)
        rows = [[with_link(name, value)] for value in values]
        ranges.write_chunk(self.call, cells, rows, text_format=is_text)
        if self._read(body, keys) != before:
            raise HostError(_CHANGED_MEANWHILE)
        if is_text:
            ranges.restore_apostrophes(self.call, self.table.sheet, area, rows)
            self.call.put(cells, "NumberFormat", ranges.GENERAL)

    def _write_columns(self, body: CellRange) -> bool:
        """Write all our columns but the scratch column; False if rows moved meanwhile, and all must be repeated."""
        chunks = [
            (area, self.table.cells(area), rows, kind)  # the cells, unlike the area, move with the table
            for columns, kind in self._column_groups()
            for area, rows in self._chunks(body, columns)
        ]
        for _, cells, _, kind in chunks:
            self._prepare(cells, kind)
        for _, cells, rows, kind in chunks:
            if self._sorted_body() != (body, False):
                return False
            ranges.write_chunk(self.call, cells, rows, text_format=kind is ColumnKind.TEXT)
        if self._sorted_body() != (body, False):
            return False
        texts = [chunk for chunk in chunks if chunk[3] is ColumnKind.TEXT]
        for area, _, rows, _ in texts:
            ranges.restore_apostrophes(self.call, self.table.sheet, area, rows)
        for _, cells, _, _ in texts:
            self.call.put(cells, "NumberFormat", ranges.GENERAL)
        return True

    def _prepare(self, cells: Any, kind: ColumnKind) -> None:
        """Give cells the number format for what is to be written, and remove links that lead where they did before."""
        if kind is not ColumnKind.NUMBER:
            self.call.put(cells, "NumberFormat", ranges.TEXT if kind is ColumnKind.TEXT else ranges.GENERAL)
        if kind is ColumnKind.LINK:
            self.call.get(cells, "ClearHyperlinks")

    def _column_groups(self) -> Iterator[tuple[list[int], ColumnKind]]:
        """Those of our columns that are written together, and how."""
        for first, last in consecutive_runs(index for index in self.plan.indexes if index != self.scratch):
            run = [self.plan.indexes.index(index) for index in range(first, last + 1)]
            for kind, columns in groupby(run, key=lambda number: column_kind(self.plan.columns[number])):
                yield list(columns), kind

    def _chunks(self, body: CellRange, columns: Sequence[int]) -> Iterator[tuple[CellRange, list[list[Value]]]]:
        """Areas with their values, each to be written by one call."""
        order, indexes = self.plan.final_order, [self.plan.indexes[number] for number in columns]
        for start, stop in addresses.row_chunks(len(order), len(columns)):
            rows = [
                [with_link(self.plan.columns[number], self.plan.rows[row][number]) for number in columns]
                for row in order[start:stop]
            ]
            yield (
                CellRange(body.top + start, body.left + indexes[0], body.top + stop - 1, body.left + indexes[-1]),
                rows,
            )

    @contextlib.contextmanager
    def _without_column_formulas(self) -> Iterator[None]:
        """Keep Excel from taking a company's link for the formula of its column, which new rows would get."""
        with contextlib.ExitStack() as settings:

            def switch_off() -> None:
                auto_correct = self.call.get(self.call.application, "AutoCorrect")
                settings.enter_context(temporarily_set(self.call, auto_correct, "AutoFillFormulasInLists", value=False))

            self.call.retry(switch_off)
            yield

    def _color_links(self, body: CellRange) -> None:
        """Show which texts are links, in a table that was blank; later its fonts are the user's."""
        if any(value is not None for row in self.reading.content.rows for value in row):
            return
        for name, index in zip(self.plan.columns, self.plan.indexes, strict=True):
            if column_kind(name) is ColumnKind.LINK:
                font = self.call.get(self.table.cells(slice_columns(body, index, index)), "Font")
                self.call.put(font, "Color", LINK_COLOR)

    def _sort(self, whole: CellRange, body: CellRange, scratch: CellRange) -> None:
        call, cells, numbers = self.call, self.table.cells(body), self.table.cells(scratch)
        call.put(call.get(cells, "EntireRow"), "Hidden", value=False)  # Excel does not sort hidden rows
        if self.table.whole() != whole:  # from now on these cells move with the table
            return
        # All settings that Excel would otherwise take from the previous sort.
        settings = (OMITTED, OMITTED, OMITTED, OMITTED, OMITTED, _NO_HEADER, _NORMAL_ORDER, False, _TOP_TO_BOTTOM)
        call.get(cells, "Sort", numbers, _ASCENDING, *settings)

    def _remove(self, body: CellRange, removed: Sequence[int]) -> None:
        """Remove the last rows, if they still hold what the ``removed`` rows held when they were read."""
        rows = self.reading.content.rows
        user_columns = [index for index in range(len(self.names)) if index not in self.plan.indexes]
        compared = sorted({*self.keys, *user_columns} - {self.scratch})
        expected = [[rows[row][index] if row < len(rows) else None for index in compared] for row in removed]
        last_rows = CellRange(body.bottom - len(removed) + 1, body.left, body.bottom, body.right)
        cells = self.table.cells(last_rows)
        self.call.put(self.call.get(cells, "EntireRow"), "Hidden", value=False)
        if self.table.body() != body:
            raise HostError(_CHANGED_MEANWHILE)
        actual = self.table.read_rows(last_rows, self.reading, user_columns)
        if actual is None or [[row[index] for index in compared] for row in actual] != expected:
            raise HostError(_CHANGED_MEANWHILE)
        self.call.get(cells, "Delete", _SHIFT_UP)

    def _resized_range(self) -> CellRange:
        """The header and all rows, including those to be added."""
        header = self.reading.header
        return CellRange(header.top, header.left, header.top + len(self.plan.rows), header.right)

    # ---- facts about the job ---------------------------------------------------------------------------------

    def _write_facts(self, facts: Sequence[Fact]) -> bool:
        """Write names, and below them values, above the table; False if something else is in these cells."""
        call, sheet, header = self.call, self.table.sheet, self.table.header()
        first = header.left + 2
        area = CellRange(header.top - 3, first, header.top - 2, first + len(facts) - 1)
        if area.top < 1:
            return False
        names, values = zip(*facts, strict=True)
        old_names, old_values = ranges.read(call, sheet, area)
        if any(value is not None for value in (*old_names, *old_values)) and tuple(old_names) != names:
            return False
        ranges.write(call, sheet, area, [names, values], text_format=False)
        hint = self.table.cells(CellRange(area.bottom, header.left, area.bottom, header.left))
        if str(call.get(hint, "Value2") or _HINTS[0]).startswith(_HINTS):
            call.put(hint, "Value2", "Inserted by XL OpenFunnel")
        return True
