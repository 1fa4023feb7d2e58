"""A simulated service and client processes with a store, on a clock that only the test advances.

Threads, HTTP over loopback and SQLite are real. Time jumps from one fetcher deadline to the next while nothing is in
progress, so that simulated hours take only as long as their requests.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from requests.adapters import BaseAdapter

from tests.unit.flying import time_of_day
from xl_openfunnel import Client, Fetcher, IncompleteResultError, Snapshot, Store
from xl_openfunnel.api.http_sender import Limits
from xl_openfunnel.errors import CELL_UNITS
from xl_openfunnel.jobs import job_text
from xl_openfunnel.runtime.clock import Inbox, T
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator
from xl_openfunnel.text import utf16_units

FOREVER = float("inf")

STALL_TIMEOUT = 30.0
"""Real seconds after which a fetcher counts as stuck."""

LIMITS = Limits(connect=10.0, read=10.0, total=20.0)
"""Longer than the simulator takes, however busy the machine is."""


class SteppedClock:
    """A fetcher's clock that stands still until the environment advances it."""

    def __init__(self, time: ManualClock) -> None:
        self.time = time
        self.offset = timedelta()
        self.busy: Callable[[], bool] = lambda: False
        self.deadline = FOREVER
        self._inbox: Inbox[Any] | None = None
        self._idle = False
        self._changed = threading.Condition()

    def monotonic(self) -> float:
        return self.time()

    def utcnow(self) -> datetime:
        return time_of_day(self.time) + self.offset

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a fetcher waits for events only")

    def receive(self, inbox: Inbox[T], seconds: float | None) -> T | None:
        event = inbox.take(0.0)
        with self._changed:
            self._inbox = inbox
            self.deadline = FOREVER if seconds is None else self.time() + seconds
            self._idle = event is None and not self.busy()
            self._changed.notify_all()
        if event is None:
            event = inbox.take(None)
            with self._changed:
                self._idle = False
        return event

    def settle(self) -> None:
        """Wait until the fetcher has done everything and nothing is in progress."""
        with self._changed:
            self._wait_for(lambda: self._inbox is not None, "the fetcher does not start")
        handled = threading.Event()
        self.wake(handled.set)
        if not handled.wait(STALL_TIMEOUT):
            raise AssertionError("the fetcher no longer handles events")
        with self._changed:
            self._wait_for(lambda: self._idle, "the fetcher does not become idle")

    def wake(self, callback: Callable[[], object] = lambda: None) -> None:
        """Have the fetcher look at the clock, and call this once it has handled all earlier events."""
        if self._inbox is not None:
            self._inbox.when_handled(callback)

    def _wait_for(self, condition: Callable[[], bool], message: str) -> None:
        if not self._changed.wait_for(condition, STALL_TIMEOUT):
            raise AssertionError(message)


SnapshotCheck = Callable[[Snapshot | None, Snapshot], None]
"""Called with the snapshot that a fetcher published before of a job (None at first), and the new one."""


class CheckedSnapshots(dict[str, Snapshot]):
    """Replaces the dictionary in which a fetcher publishes snapshots, and checks each of them."""

    def __init__(self, check: SnapshotCheck) -> None:
        super().__init__()
        self._check = check

    def __setitem__(self, job_id: str, snapshot: Snapshot) -> None:
        self._check(self.get(job_id), snapshot)
        super().__setitem__(job_id, snapshot)

    def setdefault(self, job_id: str, snapshot: Snapshot) -> Snapshot:
        if job_id not in self:
            self[job_id] = snapshot
        return self[job_id]


@dataclass
class ClientProcess:
    """One fetcher with a client, a store connection and a clock of its own, as a separate process would have.

    `published` lists the pairs of snapshots for a check, where the process was started without one.
    """

    fetcher: Fetcher
    client: Client
    store: Store | None
    clock: SteppedClock
    key: list[str]
    published: list[tuple[Snapshot | None, Snapshot]] = field(default_factory=list)

    def jobs_at_rest(self) -> set[str]:
        """The ids of jobs that are final and need no further request."""
        return {
            job_id
            for job_id, snapshot in dict(self.fetcher._scheduler.published).items()
            if snapshot.final
            and snapshot.settled
            and (snapshot.problem is None or snapshot.problem.kind == "JobFailedError")
        }

    def has_stored(self, snapshot: Snapshot) -> bool:
        """Whether the store has the rows that the snapshot shows; deleted rows cannot be read at all."""
        assert self.store is not None
        try:
            return len(list(snapshot.rows)) == len(snapshot.rows) and self.store.find(snapshot.job_id) is not None
        except IncompleteResultError:
            return False

    def close(self) -> None:
        self.fetcher.close()
        if self.store is not None:
            self.store.close()
        self.client.close()


class Environment:
    """A simulated service and its client processes."""

    def __init__(self, folder: Path, jobs: tuple[SimulatedJob, ...] = (), **options: Any) -> None:
        self.time = ManualClock()
        self.folder = folder
        self.service = Simulator(jobs, **{"clock": self.time, "sleep": self.time.sleep, **options})
        self.service.start()
        self.processes: list[ClientProcess] = []

    def start_process(
        self,
        *,
        stored: bool = True,
        transport: BaseAdapter | None = None,
        limits: Limits | None = None,
        concurrency: int | None = None,
        check: SnapshotCheck | None = None,
    ) -> ClientProcess:
        """Add a fetcher for the same service and on the same store; `check` gets what it publishes."""
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
        process = ClientProcess(fetcher, client, store, clock, key)
        # Nothing public reports every snapshot, so replace the dictionary that all readers use.
        fetcher._scheduler.published = CheckedSnapshots(
            check or (lambda before, snapshot: process.published.append((before, snapshot)))
        )
        self.processes.append(process)
        return process

    def stop_process(self, process: ClientProcess) -> None:
        self.processes.remove(process)
        process.close()

    def settle(self) -> None:
        """Wait until all fetchers are idle."""
        for process in self.processes:
            process.clock.settle()

    def advance(self, seconds: float) -> None:
        """Let simulated time pass, from deadline to deadline."""
        end = self.time() + seconds
        self.settle()
        while (deadline := min((process.clock.deadline for process in self.processes), default=FOREVER)) <= end:
            self.time.sleep(max(0.0, deadline - self.time()))
            for process in self.processes:
                if process.clock.deadline <= self.time():
                    process.clock.wake()
            self.settle()
        self.time.sleep(max(0.0, end - self.time()))

    def run_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let simulated time pass until the condition holds, at most `seconds`; whether it holds."""
        end = self.time() + seconds
        self.settle()
        while not condition():
            deadline = min((process.clock.deadline for process in self.processes), default=FOREVER)
            if deadline > end:
                return False
            self.advance(max(0.0, deadline - self.time()))
        return True

    def final(self, process: ClientProcess, job_id: str) -> Snapshot:
        """Let a process watch a job until it is final."""
        fetcher = process.fetcher
        fetcher.watch(job_id)
        assert self.run_until(lambda: fetcher.watch(job_id).final, 600), fetcher.watch(job_id)
        return fetcher.watch(job_id)

    def suspend(self, seconds: float) -> None:
        """Suspend and resume the machine: the time passes at once, and all connections are lost."""
        self.settle()
        self.service.stop()
        self.time.sleep(seconds)
        self.service.start()
        for process in self.processes:
            process.clock.wake()
        self.settle()

    def close(self) -> None:
        for process in self.processes:
            process.close()
        self.service.stop()


def rows_at(job: SimulatedJob, elapsed: float, cancelled: float | None = None) -> list[dict[str, Any]]:
    """The rows that the service has of a job at that time, in its order."""
    state = job.state_at(elapsed, cancelled)
    return [dict(row) for index in range(state.pages) for row in job.page_rows(index, reranked=state.reranked)]


def text_error(snapshot: Snapshot) -> str | None:
    """What is wrong with the texts for a snapshot, if anything: every state has texts, and they fit a cell."""
    texts = [job_text.status(snapshot), job_text.no_rows_reason(snapshot)]
    if snapshot.problem is not None:
        texts.append(snapshot.problem.message)
    if snapshot.settled and not snapshot.final and snapshot.problem is None:
        return f"settled without a problem: {snapshot}"
    if not all(text.strip() for text in texts):
        return f"a state without a text: {snapshot}"
    if any(utf16_units(text) > CELL_UNITS for text in texts[:2]):
        return f"a text too long for a cell: {texts}"
    return None


@contextmanager
def collect_errors() -> Iterator[list[str]]:
    """Collect what the package logs as an error, and exceptions that end a thread."""
    errors: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            errors.append(f"{record.getMessage()}\n{trace}")

    collector = Collector(logging.ERROR)
    logger = logging.getLogger("xl_openfunnel")
    logger.addHandler(collector)
    previous_hook = threading.excepthook
    threading.excepthook = lambda ended: errors.append(f"thread {ended.thread}: {ended.exc_value!r}")
    try:
        yield errors
    finally:
        threading.excepthook = previous_hook
        logger.removeHandler(collector)


@contextmanager
def running_environment(folder: Path, *jobs: SimulatedJob, **options: Any) -> Iterator[Environment]:
    """An environment that is closed at the end of the block."""
    with closing(Environment(folder, jobs, **options)) as env:
        yield env
