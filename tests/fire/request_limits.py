"""How many requests a fetcher may send: limits that follow from its intervals, and from the faults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from xl_openfunnel.simulator import Fault

MIN_INTERVAL: Final = 2.0
"""Minimum seconds between polls."""

MAX_INTERVAL: Final = 15.0
"""Seconds between polls while nothing changes."""

BACKOFF_POLLS: Final = 4
"""Polls until the interval has grown from one to the other: 2, 3, 4.5, 6.75, 10.1 seconds."""

MAX_TRIES: Final = 8
"""Tries of a failing request until they are a minute apart."""

MINUTE: Final = 60.0


@dataclass(frozen=True)
class Elapsed:
    """Seconds that passed for a job in so many processes; its pages and rows; whether it is still running."""

    seconds: float
    processes: int
    pages: int
    rows: int
    running: bool


def max_polls(elapsed: Elapsed, faults: Iterable[Fault]) -> float:
    """Polls of the job: its intervals start over with each new company or page."""
    changes = 2 * elapsed.rows
    in_time = min(elapsed.seconds / MIN_INTERVAL, elapsed.seconds / MAX_INTERVAL + changes * BACKOFF_POLLS)
    failures = sum(fault.times or MAX_TRIES for fault in faults)
    return elapsed.processes * (1 + MAX_TRIES + in_time) + failures


def max_requests(elapsed: Elapsed, polls: int) -> float:
    """Requests that come with so many polls.

    While the job is running, a poll reads the first page, the last one known and at most one that a wrong cursor names;
    each new page is read once. When the job may be over, each poll may start the final download, whose pages may fail.
    """
    if elapsed.running:
        return 3 * polls + elapsed.processes * elapsed.pages
    return polls * (elapsed.pages + 1) + elapsed.processes * elapsed.pages * (MAX_TRIES + elapsed.seconds / MINUTE)
