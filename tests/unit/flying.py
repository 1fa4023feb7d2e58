"""Time for tests: it flies where nothing is under way and somebody waits, and nobody sleeps."""

from __future__ import annotations

import queue
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from xl_openfunnel import Fetcher
from xl_openfunnel.runtime.clock import LoopEvent
from xl_openfunnel.simulator import ManualClock

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class FlyingClock:
    """A fetcher's clock that jumps to the next alarm as soon as no answer is outstanding, if it is `awaited`.

    It shares its time with a simulator through ``time``. It flies no further than ``limit``; `allow` moves that.
    """

    def __init__(self, time: ManualClock, limit: float = float("inf")) -> None:
        self.time = time
        self.start = time()
        self.limit = self.start + limit
        self.busy: Callable[[], bool] = lambda: False
        self.awaited: Callable[[], bool] = lambda: True
        self._inbox: queue.SimpleQueue[LoopEvent] | None = None

    def of(self, fetcher: Fetcher) -> Fetcher:
        """Have it fly for this fetcher only while somebody waits for a job of its."""
        self.busy = lambda: fetcher.busy
        self.awaited = lambda: any(tracked.waiters for tracked in fetcher._scheduler._tracked.values())
        return fetcher

    def monotonic(self) -> float:
        return self.time()

    def utcnow(self) -> datetime:
        return EPOCH + timedelta(seconds=self.time() - self.start)

    def receive(self, inbox: queue.SimpleQueue[LoopEvent], seconds: float | None) -> LoopEvent:
        self._inbox = inbox
        try:
            return inbox.get_nowait()
        except queue.Empty:
            pass
        left = self.limit - self.time()
        if seconds is None or self.busy() or not self.awaited() or left <= 0:
            return inbox.get()
        self.time.sleep(min(seconds, left))
        return None

    def allow(self, seconds: float) -> None:
        """Let so many seconds more pass."""
        self.limit = max(self.time(), min(self.limit, self.time() + 1e9)) + seconds
        if self._inbox is not None:
            self._inbox.put(lambda: None)
