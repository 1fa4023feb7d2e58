"""A job's state in words, on one line and as JSON."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xl_openfunnel.api.models import JobStatus
from xl_openfunnel.cli import job_text
from xl_openfunnel.errors import JobFailedError, ServerError
from xl_openfunnel.jobs.snapshot import Problem, Rows, Snapshot

RUNNING = Snapshot("job", status=JobStatus("running"), processed=437, pages=4, rows=Rows((400,), lambda _: ()))


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "running · 400 of 437 companies read · 4 pages, provisional"),
        ({"processed": 400}, "running · 400 companies so far · 4 pages, provisional"),
        ({"processed": None}, "running · 400 companies so far · 4 pages, provisional"),
        ({"rows": Rows((), lambda _: ()), "pages": 0}, "running · 0 of 437 companies read"),
        ({"rows": Rows((), lambda _: ()), "pages": 0, "processed": None}, "running"),
    ],
)
def test_what_the_service_has_and_what_was_read_are_two_numbers(changed: dict[str, Any], line: str) -> None:
    assert job_text.line(dataclasses.replace(RUNNING, **changed)) == line


@pytest.mark.parametrize(("seconds", "said"), [(4.2, "5 s"), (0.0, "1 s"), (-3.0, "1 s"), (3_600.0, "3,600 s")])
def test_the_next_try_is_told_in_seconds_that_no_time_zone_changes(seconds: float, said: str) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    problem = Problem(ServerError("The service is in trouble."), now)
    seen = Snapshot("job", problem=problem, next_try=now + timedelta(seconds=seconds))
    assert job_text.line(seen, now).endswith(f" · trouble: The service is in trouble. · next try in {said}")


@pytest.mark.parametrize(
    ("status", "final", "said", "provisional"),
    [
        ("running", False, "provisional while the job is going", True),
        ("a word of tomorrow", False, "provisional while the job is going", True),
        ("completed", False, "complete at the service, not read yet (xl-openfunnel rows)", False),
        ("failed", False, "not read yet (xl-openfunnel watch JOB -o FILE)", False),
        ("completed", True, "final", False),
        ("failed", True, "nothing more will come", False),
    ],
)
def test_words_and_json_agree_whether_rows_are_provisional(
    status: str, *, final: bool, said: str, provisional: bool
) -> None:
    error = JobFailedError("The job failed: No seed.")
    problem = Problem(error, datetime(2026, 3, 1, tzinfo=UTC)) if status == "failed" else None
    seen = Snapshot("job", status=JobStatus(status), final=final, problem=problem)
    assert dict(job_text.details(seen, None))["rows"] == said
    told = job_text.as_json(seen, None, read=final)
    assert (told["provisional"], told["final"]) == (provisional, final)
