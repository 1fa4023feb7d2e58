"""Soak: hours of simulated time with all that happens in an office, and nothing of the process grows."""

from __future__ import annotations

import gc
import logging
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import held_mb
from xl_openfunnel import Snapshot
from xl_openfunnel.simulator import Fault, SimulatedJob, companies

from .held import pages, pages_mb
from .world import Seat, World, has_text, no_surprise, world

ROWS: Final = companies(300, seed=3, shape="narrow")
ROUND: Final = 60.0
"""Seconds of simulated time between two things that somebody does."""

WARM_UP: Final = 0.25
"""Share of the time after which all that is begun once has been."""

MOST_MB: Final = 24.0
OBJECTS: Final = 1_000
OBJECTS_PER_JOB: Final = 60
"""What a process may grow by after that, once and with each job, of which the head stays."""

OPEN: Final = 5
"""Jobs that are on somebody's screen at once."""

MB_PER_JOB: Final = 0.1
"""For the pages of a job that is on a screen and not final, and of one more, which some thread has seen last."""

NIGHT: Final = 7_500.0
"""Seconds after which nothing is held of what nobody wants: ids that were half typed, pages of a job."""

MOST_HANDLES: Final = 10
"""What handles may grow by: one for each connection that is pooled, and two of a database in use."""

MOST_THREADS: Final = 8 + 3
"""One for each request at once, the scheduler, the disk, the callbacks."""


@dataclass(frozen=True)
class Held:
    """What a process holds at one moment; None where the system does not tell.

    Attributes:
        known: jobs of which something is published.
        jobs: all that were begun so far.
        waited_for: those of them that are on a screen and not final.
        pages_mb: MB of pages in memory.
    """

    known: int
    jobs: int
    waited_for: int
    pages_mb: float
    mb: float | None
    objects: int
    threads: int
    handles: int | None


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    hours: float
    jobs: int
    requests: int
    snapshots: int
    before: Held
    after: Held
    broken: tuple[str, ...]


def run(folder: Path, hours: float, seed: int = 0) -> Outcome:
    """Let so many hours pass."""
    dice = random.Random(seed)
    with no_surprise() as surprises, world(folder) as here:
        seat = here.seat()
        office = _Office(here, seat, dice)
        rounds = round(hours * 3_600 / ROUND)
        before = None
        for number in range(rounds):
            office.one_round(number)
            if before is None and number >= rounds * WARM_UP:
                before = office.held()
        after = office.held()
        assert before is not None
        broken = (*surprises, *office.wrong, *_held_too_long(before), *_held_too_long(after), *_grown(before, after))
        return Outcome(hours, office.jobs, office.requests, office.snapshots, before, after, tuple(broken))


def _held_too_long(held: Held) -> Iterator[str]:
    if held.known > held.jobs:
        yield f"{held.known} jobs are known, and there were {held.jobs}"
    if held.pages_mb > (held.waited_for + 1) * MB_PER_JOB:
        yield f"{held.pages_mb:.2f} MB of pages in memory for {held.waited_for} jobs that are not final"


def _grown(before: Held, after: Held) -> Iterator[str]:
    if before.mb is not None and after.mb is not None and after.mb - before.mb > MOST_MB:
        yield f"{before.mb:.0f} MB became {after.mb:.0f} MB"
    if after.objects - before.objects > OBJECTS + OBJECTS_PER_JOB * (after.jobs - before.jobs):
        yield f"{before.objects} objects became {after.objects}"
    if after.threads > MOST_THREADS:
        yield f"{after.threads} threads"
    if before.handles is not None and after.handles is not None and after.handles > before.handles + MOST_HANDLES:
        yield f"{before.handles} handles became {after.handles}"


class _Office:
    """People who start jobs, look at them, mistype ids, wait and lose patience; and a service with its moods."""

    def __init__(self, here: World, seat: Seat, dice: random.Random) -> None:
        self.jobs = self.requests = self.snapshots = 0
        self.wrong: list[str] = []
        self._here, self._seat, self._dice = here, seat, dice
        self._others = pages()
        self._open: list[tuple[str, Any]] = []
        self._left: list[str] = []

    def one_round(self, number: int) -> None:
        """A minute."""
        fetcher, dice = self._seat.fetcher, self._dice
        if number % 6 == 0:
            self._begin_job(number)
        fetcher.watch(f"half-typed-{number}")
        impatient = threading.Thread(target=fetcher.wait, args=(self._open[-1][0], 10**6), daemon=True)
        impatient.start()
        if dice.random() < 0.3:
            self._here.service.faults = (Fault("status", status=dice.choice((429, 500, 503)), rate=0.5),)
        elif dice.random() < 0.3:
            self._here.service.faults = (Fault(dice.choice(("reset", "cut", "html")), rate=0.5),)
        else:
            self._here.service.faults = ()
        if dice.random() < 0.05:
            self._here.fall_asleep(900)
        if dice.random() < 0.1:
            fetcher.refresh(self._open[-1][0])
        if self._left and dice.random() < 0.2:
            fetcher.watch(dice.choice(self._left))
        if self._left and dice.random() < 0.01:
            fetcher.forget(self._left.pop(dice.randrange(len(self._left))))
        self._here.pass_time(ROUND)
        while len(self._open) > OPEN:
            job_id, subscription = self._open.pop(0)
            subscription.close()
            self._left.append(job_id)
        self._settle_accounts()

    def held(self) -> Held:
        """What this process holds now."""
        self._here.service.faults = ()
        self._here.pass_time(NIGHT)
        self._settle_accounts()
        published = self._seat.fetcher.stats().snapshots
        handles = Path("/proc/self/fd")
        return Held(
            known=len(published),
            jobs=self.jobs,
            waited_for=sum(not published[job_id].final for job_id, _ in self._open),
            pages_mb=pages_mb(self._others),
            mb=held_mb(),
            objects=len(gc.get_objects()),
            threads=sum(thread.name.startswith("openfunnel") for thread in threading.enumerate()),
            handles=len(list(handles.iterdir())) if handles.exists() else None,
        )

    def _begin_job(self, number: int) -> None:
        running = self._dice.choice((0.0, 100.0, 900.0, 3_000.0))
        ending = self._dice.choice(("completed", "completed", "cancelled", "failed"))
        job = SimulatedJob(ROWS, job_id=f"job-{number}", running=running, ending=ending)
        self._here.service.add(job)
        self.jobs += 1
        self._open.append((job.job_id, self._seat.fetcher.subscribe(job.job_id, self._told)))

    def _told(self, seen: Snapshot) -> None:
        if wrong := has_text(seen):
            self.wrong.append(wrong)

    def _settle_accounts(self) -> None:
        """Count, and let go of what only the test remembers."""
        service = self._here.service._service
        self.requests += len(service.received)
        service.received.clear()
        for life in service._runs.values():
            life._rendered.clear()
        self.snapshots += len(self._seat.published)
        self._seat.published.clear()


def quiet() -> None:
    """No log of what is meant to fail."""
    logging.getLogger("xl_openfunnel").setLevel(logging.ERROR)
