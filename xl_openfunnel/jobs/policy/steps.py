"""Deciding, and nothing else: what is known of a job and the time go in, the next step comes out.

A job's life here: look into the store; poll while it runs (`polling`); once its status is terminal walk over all pages
again, check and keep (`download`); rest. `start_over` begins anew, and what is final stays in sight until the new
result is.

Everything is a pure function of immutable values, so that every rule is a line in a table of tests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...api.models import Page
from ...api.retry import MAX_RETRY_AFTER
from ...errors import IncompleteResultError, InvalidResponseError, OpenFunnelError, RateLimitError
from ...runtime.clock import FOREVER
from ..result import Result
from ..snapshot import Problem
from .download import NO_MANIFEST, idle, page_answered, result_problem
from .polling import poll_answered
from .state import JobState, Moment, PageRequest, Phase, RequestGate, restart_polling, with_problem

FIRST_REQUEST_DELAY = 1.0
"""Seconds before the first request for a job that only `watch` asked for: ids are half typed in cells and in the
function wizard."""

# ---- steps -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LoadFromStore:
    """Look into the store, waiting for it."""


@dataclass(frozen=True)
class SendRequests:
    """Send these requests."""

    requests: tuple[PageRequest, ...]


@dataclass(frozen=True)
class SaveResult:
    """Store the fresh result."""

    result: Result
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Wait:
    """Nothing to do before this moment, or (`FOREVER`) before an answer comes."""

    until: float


Step = LoadFromStore | SendRequests | SaveResult | Wait


def next_step(state: JobState, gate: RequestGate, now: float, *, max_requests: int) -> Step:
    """What to do for a job now, with at most ``most`` requests under way at once."""
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
    opens = max(state.due, gate.closed_until)
    return SendRequests(requests) if now >= opens else Wait(opens)


def _next_pages(state: JobState, gate: RequestGate, now: float, free_slots: int) -> Step:
    walk = state.walk
    if walk is None or free_slots <= 0:
        return Wait(FOREVER)
    wanted = dict.fromkeys([*([walk.next_cursor] if walk.next_cursor else []), *walk.predicted])
    under_way = {ask.cursor for ask in state.in_flight}
    waiting = [c for c in wanted if c not in under_way]
    ready = [c for c in waiting if c not in state.retries or state.retries[c].not_before <= now]
    if ready:
        return _unless_paused(
            state,
            gate,
            now,
            tuple(PageRequest(c, "named" if c == walk.next_cursor else "guess") for c in ready[:free_slots]),
        )
    later = [state.retries[c].not_before for c in waiting]
    return Wait(max(min(later), state.due, gate.closed_until) if later and gate.key_problem is None else FOREVER)


def rate_limited(gate: RequestGate, error: OpenFunnelError, now: float) -> RequestGate:
    """The gate after this error: a service that asks to wait is asked for no job, for the longest wait it asked for."""
    if not isinstance(error, RateLimitError) or error.retry_after is None:
        return gate
    closed_until = now + min(error.retry_after, MAX_RETRY_AFTER)
    return replace(gate, closed_until=max(gate.closed_until, closed_until))


# ---- what happens to a job ---------------------------------------------------------------------------------


def new(job_id: str, moment: Moment) -> JobState:
    """A job that nobody has asked for before."""
    return JobState(job_id, due=moment.now + FIRST_REQUEST_DELAY)


def expedite(state: JobState, moment: Moment) -> JobState:
    """Somebody waits: the first request need not wait any longer."""
    return replace(state, due=min(state.due, moment.now)) if state.first_page is None and not state.failures else state


def store_answered(state: JobState, stored: Result | None) -> JobState:
    """The store was looked into. What is final there is never asked for again, unless somebody wants it so."""
    if stored is not None:
        state = replace(state, result=stored, source="store", problem=result_problem(stored))
    resting = stored is not None and not state.force_refresh
    return replace(state, phase=Phase.IDLE if resting else Phase.POLLING, force_refresh=False)


def reload(state: JobState) -> JobState:
    """What was found in the store cannot be read any more."""
    return JobState(state.job_id, due=state.due)


def start_over(state: JobState, moment: Moment) -> JobState:
    """Somebody wants it read anew; what is there stays in sight until then.

    What is being read just now is not read twice: it only waits no longer. A reading of the end that stands still, for
    want of a key or of a page, is given up: what it holds may be what keeps it from going on.
    """
    if state.phase is Phase.LOADING:
        return replace(state, force_refresh=True, due=moment.now)
    stands_still = state.phase is Phase.DOWNLOADING and not state.in_flight
    if state.phase is not Phase.IDLE and not stands_still:
        return replace(state, due=moment.now, failures=0, retries={})
    problem = None if state.result is None else result_problem(state.result)
    return replace(
        restart_polling(state), rechecks=0, due=moment.now, problem=problem, failures=0, same_kind_failures=0
    )


def holds_pages(state: JobState) -> bool:
    """Whether pages are in memory that are no part of a result."""
    return state.first_page is not None or state.unsaved is not None


def evict_pages(state: JobState) -> JobState:
    """Nobody has wanted it for long: a reading anew of what is final is given up, and begins anew should somebody."""
    return replace(idle(state), phase=Phase.IDLE if state.phase is Phase.IDLE else Phase.POLLING)


def sent(state: JobState, requests: tuple[PageRequest, ...]) -> JobState:
    """These requests are under way."""
    return replace(state, in_flight=state.in_flight | set(requests))


def unsent(state: JobState, request: PageRequest) -> JobState:
    """A request was held back, because all requests are."""
    return replace(state, in_flight=state.in_flight - {request})


def saved(state: JobState, result: Result, moment: Moment, error: OpenFunnelError | None = None) -> JobState:
    """The fresh result is stored, or could not be: it is final either way."""
    problem = result_problem(result) or (None if error is None else Problem(error, moment.utc))
    if problem is None and not result.complete:
        problem = Problem(IncompleteResultError(NO_MANIFEST), moment.utc)
    return replace(idle(state), result=result, source="service", problem=problem)


def internal_error(state: JobState, error: Exception, moment: Moment) -> JobState:
    """A bug of ours came up: let it be seen, and nobody wait for ever."""
    trouble = InvalidResponseError(
        f"Something unexpected happened ({type(error).__name__}). Refresh; the log tells more."
    )
    return replace(with_problem(restart_polling(state), trouble, moment), phase=Phase.IDLE)


def answered(state: JobState, request: PageRequest, outcome: Page | OpenFunnelError, moment: Moment) -> JobState:
    """A request came back with a page or an error."""
    state = unsent(state, request)
    if state.phase is Phase.POLLING and request.kind == "poll":
        return poll_answered(state, request, outcome, moment)
    if state.phase is Phase.DOWNLOADING and request.kind != "poll":
        return page_answered(state, request, outcome, moment)
    return state
