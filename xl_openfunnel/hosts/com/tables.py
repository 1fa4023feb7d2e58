"""Tables of Excel: what stands in one, and how a job's companies are landed in it.

What the user has in a table is never written anew: Excel itself moves its lines, with formulas, notes and colours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from ..buttons.landing import Plan, Standing, Value, places_of
from ..buttons.workplace import Fact, Landed, Refused
from ..places import LAST_ROW, Area
from . import blocks
from .patience import OMITTED, Caller

_NUMBERS: Final = ("rank", "employee_count", "employee_band")
"""Our columns that keep their format: numbers, and the names of sizes, which look like nothing else. The rest is text,
whatever it looks like. Not the last column: one that a user adds behind it takes over its format."""

_STYLE: Final = "TableStyleMedium2"
_SHEET: Final = "OpenFunnel"

_HEAD: Final = 4
"""The row of a new table's header: above it there is room for what is known of the job."""

_HINT: Final = "Land"
"""How the line above a table begins that may be replaced: the workbook's own hint, or what was written here before."""

_RANGE, _WITH_HEADER = 1, 1  # xlSrcRange, xlYes
_UP: Final = -4162  # xlShiftUp
_ASCENDING, _NO_HEADER, _NORMAL_ORDER, _TOP_TO_BOTTOM = 1, 2, 1, 1


@dataclass(frozen=True)
class Table:
    """A table that was found. Holds objects of Excel, so it is not to be kept."""

    call: Caller
    sheet: Any
    table: Any

    @classmethod
    def found(cls, call: Caller, book: Any, name: str) -> Table | None:
        """The table of that name in a book."""
        for sheet in call.items(call.get(book, "Worksheets")):
            table = call.item(call.get(sheet, "ListObjects"), name)
            if table is not None:
                return cls(call, sheet, table)
        return None

    @classmethod
    def added(cls, call: Caller, book: Any, name: str, columns: Mapping[str, float]) -> Table:
        """A new table with one blank line, on a new sheet behind the others."""
        if call.get(book, "ProtectStructure"):
            raise Refused("The workbook's structure is protected: a sheet for the table can't be added.")
        sheets = call.get(book, "Worksheets")
        free = call.item(sheets, _SHEET) is None
        sheet = call.get(sheets, "Add", OMITTED, call.get(sheets, "Item", call.get(sheets, "Count")))
        if free:
            call.put(sheet, "Name", _SHEET)
        head = Area(_HEAD, 1, _HEAD, len(columns))
        blocks.write(call, sheet, head, [list(columns)], text_format=False)
        cells = call.get(sheet, "Range", Area(_HEAD, 1, _HEAD + 1, len(columns)).address)
        table = call.get(call.get(sheet, "ListObjects"), "Add", _RANGE, cells, OMITTED, _WITH_HEADER)
        call.put(table, "Name", name)
        call.put(table, "TableStyle", _STYLE)
        for place, width in enumerate(columns.values(), 1):
            column = call.get(sheet, "Range", Area(_HEAD, place, _HEAD, place).address)
            call.put(column, "ColumnWidth", width)
        return cls(call, sheet, table)

    def standing(self, ours: Sequence[str]) -> Standing:
        """What is in it, where these are our columns."""
        head, body = self._head(), self._body()
        names = [str(name) for name in blocks.read(self.call, self.sheet, head)[0]]
        if body is None:
            return Standing(names)
        lines: list[list[Value]] = blocks.read(self.call, self.sheet, body)
        places = places_of(names, ours).values()
        for left, right in _runs([place for place in range(len(names)) if place not in places]):
            area = Area(body.top, body.left + left, body.bottom, body.left + right)
            for line, texts in zip(lines, blocks.formulas(self.call, self.sheet, area), strict=True):
                for place, text in enumerate(texts, left):
                    # A text that only looks like a formula is its own value.
                    if str(text).startswith("=") and text != line[place]:
                        line[place] = None
        return Standing(names, lines, self._noted(body))

    def land(self, plan: Plan, facts: Sequence[Fact]) -> Landed:
        """Carry out a plan, and write what is known of the job above the table."""
        call, sheet = self.call, self.sheet
        name = str(call.get(sheet, "Name"))
        if call.get(sheet, "ProtectContents"):
            raise Refused(f"The sheet {name} is protected. Unprotect it (Review), then land again.")
        unfiltered = self._unfiltered()
        totals = bool(call.get(self.table, "ShowTotals"))
        if totals:  # they stand where lines are to be added
            call.put(self.table, "ShowTotals", value=False)
        try:
            self._write(plan, self._grown(plan))
        finally:
            if totals:
                with call.insisting():
                    call.put(self.table, "ShowTotals", value=True)
        return Landed(name, unfiltered, self._describe(facts))

    # ---- what is there ---------------------------------------------------------------------------------------

    def _head(self) -> Area:
        head = self.call.get(self.table, "HeaderRowRange")
        if head is None:
            raise Refused("The table's header row is switched off. Switch it on (Table Design), then land again.")
        return Area.at(self.call.get(head, "Address"))

    def _body(self) -> Area | None:
        body = self.call.get(self.table, "DataBodyRange")
        return None if body is None else Area.at(self.call.get(body, "Address"))

    def _noted(self, body: Area) -> frozenset[int]:
        """The lines with a note or a comment, counted from 0."""
        lines = set()
        for kind in ("Comments", "CommentsThreaded"):
            notes = self.call.known(self.sheet, kind)
            for note in self.call.items(notes) if notes is not None else ():
                cell = Area.at(self.call.get(self.call.get(note, "Parent"), "Address"))
                if (cell.top, cell.left) in body:
                    lines.add(cell.top - body.top)
        return frozenset(lines)

    # ---- what is done ----------------------------------------------------------------------------------------

    def _unfiltered(self) -> bool:
        """Take the filter off the table, since Excel sorts and removes visible lines only; whether there was one."""
        held = self.call.get(self.table, "AutoFilter")
        filtered = held is not None and bool(self.call.get(held, "FilterMode"))
        if filtered:
            self.call.get(held, "ShowAllData")
        return filtered

    def _grown(self, plan: Plan) -> Area:
        """The cells below the header, after lines were added where a plan needs more."""
        head, body = self._head(), self._body()
        if plan.height != (0 if body is None else body.bottom - body.top + 1):
            raise Refused("The table was changed meanwhile. Land again.")
        cells = Area(head.top + 1, head.left, head.top + len(plan.lines), head.right)
        if cells.bottom > LAST_ROW:
            raise Refused("The sheet ends before the companies do. Move the table up, then land again.")
        if plan.height < len(plan.lines):
            added = Area(cells.top + plan.height, cells.left, cells.bottom, cells.right)
            functions = self.call.get(self.call.application, "WorksheetFunction")
            if self.call.get(functions, "CountA", self._cells(added)):
                raise Refused("There is something below the table, where it needs lines. Move it, then land again.")
            whole = Area(head.top, cells.left, cells.bottom, cells.right)
            self.call.get(self.table, "Resize", self._cells(whole))
        return cells

    def _write(self, plan: Plan, body: Area) -> None:
        for left, right in _runs(plan.places[1:]):
            run = [plan.places.index(place) for place in range(left, right + 1)]
            for is_text, numbers in groupby(run, key=lambda number: _is_text(plan.names[number])):
                columns = list(numbers)
                lines = [[line[number] for number in columns] for line in plan.lines]
                self._fill(body, [plan.places[number] for number in columns], lines, text_format=is_text)
        if not plan.in_order or plan.left < len(plan.lines):  # Excel neither sorts nor removes hidden lines
            self.call.put(self.call.get(self._cells(body), "EntireRow"), "Hidden", value=False)
        if not plan.in_order:
            self._sort(body, plan.places[0], [place + 1.0 for place in plan.order])
        if plan.left < len(plan.lines):
            rest = Area(body.top + plan.left, body.left, body.bottom, body.right)
            self.call.get(self._cells(rest), "Delete", _UP)
        # The first of our columns comes last: until here it had the order, as rank, which it usually is, has anyway.
        first = [[value] for value in plan.column(0)]
        self._fill(body, plan.places[:1], first, text_format=_is_text(plan.names[0]))

    def _cells(self, area: Area) -> Any:
        return self.call.get(self.sheet, "Range", area.address)

    def _fill(self, body: Area, places: Sequence[int], lines: Sequence[Sequence[Value]], *, text_format: bool) -> None:
        area = Area(body.top, body.left + places[0], body.top + len(lines) - 1, body.left + places[-1])
        if text_format:
            self.call.put(self._cells(area), "NumberFormat", blocks.TEXT)
        blocks.write(self.call, self.sheet, area, lines, text_format=text_format)

    def _sort(self, body: Area, place: int, order: Sequence[float]) -> None:
        """Have Excel put the lines into order, by a column that is about to be written anyway.

        Raises:
            Refused: they are not in order afterwards.
        """
        call = self.call
        key = Area(body.top, body.left + place, body.bottom, body.left + place)
        cells = self._cells(key)
        if call.get(cells, "NumberFormat") == blocks.TEXT:
            call.put(cells, "NumberFormat", "General")
        blocks.write(call, self.sheet, key, [[number] for number in order], text_format=False)
        # All that Excel would else remember from the last sorting.
        settings = (OMITTED, OMITTED, OMITTED, OMITTED, OMITTED, _NO_HEADER, _NORMAL_ORDER, False, _TOP_TO_BOTTOM)
        call.get(self._cells(body), "Sort", cells, _ASCENDING, *settings)
        if [number for (number,) in blocks.read(call, self.sheet, key)] != sorted(order):
            raise Refused("Excel did not put the table's lines into order. Sort it by rank, then land again.")

    # ---- what is known of the job ----------------------------------------------------------------------------

    def _describe(self, facts: Sequence[Fact]) -> bool:
        """Write facts above the table: names, below them values; False where the place is taken."""
        call, sheet, head = self.call, self.sheet, self._head()
        first = head.left + 2
        area = Area(head.top - 3, first, head.top - 2, first + len(facts) - 1)
        if area.top < 1:
            return False
        names, values = zip(*facts, strict=True)
        above, below = blocks.read(call, sheet, area)
        if any(value is not None for value in (*above, *below)) and tuple(above) != names:
            return False
        blocks.write(call, sheet, area, [names, values], text_format=False)
        hint = call.get(sheet, "Range", Area(area.bottom, head.left, area.bottom, head.left).address)
        if str(call.get(hint, "Value2") or _HINT).startswith(_HINT):
            call.put(hint, "Value2", f"{_HINT}ed by XL OpenFunnel")
        return True


def _is_text(name: str) -> bool:
    return name not in _NUMBERS


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring places together, as the first and the last of each run."""
    runs: list[tuple[int, int]] = []
    for place in sorted(places):
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs
