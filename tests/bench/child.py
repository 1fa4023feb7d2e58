"""What is measured in a fresh process: ``python -m tests.bench.child TASK JSON``.

Each task prints one JSON object. The times in it are seconds since the task began; the memory is the peak, in
MB above what was held once everything was imported.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from . import contenders
from .measure import held_mb, peak_mb
from .service import Service

Told = dict[str, Any]

BEGIN = time.perf_counter()


def fetch_ours(base_url: str, api_key: str, job_id: str) -> Told:
    """All rows of a finished job in hand."""
    import pandas as pd  # noqa: F401 - what counts is above the imports, pandas among them

    import xl_openfunnel  # noqa: F401

    return _fetched(contenders.ours, Service(base_url, api_key, job_id))


def fetch_loop(base_url: str, api_key: str, job_id: str) -> Told:
    """The same with a loop over requests."""
    import pandas as pd  # noqa: F401 - as ours
    import requests  # noqa: F401

    return _fetched(contenders.loop, Service(base_url, api_key, job_id))


def disk_ours(store: str, base_url: str, job_id: str, columns: list[str] | None) -> Told:
    """A stored job from disk to a block."""
    from xl_openfunnel import table

    imported, before = time.perf_counter(), held_mb()
    with contenders.fetcher_with(store, base_url) as fetcher:
        block = table.block(fetcher.watch(job_id).frame(columns))
    return _from_disk(block, imported, before)


def disk_cache(cache: str, urls: list[str], columns: list[str] | None) -> Told:
    """The same from cached answers: JSON, DataFrame, and the block as ours."""
    import pandas as pd
    from requests_cache import CachedSession

    from xl_openfunnel import table

    imported, before = time.perf_counter(), held_mb()
    session = CachedSession(cache, backend="sqlite", only_if_cached=True)
    rows = [row for url in urls for row in session.get(url).json()["rows"]]
    frame = pd.DataFrame(rows)
    frame.insert(0, "rank", range(1, len(frame) + 1))
    return _from_disk(table.block(frame if columns is None else frame[columns]), imported, before)


def cold_watch(store: str, base_url: str, job_id: str) -> Told:
    """The first `watch` of a process, the job being in the store."""
    with contenders.fetcher_with(store, base_url) as fetcher:
        start = time.perf_counter()
        seen = fetcher.watch(job_id)
        seconds = time.perf_counter() - start
    return {"work": seconds, "final": seen.final, "source": seen.source}


def ask_again(store: str, base_url: str, api_key: str, job_id: str) -> Told:
    """A new process asks for a job that an earlier one stored."""
    with contenders.fetcher_with(store, base_url, api_key) as fetcher:
        seen = fetcher.wait(job_id, 30)
        return {"final": seen.final, "rows": len(list(seen.rows))}


def _fetched(fetch: contenders.Fetch, service: Service) -> Told:
    before = held_mb()
    rows = fetch(service)
    return {"rows": len(rows), "peak": _above(before)}


def _from_disk(block: list[list[Any]], imported: float, before: float | None) -> Told:
    now = time.perf_counter()
    size = [len(block), len(block[0])]
    return {"imports": imported - BEGIN, "work": now - imported, "size": size, "peak": _above(before)}


def _above(before: float | None) -> float | None:
    peak = peak_mb()
    return None if before is None or peak is None else peak - before


TASKS: dict[str, Callable[..., Told]] = {
    task.__name__: task for task in (fetch_ours, fetch_loop, disk_ours, disk_cache, cold_watch, ask_again)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
