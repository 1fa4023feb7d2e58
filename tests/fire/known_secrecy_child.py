"""A user's session with a known list: ``python -m tests.fire.known_secrecy_child JSON``, the key in the environment.

With all debug output: every command for known lists, all that can use one, errors of every kind, cells, a table and a
copy. Lines that begin with ``kept`` name the files that hold something of the list at that moment.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

from xl_openfunnel import OpenFunnelError, fetch_rows
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.hosts.session import end
from xl_openfunnel.hosts.session import session as shared

from .known_secrecy import HEADERS, LIST_NAME, REPEATS, accounts, files_with_marks
from .secrecy_child import press_buttons, print_debug_output, print_local_values, run_commands, set_up_log

HOW_SHOWN = ("rows", "count", "why")
COLUMN = f"known:{LIST_NAME}"


def session(job_id: str, folder: str, source: str) -> None:
    print_debug_output()
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
    run_commands(
        set_list, ("known", "set", "sheet", given / "accounts.xlsx", "--yes"), *shown, new, *written, *plain, *refused
    )
    set_up_log()
    _call_functions(job_id)
    press_buttons(job_id, f'=OF_NEW(A1,"{LIST_NAME}",,,"why")')
    print(f"columns: {fetch_rows(job_id, new_against=LIST_NAME).attrs}")
    print(f"kept: {files_with_marks(home)}")
    for damaged in (home / "cache" / "known").iterdir():
        damaged.write_bytes(damaged.read_bytes()[:-50])
    run_commands(*shown, new)
    _call_functions(job_id)
    with suppress(OpenFunnelError):
        fetch_rows(job_id, new_against=LIST_NAME)
    run_commands(set_list, ("known", "remove", LIST_NAME), ("known", "remove", "sheet"))
    print(f"kept after known remove: {files_with_marks(home)}")
    run_commands(set_list)
    end()
    print("ready", flush=True)
    sys.stdin.readline()
    run_commands(set_list, ("forget", "--all", "--yes"))
    print(f"kept after forget: {files_with_marks(home)}")
    print_local_values()
    raise RuntimeError("a program that ends in a crash")


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


if __name__ == "__main__":
    session(**json.loads(sys.argv[1]))
