"""Damaged stores, full disks and read-only disks."""

from __future__ import annotations

import functools
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel import ConfigurationError, Snapshot, Store
from xl_openfunnel.simulator import SimulatedJob, companies

from . import damage
from .environment import running_environment

JOB = SimulatedJob(companies(350, seed=5, shape="narrow"), job_id="the-job")


def test_a_damaged_store_loses_at_most_jobs_and_saves_new_ones(tmp_path: Path) -> None:
    outcomes = damage.run(tmp_path / "store", times=80)
    assert sum(outcomes.values()) == 80
    assert any("set aside" in outcome for outcome in outcomes)
    assert any("used, 2" in outcome for outcome in outcomes)


def test_a_directory_in_place_of_the_store_is_reported_and_a_fetcher_works_without_one(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Store(tmp_path / "store.sqlite3", damage.ORIGIN)
    with running_environment(tmp_path, JOB) as env:
        process = env.start_process(stored=False)
        assert env.final(process, JOB.job_id).problem is None


@contextmanager
def max_file_size(size: int) -> Iterator[None]:
    """Simulate a full disk for this process: no file grows beyond `size` bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _assert_complete_and_not_stored(snapshot: Snapshot) -> None:
    assert list(snapshot.rows) == JOB.rows
    assert snapshot.problem is not None
    assert "could not be stored" in snapshot.problem.message


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_costs_no_row_and_stored_jobs_stay(tmp_path: Path) -> None:
    with running_environment(tmp_path, JOB) as env:
        process = env.start_process()
        assert process.store is not None
        damage.save(process.store, "one", *damage.pages_of("one"))
        with max_file_size(process.store.path.stat().st_size):
            _assert_complete_and_not_stored(env.final(process, JOB.job_id))
        stored = process.store.find("one")
        assert stored is not None
        assert list(stored.rows) == damage.rows_of("one")
        process.fetcher.refresh(JOB.job_id)
        assert env.run_until(lambda: process.fetcher.watch(JOB.job_id).problem is None, 60)
        assert process.store.find(JOB.job_id) is not None
        assert not list(tmp_path.glob("*.damaged-*"))


def test_a_read_only_disk_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_environment(tmp_path, JOB) as env:
        process = env.start_process()
        assert process.store is not None
        damage.save(process.store, "one", *damage.pages_of("one"))

        @functools.wraps(sqlite3.connect)
        def read_only(path: Path, **options: Any) -> sqlite3.Connection:  # a fake; SQLite itself refuses every write
            return sqlite3.Connection(f"file:{path}?mode=ro", uri=True, **options)

        monkeypatch.setattr(sqlite3, "connect", read_only)
        _assert_complete_and_not_stored(env.final(process, JOB.job_id))
        assert process.fetcher.watch("one").final
