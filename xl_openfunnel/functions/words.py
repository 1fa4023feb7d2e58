"""A job's state as a cell shows it."""

from __future__ import annotations

from ..jobs.snapshot import Snapshot

LOADING = "loading"
"""Before the first answer."""


def status(snapshot: Snapshot) -> str:
    """The service's word whenever one is known, else what is in the way, else ``loading``."""
    if snapshot.status is not None:
        return str(snapshot.status)
    return snapshot.problem.error.cell_text if snapshot.problem else LOADING


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
