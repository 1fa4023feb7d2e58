"""Functions that a real server runs for the tests of the route to it."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

import pythoncom
import xlwings

from tests.hosts.excel.windows.other_process import application

_refused: list[str] = []
_threads: dict[str, threading.Thread] = {}


def _called_from(where: str) -> tuple[Any, str]:
    hwnd, _, address = where.split(" ", 2)
    return application(int(hwnd)), address


@xlwings.func
@xlwings.arg("values", "raw")
def OF_ECHO(*values: Any) -> str:  # noqa: N802
    return repr(values)


@xlwings.func
def OF_NUMBERS(count: float, where: str) -> list[list[float]]:  # noqa: N802
    return [[float(n) for n in range(int(count))]]


@xlwings.func
def OF_FAIL(where: str) -> None:  # noqa: N802
    raise ValueError("it went wrong")


@xlwings.func
def OF_PROCESS(where: str) -> list[list[Any]]:  # noqa: N802
    return [[str(os.getpid()), sys.executable, sys.flags.isolated, sys.dont_write_bytecode]]


@xlwings.func
def OF_VARIABLE(name: str, where: str) -> str:  # noqa: N802
    return os.environ.get(name, "")


@xlwings.func
def OF_ASKING(where: str) -> str:  # noqa: N802
    """Ask Excel something while it waits for us."""
    excel, _ = _called_from(where)
    return f"{excel.Name} {excel.CalculationState:g}"


@xlwings.func
def OF_ALIVE(where: str) -> str:  # noqa: N802
    """The first time, leave a thread behind that has the cell calculated again."""
    if where in _threads:
        return f"refreshed after {len(_refused)} refusals: {set(_refused)}"
    _threads[where] = threading.Thread(target=_refresh, args=(where,), daemon=True)
    _threads[where].start()
    time.sleep(0.3)  # Excel is calculating all that while, which the thread has to find out
    return "first"


def _refresh(where: str) -> None:
    pythoncom.CoInitialize()
    while True:
        try:
            excel, address = _called_from(where)
            sheet = excel.Workbooks(1).Worksheets(1)
            sheet.Range(address.rpartition("!")[2]).Dirty()
            excel.Calculate()
        except Exception as error:
            # Not only com_error: ctypes makes an OSError of a refusal, pywin32 an AttributeError of one while it looks
            # for a name.
            _refused.append(repr(error))
            time.sleep(0.02)
        else:
            return
