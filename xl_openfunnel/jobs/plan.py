"""Deciding, and nothing else: what is known of a job and the time go in, the next step comes out.

A job's life here: look into the store; poll while it runs (`polling`); once its status is terminal walk over all pages
again, check and keep (`finishing`); rest. `start_over` begins anew, and what is final stays in sight until the new
result is.

Everything is a pure function of immutable values, so that every rule is a line in a table of tests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..api.models import Page
from ..api.retry import LONGEST_RETRY_AFTER
from ..errors import IncompleteResultError, InvalidResponseError, OpenFunnelError, RateLimitError
from .finishing import NO_MANIFEST, at_rest, page_answered, why_failed
from .polling import poll_answered
from .snapshot import Problem
from .state import (
    FOREVER,
    Ask,
    Doing,
    Gate,
    Moment,
    State,
    afresh,
    troubled,
)
from .store import Result

FIRST_REQUEST_DELAY = 1.0
"""Seconds before the first request for a job that only `watch` asked for: ids are half typed in cells and in the
function wizard."""

# ---- steps -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """Look into the store, waiting for it."""


@dataclass(frozen=True)
class Send:
    """Send these requests."""

    asks: tuple[Ask, ...]


@dataclass(frozen=True)
class Keep:
    """Store the fresh result."""

    result: Result
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Wait:
    """Nothing to do before this moment, or (`FOREVER`) before an answer comes."""

    until: float


Step = Look | Send | Keep | Wait


def next_step(state: State, gate: Gate, now: float, *, most: int) -> Step:
    """What to do for a job now, with at most ``most`` requests under way at once."""
    match state.doing:
        case Doing.LOOKING:
            return Look()
        case Doing.KEEPING if state.fresh is not None:
            return Keep(*state.fresh)
        case Doing.POLLING if not state.asking:
            return _unless_held_up(state, gate, now, (Ask(state.follow, "poll"),))
        case Doing.WALKING:
            return _next_pages(state, gate, now, most - len(state.asking))
        case _:
            return Wait(FOREVER)


def _unless_held_up(state: State, gate: Gate, now: float, asks: tuple[Ask, ...]) -> Step:
    if gate.refused is not None:
        return Wait(FOREVER)
    opens = max(state.due, gate.closed_until)
    return Send(asks) if now >= opens else Wait(opens)


def _next_pages(state: State, gate: Gate, now: float, room: int) -> Step:
    walk = state.walk
    if walk is None or room <= 0:
        return Wait(FOREVER)
    wanted = dict.fromkeys([*([walk.named] if walk.named else []), *walk.guesses])
    under_way = {ask.cursor for ask in state.asking}
    waiting = [c for c in wanted if c not in under_way]
    ready = [c for c in waiting if c not in state.troubles or state.troubles[c].not_before <= now]
    if ready:
        return _unless_held_up(
            state, gate, now, tuple(Ask(c, "named" if c == walk.named else "guess") for c in ready[:room])
        )
    later = [state.troubles[c].not_before for c in waiting]
    return Wait(max(min(later), state.due, gate.closed_until) if later and gate.refused is None else FOREVER)


def held_up(gate: Gate, error: OpenFunnelError, now: float) -> Gate:
    """The gate after this error: a service that asks to wait is asked for no job, for the longest wait it asked for."""
    if not isinstance(error, RateLimitError) or error.retry_after is None:
        return gate
    closed_until = now + min(error.retry_after, LONGEST_RETRY_AFTER)
    return replace(gate, closed_until=max(gate.closed_until, closed_until))


# ---- what happens to a job ---------------------------------------------------------------------------------


def new(job_id: str, moment: Moment) -> State:
    """A job that nobody has asked for before."""
    return State(job_id, due=moment.now + FIRST_REQUEST_DELAY)


def hurry(state: State, moment: Moment) -> State:
    """Somebody waits: the first request need not wait any longer."""
    return replace(state, due=min(state.due, moment.now)) if state.first is None and not state.failures else state


def looked(state: State, stored: Result | None) -> State:
    """The store was looked into. What is final there is never asked for again, unless somebody wants it so."""
    if stored is not None:
        state = replace(state, result=stored, source="store", problem=why_failed(stored))
    resting = stored is not None and not state.again
    return replace(state, doing=Doing.RESTING if resting else Doing.POLLING, again=False)


def look_again(state: State) -> State:
    """What was found in the store cannot be read any more."""
    return State(state.job_id, due=state.due)


def start_over(state: State, moment: Moment) -> State:
    """Somebody wants it read anew; what is there stays in sight until then.

    What is being read just now is not read twice: it only waits no longer. A reading of the end that stands still, for
    want of a key or of a page, is given up: what it holds may be what keeps it from going on.
    """
    if state.doing is Doing.LOOKING:
        return replace(state, again=True, due=moment.now)
    stands_still = state.doing is Doing.WALKING and not state.asking
    if state.doing is not Doing.RESTING and not stands_still:
        return replace(state, due=moment.now, failures=0, troubles={})
    problem = None if state.result is None else why_failed(state.result)
    return replace(afresh(state), rechecks=0, due=moment.now, problem=problem, failures=0, alike=0)


def holds_pages(state: State) -> bool:
    """Whether pages are in memory that are no part of a result."""
    return state.first is not None or state.fresh is not None


def let_go(state: State) -> State:
    """Nobody has wanted it for long: a reading anew of what is final is given up, and begins anew should somebody."""
    return replace(at_rest(state), doing=Doing.RESTING if state.doing is Doing.RESTING else Doing.POLLING)


def sent(state: State, asks: tuple[Ask, ...]) -> State:
    """These requests are under way."""
    return replace(state, asking=state.asking | set(asks))


def unsent(state: State, ask: Ask) -> State:
    """A request was held back, because all requests are."""
    return replace(state, asking=state.asking - {ask})


def kept(state: State, result: Result, moment: Moment, trouble: OpenFunnelError | None = None) -> State:
    """The fresh result is stored, or could not be: it is final either way."""
    problem = why_failed(result) or (None if trouble is None else Problem(trouble, moment.utc))
    if problem is None and not result.complete:
        problem = Problem(IncompleteResultError(NO_MANIFEST), moment.utc)
    return replace(at_rest(state), result=result, source="service", problem=problem)


def broken(state: State, error: Exception, moment: Moment) -> State:
    """A bug of ours came up: let it be seen, and nobody wait for ever."""
    trouble = InvalidResponseError(
        f"Something unexpected happened ({type(error).__name__}). Refresh; the log tells more."
    )
    return replace(troubled(afresh(state), trouble, moment), doing=Doing.RESTING)


def answered(state: State, ask: Ask, outcome: Page | OpenFunnelError, moment: Moment) -> State:
    """A request came back with a page or an error."""
    state = unsent(state, ask)
    if state.doing is Doing.POLLING and ask.kind == "poll":
        return poll_answered(state, ask, outcome, moment)
    if state.doing is Doing.WALKING and ask.kind != "poll":
        return page_answered(state, ask, outcome, moment)
    return state
