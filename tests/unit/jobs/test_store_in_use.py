"""The store while it is in use: somebody removes or damages it, and nobody may wait."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.jobs.test_store import ORIGIN, pages, result
from xl_openfunnel import JobStatus, Store
from xl_openfunnel.jobs.store import StoreBusy

READ = pages(100, 7)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store.sqlite3", ORIGIN)
    store.keep("job", result(READ), READ, None)
    return store


def damage(path: Path) -> bytes:
    """What the file holds then."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
    content = path.read_bytes()
    path.write_bytes(content[:size] + b"\xa5" * (len(content) - size))
    return path.read_bytes()


def test_whoever_may_not_wait_makes_no_file_where_it_was_removed(store: Store) -> None:
    store.close()
    for file in store.path.parent.iterdir():
        file.unlink()
    assert (store.find("job", wait=False), store.labelled("x", wait=False), store.ledger(wait=False)) == (
        None,
        None,
        [],
    )
    assert not list(store.path.parent.iterdir())
    store.note("job", JobStatus.RUNNING, None, None, result(READ).as_of)
    assert [entry.job_id for entry in store.ledger(wait=False)] == ["job"]


def test_whoever_may_not_wait_sets_nothing_aside(store: Store) -> None:
    content = damage(store.path)
    with pytest.raises(StoreBusy):
        store.find("job", wait=False)
    assert store.path.read_bytes() == content
    assert store.find("job") is None
    assert list(store.path.parent.glob("*.damaged-*Z"))
    assert store.find("job", wait=False) is None
