"""M11: 50,000 known accounts against one and 50 jobs of 10,000 companies, beside a merge of domains as they are written
and a lookup of ready keys; and ``OF_DOMAIN`` of a range beside single calls."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from . import known_contenders, pivot_jobs
from .measure import alternate, not_installed, run_task, seconds_of
from .report import Goal, Outcome, Row

JOBS: Final = 50
PROCESSES: Final = 2
PEER: Final = "pandas"

MAX_ONE: Final = 0.15
MAX_MANY: Final = 1.0
MAX_CALL_MS: Final = 50.0
MIN_GAIN: Final = 1.5
"""Of one call with a range, before what Excel takes for each of 50,000 cells."""


def measure() -> Outcome:
    """All questions, each in processes of its own."""
    pivot_jobs.make(JOBS, stored=True)
    pivot_jobs.make_columns_of_store(JOBS)
    with TemporaryDirectory(ignore_cleanup_errors=True) as place:
        known_contenders.make_accounts(Path(place), JOBS)
        kept = seconds_of(lambda: known_contenders.set_list(Path(place)))
        outcome = Outcome([Row("M11", "50,000 accounts of a .csv file become a known list", "s", kept)])
        outcome.add(_compare(place, 1, "rows", MAX_ONE))
        outcome.add(_compare(place, JOBS, "count", MAX_MANY))
        outcome.add(_compare(place, JOBS, "rows", None))
        outcome.add(_cells(place))
    return outcome


def _compare(place: str, count: int, shown: str, limit: float | None) -> Outcome:
    contenders = ["ours", "ready keys"] + [PEER] * (not not_installed(["pyarrow"]))
    runs = {
        each: partial(run_task, "known", contender=each, place=place, count=count, shown=shown) for each in contenders
    }
    children = alternate(runs, rounds=PROCESSES)
    seconds = {each: median(child.output["warm"] for child in found) for each, found in children.items()}
    new = {each: found[0].output["new"] for each, found in children.items()}
    if count == 1:
        from_rows = run_task("known", contender="from rows", place=place, count=count, shown=shown)
        if from_rows.output["answer"] != children["ours"][0].output["answer"]:
            raise RuntimeError("columns and rows should give the same cells")
    first = median(child.output["cold"] for child in children["ours"])
    remark = f"{new['ours']:,} new; the first time {first:.2f} s"
    if PEER in new:
        remark += f"; {PEER} calls {new[PEER] - new['ours']:,} more new, whose domain is written otherwise"
    jobs = "one job" if count == 1 else f"{count} jobs"
    what = f"OF_NEW, {shown}, {jobs} of 10,000, 50,000 accounts"
    peer = PEER if PEER in seconds else ""
    row = Row("M11", what, "s", seconds["ours"], peer, seconds.get(PEER), seconds["ready keys"], remark)
    return Outcome([row], [] if limit is None else [Goal(f"M11 {what}", seconds["ours"], "<=", limit, " s")])


def _cells(place: str) -> Outcome:
    children = [run_task("known_cells", place=place).output for _ in range(PROCESSES)]
    ranges, single, call, held = (
        median(child[name] for child in children) for name in ("range", "single", "call", "held")
    )
    return Outcome(
        [
            Row(
                "M11",
                "OF_DOMAIN of 50,000 cells",
                "s",
                ranges,
                "single calls",
                single,
                None,
                "without Excel's own time",
            ),
            Row("M11", "a cell's OF_NEW with 50,000 accounts as a range", "ms", call * 1000, remark="once calculated"),
            Row("M11", "longest wait for Python while that is calculated", "ms", held * 1000),
        ],
        [
            Goal("M11 OF_DOMAIN of a range, faster than single calls", single / ranges, ">=", MIN_GAIN, "×"),
            Goal("M11 a cell's call with 50,000 accounts as a range", call * 1000, "<=", MAX_CALL_MS, " ms"),
        ],
    )
