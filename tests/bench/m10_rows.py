"""M10: ``OF_ROWS`` with and without criteria, and ``OF_LOOKUP``, of a job on disk in a fresh process, beside pandas on
the same file of columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from . import pivot_jobs
from .measure import alternate, not_installed, run_task
from .report import Goal, Outcome, Row
from .row_contenders import QUESTIONS

PEER: Final = "pandas"
PROCESSES: Final = 3

MAX_SELECTED: Final = 0.5
"""Seconds that criteria may take in a process that has answered nothing before: a sheet shows them in one blink."""


def measure() -> Outcome:
    """One job of 10,000 companies, each question in processes of its own."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as place:
        pivot_jobs.make_apart(Path(place))
        return _compare(place, ["ours", "from rows"] + [PEER] * (not not_installed(["pyarrow"])))


def _compare(place: str, contenders: Sequence[str]) -> Outcome:
    outcome = Outcome()
    for name in QUESTIONS:
        runs = {each: partial(run_task, "rows", contender=each, place=place, name=name) for each in contenders}
        children = alternate(runs, rounds=PROCESSES)
        seconds = {each: median(child.output["cold"] for child in found) for each, found in children.items()}
        warm = median(child.output["warm"] for child in children["ours"]) * 1000
        if children["ours"][0].output["answer"] != children["from rows"][0].output["answer"]:
            raise RuntimeError(f"{name}: columns and rows should give the same cells")
        remark = f"without columns {seconds['from rows']:.2f} s; again, with other criteria or keys, {warm:.0f} ms"
        peer = PEER if PEER in seconds else ""
        outcome.rows.append(Row("M10", name, "s", seconds["ours"], peer, seconds.get(PEER), None, remark))
        if "criteria" in name:
            outcome.goals.append(Goal(f"M10 {name}, in a fresh process", seconds["ours"], "<=", MAX_SELECTED, " s"))
    return outcome
