"""Makes the files of final jobs on a thread of its own, and removes those of jobs that are forgotten."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from ..errors import IncompleteResultError
from ..jobs.snapshot import Result, Rows
from ..jobs.store.opening import JobStore
from ..jobs.store.store import Store
from ..runtime.background import in_background
from ..runtime.thread_pool import DaemonPool
from .connection import is_ending
from .folder import ColumnFolder
from .schema import IrregularError

_log = logging.getLogger(__name__)

_RETRY: Final = 60.0
"""Seconds before a file that could not be written, as on a full disk, is tried again."""

_PAUSE: Final = 1.0
"""Seconds: a frame of a job that was just fetched, or a block of cells, is made in less."""

_JOIN_TIMEOUT: Final = 1.0
"""Seconds that `close` gives the file that is being made: one of 10,000 companies takes a fifth of that."""


class ColumnMaker:
    """The columns of the jobs in a store, whose hooks are set. Makes a file for each job that it saves from now on.

    The files of saved jobs are made once none was saved for ``pause`` seconds.
    """

    def __init__(
        self,
        store: Store,
        folder: ColumnFolder,
        monotonic: Callable[[], float] = time.monotonic,
        pause: float = _PAUSE,
    ) -> None:
        self.folder = folder
        self._store = store
        self._monotonic = monotonic
        self._pause = pause
        self._saved_at = -pause
        self._closing = threading.Event()
        self._thread = DaemonPool("columns", 1)
        self._lock = threading.Lock()
        self._waiting: set[tuple[str, str]] = set()
        self._failed: dict[tuple[str, str], float] = {}
        store.on_saved, store.on_forgotten, store.on_close = self._saved, self._forgotten, self.close
        # Those that a process left that ended, or had no hooks, when it forgot jobs.
        self._thread.submit(lambda: folder.keep_only(store.stored))

    def find(self, job_id: str, rows: Rows, as_of: datetime | None) -> Path | None:
        """The job's file, checked when first found; None where there is none: for stored rows it is made soon."""
        if rows.content is None:
            return None
        path = self.folder.find(job_id, rows.content)
        if path is None:
            self.make_soon(job_id, rows, as_of)
        return path

    def make_soon(self, job_id: str, rows: Rows, as_of: datetime | None) -> None:
        """Make the job's file in the background, unless that was found to be in vain."""
        if rows.content is None or self.folder.is_irregular(job_id, rows.content):
            return
        key = job_id, rows.content
        with self._lock:
            if key in self._waiting or self._failed.get(key, 0.0) > self._monotonic():
                return
            self._waiting.add(key)
        self._thread.submit(lambda: self._make(key, rows, as_of))

    def close(self) -> None:
        """Drop the files that are waiting to be made."""
        self._closing.set()
        self._thread.close(finish=False, timeout=_JOIN_TIMEOUT)

    def _make(self, key: tuple[str, str], rows: Rows, as_of: datetime | None) -> None:
        job_id, content = key
        try:
            with in_background():
                self.folder.make(job_id, rows, as_of)
            # Asked after the file has its name: forgetting the job later finds the file.
            stored = self._store.find(job_id)
            if stored is None or stored.rows.content != content:
                self.folder.forget(job_id)
        except IrregularError as error:
            _log.info("job %s has no columns, because of %s", job_id, error)
        except IncompleteResultError:
            _log.debug("job %s was forgotten or replaced before it had columns", job_id)
        except Exception as error:  # a full disk, a DuckDB that does not load
            with self._lock:
                self._failed[key] = self._monotonic() + _RETRY
            # At the end of the process that is no failure: the next one that asks makes them.
            ends = self._closing.is_set() or is_ending()
            _log.log(logging.DEBUG if ends else logging.WARNING, "no columns of job %s: %s", job_id, error)
        finally:
            with self._lock:
                self._waiting.discard(key)

    def _saved(self, job_id: str, result: Result) -> None:
        self._saved_at = self._monotonic()
        self._thread.submit(self._wait_for_quiet)
        self.make_soon(job_id, result.rows, result.as_of)

    def _wait_for_quiet(self) -> None:
        """Leave the processor to those who fetch and wait for the companies that were just saved."""
        while (seconds := self._saved_at + self._pause - self._monotonic()) > 0 and not self._closing.wait(seconds):
            pass

    def _forgotten(self, job_id: str | None) -> None:
        if job_id is None:
            self.folder.forget_all()
        else:
            self.folder.forget(job_id)


def connect(store: JobStore | None) -> ColumnMaker | None:
    """Have columns made of the jobs that the store saves, beside it. None without a store."""
    return ColumnMaker(store, ColumnFolder.beside(store.path, store.origin)) if isinstance(store, Store) else None
