"""A user's session with all debug output: ``python -m tests.fire.secrecy_child JSON``, with the key in the environment.

It runs every command that uses the service or writes a file, every cell function, writes a table and a copy, with the
log at its lowest level and `http.client` printing what it sends. It ends with two crashes: one shown as crash reporters
show them, one that ends the process.
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

from tests.unit.hosts.clocks import JumpingClock
from tests.unit.hosts.excel.commands.workbooks import FakeVisibleJobs, FakeWorkbooks, command_context
from xl_openfunnel import Client, OpenFunnelError, fetch_rows, log
from xl_openfunnel.cli import main
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandHandlers
from xl_openfunnel.hosts.session import end
from xl_openfunnel.hosts.session import session as shared


def session(job_id: str, folder: str) -> None:
    os.umask(0)
    print_debug_output()
    out = Path(folder)
    files = [("rows", job_id, "-o", out / f"rows{suffix}") for suffix in (".xlsx", ".csv", ".tsv", ".json", ".jsonl")]
    commands = [
        *(("status", job_id), ("status", job_id, "--json"), ("rows", job_id), *files, ("watch", job_id)),
        *(("label", job_id, "mine"), ("jobs",), ("credits",), ("key", "show"), ("doctor",), ("doctor", "--json")),
        *(("workbook", "-o", out / "OpenFunnel.xlsm"), ("status", "no-such-job"), ("cancel", job_id, "--yes")),
    ]
    run_commands(*commands)
    set_up_log()
    _call_functions(job_id)
    press_buttons(job_id, "=OF_STATUS(A1)")
    end()
    frame = fetch_rows(job_id)
    print(repr(frame.attrs))
    print("ready", flush=True)
    sys.stdin.readline()  # the parent reads the list of processes
    try:
        with Client() as client:
            client.page("refused")
    except OpenFunnelError as error:
        for line in traceback.TracebackException.from_exception(error, capture_locals=True).format():
            print(line)
    faulthandler.dump_traceback(all_threads=True)
    print_local_values()
    raise RuntimeError("a program that ends in a crash")


_MORE_ARGUMENTS: dict[str, tuple[object, ...]] = {
    "OF_ROWS": ("*",),
    "OF_LOOKUP": (1.0, "name"),
    "OF_PIVOT": ("name",),
}
"""What functions are given besides the job, which is each function's first argument here."""


def _call_functions(job_id: str) -> None:
    """Call every function, also for an unknown job and for the key."""
    fetcher = shared().fetcher
    fetcher.wait(job_id)
    for _ in range(2):  # the second time there is a result
        for job in (job_id, "no-such-job", os.environ["OPENFUNNEL_API_KEY"]):
            for function in CATALOG:
                arguments = (job, *_MORE_ARGUMENTS.get(function.name, ()))[: len(function.arguments)]
                print(f"cell: {udfs.FUNCTIONS[function.name](*arguments)}")
        fetcher.wait("no-such-job", 10, until=lambda snapshot: snapshot.problem is not None)


def print_debug_output() -> None:
    logging.basicConfig(level=logging.DEBUG)
    http.client.HTTPConnection.debuglevel = 1


def set_up_log() -> None:
    """Write a log, as Excel's server does; the command line writes none."""
    log.set_up()
    logging.getLogger("xl_openfunnel").setLevel(logging.DEBUG)


def run_commands(*commands: tuple[object, ...]) -> None:
    """Run commands of the terminal."""
    for command in commands:
        print(f"command: {' '.join(Path(str(part)).name for part in command)}")
        with suppress(SystemExit):
            main(["--debug", *map(str, command)])


def press_buttons(job_id: str, formula: str) -> None:
    """Write the job as a table and make a copy, in a fake workbook with a formula, which records both."""
    workbooks, visible = FakeWorkbooks(), FakeVisibleJobs()
    cell = CellRef("Book.xlsm", "Start", "$B$1")
    workbooks.cells[cell], visible.jobs[cell], workbooks.names["job"] = formula, {job_id}, job_id
    commands = CommandHandlers(shared(), visible, workbooks, JumpingClock(), cancel=print, open_file=print)
    for action in ("refresh final", "insert table", "save values copy"):
        print(f"message: {commands.handlers[action][1](workbooks, command_context())}")
    print(f"table: {workbooks.plans} {workbooks.facts}")
    print(f"copy: {workbooks.copied}")


def print_local_values() -> None:
    """Print the local variables of all threads."""
    for frames in sys._current_frames().values():
        print(*_local_values(frames))


def _local_values(frame: FrameType | None) -> list[str]:
    """The values of all local variables on a thread's stack, as a crash reporter sends them."""
    values = []
    while frame is not None:
        values += [repr(value) for value in frame.f_locals.values()]
        frame = frame.f_back
    return values


if __name__ == "__main__":
    session(**json.loads(sys.argv[1]))
