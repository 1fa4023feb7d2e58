"""Results to store, and what other processes do with a store; without pytest, so that these start fast."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from xl_openfunnel import JobStatus, Page, Store
from xl_openfunnel.jobs.snapshot import Result, Rows

ORIGIN = "https://api.openfunnel.dev:443"
AS_OF = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def pages(*counts: int) -> tuple[Page, ...]:
    numbers = iter(range(10_000))
    bodies = [[{"name": f"Company {next(numbers)}", "text": "é€🎉" * 9} for _ in range(count)] for count in counts]
    return tuple(
        Page(JobStatus("completed"), row_count=len(rows), rows_json=json.dumps(rows).encode()) for rows in bodies
    )


def result(read: tuple[Page, ...], as_of: datetime = AS_OF, status: str = "completed") -> Result:
    return Result(
        status=JobStatus(status),
        stage="completed",
        processed=250,
        manifest={"count": 250, "credits_consumed": 250, "derived_query": "q", "resolved_seed_domains": ["a.example"]},
        error_message=None,
        as_of=as_of,
        rows=Rows.of(read),
    )


def keep_and_read(path: Path, number: int) -> int:
    """In a process of its own: open, keep, note, read."""
    store = Store(path, ORIGIN)
    read = pages(100, number + 1)
    store.save("shared", result(read), read, None)
    store.save(f"own-{number}", result(read), read, None)
    store.record(f"own-{number}", JobStatus("completed"), 1, None, AS_OF)
    found = store.find(f"own-{number}")
    return 0 if found is None else len(list(found.rows))
