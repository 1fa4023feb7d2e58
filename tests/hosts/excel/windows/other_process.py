"""Another process that calls Excel: it runs one line of Python after the other and says what came of each.

It finds Excel by a window's handle, as the server does; `excel` is the application. A line of input is JSON text with
the source, a line of output is JSON again: `{"value": ...}`, `{"error": ..., "hresult": ..., "scode": ...}`.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

import pythoncom
import pywintypes
import win32gui

from xl_openfunnel.hosts.excel.com.dispatch import ENGLISH
from xl_openfunnel.hosts.excel.com.late_binding import english_object

_windows: Any = ctypes


def application(hwnd: int) -> Any:
    desk = win32gui.FindWindowEx(hwnd, 0, "XLDESK", None)
    sheet = win32gui.FindWindowEx(desk, 0, "EXCEL7", None)
    found = ctypes.c_void_p()
    wanted = (ctypes.c_byte * 16).from_buffer_copy(bytes(pythoncom.IID_IDispatch))
    ask = _windows.oledll.oleacc.AccessibleObjectFromWindow
    ask.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p]
    ask(sheet, 0xFFFFFFF0, ctypes.byref(wanted), ctypes.byref(found))
    window = pythoncom.ObjectFromAddress(found.value, pythoncom.IID_IDispatch)
    # The function gave a reference of its own, which goes with this.
    release = _windows.WINFUNCTYPE(ctypes.c_uint32)(2, "Release")
    release(found)
    return english_object(window).Application


def get(target: Any, name: str, *args: Any, lcid: int = ENGLISH) -> Any:
    """Read a property; unlike an attribute, which is missing then, this says what went wrong."""
    dispid = target._oleobj_.GetIDsOfNames(name)
    return target._oleobj_.dispatch.Invoke(dispid, lcid, pythoncom.DISPATCH_PROPERTYGET, True, *args)


def put(target: Any, name: str, value: Any, lcid: int = ENGLISH) -> None:
    target._oleobj_.dispatch.Invoke(
        target._oleobj_.GetIDsOfNames(name), lcid, pythoncom.DISPATCH_PROPERTYPUT, False, value
    )


def main() -> None:
    names: dict[str, Any] = {"application": application, "get": get, "put": put}
    for line in sys.stdin:
        try:
            source = json.loads(line)
            try:
                answer = {"value": eval(source, names)}  # noqa: S307
            except SyntaxError:
                exec(source, names)
                answer = {"value": None}
            text = json.dumps(answer, default=repr)
        except pywintypes.com_error as error:
            scode = error.excepinfo[5] if error.excepinfo else None
            text = json.dumps({"error": str(error), "hresult": error.hresult, "scode": scode})
        except Exception as error:
            text = json.dumps({"error": repr(error), "hresult": None, "scode": None})
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
