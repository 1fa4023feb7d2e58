"""How long a call may go on: in a cell only while it is surely quick, elsewhere until no cell wants its result.

The limits belong to the thread, so that no function has to pass them on: tables are asked for through `DerivedCache`,
which counts them here.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from ..errors import ConfigurationError
from ..jobs.snapshot import Rows
from ..runtime.background import keep_python

MAX_JOBS: Final = 10
"""Jobs that a cell looks up in the store at once. Each takes 0.1 ms, and up to 3 ms while other threads calculate."""

MAX_ENTRIES: Final = 300
"""Entries of the list of jobs that a cell reads at once: each takes up to 20 microseconds."""

MAX_ROWS: Final = 500
"""Rows that a cell decodes at once: they take 5 to 8 ms, and must not take 50 on a slow computer."""

MAX_BYTES: Final = 1_000_000
"""Bytes of JSON that a cell decodes at once: 500 rows of the usual size."""

MAX_READ_CELLS: Final = 1_000
"""Cells of the sheet in which a cell looks for domains at once, which takes 12 ms."""

MAX_COPIED_ROWS: Final = 10_000
"""Finished rows that a cell puts into one block at once, which takes 2 to 3 ms."""


class LimitError(Exception):
    """A call that has gone on for too long. No cell shows this: it is caught by what has set the limit."""


class TakesLongError(LimitError):
    """What a cell asks for is not surely quick.

    Attributes:
        looked_up: whether all jobs were looked up before, so that only the calculation is left.
    """

    def __init__(self, *, looked_up: bool) -> None:
        super().__init__()
        self.looked_up = looked_up


class GivenUpError(LimitError):
    """No cell wants the result any more."""


@dataclass
class _AtOnce:
    """What a call has done so far."""

    jobs: int = 0
    rows: int = 0
    size: int = 0


_at_once: Final[ContextVar[_AtOnce | None]] = ContextVar("at_once", default=None)


def check_count(count: int, limit: int) -> None:
    """Refuse so many companies, before any is read.

    Raises:
        ConfigurationError: they are more.
    """
    if count > limit:
        raise ConfigurationError(
            f"These jobs have {count:,} companies, and one formula takes {limit:,} at most. Give it fewer jobs, or "
            "write files: in a terminal, xl-openfunnel rows JOB -o FILE.xlsx."
        )


@contextmanager
def at_once() -> Iterator[None]:
    """Within this, a call that is not surely quick raises a `TakesLongError`."""
    token = _at_once.set(_AtOnce())
    try:
        yield
    finally:
        _at_once.reset(token)
        keep_python(keep=False)


def count_jobs(count: int) -> None:
    """So many jobs are about to be looked up in the store.

    Raises:
        TakesLongError: with those before, they are too many.
    """
    if (done := _at_once.get()) is None:
        return
    keep_python(keep=False)  # to read, a thread gives Python away, and wants it back soon
    done.jobs += count
    if done.jobs > MAX_JOBS:
        raise TakesLongError(looked_up=False)


def has_read() -> None:
    """The call has read what it needs of the store, unless `count_jobs` says more: the rest is calculated."""
    if _at_once.get() is not None:
        keep_python(keep=True)


def count_entries(known: Collection[object] | None) -> None:
    """The list of jobs is about to be read; of its entries those ``known`` from the last time, None before the first.

    Raises:
        TakesLongError: they are too many, or it is not known how many.
    """
    if _at_once.get() is not None and (known is None or len(known) > MAX_ENTRIES):
        raise TakesLongError(looked_up=False)


def count_table(rows: Iterable[Rows], *, slow: bool = False) -> None:
    """A table is about to be made of these rows; ``slow`` where that takes long however few they are.

    Raises:
        TakesLongError: it takes long, pandas is not loaded yet, rows come from the disk, or they are too many.
    """
    if (done := _at_once.get()) is None:
        return
    if slow or not tables_loaded():
        raise TakesLongError(looked_up=True)
    for each in rows:
        if len(each):
            if each.size is None:
                raise TakesLongError(looked_up=True)
            done.rows += len(each)
            done.size += each.size
    if done.rows > MAX_ROWS or done.size > MAX_BYTES:
        raise TakesLongError(looked_up=True)


def count_copied(rows: int) -> None:
    """So many finished rows are about to be put into one block.

    Raises:
        TakesLongError: they are too many.
    """
    if _at_once.get() is not None and rows > MAX_COPIED_ROWS:
        raise TakesLongError(looked_up=True)


def count_read(cells: int, *, slow: bool = False, looked_up: bool = False) -> None:
    """So many cells of the sheet are about to be read; ``slow`` where that takes long however few they are.

    Raises:
        TakesLongError: they are too many.
    """
    if _at_once.get() is not None and (slow or cells > MAX_READ_CELLS):
        raise TakesLongError(looked_up=looked_up)


def tables_loaded() -> bool:
    """Whether `table`, and pandas with it, is loaded: a module is there before all of it has run."""
    module = sys.modules.get(f"{__package__.rpartition('.')[0]}.table")
    return module is not None and not getattr(module.__spec__, "_initializing", False)


class Cancellation:
    """Ends one calculation from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._interrupts: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Have the calculation raise a `GivenUpError` soon."""
        with self._lock:
            self._cancelled = True
            interrupts = list(self._interrupts)
        for interrupt in interrupts:
            with suppress(Exception):  # what it interrupts has just ended
                interrupt()

    def check(self) -> None:
        """Called between two parts of a calculation.

        Raises:
            GivenUpError: it was cancelled.
        """
        if self._cancelled:
            raise GivenUpError

    @contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Within this, `cancel` calls ``interrupt``, on another thread, and any error then is a `GivenUpError`."""
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        except Exception as error:
            if self._cancelled:
                raise GivenUpError from error
            raise
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)


_cancellation: Final[ContextVar[Cancellation | None]] = ContextVar("cancellation", default=None)


def cancellation() -> Cancellation:
    """That of the calculation on this thread; elsewhere one that is never cancelled."""
    return _cancellation.get() or Cancellation()


@contextmanager
def until(cancelled: Cancellation) -> Iterator[None]:
    """Within this, on this thread, `cancellation` is the given one."""
    token = _cancellation.set(cancelled)
    try:
        yield
    finally:
        _cancellation.reset(token)
