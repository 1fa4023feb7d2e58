"""Start the COM server that Excel calls: ``pythonw -I -B -m xl_openfunnel.hosts.serve CLSID [PID ERRORS]``.

VBA starts one for a whole Excel and gives its process id, with which the server ends, and the file that our errors go
to until it serves. Workbooks of version 0.1 give the CLSID alone: xlwings' DLL, which starts Python for them, ends it
with Excel. No folder is named: no code and no setting is ever taken from a workbook's folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from ... import log
from ...columns import connection
from ...errors import OpenFunnelError
from ...runtime.background import in_background, yield_often
from ...runtime.thread_pool import start_thread
from ...version import version

_NAME: Final = "xl_openfunnel.hosts.serve"
_log = logging.getLogger(_NAME)  # in the main program, __name__ differs

LIVE_VARIABLE: Final = "XL_OPENFUNNEL_LIVE"
"""Excel's variable with its process id and ``on`` or ``paused``: an id of another Excel, which started this one, tells
nothing."""

LAST_REQUEST_SECONDS: Final = 90.0
"""Seconds for which a request to cancel a job may outlive Excel: longer than any request may take."""


def main() -> None:
    """Serve until Excel ends."""
    log.set_up()  # first, so that later errors are logged
    _log.info("begins: xl-openfunnel %s, Python %s", version(), platform.python_version())
    class_id, *by_vba = sys.argv[1:]
    excel = int(by_vba[0]) if by_vba else None
    if excel is not None:
        end_with(excel, partial(_end_without, Path(by_vba[1])))

    from . import (  # noqa: F401  imported before the first cell calls
        com_server,  # Windows only
        session,
        udfs,
    )

    yield_often()
    load_tables()
    with contextlib.suppress(OpenFunnelError):  # cells show it
        host = session.excel_host()  # its store and its threads too, before the first cell calls
        if host.live is not None and excel is not None:
            host.live.pause_process(excel, paused=was_paused(excel))

    def serving() -> None:
        _log.info("serves")
        if excel is not None:
            _discard_errors(Path(by_vba[1]))
            calculate_waiting(excel)

    com_server.serve(class_id, serving, quit_when_unused=excel is None)
    finish()


def calculate_waiting(excel: int) -> None:
    """Have the cells of an Excel calculated that have called before Python served."""
    from . import session

    with contextlib.suppress(OpenFunnelError):
        live = session.excel_host().live
        if live is not None:
            live.started(excel)


def load_tables() -> None:
    """Load pandas and DuckDB before the first cell calls.

    Loading them holds Python for up to 200 ms at a time, in which no cell would be answered. xlwings loads pandas in
    any case; DuckDB makes the start a twentieth longer.
    """
    with in_background():
        try:
            from ... import table  # noqa: F401
        except Exception:  # those cells that need it say so
            _log.exception("pandas does not load")
        if (reason := connection.loading_error()) is not None:
            _log.warning("DuckDB does not load: %s", reason)


def was_paused(excel: int, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether cells were paused before Excel started us: VBA keeps that in Excel's environment, which we inherit."""
    return environ.get(LIVE_VARIABLE) == f"{excel}|paused"


def end_with(excel: int, end: Callable[[int], object] = os._exit) -> None:
    """End this process as soon as an Excel has ended, closed or killed, whatever the other threads are doing."""
    import pywintypes
    import win32api
    import win32con
    import win32event

    try:
        process = win32api.OpenProcess(win32con.SYNCHRONIZE, 0, excel)
    except pywintypes.error:  # it has ended already
        _log.info("ends: Excel is not there")
        end(0)
        return

    def wait() -> None:
        win32event.WaitForSingleObject(process, win32event.INFINITE)
        try:
            finish()
        finally:
            end(0)

    start_thread("excel-process", wait)


def finish() -> None:
    """Wait until no request to cancel a job is under way."""
    # Not imported here: an import that hangs, on a drive that is gone, would hold this one up.
    finish_requests = getattr(sys.modules.get(f"{__package__}.session"), "finish_requests", None)
    if finish_requests is not None:
        finish_requests(LAST_REQUEST_SECONDS)
    _log.info("ends")


def _end_without(errors: Path, code: int) -> None:
    """End at once, and leave no file with the errors of the start: Excel may end while we start."""
    _discard_errors(errors)
    os._exit(code)


def _discard_errors(file: Path) -> None:
    """Write no more to the file with the errors of the start, and remove it. The log has what comes later."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    with contextlib.suppress(OSError):
        file.unlink()


if __name__ == "__main__":
    main()
