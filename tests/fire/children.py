"""Processes that work until they are killed."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tests.bench.measure import ROOT

PROCESSES: Final = 2
"""How many work at a time."""


def kill_repeatedly(
    start: Callable[[int], subprocess.Popen[str]], check: Callable[[], int], kills: int, max_seconds: float, seed: int
) -> int:
    """Kill one of the processes at a random moment, check what it leaves, and start it again.

    Args:
        start: starts the process with this number, 0 or 1.
        check: counts what is found after a kill.
        kills: how many there are.
        max_seconds: after which a process is killed at the latest.
        seed: of the random choices.

    Returns:
        the sum of all counts.
    """
    rng, total = random.Random(seed), 0
    running = [start(number) for number in range(PROCESSES)]
    try:
        for _ in range(kills):
            number = rng.randrange(PROCESSES)
            with suppress(subprocess.TimeoutExpired):
                running[number].wait(rng.uniform(0.0, max_seconds))
                raise AssertionError("a process ended before it was killed")
            kill(running[number])
            total += check()
            running[number] = start(number)
    finally:
        for process in running:
            kill(process)
    return total


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a module of this package, and wait until it says that it is working."""
    command = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdout is None or process.stdout.readline() != "working\n":
        raise AssertionError(f"{module} did not start with {arguments}")
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
