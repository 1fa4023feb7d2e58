"""M2: how long calls from cells take, through the real xlwings DLL and COM server, on Windows or under Wine."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from .m1_fetch import LATENCY, ROWS
from .measure import ROOT, ROUNDS, run_fresh
from .report import Goal, Outcome, Row
from .service import simulator

_CELLS: Final = f"{__package__}.cells"

MANY_JOBS: Final = 50
"""Jobs on disk whose companies one formula counts or shows."""

MAX_STATUS_MS: Final = 20.0
MAX_ROWS_MS: Final = 10.0
MAX_FREEZE_MS: Final = 50.0

TIMEOUT: Final = 300.0
"""Seconds that a Windows Python may take."""

Task = Callable[..., dict[str, Any]]
"""Runs a task of `cells` with its arguments and returns its output."""


class PlatformMissingError(Exception):
    """There is no Windows Python here; the message says why."""


def measure() -> Outcome:
    """The first call of a session, then warm calls: small ones, and large ones beside a requests loop."""
    try:
        with simulator({"rows": ROWS}, latency=LATENCY) as service, _windows(service.base_url, service.api_key) as run:
            run("store", job=service.job_id)
            first = [run("first", job=service.job_id) for _ in range(ROUNDS)]
            states = run("faults", job=service.job_id)
            run("copies", job=service.job_id, count=MANY_JOBS)
            kinds = run("busy", job=service.job_id, count=MANY_JOBS)
            warm = run("warm", job=service.job_id, rows=ROWS)
    except PlatformMissingError as reason:
        return Outcome(skipped=[f"M2: {reason}"])
    return _outcome(first, states, kinds, warm)


def _outcome(
    first: Sequence[dict[str, Any]], states: dict[str, Any], kinds: dict[str, Any], warm: dict[str, Any]
) -> Outcome:
    """What the outputs of the tasks ``first`` (each time), ``faults``, ``busy`` and ``warm`` say."""
    status, nothing = (median(warm["small"][name]) * 1000 for name in ("ours", "plain"))
    inside, whole = (median(warm["large"][name]) * 1000 for name in ("inside", "rows"))
    first_seconds, freeze, plain_seconds = (
        median(output[name] for output in first) for name in ("ours", "freeze", "plain")
    )
    longest, longest_kind = max(freeze, *states.values()) * 1000, max(kinds.values()) * 1000
    block = f"OF_ROWS of {ROWS:,} × 7"
    first_rows = f"the first of a session {warm['first_rows'] * 1000:.0f} ms: rows from disk, turned into a block"
    rows = [
        Row(
            "M2",
            "OF_STATUS, warm, the whole call",
            "ms",
            status,
            floor=nothing,
            remark="floor: a function that does nothing",
        ),
        Row("M2", f"{block}, warm, our own code", "ms", inside, remark=first_rows),
        Row(
            "M2",
            f"{block}, the transfer of the block to Excel",
            "ms",
            whole - inside,
            remark="pywin32 on both sides, COM between",
        ),
        Row(
            "M2",
            f"{block}, warm, the whole call",
            "ms",
            whole,
            "requests loop as a UDF",
            median(warm["loop"]) * 1000,
            None,
            f"{LATENCY * 1000:.0f} ms latency, each time",
        ),
        Row(
            "M2",
            "from the first formula of a session to its first value",
            "s",
            first_seconds,
            "xlwings' own start",
            plain_seconds,
            None,
            "theirs with a function that does nothing; our job is stored",
        ),
        Row(
            "M2",
            "the same, the longest time for which Excel is frozen",
            "ms",
            freeze * 1000,
            "xlwings' own start",
            plain_seconds * 1000,
            None,
            "14 cells; Python is started once",
        ),
        Row(
            "M2",
            "the longest call of a cell, by the state of Python",
            "ms",
            longest,
            remark=", ".join(f"{state} {seconds * 1000:.0f}" for state, seconds in states.items()),
        ),
        Row(
            "M2",
            f"the longest call inside Python, {MANY_JOBS} jobs on disk, a fresh server",
            "ms",
            longest_kind,
            remark=", ".join(f"{kind} {seconds * 1000:.0f}" for kind, seconds in kinds.items()),
        ),
    ]
    goals = [
        Goal("M2 warm OF_STATUS", status, "<=", MAX_STATUS_MS, " ms"),
        Goal("M2 longest call of a cell, in any state of Python", longest, "<=", MAX_FREEZE_MS, " ms"),
        Goal(f"M2 longest call inside Python, over {MANY_JOBS} jobs", longest_kind, "<=", MAX_FREEZE_MS, " ms"),
        Goal("M2 warm OF_ROWS, our own code", inside, "<=", MAX_ROWS_MS, " ms"),
    ]
    where = "Windows" if sys.platform == "win32" else "Wine"
    return Outcome(rows, goals, [f"M2 ran on {where} with a fake Excel: none of its figures is from Excel itself"])


@contextmanager
def _windows(base_url: str, api_key: str) -> Iterator[Task]:
    """Run tasks in a Windows Python with an empty store.

    Raises:
        PlatformMissingError: there is neither Windows nor Wine.
    """
    env = {"OPENFUNNEL_BASE_URL": base_url, "OPENFUNNEL_API_KEY": api_key}
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if sys.platform == "win32":
            env["OPENFUNNEL_CACHE_DIR"] = folder
            yield lambda task, **arguments: run_fresh("-m", _CELLS, task, json.dumps(arguments), env=env).output
            return
        try:
            from tests.hosts.excel.wine import NoWineError, Wine, windows_path
        except ImportError as missing:
            raise PlatformMissingError(f"neither Windows nor Wine ({missing})") from None
        try:
            wine = Wine.prepare()
        except NoWineError as reason:
            raise PlatformMissingError(str(reason)) from None
        env["OPENFUNNEL_CACHE_DIR"] = windows_path(Path(folder))

        def run(task: str, **arguments: object) -> dict[str, Any]:
            command = ["-m", _CELLS, task, json.dumps(arguments)]
            completed = wine.run(command, cwd=ROOT, env=env, timeout=TIMEOUT)
            if completed.code != 0:
                raise RuntimeError(f"the Windows Python ended with {completed.code}:\n{completed.output}")
            output: dict[str, Any] = json.loads(completed.output.strip().rpartition("\n")[2])
            return output

        with wine.session(ROOT):
            yield run
