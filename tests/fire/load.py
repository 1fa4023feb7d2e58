"""Load: some hundred jobs that are over, each of ten thousand rows, and others that run, all watched at once.

The service is in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import ROOT, held_mb
from xl_openfunnel import Client, Fetcher, Snapshot, Store

from .held import pages, pages_mb
from .load_child import RUNNING

PAGE: Final = 100
CONCURRENCY: Final = 8

BASE_MB: Final = 60.0
"""What a process may grow by, whatever it does: SQLite's caches, the allocator's free lists, the rows of a check."""

MB_PER_JOB: Final = 0.02
"""For the head of a job that is final and stored: its snapshot, counts of its pages, threads' crumbs."""

MB_PER_ROW: Final = 0.0003
"""For the pages, as they came, of a job being read: 10,000 narrow rows have some 3 MB."""

TIDYING: Final = 60.0
"""Seconds in which whoever still works on the last pages lets go of them."""


@dataclass(frozen=True)
class Outcome:
    """What it took.

    Attributes:
        running: jobs that run all the time, beside those that are over.
        seconds: until all that are over were final.
        requests: sent for those; the least that is possible beside it.
        beside: polls of running jobs while pages of the others were read.
        at_once: the most requests that the service had in hand at one moment.
        threads: the most in this process.
        mb: the most memory above what was held before, while they were read; ``mb_after`` once all were final.
        pages_mb: pages in memory once all were final.
        first_word: seconds until the last job had shown its first status.
    """

    jobs: int
    rows: int
    running: int
    seconds: float
    requests: int
    fewest: int
    beside: int
    at_once: int
    threads: int
    mb: float | None
    mb_after: float | None
    pages_mb: float
    first_word: float
    broken: tuple[str, ...]


def run(folder: Path, jobs: int, rows: int, running: int, latency: float = 0.002) -> Outcome:
    """Watch so many jobs of so many rows beside ``running`` others, from the first watch until all are final.

    Args:
        folder: for the store.
        jobs: that are over.
        rows: of each.
        running: jobs that move all the time and never end.
        latency: seconds of each answer.
    """
    with _service(jobs=jobs, rows=rows, running=running, latency=latency) as told:
        return _watched(folder, told, jobs, rows, running)


def _watched(folder: Path, told: _Service, jobs: int, rows: int, running: int) -> Outcome:
    client = Client(told.base_url, told.api_key, concurrency=CONCURRENCY)
    words: dict[str, float] = {}
    finals: dict[str, float] = {}
    done = threading.Event()
    before, most_mb, most_threads = held_mb(), 0.0, 0
    others = pages()
    begin = time.perf_counter()

    def told_of(seen: Snapshot) -> None:
        nonlocal most_mb, most_threads
        now = time.perf_counter() - begin
        if seen.status is not None:
            words.setdefault(seen.job_id, now)
        if seen.final:
            finals.setdefault(seen.job_id, now)
        most_threads = max(most_threads, threading.active_count())
        if (held := held_mb()) is not None and before is not None:
            most_mb = max(most_mb, held - before)
        if len(finals) == jobs:
            done.set()

    with client, Fetcher(client, store=Store(folder / "store.sqlite3", client.origin)) as fetcher:
        for number in range(running):
            fetcher.subscribe(f"{RUNNING}{number:03d}", told_of)
        for number in range(jobs):
            fetcher.subscribe(told.job_id(number), told_of)
        finished = done.wait(jobs * rows / 1_000 + 60)
        seconds = time.perf_counter() - begin
        after, held = held_mb(), _pages_held(others)
        wrong = [
            job_id
            for job_id in map(told.job_id, range(jobs))
            if not (seen := fetcher.watch(job_id)).final or seen.problem or sum(1 for _ in seen.rows) != rows
        ]
    asked = told.asked()
    fewest = jobs * -(-rows // PAGE)
    mb_after = None if before is None or after is None else after - before
    outcome = Outcome(
        *(jobs, rows, running, seconds, asked["requests"], fewest, asked["beside"], asked["at_once"], most_threads),
        *(None if before is None else most_mb, mb_after, held, max(words.values(), default=0.0), ()),
    )
    return Outcome(**{**vars(outcome), "broken": tuple(_broken(outcome, wrong, finished=finished))})


def _pages_held(others: list[bytes]) -> float:
    """MB of pages, when those who let go of the last ones have had time to."""
    end = time.monotonic() + TIDYING
    while (held := pages_mb(others)) > 0 and time.monotonic() < end:
        time.sleep(0.5)  # to look takes the time in which the last jobs are stored
    return held


def _broken(outcome: Outcome, wrong: list[str], *, finished: bool) -> Iterator[str]:
    if not finished or wrong:
        yield f"{len(wrong)} jobs are not final and whole, like {wrong[:1]}"
    if outcome.at_once > CONCURRENCY:
        yield f"{outcome.at_once} requests at once, and {CONCURRENCY} are allowed"
    if outcome.requests > outcome.fewest + 4 * outcome.jobs:
        yield f"{outcome.requests} requests, where {outcome.fewest} would do"
    if outcome.threads > CONCURRENCY + 12:
        yield f"{outcome.threads} threads"
    if outcome.beside > 2 * (outcome.requests - outcome.jobs) + outcome.running:
        yield f"{outcome.beside} polls of running jobs while {outcome.requests - outcome.jobs} pages were read"
    if outcome.pages_mb > 0:
        yield f"{outcome.pages_mb:.1f} MB of pages in memory, and all are stored"
    kept = BASE_MB + (outcome.jobs + outcome.running) * MB_PER_JOB
    bound = kept + 2 * CONCURRENCY * outcome.rows * MB_PER_ROW
    if outcome.mb is not None and outcome.mb > bound:
        yield f"{outcome.mb:.0f} MB above the start, and {bound:.0f} are allowed"
    if outcome.mb_after is not None and outcome.mb_after > bound:
        yield f"{outcome.mb_after:.0f} MB above the start once all are final, and {bound:.0f} are allowed"
    if outcome.first_word > 0.6 * outcome.seconds + 2:
        yield f"a job had its first word only after {outcome.first_word:.1f} s of {outcome.seconds:.1f}"


@dataclass(frozen=True)
class _Service:
    """The service's process."""

    base_url: str
    api_key: str
    process: subprocess.Popen[str]

    def job_id(self, number: int) -> str:
        return f"job-{number:03d}"

    def asked(self) -> dict[str, int]:
        """How many requests there were, and how many at once."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("asked\n")
        self.process.stdin.flush()
        told: dict[str, int] = json.loads(self.process.stdout.readline())
        return told


@contextmanager
def _service(**asked: float) -> Iterator[_Service]:
    command = [sys.executable, "-m", f"{__package__}.load_child", json.dumps(asked)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ}, **pipes) as process:
        try:
            assert process.stdout is not None
            yield _Service(**json.loads(process.stdout.readline()), process=process)
        finally:
            if process.stdin:
                process.stdin.close()
