"""When something is to be done for which job."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator

from .clock import FOREVER

_FEW = 256
"""Alarms that are kept whether anybody still needs them or not."""

Timer = tuple[float, str]
"""A moment of the steady clock, and a job."""


class TimerQueue:
    """Alarms in the order of their time.

    One that nobody needs any more is not taken back; when there are many they are made anew from those that are needed.

    Args:
        needed: those that are; some may be of no use, and some `FOREVER`.
    """

    def __init__(self, needed: Callable[[], Iterable[Timer]]) -> None:
        self._needed = needed
        self._heap: list[Timer] = []
        self._crowded = _FEW

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def soonest(self) -> float:
        """When the next one is due; `FOREVER` where there is none."""
        return self._heap[0][0] if self._heap else FOREVER

    def set(self, at: float, job_id: str) -> None:
        """Something is to be done for a job at that moment."""
        heapq.heappush(self._heap, (at, job_id))
        if len(self._heap) > self._crowded:  # most of them are of waits that ended before their time
            needed = {(at, job_id), *self._needed()}
            self._heap = sorted(alarm for alarm in needed if alarm[0] < FOREVER)
            self._crowded = max(_FEW, 2 * len(self._heap))

    def due(self, now: float) -> Iterator[str]:
        """The jobs whose time has come; what is set meanwhile is among them if it is due."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[1]
