"""A job's state as a cell shows it."""

from __future__ import annotations

from typing import Final

from ..api.models import JobStatus
from ..errors import CELL_UNITS
from ..jobs.snapshot import Problem, Snapshot
from ..text import utf16_units

LOADING = "loading"
"""Before the first answer."""

STATUSES: Final = frozenset(
    (
        *(LOADING, JobStatus.PENDING, JobStatus.RUNNING, JobStatus.CANCELLING),
        *(JobStatus.CANCELLED, JobStatus.COMPLETED, JobStatus.FAILED),
    )
)
"""What a cell shows of a job and is easily given as one."""

RETRY_HINT = " It is tried again by itself."
"""What there is to do about a trouble that waiting can mend: nothing."""


_READING: Final = "its pages are still being read"


def status(snapshot: Snapshot) -> str:
    """The service's word whenever one is known, else what is in the way, else ``loading``."""
    if snapshot.status is not None:
        return str(snapshot.status)
    return _problem_text(snapshot.problem, settled=snapshot.settled) if snapshot.problem else LOADING


def no_rows_reason(snapshot: Snapshot) -> str:
    """What stands where a job has no companies to show."""
    word = (snapshot.status or "").lower()
    if word == "failed" and snapshot.problem:
        return snapshot.problem.error.cell_text
    if snapshot.final:
        return f"{word}: no companies"
    if snapshot.settled and snapshot.problem:
        return snapshot.problem.error.cell_text
    return f"{snapshot.status}: {_READING}" if snapshot.status and snapshot.status.terminal else status(snapshot)


def pending_reason(snapshot: Snapshot) -> str:
    """Why there may be more companies later; ``""`` where there will not."""
    if snapshot.final or snapshot.status is None:
        return ""
    if not snapshot.status.terminal:
        return f"the job is still {snapshot.status}"
    return "" if snapshot.settled else _READING


def excluded_reason(snapshot: Snapshot) -> str:
    """Why a job's companies are in no sum of several jobs; ``""`` where they are, or where there are none."""
    none_found = snapshot.final and (snapshot.status or "").lower() != "failed"
    return "" if len(snapshot.rows) or none_found else no_rows_reason(snapshot)


def _problem_text(problem: Problem, *, settled: bool) -> str:
    """What is in the way, and whether it needs anybody's doing."""
    said = problem.error.cell_text
    longer = said if settled or not problem.error.retryable else said + RETRY_HINT
    return longer if utf16_units(longer) <= CELL_UNITS else said
