"""Excel on Windows, reached through COM from another thread than the one that it calls us on.

Excel's objects are asked by name and never kept: whoever holds one keeps a closed Excel alive. xlwings would do much
of this, but it waits for a busy Excel without end and without a pause.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import pywintypes
import win32api
import win32gui
import win32process

from ....functions.catalog import called_in
from ....runtime.clock import Clock, SystemClock
from ..addresses import CellRange, CellRef
from ..ports import HostBusyError, HostGoneError
from . import dispatch, hresults
from .app_settings import temporarily_set
from .dispatch import RetryingCaller
from .formulas import formula_of, formulas_in_book
from .ranges import TEXT

_log = logging.getLogger(__name__)

_MANUAL: Final = -4135  # xlCalculationManual

_ADDRESS_UNITS: Final = 250
"""Characters of an address that `Range` takes: 255, says its documentation."""

_HANDS_OFF: Final = 3_000
"""Milliseconds without the user's input, after which what Excel has done was not done by its user."""


class ComExcelProcesses:
    """The running Excels of this user, by process id.

    Args:
        clock: how to wait for what has to be put back.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._programs: dict[int, int] = {}

    def process_of(self, window: int) -> int | None:
        """The process id of the Excel that a window belongs to, or belonged to when it was last asked for."""
        with contextlib.suppress(pywintypes.error):
            thread, number = win32process.GetWindowThreadProcessId(window)
            if thread:  # else the window was closed, and the number is anything
                self._programs[window] = number
        return self._programs.get(window)

    @contextlib.contextmanager
    def connect(self, program: int) -> Iterator[ComExcelSession]:
        """A visit to an Excel.

        Raises:
            HostBusyError: it lets nobody in now.
            HostGoneError: it has no workbook open, or has ended.
        """
        dispatch.initialize_com()
        visit = ComExcelSession(program, dispatch.application(program), self._clock)
        try:
            yield visit
        except HostGoneError:  # the next visit sees whether it has ended
            raise HostBusyError from None
        except pywintypes.error as error:
            _log.info("Excel is busy: %s", error)
            raise HostBusyError from None


class ComExcelSession:
    """An Excel that lets us in, as `sheets.Visit` has it.

    Members raise COM's errors where Excel lets nobody in, which the visit makes `HostBusyError`. Whatever else a cell
    or a sheet refuses is noted, and the others have their turn.
    """

    def __init__(self, program: int, application: Any, clock: Clock) -> None:
        self._program = program
        self._application = application
        self._clock = clock

    @property
    def accepts_calls(self) -> bool:
        """Whether a calculation disturbs nobody."""
        excel = self._application
        takes_input = dispatch.get(excel, "Ready") and dispatch.get(excel, "Interactive")
        return bool(takes_input and not dispatch.get(excel, "CutCopyMode"))

    @property
    def automatic(self) -> bool:
        """Whether Excel calculates by itself."""
        return bool(dispatch.get(self._application, "Calculation") != _MANUAL)

    def formula(self, place: CellRef) -> str | None:
        """The formula in a cell; ``=`` alone where Excel says only that there is one."""
        found: str | None = None
        with dispatch.log_com_errors(f"show the formula at {place}"):
            cell = self._range(place)
            if cell is not None and dispatch.get(cell, "HasFormula"):
                found = "="
                found = str(formula_of(cell))
        return found

    def formulas(self, book: str | None, wanted: Callable[[str], object] = called_in) -> Mapping[CellRef, str] | None:
        """Where in the book, or in all books, formulas stand that call our functions, or that are wanted otherwise."""
        workbooks = dispatch.get(self._application, "Workbooks")
        if book is None:
            found: dict[CellRef, str] = {}
            for each in dispatch.items(workbooks):
                found |= formulas_in_book(each, wanted)
            return found
        opened = dispatch.item(workbooks, book)
        return None if opened is None else formulas_in_book(opened, wanted)

    def mark_dirty(self, places: Iterable[CellRef]) -> None:
        """Have cells calculated at the next calculation."""
        by_sheet: dict[tuple[str, str], list[str]] = {}
        for place in places:
            by_sheet.setdefault((place.book, place.sheet), []).append(place.cell)
        for (book, name), cells in by_sheet.items():
            sheet = self._sheet(book, name)
            for address in _joined(cells) if sheet is not None else ():
                with dispatch.log_com_errors(f"mark {address} of {name}"):
                    dispatch.get(dispatch.get(sheet, "Range", address), "Dirty")

    def calculate(self) -> None:
        """Calculate everything that is marked."""
        with dispatch.log_com_errors("calculate"):
            dispatch.get(self._application, "Calculate")

    def calculate_cell(self, place: CellRef) -> None:
        """Calculate one cell, marked or not."""
        with dispatch.log_com_errors(f"calculate {place}"):
            cell = self._range(place)
            if cell is not None:
                dispatch.get(cell, "Calculate")

    def reenter(self, place: CellRef, formula: str) -> None:
        """Enter a formula into a cell; an Excel that refuses (a protected sheet) keeps what it has."""
        with dispatch.log_com_errors(f"enter a formula at {place}"), self._without_help():
            cell = self._range(place)
            if cell is None or dispatch.get(cell, "NumberFormat") == TEXT:
                return  # it would become a text
            # Asked first: an Excel that says of spilled cells too that they have an array would get a fixed one.
            if dispatch.get_optional(cell, "HasSpill"):
                if CellRange.at(dispatch.get(dispatch.get(cell, "SpillParent"), "Address")) != CellRange.at(place.cell):
                    return  # it is filled by another cell's formula, in whose way this one would stand
            elif dispatch.get(cell, "HasArray"):
                dispatch.put(dispatch.get(cell, "CurrentArray"), "FormulaArray", formula)
                return
            try:
                dispatch.put(cell, "Formula2", formula)
            except pywintypes.com_error as error:
                if hresults.code(error) != hresults.NO_SUCH_NAME:
                    raise
                dispatch.put(cell, "Formula", formula)

    @contextlib.contextmanager
    def preserving_state(self) -> Iterator[None]:
        """What happens inside leaves books as saved as they were, unless the user does something meanwhile.

        Excel takes its user's input between our calls. Were that marked as saved, Excel would not ask at closing. So
        where a visit breaks off nothing is made up for later: a needless question is the smaller harm.
        """
        since = win32api.GetTickCount() - _HANDS_OFF
        was_in_front = self._in_front()
        workbooks = dispatch.get(self._application, "Workbooks")
        names = [str(dispatch.get(book, "Name")) for book in dispatch.items(workbooks) if dispatch.get(book, "Saved")]
        yield
        for name in names:
            book = dispatch.item(dispatch.get(self._application, "Workbooks"), name)
            touched = (was_in_front or self._in_front()) and _input_since(since)
            if book is not None and not dispatch.get(book, "Saved") and not touched:
                dispatch.put(book, "Saved", value=True)

    def _in_front(self) -> bool:
        front = win32gui.GetForegroundWindow()
        return bool(front) and win32process.GetWindowThreadProcessId(front)[1] == self._program

    @contextlib.contextmanager
    def _without_help(self) -> Iterator[None]:
        """What is entered starts no macro, and fills no column of a table."""
        correct = dispatch.get(self._application, "AutoCorrect")
        call = RetryingCaller(self._program, self._clock, 0.0)
        with (
            temporarily_set(call, self._application, "EnableEvents", value=False),
            temporarily_set(call, correct, "AutoFillFormulasInLists", value=False),
        ):
            yield

    def _range(self, place: CellRef) -> Any:
        sheet = self._sheet(place.book, place.sheet)
        return None if sheet is None else dispatch.get(sheet, "Range", place.cell)

    def _sheet(self, book: str, sheet: str) -> Any:
        opened = dispatch.item(dispatch.get(self._application, "Workbooks"), book)
        return None if opened is None else dispatch.item(dispatch.get(opened, "Worksheets"), sheet)


def _joined(cells: list[str]) -> Iterator[str]:
    """Addresses of many cells each, as long as `Range` takes them."""
    joined = ""
    for cell in cells:
        if len(joined) + len(cell) >= _ADDRESS_UNITS:
            yield joined
            joined = ""
        joined += "," * bool(joined) + cell
    yield joined


def _input_since(moment: int) -> bool:
    """Whether the user has done anything, anywhere; both clocks begin anew every 50 days."""
    return bool((win32api.GetLastInputInfo() - moment) & 0xFFFFFFFF < 0x80000000)
