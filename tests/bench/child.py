"""Measurements in a fresh process: ``python -m tests.bench.child TASK JSON``.

Each task prints one JSON object. Times are seconds since the task started; memory is the peak in MB above that after
all imports.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import contenders
from .measure import digest, memory_mb, peak_above, seconds_of
from .service import Service

Output = dict[str, Any]

START = time.perf_counter()


def fetch_ours(base_url: str, api_key: str, job_id: str) -> Output:
    """Fetch all rows of a finished job."""
    import pandas as pd  # noqa: F401 - what counts is above the imports, pandas among them

    import xl_openfunnel  # noqa: F401

    return _fetch(contenders.ours, Service(base_url, api_key, job_id))


def fetch_loop(base_url: str, api_key: str, job_id: str) -> Output:
    """The same with a requests loop."""
    import pandas as pd  # noqa: F401 - as ours
    import requests  # noqa: F401

    return _fetch(contenders.loop, Service(base_url, api_key, job_id))


def disk_ours(store: str, base_url: str, job_id: str, columns: list[str] | None) -> Output:
    """A stored job from disk to a block."""
    from xl_openfunnel import table

    imported, before = time.perf_counter(), memory_mb()
    with contenders.stored_fetcher(store, base_url) as fetcher:
        block = table.block(fetcher.watch(job_id).frame(columns))
    return _disk_output(block, imported, before)


def disk_cache(cache: str, urls: list[str], columns: list[str] | None) -> Output:
    """The same from cached responses: JSON, DataFrame, and our block."""
    import pandas as pd
    from requests_cache import CachedSession

    from xl_openfunnel import table

    imported, before = time.perf_counter(), memory_mb()
    session = CachedSession(cache, backend="sqlite", only_if_cached=True)
    rows = [row for url in urls for row in session.get(url).json()["rows"]]
    frame = pd.DataFrame(rows)
    frame.insert(0, "rank", range(1, len(frame) + 1))
    return _disk_output(table.block(frame if columns is None else frame[columns]), imported, before)


def cold_watch(store: str, base_url: str, job_id: str) -> Output:
    """The first `watch` of a process, the job being in the store."""
    with contenders.stored_fetcher(store, base_url) as fetcher:
        start = time.perf_counter()
        snapshot = fetcher.watch(job_id)
        seconds = time.perf_counter() - start
    return {"work": seconds, "final": snapshot.final, "source": snapshot.source}


def ask_again(store: str, base_url: str, api_key: str, job_id: str) -> Output:
    """Read a job that an earlier process stored."""
    with contenders.stored_fetcher(store, base_url, api_key) as fetcher:
        snapshot = fetcher.wait(job_id, 30)
        return {"final": snapshot.final, "rows": len(list(snapshot.rows))}


def pivots(contender: str, count: int, rounds: int, names: list[str]) -> Output:
    """The same questions to one contender: the first time, then some more times, in ms; and a digest of each answer."""
    from .pivot_contenders import CONTENDERS

    answer = CONTENDERS[contender](count)
    before = memory_mb()
    cold, warm, answers = {}, {}, {}
    for name in names:
        cold[name] = seconds_of(lambda: answer(name)) * 1000  # noqa: B023
        warm[name] = [seconds_of(lambda: answer(name)) * 1000 for _ in range(rounds)]  # noqa: B023
    peak = peak_above(before)
    if contender in ("ours", "from rows"):
        answers = {name: digest(answer(name)) for name in names}
    return {"cold": cold, "warm": warm, "answers": answers, "peak": peak}


def export(folder: str, count: int, made: int) -> Output:
    """Export some jobs without files of columns, then so many with them, then these again; in seconds."""
    import duckdb  # noqa: F401 - what counts is above the imports
    import numpy as np  # noqa: F401

    from xl_openfunnel.columns.exporting import Exporter

    from . import pivot_jobs

    store, target = pivot_jobs.store(), Path(folder, "there")
    job_ids = [pivot_jobs.job_id(number) for number in range(count)]
    before = memory_mb()
    without = Exporter(Path(folder, "made"), store, pivot_jobs.columns(Path(folder, "columns")))
    output: Output = {"made": seconds_of(lambda: without.export(job_ids[:made]))}
    for name in ("there", "again"):
        output[name] = seconds_of(lambda: Exporter(target, store, pivot_jobs.columns_of_store()).export(job_ids))
    store.close()
    return output | {"peak": peak_above(before), "files": len(list((target / "companies").iterdir()))}


def rows(contender: str, place: str, name: str) -> Output:
    """Companies of a stored job in cells: the first time, imports included, and the median of some more; in seconds."""
    from .row_contenders import CONTENDERS

    start = time.perf_counter()
    answer = CONTENDERS[contender](Path(place), name)
    first = answer(0)
    cold = time.perf_counter() - start
    warm = sorted(seconds_of(lambda: answer(number)) for number in (1, 2, 3))[1]  # noqa: B023
    return {"cold": cold, "warm": warm, "answer": digest(first)}


def known(contender: str, place: str, count: int, shown: str) -> Output:
    """The new companies of so many jobs: the first time, and the median of some more; in seconds."""
    from .known_contenders import CONTENDERS

    answer = CONTENDERS[contender](Path(place), count, shown)
    start = time.perf_counter()
    found, block = answer(0)
    cold = time.perf_counter() - start
    warm = sorted(seconds_of(lambda: answer(number)) for number in (1, 2, 3))[1]  # noqa: B023
    return {"cold": cold, "warm": warm, "new": found, "answer": digest(block)}


def known_cells(place: str) -> Output:
    """``OF_DOMAIN`` of a range and as single calls, and a cell's call of ``OF_NEW`` with a range; in seconds."""
    from .known_contenders import cell_call, of_domain

    of_range, single = of_domain(Path(place))
    of_range()
    output: Output = {"range": seconds_of(of_range), "single": seconds_of(single)}
    call, output["held"] = cell_call(Path(place))
    return output | {"call": sorted(seconds_of(call) for _ in range(5))[2]}


def _fetch(fetch: contenders.Fetch, service: Service) -> Output:
    before = memory_mb()
    rows = fetch(service)
    return {"rows": len(rows), "peak": peak_above(before)}


def _disk_output(block: list[list[Any]], imported: float, before: float | None) -> Output:
    now = time.perf_counter()
    size = [len(block), len(block[0])]
    return {"imports": imported - START, "work": now - imported, "size": size, "peak": peak_above(before)}


TASKS: dict[str, Callable[..., Output]] = {
    task.__name__: task
    for task in (
        pivots,
        rows,
        export,
        known,
        known_cells,
        fetch_ours,
        fetch_loop,
        disk_ours,
        disk_cache,
        cold_watch,
        ask_again,
    )
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
