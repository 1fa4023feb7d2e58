"""Kill one of two processes that keep storing jobs, at random moments: the store holds only complete jobs.

``python -m tests.fire.crash JSON`` is such a process.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from xl_openfunnel import Client, Fetcher, IncompleteResultError, Store
from xl_openfunnel.settings import origin_of
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

from . import children
from .damage import assert_undamaged, save

ROWS: Final = companies(1_500, seed=9, shape="narrow")
JOBS: Final = tuple(SimulatedJob(ROWS[: 300 * number], job_id=f"job-{number}") for number in range(1, 6))
REWRITTEN_JOB: Final = "often-replaced"
"""A job whose rows name the round in which they were written, which reveals a mixture of rounds."""

MAX_SECONDS: Final = 0.4
"""Maximum seconds before a process is killed; enough to store some dozens of jobs."""


def run(folder: Path, kills: int, seed: int = 0) -> int:
    """Kill a process this many times. Returns how many complete jobs the store held, summed over all kills.

    Raises:
        AssertionError: the store does not open, or holds something that is incomplete.
    """
    path, numbers = folder / "store.sqlite3", itertools.count()
    with Simulator(JOBS) as service:
        service.render_pages()
        return children.kill_repeatedly(
            lambda _: _start(path, service, next(numbers)),
            lambda: _count_complete_jobs(path, origin_of(service.base_url)),
            kills,
            MAX_SECONDS,
            seed,
        )


def _start(path: Path, service: Simulator, number: int) -> subprocess.Popen[str]:
    arguments = {"path": str(path), "base_url": service.base_url, "api_key": service.api_key, "number": number}
    return children.start("crash", json.dumps(arguments))


def _count_complete_jobs(path: Path, origin: str) -> int:
    """Count the jobs in the store and check that each is complete."""
    with closing(Store(path, origin)) as store:
        count = 0
        for job in JOBS:
            stored = store.find(job.job_id)
            if stored is not None:
                assert list(stored.rows) == job.rows, f"{job.job_id} holds {len(stored.rows)} rows, or others"
                count += 1
        rows = _rows_of_rewritten(store)
        if rows:
            assert rows == [rows[0]] * 500, f"a mixture of {len({row['written'] for row in rows})} rounds"
            count += 1
        store.ledger()
    assert_undamaged(path)
    return count


def _rows_of_rewritten(store: Store) -> list[dict[str, str]]:
    """The rows of `REWRITTEN_JOB`, read again where another process replaces them between `find` and the reading."""
    for _ in range(100):
        stored = store.find(REWRITTEN_JOB)
        if stored is None:
            return []
        with suppress(IncompleteResultError):
            return list(stored.rows)
    raise AssertionError("the rows of the rewritten job could not be read a hundred times in a row")


def store_jobs(path: str, base_url: str, api_key: str, number: int) -> None:
    """Download and store all jobs, again and again."""
    with Client(base_url, api_key) as client:
        store = Store(Path(path), client.origin)
        with Fetcher(client, store=store) as fetcher:
            print("working", flush=True)
            for turn in itertools.count():
                for job in JOBS:
                    fetcher.refresh(job.job_id)
                for job in JOBS:
                    _rewrite(store, f"{number}.{turn}")
                    fetcher.wait(job.job_id)


def _rewrite(store: Store, written: str) -> None:
    """Store `REWRITTEN_JOB` with five pages of rows that name the round."""
    save(store, REWRITTEN_JOB, *[[{"written": written, "text": written * 20}] * 100] * 5)


if __name__ == "__main__":
    store_jobs(**json.loads(sys.argv[1]))
