"""The local store: final jobs, for several processes, for years."""

from __future__ import annotations

import functools
import multiprocessing
import os
import sqlite3
import stat
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.jobs.store.other_process import AS_OF, ORIGIN, keep_and_read, pages, result
from xl_openfunnel import ConfigurationError, IncompleteResultError, JobStatus, Page, Store
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.jobs.store import database
from xl_openfunnel.jobs.store.database import StoreBusyError


def test_job_is_found_as_it_was_saved(store: Store) -> None:
    read = pages(100, 100, 50)
    store.save("job", result(read), read, "f" * 12)
    found = Store(store.path, ORIGIN).find("job")
    assert found is not None
    assert (found.status, found.stage, found.processed, found.as_of) == ("completed", "completed", 250, AS_OF)
    assert found.manifest == result(read).manifest
    assert found.rows.counts == (100, 100, 50)
    assert list(found.rows) == list(Rows.of(read))
    assert found.rows[0] == Rows.of(read)[0]
    assert found.rows[-1] == Rows.of(read)[249]
    assert found.rows[99:101] == Rows.of(read)[99:101]


def test_rows_beyond_the_end_are_an_index_error() -> None:
    rows = Rows.of(pages(3))
    for index in (3, -4):
        with pytest.raises(IndexError):
            rows[index]


def test_origins_do_not_share_jobs(store: Store) -> None:
    read = pages(1)
    store.save("job", result(read), read, None)
    store.label("job", "mine")
    other = Store(store.path, "http://127.0.0.1:8000")
    assert (other.find("job"), other.ledger(), other.job_id_of("mine")) == (None, [], None)


def test_newer_result_replaces_the_older_one_completely(store: Store) -> None:
    old, new = pages(100, 100), pages(7)
    before = store.save("job", result(old), old, None)
    store.save("job", result(new, AS_OF + timedelta(hours=1)), new, None)
    found = store.find("job")
    assert found is not None
    assert len(found.rows) == 7
    with pytest.raises(IncompleteResultError, match="removed or replaced"):
        list(before.rows)


def test_refresh_with_the_same_rows_does_not_break_open_readers(store: Store) -> None:
    read = pages(100, 7)
    before = store.save("job", result(read), read, None)
    after = store.save("job", result(read, AS_OF + timedelta(hours=1)), read, None)
    assert list(before.rows) == list(after.rows)
    assert after.as_of == AS_OF + timedelta(hours=1)


def test_failed_write_keeps_the_older_result(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old = pages(3)
    store.save("job", result(old), old, None)
    monkeypatch.setattr(store, "_record", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.save("job", result(pages(9)), pages(9), None)
    found = store.find("job")
    assert found is not None
    assert list(found.rows) == list(Rows.of(old))


def test_busy_store_raises_instead_of_finding_nothing(store: Store) -> None:
    store.close()
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("UPDATE job SET stage = stage")
    other.execute("COMMIT")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreBusyError):
            store.find("job", wait=False)
    finally:
        other.close()
    assert store.find("job", wait=False) is None


def test_writer_does_not_block_a_reader(store: Store) -> None:
    read = pages(1)
    store.save("job", result(read), read, None)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert store.find("job", wait=False) is not None
    finally:
        other.close()


def test_forgotten_job_leaves_nothing(store: Store) -> None:
    read = pages(5)
    store.save("job", result(read), read, None)
    store.label("job", "x")
    assert store.forget("job")
    assert not store.forget("job")
    assert (store.find("job"), store.ledger(), store.job_id_of("x")) == (None, [], None)


def test_forgotten_job_leaves_nothing_in_the_file_either(store: Store) -> None:
    for job_id in ("job-to-keep", "job-to-forget"):
        read = pages(100)
        store.save(job_id, result(read), read, None)
    store.forget("job-to-forget")
    left = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"job-to-keep" in left
    assert b"job-to-forget" not in left


def test_forget_all_leaves_no_row_in_the_file(store: Store) -> None:
    read = (Page(JobStatus("completed"), row_count=1, rows_json=b'[{"name": "secretive"}]'),)
    store.save("job-to-forget", result(read), read, None)
    store.forget_all()
    left = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"job-to-forget" not in left


def test_several_processes_may_use_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.sqlite3"
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        lengths = list(processes.map(keep_and_read, [path] * 8, range(8)))
    assert lengths == [101 + number for number in range(8)]
    store = Store(path, ORIGIN)
    shared = store.find("shared")
    assert shared is not None
    assert len(list(shared.rows)) == len(shared.rows)
    assert len(store.ledger()) == 9


def test_new_file_waits_for_another_process_that_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.sqlite3"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM sqlite_schema").fetchall()  # SQLite changes no mode while it is read
    monkeypatch.setattr(database, "_BUSY_TIMEOUT", 0.0)  # it would wait in vain

    class Waiting(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "BEGIN EXCLUSIVE":
                other.rollback()
            return super().execute(sql, *parameters)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Waiting))
    assert Store(path, ORIGIN).ledger() == []
    assert other.execute("SELECT count(*) FROM ledger").fetchone() == (0,)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_store_is_readable_by_its_owner_only_with_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = Store(tmp_path / "a" / "store.sqlite3", ORIGIN).path
    finally:
        os.umask(before)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets only administrators make links")
@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("there", [True, False])
def test_link_in_the_place_of_the_store_is_refused(tmp_path: Path, ending: str, there: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    if there:
        elsewhere.write_bytes(b"of somebody else")
    (tmp_path / f"store.sqlite3{ending}").symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="is a link to another place"):
        Store(tmp_path / "store.sqlite3", ORIGIN)
    assert elsewhere.exists() is there
    assert not there or elsewhere.read_bytes() == b"of somebody else"


def test_forget_all_frees_the_space(store: Store) -> None:
    read = pages(100, 100, 100)
    for number in range(20):
        store.save(f"job-{number}", result(read), read, None)
    store.close()
    before = store.path.stat().st_size
    store.forget_all()
    assert store.path.stat().st_size < before / 2
