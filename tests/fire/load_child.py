"""The service under load: ``python -m tests.fire.load_child JSON`` tells where it is, then how much it was asked."""

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
"""What ids of jobs that run begin with."""

STEP = 2.0
"""Seconds in which a running job moves, so that it is polled as often as any."""


class Counter:
    """How many requests are in hand, and were at the most."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def wait(self, seconds: float) -> None:
        """The service's latency."""
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(seconds)
        with self._lock:
            self.now -= 1


def serve(jobs: int, rows: int, running: int, latency: float) -> None:
    """Serve jobs that are over, all with the same rows, and others that never end, until stdin ends.

    Of those that run no page is written yet: each poll of theirs is one request.
    """
    found, counter = companies(rows, seed=1, shape="narrow"), Counter()
    made = [SimulatedJob(found, job_id=f"job-{number:03d}") for number in range(jobs)]
    script: dict[str, Any] = {
        "running": len(found) * STEP,
        "page_size": len(found),
        "ending": "delivering",
        "delivered": 0.9,
    }
    beside = [SimulatedJob(found, job_id=f"{RUNNING}{number:03d}", **script) for number in range(running)]
    with Simulator([*made, *beside], latency=latency, sleep=counter.wait) as service:
        lives: dict[str, JobRun] = service._service._runs
        for life in lives.values():
            if life.job in made:  # the same pages for all: five hundred copies would be gigabytes
                life._rendered = lives["job-000"]._rendered
            else:
                life._started -= life.job.running / 4  # moving already
        print(json.dumps({"base_url": service.base_url, "api_key": service.api_key}), flush=True)
        for _ in sys.stdin:
            print(json.dumps(_told(list(service._service.received), counter.most)), flush=True)


def _told(received: list[ReceivedRequest], at_once: int) -> dict[str, int]:
    """How many requests there were for jobs that are over, and at once; and how many polls while pages were read."""
    of_running = [(each.job_id or "").startswith(RUNNING) for each in received]
    pages = [number for number, each in enumerate(received) if each.cursor and not of_running[number]]
    return {
        "requests": of_running.count(False),
        "at_once": at_once,
        "beside": sum(of_running[pages[0] : pages[-1]]) if pages else 0,
    }


if __name__ == "__main__":
    serve(**json.loads(sys.argv[1]))
