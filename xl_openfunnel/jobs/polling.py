"""Polling: the first page tells how far a job is, and the pages after it are followed as far as they go.

A part of `plan`, which says when: pure functions of immutable values.
"""

from __future__ import annotations

from dataclasses import replace

from ..api.models import FIRST_PAGE, Page
from ..api.retry import delay_before_retry
from ..errors import InvalidResponseError, JobNotFoundError, OpenFunnelError
from . import walk as walks
from .finishing import about_page, walk_on
from .snapshot import Rows
from .state import SHORTEST_INTERVAL, Ask, Doing, Moment, State, only_another_key_mends, troubled

LONGEST_INTERVAL = 15.0
"""Seconds between polls of a job in which nothing moves."""

INTERVAL_GROWTH = 1.5
"""How the interval grows with each poll that brought nothing new."""


def poll_answered(state: State, ask: Ask, outcome: Page | OpenFunnelError, moment: Moment) -> State:
    """A request of a poll came back."""
    if isinstance(outcome, OpenFunnelError):
        return _poll_failed(replace(state, follow=None), ask, outcome, moment)
    if ask.cursor is None:
        state = replace(state, first=outcome, as_of=moment.utc)
        if outcome.status.terminal:
            return walk_on(
                replace(state, doing=Doing.WALKING, walk=walks.begin(outcome, moment.utc), due=moment.now), moment
            )
    elif outcome.status.terminal:  # over meanwhile: the next poll begins the end
        return replace(state, follow=None, interval=SHORTEST_INTERVAL, due=moment.now + SHORTEST_INTERVAL)
    with_page = _with(state, ask.cursor, outcome)
    try:
        _refuse_fewer(dict(state.pages).get(ask.cursor), outcome)
        walks.refuse_too_much(page for _, page in with_page.pages)
    except InvalidResponseError as error:
        return _poll_failed(replace(state, follow=None), ask, error, moment)
    return _followed(with_page, ask, outcome, moment)


def _followed(state: State, ask: Ask, page: Page, moment: Moment) -> State:
    """Within a poll: on to the last page held, then to every page that it names, then to the next poll."""
    held = [cursor for cursor, _ in state.pages]
    if ask.cursor is None and len(held) > 1:
        return replace(state, follow=held[-1], due=moment.now)
    if page.next_cursor is None:
        return _polled(state, moment)
    if page.next_cursor in (*held, FIRST_PAGE, state.pages[0][1].name) or len(held) >= walks.MAX_PAGES:
        endless = InvalidResponseError(f"The service's pages do not end: page {len(held)} names {page.next_cursor}.")
        return _poll_failed(replace(state, follow=None), ask, endless, moment)
    return replace(state, follow=page.next_cursor, due=moment.now)


def _polled(state: State, moment: Moment) -> State:
    """A whole poll is done: when is the next one?"""
    first = state.first
    rows = sum(page.row_count for _, page in state.pages)
    moved = (first and (first.status, first.stage, first.processed), len(state.pages), rows)
    slower = min(state.interval * INTERVAL_GROWTH, LONGEST_INTERVAL)
    interval = SHORTEST_INTERVAL if moved != state.moved else slower
    return replace(
        state,
        follow=None,
        moved=moved,
        interval=interval,
        due=moment.now + interval,
        problem=None,
        failures=0,
    )


def _poll_failed(state: State, ask: Ask, error: OpenFunnelError, moment: Moment) -> State:
    state = troubled(state, about_page(error, ask.cursor), moment)
    delay = delay_before_retry(
        error, state.alike if isinstance(error, JobNotFoundError) else state.failures, chance=moment.chance
    )
    if delay is not None:
        return replace(state, due=moment.now + delay)
    if only_another_key_mends(error):
        return state
    if ask.cursor is not None:  # the first page has just answered: the job is there, and goes on
        return replace(state, due=moment.now + LONGEST_INTERVAL)
    return replace(state, doing=Doing.RESTING)


def _refuse_fewer(before: Page | None, now: Page) -> None:
    """Rows that were shown do not go while a job runs: a page is written once."""
    if before is not None and now.row_count < before.row_count:
        raise InvalidResponseError(
            f"Page {now.name or FIRST_PAGE} had {before.row_count} companies and now has {now.row_count}; those that "
            "were read are kept."
        )


def _with(state: State, cursor: str | None, page: Page) -> State:
    """The state with this page in its place: the first, one read again, or one more at the end."""
    held = dict(state.pages)
    before = held.get(cursor)
    held[cursor] = page
    state = replace(state, pages=tuple(held.items()))
    if before is not None and before.rows_json == page.rows_json:
        return state
    rows = Rows.of(tuple(held.values()))
    # More may be shown from a reading of the end that turned out not to be one.
    return replace(state, shown=rows if len(rows) >= len(state.shown) else state.shown)
