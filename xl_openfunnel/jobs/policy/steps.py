"""The policy of a job: its state and the time go in, the next step comes out.

A job is loaded from the store; polled while it runs (`polling`); once its status is terminal, all pages are downloaded
again, checked and saved (`download`); then it is idle. `start_over` refreshes it, and the old result stays visible
until the new one is final.

All functions are pure and work on immutable values, so each rule can be tested as a row of a table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...api.models import Page
from ...api.retry import MAX_RETRY_AFTER
from ...errors import IncompleteResultError, InvalidResponseError, OpenFunnelError, RateLimitError, unexpected
from ...runtime.clock import FOREVER
from ..snapshot import Problem, Result
from .download import NO_TOTAL, idle, page_answered
from .polling import poll_answered
from .state import (
    MIN_INTERVAL,
    JobState,
    Moment,
    PageRequest,
    Phase,
    RequestGate,
    failed_problem,
    restart_polling,
    with_problem,
)

FIRST_REQUEST_DELAY = 1.0
"""Seconds before the first request for a job that was only watched: cells and the function wizard watch half-typed
ids."""


@dataclass(frozen=True)
class LoadFromStore:
    """Look the job up in the store, waiting while the store is busy."""


@dataclass(frozen=True)
class SendRequests:
    requests: tuple[PageRequest, ...]


@dataclass(frozen=True)
class SaveResult:
    result: Result
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Wait:
    """Nothing to do until this moment, or until an answer comes (`FOREVER`)."""

    until: float


Step = LoadFromStore | SendRequests | SaveResult | Wait


def next_step(state: JobState, gate: RequestGate, now: float, *, max_requests: int) -> Step:
    """What to do for a job now, with at most ``max_requests`` in flight."""
    match state.phase:
        case Phase.LOADING:
            return LoadFromStore()
        case Phase.SAVING if state.unsaved is not None:
            return SaveResult(*state.unsaved)
        case Phase.POLLING if not state.in_flight:
            return _unless_paused(state, gate, now, (PageRequest(state.next_cursor, "poll"),))
        case Phase.DOWNLOADING:
            return _next_pages(state, gate, now, max_requests - len(state.in_flight))
        case _:
            return Wait(FOREVER)


def _unless_paused(state: JobState, gate: RequestGate, now: float, requests: tuple[PageRequest, ...]) -> Step:
    if gate.key_problem is not None:
        return Wait(FOREVER)
    send_at = max(state.due, gate.closed_until)
    return SendRequests(requests) if now >= send_at else Wait(send_at)


def _next_pages(state: JobState, gate: RequestGate, now: float, free_slots: int) -> Step:
    walk = state.walk
    if walk is None or free_slots <= 0:
        return Wait(FOREVER)
    in_flight = {request.cursor for request in state.in_flight}
    cursors = dict.fromkeys([*([walk.next_cursor] if walk.next_cursor else []), *walk.predicted])
    waiting = [cursor for cursor in cursors if cursor not in in_flight]
    ready = [c for c in waiting if c not in state.retries or state.retries[c].not_before <= now]
    if ready:
        requests = tuple(PageRequest(c, "named" if c == walk.next_cursor else "predicted") for c in ready[:free_slots])
        return _unless_paused(state, gate, now, requests)
    retry_at = [state.retries[c].not_before for c in waiting]
    if not retry_at or gate.key_problem is not None:
        return Wait(FOREVER)
    return Wait(max(min(retry_at), state.due, gate.closed_until))


def rate_limited(gate: RequestGate, error: OpenFunnelError, now: float) -> RequestGate:
    """The gate after this error: a rate limit pauses all jobs, for the longest wait that the service asked for."""
    if not isinstance(error, RateLimitError) or error.retry_after is None:
        return gate
    closed_until = now + min(error.retry_after, MAX_RETRY_AFTER)
    return replace(gate, closed_until=max(gate.closed_until, closed_until))


# ---- events ------------------------------------------------------------------------------------------------


def new(job_id: str, moment: Moment) -> JobState:
    """The state of a job that is tracked from now on."""
    return JobState(job_id, due=moment.now + FIRST_REQUEST_DELAY)


def expedite(state: JobState, moment: Moment) -> JobState:
    """A caller waits for the job: its first request is not delayed any longer."""
    return replace(state, due=min(state.due, moment.now)) if state.first_page is None and not state.failures else state


def store_answered(state: JobState, stored: Result | None) -> JobState:
    """The store was read. A stored job is never requested again, unless a refresh asks for it."""
    if stored is not None:
        state = replace(state, result=stored, source="store", problem=failed_problem(stored, stored.as_of))
    done = stored is not None and not state.force_refresh
    return replace(state, phase=Phase.IDLE if done else Phase.POLLING, force_refresh=False)


def reload(state: JobState) -> JobState:
    """The stored rows can no longer be read: load the job again."""
    return JobState(state.job_id, due=state.due)


def start_over(state: JobState, moment: Moment) -> JobState:
    """Read the job again; the rows that are shown stay until the new result is final.

    A poll or download under way is not started twice: it only stops waiting, and the intervals between polls grow
    from the shortest again. A download that is stuck, because a page or the key is missing, is dropped: a page that
    it already has may be the cause.
    """
    if state.phase is Phase.LOADING:
        return replace(state, force_refresh=True, due=moment.now)
    stuck = state.phase is Phase.DOWNLOADING and not state.in_flight
    if state.phase is not Phase.IDLE and not stuck:
        return replace(state, due=moment.now, failures=0, retries={}, interval=MIN_INTERVAL)
    problem = None if state.result is None else failed_problem(state.result, state.result.as_of)
    return replace(
        restart_polling(state),
        rechecks=0,
        readings=(),
        due=moment.now,
        problem=problem,
        failures=0,
        same_kind_failures=0,
    )


def holds_pages(state: JobState) -> bool:
    """Whether memory holds pages that do not belong to a result."""
    return state.first_page is not None or state.unsaved is not None


def evict_pages(state: JobState) -> JobState:
    """Drop the pages of a job that is no longer used. An unfinished refresh starts over if the job is used again."""
    if state.phase is Phase.IDLE:
        return replace(idle(state), failures=state.failures)
    return replace(idle(state), phase=Phase.POLLING)


def sent(state: JobState, requests: tuple[PageRequest, ...]) -> JobState:
    return replace(state, in_flight=state.in_flight | set(requests))


def unsent(state: JobState, request: PageRequest) -> JobState:
    """A request was not sent after all, because all requests are paused."""
    return replace(state, in_flight=state.in_flight - {request})


def saved(state: JobState, result: Result, moment: Moment, error: OpenFunnelError | None = None) -> JobState:
    """The result was stored, or could not be (``error``). It is final either way."""
    problem = failed_problem(result, result.as_of) or (None if error is None else Problem(error, moment.utc))
    if problem is None and not result.complete:
        problem = Problem(IncompleteResultError(NO_TOTAL), moment.utc)
    return replace(idle(state), result=result, source="service", problem=problem)


def internal_error(state: JobState, error: Exception, moment: Moment) -> JobState:
    """A bug in this package: show it, and let no caller wait for ever."""
    problem = InvalidResponseError(unexpected(error))
    return replace(with_problem(restart_polling(state), problem, moment), phase=Phase.IDLE)


def answered(state: JobState, request: PageRequest, outcome: Page | OpenFunnelError, moment: Moment) -> JobState:
    state = unsent(state, request)
    if state.phase is Phase.POLLING and request.kind == "poll":
        return poll_answered(state, request, outcome, moment)
    if state.phase is Phase.DOWNLOADING and request.kind != "poll":
        return page_answered(state, request, outcome, moment)
    return state
