"""Facts about a job that files state beside its rows."""

from __future__ import annotations

import hashlib
import json
from typing import Final, TypeAlias

from ..cell_values import to_json
from ..jobs.snapshot import Snapshot
from ..text import format_utc
from ..version import version
from .cells import Cell

Fact: TypeAlias = tuple[str, Cell]

_SOURCES: Final = {"service": "the service", "store": "the store on this computer", None: ""}


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
    facts.extend(warning_facts(snapshot))
    if snapshot.problem:
        facts.append(("problem", snapshot.problem.message))
    return facts


def warning_facts(snapshot: Snapshot) -> list[Fact]:
    """The warnings of the job, one fact each."""
    return [("warning", text) for text in snapshot.warnings]


def state(snapshot: Snapshot) -> str:
    """Whether the rows are final, in words."""
    return "final" if snapshot.final else "provisional: rows may still change"


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
