"""The thread that reads and writes the store: one task at a time, each with a callback that is always called.

If the store fails, the rows that were read are still shown: a failure costs requests later, but no rows now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from ...api.models import Page
from ...errors import ConfigurationError, IncompleteResultError, OpenFunnelError
from ...log import CAUSE
from ...runtime.thread_pool import DaemonPool
from ..snapshot import Result, Rows, Snapshot
from .database import StoreBusyError
from .opening import JobStore, UnavailableStore

_log = logging.getLogger(__name__)

_JOIN_TIMEOUT = 5.0
"""Seconds that `close` waits for pending results to be stored."""


class StoreWorker:
    """A store, or none, and the thread that serves it.

    ``on_rows_lost`` is called with the job's id and its rows, on the thread that reads them, when stored rows are gone.
    """

    def __init__(self, store: JobStore | None, on_rows_lost: Callable[[str, Rows], None]) -> None:
        self._store = store
        self._on_rows_lost = on_rows_lost
        self._thread = DaemonPool("disk", 1)

    def find_nowait(self, job_id: str) -> Result | None:
        """The stored job, read on the caller's thread and without waiting.

        Raises:
            StoreBusyError: the store cannot be read without waiting.
        """
        try:
            return self._find(job_id, wait=False)
        except StoreBusyError:
            raise
        except Exception as error:
            _log.warning("the store could not be read: %s", error)
            return None

    def find(self, job_id: str, callback: Callable[[Result | None], None]) -> None:
        """Look the job up, waiting while the store is busy. ``callback`` gets None if it cannot be read."""

        def find() -> None:
            stored = None
            try:
                stored = self._find(job_id, wait=True)
            except Exception as error:
                _log.warning("the store could not be read: %s", error)
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
        """Store a complete result. ``callback`` gets it with its rows on disk, or as it was with the error.

        A result that is not complete is not stored, which is no error.
        """

        def save() -> None:
            saved, error = result, None
            if self._store is not None and result.complete:
                try:
                    saved = self._watch_rows(job_id, self._store.save(job_id, result, pages, key_fingerprint()))
                except Exception as cause:
                    why = self._store.explain(cause)
                    if not isinstance(self._store, UnavailableStore):  # which `open_store` has logged
                        _log.warning("job %s could not be stored: %s", job_id, cause, extra={CAUSE: why})
                    error = ConfigurationError(f"The rows are complete but could not be stored: {why} Then refresh.")
            callback(saved, error)

        self._thread.submit(save)

    def record(self, snapshot: Snapshot, now: datetime, *, is_current: Callable[[], bool]) -> None:
        """Write the job's status into the ledger, after more urgent tasks, if ``is_current`` still holds then."""
        store, status = self._store, snapshot.status
        if store is None or status is None:
            return

        # Recorded when the status changes: the number of rows of a running job would soon be outdated, and that of a
        # job that is still being downloaded must not replace the number of the result that is stored in between.
        row_count = len(snapshot.rows) if snapshot.final else None

        def write() -> None:
            if not is_current():
                return
            try:
                store.record(snapshot.job_id, status, row_count, snapshot.manifest, now)
            except Exception as error:
                why = store.explain(error)
                _log.warning("job %s could not be recorded: %s", snapshot.job_id, error, extra={CAUSE: why})

        self._thread.submit(write, kind="ledger")

    def remove(self, job_id: str, callback: Callable[[], None]) -> None:
        """Remove a job, after pending tasks for it."""

        def remove() -> None:
            try:
                if self._store is not None:
                    self._store.forget(job_id)
            except Exception as error:
                _log.warning("job %s could not be removed from the store: %s", job_id, error)
            callback()

        self._thread.submit(remove)

    def close(self) -> None:
        """End after all pending tasks."""
        self._thread.close(finish=True, timeout=_JOIN_TIMEOUT)

    def _find(self, job_id: str, *, wait: bool) -> Result | None:
        stored = None if self._store is None else self._store.find(job_id, wait=wait)
        return None if stored is None else self._watch_rows(job_id, stored)

    def _watch_rows(self, job_id: str, result: Result) -> Result:
        """The result, with rows that call ``on_rows_lost`` when they turn out to be gone."""
        stored = result.rows

        def load(numbers: range) -> Iterator[bytes]:
            try:
                yield from stored.load(numbers)
            except IncompleteResultError:
                self._on_rows_lost(job_id, rows)
                raise

        rows = Rows(stored.counts, load, content=stored.content)
        return replace(result, rows=rows)
