"""What commands do in the workbooks of a running Excel, over COM and from a thread of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ....functions.catalog import called_in
from ....functions.registry import TimeCells
from ....known.columns import Telling
from ....runtime.clock import Clock
from ...known_list import SelectedCells
from ..addresses import CellRef, cell_address
from ..formula_texts import spill_dependents
from ..ports import COMMAND_TIMEOUT, CopySaved, Fact, HostError, HostGoneError, TableWritten
from ..table_merge import MergePlan, TableContent
from . import dispatch, selected_cells
from .calculation import ComExcelProcesses, ComExcelSession
from .dispatch import RetryingCaller
from .export_copy import save_copy
from .formulas import filled_range
from .list_objects import ListObject
from .pivots import refresh_pivots
from .table_writer import write_table

_T = TypeVar("_T")


class ComWorkbookAccess:
    """Implements `ports.WorkbookAccess`."""

    def __init__(self, processes: ComExcelProcesses, clock: Clock, documents: Callable[[], Path]) -> None:
        self._processes = processes
        self._clock = clock
        self._documents = documents

    @contextlib.contextmanager
    def connect(self, window: int, timeout: float = COMMAND_TIMEOUT) -> Iterator[ComWorkbookCommands]:
        dispatch.initialize_com()
        process_id = self._processes.process_of(window)
        if process_id is None:
            raise HostGoneError
        call = RetryingCaller(process_id, self._clock, timeout)
        yield ComWorkbookCommands(self._processes, call, self._documents)


class ComWorkbookCommands:
    """Implements `ports.WorkbookCommands`."""

    def __init__(self, processes: ComExcelProcesses, call: RetryingCaller, documents: Callable[[], Path]) -> None:
        self._processes = processes
        self._call = call
        self._documents = documents

    def active_workbook(self) -> str | None:
        book = self._call.get(self._call.application, "ActiveWorkbook")
        return None if book is None else str(self._call.get(book, "Name"))

    def set_status(self, text: str) -> None:
        self._call.put(self._call.application, "StatusBar", text)

    def clear_status(self, text: str) -> None:
        if self._call.get(self._call.application, "StatusBar") == text:
            self._call.put(self._call.application, "StatusBar", value=False)

    def formula_cell(self, cell: CellRef) -> CellRef:
        area = filled_range(self._call, self._call.get(self._sheet(cell), "Range", cell.cell))
        return cell if area is None else CellRef(cell.book, cell.sheet, cell_address(area.top, area.left))

    def formulas(self, book: str, sheet: str | None) -> Mapping[CellRef, str]:
        formulas = self._with_session(lambda session: session.formulas(book)) or {}
        return {cell: text for cell, text in formulas.items() if sheet in (None, cell.sheet)}

    def recalculate(self, cells: Collection[CellRef]) -> None:
        def calculate(session: ComExcelSession) -> None:
            with session.preserving_state():
                if session.calculates_automatically:
                    session.mark_dirty(cells)
                    session.calculate()
                else:
                    for cell in cells:
                        session.calculate_cell(cell)

        self._with_session(calculate)

    def format_times(self, times: Mapping[CellRef, TimeCells]) -> None:
        self._with_session(lambda session: session.format_times(times))

    def named_cell_text(self, book: str, name: str) -> str:
        named = self._call.item(self._call.get(self._book(book), "Names"), name)
        if named is None:
            return ""
        try:
            cells = self._call.get(named, "RefersToRange")
        except HostError:  # the name does not refer to cells
            return ""
        value = self._call.get(cells, "Value2")
        return str(value).strip() if isinstance(value, str) else ""

    def table_columns(self, book: str, name: str) -> Sequence[str]:
        table = ListObject.find(self._call, self._book(book), name)
        return [] if table is None else table.column_names(table.header())

    def add_table(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        ListObject.add(self._call, self._book(book), name, columns)

    def add_columns(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        if table := ListObject.find(self._call, self._book(book), name):
            table.add_columns(columns)

    def write_table(
        self,
        book: str,
        name: str,
        columns: Sequence[str],
        make_plan: Callable[[TableContent], MergePlan],
        facts: Sequence[Fact],
    ) -> TableWritten:
        table = ListObject.find(self._call, self._book(book), name)
        if table is None:
            raise HostError(f"The table {name} is not there any more.")
        return write_table(table, columns, make_plan, facts)

    def refresh_pivots(self, book: str, table: str) -> int:
        return refresh_pivots(self._call, self._book(book), table)

    def selected_cells(self, cell: CellRef, area: str) -> SelectedCells:
        return selected_cells.read(self._call, self._sheet(cell), area)

    def save_copy(
        self, book: str, facts: Iterable[Sequence[Fact]], telling_known: Mapping[CellRef, Telling]
    ) -> CopySaved:
        telling = {(cell.sheet, cell.cell): of_cell for cell, of_cell in telling_known.items() if cell.book == book}
        return save_copy(self._call, self._book(book), self._cells_to_replace, facts, self._documents(), telling)

    def _cells_to_replace(self, book: str) -> Collection[CellRef]:
        """The cells that would show errors without our functions: they call them or read what those spill."""

        def is_candidate(text: str) -> bool:
            return "#" in text or bool(called_in(text))

        formulas = self._with_session(lambda session: session.formulas(book, is_candidate)) or {}
        our_cells = {cell for cell, text in formulas.items() if called_in(text)}
        return our_cells | spill_dependents(formulas, our_cells)

    def _book(self, name: str) -> Any:
        book = self._call.item(self._call.get(self._call.application, "Workbooks"), name)
        if book is None:
            raise HostError(f"The workbook {name} is not open any more.")
        return book

    def _sheet(self, cell: CellRef) -> Any:
        sheet = self._call.item(self._call.get(self._book(cell.book), "Worksheets"), cell.sheet)
        if sheet is None:
            raise HostError(f"The sheet {cell.sheet} is not there any more.")
        return sheet

    def _with_session(self, function: Callable[[ComExcelSession], _T]) -> _T:
        def attempt() -> _T:
            with self._processes.connect(self._call.process_id) as session:
                return function(session)

        return self._call.retry(attempt)
