"""Calls into Excel over COM: members are looked up by name, and errors are translated in one place.

The functions here make a call once. They raise `HostBusyError` while Excel is busy, `HostGoneError` when it has ended,
and `com_error` when it refuses. `RetryingCaller` repeats calls while Excel is busy.
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

from ....runtime.clock import FOREVER, Clock
from ..ports import HostBusyError, HostError, HostGoneError
from . import hresults
from .retry import BusyRetry

_log = logging.getLogger(__name__)

OMITTED: Final = pythoncom.ArgNotFound
"""Stands for an argument that is left out."""

ENGLISH: Final = 0x409
"""The locale of every call, as VBA's: with 0, pywin32's own, Excel takes and gives formats and formulas in the language
of the system, where "General" is "Standard" (https://github.com/mhammond/pywin32/issues/2663)."""

_OBJID_NATIVEOM: Final = 0xFFFFFFF0

_WINDOW_TIMEOUT: Final = 500
"""Milliseconds in which a window answers unless it hangs."""

_windows: Any = ctypes  # ctypes has these members on Windows only
_this_thread = threading.local()
_T = TypeVar("_T")


class ComCaller(Protocol):
    """Makes calls into Excel: this module (once) or `RetryingCaller` (until Excel is no longer busy)."""

    def get(self, target: Any, name: str, *arguments: object) -> Any:
        """Get a property or call a method."""

    def get_optional(self, target: Any, name: str, default: object = None) -> Any:
        """Get a property that older versions of Excel lack; ``default`` if it is missing."""


class RetryingCaller:
    """Makes the calls of one command, and waits while Excel is busy.

    Methods raise `HostBusyError` when Excel stayed busy too long, `HostGoneError` when it has ended, and `HostError`
    when it refuses.

    The timeout is in seconds, for all calls together.
    """

    def __init__(self, process_id: int, clock: Clock, timeout: float) -> None:
        self.process_id = process_id
        self._busy_retry = BusyRetry(timeout, clock.sleep)

    @property
    def application(self) -> Any:
        """Excel's Application, looked up each time: an Excel cannot end while a reference to it is held."""
        return self.retry(lambda: application(self.process_id))

    @contextlib.contextmanager
    def without_timeout(self) -> Iterator[None]:
        """Wait for ever, without using up the timeout: for state that must be restored in any case."""
        seconds_left, self._busy_retry.seconds_left = self._busy_retry.seconds_left, FOREVER
        try:
            yield
        finally:
            self._busy_retry.seconds_left = seconds_left

    def get(self, target: Any, name: str, *arguments: object) -> Any:
        """Get a property or call a method."""
        return self.retry(lambda: get(target, name, *arguments))

    def put(self, target: Any, name: str, value: object) -> None:
        """Set a property."""
        self.retry(lambda: put(target, name, value))

    def get_optional(self, target: Any, name: str, default: object = None) -> Any:
        """Get a property that older versions of Excel lack; ``default`` if it is missing."""
        return self.retry(lambda: get_optional(target, name, default))

    def item(self, collection: Any, name: str) -> Any:
        """The item of that name, or None."""
        return self.retry(lambda: item(collection, name))

    def items(self, collection: Any) -> Iterator[Any]:
        for number in range(1, int(self.get(collection, "Count")) + 1):
            yield self.get(collection, "Item", number)

    def retry(self, function: Callable[[], _T]) -> _T:
        """Call a function that calls Excel, again while Excel is busy."""

        def attempt() -> _T:
            try:
                return function()
            except pywintypes.com_error as error:
                reason = (error.excepinfo and error.excepinfo[2]) or error.strerror
                raise HostError(f"Excel refused: {reason}", hresults.code(error) or 0) from None

        return self._busy_retry.call(attempt)


def initialize_com() -> None:
    """Initialize COM for the current thread, unless it is already."""
    if not getattr(_this_thread, "ready", False):
        pythoncom.CoInitialize()
        _this_thread.ready = True


def get(target: Any, name: str, *arguments: object) -> Any:
    """Get a property or call a method. Unlike pywin32's attribute access, errors keep their code."""
    return _translating_errors(target, lambda: _invoke(target, name, *arguments))


def put(target: Any, name: str, value: object) -> None:
    """Set a property."""
    kind = pythoncom.DISPATCH_PROPERTYPUT
    _translating_errors(target, lambda: target.Invoke(_dispid(target, name), ENGLISH, kind, 0, value))


def get_optional(target: Any, name: str, default: object = None) -> Any:
    """Get a property that older versions of Excel lack; ``default`` if it is missing."""
    try:
        return get(target, name)
    except pywintypes.com_error as error:
        if hresults.code(error) != hresults.NO_SUCH_NAME:
            raise
        return default


def item(collection: Any, name: str) -> Any:
    """The item of that name, or None, for which some collections raise `hresults.FAILED`."""
    try:
        return get(collection, "Item", name)
    except pywintypes.com_error as error:
        if hresults.code(error) not in (hresults.NO_SUCH_ITEM, hresults.FAILED):
            raise
        return None


def items(collection: Any) -> Iterator[Any]:
    for number in range(1, int(get(collection, "Count")) + 1):
        yield get(collection, "Item", number)


@contextlib.contextmanager
def log_com_errors(action: str) -> Iterator[None]:
    """Log it when Excel refuses something, so that the caller can go on. A busy Excel still raises."""
    try:
        yield
    except pywintypes.com_error as error:
        _log.info("Excel refused to %s: %s", action, error)


def application(process_id: int) -> Any:
    """The Application of the Excel with that process id, reached through the window of one of its sheets.

    Raises:
        HostBusyError: Excel does not answer.
        HostGoneError: Excel has no workbook open, or has ended.
    """
    try:
        window = _sheet_window(process_id)
        if window is None:
            raise HostGoneError
        return get(_object_behind(window), "Application")
    except (pywintypes.com_error, pywintypes.error, OSError) as error:
        _log.info("Excel is busy: %s", error)
        raise HostBusyError from None


def _invoke(target: Any, name: str, *arguments: object) -> Any:
    get_or_call = pythoncom.DISPATCH_PROPERTYGET | pythoncom.DISPATCH_METHOD
    return target.Invoke(_dispid(target, name), ENGLISH, get_or_call, 1, *arguments)


def _dispid(target: Any, name: str) -> Any:
    return target.GetIDsOfNames(ENGLISH, name)


def _translating_errors(target: Any, call: Callable[[], _T]) -> _T:
    try:
        return call()
    except pywintypes.com_error as error:
        code = hresults.code(error)
        if hresults.is_busy(error) or (code == hresults.FAILED and not _is_ready(target)):
            _log.info("Excel is busy: %s", error)
            raise HostBusyError from None
        if code in hresults.DISCONNECTED:
            raise HostGoneError from None
        raise


def _is_ready(target: Any) -> bool:
    """Whether the object's Excel accepts calls, so that "failed" means a refusal. It does not in edit mode."""
    try:
        return bool(_invoke(_invoke(target, "Application"), "Ready"))
    except pywintypes.com_error as error:
        return hresults.code(error) not in hresults.BUSY | hresults.DISCONNECTED | {hresults.FAILED}


def _sheet_window(process_id: int) -> int | None:
    """The window of a sheet of that Excel; every open workbook has one.

    Raises:
        OSError: the window does not answer.
    """
    main_windows: list[int] = []

    def collect(window: int, _: object) -> bool:
        if win32gui.GetClassName(window) == "XLMAIN" and win32process.GetWindowThreadProcessId(window)[1] == process_id:
            main_windows.append(window)
        return True

    win32gui.EnumWindows(collect, None)
    for main_window in main_windows:
        desktop = win32gui.FindWindowEx(main_window, 0, "XLDESK", None)
        sheet: int = desktop and win32gui.FindWindowEx(desktop, 0, "EXCEL7", None)
        if sheet:
            try:
                # AccessibleObjectFromWindow would wait for ever for an Excel that hangs.
                win32gui.SendMessageTimeout(sheet, win32con.WM_NULL, 0, 0, win32con.SMTO_ABORTIFHUNG, _WINDOW_TIMEOUT)
            except pywintypes.error as error:
                raise OSError(f"its window does not answer: {error}") from None
            return sheet
    return None


def _object_behind(window: int) -> Any:
    """The COM object behind the window of a sheet.

    Raises:
        OSError: the window does not answer.
    """
    object_from_window = _windows.oledll.oleacc.AccessibleObjectFromWindow
    object_from_window.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p]
    interface = (ctypes.c_byte * 16).from_buffer_copy(bytes(pythoncom.IID_IDispatch))
    pointer = ctypes.c_void_p()
    object_from_window(window, _OBJID_NATIVEOM, ctypes.byref(interface), ctypes.byref(pointer))
    try:
        return pythoncom.ObjectFromAddress(pointer.value, pythoncom.IID_IDispatch)
    finally:  # AccessibleObjectFromWindow added a reference of its own
        _windows.WINFUNCTYPE(ctypes.c_uint32)(2, "Release")(pointer)
