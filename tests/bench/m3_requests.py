"""M3: how many requests fifty watchers of one running job cost, counted by the service."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .contenders import stored_fetcher
from .measure import run_task
from .report import Goal, Outcome, Row
from .service import Service, simulator

WATCHERS: Final = 50
ROUNDS: Final = 3
RUNNING: Final = 5.05
"""Seconds that the job runs: polls after 0, 2, 4 and 6 s are well apart from the moments when a page appears."""

WAIT: Final = 1.5
"""Seconds that a watcher waits in each round; in the last, it waits for the end."""

INTERVAL: Final = 2.0
"""Seconds between two polls of the naive loop, as ours."""

JOB: Final = {"rows": 600, "shape": "narrow", "running": RUNNING}

MAX_POLLS: Final = 1.0
MAX_REQUESTS: Final = 1.25
"""How many times the cost of one fifty may cost: a page that appears during a poll may be read one poll later."""


def measure() -> Outcome:
    """Fifty of our watchers, one of them, and fifty naive loops, all at the same time, each group with its own
    service."""
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        simulator(JOB) as many_service,
        simulator(JOB) as one_service,
        simulator(JOB) as naive_service,
    ):
        store = Path(folder, "many", "store.sqlite3")
        _in_parallel(
            lambda: _watch(many_service, store, WATCHERS),
            lambda: _watch(one_service, Path(folder, "one", "store.sqlite3"), 1),
            lambda: _in_parallel(*[lambda: _poll_naively(naive_service)] * WATCHERS),
        )
        many, one, naive = (service.requests() for service in (many_service, one_service, naive_service))
        polls = [sum(request["cursor"] is None for request in requests) for requests in (many, one)]
        many_service.forget_requests()
        naive_service.forget_requests()
        arguments = {"base_url": many_service.base_url, "api_key": many_service.api_key, "job_id": many_service.job_id}
        restarted = run_task("ask_again", store=str(store), **arguments).output
        _poll_naively(naive_service)
        again, naive_again = len(many_service.requests()), len(naive_service.requests())
    if restarted != {"final": True, "rows": JOB["rows"]}:
        raise RuntimeError(f"after a restart the job should be there, complete: {restarted}")
    rows = [
        Row(
            "M3",
            f"{WATCHERS} watchers of a running job, {ROUNDS} rounds",
            "requests",
            len(many),
            "a loop each, 1 round",
            len(naive),
            len(one),
            f"floor: ours with one watcher; {polls[0]} polls for {WATCHERS} watchers, {polls[1]} for one",
        ),
        Row(
            "M3", "a new process asks again", "requests", again, "a loop", naive_again, None, "all rows from the store"
        ),
    ]
    goals = [
        Goal(f"M3 polls of {WATCHERS} watchers, multiple of one's", polls[0] / polls[1], "<=", MAX_POLLS, "×"),
        Goal(f"M3 requests of {WATCHERS} watchers, multiple of one's", len(many) / len(one), "<=", MAX_REQUESTS, "×"),
        Goal("M3 requests after a restart", again, "<=", 0),
    ]
    return Outcome(rows, goals)


def _watch(service: Service, store: Path, watchers: int) -> None:
    with stored_fetcher(store, service.base_url, service.api_key) as fetcher:

        def watcher() -> None:
            for number in range(1, ROUNDS + 1):
                fetcher.watch(service.job_id)
                fetcher.wait(service.job_id, None if number == ROUNDS else WAIT)

        _in_parallel(*[watcher] * watchers)
        snapshot = fetcher.watch(service.job_id)
        if not snapshot.final or len(list(snapshot.rows)) != JOB["rows"]:
            raise RuntimeError(f"the job should be final and complete: {snapshot}")


def _poll_naively(service: Service) -> None:
    """Read the first page until the job is over, then all the pages."""
    import requests

    with requests.Session() as session:
        session.headers["X-API-Key"] = service.api_key
        while (page := session.get(service.poll_url, timeout=60).json())["status"] != "completed":
            time.sleep(INTERVAL)
        while cursor := page["next_cursor"]:
            page = session.get(service.poll_url, params={"cursor": cursor}, timeout=60).json()


def _in_parallel(*calls: Callable[[], object]) -> None:
    """Run each call on a thread of its own; raises what any of them raises."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for future in [pool.submit(call) for call in calls]:
            future.result()
