"""M9: pivots over 50 and 500 different jobs of 10,000 rows, from columns, beside DuckDB, pandas and the way from
rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Final

from . import pivot_jobs
from .measure import Child, alternate, median_peak, not_installed, run_task
from .pivot_contenders import QUESTIONS, file_bytes
from .report import Goal, Outcome, Row, memory

JOBS: Final = 50
LARGE_JOBS: Final = 500

PROCESSES: Final = 3
MADE: Final = 8
"""Jobs whose files are made to measure how long that takes."""

MAX_ABOVE_FLOOR: Final = 3.0
MAX_FIXED_MS: Final = 20.0
MIN_GAIN: Final = 30.0
MAX_MB: Final = 300.0
MIN_MADE: Final = 50_000.0


def measure() -> Outcome:
    """50 jobs, with all contenders."""
    pivot_jobs.make(JOBS, stored=True)
    outcome = _making()
    outcome.add(_compare(JOBS, ["ours", "DuckDB"] + ["pandas"] * (not not_installed(["pyarrow"])), from_rows=True))
    outcome.notes.append("M9 over 500 jobs: python -m tests.bench --only M9L")
    return outcome


def measure_large() -> Outcome:
    """500 jobs, without the way from rows, which refuses so many, and without pandas, which takes all memory."""
    pivot_jobs.make(LARGE_JOBS, stored=False)
    return _compare(LARGE_JOBS, ["ours", "DuckDB"], from_rows=False)


def _making() -> Outcome:
    seconds, stored = (median(pivot_jobs.making_seconds(MADE, stored=stored)) for stored in (False, True))
    rate = pivot_jobs.ROWS / seconds
    remark = f"{pivot_jobs.ROWS:,} companies; {stored:.3f} s with reading their pages from the store"
    disk = file_bytes(JOBS) / JOBS / 1e6
    return Outcome(
        [
            Row("M9", "a job's file of columns is made", "s", seconds, remark=remark),
            Row("M9", "disk for a job's columns", "MB", disk, remark="beside 6.4 MB in the store"),
        ],
        [Goal("M9 companies made into columns in a second", rate, ">=", MIN_MADE)],
    )


def _compare(count: int, contenders: Sequence[str], *, from_rows: bool) -> Outcome:
    runs = {
        name: partial(run_task, "pivots", contender=name, count=count, rounds=3, names=list(QUESTIONS))
        for name in contenders
    }
    children = alternate(runs, rounds=PROCESSES)
    old = run_task("pivots", contender="from rows", count=count, rounds=0, names=list(QUESTIONS)) if from_rows else None
    companies, measure = f"{count * pivot_jobs.ROWS:,} companies", "M9" if from_rows else "M9L"
    outcome = Outcome()
    for number, name in enumerate(QUESTIONS):
        warm = {contender: _median(children[contender], "warm", name) for contender in contenders}
        mine, floor = warm["ours"], warm["DuckDB"]
        peer = "pandas" if "pandas" in warm else ""
        first = _median(children["ours"], "cold", name)
        remark = f"the first time {first:.0f} ms" + (", files checked" if number == 0 else "")
        what = f"{name}, {companies}"
        outcome.rows.append(Row(measure, what, "ms", mine, peer, warm.get("pandas"), floor, remark))
        limit = MAX_ABOVE_FLOOR * floor + MAX_FIXED_MS
        outcome.goals.append(
            Goal(f"{measure} {name}, warm, 3 × DuckDB's {floor:.0f} ms + 20", mine, "<=", limit, " ms")
        )
        if old is not None:
            before = old.output["cold"][name]
            outcome.rows.append(Row(measure, what, "ms", mine, "from rows", before, None, "as before, asked once"))
            outcome.goals.append(Goal(f"{measure} {name}, faster than from rows", before / mine, ">=", MIN_GAIN, "×"))
            if children["ours"][0].output["answers"][name] != old.output["answers"][name]:
                raise RuntimeError(f"{name}: columns and rows should give the same cells")
    peak = {name: median_peak(each) for name, each in children.items()}
    remark = ", all questions"
    outcome.add(memory(measure, companies, peak["ours"], MAX_MB, "pandas", peak.get("pandas"), peak["DuckDB"], remark))
    return outcome


def _median(children: Sequence[Child], kind: str, name: str) -> float:
    """In milliseconds."""
    figures: list[float] = []
    for child in children:
        found = child.output[kind][name]
        figures += found if isinstance(found, list) else [found]
    return median(figures)
