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
from .buttons.actions import Actions
from .buttons.computer import Computer
from .buttons.errands import Errands
from .live.cells import LiveCells
from .live.jobs import LiveJobs

_log = logging.getLogger(__name__)

WATCH_TTL: Final = 30.0
"""Seconds that a job is polled after a call from nowhere; cells keep the care of their jobs up themselves."""


class Session:
    """One process's fetcher, store and live cells.

    Attributes:
        live: keeps cells up to date; None where there is no Excel to ask.
        errands: does what buttons ask for; None there too.
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
        self.credits = CreditsCache(client, told=lambda: self.moved(CREDITS))
        self.live: LiveCells | None = None
        self.errands: Errands | None = None
        self.moved: Callable[[str], object] = lambda _: None
        if sys.platform == "win32":
            self._reach_excel(client)

    def look(self, block_units: int = CELL_UNITS) -> CallContext:
        """A view for one call."""
        return CallContext(self, block_units)

    def close(self) -> None:
        """Stop fetching."""
        if self.errands is not None:
            self.errands.close()
        if self.live is not None:
            self.live.close()
        self.fetcher.close()
        if self.store is not None:
            self.store.close()

    def _reach_excel(self, client: Client) -> None:
        from .com.automation import ExcelAutomation
        from .com.workbench import ExcelWorkplace

        clock, excels, computer = SystemClock(), ExcelAutomation(), Computer(client)
        self.live = LiveCells(self.fetcher.subscribe, excels, clock)
        start_thread("live-cells", self.live.run)
        self.moved = self.live.moved
        workplace = ExcelWorkplace(excels, clock, computer.documents)
        actions = Actions(self, LiveJobs(self.live), workplace, computer, clock)
        self.errands = Errands(actions, workplace, clock)
        start_thread("errands", self.errands.run)


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
