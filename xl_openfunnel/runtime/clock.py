"""Time as an argument: the clock that fetchers, hosts and their tests share."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

FOREVER = float("inf")
"""A time on the monotonic clock that never comes."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Inbox(Protocol[T_co]):
    """The events of an `EventLoop`, as far as a clock waits for them."""

    def take(self, seconds: float | None) -> T_co | None:
        """The next event; None if none arrives within ``seconds`` (None: no limit)."""

    def when_handled(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` on the loop's thread once all events posted before are handled."""


class Clock(Protocol):
    """A monotonic clock, the time of day, and ways to wait. Tests pass one whose time they move themselves."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def utcnow(self) -> datetime:
        """Now, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for so many seconds."""

    def receive(self, inbox: Inbox[T], seconds: float | None) -> T | None:
        """The next event of ``inbox``; None once ``seconds`` have passed (None: no limit)."""


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def utcnow(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def receive(self, inbox: Inbox[T], seconds: float | None) -> T | None:
        return inbox.take(seconds)
