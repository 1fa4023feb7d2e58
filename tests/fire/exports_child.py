"""A computer that exports its jobs: ``python -m tests.fire.exports_child change|add STORE_FOLDER TARGET``."""

from __future__ import annotations

import itertools
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.unit.columns.stored_rows import ORIGIN
from xl_openfunnel import OpenFunnelError, Store
from xl_openfunnel.columns.exporting import Exporter, Report
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.simulator import companies

from .damage import AS_OF, save

ROWS: Final = companies(600, seed=4, shape="narrow")
SIZES: Final = (150, 300, 600)
"""How many of the rows a job has at one time or another."""

SHARED: Final = ("shared-1", "shared-2")
"""Jobs that all computers have."""

ADDED: Final = 12
"""Jobs that are added one after the other."""


def open_store(folder: Path) -> Store:
    folder.mkdir(exist_ok=True)
    return Store(folder / "store.sqlite3", ORIGIN)


def put(store: Store, job_id: str, count: int, turn: int) -> None:
    """Store the job with so many rows, as the service confirmed them at that turn."""
    save(store, job_id, ROWS[:count], as_of=AS_OF + timedelta(hours=turn))


def export(store: Store, target: Path, *, now: float | None = None) -> Report:
    """Export all stored jobs."""
    clock = {} if now is None else {"now": lambda: now}
    exporter = Exporter(target, store, ColumnFolder.beside(store.path, ORIGIN), sleep=lambda _: None, **clock)
    return exporter.export(sorted(job_id for _, job_id in store.stored()))


def change(folder: Path, target: Path) -> None:
    """Read jobs again, forget one, and export all, again and again.

    A computer that starts again begins with the first turn: its clock was set back too.
    """
    store = open_store(folder)
    print("working", flush=True)
    for turn in itertools.count():
        own = [f"{folder.name}-{number}" for number in range(3)]
        for number, job_id in enumerate([*own, *SHARED]):
            put(store, job_id, SIZES[(turn + number) % len(SIZES)], turn)
        store.forget(own[turn % len(own)])
        with suppress(OpenFunnelError):  # the other computer removed a file that was read
            export(store, target)


def add(folder: Path, target: Path) -> None:
    """Add some jobs, and export after each; the last one once the input has ended."""
    store = open_store(folder)
    export(store, target)
    print("working", flush=True)
    for number in range(ADDED):
        if number == ADDED - 1:
            sys.stdin.read()
        put(store, f"job-{number:02d}", SIZES[-1], number)
        export(store, target)


if __name__ == "__main__":
    {"change": change, "add": add}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
