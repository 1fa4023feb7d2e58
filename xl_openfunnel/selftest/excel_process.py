"""Starts an Excel for the self-test, with the simulator's address, and ends it whatever happens."""

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

_START_TIMEOUT: Final = 60.0
_END_TIMEOUT: Final = 30.0
_POLL_INTERVAL: Final = 0.5
_TOTAL_TIMEOUT: Final = 900.0
"""Seconds after which Excel is killed in any case: one that shows a dialog would wait for ever."""

_LOW_SECURITY: Final = 1  # msoAutomationSecurityLow: macros run in workbooks that a program opens


class SpawnedExcel:
    """A new Excel beside those that the user may have open, which are not touched.

    It is started as a program, since an Excel that COM starts may not get our environment.

    A first workbook is written into the folder: an Excel without a workbook cannot be connected to.
    """

    def __init__(self, program: str, environ: Mapping[str, str], folder: Path) -> None:
        self._program = program
        self._environ = environ
        self._first_workbook = folder / "first.xlsx"
        self._kill_timer = threading.Timer(_TOTAL_TIMEOUT, self._kill)
        self._kill_timer.daemon = True

    def __enter__(self) -> Self:
        with xlsxwriter.Workbook(self._first_workbook) as book:
            book.add_worksheet()
        command = [self._program, "/x", str(self._first_workbook)]
        self._process = subprocess.Popen(command, env=dict(self._environ))  # noqa: S603 - the Excel that is registered in Windows
        self._kill_timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill_timer.cancel()
        self._kill()

    def application(self) -> Any:
        """Its Application object.

        Raises:
            CheckFailedError: it did not start, or shows a dialog.
        """
        import xlwings

        from ..hosts.excel.com.late_binding import english_object

        pid, deadline = self._process.pid, time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise CheckFailedError("Excel ended at once. Start it once by hand, answer what it asks, and close it")
            with contextlib.suppress(Exception):  # it is still starting
                excel: Any = RetryingComObject(english_object(xlwings.apps[pid].api._oleobj_))
                excel.AutomationSecurity = _LOW_SECURITY
                excel.DisplayAlerts = False
                return excel
            time.sleep(_POLL_INTERVAL)
        raise CheckFailedError(
            f"after {_START_TIMEOUT:.0f} s Excel cannot be reached. Perhaps it shows a dialog: start it once by hand"
        )

    def close(self, application: list[Any], python_processes: Callable[[], set[int]]) -> str:
        """Close it as its user would, and check that its process and its Python end.

        The application is removed from its holder: a reference would keep Excel running.

        Raises:
            CheckFailedError: they did not end.
        """
        excel = application.pop()
        for number in range(int(excel.Workbooks.Count), 0, -1):
            excel.Workbooks(number).Close(0)
        excel.Quit()
        del excel
        gc.collect()
        started_at = time.monotonic()
        while time.monotonic() < started_at + _END_TIMEOUT:
            if self._process.poll() is not None and not python_processes():
                return f"after {time.monotonic() - started_at:.0f} s"
            time.sleep(_POLL_INTERVAL)
        remaining = "Excel" if self._process.poll() is None else "its Python"
        raise CheckFailedError(f"after {_END_TIMEOUT:.0f} s {remaining} still runs")

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def processes_running(interpreter: str) -> set[int]:
    """The ids of the processes that run that Python."""
    if sys.platform != "win32":
        return set()
    import pywintypes
    import win32api
    import win32con
    import win32process

    query_and_read = win32con.PROCESS_QUERY_INFORMATION | win32con.PROCESS_VM_READ
    process_ids = set()
    for pid in win32process.EnumProcesses():
        with contextlib.suppress(pywintypes.error):  # access is denied, or the process has ended
            process = win32api.OpenProcess(query_and_read, 0, pid)
            try:
                path = win32process.GetModuleFileNameEx(process, 0)
            finally:
                win32api.CloseHandle(process)
            with contextlib.suppress(OSError):
                if Path(path).samefile(interpreter):
                    process_ids.add(pid)
    return process_ids
