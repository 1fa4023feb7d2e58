"""Two processes that finish and store jobs without end, killed at random moments: the store holds only whole jobs."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.measure import ROOT
from xl_openfunnel import IncompleteResultError, JobStatus, Page, Store
from xl_openfunnel.jobs.snapshot import Result, Rows
from xl_openfunnel.settings import origin_of
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

from .damage import AS_OF

ROWS: Final = companies(1_500, seed=9, shape="narrow")
JOBS: Final = tuple(SimulatedJob(ROWS[: 300 * number], job_id=f"job-{number}") for number in range(1, 6))
OFTEN_REPLACED: Final = "often-replaced"
"""A job whose rows tell in which round they were written, so that a mixture would show."""

LONGEST: Final = 0.4
"""Seconds that the two work before one is killed, at the most: each stores some dozens of jobs in it."""

PROCESSES: Final = 2


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        kills: processes killed while they worked.
        opened: how often the store opened afterwards, sound throughout.
        whole: jobs that were found in it, all of them whole.
    """

    kills: int
    opened: int
    whole: int


def run(folder: Path, kills: int, seed: int = 0) -> Outcome:
    """Kill so often.

    Raises:
        AssertionError: the store does not open, or holds something that is not whole.
    """
    dice = random.Random(seed)
    opened = whole = 0
    path = folder / "store.sqlite3"
    with Simulator(JOBS) as service:
        service.render_pages()
        working = [_begin(path, service, number) for number in range(PROCESSES)]
        try:
            for number in range(kills):
                victim = working.pop(dice.randrange(PROCESSES))
                with suppress(subprocess.TimeoutExpired):
                    victim.wait(dice.uniform(0.0, LONGEST))
                    raise AssertionError("a process ended before it was killed")
                _kill(victim)
                whole += _whole_jobs(path, origin_of(service.base_url))
                opened += 1
                working.append(_begin(path, service, PROCESSES + number))
        finally:
            for each in working:
                _kill(each)
    return Outcome(kills, opened, whole)


def _begin(path: Path, service: Simulator, number: int) -> subprocess.Popen[str]:
    """A process that works already."""
    told = {"path": str(path), "base_url": service.base_url, "api_key": service.api_key, "number": number}
    command = [sys.executable, "-m", f"{__package__}.crash_child", json.dumps(told)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if process.stdout is None or process.stdout.readline() != "working\n":
        raise AssertionError("a process did not begin to work: it could not open the store")
    return process


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _whole_jobs(path: Path, origin: str) -> int:
    """How many jobs there are, every one whole."""
    with closing(Store(path, origin)) as store:
        found = 0
        for job in JOBS:
            stored = store.find(job.job_id)
            if stored is not None:
                assert list(stored.rows) == job.rows, f"{job.job_id} holds {len(stored.rows)} rows, or others"
                found += 1
        rows = _rows_of_often_replaced(store)
        if rows:
            assert rows == [rows[0]] * 500, f"a mixture of {len({row['written'] for row in rows})} rounds"
            found += 1
        store.ledger()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(path.parent.glob("*.damaged-*"))
    return found


def _rows_of_often_replaced(store: Store) -> list[dict[str, str]]:
    """Its rows; the other process may replace them between the look and the reading, and then they are read anew."""
    for _ in range(100):
        stored = store.find(OFTEN_REPLACED)
        if stored is None:
            return []
        with suppress(IncompleteResultError):
            return list(stored.rows)
    raise AssertionError("its rows could not be read a hundred times in a row")


def replaced(store: Store, written: str) -> None:
    """Store the job whose rows say when they were written; five pages."""
    body = json.dumps([{"written": written, "text": written * 20}] * 100).encode()
    pages = tuple(Page(JobStatus("completed"), row_count=100, rows_json=body) for _ in range(5))
    manifest = {"count": 500, "pages": 5}
    status = JobStatus("completed")
    store.save(OFTEN_REPLACED, Result(status, None, 500, manifest, None, AS_OF, Rows.of(pages)), pages, None)
