"""Excel on Windows, reached through COM from another thread than the one that it calls us on.

Excel's objects are asked by name and never kept: whoever holds one keeps a closed Excel alive. xlwings would do much
of this, but it waits for a busy Excel without end and without a pause.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pythoncom
import pywintypes
import win32api
import win32gui
import win32process

from ..functions.catalog import called_in
from .places import Area, Place, cell_address
from .sheets import Busy, NoBooks

_log = logging.getLogger(__name__)

_FORMULAS: Final = -4123  # xlCellTypeFormulas
_MANUAL: Final = -4135  # xlCalculationManual
_NATIVE_OBJECT: Final = 0xFFFFFFF0  # OBJID_NATIVEOM
_NO_SUCH_ITEM: Final = -2147352565  # DISP_E_BADINDEX
_NO_SUCH_NAME: Final = -2147352570  # DISP_E_UNKNOWNNAME
_REFUSED: Final = -2146827284  # 0x800A03EC, Excel's word for nearly everything that it does not do

_CELLS_AT_ONCE: Final = 20_000
"""Cells whose formulas are read in one go: Excel's user should not notice."""

_CELLS_OF_PROTECTED_SHEET: Final = 500_000
"""Cells of a protected sheet that are read at the most: there, Excel does not say which of them have formulas."""

_ADDRESS_UNITS: Final = 250
"""Characters of an address that `Range` takes: 255, says its documentation."""

_HANDS_OFF: Final = 250
"""Milliseconds without the user's input, after which what Excel has done was not done by its user."""

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
        window = _sheet_window(program)
        if window is None:
            raise NoBooks
        try:
            yield ExcelVisit(program, _application(window))
        except (pywintypes.com_error, OSError) as error:
            _log.info("Excel is busy: %s", error)
            raise Busy from None


class ExcelVisit:
    """An Excel that lets us in, as `sheets.Visit` has it. Members raise COM's errors, which the visit makes `Busy`."""

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
        """The formula in a cell, or its content."""
        sheet = self._sheet(place.book, place.sheet)
        return None if sheet is None else str(_formula(_get(sheet, "Range", place.cell)))

    def formulas(self, book: str | None, sheet: str | None) -> Mapping[Place, str] | None:
        """Where in the sheet, in all sheets of the book or in all books formulas call our functions."""
        if book is None:
            found: dict[Place, str] = {}
            for each in _items(_get(self._application, "Workbooks")):
                found |= _formulas_in_book(each)
            return found
        opened = _item(_get(self._application, "Workbooks"), book)
        if opened is None:
            return None
        if sheet is None:
            return _formulas_in_book(opened)
        one = _item(_get(opened, "Worksheets"), sheet)
        return None if one is None else _formulas_in_sheet(book, sheet, one)

    def mark(self, places: Iterable[Place]) -> None:
        """Have cells calculated at the next calculation."""
        by_sheet: dict[tuple[str, str], list[str]] = {}
        for place in places:
            by_sheet.setdefault((place.book, place.sheet), []).append(place.cell)
        for (book, name), cells in by_sheet.items():
            sheet = self._sheet(book, name)
            for address in _joined(cells) if sheet is not None else ():
                with _refusal_noted(f"mark {address}"):
                    _get(_get(sheet, "Range", address), "Dirty")

    def calculate(self) -> None:
        """Calculate everything that is marked."""
        _get(self._application, "Calculate")

    def enter(self, place: Place, formula: str) -> None:
        """Enter a formula into a cell; an Excel that refuses (a protected sheet) keeps what it has."""
        sheet = self._sheet(place.book, place.sheet)
        if sheet is not None:
            with _refusal_noted(f"enter a formula at {place}"):
                cell = _get(sheet, "Range", place.cell)
                try:
                    _put(cell, "Formula2", formula)
                except pywintypes.com_error as error:
                    if error.hresult != _NO_SUCH_NAME:
                        raise
                    _put(cell, "Formula", formula)

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """What happens inside leaves books as saved as they were, unless the user does something meanwhile.

        Excel takes its user's input between our calls. Were that marked as saved, Excel would not ask at closing.
        """
        since = win32api.GetTickCount() - _HANDS_OFF
        saved = [book for book in _items(_get(self._application, "Workbooks")) if _get(book, "Saved")]
        yield
        for book in saved:
            if not _get(book, "Saved") and not self._touched(since):
                _put(book, "Saved", value=True)

    def _touched(self, since: int) -> bool:
        """Whether Excel is in front and the user has done anything since."""
        front = win32gui.GetForegroundWindow()
        in_front = bool(front) and win32process.GetWindowThreadProcessId(front)[1] == self._program
        return in_front and win32api.GetLastInputInfo() >= since

    def _sheet(self, book: str, sheet: str) -> Any:
        opened = _item(_get(self._application, "Workbooks"), book)
        return None if opened is None else _item(_get(opened, "Worksheets"), sheet)


# ---- formulas --------------------------------------------------------------------------------------------------


def _formulas_in_book(book: Any) -> dict[Place, str]:
    name = str(_get(book, "Name"))
    found: dict[Place, str] = {}
    for sheet in _items(_get(book, "Worksheets")):
        found |= _formulas_in_sheet(name, str(_get(sheet, "Name")), sheet)
    return found


def _formulas_in_sheet(book: str, name: str, sheet: Any) -> dict[Place, str]:
    found: dict[Place, str] = {}
    seen: list[Area] = []  # what one formula fills: Excel shows its text in every cell of it
    for area in _areas_with_formulas(sheet):
        for part in _parts(area):
            for row, texts in enumerate(_grid(_formula(_get(sheet, "Range", part.address))), part.top):
                for column, text in enumerate(texts, part.left):
                    if any((row, column) in one for one in seen) or not called_in(str(text)):
                        continue
                    whole = _filled_with(_get(sheet, "Range", cell_address(row, column)))
                    seen.append(whole)
                    found[Place(book, name, cell_address(whole.top, whole.left))] = str(text)
    return found


def _areas_with_formulas(sheet: Any) -> Iterator[Area]:
    used = _get(sheet, "UsedRange")
    try:
        cells = _get(used, "SpecialCells", _FORMULAS)
    except pywintypes.com_error as error:
        if not _is(error, _REFUSED):
            raise
        if _get(sheet, "ProtectContents") and _get(used, "CountLarge") <= _CELLS_OF_PROTECTED_SHEET:
            yield Area.at(_get(used, "Address"))
        return  # there are no formulas
    for area in _items(_get(cells, "Areas")):
        yield Area.at(_get(area, "Address"))


def _parts(area: Area) -> Iterator[Area]:
    height = max(1, _CELLS_AT_ONCE // (area.right - area.left + 1))
    for top in range(area.top, area.bottom + 1, height):
        yield Area(top, area.left, min(top + height - 1, area.bottom), area.right)


def _filled_with(cell: Any) -> Area:
    """The cells that the formula of this one fills."""
    with contextlib.suppress(_NoSuchMember):
        if _known(cell, "HasSpill"):
            return Area.at(_get(_get(_get(cell, "SpillParent"), "SpillingToRange"), "Address"))
    filled = _get(cell, "CurrentArray") if _get(cell, "HasArray") else cell
    return Area.at(_get(filled, "Address"))


def _formula(cells: Any) -> Any:
    try:
        return _known(cells, "Formula2")
    except _NoSuchMember:
        return _get(cells, "Formula")


def _grid(value: Any) -> Any:
    return value if isinstance(value, tuple) else ((value,),)


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


@contextlib.contextmanager
def _refusal_noted(what: str) -> Iterator[None]:
    try:
        yield
    except pywintypes.com_error as error:
        if not _is(error, _REFUSED):
            raise
        _log.info("Excel refused to %s", what)


def _sheet_window(program: int) -> int | None:
    """A window with a sheet of that Excel; each open book has one."""
    main = 0
    while main := win32gui.FindWindowEx(0, main, "XLMAIN", None):
        if win32process.GetWindowThreadProcessId(main)[1] == program:
            desk = win32gui.FindWindowEx(main, 0, "XLDESK", None)
            sheet: int = desk and win32gui.FindWindowEx(desk, 0, "EXCEL7", None)
            if sheet:
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
    shown = pythoncom.ObjectFromAddress(found.value, pythoncom.IID_IDispatch)
    # The function gave a reference of its own, which goes with this.
    _windows.WINFUNCTYPE(ctypes.c_uint32)(2, "Release")(found)
    return _get(shown, "Application")
