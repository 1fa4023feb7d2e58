"""How a job's companies are landed in a table of Excel.

What the user has in it is never written anew: Excel itself moves its lines, with formulas, notes and colours.

Excel takes its user's input between two of our calls, so that the table may be sorted or changed at any time. Hence
each line gets first the number of its place in the end, in a column that is written anyway: by it lines are known
whatever happens to them. Nothing is written or removed without a look whether the lines are still those that were
read, and what was written where lines had moved meanwhile is written again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from .. import addresses
from ..addresses import LAST_ROW, CellRange
from ..ports import Fact, HostBusyError, HostError, TableWritten
from ..table_merge import KEYS, MergePlan, TableContent, Value, column_indexes
from . import ranges
from .dispatch import OMITTED
from .list_objects import ListObject, TableReading, consecutive_runs, slice_columns

_NUMBERS: Final = ("rank", "employee_count", "employee_band")
"""Our columns that keep their format: numbers, and the names of sizes, which look like nothing else. The rest is text,
whatever it looks like. Not the last column: one that a user adds behind it takes over its format."""

_HINT: Final = "Land"
"""How the line above a table begins that may be replaced: the workbook's own hint, or what was written here before."""

_STATE: Final = "state"
_INCOMPLETE: Final = "incomplete: land again"
"""What stands above the table while companies are written, and after that went wrong."""

_LEFT: Final = "The table is incomplete: land again."
_MEANWHILE: Final = "The table was changed while companies were written."

_ATTEMPTS: Final = 4
"""How often a table that its user changes is read or sorted anew."""

_UP: Final = -4162  # xlShiftUp
_ASCENDING, _NO_HEADER, _NORMAL_ORDER, _TOP_TO_BOTTOM = 1, 2, 1, 1


class _ChangedError(Exception):
    """The table is not any more what a plan was made for. No company was written yet."""


def write_table(
    table: ListObject, ours: Sequence[str], planned: Callable[[TableContent], MergePlan], facts: Sequence[Fact]
) -> TableWritten:
    """Carry out a plan, and write what is known of the job above the table.

    Args:
        table: the table.
        ours: the names of our columns.
        planned: makes the plan; again, where the table is changed before anything is written.
        facts: what is known of the job.
    """
    call = table.call
    name = str(call.get(table.sheet, "Name"))
    if call.get(table.sheet, "ProtectContents"):
        raise HostError(f"The sheet {name} is protected. Unprotect it (Review), then land again.")
    without_totals = unfiltered = False
    try:
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(_ChangedError):
                reading = table.read(ours)
                if (
                    table.column_names(table.header()) != reading.content.columns
                ):  # it was moved, and something else was read
                    raise _ChangedError
                landing = _TableWriter(table, reading, planned(reading.content))
                if call.get(table.table, "ShowTotals"):  # they stand where lines are to be added
                    call.put(table.table, "ShowTotals", value=False)
                    without_totals = True
                landing.check_room()
                unfiltered |= _unfiltered(table)
                return TableWritten(name, landing.plan, unfiltered, landing.carry_out(facts))
        raise HostError("The table was changed again and again meanwhile. Land again.")
    finally:
        if without_totals:
            with call.without_timeout():
                call.put(table.table, "ShowTotals", value=True)


def _unfiltered(table: ListObject) -> bool:
    """Take the filter off, since Excel sorts and removes visible lines only; whether there was one."""
    held = table.call.get(table.table, "AutoFilter")
    filtered = held is not None and bool(table.call.get(held, "FilterMode"))
    if filtered:
        table.call.get(held, "ShowAllData")
    return filtered


class _TableWriter:
    """One attempt: a table as it was read, and the plan for it."""

    def __init__(self, table: ListObject, reading: TableReading, plan: MergePlan) -> None:
        self.table, self.reading, self.plan = table, reading, plan
        self.call = table.call
        self.names = list(reading.content.columns)
        self.lent = plan.indexes[plan.scratch_column]
        self.keys = sorted({self.lent, *column_indexes(self.names, KEYS).values()} & set(plan.indexes))

    def check_room(self) -> None:
        """See to it that the lines that are to be added have room.

        Raises:
            HostError: they have none.
        """
        whole, added = self._whole(), len(self.plan.rows) - self.plan.current_height
        if whole.bottom > LAST_ROW:
            raise HostError("The sheet ends before the companies do. Move the table up, then land again.")
        if added > 0:
            cells = CellRange(whole.bottom - added + 1, whole.left, whole.bottom, whole.right)
            functions = self.call.get(self.call.application, "WorksheetFunction")
            if self.call.get(functions, "CountA", self.table.cells(cells)):
                raise HostError("There is something below the table, where it needs lines. Move it, then land again.")

    def carry_out(self, facts: Sequence[Fact]) -> bool:
        """Write; gives whether there was room for the facts.

        Raises:
            _ChangedError: the table is not as it was read, and no company was written.
            HostError: Excel did not do something; the table may be incomplete, which stands above it then.
        """
        self._check_unchanged(self.reading.body)
        self._describe([(name, _INCOMPLETE if name == _STATE else value) for name, value in facts])
        body = self._resized()
        cells = self.table.cells(slice_columns(body, self.lent, self.lent))
        if self.call.get(cells, "NumberFormat") == ranges.TEXT:
            self.call.put(cells, "NumberFormat", "General")
        self._check_unchanged(body)
        try:
            self.call.put(cells, "Value2", tuple((place + 1.0,) for place in self.plan.positions))
            self._check_numbered(body)
            self._write()
            return self._describe(facts)
        except HostBusyError:
            raise HostError(f"Excel let nobody in for too long. {_LEFT}") from None
        except HostError as refused:
            raise HostError(f"{refused.text.rstrip('.')}. {_LEFT}", refused.code) from None

    # ---- whether all is as it was ----------------------------------------------------------------------------

    def _check_unchanged(self, body: CellRange | None) -> None:
        """Compare header and companies with what was read; they stand in these cells."""
        table, height = self.table, len(self.reading.content.rows)
        head = table.header()
        if head != self.reading.header or table.column_names(head) != self.names or table.body() != body:
            raise _ChangedError
        if body is None or height == 0:
            return
        lines = CellRange(body.top, body.left, body.top + height - 1, body.right)
        if self._held(lines, self.keys) != [[line[place] for place in self.keys] for line in self.reading.content.rows]:
            raise _ChangedError

    def _check_numbered(self, body: CellRange) -> None:
        """See to it that every line has its own number: it has another's if the table was sorted just before."""
        keys = [place for place in self.keys if place != self.lent]
        standing, order = self.reading.content.rows, self.plan.final_order
        for number, *held in self._held(body, [self.lent, *keys]):
            if not isinstance(number, float) or not 1 <= number <= len(order):
                raise _ChangedError
            line = order[int(number) - 1]
            if held != [standing[line][place] if line < len(standing) else None for place in keys]:
                raise _ChangedError

    def _held(self, lines: CellRange, places: Sequence[int]) -> list[list[Value]]:
        """What these columns hold in these lines."""
        found: dict[int, tuple[Value, ...]] = {}
        for left, right in consecutive_runs(places):
            columns = zip(*ranges.read(self.call, self.table.sheet, slice_columns(lines, left, right)), strict=True)
            found |= dict(enumerate(columns, left))
        return [list(line) for line in zip(*(found[place] for place in places), strict=True)]

    def _lines_in_order(self) -> tuple[CellRange, bool]:
        """The lines as they stand now, each at its place by its number; and whether they had to be put there.

        Raises:
            HostError: they can't be brought into order.
        """
        wanted = [place + 1.0 for place in range(len(self.plan.rows))]
        for attempt in range(_ATTEMPTS):
            whole = self.table.whole()
            body = CellRange(whole.top + 1, whole.left, whole.bottom, whole.right)
            head = CellRange(whole.top, whole.left, whole.top, whole.right)
            if whole.bottom - whole.top != len(wanted) or self.table.column_names(head) != self.names:
                raise HostError(_MEANWHILE)
            key = slice_columns(body, self.lent, self.lent)
            numbers = [number for (number,) in ranges.read(self.call, self.table.sheet, key)]
            if numbers == wanted:
                return body, attempt > 0
            if set(numbers) != set(wanted):
                raise HostError(_MEANWHILE)
            if attempt < _ATTEMPTS - 1:
                self._sort(whole, body, key)
        raise HostError("Excel did not put the table's lines into order.")

    # ---- what is done ----------------------------------------------------------------------------------------

    def _resized(self) -> CellRange:
        """The cells of the lines, after lines were added where more are needed."""
        if self.plan.current_height < len(self.plan.rows):
            try:
                self.call.get(self.table.table, "Resize", self.table.cells(self._whole()))
            except HostError:
                self._check_unchanged(self.reading.body)
                raise
        whole = self._whole()
        return CellRange(whole.top + 1, whole.left, whole.bottom, whole.right)

    def _write(self) -> None:
        plan, order = self.plan, self.plan.final_order
        for _ in range(_ATTEMPTS):
            body, _ = self._lines_in_order()
            if self._filled(body):
                break
        else:
            raise HostError(_MEANWHILE)
        # Now the column with the numbers gets its own again, which for ranks are these very numbers.
        held = [plan.rows[line][plan.scratch_column] for line in order]
        same = next((place for place, value in enumerate(held) if value != place + 1.0), len(held))
        if same < len(held):
            self._give_back(body, same, held[same:])
        if plan.final_height < len(plan.rows):
            self._remove(body, order[plan.final_height :])

    def _give_back(self, body: CellRange, first: int, values: Sequence[Value]) -> None:
        """Write what the column with the numbers holds itself, from this line on."""
        area = slice_columns(CellRange(body.top + first, body.left, body.bottom, body.right), self.lent, self.lent)
        cells, is_text = self.table.cells(area), _is_text(self.plan.columns[self.plan.scratch_column])
        if is_text:
            self.call.put(cells, "NumberFormat", ranges.TEXT)
        keys = [place for place in self.keys if place != self.lent]
        before = self._held(body, keys)
        if self._lines_in_order() != (body, False):
            raise HostError(_MEANWHILE)
        lines = [[value] for value in values]
        ranges.write_chunk(self.call, cells, lines, text_format=is_text)
        if self._held(body, keys) != before:
            raise HostError(_MEANWHILE)
        if is_text:
            ranges.restore_apostrophes(self.call, self.table.sheet, area, lines)

    def _filled(self, body: CellRange) -> bool:
        """Write all our columns but that with the numbers; False where lines were moved meanwhile, and all is open."""
        pieces = [
            (area, self.table.cells(area), lines, is_text)  # the cells, unlike the area, move with the table
            for columns, is_text in self._columns()
            for area, lines in self._parts(body, columns)
        ]
        for _, cells, _, is_text in pieces:
            if is_text:
                self.call.put(cells, "NumberFormat", ranges.TEXT)
        for _, cells, lines, is_text in pieces:
            if self._lines_in_order() != (body, False):
                return False
            ranges.write_chunk(self.call, cells, lines, text_format=is_text)
        if self._lines_in_order() != (body, False):
            return False
        for area, _, lines, is_text in pieces:
            if is_text:
                ranges.restore_apostrophes(self.call, self.table.sheet, area, lines)
        return True

    def _columns(self) -> Iterator[tuple[list[int], bool]]:
        """Those of our columns that are written together, and whether they are text."""
        for left, right in consecutive_runs(place for place in self.plan.indexes if place != self.lent):
            run = [self.plan.indexes.index(place) for place in range(left, right + 1)]
            for is_text, columns in groupby(run, key=lambda number: _is_text(self.plan.columns[number])):
                yield list(columns), is_text

    def _parts(self, body: CellRange, columns: Sequence[int]) -> Iterator[tuple[CellRange, list[list[Value]]]]:
        """What goes where, in pieces that are written in one go."""
        order, places = self.plan.final_order, [self.plan.indexes[number] for number in columns]
        for begin, end in addresses.row_chunks(len(order), len(columns)):
            lines = [[self.plan.rows[line][number] for number in columns] for line in order[begin:end]]
            yield CellRange(body.top + begin, body.left + places[0], body.top + end - 1, body.left + places[-1]), lines

    def _sort(self, whole: CellRange, body: CellRange, key: CellRange) -> None:
        call, cells, numbers = self.call, self.table.cells(body), self.table.cells(key)
        call.put(call.get(cells, "EntireRow"), "Hidden", value=False)  # Excel sorts no hidden lines
        if self.table.whole() != whole:  # from now on these cells move with it
            return
        # All that Excel would else remember from the last sorting.
        settings = (OMITTED, OMITTED, OMITTED, OMITTED, OMITTED, _NO_HEADER, _NORMAL_ORDER, False, _TOP_TO_BOTTOM)
        call.get(cells, "Sort", numbers, _ASCENDING, *settings)

    def _remove(self, body: CellRange, lines: Sequence[int]) -> None:
        """Remove the last lines, which held these ones' companies when they were read."""
        standing = self.reading.content.rows
        theirs = [place for place in range(len(self.names)) if place not in self.plan.indexes]
        known = sorted({*self.keys, *theirs} - {self.lent})
        wanted = [[standing[line][place] if line < len(standing) else None for place in known] for line in lines]
        rest = CellRange(body.bottom - len(lines) + 1, body.left, body.bottom, body.right)
        cells = self.table.cells(rest)
        self.call.put(self.call.get(cells, "EntireRow"), "Hidden", value=False)
        if self.table.body() != body:
            raise HostError(_MEANWHILE)
        there = self.table.read_at_once(rest, self.reading, theirs)
        if there is None or [[line[place] for place in known] for line in there] != wanted:
            raise HostError(_MEANWHILE)
        self.call.get(cells, "Delete", _UP)

    def _whole(self) -> CellRange:
        """The header and all lines, those too that are to be added."""
        head = self.reading.header
        return CellRange(head.top, head.left, head.top + len(self.plan.rows), head.right)

    # ---- what is known of the job ----------------------------------------------------------------------------

    def _describe(self, facts: Sequence[Fact]) -> bool:
        """Write facts above the table: names, below them values; False where the place is taken."""
        call, sheet, head = self.call, self.table.sheet, self.table.header()
        first = head.left + 2
        area = CellRange(head.top - 3, first, head.top - 2, first + len(facts) - 1)
        if area.top < 1:
            return False
        names, values = zip(*facts, strict=True)
        above, below = ranges.read(call, sheet, area)
        if any(value is not None for value in (*above, *below)) and tuple(above) != names:
            return False
        ranges.write(call, sheet, area, [names, values], text_format=False)
        hint = self.table.cells(CellRange(area.bottom, head.left, area.bottom, head.left))
        if str(call.get(hint, "Value2") or _HINT).startswith(_HINT):
            call.put(hint, "Value2", f"{_HINT}ed by XL OpenFunnel")
        return True


def _is_text(name: str) -> bool:
    return name not in _NUMBERS
