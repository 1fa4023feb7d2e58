"""The windows by which other processes find Excel: XLMAIN > XLDESK > EXCEL7, one set for each book."""

from __future__ import annotations

import contextlib
import ctypes
import re
from collections.abc import Callable
from typing import Any

import pythoncom
import pywintypes
import win32api
import win32con
import win32gui

_windows: Any = ctypes
_NATIVE_OBJECT = 0xFFFFFFF0  # OBJID_NATIVEOM
_objects: dict[int, Callable[[], Any]] = {}  # makes the COM object of each EXCEL7; only other processes hold it


def _on_get_object(hwnd: int, message: int, wparam: int, lparam: int) -> int:
    give_window = _objects.get(hwnd)
    if give_window is None or lparam & 0xFFFFFFFF != _NATIVE_OBJECT:
        return 0
    window = give_window()
    # pywin32 says where its object is only in its repr.
    place = re.search(r"obj at 0x([0-9A-Fa-f]+)", repr(window))
    assert place
    give = _windows.windll.oleacc.LresultFromObject
    give.restype, give.argtypes = ctypes.c_ssize_t, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    wanted = (ctypes.c_byte * 16).from_buffer_copy(bytes(pythoncom.IID_IDispatch))
    result: int = give(ctypes.byref(wanted), wparam, int(place[1], 16))
    return result


class BookWindow:
    """One book's windows."""

    def __init__(self, title: str) -> None:
        self.main = _create_window("XLMAIN", title, win32con.WS_OVERLAPPEDWINDOW, 0)
        self.desk = _create_window("XLDESK", "", win32con.WS_CHILD, self.main)
        self.sheet = _create_window("EXCEL7", title, win32con.WS_CHILD, self.desk)

    def show(self, give_window: Callable[[], Any]) -> None:
        _objects[self.sheet] = give_window

    def close(self, *, last: bool) -> None:
        """Destroy them; the last book's main window stays, with nothing in it."""
        _objects.pop(self.sheet, None)
        win32gui.DestroyWindow(self.sheet if last else self.main)

    def destroy(self) -> None:
        _objects.pop(self.sheet, None)
        with contextlib.suppress(pywintypes.error):
            win32gui.DestroyWindow(self.main)


def _create_window(kind: str, title: str, style: int, parent: int) -> int:
    instance = win32api.GetModuleHandle(None)
    sort = win32gui.WNDCLASS()
    sort.lpszClassName, sort.hInstance = kind, instance
    sort.lpfnWndProc = {win32con.WM_GETOBJECT: _on_get_object} if kind == "EXCEL7" else {}
    with contextlib.suppress(pywintypes.error):  # it is there from an earlier window
        win32gui.RegisterClass(sort)
    hwnd: int = win32gui.CreateWindow(kind, title, style, 0, 0, 100, 100, parent, 0, instance, None)
    return hwnd
