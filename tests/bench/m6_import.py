"""M6: the start: the import and the first `watch`, neither of which loads pandas or DuckDB."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from statistics import median
from typing import Final

from .measure import ROOT, alternate, run_fresh, run_task
from .report import Goal, Outcome, Row
from .stored import Stored, stored_job

ROUNDS: Final = 15
MAX_IMPORT: Final = 2.0
MAX_WATCH_SECONDS: Final = 0.005

_IMPORT: Final = """\
import sys, time
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
print('{{"seconds": %r, "loaded": %d}}' % (seconds, not sys.modules.keys().isdisjoint(("duckdb", "pandas"))))
"""


def measure() -> Outcome:
    """The import, a cold `watch`, and `status` on the command line."""
    outcome = _imports()
    with stored_job() as stored:
        outcome.add(_watch(stored))
        outcome.add(_status(stored))
    return outcome


def _imports() -> Outcome:
    code = {
        "ours": _IMPORT.format(statement="import xl_openfunnel"),
        "requests": _IMPORT.format(statement="import requests"),
        "bare": _IMPORT.format(statement=""),
    }
    runs = {name: partial(run_fresh, "-c", text) for name, text in code.items()}
    alternate(runs, rounds=1)  # compiles the modules and warms the disk cache
    children = alternate(runs, rounds=ROUNDS)
    inside = {name: median(child.output["seconds"] for child in each) for name, each in children.items()}
    start = {name: median(child.seconds for child in each) for name, each in children.items()}
    loaded = sum(child.output["loaded"] for child in children["ours"])
    rows = [
        Row(
            "M6",
            "import, inside a fresh interpreter",
            "ms",
            inside["ours"] * 1000,
            "requests",
            inside["requests"] * 1000,
        ),
        Row(
            "M6",
            "the same, from process start",
            "ms",
            start["ours"] * 1000,
            "requests",
            start["requests"] * 1000,
            start["bare"] * 1000,
            "floor: an interpreter that imports nothing",
        ),
    ]
    goals = [
        Goal("M6 import, multiple of requests'", inside["ours"] / inside["requests"], "<=", MAX_IMPORT, "×"),
        Goal("M6 imports that load pandas or DuckDB", loaded, "<=", 0),
    ]
    return Outcome(rows, goals)


def _watch(stored: Stored) -> Outcome:
    job = {"base_url": stored.service.base_url, "job_id": stored.service.job_id}
    children = alternate({"ours": partial(run_task, "cold_watch", store=str(stored.store), **job)}, rounds=ROUNDS)[
        "ours"
    ]
    if any((child.output["final"], child.output["source"]) != (True, "store") for child in children):
        raise RuntimeError(f"a cold watch should give what the store has: {children[0].output}")
    milliseconds = median(child.output["work"] for child in children) * 1000
    row = Row(
        "M6", "first watch of a process, job stored", "ms", milliseconds, remark="10,000 rows; reads only its head"
    )
    return Outcome([row], [Goal("M6 cold watch", milliseconds, "<=", MAX_WATCH_SECONDS * 1000, " ms")])


def _status(stored: Stored) -> Outcome:
    """Whether `xl-openfunnel status` loads pandas, from the interpreter's list of imports."""
    env = {
        "OPENFUNNEL_BASE_URL": stored.service.base_url,
        "OPENFUNNEL_API_KEY": stored.service.api_key,
        "OPENFUNNEL_CACHE_DIR": str(stored.folder),
    }
    completed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "xl_openfunnel", "status", stored.service.job_id],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    lines = completed.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    goal = "M6 runs of the command `status` that fail or load pandas"
    if completed.returncode:
        output = [line for line in lines if not line.startswith("import time:")]
        note = f"`xl-openfunnel status` ended with {completed.returncode}: {output[-1] if output else 'no output'}"
        return Outcome(goals=[Goal(goal, 1, "<=", 0)], notes=[note])
    return Outcome(goals=[Goal(goal, "pandas" in imported, "<=", 0)])
