"""Damaged stores, and disks that do not do what they should."""

from __future__ import annotations

import functools
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel import ConfigurationError, Store
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.simulator import SimulatedJob, companies

from . import damage
from .world import world

JOB = SimulatedJob(companies(350, seed=5, shape="narrow"), job_id="the-job")


def test_a_damaged_store_loses_jobs_at_the_most_and_takes_new_ones(tmp_path: Path) -> None:
    outcomes = damage.run(tmp_path / "store", times=80)
    assert sum(outcomes.values()) == 80
    assert any("set aside" in outcome for outcome in outcomes)
    assert any("used, 2" in outcome for outcome in outcomes)


def test_a_directory_in_its_place_is_said_and_the_fetcher_works_without_a_store(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Store(tmp_path / "store.sqlite3", damage.ORIGIN)
    with world(tmp_path, JOB) as here:
        seat = here.seat(stored=False)
        seat.fetcher.watch(JOB.job_id)
        assert here.until(lambda: seat.fetcher.watch(JOB.job_id).final, 60)


@contextmanager
def files_end_after(size: int) -> Iterator[None]:
    """A full disk, as far as a process can have one to itself: no file grows beyond ``size`` bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_costs_no_row_and_what_was_stored_stays(tmp_path: Path) -> None:
    with world(tmp_path, JOB) as here:
        seat = here.seat()
        assert seat.store is not None
        seat.store.save("one", damage.result_of("one"), damage.pages_of("one"), None)
        with files_end_after(seat.store.path.stat().st_size):
            seat.fetcher.watch(JOB.job_id)
            assert here.until(lambda: seat.fetcher.watch(JOB.job_id).final, 60)
            seen = seat.fetcher.watch(JOB.job_id)
        assert list(seen.rows) == JOB.rows
        assert seen.problem is not None
        assert "could not be stored" in seen.problem.message
        kept = seat.store.find("one")
        assert kept is not None
        assert list(kept.rows) == list(Rows.of(damage.pages_of("one")))
        seat.fetcher.refresh(JOB.job_id)
        assert here.until(lambda: seat.fetcher.watch(JOB.job_id).problem is None, 60)
        assert seat.store.find(JOB.job_id) is not None
        assert not list(tmp_path.glob("*.damaged-*"))


def test_a_disk_that_can_only_be_read_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with world(tmp_path, JOB) as here:
        seat = here.seat()
        assert seat.store is not None
        seat.store.save("one", damage.result_of("one"), damage.pages_of("one"), None)

        @functools.wraps(sqlite3.connect)
        def read_only(path: Path, **options: Any) -> sqlite3.Connection:  # a fake: SQLite itself refuses every write
            return sqlite3.Connection(f"file:{path}?mode=ro", uri=True, **options)

        monkeypatch.setattr(sqlite3, "connect", read_only)
        seat.fetcher.watch(JOB.job_id)
        assert here.until(lambda: seat.fetcher.watch(JOB.job_id).final, 60)
        seen = seat.fetcher.watch(JOB.job_id)
        assert list(seen.rows) == JOB.rows
        assert seen.problem is not None
        assert "could not be stored" in seen.problem.message
        assert seat.fetcher.watch("one").final
