"""A job's state in words, for cells and for the terminal, and as JSON for programs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ..api.models import JobStatus
from ..cell_values import to_cell, to_text
from ..errors import CELL_UNITS
from ..text import companies, count, format_utc, one_line, progress_text, utf16_units
from .snapshot import Problem, Snapshot

LOADING: Final = "loading"
"""The status before the first response."""

STARTING: Final = "starting"
"""What Excel's VBA shows while Python starts."""

STATUSES: Final = frozenset(
    (
        *(STARTING, LOADING, JobStatus.PENDING, JobStatus.RUNNING, JobStatus.CANCELLING),
        *(JobStatus.CANCELLED, JobStatus.COMPLETED, JobStatus.FAILED),
    )
)
"""What a status cell shows, and so what people may pass as a job by mistake."""

RETRY_HINT: Final = " It is tried again by itself."
"""Follows an error that the next try may clear, so that people know they have nothing to do."""

_READING: Final = "its pages are still being read"


# --- in cells ------------------------------------------------------------------------------------------------


def status(snapshot: Snapshot) -> str:
    """The service's word where one is known, else the problem, else ``loading``."""
    if snapshot.status is not None:
        return str(snapshot.status)
    return _problem_cell(snapshot.problem, settled=snapshot.settled) if snapshot.problem else LOADING


def no_rows_reason(snapshot: Snapshot) -> str:
    """Why a job has no companies to show."""
    if _failed(snapshot) and snapshot.problem:
        return snapshot.problem.error.cell_text
    if snapshot.final:
        return f"{(snapshot.status or '').lower()}: no companies"
    if snapshot.settled and snapshot.problem:
        return snapshot.problem.error.cell_text
    return f"{snapshot.status}: {_READING}" if snapshot.status and snapshot.status.terminal else status(snapshot)


def pending_reason(snapshot: Snapshot) -> str:
    """Why more companies may come later; ``""`` where none will."""
    if snapshot.final or snapshot.status is None:
        return ""
    if not snapshot.status.terminal:
        return f"the job is still {snapshot.status}"
    return "" if snapshot.settled else _READING


def excluded_reason(snapshot: Snapshot) -> str:
    """Why a total over several jobs leaves this one out; ``""`` where it does not, or where the job found nothing."""
    found_nothing = snapshot.final and not _failed(snapshot)
    return "" if len(snapshot.rows) or found_nothing else no_rows_reason(snapshot)


def progress(snapshot: Snapshot) -> str:
    """How far the job is."""
    if snapshot.status is None:
        return status(snapshot)
    rows = len(snapshot.rows)
    if snapshot.final:
        return f"failed after {companies(rows)}" if _failed(snapshot) else f"{companies(rows)}, {snapshot.status}"
    if snapshot.status.terminal:
        pages = (snapshot.manifest or {}).get("pages")
        of_pages = f" of {pages:,}" if isinstance(pages, int) else ""
        return f"{snapshot.status}, reading page {snapshot.pages:,}{of_pages}"
    read = progress_text(rows, snapshot.processed)
    if "companies" in stage(snapshot):  # not twice: the column on the sheet Start is narrow
        read = read.replace(" companies read", " read")
    return ", ".join(part for part in (str(snapshot.status), stage(snapshot), read) if part)


def _problem_cell(problem: Problem, *, settled: bool) -> str:
    """The problem, with `RETRY_HINT` where another try is due and a cell has room for it."""
    text = problem.error.cell_text
    with_hint = text if settled or not problem.error.retryable else text + RETRY_HINT
    return with_hint if utf16_units(with_hint) <= CELL_UNITS else text


# --- in the terminal -----------------------------------------------------------------------------------------


def line(snapshot: Snapshot, now: datetime | None = None) -> str:
    """The state on one line; the seconds to the next try are counted from ``now``, or the present."""
    parts = [_status(snapshot), stage(snapshot), _companies_read(snapshot)]
    if snapshot.pages and len(snapshot.rows):
        parts.append(_pages_read(snapshot))
    return _joined([*parts, *_end_or_trouble(snapshot, now)])


def state(snapshot: Snapshot, now: datetime | None = None) -> str:
    """As `line`, without the numbers of companies and pages."""
    return _joined([_status(snapshot), stage(snapshot), *_end_or_trouble(snapshot, now)])


def _status(snapshot: Snapshot) -> str:
    return snapshot.status or ("could not be read" if snapshot.settled else "waiting for the first answer")


def _end_or_trouble(snapshot: Snapshot, now: datetime | None) -> list[str]:
    parts = [_end(snapshot)] if snapshot.final else []
    if snapshot.problem and not snapshot.settled:  # a settled problem is the error that the command ends with
        parts.append(f"trouble: {snapshot.problem.message}")
        if snapshot.next_try:
            wait = snapshot.next_try - (now or datetime.now(UTC))
            parts.append(f"next try in {max(1, math.ceil(wait.total_seconds())):,} s")
    return parts


def _joined(parts: Sequence[str]) -> str:
    return one_line(" · ".join(part for part in parts if part))


def jobs_line(snapshots: Sequence[Snapshot]) -> str:
    """The state of several jobs on one line."""
    final = sum(snapshot.final for snapshot in snapshots)
    parts = [f"{final:,} of {count(len(snapshots), 'job')} final"]
    parts.append(f"{companies(sum(len(snapshot.rows) for snapshot in snapshots))} read")
    for snapshot in snapshots:
        if snapshot.problem and not snapshot.settled:
            parts.append(f"trouble with {snapshot.job_id}: {snapshot.problem.message}")
            break
    return one_line(" · ".join(parts))


def change_key(snapshot: Snapshot) -> object:
    """Changes when a log should get a new line: on everything but single pages."""
    problem = snapshot.problem and snapshot.problem.message
    return (snapshot.status, snapshot.stage, snapshot.processed, snapshot.final, snapshot.stale, problem)


def stage(snapshot: Snapshot) -> str:
    """What the service says it is doing, where that is more than its status."""
    text = snapshot.stage or ""
    words = text.replace("_", " ") if re.fullmatch("[a-z0-9_]+", text) else one_line(text)
    return "" if snapshot.status and words == snapshot.status else words


def details(snapshot: Snapshot, label: str | None) -> list[tuple[str, str]]:
    """Everything that is known, as names and texts, except a problem: the command ends with that as its error."""
    manifest = snapshot.manifest or {}
    pairs = [
        ("job", snapshot.job_id),
        ("label", label),
        ("status", snapshot.status),
        ("stage", stage(snapshot)),
        ("companies", _companies(snapshot)),
        ("pages", _number(manifest.get("pages", snapshot.pages or None))),
        ("rows", _rows_state(snapshot)),
        ("notes", "; ".join(manifest_notes(manifest))),
        ("credits", _number(manifest.get("credits_consumed"))),
        ("query", to_text(to_cell(manifest.get("derived_query")))),
        ("seeds", to_text(to_cell(manifest.get("resolved_seed_domains")))),
        ("as of", format_utc(snapshot.as_of)),
    ]
    return [(name, one_line(text)) for name, text in pairs if text]


def manifest_notes(manifest: Mapping[str, Any]) -> list[str]:
    """The shortcomings of a result that the service itself reports."""
    notes = []
    if manifest.get("partial"):
        notes.append("partial: not everything that was asked for was delivered")
    if manifest.get("rerank_degraded"):
        notes.append("the final ranking did not run properly: the order is weaker")
    if unresolved := manifest.get("unresolved_seed_domains"):
        notes.append(f"seeds not found: {to_text(to_cell(unresolved))}")
    return notes


def as_json(snapshot: Snapshot, label: str | None, *, read: bool) -> dict[str, Any]:
    """Everything that is known, as plain JSON values; the numbers of rows and pages are null unless they were read."""
    problem = snapshot.problem
    return {
        "job_id": snapshot.job_id,
        "label": label,
        "status": snapshot.status,
        "stage": snapshot.stage,
        "processed": snapshot.processed,
        "rows": len(snapshot.rows) if read else None,
        "pages": snapshot.pages if read else None,
        "provisional": snapshot.provisional or _running(snapshot),
        "final": snapshot.final,
        "stale": snapshot.stale,
        "manifest": None if snapshot.manifest is None else dict(snapshot.manifest),
        "source": snapshot.source,
        "as_of": _iso(snapshot.as_of),
        "problem": problem and {"kind": problem.kind, "message": problem.message, "since": _iso(problem.since)},
        "next_try": _iso(snapshot.next_try),
        "warnings": list(snapshot.warnings),
    }


def _companies(snapshot: Snapshot) -> str:
    stated = (snapshot.manifest or {}).get("count")
    delivered = stated if isinstance(stated, int) else snapshot.processed
    if snapshot.final and len(snapshot.rows):
        delivered = len(snapshot.rows)
    if delivered is None:
        return ""
    when = " before it failed" if _failed(snapshot) else " so far" if _running(snapshot) else ""
    return companies(delivered) + when


def _companies_read(snapshot: Snapshot) -> str:
    """Companies delivered, and while a job runs also how many of them were read."""
    rows = len(snapshot.rows)
    if _running(snapshot) and (rows or snapshot.processed):
        return progress_text(rows, snapshot.processed)
    return _companies(snapshot)


def _pages_read(snapshot: Snapshot) -> str:
    pages = count(snapshot.pages, "page")
    if snapshot.final:
        return f"{pages} read"
    if snapshot.status is not None and snapshot.status.terminal:
        total = (snapshot.manifest or {}).get("pages")
        return f"reading pages: {snapshot.pages:,} {'so far' if total is None else f'of {_number(total)}'}"
    return f"{pages}, provisional"


def _rows_state(snapshot: Snapshot) -> str:
    if snapshot.final:
        return _end(snapshot)
    if snapshot.status is None:
        return ""
    if _running(snapshot):
        return "provisional while the job runs"
    if _failed(snapshot):
        return "not read yet (xl-openfunnel rows JOB --partial)"
    return "complete at the service, not read yet (xl-openfunnel rows)"


def _end(snapshot: Snapshot) -> str:
    """A failed job is not called final: its rows are all that will come, not all that should have."""
    if snapshot.stale:
        return "read before, being read again" if not snapshot.settled else "read before, could not be read again"
    end = "nothing more will come" if _failed(snapshot) else "final"
    return f"{end}, stored here" if snapshot.source == "store" else end


def _running(snapshot: Snapshot) -> bool:
    return snapshot.status is not None and not snapshot.status.terminal


def _failed(snapshot: Snapshot) -> bool:
    return snapshot.status is not None and snapshot.status.failed


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None if value is None else str(value)
    return f"{value:,.12g}" if isinstance(value, float) else f"{value:,}"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
