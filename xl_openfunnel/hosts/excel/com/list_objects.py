"""Excel's tables (ListObjects): finds, adds and reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ....fields import KNOWN_PREFIX, column_name
from ..addresses import CellRange
from ..ports import HostError
from ..table_merge import TableContent, Value, column_indexes
from . import ranges
from .dispatch import OMITTED, RetryingCaller

_STYLE: Final = "TableStyleMedium2"
_SHEET: Final = "OpenFunnel"

_HEADER_ROW: Final = 4
"""The header of a new table: above it there is room for facts about the job."""

_SOURCE_RANGE, _WITH_HEADER = 1, 1  # xlSrcRange, xlYes


@dataclass(frozen=True)
class TableReading:
    """A table as it was read.

    Attributes:
        header: the cells of its header row.
        body: the cells of its rows; None if it has none.
        content: what is in it.
        formulas: the formulas of the user's columns by the columns' positions, in R1C1 notation.
    """

    header: CellRange
    body: CellRange | None
    content: TableContent
    formulas: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ListObject:
    """A table. Holds references to Excel's objects, so it must not outlive the command."""

    call: RetryingCaller
    sheet: Any
    table: Any

    @classmethod
    def find(cls, call: RetryingCaller, book: Any, name: str) -> ListObject | None:
        for sheet in call.items(call.get(book, "Worksheets")):
            table = call.item(call.get(sheet, "ListObjects"), name)
            if table is not None:
                return cls(call, sheet, table)
        return None

    @classmethod
    def all(cls, call: RetryingCaller, book: Any) -> list[ListObject]:
        """The tables of a workbook."""
        sheets = call.items(call.get(book, "Worksheets"))
        return [cls(call, sheet, table) for sheet in sheets for table in call.items(call.get(sheet, "ListObjects"))]

    @classmethod
    def add(cls, call: RetryingCaller, book: Any, name: str, columns: Mapping[str, float]) -> ListObject:
        """Add a table with one blank row on a new last sheet; ``columns`` are widths by name."""
        if call.get(book, "ProtectStructure"):
            raise HostError("The workbook's structure is protected: a sheet for the table cannot be added.")
        sheets = call.get(book, "Worksheets")
        is_name_free = call.item(sheets, _SHEET) is None
        sheet = call.get(sheets, "Add", OMITTED, call.get(sheets, "Item", call.get(sheets, "Count")))
        if is_name_free:
            call.put(sheet, "Name", _SHEET)
        header = CellRange(_HEADER_ROW, 1, _HEADER_ROW, len(columns))
        ranges.write(call, sheet, header, [list(columns)], text_format=False)
        cells = call.get(sheet, "Range", CellRange(_HEADER_ROW, 1, _HEADER_ROW + 1, len(columns)).address)
        table = call.get(call.get(sheet, "ListObjects"), "Add", _SOURCE_RANGE, cells, OMITTED, _WITH_HEADER)
        call.put(table, "Name", name)
        call.put(table, "TableStyle", _STYLE)
        for number, width in enumerate(columns.values(), 1):
            column = call.get(sheet, "Range", CellRange(_HEADER_ROW, number, _HEADER_ROW, number).address)
            call.put(column, "ColumnWidth", width)
        return cls(call, sheet, table)

    def check_unprotected(self) -> None:
        """Raises a `HostError` where the sheet is protected."""
        if self.call.get(self.sheet, "ProtectContents"):
            name = self.call.get(self.sheet, "Name")
            raise HostError(f"The sheet {name} is protected. Unprotect it (Review), then insert again.")

    def add_columns(self, columns: Mapping[str, float]) -> None:
        """Add columns at the right, before what stands there: widths in characters, by name."""
        self.check_unprotected()
        for name, width in columns.items():
            column = self.call.get(self.call.get(self.table, "ListColumns"), "Add")
            self.call.put(column, "Name", name)
            self.call.put(self.call.get(column, "Range"), "ColumnWidth", width)

    def remove_known(self) -> bool:
        """Remove the columns of known lists; returns whether there were any."""
        columns = list(self.call.items(self.call.get(self.table, "ListColumns")))
        found = [
            column for column in columns if column_name(str(self.call.get(column, "Name"))).startswith(KNOWN_PREFIX)
        ]
        for column in reversed(found):
            self.call.get(column, "Delete")
        return bool(found)

    def read(self, our_columns: Sequence[str]) -> TableReading:
        """Read the table; all but our columns are the user's."""
        header, body = self.header(), self.body()
        names = self.column_names(header)
        if body is None:
            return TableReading(header, None, TableContent(names))
        rows: list[list[Value]] = ranges.read(self.call, self.sheet, body)
        our_indexes = column_indexes(names, our_columns).values()
        formulas = {}
        for first, last in consecutive_runs(index for index in range(len(names)) if index not in our_indexes):
            texts = ranges.formulas(self.call, self.sheet, slice_columns(body, first, last))
            for index, column in enumerate(zip(*texts, strict=True), first):
                counts = Counter(text for text, row in zip(column, rows, strict=True) if _is_formula(text, row[index]))
                text, count = counts.most_common(1)[0] if counts else ("", 0)
                if 2 * count > len(rows):  # a formula in fewer rows is data of the user's in each of them
                    formulas[index] = text
            _blank_formula_results(formulas, rows, texts, first)
        return TableReading(header, body, TableContent(names, rows, self._rows_with_notes(body)), formulas)

    def read_rows(
        self, area: CellRange, reading: TableReading, user_columns: Sequence[int]
    ) -> list[list[Value]] | None:
        """Read some rows again, their values last and in a single call; None if the user has a note there."""
        if self._rows_with_notes(area):
            return None
        texts = {
            run: ranges.formulas(self.call, self.sheet, slice_columns(area, *run))
            for run in consecutive_runs(user_columns)
        }
        values = self.call.get(self.cells(area), "Value2")
        rows: list[list[Value]] = [list(row) for row in values] if isinstance(values, tuple) else [[values]]
        for (first, _), run_texts in texts.items():
            _blank_formula_results(reading.formulas, rows, run_texts, first)
        return rows

    def whole(self) -> CellRange:
        """The header row, all rows and the totals."""
        return CellRange.parse(self.call.get(self.call.get(self.table, "Range"), "Address"))

    def header(self) -> CellRange:
        header = self.call.get(self.table, "HeaderRowRange")
        if header is None:
            raise HostError("The table's header row is switched off. Switch it on (Table Design), then insert again.")
        return CellRange.parse(self.call.get(header, "Address"))

    def column_names(self, header: CellRange) -> list[str]:
        return [str(name) for name in ranges.read(self.call, self.sheet, header)[0]]

    def body(self) -> CellRange | None:
        """The cells of its rows; None if it has none."""
        body = self.call.get(self.table, "DataBodyRange")
        return None if body is None else CellRange.parse(self.call.get(body, "Address"))

    def cells(self, area: CellRange) -> Any:
        """The Range of an area of its sheet."""
        return self.call.get(self.sheet, "Range", area.address)

    def _rows_with_notes(self, area: CellRange) -> frozenset[int]:
        """The rows of an area with a note or a comment, counted from 0."""
        rows = set()
        for kind in ("Comments", "CommentsThreaded"):
            notes = self.call.get_optional(self.sheet, kind)
            for note in self.call.items(notes) if notes is not None else ():
                cell = CellRange.parse(self.call.get(self.call.get(note, "Parent"), "Address"))
                if (cell.top, cell.left) in area:
                    rows.add(cell.top - area.top)
        return frozenset(rows)


def slice_columns(area: CellRange, first: int, last: int) -> CellRange:
    """The columns of an area from ``first`` to ``last``, counted from 0."""
    return CellRange(area.top, area.left + first, area.bottom, area.left + last)


def consecutive_runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Group consecutive numbers; of each run its first and last."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _is_formula(text: str, value: Value) -> bool:
    """Whether the formula bar shows a formula. A text that only looks like one equals its cell's value."""
    return text.startswith("=") and text != value


def _blank_formula_results(
    formulas: Mapping[int, str], rows: Sequence[list[Value]], texts: Sequence[Sequence[str]], first: int
) -> None:
    """Replace the results of the columns' formulas by None."""
    for row, row_texts in zip(rows, texts, strict=True):
        for index, text in enumerate(row_texts, first):
            if text == formulas.get(index) and _is_formula(text, row[index]):
                row[index] = None
