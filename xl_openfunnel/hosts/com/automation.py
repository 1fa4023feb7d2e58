"""Excel on Windows, reached through COM from another thread than the one that it calls us on.

Excel's objects are asked by name and never kept: whoever holds one keeps a closed Excel alive. xlwings would do much
of this, but it waits for a busy Excel without end and without a pause.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import pythoncom
import pywintypes
import win32api
import win32con
import win32gui
import win32process

from ...functions.catalog import called_in
from ..places import Area, Place, cell_address
from ..sheets import Busy, NoBooks
from . import formulabar

_log = logging.getLogger(__name__)

_FORMULAS: Final = -4123  # xlCellTypeFormulas
_MANUAL: Final = -4135  # xlCalculationManual
_NATIVE_OBJECT: Final = 0xFFFFFFF0  # OBJID_NATIVEOM
_NO_SUCH_ITEM: Final = -2147352565  # DISP_E_BADINDEX
_NO_SUCH_NAME: Final = -2147352570  # DISP_E_UNKNOWNNAME
_REFUSED: Final = -2146827284  # 0x800A03EC, Excel's word for nearly everything that it does not do

_NOT_NOW: Final = frozenset(
    code - (1 << 32)
    for code in (
        0x80010001,  # RPC_E_CALL_REJECTED: a cell is being edited, a dialog is open
        0x8001010A,  # RPC_E_SERVERCALL_RETRYLATER
        0x800AC472,  # VBA_E_IGNORE: it calculates, or runs a macro
        0x80010007,  # RPC_E_SERVER_DIED: this and what follows is said of an Excel that ends
        0x80010012,  # RPC_E_SERVER_DIED_DNE
        0x80010108,  # RPC_E_DISCONNECTED
        0x800401FD,  # CO_E_OBJNOTCONNECTED
        0x800706BA,  # RPC_S_SERVER_UNAVAILABLE
        0x800706BE,  # RPC_S_CALL_FAILED
    )
)
"""What a call fails with while Excel lets nobody in, or ends."""

_CELLS_AT_ONCE: Final = 20_000
"""Cells whose formulas are read in one go: Excel's user should not notice."""

_CELLS_OF_PROTECTED_SHEET: Final = 500_000
"""Cells of a protected sheet that are read at the most: there, Excel does not say which of them have formulas."""

_AREAS: Final = 200
"""Areas with formulas that are asked for one by one; of more the whole used range is read instead."""

_ADDRESS_UNITS: Final = 250
"""Characters of an address that `Range` takes: 255, says its documentation."""

_HANDS_OFF: Final = 3_000
"""Milliseconds without the user's input, after which what Excel has done was not done by its user."""

_ANSWER: Final = 500
"""Milliseconds in which a window answers that does not hang."""

_TEXT: Final = "@"
"""The number format of cells in which everything is text, formulas too."""

_windows: Any = ctypes  # what only Windows' ctypes has
_this_thread = threading.local()


class ExcelAutomation:
    """The running Excels of this user, by process id."""

    def program(self, window: int) -> int | None:
        """The process id of the Excel that a window belongs to."""
        with contextlib.suppress(pywintypes.error):
            return win32process.GetWindowThreadProcessId(window)[1] or None
        return None

    @contextlib.contextmanager
    def visit(self, program: int) -> Iterator[ExcelVisit]:
        """A visit to an Excel.

        Raises:
            Busy: it lets nobody in now.
            NoBooks: it has no workbook open, or has ended.
        """
        if not getattr(_this_thread, "ready", False):
            pythoncom.CoInitialize()
            _this_thread.ready = True
        try:
            window = _sheet_window(program)
            if window is None:
                raise NoBooks
            yield ExcelVisit(program, _application(window))
        except (pywintypes.com_error, pywintypes.error, OSError) as error:
            if isinstance(error, pywintypes.com_error) and not _is_busy(error):
                raise
            _log.info("Excel is busy: %s", error)
            raise Busy from None


class ExcelVisit:
    """An Excel that lets us in, as `sheets.Visit` has it.

    Members raise COM's errors where Excel lets nobody in, which the visit makes `Busy`. Whatever else a cell or a sheet
    refuses is noted, and the others have their turn.
    """

    def __init__(self, program: int, application: Any) -> None:
        self._program = program
        self._application = application

    @property
    def free(self) -> bool:
        """Whether a calculation disturbs nobody."""
        excel = self._application
        return bool(_get(excel, "Ready") and _get(excel, "Interactive") and not _get(excel, "CutCopyMode"))

    @property
    def automatic(self) -> bool:
        """Whether Excel calculates by itself."""
        return bool(_get(self._application, "Calculation") != _MANUAL)

    def formula(self, place: Place) -> str | None:
        """The formula in a cell; ``=`` alone where Excel says only that there is one."""
        found: str | None = None
        with _refusal_noted(f"show the formula at {place}"):
            cell = self._range(place)
            if cell is not None and _get(cell, "HasFormula"):
                found = "="
                found = str(_formula(cell))
        return found

    def formulas(self, book: str | None, wanted: Callable[[str], object] = called_in) -> Mapping[Place, str] | None:
        """Where in the book, or in all books, formulas stand that call our functions, or that are wanted otherwise."""
        workbooks = _get(self._application, "Workbooks")
        if book is None:
            found: dict[Place, str] = {}
            for each in _items(workbooks):
                found |= _formulas_in_book(each, wanted)
            return found
        opened = _item(workbooks, book)
        return None if opened is None else _formulas_in_book(opened, wanted)

    def mark(self, places: Iterable[Place]) -> None:
        """Have cells calculated at the next calculation."""
        by_sheet: dict[tuple[str, str], list[str]] = {}
        for place in places:
            by_sheet.setdefault((place.book, place.sheet), []).append(place.cell)
        for (book, name), cells in by_sheet.items():
            sheet = self._sheet(book, name)
            for address in _joined(cells) if sheet is not None else ():
                with _refusal_noted(f"mark {address} of {name}"):
                    _get(_get(sheet, "Range", address), "Dirty")

    def calculate(self) -> None:
        """Calculate everything that is marked."""
        with _refusal_noted("calculate"):
            _get(self._application, "Calculate")

    def calculate_cell(self, place: Place) -> None:
        """Calculate one cell, marked or not."""
        with _refusal_noted(f"calculate {place}"):
            cell = self._range(place)
            if cell is not None:
                _get(cell, "Calculate")

    def enter(self, place: Place, formula: str) -> None:
        """Enter a formula into a cell; an Excel that refuses (a protected sheet) keeps what it has."""
        with _refusal_noted(f"enter a formula at {place}"), self._without_help():
            cell = self._range(place)
            if cell is None or _get(cell, "NumberFormat") == _TEXT:
                return  # it would become a text
            if _get(cell, "HasArray"):
                _put(_get(cell, "CurrentArray"), "FormulaArray", formula)
                return
            try:
                _put(cell, "Formula2", formula)
            except pywintypes.com_error as error:
                if error.hresult != _NO_SUCH_NAME:
                    raise
                _put(cell, "Formula", formula)

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """What happens inside leaves books as saved as they were, unless the user does something meanwhile.

        Excel takes its user's input between our calls. Were that marked as saved, Excel would not ask at closing. So
        where a visit breaks off nothing is made up for later: a needless question is the smaller harm.
        """
        since = win32api.GetTickCount() - _HANDS_OFF
        was_in_front = self._in_front()
        names = [
            str(_get(book, "Name")) for book in _items(_get(self._application, "Workbooks")) if _get(book, "Saved")
        ]
        yield
        for name in names:
            book = _item(_get(self._application, "Workbooks"), name)
            touched = (was_in_front or self._in_front()) and _input_since(since)
            if book is not None and not _get(book, "Saved") and not touched:
                _put(book, "Saved", value=True)

    def _in_front(self) -> bool:
        front = win32gui.GetForegroundWindow()
        return bool(front) and win32process.GetWindowThreadProcessId(front)[1] == self._program

    @contextlib.contextmanager
    def _without_help(self) -> Iterator[None]:
        """What is entered starts no macro, and fills no column of a table."""
        correct = _get(self._application, "AutoCorrect")
        switches = [(self._application, "EnableEvents"), (correct, "AutoFillFormulasInLists")]
        were_on = [(target, name) for target, name in switches if _get(target, name)]
        try:
            for target, name in were_on:
                _put(target, name, value=False)
            yield
        finally:
            for target, name in were_on:
                _put(target, name, value=True)

    def _range(self, place: Place) -> Any:
        sheet = self._sheet(place.book, place.sheet)
        return None if sheet is None else _get(sheet, "Range", place.cell)

    def _sheet(self, book: str, sheet: str) -> Any:
        opened = _item(_get(self._application, "Workbooks"), book)
        return None if opened is None else _item(_get(opened, "Worksheets"), sheet)


# ---- formulas --------------------------------------------------------------------------------------------------


def _formulas_in_book(book: Any, wanted: Callable[[str], object]) -> dict[Place, str]:
    name = str(_get(book, "Name"))
    found: dict[Place, str] = {}
    for sheet in _items(_get(book, "Worksheets")):
        with _refusal_noted(f"show the formulas of a sheet of {name}"):
            found |= _formulas_in_sheet(name, str(_get(sheet, "Name")), sheet, wanted)
    return found


def _formulas_in_sheet(book: str, name: str, sheet: Any, wanted: Callable[[str], object]) -> dict[Place, str]:
    found: dict[Place, str] = {}
    filled: list[Area] = []  # by one formula each: Excel shows its text in every cell of it
    for area in _areas_with_formulas(sheet):
        for part in _parts(area):
            for row, texts in enumerate(_texts(sheet, part), part.top):
                for column, text in enumerate(texts, part.left):
                    if not wanted(text) or any((row, column) in one for one in filled):
                        continue
                    cell = _get(sheet, "Range", cell_address(row, column))
                    if not _get(cell, "HasFormula"):
                        continue  # a text that looks like one
                    whole = _filled_with(cell, Area(row, column, row, column))
                    if whole.bottom > whole.top or whole.right > whole.left:
                        filled.append(whole)
                    found[Place(book, name, cell_address(whole.top, whole.left))] = text
    return found


def _areas_with_formulas(sheet: Any) -> Iterator[Area]:
    used = _get(sheet, "UsedRange")
    try:
        areas = _get(_get(used, "SpecialCells", _FORMULAS), "Areas")
    except pywintypes.com_error as error:
        if not _is(error, _REFUSED):
            raise
        if _get(sheet, "ProtectContents") and _get(used, "CountLarge") <= _CELLS_OF_PROTECTED_SHEET:
            yield Area.at(_get(used, "Address"))
        return  # there are no formulas
    if _get(areas, "Count") > _AREAS:
        yield Area.at(_get(used, "Address"))
        return
    for area in _items(areas):
        yield Area.at(_get(area, "Address"))


def _parts(area: Area) -> Iterator[Area]:
    height = max(1, _CELLS_AT_ONCE // (area.right - area.left + 1))
    for top in range(area.top, area.bottom + 1, height):
        yield Area(top, area.left, min(top + height - 1, area.bottom), area.right)


def _filled_with(cell: Any, itself: Area) -> Area:
    """The cells that the formula of this one fills; itself, where Excel does not say."""
    filled = itself
    with _refusal_noted("show what a formula fills"), contextlib.suppress(_NoSuchMember):
        if _get(cell, "HasArray"):
            filled = Area.at(_get(_get(cell, "CurrentArray"), "Address"))
        elif _known(cell, "HasSpill"):
            filled = Area.at(_get(_get(_get(cell, "SpillParent"), "SpillingToRange"), "Address"))
    return filled


def _formula(cells: Any) -> Any:
    try:
        return _known(cells, "Formula2")
    except _NoSuchMember:
        return _get(cells, "Formula")


def _texts(sheet: Any, area: Area) -> list[list[str]]:
    """What the formula bar shows for each cell."""

    def shown(part: Area) -> Any:
        cells = _get(sheet, "Range", part.address)
        try:
            return _formula(cells)
        except pywintypes.com_error as error:
            if not _is(error, _REFUSED) or not formulabar.too_long(_get(cells, "Value2")):
                raise
            return None

    return formulabar.texts(area, shown)


def _joined(cells: list[str]) -> Iterator[str]:
    """Addresses of many cells each, as long as `Range` takes them."""
    joined = ""
    for cell in cells:
        if len(joined) + len(cell) >= _ADDRESS_UNITS:
            yield joined
            joined = ""
        joined += "," * bool(joined) + cell
    yield joined


# ---- COM ---------------------------------------------------------------------------------------------------------


class _NoSuchMember(Exception):
    """An older Excel does not have this."""


def _get(target: Any, name: str, *arguments: object) -> Any:
    """A property, or what a method gives. Unlike an attribute of pywin32's this says what went wrong."""
    either = pythoncom.DISPATCH_PROPERTYGET | pythoncom.DISPATCH_METHOD
    return target.Invoke(target.GetIDsOfNames(name), 0, either, 1, *arguments)


def _known(target: Any, name: str) -> Any:
    """As `_get`.

    Raises:
        _NoSuchMember: this Excel does not have the member.
    """
    try:
        return _get(target, name)
    except pywintypes.com_error as error:
        if error.hresult == _NO_SUCH_NAME:
            raise _NoSuchMember from None
        raise


def _put(target: Any, name: str, value: object) -> None:
    target.Invoke(target.GetIDsOfNames(name), 0, pythoncom.DISPATCH_PROPERTYPUT, 0, value)


def _item(collection: Any, name: str) -> Any:
    """The item of that name; None where there is none."""
    try:
        return _get(collection, "Item", name)
    except pywintypes.com_error as error:
        if _is(error, _NO_SUCH_ITEM):
            return None
        raise


def _items(collection: Any) -> Iterator[Any]:
    for number in range(1, int(_get(collection, "Count")) + 1):
        yield _get(collection, "Item", number)


def _is(error: Any, code: int) -> bool:
    return code in (error.hresult, error.excepinfo[5] if error.excepinfo else None)


def _is_busy(error: Any) -> bool:
    return any(_is(error, code) for code in _NOT_NOW)


@contextlib.contextmanager
def _refusal_noted(what: str) -> Iterator[None]:
    """Let the others have their turn when Excel does not do this; not when it does nothing at all."""
    try:
        yield
    except pywintypes.com_error as error:
        if _is_busy(error):
            raise
        _log.info("Excel refused to %s: %s", what, error)


def _input_since(moment: int) -> bool:
    """Whether the user has done anything, anywhere; both clocks begin anew every 50 days."""
    return bool((win32api.GetLastInputInfo() - moment) & 0xFFFFFFFF < 0x80000000)


def _sheet_window(program: int) -> int | None:
    """A window with a sheet of that Excel; each open book has one.

    Raises:
        OSError: it does not answer.
    """
    mains: list[int] = []

    def look(window: int, _: object) -> bool:
        if win32gui.GetClassName(window) == "XLMAIN" and win32process.GetWindowThreadProcessId(window)[1] == program:
            mains.append(window)
        return True

    win32gui.EnumWindows(look, None)
    for main in mains:
        desk = win32gui.FindWindowEx(main, 0, "XLDESK", None)
        sheet: int = desk and win32gui.FindWindowEx(desk, 0, "EXCEL7", None)
        if sheet:
            try:
                # What follows would wait without end for an Excel that hangs.
                win32gui.SendMessageTimeout(sheet, win32con.WM_NULL, 0, 0, win32con.SMTO_ABORTIFHUNG, _ANSWER)
            except pywintypes.error as error:
                raise OSError(f"its window does not answer: {error}") from None
            return sheet
    return None


def _application(window: int) -> Any:
    """Excel's Application, through the object model's window behind a sheet.

    Raises:
        OSError: the window does not answer.
    """
    ask = _windows.oledll.oleacc.AccessibleObjectFromWindow
    ask.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p]
    wanted = (ctypes.c_byte * 16).from_buffer_copy(bytes(pythoncom.IID_IDispatch))
    found = ctypes.c_void_p()
    ask(window, _NATIVE_OBJECT, ctypes.byref(wanted), ctypes.byref(found))
    try:
        shown = pythoncom.ObjectFromAddress(found.value, pythoncom.IID_IDispatch)
    finally:  # the function gave a reference of its own, which goes with this
        _windows.WINFUNCTYPE(ctypes.c_uint32)(2, "Release")(found)
    return _get(shown, "Application")
