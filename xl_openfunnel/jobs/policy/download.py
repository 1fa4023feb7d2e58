"""Downloads a job whose status is terminal: reads all its pages again, checks them and makes them a result.

`steps` says when, `pagination` in which order. All functions are pure.
"""

from __future__ import annotations

from dataclasses import replace

from ...api.models import Page
from ...api.retry import delay_before_retry
from ...errors import IncompleteResultError, InvalidResponseError, JobNotFoundError, OpenFunnelError
from ..snapshot import NO_ROWS, Result, Rows
from . import pagination
from .pagination import READ_AGAIN, PageWalk
from .repeats import describe_repeats, fingerprint
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
"""A result that differs from its manifest or repeats a company is read again after these seconds, then it stands."""

PREDICTED_PAGE_ATTEMPTS = 2
"""Tries of a predicted page; after that it is not requested before another page names it."""

FAILED_JOB_ATTEMPTS = 5
"""Tries of a page of a failed job. The page may be gone; then the job's other pages are all there is."""

NO_TOTAL = "OpenFunnel gave no total; these may not be all. Refresh to ask again."


def page_answered(state: JobState, request: PageRequest, outcome: Page | OpenFunnelError, moment: Moment) -> JobState:
    walk, cursor = state.walk, request.cursor
    if walk is None or cursor is None:
        return state
    if isinstance(outcome, OpenFunnelError):
        return _page_failed(state, walk, request, outcome, moment)
    if not outcome.status.terminal:
        return _recheck_status(state, outcome, moment)
    try:
        walk = pagination.accept(walk, cursor, outcome)
    except OpenFunnelError as error:
        return _page_failed(state, walk, request, error, moment)
    retries = {c: retry for c, retry in state.retries.items() if c != cursor}
    problem = state.problem if retries or state.rechecks else None
    return continue_download(
        replace(state, walk=walk, retries=retries, problem=problem, as_of=moment.utc, due=moment.now), moment
    )


def _recheck_status(state: JobState, page: Page, moment: Moment) -> JobState:
    """A page says that the job still runs, so its rows may be outdated: read the job's state again."""
    error = InvalidResponseError(f"One page says that the job is over, another that it is {page.status}.")
    state = with_problem(state, error, moment)
    delay = delay_before_retry(error, state.failures, jitter=moment.jitter) or 0.0
    return replace(restart_polling(state), due=moment.now + delay)


def continue_download(state: JobState, moment: Moment) -> JobState:
    """Append the pages that are next; once all are read, check them against the manifest."""
    if state.walk is None:
        return state
    try:
        walk = pagination.advance(state.walk)
        rows = Rows.of(walk.pages)
        state = replace(state, walk=walk, rows=rows if len(rows) > len(state.rows) else state.rows)
        if walk.next_cursor is None and _must_match_manifest(walk.first):
            pagination.check(walk.pages)
            if repeats := describe_repeats(walk.pages):
                state = replace(state, readings=(*state.readings, fingerprint(walk.pages)))
                if not _readings_agree(state):
                    raise IncompleteResultError(f"{repeats} {READ_AGAIN}")
            if not _manifest_has_counts(walk.first) and state.rechecks < len(RECHECK_DELAYS):
                raise IncompleteResultError(NO_TOTAL)  # the manifest may come later than the status
    except OpenFunnelError as error:
        return _recheck(state, error, moment)
    return _finish(state, walk) if walk.next_cursor is None else state


def _finish(state: JobState, walk: PageWalk) -> JobState:
    """All pages are read and checked: make them a result."""
    first = walk.first
    pages = walk.pages if pagination.page_count(walk.pages) else ()
    repeats = describe_repeats(pages)
    is_checked = (
        _manifest_has_counts(first) if repeats is None else pagination.manifest_number(first, "rows") is not None
    )
    result = Result(
        status=first.status,
        stage=first.stage,
        processed=first.processed,
        manifest=first.manifest,
        error_message=first.error_message,
        as_of=walk.as_of,
        rows=Rows.of(pages),
        complete=not _must_match_manifest(first) or is_checked,
        warnings=() if repeats is None else (repeats,),
    )
    if state.result is not None and not _must_match_manifest(first) and len(result.rows) < len(state.result.rows):
        # A failed job may lose pages later: keep the rows that it had.
        return replace(idle(state), problem=failed_problem(result, result.as_of))
    return replace(state, phase=Phase.SAVING, unsaved=(result, pages))


def _page_failed(
    state: JobState, walk: PageWalk, request: PageRequest, error: OpenFunnelError, moment: Moment
) -> JobState:
    if is_key_error(error):
        return with_problem(state, error, moment)
    if request.kind == "predicted" and not error.retryable:
        return replace(state, walk=pagination.stop_predicting(walk))  # such a page need not exist
    cursor = request.cursor or ""
    failures = state.retries[cursor].failures + 1 if cursor in state.retries else 1
    if failures >= PREDICTED_PAGE_ATTEMPTS:
        walk = pagination.stop_predicting(walk, cursor)
    delay = delay_before_retry(error, failures, jitter=moment.jitter)
    state = replace(with_problem(state, page_error(error, cursor, stands=delay is None), moment), walk=walk)
    gone = not _must_match_manifest(walk.first) and request.kind == "named" and failures >= FAILED_JOB_ATTEMPTS
    if delay is not None and not gone:
        retry = RetryState(failures, moment.now + delay)
        return replace(state, retries={**state.retries, cursor: retry}, due=max(state.due, retry.not_before))
    if not _must_match_manifest(walk.first):
        return _finish(state, walk)  # a failed job: with the rows that could be read
    return replace(state, phase=Phase.IDLE)


def _recheck(state: JobState, error: OpenFunnelError, moment: Moment) -> JobState:
    """What was read cannot be all: read it again, a few times, then let the problem stand."""
    state = restart_polling(with_problem(state, error, moment))
    if state.rechecks >= len(RECHECK_DELAYS):
        return replace(state, phase=Phase.IDLE)
    due = moment.now + RECHECK_DELAYS[state.rechecks]
    return replace(state, rechecks=state.rechecks + 1, due=due)


def _readings_agree(state: JobState) -> bool:
    """Whether every reading that is allowed was made, and all have the same companies."""
    return len(state.readings) > len(RECHECK_DELAYS) and len(set(state.readings)) == 1


def _must_match_manifest(first: Page) -> bool:
    """Whether the rows must agree with the manifest. Those of a failed job need not."""
    return not first.status.failed


def _manifest_has_counts(first: Page) -> bool:
    return any(pagination.manifest_number(first, what) is not None for what in ("rows", "pages"))


def idle(state: JobState) -> JobState:
    """The state of a job that has a result, without the pages that were read for it."""
    return replace(restart_polling(state), phase=Phase.IDLE, first_page=None, pages=(), rows=NO_ROWS, failures=0)


def page_error(error: OpenFunnelError, cursor: str | None, *, stands: bool = False) -> OpenFunnelError:
    """The error as it concerns a page: a page that is not found does not mean that the job does not exist.

    Where that ``stands``, the job is over and the page is not tried again: what was read is incomplete.
    """
    if cursor is None or not isinstance(error, JobNotFoundError):
        return error
    kind = IncompleteResultError if stands else InvalidResponseError
    return kind(
        f"OpenFunnel names page {cursor} and does not find it (HTTP {error.status}). "
        "If it stays so, tell OpenFunnel's support.",
        status=error.status,
        request_id=error.request_id,
    )
