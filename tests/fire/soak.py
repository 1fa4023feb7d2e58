"""Soak: hours of office use in simulated time, in which the process does not grow.

``python -m tests.fire.soak FOLDER HOURS`` runs it in a process of its own, and prints the errors as JSON.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import memory_mb
from xl_openfunnel import Snapshot
from xl_openfunnel.simulator import Fault, SimulatedJob, companies

from .environment import ClientProcess, Environment, collect_errors, running_environment, text_error
from .pages_in_memory import find_pages, pages_mb

ROWS: Final = companies(300, seed=3, shape="narrow")
ROUND_SECONDS: Final = 60.0
"""Simulated seconds of one round of user actions."""

WARM_UP: Final = 0.25
"""Share of the time after which everything that is created once exists."""

MAX_GROWTH_MB: Final = 24.0
MAX_NEW_OBJECTS: Final = 1_000
MAX_OBJECTS_PER_JOB: Final = 60
"""Objects that may be added after the warm-up, in all and for each job, whose snapshot stays."""

MAX_OPEN: Final = 5
"""Jobs that are subscribed to at once."""

MAX_MB_PER_JOB: Final = 0.1
"""Pages of a subscribed job that is not final; and of one more, which a thread may still refer to."""

EVICTION_SECONDS: Final = 7_500.0
"""Seconds after which half-typed ids and the pages of unwatched jobs are evicted."""

MAX_NEW_HANDLES: Final = 10
"""Handles that may be added: one for each pooled connection, and two of a database in use."""

MAX_THREADS: Final = 8 + 3
"""Eight for concurrent requests; the scheduler, the store, the callbacks."""


@dataclass(frozen=True)
class Usage:
    """Resources of the process at one moment; None where the system does not report them.

    Attributes:
        published: jobs that have a snapshot.
        jobs: jobs started so far.
        open_unfinished: jobs that are subscribed to and not final.
        pages_mb: MB of pages in memory.
    """

    published: int
    jobs: int
    open_unfinished: int
    pages_mb: float
    mb: float | None
    objects: int
    threads: int
    handles: int | None


@dataclass(frozen=True)
class Outcome:
    """The result of a run."""

    hours: float
    jobs: int
    requests: int
    before: Usage
    after: Usage
    errors: tuple[str, ...]


def run(folder: Path, hours: float, seed: int = 0) -> Outcome:
    """Simulate this many hours."""
    rng = random.Random(seed)
    with collect_errors() as logged, running_environment(folder) as env:
        process = env.start_process()
        users = _Users(env, process, rng)
        rounds = round(hours * 3_600 / ROUND_SECONDS)
        before = None
        for number in range(rounds):
            users.run_round(number)
            if before is None and number >= rounds * WARM_UP:
                before = users.usage()
        after = users.usage()
        assert before is not None
        errors = (
            *logged,
            *users.errors,
            *_page_errors(before),
            *_page_errors(after),
            *_growth_errors(before, after),
        )
        return Outcome(hours, users.jobs, users.requests, before, after, tuple(errors))


def _page_errors(usage: Usage) -> Iterator[str]:
    if usage.published > usage.jobs:
        yield f"{usage.published} jobs have a snapshot, and there were {usage.jobs}"
    if usage.pages_mb > (usage.open_unfinished + 1) * MAX_MB_PER_JOB:
        yield f"{usage.pages_mb:.2f} MB of pages in memory for {usage.open_unfinished} jobs that are not final"


def _growth_errors(before: Usage, after: Usage) -> Iterator[str]:
    if before.mb is not None and after.mb is not None and after.mb - before.mb > MAX_GROWTH_MB:
        yield f"{before.mb:.0f} MB became {after.mb:.0f} MB"
    if after.objects - before.objects > MAX_NEW_OBJECTS + MAX_OBJECTS_PER_JOB * (after.jobs - before.jobs):
        yield f"{before.objects} objects became {after.objects}"
    if after.threads > MAX_THREADS:
        yield f"{after.threads} threads"
    if before.handles is not None and after.handles is not None and after.handles > before.handles + MAX_NEW_HANDLES:
        yield f"{before.handles} handles became {after.handles}"


class _Users:
    """Users who start jobs, watch them, mistype ids and abandon waits; and a service with random faults."""

    def __init__(self, env: Environment, process: ClientProcess, rng: random.Random) -> None:
        self.jobs = self.requests = 0
        self.errors: list[str] = []
        self._env, self._process, self._rng = env, process, rng
        self._other_pages = find_pages()
        self._open: list[tuple[str, Any]] = []
        self._closed: list[str] = []

    def run_round(self, number: int) -> None:
        """One round of actions, and the time until the next."""
        fetcher, rng = self._process.fetcher, self._rng
        if number % 6 == 0:
            self._start_job(number)
        fetcher.watch(f"half-typed-{number}")
        abandoned_wait = threading.Thread(target=fetcher.wait, args=(self._open[-1][0], 10**6), daemon=True)
        abandoned_wait.start()
        if rng.random() < 0.3:
            self._env.service.faults = (Fault("status", status=rng.choice((429, 500, 503)), rate=0.5),)
        elif rng.random() < 0.3:
            self._env.service.faults = (Fault(rng.choice(("reset", "cut", "html")), rate=0.5),)
        else:
            self._env.service.faults = ()
        if rng.random() < 0.05:
            self._env.suspend(900)
        if rng.random() < 0.1:
            fetcher.refresh(self._open[-1][0])
        if self._closed and rng.random() < 0.2:
            fetcher.watch(rng.choice(self._closed))
        if self._closed and rng.random() < 0.01:
            fetcher.forget(self._closed.pop(rng.randrange(len(self._closed))))
        self._env.advance(ROUND_SECONDS)
        while len(self._open) > MAX_OPEN:
            job_id, subscription = self._open.pop(0)
            subscription.close()
            self._closed.append(job_id)
        self._count_and_clear()

    def usage(self) -> Usage:
        """The resources that this process uses now, after evictions."""
        self._env.service.faults = ()
        self._env.advance(EVICTION_SECONDS)
        self._count_and_clear()
        published = dict(self._process.fetcher._scheduler.published)
        handles = Path("/proc/self/fd")
        return Usage(
            published=len(published),
            jobs=self.jobs,
            open_unfinished=sum(not published[job_id].final for job_id, _ in self._open),
            pages_mb=pages_mb(self._other_pages),
            mb=memory_mb(),
            objects=len(gc.get_objects()),
            threads=sum(thread.name.startswith("openfunnel") for thread in threading.enumerate()),
            handles=len(list(handles.iterdir())) if handles.exists() else None,
        )

    def _start_job(self, number: int) -> None:
        running = self._rng.choice((0.0, 100.0, 900.0, 3_000.0))
        ending = self._rng.choice(("completed", "completed", "cancelled", "failed"))
        job = SimulatedJob(ROWS, job_id=f"job-{number}", running=running, ending=ending)
        self._env.service.add(job)
        self.jobs += 1
        self._open.append((job.job_id, self._process.fetcher.subscribe(job.job_id, self._check)))

    def _check(self, snapshot: Snapshot) -> None:
        if error := text_error(snapshot):
            self.errors.append(error)

    def _count_and_clear(self) -> None:
        """Count the requests, and release what only the test holds."""
        service = self._env.service._service
        self.requests += len(service.received)
        service.received.clear()
        for job_run in service._runs.values():
            job_run._rendered.clear()
        self._process.published.clear()


if __name__ == "__main__":
    outcome = run(Path(sys.argv[1]), hours=float(sys.argv[2]))
    print(json.dumps({"errors": outcome.errors, "requests": outcome.requests}))
