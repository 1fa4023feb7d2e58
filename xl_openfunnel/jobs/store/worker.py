"""The store's own thread: looks, keeps, notes and removes, one after the other, and always answers.

Whatever the disk does, the rows that were read are shown: a store that fails costs a request later, and no row now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from ...api.models import Page
from ...errors import ConfigurationError, IncompleteResultError, OpenFunnelError
from ...runtime.thread_pool import DaemonPool
from ..result import Result
from ..snapshot import Rows, Snapshot
from .opening import JobStore
from .store import StoreBusyError

_log = logging.getLogger(__name__)

_JOIN_TIMEOUT = 5.0
"""Seconds that `close` gives what is to be stored."""


class StoreWorker:
    """A store, or none, and the thread that serves it.

    Args:
        store: where final jobs and the ledger are kept; None keeps nothing.
        gone: called, on whatever thread reads them, when rows that were found in the store are no longer there.
    """

    def __init__(self, store: JobStore | None, on_rows_lost: Callable[[str, Rows], None]) -> None:
        self._store = store
        self._on_rows_lost = on_rows_lost
        self._thread = DaemonPool("disk", 1)

    def find_nowait(self, job_id: str) -> Result | None:
        """What is stored of a job, on the caller's thread and without waiting.

        Raises:
            StoreBusyError: that cannot be said without waiting.
        """
        try:
            return self._find(job_id, wait=False)
        except StoreBusyError:
            raise
        except Exception as trouble:
            _log.warning("the store could not be read: %s", trouble)
            return None

    def find(self, job_id: str, callback: Callable[[Result | None], None]) -> None:
        """Look for a job, waiting for the store."""

        def find() -> None:
            stored = None
            try:
                stored = self._find(job_id, wait=True)
            except Exception as trouble:
                _log.warning("the store could not be read: %s", trouble)
            callback(stored)

        self._thread.submit(find)

    def save(
        self,
        job_id: str,
        result: Result,
        pages: tuple[Page, ...],
        key_fingerprint: Callable[[], str | None],
        callback: Callable[[Result, OpenFunnelError | None], None],
    ) -> None:
        """Store a complete result; ``then`` is given the same with its rows on disk, or why it is not there."""

        def keep() -> None:
            kept, trouble = result, None
            if self._store is not None and result.complete:
                try:
                    kept = self._watch_rows(job_id, self._store.save(job_id, result, pages, key_fingerprint()))
                except Exception as reason:
                    _log.info("job %s could not be stored: %s", job_id, reason)
                    trouble = _not_stored_error(self._store.explain(reason))
            callback(kept, trouble)

        self._thread.submit(keep)

    def record(self, snapshot: Snapshot, now: datetime, *, is_current: Callable[[], bool]) -> None:
        """Write into the ledger what the service said, if it is still wanted then; after all that is more urgent."""
        store, status = self._store, snapshot.status
        if store is None or status is None:
            return

        # Noted when the status changes, so of a job that runs a number would soon be old; of one that is over the rows
        # are read anew, and until they are their number must not take the place of the one that is stored meanwhile.
        row_count = len(snapshot.rows) if snapshot.final else None

        def note() -> None:
            if not is_current():
                return
            try:
                store.record(snapshot.job_id, status, row_count, snapshot.manifest, now)
            except Exception as trouble:
                _log.warning("job %s could not be noted: %s", snapshot.job_id, trouble)

        self._thread.submit(note, kind="note")

    def remove(self, job_id: str, callback: Callable[[], None]) -> None:
        """Remove a job, after whatever is being stored of it."""

        def remove() -> None:
            try:
                if self._store is not None:
                    self._store.forget(job_id)
            except Exception as trouble:
                _log.warning("job %s could not be removed from the store: %s", job_id, trouble)
            callback()

        self._thread.submit(remove)

    def close(self) -> None:
        """End when everything is stored."""
        self._thread.close(finish=True, timeout=_JOIN_TIMEOUT)

    def _find(self, job_id: str, *, wait: bool) -> Result | None:
        stored = None if self._store is None else self._store.find(job_id, wait=wait)
        return None if stored is None else self._watch_rows(job_id, stored)

    def _watch_rows(self, job_id: str, result: Result) -> Result:
        """The result, with somebody told when its rows turn out to be gone."""
        stored = result.rows

        def load(numbers: range) -> Iterator[bytes]:
            try:
                yield from stored.load(numbers)
            except IncompleteResultError:
                self._on_rows_lost(job_id, rows)
                raise

        rows = Rows(stored.counts, load)
        return replace(result, rows=rows)


def _not_stored_error(why: str) -> ConfigurationError:
    return ConfigurationError(f"The rows are complete but could not be stored: {why} Then refresh.")
