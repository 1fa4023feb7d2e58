"""Rules 7 to 11: final jobs, failures, the key, the order of requests, memory; and callbacks."""

from __future__ import annotations

import functools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.unit.flying import FlyingClock
from tests.unit.jobs.conftest import MakeFetcher, MakeService
from xl_openfunnel import (
    AuthenticationError,
    Client,
    Fetcher,
    IncompleteResultError,
    JobStatus,
    JobTimeoutError,
    Page,
    Rows,
    Snapshot,
    Store,
)
from xl_openfunnel.fetch_rows import fetch_with
from xl_openfunnel.jobs.policy.state import JobState, PageRequest, RequestGate
from xl_openfunnel.jobs.snapshot import NO_ROWS, Problem
from xl_openfunnel.jobs.store.store import StoreBusyError
from xl_openfunnel.jobs.store.worker import StoreWorker
from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

ROWS = companies(650, seed=5, shape="narrow")


def polls(service: Simulator) -> int:
    return len(service.received)


# ---- 7: final is final ------------------------------------------------------------------------------------------


def test_a_final_job_is_never_requested_again(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path, clock: FlyingClock
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, tmp_path)
    fetcher.wait(job.job_id)
    before = polls(service)
    for _ in range(100):
        fetcher.watch(job.job_id)
    fetcher.wait("unknown", 3_600)
    assert len([r for r in service.received if r.job_id == job.job_id]) == before


@pytest.mark.parametrize("status", [404, 401, 400, 503])
def test_no_error_replaces_stored_rows(serve: MakeService, fetch: MakeFetcher, tmp_path: Path, status: int) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetch(service, tmp_path).wait(job.job_id)
    service.faults = (Fault("status", status=status),)
    fetcher = fetch(service, tmp_path)
    fetcher.refresh(job.job_id)
    seen = fetcher.wait(job.job_id, 100, until=lambda seen: seen.problem is not None)
    assert (seen.final, seen.status, list(seen.rows) == ROWS) == (True, "completed", True)
    assert list(fetch(service, tmp_path).watch(job.job_id).rows) == ROWS


def test_a_refresh_keeps_the_old_rows_until_the_new_ones_are_final(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, tmp_path)
    old = fetcher.wait(job.job_id)
    clock.time.sleep(1.0)
    service.faults = (Fault("status", status=503, cursor="page_0003", times=5),)
    seen: list[Snapshot] = []
    subscription = fetcher.subscribe(job.job_id, seen.append)
    fetcher.refresh(job.job_id)
    new = fetcher.wait(job.job_id)
    subscription.close()
    assert all(len(snapshot.rows) == 650 and snapshot.final for snapshot in seen)
    assert new.as_of is not None
    assert old.as_of is not None
    assert new.as_of > old.as_of
    assert new.source == "service"


def test_a_refresh_of_a_failed_job_with_fewer_rows_than_before_loses_none(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS, ending="failed", error_message="Index is down"))
    assert len(fetch(service, tmp_path).wait(job.job_id).rows) == 300
    service.faults = (Fault("status", status=404, cursor="page_0001"),)
    fetcher = fetch(service, tmp_path)
    fetcher.refresh(job.job_id)
    seen = fetcher.wait(job.job_id, until=lambda seen: seen.settled)
    assert (seen.status, len(list(seen.rows))) == ("failed", 300)
    assert seen.problem is not None
    assert seen.problem.message == "The job failed: Index is down"
    assert len(list(fetch(service, tmp_path).watch(job.job_id).rows)) == 300


def test_fifty_refreshes_of_one_job_cost_one(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service)
    fetcher.wait(job.job_id)
    before = polls(service)
    for _ in range(50):
        fetcher.refresh(job.job_id)
    fetcher.wait(job.job_id)
    assert polls(service) - before <= 2 * job.page_count


# ---- 8: whatever fails ------------------------------------------------------------------------------------------


def test_the_last_good_rows_stay_beside_the_problem_and_the_next_try(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve(job := SimulatedJob(ROWS, running=60.0))
    fetcher = fetch(service)
    clock.limit = clock.start + 30.0
    fetcher.wait(job.job_id, until=lambda seen: seen.pages == 3)
    service.stop()
    clock.allow(1e6)
    seen = fetcher.wait(job.job_id, until=lambda seen: seen.problem is not None and seen.next_try is not None)
    assert (len(seen.rows), seen.status, seen.settled) == (300, "running", False)
    assert seen.problem is not None
    assert seen.problem.kind in ("ConnectError", "TransportError")
    service.start()
    final = fetcher.wait(job.job_id)
    assert (list(final.rows) == ROWS, final.problem) == (True, None)


def test_during_an_outage_retries_become_slower(serve: MakeService, fetch: MakeFetcher, clock: FlyingClock) -> None:
    service = serve(job := SimulatedJob(ROWS), faults=[Fault("status", status=503)])
    seen = fetch(service).wait(job.job_id, 600)
    assert seen.problem is not None
    assert seen.problem.kind == "ServerError"
    at = [request.at - clock.start for request in service.received]
    assert at[:4] == pytest.approx([0.0, 0.5, 1.5, 3.5])
    assert max(later - earlier for earlier, later in pairwise(at)) == pytest.approx(60.0)
    assert len(at) < 20


def test_a_404_is_tried_three_times_over_ten_seconds_and_then_stands(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve()
    fetcher = fetch(service)
    seen = fetcher.wait("lost")
    assert [request.at - clock.start for request in service.received] == pytest.approx([0.0, 3.0, 10.0])
    assert (seen.settled, seen.next_try) == (True, None)
    assert seen.problem is not None
    assert seen.problem.kind == "JobNotFoundError"
    fetcher.wait("lost", 1_000)
    assert polls(service) == 3
    service.add(SimulatedJob(ROWS, job_id="lost"))
    fetcher.refresh("lost")
    assert fetcher.wait("lost").final


def test_a_fresh_job_may_lag(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS), faults=[Fault("status", status=404, times=2)])
    assert fetch(service).wait(job.job_id).final


# ---- 9: a refused key -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong_key", [401, 403, 422])
def test_a_refused_key_stops_all_polling_and_a_new_key_is_found_within_ten_seconds(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock, wrong_key: int
) -> None:
    jobs = [SimulatedJob(ROWS, job_id=f"job-{n}", running=1e5) for n in range(5)]
    service = serve(*jobs, wrong_key=wrong_key)
    key = ["of_wrong_key_000000"]
    fetcher = fetch(service, api_key=lambda: key[0])
    first = fetcher.wait("job-0")
    assert (first.settled, first.problem is not None and first.problem.kind) == (True, "AuthenticationError")
    others = [fetcher.wait(job.job_id, 60) for job in jobs[1:]]
    assert all(seen.problem is not None and seen.problem.kind == "AuthenticationError" for seen in others)
    assert polls(service) == 1
    clock.limit = clock.time() + 1.0
    fetcher.watch("job-0")
    key[0] = service.api_key
    clock.allow(20.0)
    for job_id in ("job-3", "job-0"):
        seen = fetcher.wait(job_id, until=lambda seen: seen.status is not None)
        assert (seen.status, seen.problem) == ("running", None)
    assert {request.job_id for request in service.received if request.key_ok} >= {"job-0", "job-3"}


def test_a_key_that_was_replaced_is_used_at_once(serve: MakeService, fetch: MakeFetcher, clock: FlyingClock) -> None:
    service = serve(first := SimulatedJob(ROWS), other := SimulatedJob(ROWS, job_id="other"), wrong_key=401)
    key = ["of_wrong_key_000000"]
    fetcher = fetch(service, api_key=lambda: key[0])
    assert fetcher.wait(first.job_id).problem is not None
    clock.limit = clock.time() + 5.0  # before the settings would be looked at
    key[0] = service.api_key
    fetcher.key_replaced()
    assert fetcher.wait(other.job_id).final


def test_a_key_that_was_replaced_while_another_works_asks_for_nothing(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service)
    assert fetcher.wait(job.job_id).final
    before = len(service.received)
    fetcher.key_replaced()
    assert fetcher.wait(job.job_id).final
    assert len(service.received) == before


def test_without_a_key_no_request_is_sent(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    seen = fetch(service, api_key=lambda: "").wait(job.job_id)
    assert seen.problem is not None
    assert seen.problem.kind == "MissingKeyError"
    assert polls(service) == 0


def test_a_refresh_tries_a_refused_key_again(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS), wrong_key=403)
    fetcher = fetch(service, api_key="of_soon_accepted")
    assert fetcher.wait(job.job_id).problem is not None
    service.accept_key("of_soon_accepted")
    fetcher.refresh(job.job_id)
    assert fetcher.wait(job.job_id).final


# ---- 10: polls and pages take turns -----------------------------------------------------------------------------


def test_a_jobs_first_request_goes_before_the_pages_of_another_jobs_download(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENFUNNEL_CONCURRENCY", "1")
    service = serve(
        big := SimulatedJob(companies(3_000, seed=1, shape="narrow"), job_id="big"),
        small := SimulatedJob(ROWS[:10], job_id="small"),
    )
    fetcher = fetch(service)
    fetcher.wait(big.job_id, until=lambda seen: seen.status is not None)
    fetcher.wait(small.job_id)
    order = [request.job_id for request in service.received]
    fetcher.wait(big.job_id)
    assert order.index("small") < 29


def test_a_finished_job_becomes_final_while_more_jobs_run_than_can_be_polled(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENFUNNEL_CONCURRENCY", "1")
    running = [SimulatedJob(ROWS, job_id=f"running-{number}", running=1e5) for number in range(30)]
    over = SimulatedJob(ROWS, job_id="over")
    service = serve(*running, over, latency=1.0)
    fetcher = fetch(service)
    for job in (*running, over):
        fetcher.watch(job.job_id)
    assert fetcher.wait(over.job_id, 500).final
    sent = [request.job_id == "over" for request in service.received]
    first, last = sent.index(True), len(sent) - 1 - sent[::-1].index(True)
    assert sent[first:last].count(False) <= len(running) + 2 * over.page_count, "one poll for each page"


def test_jobs_are_polled_while_more_pages_wait_than_can_be_read(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENFUNNEL_CONCURRENCY", "1")
    big = SimulatedJob(companies(6_000, seed=1, shape="narrow"), job_id="big")
    service = serve(big, running := SimulatedJob(ROWS, job_id="running", running=1e5), latency=1.0)
    fetcher = fetch(service)
    fetcher.watch(running.job_id)
    assert fetcher.wait(big.job_id).final
    sent = [request.job_id for request in service.received]
    assert sent.count("running") >= 5


# ---- 11: memory -------------------------------------------------------------------------------------------------


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


def test_no_more_jobs_are_downloaded_at_once_than_requests_are_sent(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENFUNNEL_CONCURRENCY", "2")
    jobs = [SimulatedJob(ROWS, job_id=f"job-{number}") for number in range(6)]
    service = serve(*jobs)
    fetcher = fetch(service, tmp_path)
    for job in jobs:
        fetcher.watch(job.job_id)
    assert all(fetcher.wait(job.job_id).final for job in jobs)
    pages = [request.job_id for request in service.received if request.cursor]
    first: dict[str | None, int] = {}
    last: dict[str | None, int] = {}
    for number, job_id in enumerate(pages):
        first.setdefault(job_id, number)
        last[job_id] = number
    for number in range(len(pages)):
        assert sum(first[job_id] <= number <= last[job_id] for job_id in first) <= 2


def test_a_job_whose_pages_fail_blocks_no_other(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENFUNNEL_CONCURRENCY", "1")
    bad = SimulatedJob(ROWS, job_id="bad", opaque_cursors=True)
    service = serve(bad, good := SimulatedJob(ROWS, job_id="good"))
    service.faults = (Fault("status", status=503, cursor=bad.page_names()[2]),)
    fetcher = fetch(service)
    fetcher.wait("bad", until=lambda seen: seen.problem is not None)
    assert list(fetcher.wait(good.job_id).rows) == ROWS


# ---- telling ----------------------------------------------------------------------------------------------------


def test_a_callback_that_raises_does_not_stop_the_others(
    serve: MakeService, fetch: MakeFetcher, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve(job := SimulatedJob(ROWS, running=20.0))
    fetcher = fetch(service)
    told: list[Snapshot] = []
    final = threading.Event()

    def good(seen: Snapshot) -> None:
        told.append(seen)
        if seen.final:
            final.set()

    def bad(seen: Snapshot) -> None:
        raise ValueError(seen.job_id)

    subscriptions = [fetcher.subscribe(job.job_id, bad), fetcher.subscribe(job.job_id, good)]
    fetcher.wait(job.job_id)
    assert final.wait(30)
    for subscription in subscriptions:
        subscription.close()
    assert told[-1].final
    assert "a callback for job" in caplog.text


def test_wait_does_not_raise_and_keeps_to_its_timeout(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    clock.limit = clock.start + 42.0
    service = serve(job := SimulatedJob(ROWS, running=1e6))
    seen = fetch(service).wait(job.job_id, 42.0)
    assert (seen.status, seen.final) == ("running", False)
    assert clock.time() - clock.start == pytest.approx(42.0)


def test_an_exception_in_a_condition_is_raised_by_wait(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    with pytest.raises(ZeroDivisionError):
        fetch(service).wait(job.job_id, until=lambda seen: bool(1 / 0))


def test_a_bug_becomes_a_problem_and_ends_the_wait(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    monkeypatch.setattr("xl_openfunnel.jobs.policy.steps.answered", lambda *_: 1 / 0)
    seen = fetch(service).wait(job.job_id)
    assert (seen.settled, seen.final) == (True, False)
    assert seen.problem is not None
    assert "Something unexpected happened (ZeroDivisionError)" in seen.problem.message
    assert "met something unexpected" in caplog.text


def test_a_key_that_is_stored_minutes_later_is_found(
    serve: MakeService, clock: FlyingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    monkeypatch.setenv("OPENFUNNEL_API_KEY", "of_wrong_000000")
    with Client(service.base_url) as client, Fetcher(client, clock=clock, jitter=lambda: 0.5) as fetcher:
        clock.busy = lambda: fetcher.busy
        assert fetcher.wait(job.job_id).problem is not None
        fetcher.wait("another", 60, until=lambda seen: False)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        assert fetcher.wait(job.job_id, 60, until=lambda seen: seen.final).final


def test_a_key_function_that_fails_is_called_again(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    answers = iter(["of_wrong_000000", "of_wrong_000000", None, None])

    def key() -> str:
        found = next(answers, service.api_key)
        if found is None:
            raise OSError("the keyring is locked")
        return found

    fetcher = fetch(service, api_key=key)
    assert fetcher.wait(job.job_id).problem is not None
    assert fetcher.wait(job.job_id, 120, until=lambda seen: seen.final).final


def test_a_number_too_large_for_sqlite_does_not_stop_a_job(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS, manifest={"credits_consumed": 10**400}, extra={"processed": 10**19}))
    seen = fetch(service, tmp_path).wait(job.job_id)
    assert (seen.final, list(seen.rows) == ROWS, seen.problem) == (True, True, None)
    assert fetch(service, tmp_path).watch(job.job_id).source == "store"


@pytest.mark.parametrize("timeout", [1e10, 1e300, float("inf")])
def test_no_timeout_is_too_long(serve: MakeService, fetch: MakeFetcher, timeout: float) -> None:
    service = serve(job := SimulatedJob(ROWS, running=30.0))
    assert fetch(service).wait(job.job_id, timeout).final


def test_a_timeout_of_nan_counts_as_0(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, running=1e6))
    assert not fetch(service).wait(job.job_id, float("nan")).final


def test_rows_that_another_process_replaced_are_loaded_again(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    here = fetch(service, tmp_path)
    here.wait(job.job_id)
    there = fetch(service, tmp_path)
    there.refresh(job.job_id)
    there.wait(job.job_id)
    assert len(fetch_with(here, job.job_id)) == 650


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


def test_an_unexpected_exception_in_a_request_is_a_problem_and_is_retried(
    serve: MakeService, fetch: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(job := SimulatedJob(ROWS[:10]))
    fetcher = fetch(service)
    right = fetcher._client.page

    def page(job_id: str, cursor: str | None = None) -> Page:
        monkeypatch.setattr(fetcher._client, "page", right)
        raise KeyError("of_live_no_word_of_this")

    monkeypatch.setattr(fetcher._client, "page", page)
    seen = fetcher.wait(job.job_id, until=lambda seen: seen.problem is not None)
    assert seen.problem is not None
    assert "Something unexpected happened (KeyError)" in seen.problem.message
    assert fetcher.wait(job.job_id).final


def test_a_queued_request_is_not_sent_once_all_are_held_back(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve(SimulatedJob(ROWS))
    requests = fetch(service)._scheduler._requests
    for gate in (
        RequestGate(closed_until=clock.time() + 1),
        RequestGate(key_problem=Problem(AuthenticationError("no"), clock.utcnow())),
    ):
        requests.gate = gate
        requests._fetch("job", 0, PageRequest(None, "poll"))
    assert service.received == []


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


def test_closing_the_fetcher_ends_waits_with_an_error(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, running=1e9))
    fetcher = fetch(service)
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            fetch_with(fetcher, job.job_id)
        except JobTimeoutError as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    fetcher.wait(job.job_id, until=lambda seen: seen.status is not None)
    fetcher.close()
    waiting.join()
    assert "forgotten, or the fetcher closed" in str(raised[0])


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
