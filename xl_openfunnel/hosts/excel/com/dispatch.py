"""Calls into Excel: its objects are asked by name, and what a call fails with is understood in one way.

A call raises `HostBusyError` while Excel is busy, `HostGoneError` when it has ended, and COM's error when it refuses.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeVar

import pythoncom
import pywintypes
import win32con
import win32gui
import win32process

from ..ports import HostBusyError, HostGoneError
from . import hresults

_log = logging.getLogger(__name__)

_NATIVE_OBJECT: Final = 0xFFFFFFF0  # OBJID_NATIVEOM

_ANSWER: Final = 500
"""Milliseconds in which a window answers that does not hang."""

_windows: Any = ctypes  # what only Windows' ctypes has
_this_thread = threading.local()
_T = TypeVar("_T")


class ComCaller(Protocol):
    """What asks Excel: this module once, `patience.Caller` until it is let in."""

    def get(self, target: Any, name: str, *arguments: object) -> Any:
        """A property, or what a method gives."""

    def get_optional(self, target: Any, name: str, otherwise: object = None) -> Any:
        """A property that an older Excel does not have, which then gives ``otherwise``."""


def initialize_com() -> None:
    """Make COM ready for the calls of this thread."""
    if not getattr(_this_thread, "ready", False):
        pythoncom.CoInitialize()
        _this_thread.ready = True


def get(target: Any, name: str, *arguments: object) -> Any:
    """A property, or what a method gives. Unlike an attribute of pywin32's this says what went wrong."""
    return _answered(target, lambda: _asked(target, name, *arguments))


def put(target: Any, name: str, value: object) -> None:
    """Set a property."""
    kind = pythoncom.DISPATCH_PROPERTYPUT
    _answered(target, lambda: target.Invoke(target.GetIDsOfNames(name), 0, kind, 0, value))


def get_optional(target: Any, name: str, otherwise: object = None) -> Any:
    """A property that an older Excel does not have, which then gives ``otherwise``."""
    try:
        return get(target, name)
    except pywintypes.com_error as error:
        if hresults.code(error) != hresults.NO_SUCH_NAME:
            raise
        return otherwise


def item(collection: Any, name: str) -> Any:
    """The item of that name; None where there is none, which some collections call a failure."""
    try:
        return get(collection, "Item", name)
    except pywintypes.com_error as error:
        if hresults.code(error) not in (hresults.NO_SUCH_ITEM, hresults.FAILED):
            raise
        return None


def items(collection: Any) -> Iterator[Any]:
    """All items."""
    for number in range(1, int(get(collection, "Count")) + 1):
        yield get(collection, "Item", number)


@contextlib.contextmanager
def log_com_errors(what: str) -> Iterator[None]:
    """Let the others have their turn when Excel does not do this; not when it does nothing at all."""
    try:
        yield
    except pywintypes.com_error as error:
        _log.info("Excel refused to %s: %s", what, error)


def application(program: int) -> Any:
    """Excel's Application, through the object model's window behind a sheet.

    Args:
        program: Excel's process id.

    Raises:
        HostBusyError: it does not answer.
        HostGoneError: it has no workbook open, or has ended.
    """
    try:
        window = _sheet_window(program)
        if window is None:
            raise HostGoneError
        return get(_shown_by(window), "Application")
    except (pywintypes.com_error, pywintypes.error, OSError) as error:
        _log.info("Excel is busy: %s", error)
        raise HostBusyError from None


def _asked(target: Any, name: str, *arguments: object) -> Any:
    either = pythoncom.DISPATCH_PROPERTYGET | pythoncom.DISPATCH_METHOD
    return target.Invoke(target.GetIDsOfNames(name), 0, either, 1, *arguments)


def _answered(target: Any, call: Callable[[], _T]) -> _T:
    try:
        return call()
    except pywintypes.com_error as error:
        code = hresults.code(error)
        if code in hresults.BUSY or (code == hresults.FAILED and not _ready(target)):
            _log.info("Excel is busy: %s", error)
            raise HostBusyError from None
        if code in hresults.DISCONNECTED:
            raise HostGoneError from None
        raise


def _ready(target: Any) -> bool:
    """Whether the Excel of an object takes calls, so that its "failed" means it: while a cell is edited it does not."""
    try:
        return bool(_asked(_asked(target, "Application"), "Ready"))
    except pywintypes.com_error as error:
        return hresults.code(error) not in hresults.BUSY | hresults.DISCONNECTED | {hresults.FAILED}


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


def _shown_by(window: int) -> Any:
    """The object behind a window with a sheet.

    Raises:
        OSError: the window does not answer.
    """
    ask = _windows.oledll.oleacc.AccessibleObjectFromWindow
    ask.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p]
    wanted = (ctypes.c_byte * 16).from_buffer_copy(bytes(pythoncom.IID_IDispatch))
    found = ctypes.c_void_p()
    ask(window, _NATIVE_OBJECT, ctypes.byref(wanted), ctypes.byref(found))
    try:
        return pythoncom.ObjectFromAddress(found.value, pythoncom.IID_IDispatch)
    finally:  # the function gave a reference of its own, which goes with this
        _windows.WINFUNCTYPE(ctypes.c_uint32)(2, "Release")(found)
