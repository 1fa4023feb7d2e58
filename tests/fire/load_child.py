"""The service under load: ``python -m tests.fire.load_child JSON`` prints its address, then counts of requests."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.simulator.jobs import JobRun
from xl_openfunnel.simulator.service import ReceivedRequest

RUNNING = "running-"
"""Prefix of the ids of running jobs."""

STEP = 2.0
"""Seconds between two companies of a running job: as it changes all the time, it is polled at the shortest interval."""


class Counter:
    """Counts the requests being handled, and their maximum."""

    def __init__(self) -> None:
        self.now = self.max = 0
        self._lock = threading.Lock()

    def wait(self, seconds: float) -> None:
        """Wait as the service's latency."""
        with self._lock:
            self.now += 1
            self.max = max(self.max, self.now)
        time.sleep(seconds)
        with self._lock:
            self.now -= 1


def serve(jobs: int, rows: int, running: int, latency: float) -> None:
    """Serve finished jobs, all with the same rows, and jobs that never end, until stdin ends.

    Running jobs have no page yet, so each of their polls is one request.
    """
    company_rows, counter = companies(rows, seed=1, shape="narrow"), Counter()
    finished = [SimulatedJob(company_rows, job_id=f"job-{number:03d}") for number in range(jobs)]
    script: dict[str, Any] = {
        "running": len(company_rows) * STEP,
        "page_size": len(company_rows),
        "ending": "delivering",
        "delivered": 0.9,
    }
    unfinished = [SimulatedJob(company_rows, job_id=f"{RUNNING}{number:03d}", **script) for number in range(running)]
    with Simulator([*finished, *unfinished], latency=latency, sleep=counter.wait) as service:
        runs: dict[str, JobRun] = service._service._runs
        for job_run in runs.values():
            if job_run.job in finished:  # all share the same pages: five hundred copies would take gigabytes
                job_run._rendered = runs["job-000"]._rendered
            else:
                job_run._started -= job_run.job.running / 4  # it has already begun to deliver
        print(json.dumps({"base_url": service.base_url, "api_key": service.api_key}), flush=True)
        for _ in sys.stdin:
            print(json.dumps(_counts(list(service._service.received), counter.max)), flush=True)


def _counts(received: list[ReceivedRequest], concurrent: int) -> dict[str, int]:
    """Requests for finished jobs, the maximum at once, and polls of running jobs while pages were read."""
    of_running = [(each.job_id or "").startswith(RUNNING) for each in received]
    pages = [number for number, each in enumerate(received) if each.cursor and not of_running[number]]
    return {
        "requests": of_running.count(False),
        "concurrent": concurrent,
        "running_polls": sum(of_running[pages[0] : pages[-1]]) if pages else 0,
    }


if __name__ == "__main__":
    serve(**json.loads(sys.argv[1]))
