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

from .world import Seat, World, has_text, no_surprise, world

ROWS: Final = companies(300, seed=3, shape="narrow")
ROUND: Final = 60.0
"""Seconds of simulated time between two things that somebody does."""

WARM_UP: Final = 0.25
"""Share of the time after which all that is begun once has been."""

MOST_MB: Final = 24.0
OBJECTS: Final = 1_000
OBJECTS_PER_ROUND: Final = 4
"""What a process may grow by after that, once and in each round: one id that stays takes more than ten a round."""

MOST_HANDLES: Final = 10
"""What handles may grow by: one for each connection that is pooled, and two of a database in use."""

MOST_THREADS: Final = 8 + 3
"""One for each request at once, the caretaker, the disk, the callbacks."""


@dataclass(frozen=True)
class Held:
    """What a process holds at one moment; None where the system does not tell."""

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
        broken = (*surprises, *office.wrong, *_grown(before, after, rounds))
        return Outcome(hours, office.jobs, office.requests, office.snapshots, before, after, tuple(broken))


def _grown(before: Held, after: Held, rounds: int) -> Iterator[str]:
    if before.mb is not None and after.mb is not None and after.mb - before.mb > MOST_MB:
        yield f"{before.mb:.0f} MB became {after.mb:.0f} MB"
    if after.objects - before.objects > OBJECTS + OBJECTS_PER_ROUND * rounds * (1 - WARM_UP):
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
        self._running: list[tuple[str, Any]] = []

    def one_round(self, number: int) -> None:
        """A minute."""
        fetcher, dice = self._seat.fetcher, self._dice
        if number % 6 == 0:
            self._begin_job(number)
        fetcher.watch(f"half-typed-{number}")
        impatient = threading.Thread(target=fetcher.wait, args=(self._running[-1][0], 10**6), daemon=True)
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
            fetcher.refresh(self._running[-1][0])
        self._here.pass_time(ROUND)
        while len(self._running) > 5:
            job_id, subscription = self._running.pop(0)
            subscription.close()
            fetcher.forget(job_id)
        self._settle_accounts()

    def held(self) -> Held:
        """What this process holds now."""
        self._here.service.faults = ()
        self._here.pass_time(1_500)  # care for half-typed ids ends
        self._settle_accounts()
        gc.collect()
        handles = Path("/proc/self/fd")
        return Held(
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
        self._running.append((job.job_id, self._seat.fetcher.subscribe(job.job_id, self._told)))

    def _told(self, seen: Snapshot) -> None:
        if wrong := has_text(seen):
            self.wrong.append(wrong)

    def _settle_accounts(self) -> None:
        """Count, and let go of what only the test remembers."""
        service = self._here.service._service
        self.requests += len(service.received)
        service.received.clear()
        for job_id in set(service.jobs) - {job_id for job_id, _ in self._running}:
            del service._lives[job_id]
        self.snapshots += len(self._seat.published)
        self._seat.published.clear()


def quiet() -> None:
    """No log of what is meant to fail."""
    logging.getLogger("xl_openfunnel").setLevel(logging.ERROR)
