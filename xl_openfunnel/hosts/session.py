"""What the functions of this process share: one fetcher, one store, whoever asks.

Here and not beside the functions, since xlwings loads a module with functions anew when its file changes.
"""

from __future__ import annotations

import logging
import threading

from ..api.client import Client
from ..errors import ConfigurationError
from ..functions.balance import Balance
from ..functions.look import Look
from ..jobs.fetcher import Fetcher
from ..jobs.store import Store
from ..settings import Settings

_log = logging.getLogger(__name__)


class Session:
    """One process's fetcher and store."""

    def __init__(self) -> None:
        """Read the settings.

        Raises:
            ConfigurationError: a setting cannot be used.
        """
        client = Client()
        try:
            self.store: Store | None = Store(Settings.load(client.base_url).store_path, client.origin)
        except ConfigurationError as trouble:
            _log.warning("working without the store: %s", trouble.message)
            self.store = None
        self.fetcher = Fetcher(client, store=self.store)
        self.balance = Balance(client.credits)

    def look(self) -> Look:
        """A view for one call."""
        return Look(self)

    def close(self) -> None:
        """Stop fetching."""
        self.fetcher.close()
        if self.store is not None:
            self.store.close()


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
