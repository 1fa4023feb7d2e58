"""A service, fetchers with a store, and one time that passes only as far as it is told.

Everything between is real: threads, HTTP over loopback, SQLite. Time goes from one alarm to the next, and only
while nothing is under way, so that a run of hours takes as long as its requests.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from requests.adapters import BaseAdapter

from xl_openfunnel import Client, Fetcher, Snapshot, Store
from xl_openfunnel.api.http_sender import Limits
from xl_openfunnel.errors import CELL_UNITS
from xl_openfunnel.jobs import job_text
from xl_openfunnel.runtime.clock import Inbox, T
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator
from xl_openfunnel.text import utf16_units

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FOREVER = float("inf")

PATIENCE = 30.0
"""Seconds of the machine's own time after which something is stuck."""

LIMITS = Limits(connect=10.0, read=10.0, total=20.0)
"""No simulator takes that long, however busy the machine is."""


class SteppedClock:
    """A fetcher's clock that stands still until the world moves it."""

    def __init__(self, time: ManualClock) -> None:
        self.time = time
        self.offset = timedelta()
        self.busy: Callable[[], bool] = lambda: False
        self.alarm = FOREVER
        self._start = time()
        self._inbox: Inbox[Any] | None = None
        self._resting = False
        self._changed = threading.Condition()

    def monotonic(self) -> float:
        return self.time()

    def utcnow(self) -> datetime:
        return EPOCH + timedelta(seconds=self.time() - self._start) + self.offset

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a fetcher waits for events only")

    def receive(self, inbox: Inbox[T], seconds: float | None) -> T | None:
        event = inbox.take(0.0)
        with self._changed:
            self._inbox = inbox
            self.alarm = FOREVER if seconds is None else self.time() + seconds
            self._resting = event is None and not self.busy()
            self._changed.notify_all()
        if event is None:
            event = inbox.take(None)
            with self._changed:
                self._resting = False
        return event

    def settle(self) -> None:
        """Wait until all that was asked for is done, and nothing is under way."""
        with self._changed:
            self._await(lambda: self._inbox is not None, "the fetcher does not begin")
        passed = threading.Event()
        self.ring(passed.set)  # whoever is here after this has heard all that was said before
        if not passed.wait(PATIENCE):
            raise AssertionError("the fetcher no longer listens")
        with self._changed:
            self._await(lambda: self._resting, "the fetcher does not come to rest")

    def ring(self, heard: Callable[[], object] = lambda: None) -> None:
        """Have the fetcher look at the clock, after all that was asked of it before."""
        if self._inbox is not None:
            self._inbox.when_handled(heard)

    def _await(self, condition: Callable[[], bool], complaint: str) -> None:
        if not self._changed.wait_for(condition, PATIENCE):
            raise AssertionError(complaint)


Judge = Callable[[Snapshot | None, Snapshot], None]
"""Is told what a fetcher publishes of a job, after what it published before."""


class Witness(dict[str, Snapshot]):
    """Takes the place of what a fetcher publishes, and sees every snapshot, not only those that somebody asks for."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self._judge = judge

    def __setitem__(self, job_id: str, seen: Snapshot) -> None:
        self._judge(self.get(job_id), seen)
        super().__setitem__(job_id, seen)

    def setdefault(self, job_id: str, seen: Snapshot) -> Snapshot:
        if job_id not in self:
            self[job_id] = seen
        return self[job_id]


@dataclass
class Seat:
    """One fetcher as one process would have it: its own client, store connection, clock; and all it ever published,
    where no judge was told instead."""

    fetcher: Fetcher
    client: Client
    store: Store | None
    clock: SteppedClock
    key: list[str]
    published: list[tuple[Snapshot | None, Snapshot]] = field(default_factory=list)

    def close(self) -> None:
        self.fetcher.close()
        if self.store is not None:
            self.store.close()
        self.client.close()


class World:
    """A simulated service and the seats before it."""

    def __init__(self, folder: Path, jobs: tuple[SimulatedJob, ...] = (), **options: Any) -> None:
        self.time = ManualClock()
        self.folder = folder
        self.service = Simulator(jobs, **{"clock": self.time, "sleep": self.time.sleep, **options})
        self.service.start()
        self.seats: list[Seat] = []

    def seat(
        self,
        *,
        stored: bool = True,
        transport: BaseAdapter | None = None,
        limits: Limits | None = None,
        concurrency: int | None = None,
        judge: Judge | None = None,
    ) -> Seat:
        """Another fetcher before the same service, on the same store; a judge is told what it publishes."""
        key = [self.service.api_key]
        client = Client(
            self.service.base_url,
            lambda: key[0],
            transport=transport,
            limits=limits or LIMITS,
            concurrency=concurrency,
        )
        store = Store(self.folder / "store.sqlite3", client.origin) if stored else None
        clock = SteppedClock(self.time)
        fetcher = Fetcher(client, store=store, clock=clock, jitter=lambda: 0.5)
        clock.busy = lambda: fetcher.busy
        seat = Seat(fetcher, client, store, clock, key)
        # What is published is the one place where everybody looks; nothing public tells of every snapshot.
        fetcher._scheduler.published = Witness(judge or (lambda before, seen: seat.published.append((before, seen))))
        self.seats.append(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """A seat's process ends."""
        self.seats.remove(seat)
        seat.close()

    def settle(self) -> None:
        """Everything that was asked for is done."""
        for seat in self.seats:
            seat.clock.settle()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, from alarm to alarm, with everything done at its moment."""
        end = self.time() + seconds
        self.settle()
        while (alarm := min((seat.clock.alarm for seat in self.seats), default=FOREVER)) <= end:
            self.time.sleep(max(0.0, alarm - self.time()))
            for seat in self.seats:
                if seat.clock.alarm <= self.time():
                    seat.clock.ring()
            self.settle()
        self.time.sleep(max(0.0, end - self.time()))

    def until(self, condition: Callable[[], bool], most: float) -> bool:
        """Let time pass until the condition holds, and no longer than ``most`` seconds; whether it does."""
        end = self.time() + most
        self.settle()
        while not condition():
            alarm = min((seat.clock.alarm for seat in self.seats), default=FOREVER)
            if alarm > end:
                return False
            self.pass_time(max(0.0, alarm - self.time()))
        return True

    def fall_asleep(self, seconds: float) -> None:
        """The machine sleeps and resumes: hours pass at once, and no connection lives on."""
        self.settle()
        self.service.stop()
        self.time.sleep(seconds)
        self.service.start()
        for seat in self.seats:
            seat.clock.ring()
        self.settle()

    def close(self) -> None:
        for seat in self.seats:
            seat.close()
        self.service.stop()


def rows_at(job: SimulatedJob, elapsed: float, cancelled: float | None = None) -> list[dict[str, Any]]:
    """The rows that the service has of a job then, in its order."""
    moment = job.state_at(elapsed, cancelled)
    return [dict(row) for index in range(moment.pages) for row in job.page_rows(index, reranked=moment.reranked)]


def has_text(seen: Snapshot) -> str | None:
    """What is wrong with the words for this state, if anything: every state has some, and they fit a cell."""
    shown = [job_text.status(seen), job_text.no_rows_reason(seen)]
    if seen.problem is not None:
        shown.append(seen.problem.message)
    if seen.settled and not seen.final and seen.problem is None:
        return f"settled without a word: {seen}"
    if not all(text.strip() for text in shown):
        return f"a state without a word: {seen}"
    if any(utf16_units(text) > CELL_UNITS for text in shown[:2]):
        return f"a text too long for a cell: {shown}"
    return None


@contextmanager
def no_surprise() -> Iterator[list[str]]:
    """Collects whatever the package logs as an error: an exception that escaped to where nobody expected it."""
    found: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            found.append(f"{record.getMessage()}\n{trace}")

    listening = Listening(logging.ERROR)
    ours = logging.getLogger("xl_openfunnel")
    ours.addHandler(listening)
    before = threading.excepthook
    threading.excepthook = lambda ended: found.append(f"thread {ended.thread}: {ended.exc_value!r}")
    try:
        yield found
    finally:
        threading.excepthook = before
        ours.removeHandler(listening)


@contextmanager
def world(folder: Path, *jobs: SimulatedJob, **options: Any) -> Iterator[World]:
    """A world that ends with the block."""
    with ExitStack() as stack:
        made = World(folder, jobs, **options)
        stack.callback(made.close)
        yield made


__all__ = ["Fault", "Seat", "SimulatedJob", "World", "has_text", "no_surprise", "rows_at", "world"]
