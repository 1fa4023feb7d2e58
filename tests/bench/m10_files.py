"""M10: the export of 50 jobs as Parquet files for other programs."""

from __future__ import annotations

import tempfile
from statistics import median
from typing import Final

from . import pivot_jobs
from .measure import median_peak, run_task
from .report import Goal, Outcome, Row, memory

JOBS: Final = 50
MADE: Final = 8
"""Jobs whose columns are made for the export."""

PROCESSES: Final = 3

MIN_EXPORTED: Final = 50_000.0
"""Companies in a second, where their columns are there: as fast as these are made."""

MAX_MB: Final = 300.0


def measure() -> Outcome:
    """The export into an empty folder, with columns missing and there, and once more."""
    pivot_jobs.make(JOBS, stored=True)
    pivot_jobs.make_columns_of_store(JOBS)
    children = []
    for _ in range(PROCESSES):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            children.append(run_task("export", folder=folder, count=JOBS, made=MADE))
    outputs = [child.output for child in children]
    if {output["files"] for output in outputs} != {JOBS}:
        raise RuntimeError(f"there should be {JOBS} files: {outputs}")
    made, there, again = (median(output[name] for output in outputs) for name in ("made", "there", "again"))
    count, new = JOBS * pivot_jobs.ROWS, MADE * pivot_jobs.ROWS
    what = f"export of {JOBS} jobs, {count:,} companies"
    outcome = Outcome(
        [
            Row("M10", f"export of {MADE} without columns", "s", made, remark=f"{new / made:,.0f} companies a second"),
            Row("M10", f"{what}, with their columns", "s", there, remark=f"{count / there:,.0f} companies a second"),
            Row("M10", f"{what}, nothing new", "s", again),
        ],
        [Goal("M10 companies exported in a second, with their columns", count / there, ">=", MIN_EXPORTED)],
    )
    outcome.add(memory("M10", what, median_peak(children), MAX_MB))
    return outcome
