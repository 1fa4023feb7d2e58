"""Time that passes only when a test says so."""

from __future__ import annotations

import threading


class ManualClock:
    """A clock to give to `Simulator` and to whatever is tested against it.

    Calling it tells the time. Its `sleep` takes no time: it moves the clock on.
    """

    def __init__(self, now: float = 1_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """The time in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on by so many seconds."""
        with self._lock:
            self._now += seconds
