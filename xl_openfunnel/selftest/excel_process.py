"""An Excel of its own: started with the simulator's address, and ended whatever happens."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import xlsxwriter

from ..hosts.excel.com.retry import RetryingComObject
from .check_context import CheckFailedError

_START: Final = 60.0
_END: Final = 30.0
_LOOK: Final = 0.5
_WHOLE: Final = 900.0
"""Seconds after which the Excel is ended in any case: one that shows a dialog would wait for ever."""

_LOW_SECURITY: Final = 1  # msoAutomationSecurityLow: macros of what a program opens run


class SpawnedExcel:
    """A new Excel beside those that the user may have open, which stay untouched."""

    def __init__(self, program: str, environ: Mapping[str, str], folder: Path) -> None:
        """Make ready to start it.

        Args:
            program: the path of Excel.
            environ: what it, and the Python that it starts, see as their environment. An Excel that COM starts need
                not see ours, hence it is started as a program.
            folder: for a first workbook: without one Excel cannot be found.
        """
        self._program = program
        self._environ = environ
        self._first = folder / "first.xlsx"
        self._end = threading.Timer(_WHOLE, self._kill)
        self._end.daemon = True

    def __enter__(self) -> Self:
        with xlsxwriter.Workbook(self._first) as book:
            book.add_worksheet()
        command = [self._program, "/x", str(self._first)]
        self._process = subprocess.Popen(command, env=dict(self._environ))  # noqa: S603 - the Excel that Windows tells of
        self._end.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.cancel()
        self._kill()

    def application(self) -> Any:
        """Its Application object.

        Raises:
            CheckFailedError: it did not start, or shows a dialog.
        """
        import win32com.client.dynamic
        import xlwings

        pid, end = self._process.pid, time.monotonic() + _START
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise CheckFailedError("Excel ended at once. Start it once by hand, answer what it asks, and close it")
            with contextlib.suppress(Exception):  # it is still starting
                found = xlwings.apps[pid].api._oleobj_
                excel: Any = RetryingComObject(win32com.client.dynamic.Dispatch(found))
                excel.AutomationSecurity = _LOW_SECURITY
                excel.DisplayAlerts = False
                return excel
            time.sleep(_LOOK)
        raise CheckFailedError(
            f"after {_START:.0f} s Excel cannot be reached. Perhaps it shows a dialog: start it once by hand"
        )

    def close(self, held: list[Any], pythons: Callable[[], set[int]]) -> str:
        """Close it as its user would, and see that its process and its Python end.

        Args:
            held: its Application object, which is taken out: whoever holds an object of Excel keeps it alive.
            pythons: the process ids of the Pythons that it started.

        Raises:
            CheckFailedError: they did not.
        """
        excel = held.pop()
        for number in range(int(excel.Workbooks.Count), 0, -1):
            excel.Workbooks(number).Close(0)
        excel.Quit()
        del excel
        gc.collect()
        began = time.monotonic()
        while time.monotonic() < began + _END:
            if self._process.poll() is not None and not pythons():
                return f"after {time.monotonic() - began:.0f} s"
            time.sleep(_LOOK)
        left = "Excel" if self._process.poll() is None else "its Python"
        raise CheckFailedError(f"after {_END:.0f} s {left} still runs")

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def processes_running(interpreter: str) -> set[int]:
    """The process ids of what runs that Python."""
    if sys.platform != "win32":
        return set()
    import pywintypes
    import win32api
    import win32con
    import win32process

    query_and_read = win32con.PROCESS_QUERY_INFORMATION | win32con.PROCESS_VM_READ
    found = set()
    for pid in win32process.EnumProcesses():
        with contextlib.suppress(pywintypes.error):  # not ours to look at, or gone
            process = win32api.OpenProcess(query_and_read, 0, pid)
            try:
                path = win32process.GetModuleFileNameEx(process, 0)
            finally:
                win32api.CloseHandle(process)
            with contextlib.suppress(OSError):
                if Path(path).samefile(interpreter):
                    found.add(pid)
    return found
