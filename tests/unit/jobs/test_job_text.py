"""A job's state in words, in cells and in the terminal, and as JSON."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xl_openfunnel import JobStatus, Snapshot
from xl_openfunnel.errors import DnsError, JobFailedError, JobNotFoundError, OpenFunnelError, ServerError
from xl_openfunnel.jobs import job_text
from xl_openfunnel.jobs.snapshot import Problem, Rows

SOME = Rows((3,), lambda _: ())


def job(
    status: str | None = None, error: OpenFunnelError | None = None, *, rows: bool = False, **attributes: bool
) -> Snapshot:
    problem = error and Problem(error, datetime(2026, 1, 1, tzinfo=UTC))
    known = None if status is None else JobStatus(status)
    return Snapshot("job", known, problem=problem, rows=SOME if rows else Rows((), lambda _: ()), **attributes)  # type: ignore[arg-type]


def test_only_a_retried_problem_has_the_retry_hint() -> None:
    assert job_text.status(job(error=DnsError("Offline."))) == "#OF! Offline. It is tried again by itself."
    assert job_text.status(job(error=DnsError("Offline."), settled=True)) == "#OF! Offline."
    assert job_text.status(job(error=JobNotFoundError("No such job."))) == "#OF! No such job."


def test_the_retry_hint_is_left_out_where_a_cell_has_no_room() -> None:
    long = DnsError("x" * 240)
    assert job_text.status(job(error=long)) == long.cell_text


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (job("running"), "the job is still running"),
        (job("completed"), "its pages are still being read"),
        (job("completed", DnsError("Offline.")), "its pages are still being read"),
        (job("completed", settled=True), ""),
        (job("completed", final=True, settled=True), ""),
        (job(), ""),
    ],
)
def test_pending_reason(snapshot: Snapshot, reason: str) -> None:
    assert job_text.pending_reason(snapshot) == reason


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (job("running", rows=True), ""),
        (job("completed", final=True, settled=True), ""),
        (job("cancelled", final=True, settled=True), ""),
        (job("failed", JobNotFoundError("Broke."), final=True, settled=True), "#OF! Broke."),
        (job("running"), "running"),
        (job(), "loading"),
        (job("completed"), "completed: its pages are still being read"),
    ],
)
def test_excluded_reason(snapshot: Snapshot, reason: str) -> None:
    assert job_text.excluded_reason(snapshot) == reason


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
def test_line_shows_companies_delivered_and_companies_read(changed: dict[str, Any], line: str) -> None:
    assert job_text.line(dataclasses.replace(RUNNING, **changed)) == line


@pytest.mark.parametrize(("seconds", "text"), [(4.2, "5 s"), (0.0, "1 s"), (-3.0, "1 s"), (3_600.0, "3,600 s")])
def test_line_counts_the_seconds_to_the_next_try(seconds: float, text: str) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    problem = Problem(ServerError("The service is in trouble."), now)
    snapshot = Snapshot("job", problem=problem, next_try=now + timedelta(seconds=seconds))
    assert job_text.line(snapshot, now).endswith(f" · trouble: The service is in trouble. · next try in {text}")
    assert job_text.state(snapshot, now) == job_text.line(snapshot, now)
    assert job_text.state(RUNNING) == "running"


@pytest.mark.parametrize(
    ("status", "final", "text", "provisional"),
    [
        ("running", False, "provisional while the job runs", True),
        ("a word of tomorrow", False, "provisional while the job runs", True),
        ("completed", False, "complete at the service, not read yet (xl-openfunnel rows)", False),
        ("failed", False, "not read yet (xl-openfunnel rows JOB --partial)", False),
        ("completed", True, "final", False),
        ("failed", True, "nothing more will come", False),
    ],
)
def test_details_and_json_agree_whether_rows_are_provisional(
    status: str, *, final: bool, text: str, provisional: bool
) -> None:
    error = JobFailedError("The job failed: No seed.")
    problem = Problem(error, datetime(2026, 3, 1, tzinfo=UTC)) if status == "failed" else None
    snapshot = Snapshot("job", status=JobStatus(status), final=final, problem=problem)
    assert dict(job_text.details(snapshot, None))["rows"] == text
    json_values = job_text.as_json(snapshot, None, read=final)
    assert (json_values["provisional"], json_values["final"]) == (provisional, final)
