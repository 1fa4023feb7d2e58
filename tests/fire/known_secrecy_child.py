"""A user's session with a known list: ``python -m tests.fire.known_secrecy_child JSON``, the key in the environment.

With all debug output: every command for known lists, all that can use one, errors of every kind, cells, a table and a
copy. Lines that begin with ``kept`` name the files that hold something of the list at that moment.
"""

from __future__ import annotations

import http.client
import json
import logging
import sys
from contextlib import suppress
from pathlib import Path

from tests.unit.hosts.clocks import JumpingClock
from tests.unit.hosts.excel.commands.workbooks import FakeVisibleJobs, FakeWorkbooks, command_context
from xl_openfunnel import OpenFunnelError, fetch_rows, log
from xl_openfunnel.cli import main
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandHandlers
from xl_openfunnel.hosts.session import end
from xl_openfunnel.hosts.session import session as shared

from .known_secrecy import HEADERS, LIST_NAME, REPEATS, accounts, files_with_marks
from .secrecy_child import print_local_values

HOW_SHOWN = ("rows", "count", "why")
COLUMN = f"known:{LIST_NAME}"


def session(job_id: str, folder: str, source: str) -> None:
    logging.basicConfig(level=logging.DEBUG)
    http.client.HTTPConnection.debuglevel = 1
    home, out, given = Path(folder).parent, Path(folder), Path(source)
    set_list = ("known", "set", LIST_NAME, given / "accounts.csv", "--note", "Owner", "--yes")
    new = ("rows", job_id, "--new-against", LIST_NAME)
    written = [(*new, "-o", out / f"new{suffix}") for suffix in (".xlsx", ".csv", ".json", ".jsonl", ".parquet")]
    plain: list[tuple[object, ...]] = [
        ("rows", job_id, "-o", out / f"rows{suffix}") for suffix in (".xlsx", ".parquet")
    ]
    plain += [("rows", job_id, "--columns", f"name,{COLUMN}", "--criteria", f"{COLUMN}=")]
    refused = [
        *(("known", "set", "x", given / name, "--yes") for name in ("missing.csv", "damaged.xlsx", "damaged.parquet")),
        *(("known", "set", "x", given / name, "--yes") for name in ("keyless.csv", "")),
        *(
            ("known", "set", "x", given / "headless.csv", *more)
            for more in (("--columns", "Website"), ("--note", "Who"))
        ),
        *(("known", "set", "x", given / "accounts.csv", *more) for more in (("--columns", "Web"), ("--note", "Own"))),
    ]
    shown = [("known", *more) for more in (("list",), ("list", "--json"), ("show", LIST_NAME), ("show", "Zq9x"))]
    _run(set_list, ("known", "set", "sheet", given / "accounts.xlsx", "--yes"), *shown, new, *written, *plain, *refused)
    log.set_up()  # as Excel's server does; the command line writes no log
    logging.getLogger("xl_openfunnel").setLevel(logging.DEBUG)
    _call_functions(job_id)
    _run_commands(job_id)
    print(f"columns: {fetch_rows(job_id, new_against=LIST_NAME).attrs}")
    print(f"kept: {files_with_marks(home)}")
    for damaged in (home / "cache" / "known").iterdir():
        damaged.write_bytes(damaged.read_bytes()[:-50])
    _run(*shown, new)
    _call_functions(job_id)
    with suppress(OpenFunnelError):
        fetch_rows(job_id, new_against=LIST_NAME)
    _run(set_list, ("known", "remove", LIST_NAME), ("known", "remove", "sheet"))
    print(f"kept after known remove: {files_with_marks(home)}")
    _run(set_list)
    end()
    print("ready", flush=True)
    sys.stdin.readline()
    _run(set_list, ("forget", "--all", "--yes"))
    print(f"kept after forget: {files_with_marks(home)}")
    print_local_values()
    raise RuntimeError("a program that ends in a crash")


def _run(*commands: tuple[object, ...]) -> None:
    for command in commands:
        print(f"command: {' '.join(Path(str(part)).name for part in command)}")
        with suppress(SystemExit):
            main(["--debug", *map(str, command)])


def _call_functions(job_id: str) -> None:
    """Show what is new to the list, to ranges with its cells, and to texts that name none."""
    shared().fetcher.wait(job_id)
    hosts = tuple((line[1], line[4]) for line in [HEADERS, *accounts()])
    words = tuple((line[5],) for line in accounts()[1:])
    for known in (LIST_NAME, hosts, words, ((LIST_NAME,), ("sheet",), (job_id,))):
        for shown in HOW_SHOWN:
            print(f"cell {shown}: {udfs.FUNCTIONS['OF_NEW'](job_id, known, 'name', None, shown)}")
    print(f"{REPEATS}{udfs.FUNCTIONS['OF_NEW'](job_id, words[0][0])}")
    print(f"cell: {udfs.FUNCTIONS['OF_DOMAIN'](words, 'host')}")
    print(f"cell: {udfs.FUNCTIONS['OF_ROWS'](job_id, '*')}")
    print(f"cell: {udfs.FUNCTIONS['OF_ROWS'](job_id, f'name,{COLUMN}')}")
    print(f"cell: {udfs.FUNCTIONS['OF_PIVOT'](job_id, COLUMN)}")


def _run_commands(job_id: str) -> None:
    """Write the job as a table and make a copy, in a fake workbook that records both."""
    workbooks, visible = FakeWorkbooks(), FakeVisibleJobs()
    cell = CellRef("Book.xlsm", "Start", "$B$1")
    workbooks.cells[cell], visible.jobs[cell] = f'=OF_NEW(A1,"{LIST_NAME}",,,"why")', {job_id}
    workbooks.names["job"] = job_id
    commands = CommandHandlers(shared(), visible, workbooks, JumpingClock(), cancel=print, open_file=print)
    for action in ("refresh final", "insert table", "save values copy"):
        print(f"message: {commands.handlers[action][1](workbooks, command_context())}")
    print(f"table: {workbooks.plans} {workbooks.facts}")
    print(f"copy: {workbooks.copied}")


if __name__ == "__main__":
    session(**json.loads(sys.argv[1]))
