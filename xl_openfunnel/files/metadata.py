"""What a file says of the job beside its rows."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TypeAlias

from ..jobs.snapshot import Snapshot
from ..version import version

Fact: TypeAlias = tuple[str, str | int | float | bool]

_SOURCES = {"service": "the service", "store": "the store on this computer", None: ""}


def job_facts(snapshot: Snapshot) -> list[Fact]:
    """The job, its state and where the rows come from."""
    facts: list[Fact] = [
        ("job_id", snapshot.job_id),
        ("status", snapshot.status or ""),
        ("state", state(snapshot)),
        ("as_of", utc(snapshot.as_of)),
        ("rows", len(snapshot.rows)),
        ("pages", snapshot.pages),
        ("read_from", _SOURCES[snapshot.source]),
        ("written_by", f"XL OpenFunnel {version()}"),
    ]
    if snapshot.problem:
        facts.append(("problem", snapshot.problem.message))
    return facts


def state(snapshot: Snapshot) -> str:
    """Whether rows may still change."""
    return "final" if snapshot.final else "provisional: rows may still change"


def content_hash(snapshot: Snapshot) -> str:
    """A hash of the rows in their order: two with the same hash hold the same companies.

    SHA-256 over each row as compact JSON with sorted keys and ASCII only, each followed by a line feed.
    """
    digest = hashlib.sha256()
    for row in snapshot.rows:
        digest.update(json.dumps(row, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n")
    return f"sha256:{digest.hexdigest()}"


def manifest_facts(snapshot: Snapshot) -> list[Fact]:
    """The service's own summary, in its words and order."""
    return [(str(key), _fact(value)) for key, value in (snapshot.manifest or {}).items()]


def utc(moment: datetime | None) -> str:
    """A moment in words, to the second."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _fact(value: object) -> str | int | float | bool:
    if value is None:
        return ""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return json.dumps(value, ensure_ascii=False, default=str)
