"""Reading the end: a job's status is terminal, and all its pages are read again, checked and made a result.

A part of `steps`, which says when: pure functions of immutable values. How pages follow each other is `pagination`'s.
"""

from __future__ import annotations

from dataclasses import replace

from ...api.models import JobStatus, Page
from ...api.retry import delay_before_retry
from ...errors import IncompleteResultError, InvalidResponseError, JobNotFoundError, OpenFunnelError
from ..result import Result
from ..snapshot import NO_ROWS, Problem, Rows
from . import pagination as walks
from .pagination import PageWalk
from .state import (
    JobState,
    Moment,
    PageRequest,
    Phase,
    RetryState,
    failed_problem,
    is_key_error,
    restart_polling,
    with_problem,
)

RECHECK_DELAYS = (2.0, 10.0)
"""A result that differs from its manifest is read again after these seconds, then it stands."""

PREDICTED_PAGE_ATTEMPTS = 2
"""Tries of a guessed page; after that it waits until the page before it names it."""

FAILED_JOB_ATTEMPTS = 5
"""Tries of a page of a failed job, which may be gone: then what it did give is all."""

_SUPPORT = "If it stays so, tell OpenFunnel's support"

NO_MANIFEST = "The service gave no manifest to check against: there may be more rows than these."


def page_answered(state: JobState, request: PageRequest, outcome: Page | OpenFunnelError, moment: Moment) -> JobState:
    """A page of the end came back."""
    walk, cursor = state.walk, request.cursor
    if walk is None or cursor is None:
        return state
    if isinstance(outcome, OpenFunnelError):
        return _page_failed(state, walk, request, outcome, moment)
    if not outcome.status.terminal:
        return _still_running(state, outcome, moment)
    try:
        walk = walks.accept(walk, cursor, outcome)
    except OpenFunnelError as error:
        return _page_failed(state, walk, request, error, moment)
    troubles = {c: trouble for c, trouble in state.retries.items() if c != cursor}
    problem = state.problem if troubles or state.rechecks else None
    return continue_download(
        replace(state, walk=walk, retries=troubles, problem=problem, as_of=moment.utc, due=moment.now), moment
    )


def _still_running(state: JobState, page: Page, moment: Moment) -> JobState:
    """A page says that the job still goes on: its rows may be older than the end, so ask for the state again."""
    error = InvalidResponseError(f"One page says that the job is over and another that it is {page.status}.")
    state = with_problem(state, error, moment)
    delay = delay_before_retry(error, state.failures, jitter=moment.jitter) or 0.0
    return replace(restart_polling(state), due=moment.now + delay)


def continue_download(state: JobState, moment: Moment) -> JobState:
    """Is everything read, and does it agree with the manifest?"""
    if state.walk is None:
        return state
    try:
        walk = walks.advance(state.walk)
        rows = Rows.of(walk.pages)
        state = replace(state, walk=walk, rows=rows if len(rows) > len(state.rows) else state.rows)
        if walk.next_cursor is None and _must_match_manifest(walk.first):
            walks.check(walk.pages)
            if not _manifest_has_counts(walk.first) and state.rechecks < len(RECHECK_DELAYS):
                raise IncompleteResultError(NO_MANIFEST)  # it may lag behind the status
    except OpenFunnelError as error:
        return _recheck(state, error, moment)
    return _finish(state, walk) if walk.next_cursor is None else state


def _finish(state: JobState, walk: PageWalk) -> JobState:
    """Everything is read and checked: a result to keep."""
    first = walk.first
    pages = walk.pages if walks.page_count(walk.pages) else ()
    result = Result(
        status=first.status,
        stage=first.stage,
        processed=first.processed,
        manifest=first.manifest,
        error_message=first.error_message,
        as_of=walk.as_of,
        rows=Rows.of(pages),
        complete=not _must_match_manifest(first) or _manifest_has_counts(first),
    )
    if state.result is not None and not _must_match_manifest(first) and len(result.rows) < len(state.result.rows):
        # What a failed job no longer gives is no reason to lose it.
        return replace(idle(state), problem=result_problem(result))
    return replace(state, phase=Phase.SAVING, unsaved=(result, pages))


def _page_failed(
    state: JobState, walk: PageWalk, request: PageRequest, error: OpenFunnelError, moment: Moment
) -> JobState:
    if is_key_error(error):
        return with_problem(state, error, moment)
    if request.kind == "guess" and not error.retryable:
        return replace(state, walk=walks.stop_predicting(walk))  # there may be no such page, and no harm is done
    cursor = request.cursor or ""
    failures = state.retries[cursor].failures + 1 if cursor in state.retries else 1
    if failures >= PREDICTED_PAGE_ATTEMPTS:
        walk = walks.stop_predicting(walk, cursor)
    state = replace(with_problem(state, page_error(error, cursor), moment), walk=walk)
    delay = delay_before_retry(error, failures, jitter=moment.jitter)
    gone = not _must_match_manifest(walk.first) and request.kind == "named" and failures >= FAILED_JOB_ATTEMPTS
    if delay is not None and not gone:
        trouble = RetryState(failures, moment.now + delay)
        troubles = {**state.retries, cursor: trouble}
        return replace(state, retries=troubles, due=max(state.due, trouble.not_before))
    if not _must_match_manifest(walk.first):
        return _finish(state, walk)  # a failed job: whatever rows it still gives
    return replace(state, phase=Phase.IDLE)


def _recheck(state: JobState, error: OpenFunnelError, moment: Moment) -> JobState:
    """What was read cannot be all of it, or more than it: read again, a few times, then let the problem stand."""
    state = restart_polling(with_problem(state, error, moment))
    if state.rechecks >= len(RECHECK_DELAYS):
        return replace(state, phase=Phase.IDLE)
    due = moment.now + RECHECK_DELAYS[state.rechecks]
    return replace(state, rechecks=state.rechecks + 1, due=due)


def _must_match_manifest(first: Page) -> bool:
    """Whether the rows must agree with a manifest: a failed job gives whatever it still gives."""
    return first.status.lower() != JobStatus.FAILED


def _manifest_has_counts(first: Page) -> bool:
    return any(walks.manifest_number(first, what) is not None for what in ("rows", "pages"))


def idle(state: JobState) -> JobState:
    """There is a result to show: what was read on the way is let go of, the first page too."""
    return replace(restart_polling(state), phase=Phase.IDLE, first_page=None, pages=(), rows=NO_ROWS, failures=0)


def result_problem(result: Result) -> Problem | None:
    """The problem of a failed job's result, in the service's words."""
    return failed_problem(result.status, result.error_message, result.as_of)


def page_error(error: OpenFunnelError, cursor: str | None) -> OpenFunnelError:
    """The error in words that fit: a page that is not found does not mean that the job is not there."""
    if cursor is None or not isinstance(error, JobNotFoundError):
        return error
    return InvalidResponseError(
        f"The service names page {cursor} and does not find it (HTTP {error.status}). {_SUPPORT}.",
        status=error.status,
        request_id=error.request_id,
    )
