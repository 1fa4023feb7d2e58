"""Deciding, and nothing else: what is known of a job and the time go in, the next step comes out.

A job's life here: look into the store; poll while it runs (`_poll_answered`); once its status is terminal walk over
all pages again (`_walk_answered`, `walk`); check and keep; rest. `start_over` begins anew, and what is final stays in
sight until the new result is.

Everything is a pure function of immutable values, so that every rule is a line in a table of tests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..api.models import FIRST_PAGE, JobStatus, Page
from ..api.retry import LONGEST_RETRY_AFTER, delay_before_retry
from ..errors import BadAnswer, IncompleteResult, JobNotFound, OpenFunnelError, RateLimited
from . import walk as walks
from .snapshot import NO_ROWS, Problem, Rows
from .state import (
    FOREVER,
    SHORTEST_INTERVAL,
    Ask,
    Doing,
    Gate,
    Moment,
    State,
    Trouble,
    afresh,
    failed,
    only_another_key_mends,
    troubled,
)
from .store import Result
from .walk import Walk

FIRST_REQUEST_DELAY = 1.0
"""Seconds before the first request for a job that only `watch` asked for: ids are half typed in cells and in the
function wizard."""

LONGEST_INTERVAL = 15.0
"""Seconds between polls of a job in which nothing moves."""

INTERVAL_GROWTH = 1.5
"""How the interval grows with each poll that brought nothing new."""

RECHECK_DELAYS = (2.0, 10.0)
"""A result that differs from its manifest is read again after these seconds, then it stands."""

GUESS_TRIES = 2
"""Tries of a guessed page; after that it waits until the page before it names it."""

FAILED_JOB_TRIES = 5
"""Tries of a page of a failed job, which may be gone: then what it did give is all."""

_SUPPORT = "If it stays so, tell OpenFunnel's support"

NO_MANIFEST = "The service gave no manifest to check against: there may be more rows than these."

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
    if not isinstance(error, RateLimited) or error.retry_after is None:
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
        state = replace(state, result=stored, source="store", problem=_failed(stored))
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
    problem = None if state.result is None else _failed(state.result)
    return replace(afresh(state), rechecks=0, due=moment.now, problem=problem, failures=0, alike=0)


def holds_pages(state: State) -> bool:
    """Whether pages are in memory that are no part of a result."""
    return state.first is not None or state.fresh is not None


def let_go(state: State) -> State:
    """Nobody has wanted it for long: a reading anew of what is final is given up, and begins anew should somebody."""
    return replace(_at_rest(state), doing=Doing.RESTING if state.doing is Doing.RESTING else Doing.POLLING)


def sent(state: State, asks: tuple[Ask, ...]) -> State:
    """These requests are under way."""
    return replace(state, asking=state.asking | set(asks))


def unsent(state: State, ask: Ask) -> State:
    """A request was held back, because all requests are."""
    return replace(state, asking=state.asking - {ask})


def kept(state: State, result: Result, moment: Moment, trouble: OpenFunnelError | None = None) -> State:
    """The fresh result is stored, or could not be: it is final either way."""
    problem = _failed(result) or (None if trouble is None else Problem(trouble, moment.utc))
    if problem is None and not result.complete:
        problem = Problem(IncompleteResult(NO_MANIFEST), moment.utc)
    return replace(_at_rest(state), result=result, source="service", problem=problem)


def _at_rest(state: State) -> State:
    """There is a result to show: what was read on the way is let go of, the first page too."""
    return replace(afresh(state), doing=Doing.RESTING, first=None, pages=(), shown=NO_ROWS, failures=0)


def broken(state: State, error: Exception, moment: Moment) -> State:
    """A bug of ours came up: let it be seen, and nobody wait for ever."""
    trouble = BadAnswer(f"Something unexpected happened ({type(error).__name__}). Refresh; the log tells more.")
    return replace(troubled(afresh(state), trouble, moment), doing=Doing.RESTING)


def answered(state: State, ask: Ask, outcome: Page | OpenFunnelError, moment: Moment) -> State:
    """A request came back with a page or an error."""
    state = unsent(state, ask)
    if state.doing is Doing.POLLING and ask.kind == "poll":
        return _poll_answered(state, ask, outcome, moment)
    if state.doing is Doing.WALKING and ask.kind != "poll":
        return _walk_answered(state, ask, outcome, moment)
    return state


# ---- polling -----------------------------------------------------------------------------------------------


def _poll_answered(state: State, ask: Ask, outcome: Page | OpenFunnelError, moment: Moment) -> State:
    if isinstance(outcome, OpenFunnelError):
        return _poll_failed(replace(state, follow=None), ask, outcome, moment)
    if ask.cursor is None:
        state = replace(state, first=outcome, as_of=moment.utc)
        if outcome.status.terminal:
            return _walk_on(
                replace(state, doing=Doing.WALKING, walk=walks.begin(outcome, moment.utc), due=moment.now), moment
            )
    elif outcome.status.terminal:  # over meanwhile: the next poll begins the end
        return replace(state, follow=None, interval=SHORTEST_INTERVAL, due=moment.now + SHORTEST_INTERVAL)
    with_page = _with(state, ask.cursor, outcome)
    try:
        _refuse_fewer(dict(state.pages).get(ask.cursor), outcome)
        walks.refuse_too_much(page for _, page in with_page.pages)
    except BadAnswer as error:
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
        endless = BadAnswer(f"The service's pages do not end: page {len(held)} names {page.next_cursor}.")
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
    state = troubled(state, _about_page(error, ask.cursor), moment)
    delay = delay_before_retry(
        error, state.alike if isinstance(error, JobNotFound) else state.failures, chance=moment.chance
    )
    if delay is not None:
        return replace(state, due=moment.now + delay)
    if only_another_key_mends(error):
        return state
    if ask.cursor is not None:  # the first page has just answered: the job is there, and goes on
        return replace(state, due=moment.now + LONGEST_INTERVAL)
    return replace(state, doing=Doing.RESTING)


def _about_page(error: OpenFunnelError, cursor: str | None) -> OpenFunnelError:
    """The error in words that fit: a page that is not found does not mean that the job is not there."""
    if cursor is None or not isinstance(error, JobNotFound):
        return error
    return BadAnswer(
        f"The service names page {cursor} and does not find it (HTTP {error.status}). {_SUPPORT}.",
        status=error.status,
        request_id=error.request_id,
    )


def _refuse_fewer(before: Page | None, now: Page) -> None:
    """Rows that were shown do not go while a job runs: a page is written once."""
    if before is not None and now.row_count < before.row_count:
        raise BadAnswer(
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


# ---- walking -----------------------------------------------------------------------------------------------


def _walk_answered(state: State, ask: Ask, outcome: Page | OpenFunnelError, moment: Moment) -> State:
    walk, cursor = state.walk, ask.cursor
    if walk is None or cursor is None:
        return state
    if isinstance(outcome, OpenFunnelError):
        return _page_failed(state, walk, ask, outcome, moment)
    if not outcome.status.terminal:
        return _not_over(state, outcome, moment)
    try:
        walk = walks.accept(walk, cursor, outcome)
    except OpenFunnelError as error:
        return _page_failed(state, walk, ask, error, moment)
    troubles = {c: trouble for c, trouble in state.troubles.items() if c != cursor}
    problem = state.problem if troubles or state.rechecks else None
    return _walk_on(
        replace(state, walk=walk, troubles=troubles, problem=problem, as_of=moment.utc, due=moment.now), moment
    )


def _not_over(state: State, page: Page, moment: Moment) -> State:
    """A page says that the job still goes on: its rows may be older than the end, so ask for the state again."""
    error = BadAnswer(f"One page says that the job is over and another that it is {page.status}.")
    state = troubled(state, error, moment)
    delay = delay_before_retry(error, state.failures, chance=moment.chance) or 0.0
    return replace(afresh(state), due=moment.now + delay)


def _walk_on(state: State, moment: Moment) -> State:
    """Is everything read, and does it agree with the manifest?"""
    if state.walk is None:
        return state
    try:
        walk = walks.advance(state.walk)
        rows = Rows.of(walk.pages)
        state = replace(state, walk=walk, shown=rows if len(rows) > len(state.shown) else state.shown)
        if walk.named is None and _must_agree(walk.first):
            walks.check(walk.pages)
            if not _has_numbers(walk.first) and state.rechecks < len(RECHECK_DELAYS):
                raise IncompleteResult(NO_MANIFEST)  # it may lag behind the status
    except OpenFunnelError as error:
        return _disagrees(state, error, moment)
    return _over(state, walk) if walk.named is None else state


def _over(state: State, walk: Walk) -> State:
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
        complete=not _must_agree(first) or _has_numbers(first),
    )
    if state.result is not None and not _must_agree(first) and len(result.rows) < len(state.result.rows):
        # What a failed job no longer gives is no reason to lose it.
        return replace(_at_rest(state), problem=_failed(result))
    return replace(state, doing=Doing.KEEPING, fresh=(result, pages))


def _page_failed(state: State, walk: Walk, ask: Ask, error: OpenFunnelError, moment: Moment) -> State:
    if only_another_key_mends(error):
        return troubled(state, error, moment)
    if ask.kind == "guess" and not error.waiting_helps:
        return replace(state, walk=walks.stop_guessing(walk))  # there may be no such page, and no harm is done
    cursor = ask.cursor or ""
    failures = state.troubles[cursor].failures + 1 if cursor in state.troubles else 1
    if failures >= GUESS_TRIES:
        walk = walks.stop_guessing(walk, cursor)
    state = replace(troubled(state, _about_page(error, cursor), moment), walk=walk)
    delay = delay_before_retry(error, failures, chance=moment.chance)
    gone = not _must_agree(walk.first) and ask.kind == "named" and failures >= FAILED_JOB_TRIES
    if delay is not None and not gone:
        trouble = Trouble(failures, moment.now + delay)
        troubles = {**state.troubles, cursor: trouble}
        return replace(state, troubles=troubles, due=max(state.due, trouble.not_before))
    if not _must_agree(walk.first):
        return _over(state, walk)  # a failed job: whatever rows it still gives
    return replace(state, doing=Doing.RESTING)


def _disagrees(state: State, error: OpenFunnelError, moment: Moment) -> State:
    """What was read cannot be all of it, or more than it: read again, a few times, then let the problem stand."""
    state = afresh(troubled(state, error, moment))
    if state.rechecks >= len(RECHECK_DELAYS):
        return replace(state, doing=Doing.RESTING)
    due = moment.now + RECHECK_DELAYS[state.rechecks]
    return replace(state, rechecks=state.rechecks + 1, due=due)


def _failed(result: Result) -> Problem | None:
    return failed(result.status, result.error_message, result.as_of)


def _must_agree(first: Page) -> bool:
    """Whether the rows must agree with a manifest: a failed job gives whatever it still gives."""
    return first.status.lower() != JobStatus.FAILED


def _has_numbers(first: Page) -> bool:
    return any(walks.stated(first, what) is not None for what in ("rows", "pages"))
