"""A job's state in words for a person, and as JSON for a program."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..jobs.snapshot import Snapshot
from ..text import companies, count, joined, one_line, progress_text

Detail = tuple[str, str]


def line(snapshot: Snapshot, now: datetime | None = None) -> str:
    """The state on one line.

    Args:
        snapshot: the job.
        now: the moment to count from until the next try; None for the present one.
    """
    parts = [snapshot.status or "waiting for the first answer"]
    if stage(snapshot):
        parts.append(stage(snapshot))
    if known := _read(snapshot):
        parts.append(known)
    if snapshot.pages and len(snapshot.rows):
        parts.append(_pages_read(snapshot))
    if snapshot.final:
        parts.append(_end(snapshot))
    if snapshot.problem and not snapshot.settled:  # what is settled is said as the error that it ends with
        parts.append(f"trouble: {snapshot.problem.message}")
        if snapshot.next_try:
            wait = snapshot.next_try - (now or datetime.now(UTC))
            parts.append(f"next try in {max(1, math.ceil(wait.total_seconds())):,} s")
    return one_line(" · ".join(parts))


def change_key(snapshot: Snapshot) -> object:
    """What makes a new line worth while where lines stay: everything but pages that come one by one."""
    problem = snapshot.problem and snapshot.problem.message
    return (snapshot.status, snapshot.stage, snapshot.processed, snapshot.final, problem)


def stage(snapshot: Snapshot) -> str:
    """What the service says it is doing, where that is more than its status."""
    text = snapshot.stage or ""
    words = text.replace("_", " ") if re.fullmatch("[a-z0-9_]+", text) else one_line(text)
    return "" if snapshot.status and words == snapshot.status else words


def details(snapshot: Snapshot, label: str | None) -> list[Detail]:
    """Everything that is known but a problem, which is said as the error that a command ends with."""
    manifest = snapshot.manifest or {}
    found: list[tuple[str, str | None]] = [
        ("job", snapshot.job_id),
        ("label", label),
        ("status", snapshot.status),
        ("stage", stage(snapshot)),
        ("companies", _companies(snapshot)),
        ("pages", _pages(snapshot)),
        ("rows", _state(snapshot)),
        ("notes", "; ".join(flags(manifest))),
        ("credits", _number(manifest.get("credits_consumed"))),
        ("query", _text(manifest.get("derived_query"))),
        ("seeds", _text(manifest.get("resolved_seed_domains"))),
        ("as of", f"{snapshot.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if snapshot.as_of else None),
    ]
    return [(name, one_line(text)) for name, text in found if text]


def flags(manifest: Mapping[str, Any]) -> list[str]:
    """What the service itself says is less than perfect about a result."""
    found = []
    if manifest.get("partial"):
        found.append("partial: not everything that was asked for was delivered")
    if manifest.get("rerank_degraded"):
        found.append("the final ranking did not run properly: the order is weaker")
    if lost := manifest.get("unresolved_seed_domains"):
        found.append(f"seeds not found: {_text(lost)}")
    return found


def as_json(snapshot: Snapshot, label: str | None, *, read: bool) -> dict[str, Any]:
    """Everything that is known, as plain JSON values.

    Args:
        snapshot: the job.
        label: its name here.
        read: whether rows and pages were read, so that their numbers say something.
    """
    problem = snapshot.problem
    return {
        "job_id": snapshot.job_id,
        "label": label,
        "status": snapshot.status,
        "stage": snapshot.stage,
        "processed": snapshot.processed,
        "rows": len(snapshot.rows) if read else None,
        "pages": snapshot.pages if read else None,
        "provisional": snapshot.provisional or _going(snapshot),
        "final": snapshot.final,
        "manifest": None if snapshot.manifest is None else dict(snapshot.manifest),
        "source": snapshot.source,
        "as_of": _iso(snapshot.as_of),
        "problem": problem and {"kind": problem.kind, "message": problem.message, "since": _iso(problem.since)},
        "next_try": _iso(snapshot.next_try),
    }


def _companies(snapshot: Snapshot) -> str:
    told = (snapshot.manifest or {}).get("count")
    delivered = told if isinstance(told, int) else snapshot.processed
    if snapshot.final and len(snapshot.rows):
        delivered = len(snapshot.rows)
    if delivered is None:
        return ""
    when = " before it failed" if _failed(snapshot) else " so far" if _going(snapshot) else ""
    return companies(delivered) + when


def _read(snapshot: Snapshot) -> str:
    """Companies where pages are being read: those of the service and ours are two numbers while a job goes on."""
    rows = len(snapshot.rows)
    if _going(snapshot) and (rows or snapshot.processed):
        return progress_text(rows, snapshot.processed)
    return _companies(snapshot)


def _pages_read(snapshot: Snapshot) -> str:
    pages = count(snapshot.pages, "page")
    if snapshot.final:
        return f"{pages} read"
    if snapshot.status is not None and snapshot.status.terminal:
        of = (snapshot.manifest or {}).get("pages")
        return f"reading pages: {snapshot.pages:,} {'so far' if of is None else f'of {_number(of)}'}"
    return f"{pages}, provisional"


def _pages(snapshot: Snapshot) -> str | None:
    pages = (snapshot.manifest or {}).get("pages", snapshot.pages or None)
    return _number(pages)


def _state(snapshot: Snapshot) -> str:
    if snapshot.final:
        return _end(snapshot)
    if snapshot.status is None:
        return ""
    if _going(snapshot):
        return "provisional while the job is going"
    if _failed(snapshot):
        return "not read yet (xl-openfunnel watch JOB -o FILE)"
    return "complete at the service, not read yet (xl-openfunnel rows)"


def _end(snapshot: Snapshot) -> str:
    """What is over, and where it is kept: the rows of a failed job are all that will come, not all there should be."""
    over = "nothing more will come" if _failed(snapshot) else "final"
    return f"{over}, stored here" if snapshot.source == "store" else over


def _going(snapshot: Snapshot) -> bool:
    return snapshot.status is not None and not snapshot.status.terminal


def _failed(snapshot: Snapshot) -> bool:
    return snapshot.status is not None and snapshot.status.lower() == "failed"


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None if value is None else str(value)
    return f"{value:,.12g}" if isinstance(value, float) else f"{value:,}"


def _text(value: object) -> str | None:
    if isinstance(value, list):
        return joined(value)
    return None if value is None else str(value)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
