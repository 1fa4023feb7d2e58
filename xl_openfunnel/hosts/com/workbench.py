"""What buttons and the ribbon do in Excel on Windows, through COM and from a thread of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from ...functions.catalog import called_in
from ...runtime.clock import Clock
from ..buttons.landing import Plan, Standing
from ..buttons.workplace import PATIENCE, Copied, Fact, HostError, Landed
from ..places import Place, cell_address
from ..sheets import HostGoneError
from ..spills import readers
from . import calls
from .automation import ExcelAutomation, ExcelVisit
from .copying import save_copy
from .formulas import filled_with
from .landings import land
from .patience import Caller
from .tables import Table

_DATABASE: Final = 1  # xlDatabase: a pivot that stands on cells

_T = TypeVar("_T")


class ExcelWorkplace:
    """The running Excels of this user.

    Args:
        excels: reaches them.
        clock: how to wait for one that is busy.
        documents: gives the user's folder for documents.
    """

    def __init__(self, excels: ExcelAutomation, clock: Clock, documents: Callable[[], Path]) -> None:
        self._excels = excels
        self._clock = clock
        self._documents = documents

    @contextlib.contextmanager
    def at(self, window: int, patience: float = PATIENCE) -> Iterator[ExcelWork]:
        """The Excel with that window, which is waited for so many seconds.

        Raises:
            HostBusyError: it lets nobody in, and was waited for in vain.
            HostGoneError: it has no workbook open, or has ended.
        """
        calls.begin_on_this_thread()
        program = self._excels.program(window)
        if program is None:
            raise HostGoneError
        yield ExcelWork(self._excels, Caller(program, self._clock, patience), self._documents)


class ExcelWork:
    """An Excel that somebody has pressed a button in, as `workplace.Work` has it."""

    def __init__(self, excels: ExcelAutomation, call: Caller, documents: Callable[[], Path]) -> None:
        self._excels = excels
        self._call = call
        self._documents = documents

    def book(self) -> str | None:
        """The name of the workbook in front."""
        front = self._call.get(self._call.application, "ActiveWorkbook")
        return None if front is None else str(self._call.get(front, "Name"))

    def say(self, text: str) -> None:
        """Show a text in the status bar."""
        self._call.put(self._call.application, "StatusBar", text)

    def unsay(self, text: str) -> None:
        """Give the status bar back to Excel, if it still shows this text."""
        if self._call.get(self._call.application, "StatusBar") == text:
            self._call.put(self._call.application, "StatusBar", value=False)

    def owner(self, place: Place) -> Place:
        """The cell whose formula fills this one."""
        sheet = self._call.item(self._call.get(self._book(place.book), "Worksheets"), place.sheet)
        if sheet is None:
            raise HostError(f"The sheet {place.sheet} is not there any more.")
        area = filled_with(self._call, self._call.get(sheet, "Range", place.cell))
        return place if area is None else Place(place.book, place.sheet, cell_address(area.top, area.left))

    def formulas(self, book: str, sheet: str | None) -> Mapping[Place, str]:
        """Where in the sheet, or in all sheets of the book, formulas call our functions."""
        found = self._visited(lambda visit: visit.formulas(book)) or {}
        return {place: text for place, text in found.items() if sheet in (None, place.sheet)}

    def recalculate(self, places: Collection[Place]) -> None:
        """Calculate these cells now; in manual mode these and no others."""

        def calculated(visit: ExcelVisit) -> None:
            with visit.unnoticed():
                if visit.automatic:
                    visit.mark(places)
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
        return Table.found(self._call, self._book(book), name) is not None

    def add_table(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        """A new table with one blank line, on a new sheet."""
        Table.added(self._call, self._book(book), name, columns)

    def land(
        self, book: str, name: str, ours: Sequence[str], planned: Callable[[Standing], Plan], facts: Sequence[Fact]
    ) -> Landed:
        """Carry out a plan for the table of that name, and write what is known of its job above it."""
        found = Table.found(self._call, self._book(book), name)
        if found is None:
            raise HostError(f"The table {name} is not there any more.")
        return land(found, ours, planned, facts)

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

    def save_copy(self, book: str, facts: Iterable[Sequence[Fact]]) -> Copied:
        """Save a copy of the book without macros, with values in place of our formulas."""
        return save_copy(self._call, self._book(book), self._without_functions, facts, self._documents())

    def _without_functions(self, book: str) -> Collection[Place]:
        """Where formulas stand that show errors without our functions: those that call them or read what they spill."""

        def wanted(text: str) -> bool:
            return "#" in text or bool(called_in(text))

        formulas = self._visited(lambda visit: visit.formulas(book, wanted)) or {}
        ours = {place for place, text in formulas.items() if called_in(text)}
        return ours | readers(formulas, ours)

    def _book(self, name: str) -> Any:
        found = self._call.item(self._call.get(self._call.application, "Workbooks"), name)
        if found is None:
            raise HostError(f"The workbook {name} is not open any more.")
        return found

    def _visited(self, do: Callable[[ExcelVisit], _T]) -> _T:
        def visited() -> _T:
            with self._excels.visit(self._call.program) as visit:
                return do(visit)

        return self._call.patiently(visited)


def _is_named(source: object, table: str) -> bool:
    """Whether a pivot's source is that table: ``Name``, or ``'Book.xlsm'!Name[#All]`` as some files have it."""
    return str(source).rpartition("!")[2].partition("[")[0].casefold() == table.casefold()
