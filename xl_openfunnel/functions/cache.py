"""A cache of what was made from jobs' rows, bounded by the number of cells it holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from ..errors import ConfigurationError
from ..jobs.snapshot import Rows
from . import limits

MAX_CELLS: Final = 2_000_000
"""The default bound. Three columns looked up in each of 20 jobs of 10,000 rows are 1.2 million cells; a value takes
some 100 bytes, a long text more, so that a workbook of that size takes 200 MB and not all of the memory."""

T = TypeVar("T")

_Key = tuple[Hashable, tuple[str, ...]]


@dataclass(frozen=True)
class _Entry(Generic[T]):
    """A value, or why it was refused."""

    value: T | ConfigurationError
    cells: int


@dataclass(frozen=True)
class _Job:
    """The rows of a job that the entries with these keys were made from."""

    rows: Rows
    keys: set[_Key] = field(default_factory=set)


class DerivedCache:
    """Least recently used entries go first, and entries made from a job's older rows as soon as it has newer ones.

    Safe for several threads; none waits while another makes a value.

    Args:
        max_cells: the bound. The value that was made last is kept, however large.
    """

    def __init__(self, max_cells: int = MAX_CELLS) -> None:
        self._max_cells = max_cells
        self._lock = threading.Lock()
        self._entries: OrderedDict[_Key, _Entry[Any]] = OrderedDict()
        self._jobs: dict[str, _Job] = {}
        self.cells = 0

    def get_or_make(
        self,
        what: Hashable,
        rows_by_job: Mapping[str, Rows],
        make: Callable[[], T],
        cells: Callable[[T], int],
        *,
        slow: bool = False,
    ) -> T:
        """The cached value for these rows, or a new one.

        Args:
            what: identifies the value, apart from the rows.
            rows_by_job: the rows it is made from, in an order that matters.
            make: makes it.
            cells: the number of cells it counts as.
            slow: whether that takes long however few the rows are.

        Raises:
            ConfigurationError: ``make`` raised it, now or the last time: a refusal is cached too.
            TakesLongError: it is not cached, and may take longer than the calling cell waits.
            Exception: anything else that ``make`` raises.
        """
        key = what, tuple(rows_by_job)
        with self._lock:
            self._evict_other_rows(rows_by_job)
            cached: _Entry[T] | None = self._entries.get(key)
            if cached is not None:
                self._entries.move_to_end(key)
                return _value_of(cached)
        limits.count_table(rows_by_job.values(), slow=slow)
        entry = _make_entry(make, cells)
        with self._lock:
            self._evict_other_rows(rows_by_job)  # another thread may have added an entry for other rows
            self._evict(key)
            self._entries[key] = entry
            self.cells += entry.cells
            for job_id, rows in rows_by_job.items():
                self._jobs.setdefault(job_id, _Job(rows)).keys.add(key)
            while self.cells > self._max_cells and len(self._entries) > 1:
                self._evict(next(iter(self._entries)))
        return _value_of(entry)

    def _evict_other_rows(self, rows_by_job: Mapping[str, Rows]) -> None:
        for job_id, rows in rows_by_job.items():
            job = self._jobs.get(job_id)
            if job is not None and job.rows is not rows:
                for key in tuple(job.keys):
                    self._evict(key)

    def _evict(self, key: _Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.cells -= entry.cells
        for job_id in key[1]:
            keys = self._jobs[job_id].keys
            keys.discard(key)
            if not keys:
                del self._jobs[job_id]


def _make_entry(make: Callable[[], T], cells: Callable[[T], int]) -> _Entry[T]:
    try:
        value = make()
    except ConfigurationError as error:
        return _Entry(error.with_traceback(None), 1)
    return _Entry(value, cells(value))


def _value_of(entry: _Entry[T]) -> T:
    if isinstance(entry.value, ConfigurationError):
        raise type(entry.value)(entry.value.message)  # a new error each time: raising one adds to its traceback
    return entry.value
