"""Kill a process before each statement in turn, while it creates or migrates the store, saves, records and forgets
jobs."""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from xl_openfunnel import JobStatus, Store
from xl_openfunnel.jobs.store.database import VERSION

from .damage import AS_OF, ORIGIN, assert_undamaged, save

STARTS: Final = ("no store", "version 1", "this version")
JOBS: Final = ("replaced", "forgotten", "new")


def run(folder: Path, start: str) -> int:
    """Kill a process at every point after this start, and return how many points there are.

    Raises:
        AssertionError: the store does not open afterwards, or holds something that is incomplete.
    """
    template = folder / "template"
    template.mkdir()
    if start != "no store":
        _make_store(template / "store.sqlite3", start)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    for number in itertools.count():
        run_folder = folder / str(number)
        shutil.copytree(template, run_folder)
        process = context.Process(target=write_until_killed, args=(run_folder / "store.sqlite3", number))
        process.start()
        process.join()
        _check_store(run_folder / "store.sqlite3", start, finished=process.exitcode == 0)
        if process.exitcode == 0:
            return number
        assert process.exitcode == -signal.SIGKILL, f"the process ended by itself: {process.exitcode}"
    raise AssertionError


def write_until_killed(path: Path, number: int) -> None:
    """In a child process: everything that writes to a store, up to the statement with this number."""
    remaining = iter(range(number))

    def kill_at_the_last() -> None:
        if next(remaining, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sqlite3.connect = functools.partial(sqlite3.connect, factory=functools.partial(KilledConnection, kill_at_the_last))  # type: ignore[assignment]
    with closing(Store(path, ORIGIN)) as store:
        for job in ("replaced", "new"):
            _save(store, job, "after")
        store.record("recorded", JobStatus.RUNNING, None, None, AS_OF)
        store.forget("forgotten")


class KilledConnection(sqlite3.Connection):
    """A connection that calls a function before each statement and each row of an `executemany`."""

    def __init__(self, before_statement: Callable[[], None], *arguments: Any, **options: Any) -> None:
        self._before_statement = before_statement
        super().__init__(*arguments, **options)

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        self._before_statement()
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        return super().executemany(sql, self._each(rows))

    def _each(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            self._before_statement()
            yield row


def _make_store(path: Path, start: str) -> None:
    with closing(Store(path, ORIGIN)) as store:
        for job in ("replaced", "forgotten"):
            _save(store, job, "before")
    if start == "version 1":
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            for table, column in (("job", "seal"), ("page", "seal"), ("job", "warnings")):
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            db.execute("PRAGMA user_version = 1")


def _save(store: Store, job: str, when: str) -> None:
    save(store, job, *[[{"name": job, "when": when}] * 10] * 3)


def _check_store(path: Path, start: str, *, finished: bool) -> None:
    with closing(Store(path, ORIGIN)) as store:
        results = {job: store.find(job) for job in JOBS}
        for job, result in results.items():
            rows = [] if result is None else list(result.rows)
            when = rows[0]["when"] if rows else ""
            assert result is None or rows == [{"name": job, "when": when}] * 30, (
                f"{job} holds {len(rows)} rows, or others"
            )
        assert start == "no store" or results["replaced"] is not None, "the replaced job is lost"
        assert not finished or [job for job in JOBS if results[job]] == ["replaced", "new"]
        store.ledger()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert_undamaged(path)
