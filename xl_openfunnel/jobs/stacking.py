"""Several jobs as one: their rows one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..api.models import JobStatus
from .snapshot import Rows, Snapshot

if TYPE_CHECKING:
    import pandas as pd


def stacked_frame(snapshots: Sequence[Snapshot], columns: Sequence[str] | str | None = None) -> pd.DataFrame:
    """The companies of several jobs below each other, after a column with the id of their job.

    Args:
        snapshots: the jobs.
        columns: as of `Snapshot.frame`; ``job_id`` is always the first.

    Returns:
        A frame whose ``attrs`` are those of `Snapshot.frame`, each a list with a value per job.

    Raises:
        UnknownColumnError: a name that none of the jobs has.
    """
    frame = stacked_snapshot(snapshots).frame(columns)
    attributes = [snapshot.attributes() for snapshot in snapshots]
    frame.attrs = {name: [each[name] for each in attributes] for name in attributes[0]}
    return frame


def stacked_snapshot(snapshots: Sequence[Snapshot]) -> Snapshot:
    """One snapshot that sums up several jobs, with the rows of all, for files.

    Its texts are those of the jobs, joined with ``; ``, numbers are added, and flags hold if they hold for one of the
    jobs. ``as_of`` is the oldest. Its frame begins with the column ``job_id``.
    """
    times = [snapshot.as_of for snapshot in snapshots if snapshot.as_of is not None]
    sources = {snapshot.source for snapshot in snapshots}
    return Snapshot(
        "; ".join(snapshot.job_id for snapshot in snapshots),
        status=JobStatus("; ".join(dict.fromkeys(str(snapshot.status or "unknown") for snapshot in snapshots))),
        processed=sum(snapshot.processed or 0 for snapshot in snapshots),
        pages=sum(snapshot.pages for snapshot in snapshots),
        manifest=_sum_manifests([snapshot.manifest for snapshot in snapshots if snapshot.manifest]),
        rows=_stacked_rows(snapshots),
        provisional=any(snapshot.provisional for snapshot in snapshots),
        final=all(snapshot.final for snapshot in snapshots),
        settled=all(snapshot.settled for snapshot in snapshots),
        source=sources.pop() if len(sources) == 1 else None,
        as_of=min(times, default=None),
        problem=next((snapshot.problem for snapshot in snapshots if snapshot.problem), None),
        warnings=tuple(f"{snapshot.job_id}: {text}" for snapshot in snapshots for text in snapshot.warnings),
    )


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


def _sum_manifests(manifests: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    names = dict.fromkeys(name for manifest in manifests for name in manifest)
    return {name: _sum([manifest.get(name) for manifest in manifests], name) for name in names} or None


def _sum(values: list[Any], name: str) -> Any:
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return any(present)
    numbers = present and all(isinstance(value, (int, float)) for value in present)
    if numbers and name != "page_size":
        return sum(present)
    if len(set(map(str, present))) <= 1:
        return present[0] if present else None
    if all(isinstance(value, list) for value in present):
        return list({str(item): item for value in present for item in value}.values())
    return "; ".join(dict.fromkeys(map(str, present)))
