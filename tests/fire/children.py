"""Processes that work until they are killed."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.measure import ROOT


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
