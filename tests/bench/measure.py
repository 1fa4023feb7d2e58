"""Measuring: alternating contenders, fresh interpreters, and the peak memory of a process."""

from __future__ import annotations

import ctypes
import gc
import hashlib
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
"""The repository: children start here, so that they find both packages without an installation."""

ROUNDS = 5
"""Default number of measurements of each contender."""

T = TypeVar("T")


@dataclass(frozen=True)
class Child:
    """The output of a fresh process.

    Attributes:
        seconds: from its start until it printed its output.
        output: the JSON object that it printed.
    """

    seconds: float
    output: dict[str, Any]


def alternate(contenders: Mapping[str, Callable[[], T]], rounds: int = ROUNDS) -> dict[str, list[T]]:
    """The results of all contenders, measured in turns so that a drift of the machine affects all alike.

    Existing objects are frozen, so that the garbage collector does not scan the benchmark's own in a measurement.
    """
    results: dict[str, list[T]] = {name: [] for name in contenders}
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            for name, run in contenders.items():
                gc.collect()
                results[name].append(run())
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
        RuntimeError: it printed something else; the message ends with its last line on stderr.
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
        _, errors = process.communicate()
    try:
        return Child(seconds, json.loads(line))
    except ValueError:
        last = errors.strip().rpartition("\n")[2]
        raise RuntimeError(f"python {' '.join(arguments)[:80]} failed: {last}") from None


def run_task(task: str, **arguments: object) -> Child:
    """Run a function of `child` in a fresh process."""
    return run_fresh("-m", f"{__package__}.child", task, json.dumps(arguments))


def peak_mb() -> float | None:
    """The peak memory of this process, in MB; None where the system does not report it.

    On Linux a child inherits ``ru_maxrss`` from its parent, also through exec, so the child of a large process would
    start with its parent's peak; ``/proc`` has the peak of the process's own address space.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return _kilobytes(status.read_text(), "VmHWM:") / 1024
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def memory_mb() -> float | None:
    """The memory of this process now, in MB; its peak where the system does not report that."""
    status = Path("/proc/self/status")
    return _kilobytes(status.read_text(), "VmRSS:") / 1024 if status.exists() else peak_mb()


def used_memory_mb() -> float | None:
    """As `memory_mb`, once the C library has given back what is free; None where that is not glibc."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if give_back is None:
        return None
    give_back(0)
    return memory_mb()


def peak_above(before: float | None) -> float | None:
    """MB of the peak above what was held before; None where the system does not report it."""
    peak = peak_mb()
    return None if before is None or peak is None else max(0.0, peak - before)


def digest(answer: object) -> str:
    """Tells whether two processes give the same answer."""
    return hashlib.sha256(repr(answer).encode()).hexdigest()


def _kilobytes(status: str, name: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))


def median_peak(children: Sequence[Child]) -> float | None:
    """The median ``peak`` of the children; None where the system does not report it."""
    peaks = [child.output["peak"] for child in children]
    return None if None in peaks else statistics.median(peaks)


def not_installed(packages: Sequence[str]) -> list[str]:
    """The packages that are not installed."""
    return [name for name in packages if importlib.util.find_spec(name) is None]


@contextmanager
def no_proxy() -> Iterator[None]:
    """Exclude loopback, where the simulator listens, from the proxies of the environment."""
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
