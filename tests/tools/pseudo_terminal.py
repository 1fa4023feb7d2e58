"""Runs the command in a terminal of its own. Not on Windows."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

_CODE = """\
import json, sys
from xl_openfunnel.cli import main
for call in json.loads(sys.argv[1]):
    try:
        main(call)
    except SystemExit as end:
        assert end.code == 0
"""

_UNSET = frozenset(("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"))


def in_a_terminal(
    width: int, *calls: Sequence[str], environ: Mapping[str, str] = {}, until: tuple[str, int] | None = None
) -> str:
    """What these calls, in one process, write to a terminal.

    Args:
        width: columns of the terminal.
        calls: the arguments of each call.
        environ: what the environment has besides ours.
        until: a text, and how often it is written before the process is killed; without it, each call succeeds.
    """
    pty, termios = map(importlib.import_module, ("pty", "termios"))  # which Windows lacks, and mypy for Windows
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (24, width))
    ours = {name: value for name, value in os.environ.items() if name not in _UNSET}
    command = [sys.executable, "-c", _CODE, json.dumps(calls)]
    environment = {**ours, "TERM": "xterm-256color", **environ}
    with subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=environment) as started:
        os.close(inner)
        written = b""
        while until is None or written.count(until[0].encode()) < until[1]:
            part = b""
            with contextlib.suppress(OSError):  # how Linux reports that no program has the terminal any more
                part = os.read(outer, 65_536)
            if not part:
                break
            written += part
        else:
            started.kill()
        os.close(outer)
        assert (started.wait(60) == 0) is (until is None), written.decode(errors="replace")
    return written.decode(errors="replace")
