"""Owns the state of every job, and carries out what `policy.steps` decides.

All state changes on the thread of one event loop. Worker threads send the requests, another thread serves the store;
both answer with events. All other threads read the published snapshots, which are immutable.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..api.client import Client
from ..api.models import Page
from ..errors import OpenFunnelError
from ..runtime.clock import FOREVER, Clock
from ..runtime.event_loop import EventLoop
from ..runtime.thread_pool import URGENT
from .events import (
    Event,
    ForgetRequested,
    Forgotten,
    KeyRechecked,
    KeyReplaced,
    PageAnswered,
    RefreshRequested,
    RowsLost,
    SlotReleased,
    StoreAnswered,
    Touched,
    WaiterAdded,
    WaiterRemoved,
)
from .policy import steps
from .policy.state import JobState, Moment, PageRequest, Phase
from .policy.steps import LoadFromStore, SaveResult, SendRequests, Wait
from .request_pool import RequestPool, SlotQueue
from .snapshot import Result, Rows, Snapshot
from .snapshot_builder import build_snapshot
from .store.database import StoreBusyError
from .store.opening import JobStore
from .store.worker import StoreWorker
from .subscriptions import SubscriptionHub
from .tracked_job import TimerQueue, TrackedJob, TrackedJobs, Waiter, change_key

_log = logging.getLogger(__name__)

WATCH_TTL = 600.0
"""Seconds for which a job stays tracked after the last `watch`: longer than a coffee, shorter than a forgotten cell."""

_JOIN_TIMEOUT = 5.0
"""Seconds that `close` gives the scheduler's thread to end."""


class JobScheduler:
    """Everything behind a `Fetcher`, which asks for things by posting events to the loop.

    Attributes:
        loop: the thread on which all state changes.
        published: the latest snapshot of each job in memory, for any thread to read.
        subscriptions: the callbacks that are called when a job changes.
        tasks_under_way: requests, checks for another key and work of the store that are not finished.
    """

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
        self.tasks_under_way = 0
        self.loop = EventLoop[Event]("scheduler", clock, self._handle, self._run_due)
        self._clock = clock
        self._chance = chance
        self._jobs = TrackedJobs(clock, self.subscriptions, watch_ttl)
        self._timers = TimerQueue(self._jobs.timers)
        self._forget_count = 0
        self._download_slots = SlotQueue(client.concurrency)
        self._max_requests_per_job = 2 * client.concurrency  # twice the threads, so that none waits for this loop
        self._requests = RequestPool(client, clock, self.loop.post)
        self._store_worker = StoreWorker(store, lambda job_id, rows: self.loop.post(RowsLost(job_id, rows)))
        self.loop.start()

    # ---- on any thread; all of these return at once --------------------------------------------------------

    def track(self, job_id: str) -> Snapshot:
        """Start tracking a job; returns what can be said of it at once."""
        forget_count = self._forget_count
        state = self._initial_state(job_id)
        snapshot = self.published.setdefault(job_id, build_snapshot(state, self._requests.gate, self.moment()))
        # If a job was forgotten since the store was read, that may have been this one.
        self.loop.post(Touched(job_id, state if forget_count == self._forget_count else None))
        return snapshot

    def forget(self, job_id: str) -> threading.Event:
        """Remove the job from memory and from the store; the event is set when the store has removed it."""
        self._forget_count += 1
        done = threading.Event()
        self.loop.post(ForgetRequested(job_id, done))
        self.published.pop(job_id, None)
        return done

    def close(self) -> None:
        """Stop. Does not wait for requests in flight, but for results that are being stored."""
        if self.loop.closed:
            return
        self.subscriptions.close()
        self.loop.close(_JOIN_TIMEOUT)
        self._requests.close()
        self._store_worker.close()

    def moment(self) -> Moment:
        return Moment(self._clock.monotonic(), self._clock.utcnow(), self._chance())

    def _initial_state(self, job_id: str) -> JobState:
        """The state of a job that was not tracked before, with what the store can say of it without waiting."""
        state = steps.new(job_id, self.moment())
        try:
            return steps.store_answered(state, self._store_worker.find_nowait(job_id))
        except StoreBusyError:
            return state  # unknown: the store is searched again, waiting

    # ---- on the loop's thread ------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case Touched(job_id, state):
                self._touch(job_id, state)
            case RefreshRequested(job_id):
                self._refresh(job_id)
            case WaiterAdded(job_id, waiter):
                self._add_waiter(job_id, waiter)
            case WaiterRemoved(job_id, waiter):
                self._remove_waiter(job_id, waiter)
            case ForgetRequested(job_id, done):
                self._forget(job_id, done)
            case Forgotten():
                self.tasks_under_way -= 1
            case SlotReleased():
                self._start_next_download()
            case PageAnswered():
                self._page_answered(event)
            case KeyRechecked(fingerprint):
                self._key_rechecked(fingerprint)
            case KeyReplaced():
                self._key_replaced()
            case StoreAnswered(_, tracked, epoch, change):
                self._store_answered(tracked, epoch, change)
            case RowsLost(job_id, rows):
                self._rows_lost(job_id, rows)

    def _run_due(self) -> float | None:
        now = self._clock.monotonic()
        for job_id in self._timers.due(now):
            if tracked := self._jobs.get(job_id):
                self._advance(tracked)
        for job_id in self._jobs.evict():
            self.published.pop(job_id, None)
        if self._requests.key_recheck_at <= now:
            self.tasks_under_way += 1
            self._requests.recheck_key()
        # Only pages need evicting on time, and a task under way wakes the loop anyway.
        evict_at = FOREVER if self.tasks_under_way else self._jobs.pages_evict_at
        at = min(self._timers.next_deadline, self._requests.key_recheck_at, evict_at)
        return None if at == FOREVER else max(at - self._clock.monotonic(), 0.0)

    def _touch(self, job_id: str, state: JobState | None = None) -> TrackedJob:
        tracked = self._jobs.touch(job_id, lambda: state or self._initial_state(job_id))
        self._advance(tracked)
        return tracked

    def _add_waiter(self, job_id: str, waiter: Waiter) -> None:
        tracked = self._touch(job_id)
        tracked.waiters.append(waiter)
        if waiter.deadline < FOREVER:
            self._timers.set(waiter.deadline, job_id)
        tracked.state = steps.expedite(tracked.state, self.moment())
        self._advance(tracked)

    def _remove_waiter(self, job_id: str, waiter: Waiter) -> None:
        if (tracked := self._jobs.get(job_id)) is None:
            return
        tracked.touched_at = self._clock.monotonic()
        if waiter in tracked.waiters:
            tracked.waiters.remove(waiter)

    def _refresh(self, job_id: str) -> None:
        tracked = self._touch(job_id)
        if tracked.state.phase is Phase.IDLE:
            self._jobs.start_epoch(tracked)
        tracked.state = steps.start_over(tracked.state, self.moment())
        if self._requests.gate.key_problem is not None:
            self._resume_requests()
        self._advance(tracked)

    def _forget(self, job_id: str, done: threading.Event) -> None:
        tracked = self._jobs.remove(job_id)
        if self._download_slots.leave(job_id):
            self.loop.post(SlotReleased())
        self.published.pop(job_id, None)
        for waiter in tracked.waiters if tracked else ():
            waiter.done.set()
        self.tasks_under_way += 1

        def removed() -> None:
            done.set()
            self.loop.post(Forgotten(job_id))

        self._store_worker.remove(job_id, removed)  # after any result of it that is being stored

    def _advance(self, tracked: TrackedJob) -> None:
        """Do what is due for a job now, set the timer for what comes next, and publish its snapshot."""
        if self._jobs.is_tracked(tracked) or tracked.state.phase in (Phase.LOADING, Phase.SAVING):
            self._take_steps(tracked)
        else:
            tracked.wake_at = FOREVER
        self._publish(tracked)
        if not (tracked.store_busy or tracked.state.in_flight) and self._download_slots.release(tracked.state.job_id):
            self.loop.post(SlotReleased())

    def _change(self, tracked: TrackedJob, change: Callable[[JobState], JobState]) -> None:
        """Change a job's state and advance it; an exception in ``change``, which is a bug, becomes its problem."""
        try:
            tracked.state = change(tracked.state)
        except Exception as error:
            _log.exception("job %s met something unexpected", tracked.state.job_id)
            tracked.state = steps.internal_error(tracked.state, error, self.moment())
        self._jobs.note_pages(tracked)
        self._advance(tracked)

    def _start_next_download(self) -> None:
        while (job_id := self._download_slots.next()) is not None:
            if tracked := self._jobs.get(job_id):
                self._advance(tracked)

    def _take_steps(self, tracked: TrackedJob) -> None:
        while not tracked.store_busy:
            limit = self._max_requests_per_job
            if tracked.state.phase is Phase.DOWNLOADING and not self._download_slots.acquire(tracked.state.job_id):
                limit = 0
            match steps.next_step(tracked.state, self._requests.gate, self._clock.monotonic(), max_requests=limit):
                case SendRequests(requests):
                    tracked.state = steps.sent(tracked.state, requests)
                    for request in requests:
                        self._send(tracked, request)
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
        snapshot = build_snapshot(tracked.state, self._requests.gate, moment, is_tracked=self._jobs.is_tracked(tracked))
        self.published[job_id] = snapshot
        if before is None or change_key(before) != change_key(snapshot):
            self.subscriptions.publish(snapshot)
            self._record(tracked, snapshot)
        for waiter in [waiter for waiter in tracked.waiters if waiter.is_over(snapshot, moment.now)]:
            tracked.waiters.remove(waiter)
            tracked.touched_at = moment.now  # its thread will look at the job next
            waiter.done.set()

    def _record(self, tracked: TrackedJob, snapshot: Snapshot) -> None:
        """Write the job into the ledger when the service reports another status."""
        status = (snapshot.status, snapshot.final)
        if snapshot.source != "store" and status != tracked.recorded:
            tracked.recorded = status
            self._store_worker.record(
                snapshot, self._clock.utcnow(), is_current=lambda: self._jobs.get(snapshot.job_id) is tracked
            )

    def _rows_lost(self, job_id: str, rows: Rows) -> None:
        tracked = self._jobs.get(job_id)
        if tracked is not None and tracked.state.result is not None and tracked.state.result.rows is rows:
            self._jobs.start_epoch(tracked)
            self._change(tracked, steps.reload)

    # ---- requests ------------------------------------------------------------------------------------------

    def _send(self, tracked: TrackedJob, request: PageRequest) -> None:
        """Submit a request: a job's first one goes before all others, then polls and downloads take turns.

        So a finished job becomes final however many others run, and those are polled however much is downloaded.
        """
        state = tracked.state
        self.tasks_under_way += 1
        is_first = state.first_page is None and not state.failures
        kind = URGENT if is_first else "poll" if request.kind == "poll" else "download"
        self._requests.send(state.job_id, tracked.epoch, request, kind=kind)

    def _page_answered(self, event: PageAnswered) -> None:
        self.tasks_under_way -= 1
        moment = self.moment()
        request, outcome = event.request, event.outcome
        if isinstance(outcome, OpenFunnelError):
            _log.info("job %s, page %r: %s", event.job_id, request.cursor, outcome)
            if self._requests.note_error(outcome, event.fingerprint, moment):
                self._advance_all()
        tracked = self._jobs.get(event.job_id)
        if tracked is None or tracked.epoch != event.epoch:
            return
        if outcome is None:
            self._change(tracked, lambda state: steps.unsent(state, request))
        else:
            self._change(tracked, lambda state: steps.answered(state, request, outcome, moment))

    def _key_rechecked(self, fingerprint: str | None) -> None:
        self.tasks_under_way -= 1
        if self._requests.gate.key_problem is not None and self._requests.is_other_key(fingerprint):
            self._resume_requests()

    def _key_replaced(self) -> None:
        self._requests.reset_key()
        if self._requests.gate.key_problem is not None:
            self._resume_requests()

    def _resume_requests(self) -> None:
        self._requests.accept_key()
        self._advance_all()

    def _advance_all(self) -> None:
        for tracked in self._jobs:
            self._advance(tracked)

    # ---- the store -----------------------------------------------------------------------------------------

    def _load(self, tracked: TrackedJob) -> None:
        answer = self._ask_store(tracked)
        self._store_worker.find(
            tracked.state.job_id, lambda result: answer(lambda state: steps.store_answered(state, result))
        )

    def _save(self, tracked: TrackedJob, result: Result, pages: tuple[Page, ...]) -> None:
        answer = self._ask_store(tracked)
        self._store_worker.save(
            tracked.state.job_id,
            result,
            pages,
            self._requests.key_fingerprint,
            lambda saved, error: answer(lambda state: steps.saved(state, saved, self.moment(), error)),
        )

    def _ask_store(self, tracked: TrackedJob) -> Callable[[Callable[[JobState], JobState]], None]:
        """Begin a task of the store for the job; what is returned posts its answer."""
        tracked.store_busy = True
        self.tasks_under_way += 1
        job_id, epoch = tracked.state.job_id, tracked.epoch
        return lambda change: self.loop.post(StoreAnswered(job_id, tracked, epoch, change))

    def _store_answered(self, tracked: TrackedJob, epoch: int, change: Callable[[JobState], JobState]) -> None:
        """The store has finished with the job; an answer from an earlier epoch changes nothing else."""
        self.tasks_under_way -= 1
        tracked.store_busy = False
        if self._jobs.get(tracked.state.job_id) is not tracked:
            return  # it was forgotten
        if tracked.epoch == epoch:
            self._change(tracked, change)
        else:
            self._advance(tracked)
