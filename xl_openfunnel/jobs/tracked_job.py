"""What the scheduler holds of each job and of the threads that wait for it, and when it drops that."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..runtime.clock import FOREVER, Clock
from .policy import steps
from .policy.state import JobState
from .snapshot import Snapshot

EVICT_AFTER = 3_600.0
"""Seconds for which the rows of a job that is no longer tracked stay in memory: its user may only be at lunch."""

_EVICT_INTERVAL = 600.0
"""Seconds between two evictions."""

_MIN_COMPACT_SIZE = 256
"""Timers below which the heap is not compacted."""

Timer = tuple[float, str]
"""A deadline on the monotonic clock, and a job id."""


@dataclass(eq=False)
class Waiter:
    """A thread that waits until a condition holds.

    Attributes:
        deadline: on the monotonic clock; the thread waits no longer.
        snapshot: what ended the wait; the job's latest snapshot may be a newer one before the thread reads this.
        error: what ``until`` raised, which ends the wait too.
    """

    until: Callable[[Snapshot], bool]
    deadline: float
    snapshot: Snapshot | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def is_over(self, snapshot: Snapshot, now: float) -> bool:
        """Whether the condition holds for this snapshot, or the wait ends anyway."""
        try:
            over = now >= self.deadline or self.until(snapshot)
        except Exception as error:
            self.error, over = error, True
        if over:
            self.snapshot = snapshot
        return over


@dataclass(eq=False)
class TrackedJob:
    """What the scheduler holds of one job.

    Attributes:
        epoch: changes when the job starts over, so that answers to earlier requests can be told apart.
        touched_at: when it was last watched.
        tracked_until: when the last eviction found it to be tracked.
        wake_at: the deadline of its timer.
        store_busy: whether the store reads or writes it now.
        recorded: what was last written of it into the ledger.
    """

    state: JobState
    epoch: int
    touched_at: float
    tracked_until: float
    wake_at: float = FOREVER
    store_busy: bool = False
    recorded: tuple[object, ...] = ()
    waiters: list[Waiter] = field(default_factory=list)


class TrackedJobs:
    """The jobs of a scheduler, and how long each is tracked and stays in memory.

    A job is tracked while its id is among the ``subscribed``, and ``watch_ttl`` seconds after it was touched.
    """

    def __init__(self, clock: Clock, subscribed: Container[str], watch_ttl: float) -> None:
        self._clock = clock
        self._subscribed = subscribed
        self._watch_ttl = watch_ttl
        self._jobs: dict[str, TrackedJob] = {}
        self._with_pages: set[str] = set()
        self._epochs = itertools.count()
        self._evict_at = 0.0

    def __iter__(self) -> Iterator[TrackedJob]:
        """Over a copy, so that jobs may come and go during the iteration, on any thread."""
        return iter(list(self._jobs.values()))

    def get(self, job_id: str) -> TrackedJob | None:
        return self._jobs.get(job_id)

    def touch(self, job_id: str, initial_state: Callable[[], JobState]) -> TrackedJob:
        """The job, tracked for another ``watch_ttl`` seconds; ``initial_state`` is called for an unknown one."""
        now = self._clock.monotonic()
        tracked = self._jobs.get(job_id)
        if tracked is None:
            tracked = self._jobs[job_id] = TrackedJob(initial_state(), next(self._epochs), now, now)
        tracked.touched_at = now
        return tracked

    def start_epoch(self, tracked: TrackedJob) -> None:
        """Have answers to earlier requests for the job ignored."""
        tracked.epoch = next(self._epochs)

    def remove(self, job_id: str) -> TrackedJob | None:
        self._with_pages.discard(job_id)
        return self._jobs.pop(job_id, None)

    def is_tracked(self, tracked: TrackedJob) -> bool:
        """Whether anybody is interested in the job: it was touched lately, or a thread or a callback waits for it."""
        recently = self._clock.monotonic() - tracked.touched_at < self._watch_ttl
        return recently or bool(tracked.waiters) or tracked.state.job_id in self._subscribed

    def note_pages(self, tracked: TrackedJob) -> None:
        """Note whether the job, whose state has changed, has pages in memory that will need evicting."""
        if steps.holds_pages(tracked.state):
            self._with_pages.add(tracked.state.job_id)
        else:
            self._with_pages.discard(tracked.state.job_id)

    @property
    def pages_evict_at(self) -> float:
        """When pages in memory are to be evicted; `FOREVER` where there are none."""
        return self._evict_at if self._with_pages else FOREVER

    def timers(self) -> Iterator[Timer]:
        """Those that are needed."""
        for job_id, tracked in self._jobs.items():
            yield tracked.wake_at, job_id
            for waiter in tracked.waiters:
                yield waiter.deadline, job_id

    def evict(self) -> list[str]:
        """Every 10 minutes, drop jobs and pages that are no longer tracked; returns the ids of dropped jobs.

        Ids that the service never answered for, such as half-typed ones, are dropped at once, everything else after
        `EVICT_AFTER`. A job that is not final is unknown then, and starts over when it is watched again.
        """
        now = self._clock.monotonic()
        if now < self._evict_at:
            return []
        self._evict_at = now + _EVICT_INTERVAL
        dropped = []
        for tracked in self:
            state = tracked.state
            if self.is_tracked(tracked):
                tracked.tracked_until = now
                continue
            if state.in_flight or tracked.store_busy:
                continue
            expired = now - tracked.tracked_until >= EVICT_AFTER
            if state.result is None and (expired or state.first_page is None):
                self.remove(state.job_id)
                dropped.append(state.job_id)
            elif state.result is not None and expired and steps.holds_pages(state):
                tracked.state = steps.evict_pages(state)
                self.note_pages(tracked)
        return dropped


class TimerQueue:
    """Timers in the order of their deadlines.

    Timers are never cancelled: one that is no longer needed fires and does no harm. When too many of them pile up, the
    heap is rebuilt from those that are still ``needed``, which may include others and deadlines of `FOREVER`.
    """

    def __init__(self, needed: Callable[[], Iterable[Timer]]) -> None:
        self._needed = needed
        self._heap: list[Timer] = []
        self._compact_size = _MIN_COMPACT_SIZE

    @property
    def next_deadline(self) -> float:
        """`FOREVER` where no timer is set."""
        return self._heap[0][0] if self._heap else FOREVER

    def set(self, deadline: float, job_id: str) -> None:
        """Have the job looked at then."""
        heapq.heappush(self._heap, (deadline, job_id))
        if len(self._heap) > self._compact_size:  # most are of waits that ended early
            needed = {(deadline, job_id), *self._needed()}
            self._heap = sorted(timer for timer in needed if timer[0] < FOREVER)
            self._compact_size = max(_MIN_COMPACT_SIZE, 2 * len(self._heap))

    def due(self, now: float) -> Iterator[str]:
        """Remove the timers that are due and yield their jobs, including those set during the iteration."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[1]


def change_key(snapshot: Snapshot) -> tuple[object, ...]:
    """What must differ for a change to be published: all but when it was confirmed and when it is polled next."""
    problem = snapshot.problem and (snapshot.problem.kind, snapshot.problem.message)
    return (replace(snapshot, as_of=None, next_try=None, problem=None), problem, snapshot.rows)
