"""Several jobs as one: their rows one below the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..api.models import JobStatus
from ..cell_values import to_cell, to_text
from ..errors import IncompleteResultError
from .snapshot import Problem, Rows, Snapshot
from .waiting import naming_job, with_message

if TYPE_CHECKING:
    import pandas as pd

    from ..selection import Selection


def stacked_frame(
    snapshots: Sequence[Snapshot], columns: Sequence[str] | str | None = None, selection: Selection | None = None
) -> pd.DataFrame:
    """The companies of several jobs below each other, after a column with the id of their job.

    The columns are as of `Snapshot.frame`, but ``job_id`` is always the first. So are the frame's ``attrs``, each a
    list with a value per job.

    Raises:
        UnknownColumnError: a name that none of the jobs has.
    """
    frame = dataclasses.replace(stacked_snapshot(snapshots), selection=selection).frame(columns)
    attributes = [snapshot.attributes() for snapshot in snapshots]
    frame.attrs = {name: [each[name] for each in attributes] for name in attributes[0]}
    return frame


def stacked_snapshot(snapshots: Sequence[Snapshot]) -> Snapshot:
    """One snapshot that sums up several jobs, with the rows of all, for files.

    Its texts and lists are those that all jobs share, else each with its job before it. Numbers are added where all
    jobs state them. A flag holds if it holds for one of the jobs, and does not if all jobs say so. ``as_of`` is the
    oldest, and the problem tells those of all. Its frame begins with the column ``job_id``.
    """
    times = [snapshot.as_of for snapshot in snapshots if snapshot.as_of is not None]
    sources = {snapshot.source for snapshot in snapshots}
    return Snapshot(
        "; ".join(snapshot.job_id for snapshot in snapshots),
        status=JobStatus("; ".join(dict.fromkeys(str(snapshot.status or "unknown") for snapshot in snapshots))),
        processed=sum(snapshot.processed or 0 for snapshot in snapshots),
        pages=sum(snapshot.pages for snapshot in snapshots),
        manifest={
            name: _sum(name, [(each.job_id, (each.manifest or {}).get(name)) for each in snapshots])
            for name in dict.fromkeys(name for snapshot in snapshots for name in snapshot.manifest or {})
        },
        rows=_stacked_rows(snapshots),
        provisional=any(snapshot.provisional for snapshot in snapshots),
        final=all(snapshot.final for snapshot in snapshots),
        settled=all(snapshot.settled for snapshot in snapshots),
        source=sources.pop() if len(sources) == 1 else None,
        as_of=min(times, default=None),
        problem=_problem_of_all(snapshots),
        warnings=tuple(f"{snapshot.job_id}: {text}" for snapshot in snapshots for text in snapshot.warnings),
    )


def _problem_of_all(snapshots: Sequence[Snapshot]) -> Problem | None:
    """One problem with the messages of all; that rows are missing counts most."""
    problems = [snapshot.problem for snapshot in snapshots if snapshot.problem]
    if not problems:
        return None
    errors = [naming_job(each.problem.error, each.job_id) for each in snapshots if each.problem]
    first = next((each for each in errors if isinstance(each, IncompleteResultError)), errors[0])
    error = with_message(first, " ".join(each.message for each in errors))
    return Problem(error, min(problem.since for problem in problems))


def _stacked_rows(snapshots: Sequence[Snapshot]) -> Rows:
    """The rows of several jobs, one job after the other."""
    each_rows = [snapshot.rows for snapshot in snapshots]

    def load(numbers: range) -> Iterable[bytes]:
        first = 0
        for rows in each_rows:
            last = first + len(rows.counts)
            if wanted := range(max(numbers.start, first) - first, min(numbers.stop, last) - first):
                yield from rows.load(wanted)
            first = last

    counts = [count for rows in each_rows for count in rows.counts]
    return Rows(counts, load, [(snapshot.job_id, len(snapshot.rows)) for snapshot in snapshots])


def _sum(name: str, values: Sequence[tuple[str, Any]]) -> Any:
    """One value of the manifests, each given with its job."""
    known = [value for _, value in values if value is not None]
    is_known_of_all = len(known) == len(values)
    if known and all(isinstance(value, bool) for value in known):
        return any(known) or (False if is_known_of_all else None)
    if known and name != "page_size" and all(isinstance(value, (int, float)) for value in known):
        return sum(known) if is_known_of_all else None
    if is_known_of_all and all(value == known[0] for value in known):
        return known[0]
    return "; ".join(f"{job}: {to_text(to_cell(value))}" for job, value in values if value not in (None, [])) or None
