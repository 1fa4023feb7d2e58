"""Clocks that are the test's."""

from __future__ import annotations

import contextlib
import queue
from datetime import UTC, datetime

from xl_openfunnel.runtime.clock import LoopEvent


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def utcnow(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def receive(self, inbox: queue.SimpleQueue[LoopEvent], seconds: float | None) -> LoopEvent:
        raise AssertionError("nobody waits here")


class Passing(Time):
    """A clock that goes on by whatever somebody waits."""

    def receive(self, inbox: queue.SimpleQueue[LoopEvent], seconds: float | None) -> LoopEvent:
        with contextlib.suppress(queue.Empty):
            return inbox.get_nowait()
        assert seconds is not None, "nobody would ever go on"
        self.now += seconds
        return None
