"""Looks up jobs by their names for a call, which never waits for the store.

While another program writes the store, its last answers are used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from ..errors import ConfigurationError, InvalidJobIdError
from ..jobs import job_text
from ..jobs.store.database import StoreBusyError
from ..jobs.store.ledger import JobNames, LedgerEntry
from ..jobs.store.opening import JobStore
from ..pasted import holds_key, job_ids
from . import limits

BUSY: Final = f"just now.{job_text.RETRY_HINT}"
_GONE: Final = "on this computer. In a terminal, xl-openfunnel doctor says why."

_MAX_REMEMBERED: Final = 10_000
"""Texts, or job ids, whose last answer is remembered: no sheet has more jobs, and half-typed ones come and go."""

_MAX_READ: Final = 2_000
"""Jobs whose names are read at once, which takes 2 ms."""

UNREADABLE: Final = (ConfigurationError, OSError, sqlite3.Error)
"""Raised by a store that is damaged, or gone, such as one on a network drive."""


@dataclass
class LastRead:
    """The last answers of a store, whole ones with the version of the store that gave them."""

    names: tuple[Hashable, JobNames | None] = None, None
    entries: tuple[Hashable, tuple[LedgerEntry, ...] | None] = None, None
    job_ids: dict[str, str | None] = field(default_factory=dict)
    labels: dict[str, str | None] = field(default_factory=dict)


last_read: Final[WeakKeyDictionary[JobStore, LastRead]] = WeakKeyDictionary()


class NameLookup:
    """The names of jobs in a store, for one call.

    Args:
        store: None where there is none.
        mark_stale: called where an answer may be wrong, because the store is busy.
    """

    def __init__(self, store: JobStore | None, mark_stale: Callable[[], None]) -> None:
        self._store = store
        self._mark_stale = mark_stale
        self._quick = self._asked = False
        self._names: JobNames | None = None

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Within this, one connection is used, and the names are those of its first lookup."""
        with self._store.one_connection() if self._store else nullcontext():
            self._quick = True
            try:
                yield
            finally:
                self._quick, self._asked, self._names = False, False, None

    def find_label(self, text: str) -> tuple[str | None, str]:
        """The id of the job with this label, if any, and why labels cannot be read, ``""`` where they can."""
        store = self._store
        if holds_key(text):
            return None, ""
        if store is None:
            return None, _GONE
        last = last_read.setdefault(store, LastRead()).job_ids
        try:
            names = self._all_names(store)
            job_id = names.job_id_of(text) if names else store.job_id_of(text, wait=False)
        except StoreBusyError:
            if text not in last:
                self._mark_stale()  # even a text that can be an id may be a label
            return last.get(text), BUSY
        except UnicodeError:
            return None, ""  # half a surrogate pair, which no label can have
        except UNREADABLE:
            return None, _GONE  # an id still works: the fetcher needs no store
        _remember(last, text, job_id)
        return job_id, ""

    def whole_id(self, text: str) -> str | None:
        """As `Store.whole_id`; None also where the store cannot be read, and for a UUID, which is whole."""
        store = self._store
        if store is None or job_ids(text):
            return None
        try:
            names = self._all_names(store)
            return names.whole_id(text) if names else store.whole_id(text, wait=False)
        except InvalidJobIdError:
            raise
        except StoreBusyError:
            self._mark_stale()
        except UNREADABLE:
            pass  # as above, an id still works
        return None

    def label(self, job_id: str) -> str | None:
        """The job's label; None also where the store cannot be used."""
        store = self._store
        if store is None:
            return None
        last = last_read.setdefault(store, LastRead()).labels
        try:
            names = self._all_names(store)
            label = names.label_of(job_id) if names else store.label_of(job_id, wait=False)
        except StoreBusyError:
            self._mark_stale()
            return last.get(job_id)
        except UNREADABLE:
            return None
        _remember(last, job_id, label)
        return label

    def _all_names(self, store: JobStore) -> JobNames | None:
        """All names; None where each is looked up alone: they are too many, or cannot be read."""
        if not self._quick:
            return _read_names(store)
        if not self._asked:
            self._asked, self._names = True, _read_names(store)
            limits.has_read()
        if self._names is None:
            limits.count_jobs(1)
        return self._names


def _read_names(store: JobStore) -> JobNames | None:
    last, version = last_read.setdefault(store, LastRead()), store.version()
    of, names = last.names
    if version is None or version != of:
        try:
            names = store.names(_MAX_READ, wait=False)
        except (StoreBusyError, ValueError, *UNREADABLE):
            return None  # looking up each name raises the same error
        last.names = version, names
    return names


def _remember(last: dict[str, str | None], text: str, answer: str | None) -> None:
    if len(last) >= _MAX_REMEMBERED:
        last.clear()
    last[text] = answer
