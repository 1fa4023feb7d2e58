"""The store while it is in use: a newer version changes it, or it is removed or damaged."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.jobs.store.other_process import ORIGIN, pages, result
from xl_openfunnel import ConfigurationError, IncompleteResultError, JobStatus, Store
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.jobs.store.database import StoreBusyError

READ = pages(100, 7)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store.sqlite3", ORIGIN)
    store.save("job", result(READ), READ, None)
    return store


def change(path: Path, *statements: str) -> None:
    """As a newer version does, in a process of its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in (*statements, "PRAGMA user_version = 99"):
            db.execute(statement)


def damage(path: Path) -> bytes:
    """What the file holds then."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
    content = path.read_bytes()
    path.write_bytes(content[:size] + b"\xa5" * (len(content) - size))
    return path.read_bytes()


def test_columns_added_by_a_newer_version_in_use_do_not_prevent_saving(store: Store) -> None:
    change(store.path, "ALTER TABLE job ADD COLUMN more TEXT", "ALTER TABLE page ADD COLUMN more TEXT")
    store.save("other", result(READ), READ, None)
    found = store.find("other")
    assert found is not None
    assert list(found.rows) == list(Rows.of(READ))
    assert not list(store.path.parent.glob("*.damaged-*"))


@pytest.mark.parametrize(
    "statements",
    [
        ("ALTER TABLE page RENAME COLUMN rows TO body", "ALTER TABLE job RENAME COLUMN counts TO lengths"),
        ("DROP TABLE page", "CREATE TABLE page (id INTEGER PRIMARY KEY, body BLOB)"),
        ("CREATE UNIQUE INDEX one ON page (number)",),
    ],
)
def test_store_changed_by_a_newer_version_in_use_is_not_moved_aside(store: Store, statements: tuple[str, ...]) -> None:
    kept = store.find("job")
    assert kept is not None
    change(store.path, *statements)
    with pytest.raises(ConfigurationError, match="written by a newer XL OpenFunnel"):
        store.save("other", result(READ), READ, None)
    assert not list(store.path.parent.glob("*.damaged-*"))
    if "page" in statements[0] and "UNIQUE" not in statements[0]:
        with pytest.raises(IncompleteResultError, match="newer XL OpenFunnel"):
            list(kept.rows)


def test_read_without_waiting_does_not_recreate_a_removed_file(store: Store) -> None:
    store.close()
    for file in store.path.parent.iterdir():
        file.unlink()
    assert (store.find("job", wait=False), store.job_id_of("x", wait=False), store.ledger(wait=False)) == (
        None,
        None,
        [],
    )
    assert not list(store.path.parent.iterdir())
    store.record("job", JobStatus.RUNNING, None, None, result(READ).as_of)
    assert [entry.job_id for entry in store.ledger(wait=False)] == ["job"]


def test_read_without_waiting_moves_nothing_aside(store: Store) -> None:
    content = damage(store.path)
    with pytest.raises(StoreBusyError):
        store.find("job", wait=False)
    assert store.path.read_bytes() == content
    assert store.find("job") is None
    assert list(store.path.parent.glob("*.damaged-*Z"))
    assert store.find("job", wait=False) is None


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_locked_store_asks_for_patience_and_no_other_folder(store: Store, lock: str) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute(lock)
        with (
            closing(sqlite3.connect(store.path, timeout=0)) as db,
            pytest.raises(sqlite3.OperationalError) as raised,
        ):
            db.execute("BEGIN IMMEDIATE")
    assert store.explain(raised.value) == "another program has locked the store. Wait a while."


def test_the_version_is_another_one_after_each_change_of_any_process(store: Store) -> None:
    seen = [store.version()]
    assert seen[0] is not None
    for change_it in (
        lambda: store.label("job", "DACH"),
        lambda: Store(store.path, ORIGIN).label("job", "Nordics"),
        lambda: store.save("other", result(READ), READ, None),
        lambda: store.forget("other"),
    ):
        assert store.version() == seen[-1]
        change_it()
        seen.append(store.version())
        assert seen[-1] not in [None, *seen[:-1]]


def test_the_version_of_a_store_that_is_closed_or_removed_is_not_known(store: Store) -> None:
    before = store.version()
    store.close()
    assert store.version() is None
    assert store.ledger()
    assert store.version() is None  # its file is there, and opened for each operation
    for file in store.path.parent.iterdir():
        file.unlink()
    assert store.version() is None
    assert store.ledger() == []  # with a new file
    assert store.version() not in (None, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows replaces no open file")
def test_the_version_of_a_store_in_another_file_is_not_known(store: Store, tmp_path: Path) -> None:
    another = Store(tmp_path / "another.sqlite3", ORIGIN)
    another.label("new", "DACH")
    another.close()
    another.path.replace(store.path)
    assert store.version() is None
