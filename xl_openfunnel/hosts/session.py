"""What the functions of this process share: one fetcher, one store, whoever asks.

Here and not beside the functions, since xlwings loads a module with functions anew when its file changes.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Final

from ..api.client import Client
from ..errors import CELL_UNITS, ConfigurationError
from ..functions.context import CREDITS, CallContext
from ..functions.credits import CreditsCache
from ..jobs.fetcher import Fetcher
from ..jobs.store.store import Store
from ..runtime.clock import SystemClock
from ..runtime.thread_pool import start_thread
from ..settings import Settings
from .excel.commands.handlers import CommandHandlers
from .excel.commands.runner import CommandRunner
from .excel.commands.system import LocalSystem
from .excel.live_cells.updater import CellUpdater, VisibleJobs

_log = logging.getLogger(__name__)

WATCH_TTL: Final = 30.0
"""Seconds that a job is polled after a call from nowhere; cells keep the care of their jobs up themselves."""


class Session:
    """One process's fetcher, store and live cells.

    Attributes:
        live: keeps cells up to date; None where there is no Excel to ask.
        commands: does what buttons ask for; None there too.
        moved: is told what may have changed besides jobs.
    """

    def __init__(self) -> None:
        """Read the settings.

        Raises:
            ConfigurationError: a setting cannot be used.
        """
        client = Client()
        self.store: Store | None = None
        unusable = None
        try:
            self.store = Store(Settings.load(client.base_url).store_path, client.origin)
        except ConfigurationError as trouble:
            _log.warning("working without the store: %s", trouble.message)
            unusable = trouble.with_traceback(None)
        self.fetcher = Fetcher(client, store=self.store or unusable, watch_ttl=WATCH_TTL)
        self.credits = CreditsCache(client, told=lambda: self.topic_changed(CREDITS))
        self.live: CellUpdater | None = None
        self.commands: CommandRunner | None = None
        self.topic_changed: Callable[[str], object] = lambda _: None
        if sys.platform == "win32":
            self._reach_excel(client)

    def look(self, block_units: int = CELL_UNITS) -> CallContext:
        """A view for one call."""
        return CallContext(self, block_units)

    def close(self) -> None:
        """Stop fetching."""
        if self.commands is not None:
            self.commands.close()
        if self.live is not None:
            self.live.close()
        self.fetcher.close()
        if self.store is not None:
            self.store.close()

    def _reach_excel(self, client: Client) -> None:
        from .excel.com.calculation import ComExcelProcesses
        from .excel.com.workbooks import ComWorkbookAccess

        clock, excels, computer = SystemClock(), ComExcelProcesses(), LocalSystem(client)
        self.live = CellUpdater(self.fetcher.subscribe, excels, clock)
        start_thread("live-cells", self.live.run)
        self.topic_changed = self.live.topic_changed
        workplace = ComWorkbookAccess(excels, clock, computer.documents)
        actions = CommandHandlers(self, VisibleJobs(self.live), workplace, computer, clock)
        self.commands = CommandRunner(actions, workplace, clock)
        start_thread("commands", self.commands.run)


_made: list[Session] = []
_making = threading.Lock()


def session() -> Session:
    """The session of this process, made where there is none.

    Raises:
        ConfigurationError: a setting cannot be used; the next call tries again.
    """
    with _making:
        if not _made:
            _made.append(Session())
        return _made[0]


def end() -> None:
    """Close the session, if there is one."""
    with _making:
        while _made:
            _made.pop().close()
