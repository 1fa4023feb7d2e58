"""What becomes of a job whose rows leave memory, or whose store another process changes."""

from __future__ import annotations

import functools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.jobs.conftest import ROWS, MakeFetcher, MakeService
from xl_openfunnel import (
    IncompleteResultError,
    JobStatus,
    Page,
    Rows,
    Snapshot,
    Store,
)
from xl_openfunnel.fetch_rows import fetch_with
from xl_openfunnel.jobs.policy.state import JobState
from xl_openfunnel.jobs.snapshot import NO_ROWS
from xl_openfunnel.jobs.store.database import StoreBusyError
from xl_openfunnel.jobs.store.worker import StoreWorker
from xl_openfunnel.simulator import Fault, SimulatedJob


def test_the_rows_of_a_stored_job_leave_memory_and_come_back(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, tmp_path)
    seen = fetcher.wait(job.job_id)
    assert list(seen.rows) == ROWS
    fetcher.forget(job.job_id)
    with pytest.raises(Exception, match="removed or replaced"):
        list(seen.rows)
    assert fetcher.watch(job.job_id).status is None


def test_a_number_too_large_for_sqlite_does_not_stop_a_job(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS, manifest={"credits_consumed": 10**400}, extra={"processed": 10**19}))
    seen = fetch(service, tmp_path).wait(job.job_id)
    assert (seen.final, list(seen.rows) == ROWS, seen.problem) == (True, True, None)
    assert fetch(service, tmp_path).watch(job.job_id).source == "store"


def test_rows_that_another_process_replaced_are_loaded_again(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    here = fetch(service, tmp_path)
    here.wait(job.job_id)
    there = fetch(service, tmp_path)
    service.faults = (Fault("envelope", cursor="page_0001", envelope={"rows": lambda rows: rows[::-1]}),)
    there.refresh(job.job_id)
    there.wait(job.job_id)
    names = [row["name"] for row in (*ROWS[:100], *ROWS[199:99:-1], *ROWS[200:])]
    assert fetch_with(here, job.job_id)["name"].tolist() == names


def test_rows_that_another_process_removed_are_downloaded_again(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    here = fetch(service, tmp_path)
    here.wait(job.job_id)
    fetch(service, tmp_path).forget(job.job_id)
    assert len(fetch_with(here, job.job_id)) == 650


@pytest.mark.skipif(sys.platform == "win32", reason="a file in use cannot be removed there")
def test_a_store_whose_file_is_removed_while_in_use_is_created_again(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS), other := SimulatedJob(ROWS[:10]))
    fetcher = fetch(service, tmp_path)
    fetcher.wait(job.job_id)
    for file in tmp_path.glob("store.sqlite3*"):
        file.unlink()
    assert len(fetch_with(fetcher, job.job_id)) == 650
    assert fetcher.wait(other.job_id).problem is None


def test_a_job_that_is_forgotten_while_it_is_stored_does_not_come_back(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, tmp_path)
    for _ in range(10):
        fetcher.wait(job.job_id, until=lambda seen: len(seen.rows) > 0)
        fetcher.forget(job.job_id)
    assert fetch(service, tmp_path).watch(job.job_id).status is None


def test_a_job_that_is_forgotten_during_its_first_lookup_does_not_come_back(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    assert fetch(service, tmp_path).wait(job.job_id).final
    fetcher = fetch(service, tmp_path)
    scheduler = fetcher._scheduler
    initial_state = scheduler._initial_state

    def initial_state_and_forget(job_id: str) -> JobState:
        found = initial_state(job_id)
        monkeypatch.setattr(scheduler, "_initial_state", initial_state)
        fetcher.forget(job_id)
        return found

    monkeypatch.setattr(scheduler, "_initial_state", initial_state_and_forget)
    fetcher.watch(job.job_id)
    seen = fetcher.wait(job.job_id, until=lambda seen: seen.source != "store" and seen.final)
    assert list(seen.rows) == ROWS


def test_a_job_that_is_forgotten_before_it_is_recorded_is_not_recorded(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS, running=1e9))
    fetcher = fetch(service, tmp_path)
    fetcher.watch(job.job_id)
    release = threading.Event()
    fetcher._scheduler._store_worker._thread.submit(functools.partial(release.wait, 30))  # type: ignore[arg-type]
    fetcher.wait(job.job_id, until=lambda seen: seen.status is not None)
    done = fetcher._scheduler.forget(job.job_id)
    release.set()
    assert done.wait(30)
    fetcher.close()
    assert Store(tmp_path / "store.sqlite3", service.base_url).ledger() == []


def test_a_response_from_before_a_job_was_forgotten_is_ignored(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(job := SimulatedJob(ROWS, running=1e9))
    fetcher = fetch(service)
    client, begun, go = fetcher._client, threading.Event(), threading.Event()
    requested: list[str] = []

    def page(job_id: str, cursor: str | None = None) -> Page:
        requested.append(job_id)
        if len(requested) == 1:
            begun.set()
            go.wait()
            return Page(JobStatus.RUNNING, stage="old")
        go.set()
        while fetcher._scheduler.tasks_under_way > 1:  # the old response comes first
            pass
        return Page(JobStatus.RUNNING, stage="new")

    monkeypatch.setattr(client, "page", page)
    with ThreadPoolExecutor() as waiting:
        waiting.submit(fetcher.wait, job.job_id, until=lambda _: begun.is_set())
        assert begun.wait(30)
        fetcher.forget(job.job_id)
    stages: list[str | None] = []

    def is_new(seen: Snapshot) -> bool:
        stages.append(seen.stage)
        return seen.stage == "new"

    fetcher.wait(job.job_id, until=is_new)
    assert set(stages) <= {None, "new"}


def test_a_store_that_fails_costs_a_request_and_no_row(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(job := SimulatedJob(ROWS), other := SimulatedJob(ROWS, job_id="other"))
    errors: list[Exception] = [StoreBusyError("at first sight"), OSError("then"), OSError("at first sight")]

    def find(*_: object, **__: object) -> None:
        raise errors.pop(0)

    fetcher = fetch(service, tmp_path)
    monkeypatch.setattr(fetcher.store, "find", find)
    monkeypatch.setattr(fetcher.store, "save", lambda _, result, *__: result)
    assert list(fetcher.wait(job.job_id).rows) == ROWS
    assert list(fetcher.wait(other.job_id).rows) == ROWS
    assert errors == []


def test_the_ledger_keeps_the_row_count_of_a_stored_job_during_a_refresh(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite3", "http://127.0.0.1:1")
    rows = Rows.of([Page(JobStatus.COMPLETED, row_count=100)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    worker = StoreWorker(store, lambda _, __: None)
    over = Snapshot("job", status=JobStatus.COMPLETED, rows=rows, final=True)
    for seen in (over, replace(over, rows=NO_ROWS, final=False)):
        worker.record(seen, now, is_current=lambda: True)
    worker.close()
    assert [entry.row_count for entry in store.ledger()] == [100]


def test_rows_found_missing_while_new_ones_are_stored_block_no_wait(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, path=tmp_path)
    old = fetcher.wait(job.job_id)
    store = fetcher.store
    assert isinstance(store, Store)
    keep, begun, go, heard = store.save, threading.Event(), threading.Event(), threading.Event()

    def keep_later(*given: Any) -> Any:
        begun.set()
        assert go.wait(30)
        return keep(*given)

    monkeypatch.setattr(store, "save", keep_later)
    fetcher.refresh(job.job_id)
    assert begun.wait(30)
    Store(store.path, store.origin).forget(job.job_id)
    with pytest.raises(IncompleteResultError):
        list(old.rows)
    fetcher._scheduler.loop.when_handled(heard.set)  # after `RowsLost`
    assert heard.wait(30)
    go.set()
    seen = fetcher.wait(job.job_id, 60)
    assert (seen.final, seen.problem, list(seen.rows)) == (True, None, ROWS)


def test_a_closed_fetcher_still_returns_stored_rows(serve: MakeService, fetch: MakeFetcher, tmp_path: Path) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetch(service, path=tmp_path).wait(job.job_id)
    closed = fetch(service, path=tmp_path)
    closed.close()
    assert list(closed.wait(job.job_id).rows) == ROWS
