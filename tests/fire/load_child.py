"""The service under load: ``python -m tests.fire.load_child JSON`` tells where it is, then how much it was asked."""

from __future__ import annotations

import json
import sys
import threading
import time

from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.simulator.lives import Life

LATENCY = 0.002
"""Seconds of each answer, in which the others that are under way can be counted."""


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


def serve(jobs: int, rows: int) -> None:
    """Serve jobs that are over, all with the same rows, until stdin ends."""
    found, counter = companies(rows, seed=1, shape="narrow"), Counter()
    made = [SimulatedJob(found, job_id=f"job-{number:03d}") for number in range(jobs)]
    with Simulator(made, latency=LATENCY, sleep=counter.wait) as service:
        lives: list[Life] = list(service._service._lives.values())
        for life in lives:  # the same pages for all: five hundred copies would be gigabytes
            life._rendered = lives[0]._rendered
        print(json.dumps({"base_url": service.base_url, "api_key": service.api_key}), flush=True)
        for _ in sys.stdin:
            print(json.dumps({"requests": len(service._service.received), "at_once": counter.most}), flush=True)


if __name__ == "__main__":
    serve(**json.loads(sys.argv[1]))
