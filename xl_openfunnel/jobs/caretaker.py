"""The thread that owns the state of every job, and carries out what `plan` decides.

It is told everything through one inbox, as something to do, and is the only one to change anything; workers send the
requests, one thread serves the disk. What everybody may see is published as immutable snapshots.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from ..api.client import Client
from ..api.models import Page
from ..errors import ConfigurationError, InvalidResponseError, OpenFunnelError
from . import plan
from .alarms import Alarms
from .callbacks import Callbacks
from .care import Care, Waiter, visible
from .clock import Clock, Message
from .keeper import Keeper
from .plan import Keep, Look, Send, Wait
from .snapshot import Problem, Rows, Snapshot
from .state import FOREVER, Ask, Doing, Gate, Moment, State, only_another_key_mends
from .store import Result, Store, StoreBusyError
from .turns import Turns
from .view import snapshot
from .workers import URGENT, Workers, begin

_log = logging.getLogger(__name__)

CARE = 600.0
"""Seconds that a job is cared for after the last `watch`: longer than a coffee, shorter than a forgotten cell."""

LET_GO = 3_600.0
"""Seconds after the end of its care for which a job's rows are still held: the user may only have been at lunch."""

_TIDY = 600.0
"""Seconds between looks for what can be let go of."""

KEY_LOOK = 10.0
"""Seconds between looks for another key while the present one is refused."""

_LONGEST_NAP = 3_600.0
"""Seconds without looking at the clock: systems refuse to wait for years."""

_JOIN = 5.0
"""Seconds that `close` gives the caretaker's own thread to end."""


class Caretaker:
    """Everything behind a `Fetcher`. Public methods may be called on any thread and return at once."""

    def __init__(
        self,
        client: Client,
        store: Store | ConfigurationError | None,
        clock: Clock,
        chance: Callable[[], float],
        care: float,
    ) -> None:
        self.published: dict[str, Snapshot] = {}
        self.callbacks = Callbacks()
        self.closed = False
        self.tasks_under_way = 0
        self._client = client
        self._clock = clock
        self._chance = chance
        self._care = care
        self._cares: dict[str, Care] = {}
        self._epochs = itertools.count()
        self._alarms = Alarms(self._needed_alarms)
        self._tidy_at = 0.0
        self._with_pages: set[str] = set()
        self._forgets = 0
        self._turns = Turns(client.concurrency)
        self._gate = Gate()
        self._refused_key: str | None = None
        self._key_look_at = FOREVER
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._requests = Workers("request", client.concurrency)
        self._keeper = Keeper(store, lambda job_id, rows: self._tell(lambda: self._unreadable(job_id, rows)))
        self._thread = begin("caretaker", self._run)

    # ---- on any thread -------------------------------------------------------------------------------------

    def seen_first(self, job_id: str) -> Snapshot:
        """What can be said at once of a job that nobody asked for before; it is cared for from now on."""
        forgets = self._forgets
        state = self._first_sight(job_id)
        seen = self.published.setdefault(job_id, snapshot(state, self._gate, self.moment()))
        self._tell(lambda: self._wanted(job_id, state if forgets == self._forgets else None))
        return seen

    def want(self, job_id: str) -> None:
        """Somebody looks at the job: its care goes on."""
        self._tell(lambda: self._wanted(job_id, None))

    def refresh(self, job_id: str) -> None:
        """Somebody wants the job read anew."""
        self._tell(lambda: self._refreshed(job_id))

    def await_(self, job_id: str, waiter: Waiter) -> None:
        """Somebody waits for the job."""
        self._tell(lambda: self._awaited(job_id, waiter))

    def leave(self, job_id: str, waiter: Waiter) -> None:
        """Somebody waits no longer."""
        self._tell(lambda: self._left(job_id, waiter))

    def forget(self, job_id: str) -> threading.Event:
        """Nothing is to be known of the job any more; the event tells when the store has forgotten it too."""
        self._forgets += 1
        done = threading.Event()
        self._tell(lambda: self._forgotten(job_id, done))
        self.published.pop(job_id, None)
        return done

    def close(self) -> None:
        """Stop. Requests under way are not waited for; what is to be stored is."""
        if self.closed:
            return
        self.closed = True
        self.callbacks.close()
        self._tell(lambda: None)
        if self._thread is not threading.current_thread():
            self._thread.join(_JOIN)
        self._requests.close(finish=False)
        self._keeper.close()

    def moment(self) -> Moment:
        """Now."""
        return Moment(self._clock.monotonic(), self._clock.utcnow(), self._chance())

    def _first_sight(self, job_id: str) -> State:
        """The state of a job that nobody asked for before, with what the store says of it, if it says so at once."""
        state = plan.new(job_id, self.moment())
        try:
            return plan.looked(state, self._keeper.find_at_once(job_id))
        except StoreBusyError:
            return state  # unknown: it is looked for again, waiting

    def _tell(self, what: Callable[[], None]) -> None:
        self._inbox.put(what)

    # ---- on the caretaker's thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while not self.closed:
            try:
                told = self._clock.receive(self._inbox, self._seconds_to_alarm())
                if told is not None:
                    told()
                del told  # and the page in it, however long the next one is waited for
                self._ring()
            except Exception:
                _log.exception("the caretaker met something unexpected")

    def _seconds_to_alarm(self) -> float | None:
        # For less than pages nobody need wake up, and whatever is under way wakes us anyway.
        tidy_at = self._tidy_at if self._with_pages and not self.tasks_under_way else FOREVER
        at = min(self._alarms.soonest, self._key_look_at, tidy_at)
        return None if at == FOREVER else min(max(at - self._clock.monotonic(), 0.0), _LONGEST_NAP)

    def _ring(self) -> None:
        """Everything whose time has come."""
        now = self._clock.monotonic()
        for job_id in self._alarms.due(now):
            if care := self._cares.get(job_id):
                self._advance(care)
        if self._tidy_at <= now:
            self._tidy_at = now + _TIDY
            self._tidy(now)
        if self._key_look_at <= now:
            self._key_look_at = FOREVER
            self.tasks_under_way += 1
            self._requests.submit(self._look_for_key)

    def _needed_alarms(self) -> Iterator[tuple[float, str]]:
        for job_id, care in self._cares.items():
            yield care.wake_at, job_id
            for waiter in care.waiters:
                yield waiter.deadline, job_id

    def _tidy(self, now: float) -> None:
        """Let go of ids of which nothing was ever learnt, half-typed ones, and later of pages, that nobody wants.

        A job that is not final is unknown again then, and whoever watches it begins anew.
        """
        for job_id, care in list(self._cares.items()):
            state = care.state
            if self._is_cared_for(care):
                care.cared_until = now
            elif state.asking or care.disk_busy:
                continue
            elif state.result is not None:
                if plan.holds_pages(state) and now - care.cared_until >= LET_GO:
                    care.state = plan.let_go(state)
                    self._note_pages(care)
            elif state.first is None or now - care.cared_until >= LET_GO:
                del self._cares[job_id]
                self._with_pages.discard(job_id)
                self.published.pop(job_id, None)

    def _wanted(self, job_id: str, state: State | None) -> None:
        care = self._cares.get(job_id)
        now = self._clock.monotonic()
        if care is None:
            care = Care(state or self._first_sight(job_id), next(self._epochs), now, now)
            self._cares[job_id] = care
        care.wanted_at = now
        self._advance(care)

    def _awaited(self, job_id: str, waiter: Waiter) -> None:
        self._wanted(job_id, None)
        care = self._cares[job_id]
        care.waiters.append(waiter)
        if waiter.deadline < FOREVER:
            self._alarms.set(waiter.deadline, job_id)
        care.state = plan.hurry(care.state, self.moment())
        self._advance(care)

    def _left(self, job_id: str, waiter: Waiter) -> None:
        if (care := self._cares.get(job_id)) is None:
            return
        care.wanted_at = self._clock.monotonic()
        if waiter in care.waiters:
            care.waiters.remove(waiter)

    def _refreshed(self, job_id: str) -> None:
        self._wanted(job_id, None)
        care = self._cares[job_id]
        if care.state.doing is Doing.RESTING:
            care.epoch = next(self._epochs)
        care.state = plan.start_over(care.state, self.moment())
        if self._gate.refused is not None:
            self._open_gate()
        self._advance(care)

    def _forgotten(self, job_id: str, done: threading.Event) -> None:
        care = self._cares.pop(job_id, None)
        self._with_pages.discard(job_id)
        if self._turns.leave(job_id):
            self._tell(self._next_turn)
        self.published.pop(job_id, None)
        for waiter in care.waiters if care else ():
            waiter.done.set()
        self.tasks_under_way += 1

        def removed() -> None:
            done.set()
            self._tell(self._removed)

        self._keeper.remove(job_id, removed)  # after whatever is being stored of it

    def _removed(self) -> None:
        self.tasks_under_way -= 1

    def _unreadable(self, job_id: str, rows: Rows) -> None:
        """Rows of the store are gone: another process replaced or removed them. What is there now?"""
        care = self._cares.get(job_id)
        if care is not None and care.state.result is not None and care.state.result.rows is rows:
            care.epoch = next(self._epochs)
            self._change(care, plan.look_again)

    def _advance(self, care: Care) -> None:
        """Do whatever is to be done for a job now, and set the alarm for what comes next."""
        if self._is_cared_for(care) or care.state.doing in (Doing.LOOKING, Doing.KEEPING):
            self._take_steps(care)
        else:
            care.wake_at = FOREVER
        self._publish(care)
        if not (care.disk_busy or care.state.asking) and self._turns.end(care.state.job_id):
            self._tell(self._next_turn)

    def _change(self, care: Care, change: Callable[[State], State]) -> None:
        """Something happened to a job; a bug in what we make of it becomes its problem."""
        try:
            care.state = change(care.state)
        except Exception as error:
            _log.exception("job %s met something unexpected", care.state.job_id)
            care.state = plan.broken(care.state, error, self.moment())
        self._note_pages(care)
        self._advance(care)

    def _note_pages(self, care: Care) -> None:
        """Whether there is anything of the job to be let go of some time."""
        (self._with_pages.add if plan.holds_pages(care.state) else self._with_pages.discard)(care.state.job_id)

    def _is_cared_for(self, care: Care) -> bool:
        lately = self._clock.monotonic() - care.wanted_at < self._care
        return lately or bool(care.waiters) or care.state.job_id in self.callbacks

    def _next_turn(self) -> None:
        while (job_id := self._turns.next()) is not None:
            if care := self._cares.get(job_id):
                self._advance(care)

    def _take_steps(self, care: Care) -> None:
        while not care.disk_busy:
            # Twice the requests that can be under way, so that no worker waits for the caretaker.
            most = 2 * self._client.concurrency
            if care.state.doing is Doing.WALKING and not self._turns.take(care.state.job_id):
                most = 0
            match plan.next_step(care.state, self._gate, self._clock.monotonic(), most=most):
                case Send(asks):
                    care.state = plan.sent(care.state, asks)
                    for ask in asks:
                        self._send(care, ask)
                case Look():
                    self._look(care)
                case Keep(result, pages):
                    self._keep(care, result, pages)
                case Wait(until):
                    if until < FOREVER and until != care.wake_at:
                        self._alarms.set(until, care.state.job_id)
                    care.wake_at = until
                    return

    def _publish(self, care: Care) -> None:
        job_id = care.state.job_id
        moment = self.moment()
        before = self.published.get(job_id)
        seen = snapshot(care.state, self._gate, moment, cared_for=self._is_cared_for(care))
        self.published[job_id] = seen
        if before is None or visible(before) != visible(seen):
            self.callbacks.tell(seen)
            self._note(care, seen)
        for waiter in [each for each in care.waiters if each.is_over(seen, moment.now)]:
            care.waiters.remove(waiter)
            care.wanted_at = moment.now  # whoever waited looks at it next
            waiter.done.set()

    def _note(self, care: Care, seen: Snapshot) -> None:
        """Into the ledger, when the service said something new."""
        noted = (seen.status, seen.final)
        if seen.source != "store" and noted != care.noted:
            care.noted = noted
            self._keeper.note(seen, self._clock.utcnow(), wanted=lambda: self._cares.get(seen.job_id) is care)

    # ---- requests ------------------------------------------------------------------------------------------

    def _send(self, care: Care, ask: Ask) -> None:
        """A job's first word goes before everything: there is one for each job. Polls and pages of walks take turns.

        So a job that is over becomes final however many others run, and those go on however much is to be read.
        """
        job_id, epoch = care.state.job_id, care.epoch
        self.tasks_under_way += 1
        first_word = care.state.first is None and not care.state.failures
        kind = URGENT if first_word else "poll" if ask.kind == "poll" else "walk"
        self._requests.submit(lambda: self._fetch(job_id, epoch, ask), kind=kind)

    def _fetch(self, job_id: str, epoch: int, ask: Ask) -> None:
        """On a worker's thread: one request, unless all requests are held up."""
        fingerprint = None
        outcome: Page | OpenFunnelError | None = None
        gate = self._gate
        if gate.refused is None and self._clock.monotonic() >= gate.closed_until:
            try:
                fingerprint = self._client.key().fingerprint
                outcome = self._client.page(job_id, ask.cursor)
            except OpenFunnelError as error:
                outcome = error
            except Exception as error:
                _log.exception("a request met something unexpected")
                outcome = InvalidResponseError(
                    f"Something unexpected happened ({type(error).__name__}); the log tells more."
                )
        self._tell(lambda: self._answered(job_id, epoch, ask, outcome, fingerprint))

    def _answered(
        self, job_id: str, epoch: int, ask: Ask, outcome: Page | OpenFunnelError | None, fingerprint: str | None
    ) -> None:
        self.tasks_under_way -= 1
        moment = self.moment()
        if isinstance(outcome, OpenFunnelError):
            _log.info("job %s, page %r: %s", job_id, ask.cursor, outcome)
            if only_another_key_mends(outcome):
                self._shut_gate(outcome, fingerprint, moment)
            else:
                self._gate = plan.held_up(self._gate, outcome, moment.now)
        care = self._cares.get(job_id)
        if care is None or care.epoch != epoch:
            return
        if outcome is None:
            self._change(care, lambda state: plan.unsent(state, ask))
        else:
            self._change(care, lambda state: plan.answered(state, ask, outcome, moment))

    # ---- the key -------------------------------------------------------------------------------------------

    def _shut_gate(self, error: OpenFunnelError, fingerprint: str | None, moment: Moment) -> None:
        """No request of any job until there is another key."""
        if self._gate.refused is not None:
            return
        self._gate = replace(self._gate, refused=Problem(error.with_traceback(None), moment.utc))
        self._refused_key = fingerprint
        self._key_look_at = moment.now + KEY_LOOK
        self._advance_all()

    def _open_gate(self) -> None:
        self._gate = replace(self._gate, refused=None)
        self._key_look_at = FOREVER
        self._advance_all()

    def _advance_all(self) -> None:
        for care in list(self._cares.values()):
            self._advance(care)

    def _look_for_key(self) -> None:
        """On a worker's thread: is there another key by now?"""
        self._client.reset_key()
        fingerprint = self._fingerprint()
        self._tell(lambda: self._key_seen(fingerprint))

    def _key_seen(self, fingerprint: str | None) -> None:
        self.tasks_under_way -= 1
        if self._gate.refused is None:
            return
        if fingerprint not in (None, self._refused_key):
            self._open_gate()
        else:
            self._key_look_at = self._clock.monotonic() + KEY_LOOK

    # ---- the store -----------------------------------------------------------------------------------------

    def _look(self, care: Care) -> None:
        epoch = care.epoch

        def found(stored: Result | None) -> None:
            self._tell(lambda: self._from_disk(care, epoch, lambda state: plan.looked(state, stored)))

        care.disk_busy = True
        self.tasks_under_way += 1
        self._keeper.find(care.state.job_id, found)

    def _keep(self, care: Care, result: Result, pages: tuple[Page, ...]) -> None:
        epoch = care.epoch

        def kept(result: Result, trouble: OpenFunnelError | None) -> None:
            self._tell(
                lambda: self._from_disk(care, epoch, lambda state: plan.kept(state, result, self.moment(), trouble))
            )

        care.disk_busy = True
        self.tasks_under_way += 1
        self._keeper.keep(care.state.job_id, result, pages, self._fingerprint, kept)

    def _from_disk(self, care: Care, epoch: int, change: Callable[[State], State]) -> None:
        """The disk is free again for the job, also where its answer is one to an earlier effort."""
        self.tasks_under_way -= 1
        care.disk_busy = False
        if self._cares.get(care.state.job_id) is not care:
            return  # forgotten meanwhile
        if care.epoch == epoch:
            self._change(care, change)
        else:
            self._advance(care)

    def _fingerprint(self) -> str | None:
        """That of the present key; None where there is none, or where the user's own function for it fails."""
        try:
            return self._client.key().fingerprint
        except Exception as trouble:
            _log.info("no key: %s", type(trouble).__name__)
            return None
