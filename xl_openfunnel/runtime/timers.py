"""A heap of (deadline, job id) timers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator

from .clock import FOREVER

_MIN_COMPACT_SIZE = 256
"""Timers below which the heap is not compacted."""

Timer = tuple[float, str]
"""A deadline on the monotonic clock, and a job id."""


class TimerQueue:
    """Timers in the order of their deadlines.

    Timers are never cancelled: one that is no longer needed fires and does no harm. When too many of them pile up, the
    heap is rebuilt from those that are still needed.

    Args:
        needed: gives those; they may include superfluous ones, and deadlines of `FOREVER`.
    """

    def __init__(self, needed: Callable[[], Iterable[Timer]]) -> None:
        self._needed = needed
        self._heap: list[Timer] = []
        self._compact_size = _MIN_COMPACT_SIZE

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_deadline(self) -> float:
        """`FOREVER` where no timer is set."""
        return self._heap[0][0] if self._heap else FOREVER

    def set(self, deadline: float, job_id: str) -> None:
        """Have the job looked at then."""
        heapq.heappush(self._heap, (deadline, job_id))
        if len(self._heap) > self._compact_size:  # most are of waits that ended early
            needed = {(deadline, job_id), *self._needed()}
            self._heap = sorted(timer for timer in needed if timer[0] < FOREVER)
            self._compact_size = max(_MIN_COMPACT_SIZE, 2 * len(self._heap))

    def due(self, now: float) -> Iterator[str]:
        """Remove the timers that are due and yield their jobs, including those set during the iteration."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[1]
