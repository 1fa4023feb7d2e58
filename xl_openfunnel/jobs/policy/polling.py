"""Polls a running job: reads the first page, which has the job's state, then follows the cursors of new pages.

`steps` says when. All functions are pure.
"""

from __future__ import annotations

from dataclasses import replace

from ...api.models import FIRST_PAGE, Page
from ...api.retry import delay_before_retry
from ...errors import InvalidResponseError, JobNotFoundError, OpenFunnelError
from ..snapshot import Rows
from . import pagination
from .download import continue_download, page_error
from .state import MIN_INTERVAL, JobState, Moment, PageRequest, Phase, is_key_error, with_problem

MAX_INTERVAL = 15.0
"""Seconds between polls of a job that makes no progress."""

INTERVAL_GROWTH = 1.5
"""The interval grows by this factor with each poll that shows no progress."""


def poll_answered(state: JobState, request: PageRequest, outcome: Page | OpenFunnelError, moment: Moment) -> JobState:
    if isinstance(outcome, OpenFunnelError):
        return _poll_failed(replace(state, next_cursor=None), request, outcome, moment)
    if request.cursor is None:
        state = replace(state, first_page=outcome, as_of=moment.utc)
        if outcome.status.terminal:
            return continue_download(
                replace(state, phase=Phase.DOWNLOADING, walk=pagination.start(outcome, moment.utc), due=moment.now),
                moment,
            )
    elif outcome.status.terminal:  # it ended during this poll: the next one starts the download
        return replace(state, next_cursor=None, interval=MIN_INTERVAL, due=moment.now + MIN_INTERVAL)
    with_page = _with_page(state, request.cursor, outcome)
    try:
        _check_not_fewer(dict(state.pages).get(request.cursor), outcome)
        pagination.check_size(page for _, page in with_page.pages)
    except InvalidResponseError as error:
        return _poll_failed(replace(state, next_cursor=None), request, error, moment)
    return _follow_cursor(with_page, request, outcome, moment)


def _follow_cursor(state: JobState, request: PageRequest, page: Page, moment: Moment) -> JobState:
    """Within a poll, go on to the last known page, then to each page that it names, then wait for the next poll."""
    known = [cursor for cursor, _ in state.pages]
    if request.cursor is None and len(known) > 1:
        return replace(state, next_cursor=known[-1], due=moment.now)
    if page.next_cursor is None:
        return _schedule_next_poll(state, moment)
    if page.next_cursor in (*known, FIRST_PAGE, state.pages[0][1].name) or len(known) >= pagination.MAX_PAGES:
        endless = InvalidResponseError(
            f"OpenFunnel's pages do not end: page {len(known):,} leads to {page.next_cursor}."
        )
        return _poll_failed(replace(state, next_cursor=None), request, endless, moment)
    return replace(state, next_cursor=page.next_cursor, due=moment.now)


def _schedule_next_poll(state: JobState, moment: Moment) -> JobState:
    """The poll is complete: schedule the next one."""
    first = state.first_page
    rows = sum(page.row_count for _, page in state.pages)
    progress = (first and (first.status, first.stage, first.processed), len(state.pages), rows)
    slower = min(state.interval * INTERVAL_GROWTH, MAX_INTERVAL)
    interval = MIN_INTERVAL if progress != state.last_progress else slower
    return replace(
        state,
        next_cursor=None,
        last_progress=progress,
        interval=interval,
        due=moment.now + interval,
        problem=None,
        failures=0,
    )


def _poll_failed(state: JobState, request: PageRequest, error: OpenFunnelError, moment: Moment) -> JobState:
    state = with_problem(state, page_error(error, request.cursor), moment)
    delay = delay_before_retry(
        error, state.same_kind_failures if isinstance(error, JobNotFoundError) else state.failures, jitter=moment.jitter
    )
    if delay is not None:
        return replace(state, due=moment.now + delay)
    if is_key_error(error):
        return state
    if request.cursor is not None:  # the first page was just read, so the job exists and runs
        return replace(state, due=moment.now + MAX_INTERVAL)
    return replace(state, phase=Phase.IDLE)


def _check_not_fewer(before: Page | None, now: Page) -> None:
    """A page of a running job never loses rows: the service writes each page once."""
    if before is not None and now.row_count < before.row_count:
        raise InvalidResponseError(
            f"Page {now.name or FIRST_PAGE} had {before.row_count} companies and now has {now.row_count}; those that "
            "were read are kept."
        )


def _with_page(state: JobState, cursor: str | None, page: Page) -> JobState:
    """The state with this page, in the place of an older version of it or after the others."""
    pages = dict(state.pages)
    before = pages.get(cursor)
    pages[cursor] = page
    state = replace(state, pages=tuple(pages.items()))
    if before is not None and before.rows_json == page.rows_json:
        return state
    rows = Rows.of(tuple(pages.values()))
    # There may be more rows from a download that was given up because the job still ran.
    return replace(state, rows=rows if len(rows) >= len(state.rows) else state.rows)
