"""A clock for tests that jumps from timer to timer, so that no test sleeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from xl_openfunnel import Fetcher
from xl_openfunnel.runtime.clock import Inbox, T
from xl_openfunnel.simulator import ManualClock

_ZERO = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=ManualClock()())


def time_of_day(time: ManualClock) -> datetime:
    """The date and time at this moment: no clock that shares `time` is ever behind another."""
    return _ZERO + timedelta(seconds=time())


class FlyingClock:
    """A fetcher's clock that jumps to the next timer as soon as the fetcher is not busy and a thread waits for a job.

    It shares its time with a simulator through ``time``. It jumps no further than ``limit``; `allow` moves that.
    """

    def __init__(self, time: ManualClock, limit: float = float("inf")) -> None:
        self.time = time
        self.start = time()
        self.limit = self.start + limit
        self.busy: Callable[[], bool] = lambda: False
        self.has_waiters: Callable[[], bool] = lambda: True
        self._inbox: Inbox[Any] | None = None

    def of(self, fetcher: Fetcher) -> Fetcher:
        """Jump for this fetcher, and only while a thread waits for a job of it."""
        self.busy = lambda: fetcher.busy
        self.has_waiters = lambda: any(tracked.waiters for tracked in fetcher._scheduler._jobs)
        return fetcher

    def monotonic(self) -> float:
        return self.time()

    def utcnow(self) -> datetime:
        return time_of_day(self.time)

    def sleep(self, seconds: float) -> None:
        self.time.sleep(seconds)

    def receive(self, inbox: Inbox[T], seconds: float | None) -> T | None:
        self._inbox = inbox
        if (event := inbox.take(0.0)) is not None:
            return event
        left = self.limit - self.time()
        if seconds is None or self.busy() or not self.has_waiters() or left <= 0:
            return inbox.take(None)
        self.time.sleep(min(seconds, left))
        return None

    def allow(self, seconds: float) -> None:
        """Let so many seconds more pass."""
        self.limit = max(self.time(), min(self.limit, self.time() + 1e9)) + seconds
        if self._inbox is not None:
            self._inbox.when_handled(lambda: None)
