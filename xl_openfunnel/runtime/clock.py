"""Time as an argument: what the fetcher knows of clocks and waiting."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

FOREVER = float("inf")
"""A moment of the steady clock that never comes."""

LoopEvent = Callable[[], None] | None


class Clock(Protocol):
    """Two clocks, and a way to wait for a message or for a moment, whichever comes first."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def utcnow(self) -> datetime:
        """Now, aware, in UTC."""

    def receive(self, inbox: queue.SimpleQueue[LoopEvent], seconds: float | None) -> LoopEvent:
        """What to do next, or None once ``seconds`` have passed (None: no limit)."""


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """Seconds of `time.monotonic`."""
        return time.monotonic()

    def utcnow(self) -> datetime:
        """The system's time, aware, in UTC."""
        return datetime.now(UTC)

    def receive(self, inbox: queue.SimpleQueue[LoopEvent], seconds: float | None) -> LoopEvent:
        """Wait on the queue itself."""
        try:
            return inbox.get(timeout=seconds)
        except queue.Empty:
            return None
