"""How many requests the plan needs at the most: bounds that follow from its intervals, and from what fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from xl_openfunnel.simulator import Fault

SHORTEST: Final = 2.0
"""Seconds between polls at the least."""

LONGEST: Final = 15.0
"""Seconds between polls where nothing moves."""

GROWING: Final = 4
"""Polls between those two: 2, 3, 4.5, 6.75, 10.1 seconds."""

TRIES: Final = 8
"""Of what fails, until they are a minute apart."""

MINUTE: Final = 60.0


@dataclass(frozen=True)
class Passed:
    """What passed for a job: seconds before so many seats, and its pages and rows; whether it still runs."""

    seconds: float
    seats: int
    pages: int
    rows: int
    runs: bool


def polls(passed: Passed, faults: Iterable[Fault]) -> float:
    """Polls of the job: in its intervals, which start over when it moves, by a company or a page."""
    moves = 2 * passed.rows
    in_time = min(passed.seconds / SHORTEST, passed.seconds / LONGEST + moves * GROWING)
    hits = sum(fault.times or TRIES for fault in faults)
    return passed.seats * (1 + TRIES + in_time) + hits


def requests(passed: Passed, polls: int) -> float:
    """Requests with so many polls.

    While it runs, each reads the first page, the last one held and at the most one that a lie names; and each new page
    is read once. Where it may be over, each may be the beginning of the end, whose pages may fail.
    """
    if passed.runs:
        return 3 * polls + passed.seats * passed.pages
    return polls * (passed.pages + 1) + passed.seats * passed.pages * (TRIES + passed.seconds / MINUTE)
