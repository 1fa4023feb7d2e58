"""Waits until jobs are final, or until waiting cannot help."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ..errors import JobFailedError, JobNotFoundError, JobTimeoutError, OpenFunnelError
from ..text import progress_text
from .fetcher import Fetcher
from .job_text import RETRY_HINT
from .snapshot import Snapshot

NO_ANSWER_TIMEOUT = timedelta(minutes=5)
"""Without a timeout: after this time without any answer the last error is raised."""

ANSWER_TIMEOUT = 30.0
"""Seconds for which a button waits for the service: more than its slowest responses seen so far."""

Progress = Callable[[Snapshot], object]


@dataclass(frozen=True)
class Outcome:
    """A job as it is at the end of waiting, and why its rows are not those that were asked for; None where they are."""

    snapshot: Snapshot
    error: OpenFunnelError | None


def wait_for_all(
    fetcher: Fetcher,
    jobs: Sequence[str],
    timeout: float | None = None,
    progress: Progress | None = None,
    *,
    refresh: bool = False,
    on_rows: Callable[[Snapshot], object] | None = None,
) -> list[Outcome]:
    """Wait until each of the jobs is final or has failed. They are read at the same time.

    Args:
        fetcher: reads them.
        jobs: ids or URLs.
        timeout: seconds for all of them together; None to wait as long as the service answers, but at most
            `NO_ANSWER_TIMEOUT` without any answer.
        progress: called with each change of each job, and with the last state of each at the end.
        refresh: whether to read final jobs again. Rows that could not be read again are an error.
        on_rows: called with the first job once it has rows, or waiting cannot help. What it raises ends the waiting.

    Returns:
        An outcome per job, in their order.
    """
    deadline = None if timeout is None else fetcher.clock.monotonic() + timeout
    outcomes = []
    with contextlib.ExitStack() as stack:
        for job in jobs:
            snapshot = fetcher.watch(job)
            if refresh or (snapshot.settled and not snapshot.final):  # it has an old problem: try again
                fetcher.refresh(job)
            # A subscription keeps the job tracked while another one is waited for.
            subscription = fetcher.subscribe(job, progress or (lambda _: None))
            stack.callback(subscription.close)
        if on_rows:
            on_rows(fetcher.wait(jobs[0], timeout, until=lambda first: len(first.rows) > 0 or _should_give_up(first)))
        for job in jobs:
            seconds = None if deadline is None else max(deadline - fetcher.clock.monotonic(), 0.0)
            snapshot = fetcher.wait(job, seconds, until=_should_give_up if deadline is None else None)
            outcomes.append(Outcome(snapshot, error_of(snapshot, timeout, refresh=refresh)))
    if progress:
        for outcome in outcomes:
            progress(outcome.snapshot)  # the closed subscription may have missed the last one
    return outcomes


def refresh_errors(fetcher: Fetcher, before: Sequence[Snapshot]) -> list[str]:
    """Wait for the service's answer about refreshed jobs; return why, for each that could not be read.

    ``before`` is what `Fetcher.refresh` gave for each.
    """
    deadline = fetcher.clock.monotonic() + ANSWER_TIMEOUT
    errors = (_refresh_error(fetcher, each, deadline) for each in before)
    return [error for error in errors if error is not None]


def _refresh_error(fetcher: Fetcher, before: Snapshot, deadline: float) -> str | None:
    def is_new(snapshot: Snapshot) -> bool:
        is_read = snapshot.final and snapshot.settled and not snapshot.stale
        return is_read or snapshot.as_of != before.as_of or read_error(snapshot) not in (None, read_error(before))

    snapshot = fetcher.wait(before.job_id, max(deadline - fetcher.clock.monotonic(), 0.0), until=is_new)
    if error := read_error(snapshot):
        return error.message
    return None if is_new(snapshot) else f"The service has not answered yet.{RETRY_HINT}"


def read_error(snapshot: Snapshot) -> OpenFunnelError | None:
    """Why the job cannot be read. That a job failed is not such an error, but something that was read."""
    error = snapshot.problem.error if snapshot.problem else None
    return None if isinstance(error, JobFailedError) else error


def about_job(error: OpenFunnelError, job_id: str) -> OpenFunnelError:
    """A copy of the error that has the job's id."""
    other = copy.copy(error)
    other.job_id = job_id
    return other


def naming_job(error: OpenFunnelError, name: str) -> OpenFunnelError:
    """The error as one of several jobs: its message begins with the job, unless it names it already."""
    is_named = re.search(rf"\bjob {re.escape(name)}\b", error.message, re.IGNORECASE)
    return with_message(error, error.message if is_named else f"{name}: {error.message}")


def with_message(error: OpenFunnelError, message: str) -> OpenFunnelError:
    """A copy of the error with another message: several threads may hold the error itself."""
    other = copy.copy(error)
    other.message = message
    other.args = (message,)
    return other


def _timeout_error(snapshot: Snapshot, seconds: float) -> JobTimeoutError:
    """The error of a job that was not final when the caller's time was over."""
    time_is_up = f"the {seconds:g} seconds given to it are over"
    if snapshot.problem is not None:
        return JobTimeoutError(
            f"{snapshot.problem.message} Job {snapshot.job_id} {_state(snapshot)}, and {time_is_up}."
        )
    return JobTimeoutError(f"Job {snapshot.job_id} {_state(snapshot)}; {time_is_up}. Ask again with a longer timeout.")


def error_of(snapshot: Snapshot, timeout: float | None, *, refresh: bool) -> OpenFunnelError | None:
    """Why a job's rows are not those that were asked for, at the end of waiting; None where they are."""
    failed = snapshot.status is not None and snapshot.status.failed
    if snapshot.final and not failed and not (refresh and snapshot.stale):
        return None
    # That there is no such job is an answer, also while it is asked again since a fresh job may lag.
    stands = snapshot.settled or timeout is None
    if snapshot.problem is not None and (stands or isinstance(snapshot.problem.error, JobNotFoundError)):
        return copy.copy(snapshot.problem.error)  # several threads may raise the error of one snapshot
    if timeout is not None:
        return _timeout_error(snapshot, timeout)
    return JobTimeoutError(
        f"Job {snapshot.job_id} {_state(snapshot)}; it was forgotten, or the fetcher closed, while it was waited for."
    )


def _state(snapshot: Snapshot) -> str:
    if snapshot.stale:
        return "was not read again"
    if snapshot.status is None:
        return "has not answered"
    return f"is {snapshot.status}, {progress_text(len(snapshot.rows), snapshot.processed)}"


def _should_give_up(snapshot: Snapshot) -> bool:
    """Whether the job is settled, or nothing has answered for longer than `NO_ANSWER_TIMEOUT`."""
    if snapshot.settled or snapshot.problem is None or snapshot.next_try is None:
        return snapshot.settled
    answered = max(snapshot.problem.since, snapshot.as_of or snapshot.problem.since)
    return snapshot.next_try - answered > NO_ANSWER_TIMEOUT
