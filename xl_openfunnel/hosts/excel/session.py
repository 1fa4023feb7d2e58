"""What Excel needs besides the shared session: live cells, and the commands of its buttons."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from typing import Any

import platformdirs

from ...runtime.clock import SystemClock
from .. import session as shared
from ..session import Session, session
from .commands.handlers import CommandHandlers
from .commands.runner import CommandRunner
from .live_cells.updater import CellUpdater, VisibleJobs

_windows: Any = os  # os has startfile on Windows only


@dataclass(frozen=True)
class ExcelHost:
    """The shared session, with what Excel adds to it.

    ``live`` and ``commands`` are None on other systems than Windows.
    """

    session: Session
    live: CellUpdater | None = None
    commands: CommandRunner | None = None


_hosts: list[ExcelHost] = []
_lock = threading.Lock()


def excel_host() -> ExcelHost:
    """The host of this process, created by the first call and again after the shared session was closed.

    Raises:
        ConfigurationError: a setting cannot be used; the next call tries again.
    """
    current = session()
    with _lock:
        if not _hosts or _hosts[0].session is not current:
            _hosts[:] = [_connect(current) if sys.platform == "win32" else ExcelHost(current)]
        return _hosts[0]


def finish_requests(timeout: float) -> None:
    """Wait until no request to cancel a job is under way, at most for these seconds."""
    for host in _hosts:
        if host.commands is not None:
            host.commands.finish_urgent(timeout)


def end() -> None:
    """Close the host and the shared session, if they exist."""
    with _lock:
        while _hosts:
            host = _hosts.pop()
            if host.commands is not None:
                host.commands.loop.close()
            if host.live is not None:
                host.live.loop.close()
    shared.end()


def _connect(current: Session) -> ExcelHost:
    from .com.calculation import ComExcelProcesses
    from .com.workbooks import ComWorkbookAccess

    clock, processes = SystemClock(), ComExcelProcesses()
    live = CellUpdater(current.fetcher.subscribe, processes, clock, current.calculations.subscribe)
    live.loop.start()
    current.topic_changed = live.topic_changed
    workbooks = ComWorkbookAccess(processes, clock, platformdirs.user_documents_path)
    handlers = CommandHandlers(
        current,
        VisibleJobs(live, current.calculations),
        workbooks,
        clock,
        cancel=current.client.cancel,
        open_file=_windows.startfile,
    )
    commands = CommandRunner(handlers, workbooks, clock)
    commands.loop.start()
    return ExcelHost(current, live, commands)
