"""A user's session with everything loud: ``python -m tests.fire.secrecy_child JSON``, with the key in the environment.

Every command that touches the service or writes a file, the log at its lowest level, `http.client` printing what it
sends, and in the end two crashes: one shown as crash reporters show them, one that ends the process.
"""

from __future__ import annotations

import faulthandler
import http.client
import json
import logging
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType

from xl_openfunnel import Client, OpenFunnelError, fetch_rows, log
from xl_openfunnel.cli import main


def session(job_id: str, folder: str) -> None:
    """What the user does."""
    os.umask(0)
    logging.basicConfig(level=logging.DEBUG)
    http.client.HTTPConnection.debuglevel = 1
    out = Path(folder)
    files = [("rows", job_id, "-o", out / f"rows{suffix}") for suffix in (".xlsx", ".csv", ".tsv", ".json", ".jsonl")]
    commands = [
        *(("status", job_id), ("status", job_id, "--json"), ("rows", job_id), *files, ("watch", job_id)),
        *(("label", job_id, "mine"), ("jobs",), ("credits",), ("key", "show"), ("doctor",), ("doctor", "--json")),
        *(("workbook", "-o", out / "OpenFunnel.xlsm"), ("status", "no-such-job"), ("cancel", job_id, "--yes")),
    ]
    for command in commands:
        with suppress(SystemExit):
            main(["--debug", *map(str, command)])
    log.set_up()  # as the server behind Excel does; the command has none
    logging.getLogger("xl_openfunnel").setLevel(logging.DEBUG)
    frame = fetch_rows(job_id)
    print(repr(frame.attrs))
    print("ready", flush=True)
    sys.stdin.readline()  # somebody looks at the list of processes
    try:
        with Client() as client:
            client.page("refused")
    except OpenFunnelError as error:
        for shown in traceback.TracebackException.from_exception(error, capture_locals=True).format():
            print(shown)
    faulthandler.dump_traceback(all_threads=True)
    for frames in sys._current_frames().values():
        print(*_names(frames))
    raise RuntimeError("a program that ends in a crash")


def _names(frame: FrameType | None) -> list[str]:
    """The values of all local variables on a thread's stack, as a crash reporter sends them."""
    shown = []
    while frame is not None:
        shown += [repr(value) for value in frame.f_locals.values()]
        frame = frame.f_back
    return shown


if __name__ == "__main__":
    session(**json.loads(sys.argv[1]))
