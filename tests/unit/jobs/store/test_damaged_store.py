"""Stores that are damaged, or of another version: what is sound is kept, nothing wrong is shown."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.jobs.store.other_process import AS_OF, ORIGIN, pages, result
from xl_openfunnel import ConfigurationError, IncompleteResultError, JobStatus, Store
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.jobs.store import diagnosis
from xl_openfunnel.jobs.store.database import StoreDatabase


@pytest.mark.parametrize(
    "content", [b"this is no database, it is a text" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_file_that_is_not_a_database_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(content)
    store = Store(path, ORIGIN)
    read = pages(2)
    store.save("job", result(read), read, None)
    assert store.find("job") is not None
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.read_bytes() == content


@pytest.mark.parametrize("column", ["manifest", "counts", "as_of"])
def test_damaged_entry_counts_as_none(store: Store, column: str) -> None:
    read = pages(2)
    store.save("job", result(read), read, None)
    db = sqlite3.connect(store.path, isolation_level=None)
    db.execute(f"UPDATE job SET {column} = '{{damaged'")  # noqa: S608
    db.close()
    assert store.find("job") is None


def test_damaged_rows_raise_and_are_never_shown(store: Store) -> None:
    read = pages(2)
    kept = store.save("job", result(read), read, None)
    db = sqlite3.connect(store.path, isolation_level=None)
    (body,) = db.execute("SELECT rows FROM page").fetchone()
    db.execute("UPDATE page SET rows = ?", (body[:20] + bytes([body[20] ^ 1]) + body[21:],))
    db.close()
    with pytest.raises(IncompleteResultError, match="damaged"):
        list(kept.rows)


def test_damage_found_in_use_moves_the_file_aside_and_the_next_job_is_saved(store: Store) -> None:
    read = pages(100, 100)
    kept = store.save("job", result(read), read, None)
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    content = bytearray(store.path.read_bytes())
    content[size:] = b"\xa5" * (len(content) - size)  # all but the tables' names
    store.path.write_bytes(content)
    with pytest.raises(IncompleteResultError, match="damaged"):
        list(kept.rows)
    store.save("job", result(read), read, None)
    found = store.find("job")
    assert found is not None
    assert list(found.rows) == list(Rows.of(read))
    assert list(store.path.parent.glob("*.damaged-*Z"))


@pytest.mark.skipif(sys.platform == "win32", reason="a file in use cannot be moved there")
def test_wal_of_a_damaged_file_is_moved_aside_with_it(store: Store) -> None:
    read = pages(3)
    store.save("job", result(read), read, None)
    other = sqlite3.connect(store.path)  # as another process has it, which keeps what was written last beside it
    other.execute("SELECT 1 FROM job").fetchone()
    StoreDatabase(store.path).quarantine()
    (beside,) = store.path.parent.glob("*.damaged-*-wal")
    assert beside.stat().st_size > 0
    assert store.find("job") is None
    store.save("job", result(read), read, None)
    assert store.find("job") is not None
    other.close()


def test_job_under_another_jobs_id_is_not_shown(store: Store) -> None:
    read = pages(3)
    kept = store.save("job", result(read), read, None)
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE job SET job_id = 'other'")
        db.execute("UPDATE page SET job_id = 'other'")
    db.close()
    assert store.find("other") is None
    with pytest.raises(IncompleteResultError):
        list(kept.rows)


def test_damaged_entry_of_the_ledger_is_left_out(store: Store) -> None:
    store.record("one", JobStatus("running"), 1, None, AS_OF)
    store.record("two", JobStatus("running"), 1, None, AS_OF)
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE ledger SET first_seen = 'once' WHERE job_id = 'one'")
    db.close()
    assert [entry.job_id for entry in store.ledger()] == ["two"]


def test_warnings_come_back_and_a_changed_one_is_not_shown(store: Store) -> None:
    read = pages(3)
    warnings = ("Page 1 holds Acme twice.", "“Zwei” \ud800 'quoted'")
    store.save("job", replace(result(read), warnings=warnings), read, None)
    found = store.find("job")
    assert found is not None
    assert found.warnings == warnings
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE job SET warnings = NULL")
    db.close()
    assert store.find("job") is None


def test_forget_all_removes_files_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"no database" * 1000)
    store = Store(path, ORIGIN)
    assert list(tmp_path.glob("*.damaged-*"))
    store.forget_all()
    assert not list(tmp_path.glob("*.damaged-*"))


def as_version(path: Path, version: int) -> None:
    """The file as that version of the tables would have written it."""
    dropped = {1: ("job.seal", "page.seal", "job.warnings"), 2: ("job.warnings",)}[version]
    with sqlite3.connect(path) as db:
        for table, column in (name.split(".") for name in dropped):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute(f"PRAGMA user_version = {version}")
    db.close()


@pytest.mark.parametrize("version", [1, 2])
def test_store_of_an_older_version_is_migrated_and_keeps_its_jobs(store: Store, version: int) -> None:
    read = pages(100, 7)
    store.save("job", result(read), read, None)
    store.close()
    as_version(store.path, version)
    newer = Store(store.path, ORIGIN)
    found = newer.find("job")
    assert found is not None
    assert (list(found.rows), found.warnings) == (list(Rows.of(read)), ())
    newer.save("other", replace(result(read), warnings=("Odd.",)), read, None)
    other = newer.find("other")
    assert other is not None
    assert other.warnings == ("Odd.",)


@pytest.mark.parametrize("version", [1, 2])
def test_store_of_an_older_version_that_cannot_be_written_is_read(
    store: Store, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pages(100, 7)
    store.save("job", result(read), read, None)
    store.close()
    as_version(store.path, version)
    monkeypatch.setattr(StoreDatabase, "_create_or_migrate", refuse_to_write)
    monkeypatch.setattr(diagnosis, "explain", lambda *_: diagnosis.READ_ONLY)
    before = store.path.read_bytes()
    found = Store(store.path, ORIGIN).find("job")
    assert found is not None
    assert list(found.rows) == list(Rows.of(read))
    assert store.path.read_bytes() == before


def refuse_to_write(_: StoreDatabase) -> None:
    raise sqlite3.OperationalError("attempt to write a readonly database")


def test_store_of_a_newer_version_is_left_alone(store: Store) -> None:
    db = sqlite3.connect(store.path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ConfigurationError, match="newer XL OpenFunnel"):
        Store(store.path, ORIGIN)
