"""M5: a stored job from disk to a block in a fresh process, beside requests-cache."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Final

from xl_openfunnel.fields import DEFAULT_COLUMNS

from .measure import alternate, median_peak, run_task
from .report import Goal, Outcome, Row, memory
from .stored import ROWS, Stored, stored_job

PEER: Final = "requests-cache"
MAX_MB: Final = 150.0


def measure() -> Outcome:
    """The default columns of a cell, and all columns."""
    outcome = Outcome()
    with stored_job() as stored:
        if stored.cache is None:
            return outcome
        for what, columns in (("7 columns", list(DEFAULT_COLUMNS)), ("all columns", None)):
            outcome.add(_compare(stored, what, columns))
    return outcome


def _compare(stored: Stored, what: str, columns: list[str] | None) -> Outcome:
    job = {"base_url": stored.service.base_url, "job_id": stored.service.job_id}
    mine = partial(run_task, "disk_ours", store=str(stored.store), columns=columns, **job)
    theirs = partial(run_task, "disk_cache", cache=str(stored.cache), urls=stored.urls, columns=columns)
    children = alternate({"ours": mine, PEER: theirs})
    sizes = {tuple(child.output["size"]) for each in children.values() for child in each}
    if len(sizes) != 1 or next(iter(sizes))[0] != ROWS + 1:
        raise RuntimeError(f"the blocks should be {ROWS + 1} rows high and as wide as each other: {sizes}")
    total = {name: median(child.seconds for child in each) for name, each in children.items()}
    work = {name: median(child.output["work"] for child in each) for name, each in children.items()}
    outcome = Outcome(
        [
            Row("M5", f"disk to block, {what}, from process start", "s", total["ours"], PEER, total[PEER]),
            Row("M5", f"disk to block, {what}, without imports", "s", work["ours"], PEER, work[PEER]),
        ],
        [
            Goal(f"M5 {what}, faster than {PEER}", total[PEER] / total["ours"], ">=", 1.0, "×"),
            Goal(f"M5 {what}, faster without imports too", work[PEER] / work["ours"], ">=", 1.0, "×"),
        ],
    )
    ours, peer = (median_peak(each) for each in children.values())
    outcome.add(memory("M5", what, ours, MAX_MB, PEER, peer, remark=", which include pandas; with the block"))
    return outcome
