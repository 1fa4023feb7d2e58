"""M1: all pages of a finished job at 50 ms latency, without and with faults; and the memory it takes."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Final

from xl_openfunnel.simulator import companies
from xl_openfunnel.simulator.companies import Shape

from .contenders import AIOHTTP, CONCURRENCY, LOOP, PEERS, Fetch, ours
from .contenders import Row as Company
from .measure import ROUNDS, alternate, median_peak, not_installed, run_task
from .report import Goal, Outcome, Row, count_results, memory
from .service import Service, simulator

PAGES: Final = 100
ROWS: Final = PAGES * 100
LATENCY: Final = 0.05
FLOOR: Final = (1 + math.ceil((PAGES - 1) / CONCURRENCY)) * LATENCY
"""The first page must be read before the others are known; these come `CONCURRENCY` at a time."""

FAULTS: Final = ("503:2%", "429:once:first=20:retry-after=1", "cut:once:cursor=page_0042")

FAULTS_IN_WORDS: Final = "2 % 503, a 429, a cut body"

MAX_TIMES_FLOOR: Final = 1.15
MIN_GAIN: Final = 5.0
MAX_MB: Final = 150.0

OURS: Final = "ours"


@dataclass(frozen=True)
class Fetched:
    """One fetch: how long it took, and what it returned."""

    seconds: float
    verdict: str

    @property
    def complete(self) -> bool:
        """Whether it returned all rows once each, in order."""
        return self.verdict == "complete"


def measure() -> Outcome:
    """Time without faults, time and completeness under faults, memory.

    The goals are for narrow rows (0.6 KB), where fetching dominates; full rows (1.8 KB) are timed beside the fastest
    alternative, and for the memory.
    """
    contenders = {OURS: ours} | {peer.name: peer.fetch for peer in PEERS if not not_installed([peer.package])}
    outcome = Outcome()
    outcome.add(_without_faults("narrow", contenders))
    outcome.add(_with_faults(contenders))
    outcome.add(_without_faults("full", {name: contenders[name] for name in (OURS, AIOHTTP) if name in contenders}))
    outcome.add(_memory())
    return outcome


def _without_faults(shape: Shape, contenders: dict[str, Fetch]) -> Outcome:
    truth = companies(ROWS, shape=shape)
    with simulator({"rows": ROWS, "shape": shape}, latency=LATENCY) as service:
        ours(service)  # the simulator renders a page at its first request
        fetches = alternate({name: partial(_fetch, fetch, service, truth) for name, fetch in contenders.items()})
    seconds = {name: median(each.seconds for each in results) for name, results in fetches.items()}
    what = f"{ROWS:,} {shape} rows, {LATENCY * 1000:.0f} ms latency"
    rows = [
        Row("M1", what, "s", seconds[OURS], name, seconds[name], FLOOR, _verdicts(fetches, name))
        for name in contenders
        if name != OURS
    ]
    complete = Goal(
        f"M1 complete, fetches of {ROUNDS}, {shape} rows", sum(each.complete for each in fetches[OURS]), ">=", ROUNDS
    )
    if LOOP not in seconds:
        return Outcome(rows, [complete])
    gain = seconds[LOOP] / seconds[OURS]
    goals = [
        complete,
        Goal("M1 full fetch, multiple of the floor", seconds[OURS] / FLOOR, "<=", MAX_TIMES_FLOOR, "×"),
        Goal("M1 full fetch, faster than a sequential loop", gain, ">=", MIN_GAIN, "×"),
    ]
    return Outcome(rows, goals)


def _with_faults(contenders: dict[str, Fetch]) -> Outcome:
    """Fetch from five simulators with different random faults at once: the time is mostly waiting."""
    truth = companies(ROWS, shape="narrow")
    job = {"rows": ROWS, "shape": "narrow"}
    fetches: dict[str, list[Fetched]] = {}
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(ROUNDS))
        started = pool.map(lambda seed: stack.enter_context(simulator(job, latency=LATENCY, seed=seed)), range(ROUNDS))
        services = list(started)
        for name, fetch in contenders.items():
            for service in services:
                service.fail(*FAULTS)
            fetches[name] = list(pool.map(partial(_fetch, fetch, truth=truth), services))
    seconds = {name: _median_of_complete(results) for name, results in fetches.items()}
    rows = [
        Row(
            "M1",
            f"narrow rows; {FAULTS_IN_WORDS}",
            "s",
            seconds[OURS],
            name,
            seconds[name],
            None,
            f"{_verdicts(fetches, name)}; {ROUNDS} fetches at once",
        )
        for name in contenders
        if name != OURS
    ]
    complete = Goal(
        f"M1 complete, fetches of {ROUNDS}, under faults", sum(each.complete for each in fetches[OURS]), ">=", ROUNDS
    )
    return Outcome(rows, [complete])


def _memory() -> Outcome:
    with simulator({"rows": ROWS}) as service:
        arguments = {"base_url": service.base_url, "api_key": service.api_key, "job_id": service.job_id}
        results = alternate({task: partial(run_task, task, **arguments) for task in ("fetch_ours", "fetch_loop")})
    mine, theirs = (median_peak(children) for children in results.values())
    remark = ", which include pandas; with all rows"
    return memory("M1", f"{ROWS:,} full rows", mine, MAX_MB, LOOP, theirs, remark=remark)


def _fetch(fetch: Fetch, service: Service, truth: Sequence[Company]) -> Fetched:
    start = time.perf_counter()
    try:
        rows = fetch(service)
    except Exception as error:
        # An exception of a contender is its result.
        return Fetched(time.perf_counter() - start, f"raised {type(error).__name__}")
    return Fetched(time.perf_counter() - start, _compare(rows, truth))


def _compare(rows: Sequence[Company], truth: Sequence[Company]) -> str:
    if rows == truth:
        return "complete"
    actual, expected = (Counter(json.dumps(row, sort_keys=True) for row in some) for some in (rows, truth))
    lost, extra = (expected - actual).total(), (actual - expected).total()
    return f"{lost} lost, {extra} too many" if lost or extra else "out of order"


def _median_of_complete(fetches: Sequence[Fetched]) -> float | None:
    seconds = [each.seconds for each in fetches if each.complete]
    return median(seconds) if seconds else None


def _verdicts(fetches: dict[str, list[Fetched]], peer: str) -> str:
    mine, theirs = (count_results([each.verdict for each in fetches[name]]) for name in (OURS, peer))
    return f"ours {mine}; {peer} {theirs}"
