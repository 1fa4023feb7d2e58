"""What all hosts in a process share: one fetcher, one store and the account's credits.

It is not in a module of functions, because xlwings reloads such a module when its file changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from ..api.client import Client
from ..columns import maker as columns
from ..errors import CELL_UNITS
from ..functions.calculations import Calculations
from ..functions.context import CREDITS, CallContext
from ..functions.credits import CreditsCache
from ..jobs.fetcher import Fetcher
from ..jobs.store.opening import open_store
from ..jobs.store.store import Store
from ..known.lists import KnownLists

WATCH_TTL: Final = 30.0
"""Seconds that a job is polled after a call from an unknown cell; live cells subscribe to their jobs."""


class Session:
    """The client, fetcher, store, credits and calculations of one process.

    Attributes:
        columns: the files with the columns of final jobs; None without a store.
        known: the lists of known companies; None without a store.
        topic_changed: set by a host, and called with a topic other than a job that may have changed.

    Raises:
        ConfigurationError: a setting cannot be used.
    """

    def __init__(self) -> None:
        self.client = Client()
        self.store = open_store(self.client)
        self.columns = columns.connect(self.store)
        self.known = KnownLists.beside(self.store.path) if isinstance(self.store, Store) else None
        self.fetcher = Fetcher(self.client, store=self.store, watch_ttl=WATCH_TTL)
        self.credits = CreditsCache(self.client, on_change=lambda: self.topic_changed(CREDITS))
        self.calculations = Calculations(lambda topic: self.topic_changed(topic))
        self.topic_changed: Callable[[str], object] = lambda _: None

    def new_call(self, block_units: int = CELL_UNITS) -> CallContext:
        """The context for one function call; texts in its block are cut to ``block_units`` UTF-16 units."""
        return CallContext(self, block_units)

    def close(self) -> None:
        """Stop calculating and fetching, and close the store."""
        self.calculations.close()
        self.fetcher.close()
        self.store.close()


_sessions: list[Session] = []
_lock = threading.Lock()


def session() -> Session:
    """The session of this process, created by the first call.

    Raises:
        ConfigurationError: a setting cannot be used; the next call tries again.
    """
    with _lock:
        if not _sessions:
            _sessions.append(Session())
        return _sessions[0]


def end() -> None:
    """Close the session, if it exists."""
    with _lock:
        while _sessions:
            _sessions.pop().close()
