"""Clocks whose time tests move themselves."""

from __future__ import annotations

from datetime import UTC, datetime

from xl_openfunnel.runtime.clock import Inbox, T


class FrozenClock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def utcnow(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits here")

    def receive(self, inbox: Inbox[T], seconds: float | None) -> T | None:
        raise AssertionError("nothing waits here")


class JumpingClock(FrozenClock):
    """A clock that jumps ahead instead of waiting."""

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def receive(self, inbox: Inbox[T], seconds: float | None) -> T | None:
        if (event := inbox.take(0.0)) is not None:
            return event
        assert seconds is not None, "nothing would ever happen again"
        self.now += seconds
        return None
