"""Has a process of its own ask for the API key in a window, try it and keep it: see `cli.key_window`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ....errors import ConfigurationError

_ARGUMENTS: Final = ("-I", "-B", "-m", "xl_openfunnel", "key", "set", "--window")
_NO_WINDOW: Final = "No window can be shown here. In a terminal, run: xl-openfunnel key set"
_DECLINED: Final = 1
"""The exit code where the window was closed."""

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
"""Runs a program and waits for its end; gives what it wrote on stderr."""


@dataclass(frozen=True)
class KeyAsked:
    """What came of the window: whether a key was kept, and a text that says so without the key."""

    kept: bool
    text: str


def run_hidden(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program without a console window, and with nothing of this process but its environment and folder."""
    return subprocess.run(  # noqa: S603 - our own program
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def ask_for_key(run: Run = run_hidden) -> KeyAsked:
    """Show the window, and wait until it is closed.

    Raises:
        ConfigurationError: no window can be shown; the text names the command to use instead.
    """
    try:
        ended = run([sys.executable, *_ARGUMENTS])
    except OSError:
        raise ConfigurationError(_NO_WINDOW) from None
    lines = (line.strip().removeprefix("error: ") for line in (ended.stderr or "").splitlines())
    text = ". ".join(line.removesuffix(".") for line in lines if line)
    if ended.returncode not in (0, _DECLINED):
        raise ConfigurationError(text or _NO_WINDOW)
    return KeyAsked(ended.returncode == 0, text)
