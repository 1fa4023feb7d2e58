"""Measuring: taking turns, fresh interpreters, and the peak of a process's memory."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the clone: children start here, so that they find both packages without an installation."""

ROUNDS = 5
"""Turns of each contender, unless more are said."""

T = TypeVar("T")


@dataclass(frozen=True)
class Child:
    """What a fresh process told.

    Attributes:
        seconds: from its start until it told.
        told: the JSON object that it printed.
    """

    seconds: float
    output: dict[str, Any]


def alternate(contenders: Mapping[str, Callable[[], T]], rounds: int = ROUNDS) -> dict[str, list[T]]:
    """The results of all contenders, who take turns so that a drift of the machine hits all alike.

    Objects that exist already are kept from the garbage collector: what the benchmark holds is no contender's load.
    """
    results: dict[str, list[T]] = {name: [] for name in contenders}
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            for name, contend in contenders.items():
                gc.collect()
                results[name].append(contend())
    finally:
        gc.unfreeze()
    return results


def seconds_of(call: Callable[[], object]) -> float:
    """How long one call takes; its result is dropped after the clock is read."""
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    del result
    return seconds


def run_fresh(*arguments: str, env: Mapping[str, str] | None = None) -> Child:
    """Run Python with these arguments until it prints one line with a JSON object.

    Raises:
        RuntimeError: it printed something else; the message ends with its last words.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        seconds = time.perf_counter() - start
        _, words = process.communicate()
    try:
        return Child(seconds, json.loads(line))
    except ValueError:
        last = words.strip().rpartition("\n")[2]
        raise RuntimeError(f"python {' '.join(arguments)[:80]} failed: {last}") from None


def run_task(task: str, **arguments: object) -> Child:
    """Run a function of `child` in a fresh process."""
    return run_fresh("-m", f"{__package__}.child", task, json.dumps(arguments))


def peak_mb() -> float | None:
    """The most memory that this process ever held, in MB; None where the system doesn't tell.

    Linux hands ``ru_maxrss`` down from the parent, also through exec, so a child of a large process would start
    with its parent's peak; the high-water mark of the process's own address space is in ``/proc``.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return _kilobytes(status.read_text(), "VmHWM:") / 1024
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def memory_mb() -> float | None:
    """The memory that this process holds now, in MB; the peak so far where the system doesn't tell that."""
    status = Path("/proc/self/status")
    return _kilobytes(status.read_text(), "VmRSS:") / 1024 if status.exists() else peak_mb()


def _kilobytes(status: str, name: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))


def median_peak(children: Sequence[Child]) -> float | None:
    """The median of the ``peak`` that the children told; None where the system doesn't tell."""
    peaks = [child.output["peak"] for child in children]
    return None if None in peaks else statistics.median(peaks)


def not_installed(packages: Sequence[str]) -> list[str]:
    """Those of these packages that are not installed."""
    return [name for name in packages if importlib.util.find_spec(name) is None]


@contextmanager
def no_proxy() -> Iterator[None]:
    """Nobody reaches the simulator on loopback through a proxy of the environment."""
    before = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    os.environ.update(dict.fromkeys(before, "127.0.0.1,localhost"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
