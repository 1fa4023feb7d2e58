"""Load: some hundred finished jobs of ten thousand rows each, and running ones, all watched at once.

The service runs in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import ROOT, memory_mb, used_memory_mb
from xl_openfunnel import Client, Fetcher, Snapshot, Store

from .load_child import RUNNING
from .pages_in_memory import find_pages, pages_mb

PAGE_SIZE: Final = 100
CONCURRENCY: Final = 8

BASE_MB: Final = 25.0
"""Growth in any case: SQLite's caches, the rows that a check reads."""

FREE_MB: Final = 50.0
"""What the allocator keeps free: it has an arena for each thread, and whole runs differ by 10 MB with nothing
changed."""

MB_PER_JOB: Final = 0.02
"""Growth for each final, stored job: its snapshot and the counts of its pages."""

MB_PER_ROW: Final = 0.0003
"""Growth for the pages of a job that is being downloaded: 10,000 narrow rows have some 3 MB."""

RELEASE_TIMEOUT: Final = 60.0
"""Seconds for the threads that work on the last pages to release them."""


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes:
        running: jobs that never end, beside the finished ones.
        seconds: until all finished jobs were final.
        requests: sent for the finished jobs; `min_requests` is the least possible.
        running_polls: polls of running jobs while pages of the finished ones were read.
        concurrent: the most requests that the service handled at one moment.
        threads: the most in this process.
        mb: the peak memory above the start while they were read; `mb_after` is that in use once all were stored.
        pages_mb: pages in memory once all were final.
        first_status: seconds until the last job had shown its first status.
    """

    jobs: int
    rows: int
    running: int
    seconds: float
    requests: int
    min_requests: int
    running_polls: int
    concurrent: int
    threads: int
    mb: float | None
    mb_after: float | None
    pages_mb: float
    first_status: float
    errors: tuple[str, ...] = ()


def run(folder: Path, jobs: int, rows: int, running: int, latency: float = 0.002) -> Outcome:
    """Watch finished jobs beside running ones, until all finished ones are final.

    Args:
        folder: for the store.
        jobs: number of finished jobs.
        rows: of each job.
        running: number of jobs that progress all the time and never end.
        latency: seconds of each response.
    """
    with _service(jobs=jobs, rows=rows, running=running, latency=latency) as service:
        return _watch_jobs(folder, service, jobs, rows, running)


def _watch_jobs(folder: Path, service: _Service, jobs: int, rows: int, running: int) -> Outcome:
    client = Client(service.base_url, service.api_key, concurrency=CONCURRENCY)
    first_status: dict[str, float] = {}
    final: set[str] = set()
    done = threading.Event()
    start_mb, peak_mb, peak_threads = memory_mb(), 0.0, 0
    other_pages = find_pages()
    start = time.perf_counter()

    def on_snapshot(snapshot: Snapshot) -> None:
        nonlocal peak_mb, peak_threads
        now = time.perf_counter() - start
        if snapshot.status is not None:
            first_status.setdefault(snapshot.job_id, now)
        if snapshot.final:
            final.add(snapshot.job_id)
        peak_threads = max(peak_threads, threading.active_count())
        if (current := memory_mb()) is not None and start_mb is not None:
            peak_mb = max(peak_mb, current - start_mb)
        if len(final) == jobs:
            done.set()

    with client, Fetcher(client, store=Store(folder / "store.sqlite3", client.origin)) as fetcher:
        for number in range(running):
            fetcher.subscribe(f"{RUNNING}{number:03d}", on_snapshot)
        for number in range(jobs):
            fetcher.subscribe(service.job_id(number), on_snapshot)
        finished = done.wait(jobs * rows / 1_000 + 60)
        seconds = time.perf_counter() - start
        held_pages_mb = _pages_mb_after_release(other_pages)
        end_mb = used_memory_mb()
        incomplete = [
            job_id
            for job_id in map(service.job_id, range(jobs))
            if not (snapshot := fetcher.watch(job_id)).final
            or snapshot.problem
            or sum(1 for _ in snapshot.rows) != rows
        ]
    counts = service.counts()
    outcome = Outcome(
        jobs=jobs,
        rows=rows,
        running=running,
        seconds=seconds,
        requests=counts["requests"],
        min_requests=jobs * -(-rows // PAGE_SIZE),
        running_polls=counts["running_polls"],
        concurrent=counts["concurrent"],
        threads=peak_threads,
        mb=None if start_mb is None else peak_mb,
        mb_after=None if start_mb is None or end_mb is None else end_mb - start_mb,
        pages_mb=held_pages_mb,
        first_status=max(first_status.values(), default=0.0),
    )
    return replace(outcome, errors=tuple(_find_errors(outcome, incomplete, finished=finished)))


def _pages_mb_after_release(other_pages: list[bytes]) -> float:
    """MB of pages in memory, after the threads have had time to release the last ones."""
    end = time.monotonic() + RELEASE_TIMEOUT
    while (megabytes := pages_mb(other_pages)) > 0 and time.monotonic() < end:
        time.sleep(0.5)  # the search itself slows down storing the last jobs
    return megabytes


def _find_errors(outcome: Outcome, incomplete: list[str], *, finished: bool) -> Iterator[str]:
    if not finished or incomplete:
        yield f"{len(incomplete)} jobs are not final and complete, for example {incomplete[:1]}"
    if outcome.concurrent > CONCURRENCY:
        yield f"{outcome.concurrent} requests at once, and {CONCURRENCY} are allowed"
    if outcome.requests > outcome.min_requests + 4 * outcome.jobs:
        yield f"{outcome.requests} requests, and {outcome.min_requests} are enough"
    if outcome.threads > CONCURRENCY + 12:
        yield f"{outcome.threads} threads"
    if outcome.running_polls > 2 * (outcome.requests - outcome.jobs) + outcome.running:
        yield f"{outcome.running_polls} polls of running jobs while {outcome.requests - outcome.jobs} pages were read"
    if outcome.pages_mb > 0:
        yield f"{outcome.pages_mb:.1f} MB of pages in memory, though all are stored"
    retained = BASE_MB + (outcome.jobs + outcome.running) * MB_PER_JOB
    limit = retained + FREE_MB + 2 * CONCURRENCY * outcome.rows * MB_PER_ROW
    if outcome.mb is not None and outcome.mb > limit:
        yield f"{outcome.mb:.0f} MB above the start, and {limit:.0f} are allowed"
    if outcome.mb_after is not None and outcome.mb_after > retained:
        yield f"{outcome.mb_after:.0f} MB in use above the start once all are stored, and {retained:.0f} are allowed"
    if outcome.first_status > 0.6 * outcome.seconds + 2:
        yield f"a job had its first status only after {outcome.first_status:.1f} s of {outcome.seconds:.1f}"


@dataclass(frozen=True)
class _Service:
    base_url: str
    api_key: str
    process: subprocess.Popen[str]

    def job_id(self, number: int) -> str:
        return f"job-{number:03d}"

    def counts(self) -> dict[str, int]:
        """The counts that `load_child` prints."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("counts\n")
        self.process.stdin.flush()
        counts: dict[str, int] = json.loads(self.process.stdout.readline())
        return counts


@contextmanager
def _service(**options: float) -> Iterator[_Service]:
    command = [sys.executable, "-m", f"{__package__}.load_child", json.dumps(options)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        try:
            assert process.stdout is not None
            yield _Service(**json.loads(process.stdout.readline()), process=process)
        finally:
            if process.stdin:
                process.stdin.close()
