"""What live cells do in a running Excel, over COM and from another thread than the one on which Excel calls us.

No reference to one of Excel's objects is kept, since it would keep a closed Excel alive. xlwings could do much of this,
but it waits for a busy Excel for ever and without a pause.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import pywintypes
import win32api
import win32con
import win32event
import win32gui
import win32process

from ....cell_values import TIME_FORMAT
from ....functions.catalog import called_in, is_only_call
from ....functions.registry import TimeCells
from ....runtime.clock import Clock, SystemClock
from ..addresses import CellRange, CellRef
from ..ports import HostBusyError, HostGoneError
from . import dispatch, hresults
from .app_settings import temporarily_set
from .dispatch import RetryingCaller
from .formulas import filled_range, formulas_in_book, read_formula
from .ranges import GENERAL, TEXT

_log = logging.getLogger(__name__)

_MANUAL: Final = -4135  # xlCalculationManual
_DONE: Final = 0  # xlDone

_MAX_ADDRESS: Final = 250
"""Characters of an address passed to `Range`, which takes 255 according to its documentation."""

_IDLE_MILLISECONDS: Final = 3_000
"""After this long without input, a change in Excel was not made by its user."""


class ComExcelProcesses:
    """Implements `ports.ExcelProcesses` for the Excels of this Windows user."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._process_ids: dict[int, int] = {}
        self._handles: dict[int, Any] = {}  # while one is open, Windows gives no other process this id

    def process_of(self, window: int) -> int | None:
        """The id of the process that a window belongs to, or belonged to when it was last looked up."""
        with contextlib.suppress(pywintypes.error):
            thread_id, process_id = win32process.GetWindowThreadProcessId(window)
            if thread_id:  # else the window is closed, and the process id is meaningless
                self._process_ids[window] = process_id
                if process_id not in self._handles:
                    self._handles[process_id] = win32api.OpenProcess(win32con.SYNCHRONIZE, 0, process_id)
        return self._process_ids.get(window)

    def is_running(self, process_id: int) -> bool:
        """Whether the process that a window belonged to has not ended."""
        handle = self._handles.get(process_id)
        if handle is not None and win32event.WaitForSingleObject(handle, 0) == win32event.WAIT_TIMEOUT:
            return True
        self._handles.pop(process_id, None)
        return False

    @contextlib.contextmanager
    def connect(self, process_id: int) -> Iterator[ComExcelSession]:
        dispatch.initialize_com()
        session = ComExcelSession(process_id, dispatch.application(process_id), self._clock)
        try:
            yield session
        except HostGoneError:  # the next connection finds out whether Excel has ended
            raise HostBusyError from None
        except pywintypes.error as error:
            _log.info("Excel is busy: %s", error)
            raise HostBusyError from None


class ComExcelSession:
    """Implements `ports.ExcelSession`.

    What a single cell or sheet refuses is logged, and the others are still dealt with.
    """

    def __init__(self, process_id: int, application: Any, clock: Clock) -> None:
        self._process_id = process_id
        self._application = application
        self._clock = clock
        self._was_in_front = self._is_in_front()

    @property
    def came_to_front(self) -> bool:
        return self._is_in_front() and not self._was_in_front

    @property
    def accepts_calls(self) -> bool:
        excel = self._application
        takes_input = dispatch.get(excel, "Ready") and dispatch.get(excel, "Interactive")
        return bool(takes_input and not dispatch.get(excel, "CutCopyMode"))

    @property
    def calculates_automatically(self) -> bool:
        return bool(dispatch.get(self._application, "Calculation") != _MANUAL)

    def shows_value_error(self, cell: CellRef) -> bool:
        with dispatch.log_com_errors(f"show the value of {cell}"):
            com_cell = self._range(cell)
            value = None if com_cell is None else dispatch.get(com_cell, "Value2")
            return type(value) is int and hresults.error_text(value) == "#VALUE!"
        return False

    def formula(self, cell: CellRef) -> str | None:
        """The formula in a cell; only ``=`` where Excel says that there is one but does not show it."""
        formula: str | None = None
        with dispatch.log_com_errors(f"show the formula at {cell}"):
            com_cell = self._range(cell)
            if com_cell is not None and dispatch.get(com_cell, "HasFormula"):
                formula = "="
                formula = str(read_formula(com_cell))
        return formula

    def formulas(self, book: str | None, accept: Callable[[str], object] = called_in) -> Mapping[CellRef, str] | None:
        """The formulas of a workbook, or of all, that call our functions or that ``accept`` accepts."""
        workbooks = dispatch.get(self._application, "Workbooks")
        if book is None:
            formulas: dict[CellRef, str] = {}
            for workbook in dispatch.items(workbooks):
                formulas |= formulas_in_book(workbook, accept)
            return formulas
        workbook = dispatch.item(workbooks, book)
        return None if workbook is None else formulas_in_book(workbook, accept)

    def mark_dirty(self, cells: Iterable[CellRef]) -> None:
        by_sheet: dict[tuple[str, str], list[str]] = {}
        for cell in cells:
            by_sheet.setdefault((cell.book, cell.sheet), []).append(cell.cell)
        for (book, name), addresses in by_sheet.items():
            sheet = self._sheet(book, name)
            for address in _join_addresses(addresses) if sheet is not None else ():
                with dispatch.log_com_errors(f"mark {address} of {name}"):
                    dispatch.get(dispatch.get(sheet, "Range", address), "Dirty")

    def calculate(self) -> None:
        """Calculate what is dirty; in automatic mode `Range.Dirty` has done so already, as its documentation says.

        Every calculation includes the volatile formulas of all workbooks, so none is asked for without need.
        https://learn.microsoft.com/office/vba/api/excel.range.dirty
        """
        with dispatch.log_com_errors("calculate"):
            if dispatch.get(self._application, "CalculationState") != _DONE:
                dispatch.get(self._application, "Calculate")

    def calculate_cell(self, cell: CellRef) -> None:
        with dispatch.log_com_errors(f"calculate {cell}"):
            com_cell = self._range(cell)
            if com_cell is not None:
                dispatch.get(com_cell, "Calculate")

    def format_times(self, times: Mapping[CellRef, TimeCells]) -> None:
        """As `ports.WorkbookCommands.format_times`; a protected sheet refuses, and stays as it is."""
        for cell, shown in times.items():
            with dispatch.log_com_errors(f"format {cell}"):
                com_cell = self._range(cell)
                if com_cell is None or not is_only_call(self.formula(cell) or ""):
                    continue
                area = filled_range(dispatch, com_cell) or CellRange.parse(cell.cell)
                for column in shown.columns_of(area.right - area.left + 1):
                    top, number = area.top + shown.first_row, area.left + column
                    if top <= area.bottom:
                        part = CellRange(top, number, area.bottom, number)
                        _format_general(dispatch.get(com_cell, "Worksheet"), part, TIME_FORMAT)

    def reenter(self, cell: CellRef, formula: str) -> None:
        """Enter a formula into a cell. If Excel refuses (a protected sheet), the cell keeps what it has."""
        with dispatch.log_com_errors(f"enter a formula at {cell}"), self._without_side_effects():
            com_cell = self._range(cell)
            if com_cell is None or dispatch.get(com_cell, "NumberFormat") == TEXT:
                return  # in a text cell the formula would become text
            # HasSpill comes first: where HasArray is true of spilled cells too, they would get a fixed array.
            if dispatch.get_optional(com_cell, "HasSpill"):
                spill_parent = dispatch.get(dispatch.get(com_cell, "SpillParent"), "Address")
                if CellRange.parse(spill_parent) != CellRange.parse(cell.cell):
                    return  # another cell's formula spills over this one, whose formula would block it
            elif dispatch.get(com_cell, "HasArray"):
                dispatch.put(dispatch.get(com_cell, "CurrentArray"), "FormulaArray", formula)
                return
            try:
                dispatch.put(com_cell, "Formula2", formula)
            except pywintypes.com_error as error:
                if hresults.code(error) != hresults.NO_SUCH_NAME:
                    raise
                dispatch.put(com_cell, "Formula", formula)

    @contextlib.contextmanager
    def preserving_state(self) -> Iterator[None]:
        """Keep workbooks marked as saved if they were, unless the user changes something inside the ``with`` block.

        Excel processes the user's input between our calls. If such a change were marked as saved, Excel would not ask
        when the workbook is closed. For the same reason nothing is restored if the block fails, since a needless
        question does less harm; nor where Excel saves by itself (AutoSave), since other people's changes arrive then.
        """
        since = win32api.GetTickCount() - _IDLE_MILLISECONDS
        was_in_front = self._is_in_front()
        workbooks = dispatch.get(self._application, "Workbooks")
        names = [str(dispatch.get(book, "Name")) for book in dispatch.items(workbooks) if dispatch.get(book, "Saved")]
        yield
        for name in names:
            book = dispatch.item(dispatch.get(self._application, "Workbooks"), name)
            touched = (was_in_front or self._is_in_front()) and _input_since(since)
            if book is None or touched or dispatch.get(book, "Saved") or dispatch.get_optional(book, "AutoSaveOn"):
                continue
            dispatch.put(book, "Saved", value=True)

    def _is_in_front(self) -> bool:
        window = win32gui.GetForegroundWindow()
        return bool(window) and win32process.GetWindowThreadProcessId(window)[1] == self._process_id

    @contextlib.contextmanager
    def _without_side_effects(self) -> Iterator[None]:
        """Entering a formula starts no macro and fills no table column."""
        auto_correct = dispatch.get(self._application, "AutoCorrect")
        call = RetryingCaller(self._process_id, self._clock, 0.0)
        with (
            temporarily_set(call, self._application, "EnableEvents", value=False),
            temporarily_set(call, auto_correct, "AutoFillFormulasInLists", value=False),
        ):
            yield

    def _range(self, cell: CellRef) -> Any:
        sheet = self._sheet(cell.book, cell.sheet)
        return None if sheet is None else dispatch.get(sheet, "Range", cell.cell)

    def _sheet(self, book: str, sheet: str) -> Any:
        workbook = dispatch.item(dispatch.get(self._application, "Workbooks"), book)
        return None if workbook is None else dispatch.item(dispatch.get(workbook, "Worksheets"), sheet)


def _format_general(sheet: Any, column: CellRange, number_format: str) -> None:
    """Format the cells of a column that have no format of their own."""
    cells = dispatch.get(sheet, "Range", column.address)
    present = dispatch.get(cells, "NumberFormat")
    if present == GENERAL:
        dispatch.put(cells, "NumberFormat", number_format)
    elif present is None:  # several formats
        middle = (column.top + column.bottom) // 2
        for top, bottom in ((column.top, middle), (middle + 1, column.bottom)):
            _format_general(sheet, CellRange(top, column.left, bottom, column.right), number_format)


def _join_addresses(addresses: list[str]) -> Iterator[str]:
    """Addresses joined by commas, each no longer than `Range` takes."""
    joined = ""
    for address in addresses:
        if len(joined) + len(address) >= _MAX_ADDRESS:
            yield joined
            joined = ""
        joined += "," * bool(joined) + address
    yield joined


def _input_since(tick_count: int) -> bool:
    """Whether the user has used mouse or keyboard, in any program. Tick counts wrap around every 50 days."""
    return bool((win32api.GetLastInputInfo() - tick_count) & 0xFFFFFFFF < 0x80000000)
