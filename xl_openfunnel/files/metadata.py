"""Facts about a job that files state beside its rows."""

from __future__ import annotations

import hashlib
import json
from typing import Final, TypeAlias

from ..api.models import JobStatus
from ..cell_values import to_cell, to_json, to_text
from ..errors import IncompleteResultError
from ..jobs import job_text
from ..jobs.snapshot import Snapshot
from ..text import companies, format_utc, one_line
from ..version import version
from .cells import Cell

Fact: TypeAlias = tuple[str, Cell]

COMPLETE: Final = "Complete"
INCOMPLETE: Final = "Incomplete"

_SOURCES: Final = {"service": "the service", "store": "the store on this computer", None: ""}


def query(snapshot: Snapshot) -> str:
    """What was searched for, as far as the service says: its query, else the seeds; ``""`` where it says neither."""
    manifest = snapshot.manifest or {}
    return _text(manifest.get("derived_query")) or (f"Companies like {text}" if (text := seeds(snapshot)) else "")


def seeds(snapshot: Snapshot) -> str:
    """The domains that the search started from."""
    return _text((snapshot.manifest or {}).get("resolved_seed_domains"))


def outcome(snapshot: Snapshot) -> str:
    """Whether the companies are all that the job has, in a word or two: ``Complete``, or why not."""
    if not snapshot.final:
        return INCOMPLETE if _is_incomplete(snapshot) else "Provisional"
    status = _status(snapshot)
    if status in (JobStatus.FAILED, JobStatus.CANCELLED):
        return status.capitalize()
    if _is_incomplete(snapshot):
        return INCOMPLETE
    # Of several jobs the status holds the words of all.
    is_whole = status == JobStatus.COMPLETED and not (snapshot.manifest or {}).get("partial")
    return COMPLETE if is_whole else "Partial"


def notes(snapshot: Snapshot) -> list[str]:
    """What a reader of the companies should know: that they may change, the problem, what the service says."""
    found = [chosen_note(snapshot)] if snapshot.selection else []
    if not snapshot.final and not _is_incomplete(snapshot):
        found.append(f"These companies may still change: {job_text.pending_reason(snapshot) or 'not all were read'}.")
    elif _status(snapshot) == JobStatus.CANCELLED:
        found.append("The job was cancelled: these are the companies that it had delivered.")
    if snapshot.problem:
        found.append(snapshot.problem.message)
    found += job_text.manifest_notes(snapshot.manifest or {})
    found += snapshot.warnings
    names = tuple(f"{job_id}: " for job_id in snapshot.job_id.split("; "))  # of several jobs a text begins with its id
    return [one_line(text if text.startswith(names) else text[:1].upper() + text[1:]) for text in found]


def chosen_note(snapshot: Snapshot) -> str:
    """What the selection chose, in a sentence: ``Chosen from 600 companies: 554 new to "crm".``."""
    is_counted = snapshot.selection is not None and snapshot.selection.chosen is not None
    return f"Chosen from {companies(len(snapshot.rows))}: {'' if is_counted else 'those '}{snapshot.selection}."


def _is_incomplete(snapshot: Snapshot) -> bool:
    return (
        snapshot.settled and snapshot.problem is not None and isinstance(snapshot.problem.error, IncompleteResultError)
    )


def _status(snapshot: Snapshot) -> str:
    return str(snapshot.status or "").lower()


def _text(value: object) -> str:
    return one_line(to_text(to_cell(value)))


def job_facts(snapshot: Snapshot) -> list[Fact]:
    """The job, its state and the source of its rows."""
    facts: list[Fact] = [
        ("job_id", snapshot.job_id),
        ("status", snapshot.status or ""),
        ("state", state(snapshot)),
        ("as_of", format_utc(snapshot.as_of)),
        ("rows", len(snapshot.rows)),
        ("pages", snapshot.pages),
        ("read_from", _SOURCES[snapshot.source]),
        ("written_by", f"XL OpenFunnel {version()}"),
    ]
    if snapshot.selection:
        facts.append(("chosen", str(snapshot.selection)))
    facts.extend(("warning", text) for text in snapshot.warnings)
    if snapshot.problem:
        facts.append(("problem", snapshot.problem.message))
    return facts


def state(snapshot: Snapshot) -> str:
    """Whether the rows are final, in words."""
    if snapshot.final:
        return "final"
    return "incomplete: rows are missing" if _is_incomplete(snapshot) else "provisional: rows may still change"


def content_hash(snapshot: Snapshot) -> str:
    """A hash of the rows in their order: results with equal hashes hold the same companies.

    SHA-256 over each row as compact ASCII JSON with sorted keys and a line feed after it.
    """
    digest = hashlib.sha256()
    for row in snapshot.rows:
        digest.update(json.dumps(row, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n")
    return f"sha256:{digest.hexdigest()}"


def manifest_facts(snapshot: Snapshot) -> list[Fact]:
    """The service's manifest, with its names and in its order."""
    return [(str(key), _fact_value(value)) for key, value in (snapshot.manifest or {}).items()]


def _fact_value(value: object) -> Cell:
    if value is None:
        return ""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return to_json(value)
