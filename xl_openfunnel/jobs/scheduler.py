"""The thread that owns the state of every job, and carries out what `steps` decides.

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
from ..errors import InvalidResponseError, OpenFunnelError
from ..runtime.clock import FOREVER, Clock, LoopEvent
from ..runtime.slots import SlotQueue
from ..runtime.thread_pool import URGENT, DaemonPool, start_thread
from ..runtime.timers import TimerQueue
from .policy import steps
from .policy.state import JobState, Moment, PageRequest, Phase, RequestGate, is_key_error
from .policy.steps import LoadFromStore, SaveResult, SendRequests, Wait
from .result import Result
from .snapshot import Problem, Rows, Snapshot
from .snapshot_builder import build_snapshot
from .store.opening import JobStore
from .store.store import StoreBusyError
from .store.worker import StoreWorker
from .subscriptions import SubscriptionHub
from .tracked_job import TrackedJob, Waiter, change_key

_log = logging.getLogger(__name__)

WATCH_TTL = 600.0
"""Seconds that a job is cared for after the last `watch`: longer than a coffee, shorter than a forgotten cell."""

EVICT_AFTER = 3_600.0
"""Seconds after the end of its care for which a job's rows are still held: the user may only have been at lunch."""

_EVICT_INTERVAL = 600.0
"""Seconds between looks for what can be let go of."""

KEY_RECHECK_INTERVAL = 10.0
"""Seconds between looks for another key while the present one is refused."""

_MAX_WAIT = 3_600.0
"""Seconds without looking at the clock: systems refuse to wait for years."""

_JOIN_TIMEOUT = 5.0
"""Seconds that `close` gives the scheduler's own thread to end."""


class JobScheduler:
    """Everything behind a `Fetcher`. Public methods may be called on any thread and return at once."""

    def __init__(
        self,
        client: Client,
        store: JobStore | None,
        clock: Clock,
        chance: Callable[[], float],
        watch_ttl: float,
    ) -> None:
        self.published: dict[str, Snapshot] = {}
        self.subscriptions = SubscriptionHub()
        self.closed = False
        self.tasks_under_way = 0
        self._client = client
        self._clock = clock
        self._chance = chance
        self._watch_ttl = watch_ttl
        self._tracked: dict[str, TrackedJob] = {}
        self._epochs = itertools.count()
        self._timers = TimerQueue(self._needed_timers)
        self._evict_at = 0.0
        self._with_pages: set[str] = set()
        self._forgets = 0
        self._download_slots = SlotQueue(client.concurrency)
        self._gate = RequestGate()
        self._refused_key: str | None = None
        self._key_recheck_at = FOREVER
        self._inbox: queue.SimpleQueue[LoopEvent] = queue.SimpleQueue()
        self._requests = DaemonPool("request", client.concurrency)
        self._store_worker = StoreWorker(store, lambda job_id, rows: self._post(lambda: self._unreadable(job_id, rows)))
        self._thread = start_thread("scheduler", self._run)

    # ---- on any thread -------------------------------------------------------------------------------------

    def track(self, job_id: str) -> Snapshot:
        """What can be said at once of a job that nobody asked for before; it is cared for from now on."""
        forgets = self._forgets
        state = self._initial_state(job_id)
        seen = self.published.setdefault(job_id, build_snapshot(state, self._gate, self.moment()))
        self._post(lambda: self._on_touched(job_id, state if forgets == self._forgets else None))
        return seen

    def touch(self, job_id: str) -> None:
        """Somebody looks at the job: its care goes on."""
        self._post(lambda: self._on_touched(job_id, None))

    def refresh(self, job_id: str) -> None:
        """Somebody wants the job read anew."""
        self._post(lambda: self._on_refresh(job_id))

    def add_waiter(self, job_id: str, waiter: Waiter) -> None:
        """Somebody waits for the job."""
        self._post(lambda: self._on_waiter_added(job_id, waiter))

    def remove_waiter(self, job_id: str, waiter: Waiter) -> None:
        """Somebody waits no longer."""
        self._post(lambda: self._on_waiter_removed(job_id, waiter))

    def forget(self, job_id: str) -> threading.Event:
        """Nothing is to be known of the job any more; the event tells when the store has forgotten it too."""
        self._forgets += 1
        done = threading.Event()
        self._post(lambda: self._on_forget(job_id, done))
        self.published.pop(job_id, None)
        return done

    def close(self) -> None:
        """Stop. Requests under way are not waited for; what is to be stored is."""
        if self.closed:
            return
        self.closed = True
        self.subscriptions.close()
        self._post(lambda: None)
        if self._thread is not threading.current_thread():
            self._thread.join(_JOIN_TIMEOUT)
        self._requests.close(finish=False)
        self._store_worker.close()

    def moment(self) -> Moment:
        """Now."""
        return Moment(self._clock.monotonic(), self._clock.utcnow(), self._chance())

    def _initial_state(self, job_id: str) -> JobState:
        """The state of a job that nobody asked for before, with what the store says of it, if it says so at once."""
        state = steps.new(job_id, self.moment())
        try:
            return steps.store_answered(state, self._store_worker.find_nowait(job_id))
        except StoreBusyError:
            return state  # unknown: it is looked for again, waiting

    def _post(self, what: Callable[[], None]) -> None:
        self._inbox.put(what)

    # ---- on the scheduler's thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while not self.closed:
            try:
                told = self._clock.receive(self._inbox, self._seconds_to_timer())
                if told is not None:
                    told()
                del told  # and the page in it, however long the next one is waited for
                self._run_due()
            except Exception:
                _log.exception("the scheduler met something unexpected")

    def _seconds_to_timer(self) -> float | None:
        # For less than pages nobody need wake up, and whatever is under way wakes us anyway.
        tidy_at = self._evict_at if self._with_pages and not self.tasks_under_way else FOREVER
        at = min(self._timers.soonest, self._key_recheck_at, tidy_at)
        return None if at == FOREVER else min(max(at - self._clock.monotonic(), 0.0), _MAX_WAIT)

    def _run_due(self) -> None:
        """Everything whose time has come."""
        now = self._clock.monotonic()
        for job_id in self._timers.due(now):
            if tracked := self._tracked.get(job_id):
                self._advance(tracked)
        if self._evict_at <= now:
            self._evict_at = now + _EVICT_INTERVAL
            self._evict(now)
        if self._key_recheck_at <= now:
            self._key_recheck_at = FOREVER
            self.tasks_under_way += 1
            self._requests.submit(self._recheck_key)

    def _needed_timers(self) -> Iterator[tuple[float, str]]:
        for job_id, tracked in self._tracked.items():
            yield tracked.wake_at, job_id
            for waiter in tracked.waiters:
                yield waiter.deadline, job_id

    def _evict(self, now: float) -> None:
        """Let go of ids of which nothing was ever learnt, half-typed ones, and later of pages, that nobody wants.

        A job that is not final is unknown again then, and whoever watches it begins anew.
        """
        for job_id, tracked in list(self._tracked.items()):
            state = tracked.state
            if self._is_tracked(tracked):
                tracked.tracked_until = now
            elif state.in_flight or tracked.store_busy:
                continue
            elif state.result is not None:
                if steps.holds_pages(state) and now - tracked.tracked_until >= EVICT_AFTER:
                    tracked.state = steps.evict_pages(state)
                    self._note_pages(tracked)
            elif state.first_page is None or now - tracked.tracked_until >= EVICT_AFTER:
                del self._tracked[job_id]
                self._with_pages.discard(job_id)
                self.published.pop(job_id, None)

    def _on_touched(self, job_id: str, state: JobState | None) -> None:
        tracked = self._tracked.get(job_id)
        now = self._clock.monotonic()
        if tracked is None:
            tracked = TrackedJob(state or self._initial_state(job_id), next(self._epochs), now, now)
            self._tracked[job_id] = tracked
        tracked.touched_at = now
        self._advance(tracked)

    def _on_waiter_added(self, job_id: str, waiter: Waiter) -> None:
        self._on_touched(job_id, None)
        tracked = self._tracked[job_id]
        tracked.waiters.append(waiter)
        if waiter.deadline < FOREVER:
            self._timers.set(waiter.deadline, job_id)
        tracked.state = steps.expedite(tracked.state, self.moment())
        self._advance(tracked)

    def _on_waiter_removed(self, job_id: str, waiter: Waiter) -> None:
        if (tracked := self._tracked.get(job_id)) is None:
            return
        tracked.touched_at = self._clock.monotonic()
        if waiter in tracked.waiters:
            tracked.waiters.remove(waiter)

    def _on_refresh(self, job_id: str) -> None:
        self._on_touched(job_id, None)
        tracked = self._tracked[job_id]
        if tracked.state.phase is Phase.IDLE:
            tracked.epoch = next(self._epochs)
        tracked.state = steps.start_over(tracked.state, self.moment())
        if self._gate.key_problem is not None:
            self._resume_requests()
        self._advance(tracked)

    def _on_forget(self, job_id: str, done: threading.Event) -> None:
        tracked = self._tracked.pop(job_id, None)
        self._with_pages.discard(job_id)
        if self._download_slots.leave(job_id):
            self._post(self._start_next_download)
        self.published.pop(job_id, None)
        for waiter in tracked.waiters if tracked else ():
            waiter.done.set()
        self.tasks_under_way += 1

        def removed() -> None:
            done.set()
            self._post(self._removed)

        self._store_worker.remove(job_id, removed)  # after whatever is being stored of it

    def _removed(self) -> None:
        self.tasks_under_way -= 1

    def _unreadable(self, job_id: str, rows: Rows) -> None:
        """Rows of the store are gone: another process replaced or removed them. What is there now?"""
        tracked = self._tracked.get(job_id)
        if tracked is not None and tracked.state.result is not None and tracked.state.result.rows is rows:
            tracked.epoch = next(self._epochs)
            self._change(tracked, steps.reload)

    def _advance(self, tracked: TrackedJob) -> None:
        """Do whatever is to be done for a job now, and set the alarm for what comes next."""
        if self._is_tracked(tracked) or tracked.state.phase in (Phase.LOADING, Phase.SAVING):
            self._take_steps(tracked)
        else:
            tracked.wake_at = FOREVER
        self._publish(tracked)
        if not (tracked.store_busy or tracked.state.in_flight) and self._download_slots.release(tracked.state.job_id):
            self._post(self._start_next_download)

    def _change(self, tracked: TrackedJob, change: Callable[[JobState], JobState]) -> None:
        """Something happened to a job; a bug in what we make of it becomes its problem."""
        try:
            tracked.state = change(tracked.state)
        except Exception as error:
            _log.exception("job %s met something unexpected", tracked.state.job_id)
            tracked.state = steps.internal_error(tracked.state, error, self.moment())
        self._note_pages(tracked)
        self._advance(tracked)

    def _note_pages(self, tracked: TrackedJob) -> None:
        """Whether there is anything of the job to be let go of some time."""
        (self._with_pages.add if steps.holds_pages(tracked.state) else self._with_pages.discard)(tracked.state.job_id)

    def _is_tracked(self, tracked: TrackedJob) -> bool:
        lately = self._clock.monotonic() - tracked.touched_at < self._watch_ttl
        return lately or bool(tracked.waiters) or tracked.state.job_id in self.subscriptions

    def _start_next_download(self) -> None:
        while (job_id := self._download_slots.next()) is not None:
            if tracked := self._tracked.get(job_id):
                self._advance(tracked)

    def _take_steps(self, tracked: TrackedJob) -> None:
        while not tracked.store_busy:
            # Twice the requests that can be under way, so that no worker waits for the scheduler.
            most = 2 * self._client.concurrency
            if tracked.state.phase is Phase.DOWNLOADING and not self._download_slots.acquire(tracked.state.job_id):
                most = 0
            match steps.next_step(tracked.state, self._gate, self._clock.monotonic(), max_requests=most):
                case SendRequests(asks):
                    tracked.state = steps.sent(tracked.state, asks)
                    for ask in asks:
                        self._send(tracked, ask)
                case LoadFromStore():
                    self._load(tracked)
                case SaveResult(result, pages):
                    self._save(tracked, result, pages)
                case Wait(until):
                    if until < FOREVER and until != tracked.wake_at:
                        self._timers.set(until, tracked.state.job_id)
                    tracked.wake_at = until
                    return

    def _publish(self, tracked: TrackedJob) -> None:
        job_id = tracked.state.job_id
        moment = self.moment()
        before = self.published.get(job_id)
        seen = build_snapshot(tracked.state, self._gate, moment, is_tracked=self._is_tracked(tracked))
        self.published[job_id] = seen
        if before is None or change_key(before) != change_key(seen):
            self.subscriptions.publish(seen)
            self._record(tracked, seen)
        for waiter in [each for each in tracked.waiters if each.is_over(seen, moment.now)]:
            tracked.waiters.remove(waiter)
            tracked.touched_at = moment.now  # whoever waited looks at it next
            waiter.done.set()

    def _record(self, tracked: TrackedJob, seen: Snapshot) -> None:
        """Into the ledger, when the service said something new."""
        noted = (seen.status, seen.final)
        if seen.source != "store" and noted != tracked.recorded:
            tracked.recorded = noted
            self._store_worker.record(
                seen, self._clock.utcnow(), is_current=lambda: self._tracked.get(seen.job_id) is tracked
            )

    # ---- requests ------------------------------------------------------------------------------------------

    def _send(self, tracked: TrackedJob, ask: PageRequest) -> None:
        """A job's first word goes before everything: there is one for each job. Polls and pages of walks take turns.

        So a job that is over becomes final however many others run, and those go on however much is to be read.
        """
        job_id, epoch = tracked.state.job_id, tracked.epoch
        self.tasks_under_way += 1
        first_word = tracked.state.first_page is None and not tracked.state.failures
        kind = URGENT if first_word else "poll" if ask.kind == "poll" else "walk"
        self._requests.submit(lambda: self._fetch(job_id, epoch, ask), kind=kind)

    def _fetch(self, job_id: str, epoch: int, ask: PageRequest) -> None:
        """On a worker's thread: one request, unless all requests are held up."""
        fingerprint = None
        outcome: Page | OpenFunnelError | None = None
        gate = self._gate
        if gate.key_problem is None and self._clock.monotonic() >= gate.closed_until:
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
        self._post(lambda: self._answered(job_id, epoch, ask, outcome, fingerprint))

    def _answered(
        self, job_id: str, epoch: int, ask: PageRequest, outcome: Page | OpenFunnelError | None, fingerprint: str | None
    ) -> None:
        self.tasks_under_way -= 1
        moment = self.moment()
        if isinstance(outcome, OpenFunnelError):
            _log.info("job %s, page %r: %s", job_id, ask.cursor, outcome)
            if is_key_error(outcome):
                self._pause_requests(outcome, fingerprint, moment)
            else:
                self._gate = steps.rate_limited(self._gate, outcome, moment.now)
        tracked = self._tracked.get(job_id)
        if tracked is None or tracked.epoch != epoch:
            return
        if outcome is None:
            self._change(tracked, lambda state: steps.unsent(state, ask))
        else:
            self._change(tracked, lambda state: steps.answered(state, ask, outcome, moment))

    # ---- the key -------------------------------------------------------------------------------------------

    def _pause_requests(self, error: OpenFunnelError, fingerprint: str | None, moment: Moment) -> None:
        """No request of any job until there is another key."""
        if self._gate.key_problem is not None:
            return
        self._gate = replace(self._gate, key_problem=Problem(error.with_traceback(None), moment.utc))
        self._refused_key = fingerprint
        self._key_recheck_at = moment.now + KEY_RECHECK_INTERVAL
        self._advance_all()

    def _resume_requests(self) -> None:
        self._gate = replace(self._gate, key_problem=None)
        self._key_recheck_at = FOREVER
        self._advance_all()

    def _advance_all(self) -> None:
        for tracked in list(self._tracked.values()):
            self._advance(tracked)

    def _recheck_key(self) -> None:
        """On a worker's thread: is there another key by now?"""
        self._client.reset_key()
        fingerprint = self._fingerprint()
        self._post(lambda: self._key_rechecked(fingerprint))

    def _key_rechecked(self, fingerprint: str | None) -> None:
        self.tasks_under_way -= 1
        if self._gate.key_problem is None:
            return
        if fingerprint not in (None, self._refused_key):
            self._resume_requests()
        else:
            self._key_recheck_at = self._clock.monotonic() + KEY_RECHECK_INTERVAL

    # ---- the store -----------------------------------------------------------------------------------------

    def _load(self, tracked: TrackedJob) -> None:
        epoch = tracked.epoch

        def found(stored: Result | None) -> None:
            self._post(lambda: self._from_disk(tracked, epoch, lambda state: steps.store_answered(state, stored)))

        tracked.store_busy = True
        self.tasks_under_way += 1
        self._store_worker.find(tracked.state.job_id, found)

    def _save(self, tracked: TrackedJob, result: Result, pages: tuple[Page, ...]) -> None:
        epoch = tracked.epoch

        def kept(result: Result, trouble: OpenFunnelError | None) -> None:
            self._post(
                lambda: self._from_disk(
                    tracked, epoch, lambda state: steps.saved(state, result, self.moment(), trouble)
                )
            )

        tracked.store_busy = True
        self.tasks_under_way += 1
        self._store_worker.save(tracked.state.job_id, result, pages, self._fingerprint, kept)

    def _from_disk(self, tracked: TrackedJob, epoch: int, change: Callable[[JobState], JobState]) -> None:
        """The disk is free again for the job, also where its answer is one to an earlier effort."""
        self.tasks_under_way -= 1
        tracked.store_busy = False
        if self._tracked.get(tracked.state.job_id) is not tracked:
            return  # forgotten meanwhile
        if tracked.epoch == epoch:
            self._change(tracked, change)
        else:
            self._advance(tracked)

    def _fingerprint(self) -> str | None:
        """That of the present key; None where there is none, or where the user's own function for it fails."""
        try:
            return self._client.key().fingerprint
        except Exception as trouble:
            _log.info("no key: %s", type(trouble).__name__)
            return None
