"""What buttons and the ribbon do in Excel on Windows, through COM and from a thread of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from ....functions.catalog import called_in
from ....runtime.clock import Clock
from ..addresses import CellRef, cell_address
from ..formula_texts import spill_dependents
from ..ports import COMMAND_TIMEOUT, CopySaved, Fact, HostError, HostGoneError, TableWritten
from ..table_merge import MergePlan, TableContent
from . import dispatch
from .calculation import ComExcelProcesses, ComExcelSession
from .dispatch import RetryingCaller
from .export_copy import save_copy
from .formulas import filled_with
from .list_objects import ListObject
from .table_writer import write_table

_DATABASE: Final = 1  # xlDatabase: a pivot that stands on cells

_T = TypeVar("_T")


class ComWorkbookAccess:
    """The running Excels of this user.

    Args:
        excels: reaches them.
        clock: how to wait for one that is busy.
        documents: gives the user's folder for documents.
    """

    def __init__(self, excels: ComExcelProcesses, clock: Clock, documents: Callable[[], Path]) -> None:
        self._excels = excels
        self._clock = clock
        self._documents = documents

    @contextlib.contextmanager
    def at(self, window: int, patience: float = COMMAND_TIMEOUT) -> Iterator[ComWorkbookCommands]:
        """The Excel with that window, which is waited for so many seconds.

        Raises:
            HostBusyError: it lets nobody in, and was waited for in vain.
            HostGoneError: it has no workbook open, or has ended.
        """
        dispatch.initialize_com()
        program = self._excels.process_of(window)
        if program is None:
            raise HostGoneError
        yield ComWorkbookCommands(self._excels, RetryingCaller(program, self._clock, patience), self._documents)


class ComWorkbookCommands:
    """An Excel that somebody has pressed a button in, as `workplace.Work` has it."""

    def __init__(self, excels: ComExcelProcesses, call: RetryingCaller, documents: Callable[[], Path]) -> None:
        self._excels = excels
        self._call = call
        self._documents = documents

    def book(self) -> str | None:
        """The name of the workbook in front."""
        front = self._call.get(self._call.application, "ActiveWorkbook")
        return None if front is None else str(self._call.get(front, "Name"))

    def set_status(self, text: str) -> None:
        """Show a text in the status bar."""
        self._call.put(self._call.application, "StatusBar", text)

    def clear_status(self, text: str) -> None:
        """Give the status bar back to Excel, if it still shows this text."""
        if self._call.get(self._call.application, "StatusBar") == text:
            self._call.put(self._call.application, "StatusBar", value=False)

    def owner(self, place: CellRef) -> CellRef:
        """The cell whose formula fills this one."""
        sheet = self._call.item(self._call.get(self._book(place.book), "Worksheets"), place.sheet)
        if sheet is None:
            raise HostError(f"The sheet {place.sheet} is not there any more.")
        area = filled_with(self._call, self._call.get(sheet, "Range", place.cell))
        return place if area is None else CellRef(place.book, place.sheet, cell_address(area.top, area.left))

    def formulas(self, book: str, sheet: str | None) -> Mapping[CellRef, str]:
        """Where in the sheet, or in all sheets of the book, formulas call our functions."""
        found = self._visited(lambda visit: visit.formulas(book)) or {}
        return {place: text for place, text in found.items() if sheet in (None, place.sheet)}

    def recalculate(self, places: Collection[CellRef]) -> None:
        """Calculate these cells now; in manual mode these and no others."""

        def calculated(visit: ComExcelSession) -> None:
            with visit.preserving_state():
                if visit.automatic:
                    visit.mark_dirty(places)
                    visit.calculate()
                else:
                    for place in places:
                        visit.calculate_cell(place)

        self._visited(calculated)

    def text_named(self, book: str, name: str) -> str:
        """What the cell of that name holds."""
        found = self._call.item(self._call.get(self._book(book), "Names"), name)
        if found is None:
            return ""
        try:
            cells = self._call.get(found, "RefersToRange")
        except HostError:  # a name for something else
            return ""
        value = self._call.get(cells, "Value2")
        return str(value).strip() if isinstance(value, str) else ""

    def has_table(self, book: str, name: str) -> bool:
        """Whether the book has a table of that name."""
        return ListObject.found(self._call, self._book(book), name) is not None

    def add_table(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        """A new table with one blank line, on a new sheet."""
        ListObject.added(self._call, self._book(book), name, columns)

    def write_table(
        self,
        book: str,
        name: str,
        ours: Sequence[str],
        planned: Callable[[TableContent], MergePlan],
        facts: Sequence[Fact],
    ) -> TableWritten:
        """Carry out a plan for the table of that name, and write what is known of its job above it."""
        found = ListObject.found(self._call, self._book(book), name)
        if found is None:
            raise HostError(f"The table {name} is not there any more.")
        return write_table(found, ours, planned, facts)

    def refresh_pivots(self, book: str, table: str) -> int:
        """Have the pivots that stand on a table read it anew; how many there are."""
        call, count = self._call, 0
        refreshed = set()
        refusal: tuple[str, int] | None = None
        for sheet in call.items(call.get(self._book(book), "Worksheets")):
            for pivot in call.items(call.get(sheet, "PivotTables")):
                cache = call.get(pivot, "PivotCache")
                if call.get(cache, "SourceType") != _DATABASE or not _is_named(call.get(cache, "SourceData"), table):
                    continue
                count += 1
                if (index := call.get(pivot, "CacheIndex")) not in refreshed:  # several may share what they read
                    refreshed.add(index)
                    try:
                        call.get(cache, "Refresh")
                    except HostError as refused:  # the others have their turn
                        refusal = refused.text, refused.code  # the exception itself would hold this frame's objects
        if refusal:
            raise HostError(*refusal)
        return count

    def save_copy(self, book: str, facts: Iterable[Sequence[Fact]]) -> CopySaved:
        """Save a copy of the book without macros, with values in place of our formulas."""
        return save_copy(self._call, self._book(book), self._without_functions, facts, self._documents())

    def _without_functions(self, book: str) -> Collection[CellRef]:
        """Where formulas stand that show errors without our functions: those that call them or read what they spill."""

        def wanted(text: str) -> bool:
            return "#" in text or bool(called_in(text))

        formulas = self._visited(lambda visit: visit.formulas(book, wanted)) or {}
        ours = {place for place, text in formulas.items() if called_in(text)}
        return ours | spill_dependents(formulas, ours)

    def _book(self, name: str) -> Any:
        found = self._call.item(self._call.get(self._call.application, "Workbooks"), name)
        if found is None:
            raise HostError(f"The workbook {name} is not open any more.")
        return found

    def _visited(self, do: Callable[[ComExcelSession], _T]) -> _T:
        def visited() -> _T:
            with self._excels.connect(self._call.process_id) as visit:
                return do(visit)

        return self._call.retry(visited)


def _is_named(source: object, table: str) -> bool:
    """Whether a pivot's source is that table: ``Name``, or ``'Book.xlsm'!Name[#All]`` as some files have it."""
    return str(source).rpartition("!")[2].partition("[")[0].casefold() == table.casefold()
