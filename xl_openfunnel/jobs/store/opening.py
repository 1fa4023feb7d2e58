"""Opens the store of the settings, and stands in for one that cannot be opened."""

from __future__ import annotations

import contextlib
import logging
from typing import Never

from ...api.client import Client
from ...errors import ConfigurationError
from ...log import CAUSE
from ...settings import store_path
from .store import Store

_log = logging.getLogger(__name__)


class UnavailableStore:
    """Takes the place of a store that cannot be opened.

    It finds no job. Saving one raises ``reason``, so every final job gets a problem that says why it is not stored;
    reading the ledger or a label raises it too.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def close(self) -> None: ...

    def one_connection(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def version(self) -> None: ...

    def explain(self, error: Exception) -> str:
        return str(error)

    def find(self, *_: object, **__: object) -> None: ...

    def record(self, *_: object, **__: object) -> None: ...

    def forget(self, *_: object) -> bool:
        return False

    def _fail(self, *_: object, **__: object) -> Never:
        raise ConfigurationError(self._reason)

    save = ledger = names = label_of = job_id_of = whole_id = _fail


JobStore = Store | UnavailableStore


def open_store(client: Client) -> JobStore:
    """The disk store of the settings, for the client's service. Logs a warning where it cannot be opened."""
    try:
        return Store(store_path(), client.origin)
    except ConfigurationError as error:
        _log.warning("working without the store: %s", error.message, extra={CAUSE: error.message})
        return UnavailableStore(error.message)
