"""A process killed before each statement in turn, while it makes or migrates the store, keeps, notes, forgets jobs."""

from __future__ import annotations

import functools
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from xl_openfunnel import JobStatus, Page, Store
from xl_openfunnel.jobs.snapshot import Result, Rows
from xl_openfunnel.jobs.store.database import VERSION

from .damage import AS_OF, ORIGIN

STARTS: Final = ("no store", "version 1", "this version")
JOBS: Final = ("replaced", "forgotten", "new")


def run(folder: Path, start: str) -> int:
    """Kill at every point of one beginning; how many there were.

    Raises:
        AssertionError: the store does not open afterwards, or holds something that is not whole.
    """
    begin = folder / "begin"
    begin.mkdir()
    if start != "no store":
        _made(begin / "store.sqlite3", start)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    for number in itertools.count():
        here = folder / str(number)
        shutil.copytree(begin, here)
        process = context.Process(target=work, args=(here / "store.sqlite3", number))
        process.start()
        process.join()
        _judge(here / "store.sqlite3", start, whole=process.exitcode == 0)
        if process.exitcode == 0:
            return number
        assert process.exitcode == -signal.SIGKILL, f"it ended by itself: {process.exitcode}"
    raise AssertionError


def work(path: Path, number: int) -> None:
    """In a process of its own: everything that writes, up to the statement with this number."""
    count = iter(range(number))

    def point() -> None:
        if next(count, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sqlite3.connect = functools.partial(sqlite3.connect, factory=functools.partial(Mortal, point))  # type: ignore[assignment]
    with closing(Store(path, ORIGIN)) as store:
        for job in ("replaced", "new"):
            _keep(store, job, "after")
        store.record("noted", JobStatus.RUNNING, None, None, AS_OF)
        store.forget("forgotten")


class Mortal(sqlite3.Connection):
    """A connection at each of whose statements, and rows of one, the process may end."""

    def __init__(self, point: Callable[[], None], *given: Any, **options: Any) -> None:
        self._point = point
        super().__init__(*given, **options)

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        self._point()
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        return super().executemany(sql, self._each(rows))

    def _each(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            self._point()
            yield row


def _made(path: Path, start: str) -> None:
    with closing(Store(path, ORIGIN)) as store:
        for job in ("replaced", "forgotten"):
            _keep(store, job, "before")
    if start == "version 1":
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            for table in ("job", "page"):
                db.execute(f"ALTER TABLE {table} DROP COLUMN seal")
            db.execute("PRAGMA user_version = 1")


def _keep(store: Store, job: str, when: str) -> None:
    body = json.dumps([{"name": job, "when": when}] * 10).encode()
    pages = tuple(Page(JobStatus("completed"), row_count=10, rows_json=body) for _ in range(3))
    manifest = {"count": 30, "pages": 3}
    store.save(job, Result(JobStatus("completed"), None, 30, manifest, None, AS_OF, Rows.of(pages)), pages, None)


def _judge(path: Path, start: str, *, whole: bool) -> None:
    with closing(Store(path, ORIGIN)) as store:
        held = {job: store.find(job) for job in JOBS}
        for job, found in held.items():
            rows = [] if found is None else list(found.rows)
            when = rows[0]["when"] if rows else ""
            assert found is None or rows == [{"name": job, "when": when}] * 30, (
                f"{job} holds {len(rows)} rows, or others"
            )
        assert start == "no store" or held["replaced"] is not None, "a job is gone that was to be replaced"
        assert not whole or [job for job in JOBS if held[job]] == ["replaced", "new"]
        store.ledger()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert not list(path.parent.glob("*.damaged-*"))
