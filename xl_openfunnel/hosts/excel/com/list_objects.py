"""Tables of Excel: how one is found or made, and what stands in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..addresses import CellRange
from ..ports import HostError
from ..table_merge import TableContent, Value, column_indexes
from . import ranges
from .dispatch import OMITTED, RetryingCaller

_STYLE: Final = "TableStyleMedium2"
_SHEET: Final = "OpenFunnel"

_HEAD: Final = 4
"""The row of a new table's header: above it there is room for what is known of the job."""

_RANGE, _WITH_HEADER = 1, 1  # xlSrcRange, xlYes


@dataclass(frozen=True)
class TableReading:
    """A table as it was read.

    Attributes:
        head: the cells of its header.
        body: those below; None where there is no line.
        standing: what is in it.
        formulas: by the places of the user's columns the formulas that stand in them, as they read in every line.
    """

    header: CellRange
    body: CellRange | None
    content: TableContent
    formulas: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ListObject:
    """A table that was found. Holds objects of Excel, so it is not to be kept."""

    call: RetryingCaller
    sheet: Any
    table: Any

    @classmethod
    def find(cls, call: RetryingCaller, book: Any, name: str) -> ListObject | None:
        """The table of that name in a book."""
        for sheet in call.items(call.get(book, "Worksheets")):
            table = call.item(call.get(sheet, "ListObjects"), name)
            if table is not None:
                return cls(call, sheet, table)
        return None

    @classmethod
    def add(cls, call: RetryingCaller, book: Any, name: str, columns: Mapping[str, float]) -> ListObject:
        """A new table with one blank line, on a new sheet behind the others."""
        if call.get(book, "ProtectStructure"):
            raise HostError("The workbook's structure is protected: a sheet for the table can't be added.")
        sheets = call.get(book, "Worksheets")
        free = call.item(sheets, _SHEET) is None
        sheet = call.get(sheets, "Add", OMITTED, call.get(sheets, "Item", call.get(sheets, "Count")))
        if free:
            call.put(sheet, "Name", _SHEET)
        head = CellRange(_HEAD, 1, _HEAD, len(columns))
        ranges.write(call, sheet, head, [list(columns)], text_format=False)
        cells = call.get(sheet, "Range", CellRange(_HEAD, 1, _HEAD + 1, len(columns)).address)
        table = call.get(call.get(sheet, "ListObjects"), "Add", _RANGE, cells, OMITTED, _WITH_HEADER)
        call.put(table, "Name", name)
        call.put(table, "TableStyle", _STYLE)
        for place, width in enumerate(columns.values(), 1):
            column = call.get(sheet, "Range", CellRange(_HEAD, place, _HEAD, place).address)
            call.put(column, "ColumnWidth", width)
        return cls(call, sheet, table)

    def read(self, ours: Sequence[str]) -> TableReading:
        """What is in it, where these are our columns."""
        head, body = self.header(), self.body()
        names = self.column_names(head)
        if body is None:
            return TableReading(head, None, TableContent(names))
        lines: list[list[Value]] = ranges.read(self.call, self.sheet, body)
        places = column_indexes(names, ours).values()
        formulas = {}
        for left, right in consecutive_runs(place for place in range(len(names)) if place not in places):
            texts = ranges.formulas(self.call, self.sheet, slice_columns(body, left, right))
            for place, column in enumerate(zip(*texts, strict=True), left):
                found = Counter(
                    text for text, line in zip(column, lines, strict=True) if _calculated(text, line[place])
                )
                text, count = found.most_common(1)[0] if found else ("", 0)
                if 2 * count > len(lines):  # what stands in fewer is the user's own in each of them
                    formulas[place] = text
            _leave_out(formulas, lines, texts, left)
        return TableReading(head, body, TableContent(names, lines, self._noted(body)), formulas)

    def read_at_once(self, area: CellRange, reading: TableReading, theirs: Sequence[int]) -> list[list[Value]] | None:
        """What stands in these lines now, its values read in one call and last; None if the user has a note there.

        Args:
            area: the lines.
            reading: the table as it was read.
            theirs: where the user's columns stand.
        """
        if self._noted(area):
            return None
        texts = {
            run: ranges.formulas(self.call, self.sheet, slice_columns(area, *run)) for run in consecutive_runs(theirs)
        }
        values = self.call.get(self.cells(area), "Value2")
        lines: list[list[Value]] = [list(line) for line in values] if isinstance(values, tuple) else [[values]]
        for (left, _), shown in texts.items():
            _leave_out(reading.formulas, lines, shown, left)
        return lines

    def whole(self) -> CellRange:
        """All its cells."""
        return CellRange.parse(self.call.get(self.call.get(self.table, "Range"), "Address"))

    def header(self) -> CellRange:
        """The cells of its header."""
        head = self.call.get(self.table, "HeaderRowRange")
        if head is None:
            raise HostError("The table's header row is switched off. Switch it on (Table Design), then land again.")
        return CellRange.parse(self.call.get(head, "Address"))

    def column_names(self, head: CellRange) -> list[str]:
        """The names of its columns."""
        return [str(name) for name in ranges.read(self.call, self.sheet, head)[0]]

    def body(self) -> CellRange | None:
        """The cells of its lines."""
        body = self.call.get(self.table, "DataBodyRange")
        return None if body is None else CellRange.parse(self.call.get(body, "Address"))

    def cells(self, area: CellRange) -> Any:
        """These cells of its sheet."""
        return self.call.get(self.sheet, "Range", area.address)

    def _noted(self, area: CellRange) -> frozenset[int]:
        """The lines with a note or a comment, counted from 0."""
        lines = set()
        for kind in ("Comments", "CommentsThreaded"):
            notes = self.call.get_optional(self.sheet, kind)
            for note in self.call.items(notes) if notes is not None else ():
                cell = CellRange.parse(self.call.get(self.call.get(note, "Parent"), "Address"))
                if (cell.top, cell.left) in area:
                    lines.add(cell.top - area.top)
        return frozenset(lines)


def slice_columns(area: CellRange, left: int, right: int) -> CellRange:
    """Of an area the columns from ``left`` to ``right``, counted from 0."""
    return CellRange(area.top, area.left + left, area.bottom, area.left + right)


def consecutive_runs(places: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring places together, as the first and the last of each run."""
    found: list[tuple[int, int]] = []
    for place in sorted(places):
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _calculated(text: str, value: Value) -> bool:
    """Whether that in the formula bar is a formula: a text that only looks like one is its own value."""
    return text.startswith("=") and text != value


def _leave_out(
    formulas: Mapping[int, str], lines: Sequence[list[Value]], texts: Sequence[Sequence[str]], left: int
) -> None:
    """Put nothing in place of what the columns' own formulas show."""
    for line, shown in zip(lines, texts, strict=True):
        for place, text in enumerate(shown, left):
            if text == formulas.get(place) and _calculated(text, line[place]):
                line[place] = None
