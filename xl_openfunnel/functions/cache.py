"""What was made of jobs' rows and is wanted again: one memory for all functions, bounded by the cells it holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from ..errors import ConfigurationError
from ..jobs.snapshot import Rows

MAX_CELLS: Final = 2_000_000
"""Cells that are kept. Three columns looked up in each of 20 jobs of 10,000 rows are 1.2 million; a value takes some
100 bytes, that of a long text more, so that a workbook of that size costs its computer 200 MB and not the whole."""

T = TypeVar("T")

_Key = tuple[Hashable, tuple[str, ...]]


@dataclass(frozen=True)
class _Entry(Generic[T]):
    """Something, or why it was refused."""

    value: T | ConfigurationError
    cells: int


@dataclass(frozen=True)
class _Job:
    """The rows of a job from which something was made, and the keys of all that was."""

    rows: Rows
    keys: set[_Key] = field(default_factory=set)


class DerivedCache:
    """Keeps what was used last, and of a job nothing that was made of other rows than its present ones.

    May be used by several threads; none waits while another makes something.

    Args:
        most: cells to keep. What was made last is kept, however large.
    """

    def __init__(self, max_cells: int = MAX_CELLS) -> None:
        self._max_cells = max_cells
        self._lock = threading.Lock()
        self._entries: OrderedDict[_Key, _Entry[Any]] = OrderedDict()
        self._jobs: dict[str, _Job] = {}
        self.cells = 0

    def get_or_make(
        self, what: Hashable, of: Mapping[str, Rows], make: Callable[[], T], cells: Callable[[T], int]
    ) -> T:
        """What was made of these rows, or is made now.

        Args:
            what: what it is, apart from the rows.
            of: the rows by job, in the order that matters.
            make: makes it.
            cells: how many cells it is counted as.

        Raises:
            ConfigurationError: what is asked of these rows is refused, which is remembered too.
            Exception: whatever else ``make`` raises.
        """
        key = what, tuple(of)
        with self._lock:
            self._evict_other_rows(of)
            if (held := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
                found: _Entry[T] = held
                return _given(found)
        made = _make(make, cells)
        with self._lock:
            self._evict_other_rows(of)  # another thread may have made something of others meanwhile
            self._evict(key)
            self._entries[key] = made
            self.cells += made.cells
            for job_id, rows in of.items():
                self._jobs.setdefault(job_id, _Job(rows)).keys.add(key)
            while self.cells > self._max_cells and len(self._entries) > 1:
                self._evict(next(iter(self._entries)))
        return _given(made)

    def _evict_other_rows(self, of: Mapping[str, Rows]) -> None:
        for job_id, rows in of.items():
            held = self._jobs.get(job_id)
            if held is not None and held.rows is not rows:
                for key in tuple(held.keys):
                    self._evict(key)

    def _evict(self, key: _Key) -> None:
        made = self._entries.pop(key, None)
        if made is None:
            return
        self.cells -= made.cells
        for job_id in key[1]:
            keys = self._jobs[job_id].keys
            keys.discard(key)
            if not keys:
                del self._jobs[job_id]


def _make(make: Callable[[], T], cells: Callable[[T], int]) -> _Entry[T]:
    try:
        value = make()
    except ConfigurationError as refusal:
        return _Entry(refusal.with_traceback(None), 1)
    return _Entry(value, cells(value))


def _given(made: _Entry[T]) -> T:
    if isinstance(made.value, ConfigurationError):
        raise type(made.value)(made.value.message)  # another one each time: whoever raises one adds to it
    return made.value
