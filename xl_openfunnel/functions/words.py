"""A job's state as a cell shows it."""

from __future__ import annotations

from ..errors import CELL_UNITS
from ..jobs.snapshot import Problem, Snapshot
from ..text import utf16_units

LOADING = "loading"
"""Before the first answer."""

TRIED_AGAIN = " It is tried again by itself."
"""What there is to do about a trouble that waiting can mend: nothing."""


def status(snapshot: Snapshot) -> str:
    """The service's word whenever one is known, else what is in the way, else ``loading``."""
    if snapshot.status is not None:
        return str(snapshot.status)
    return _trouble(snapshot.problem, settled=snapshot.settled) if snapshot.problem else LOADING


def why_no_rows(snapshot: Snapshot) -> str:
    """What stands where a job has no companies to show."""
    word = (snapshot.status or "").lower()
    if word == "failed" and snapshot.problem:
        return snapshot.problem.error.cell_text
    if snapshot.final:
        return f"{word}: no companies"
    if snapshot.settled and snapshot.problem:
        return snapshot.problem.error.cell_text
    return status(snapshot)


def _trouble(problem: Problem, *, settled: bool) -> str:
    """What is in the way, and whether it needs anybody's doing."""
    said = problem.error.cell_text
    longer = said if settled or not problem.error.waiting_helps else said + TRIED_AGAIN
    return longer if utf16_units(longer) <= CELL_UNITS else said
