"""A job's state in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from xl_openfunnel import JobStatus, Snapshot
from xl_openfunnel.errors import DnsError, JobNotFoundError, OpenFunnelError
from xl_openfunnel.functions import status_text
from xl_openfunnel.jobs.snapshot import Problem, Rows

SOME = Rows((3,), lambda _: ())


def job(
    status: str | None = None, error: OpenFunnelError | None = None, *, rows: bool = False, **more: bool
) -> Snapshot:
    problem = error and Problem(error, datetime(2026, 1, 1, tzinfo=UTC))
    known = None if status is None else JobStatus(status)
    return Snapshot("job", known, problem=problem, rows=SOME if rows else Rows((), lambda _: ()), **more)  # type: ignore[arg-type]


def test_only_what_is_tried_again_is_said_to_be() -> None:
    assert status_text.status(job(error=DnsError("Offline."))) == "#OF! Offline. It is tried again by itself."
    assert status_text.status(job(error=DnsError("Offline."), settled=True)) == "#OF! Offline."
    assert status_text.status(job(error=JobNotFoundError("No such job."))) == "#OF! No such job."


def test_what_there_is_to_do_goes_before_that_it_is_tried_again_where_both_are_too_long() -> None:
    long = DnsError("x" * 240)
    assert status_text.status(job(error=long)) == long.cell_text


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (job("running"), "the job is still running"),
        (job("completed"), "its pages are still being read"),
        (job("completed", DnsError("Offline.")), "its pages are still being read"),
        (job("completed", settled=True), ""),
        (job("completed", final=True, settled=True), ""),
        (job(), ""),
    ],
)
def test_more_companies_may_come_until_a_job_is_over_and_read(seen: Snapshot, why: str) -> None:
    assert status_text.pending_reason(seen) == why


@pytest.mark.parametrize(
    ("seen", "why"),
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
def test_a_job_whose_companies_are_in_no_sum_says_why(seen: Snapshot, why: str) -> None:
    assert status_text.excluded_reason(seen) == why
