"""Rules 7 to 11: final jobs, failures, the order of requests, memory; and callbacks."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.flying import FlyingClock
from tests.unit.jobs.conftest import ROWS, MakeFetcher, MakeService, polls
from xl_openfunnel import (
    AuthenticationError,
    JobTimeoutError,
    Page,
    Snapshot,
)
from xl_openfunnel.fetch_rows import fetch_with
from xl_openfunnel.jobs.policy.state import PageRequest, RequestGate
from xl_openfunnel.jobs.snapshot import Problem
from xl_openfunnel.simulator import Fault, SimulatedJob, companies

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


@pytest.mark.parametrize("timeout", [1e10, 1e300, float("inf")])
def test_no_timeout_is_too_long(serve: MakeService, fetch: MakeFetcher, timeout: float) -> None:
    service = serve(job := SimulatedJob(ROWS, running=30.0))
    assert fetch(service).wait(job.job_id, timeout).final


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
