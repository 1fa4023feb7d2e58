"""Rules 1 to 6 of the fetcher: watching, polling, the end of a job. Over real HTTP, in simulated time."""

from __future__ import annotations

import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.flying import FlyingClock
from tests.unit.jobs.conftest import ROWS, MakeFetcher, MakeService, polls
from xl_openfunnel import InvalidJobIdError, JobStatus, Snapshot
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator


def cursors(service: Simulator) -> Counter[str | None]:
    return Counter(request.cursor for request in service.received)


# ---- 1: watch never touches the network and never waits ---------------------------------------------------------


def test_watch_returns_an_empty_snapshot_of_an_unknown_job_at_once(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    clock.limit = clock.time()
    service = serve(job := SimulatedJob(ROWS))
    seen = fetch(service).watch(job.job_id)
    assert (seen.status, seen.final, seen.problem, len(seen.rows)) == (None, False, None, 0)
    assert polls(service) == 0


def test_the_first_watch_returns_a_stored_job(serve: MakeService, fetch: MakeFetcher, tmp_path: Path) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetch(service, tmp_path).wait(job.job_id)
    before = polls(service)
    seen = fetch(service, tmp_path).watch(job.job_id)
    assert (seen.status, seen.final, seen.source, list(seen.rows)) == ("completed", True, "store", ROWS)
    assert polls(service) == before


@pytest.mark.parametrize("text", ["", " ", "a b", "../credits", "..", "a/b", "x" * 129, "é", "https://h/a b"])
def test_an_invalid_job_id_raises_without_a_request(serve: MakeService, fetch: MakeFetcher, text: str) -> None:
    service = serve()
    with pytest.raises(InvalidJobIdError):
        fetch(service).watch(text)
    assert polls(service) == 0


def test_a_url_names_its_job(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS[:10]))
    assert fetch(service).wait(f"https://app.openfunnel.dev/jobs/{job.job_id}/?tab=rows").job_id == job.job_id


# ---- 2: one job, one scheduler ----------------------------------------------------------------------------------


def test_fifty_threads_cost_one_jobs_requests_and_nothing_once_stored(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, tmp_path)
    seen: list[Snapshot] = []
    threads = [threading.Thread(target=lambda: seen.append(fetcher.wait(job.job_id))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [list(snapshot.rows) == ROWS for snapshot in seen] == [True] * 50
    assert polls(service) == job.page_count
    again = fetch(service, tmp_path)
    assert [again.wait(job.job_id).final for _ in range(50)] == [True] * 50
    assert polls(service) == job.page_count


def test_watching_again_and_again_costs_no_request_at_any_moment(serve: MakeService, fetch: MakeFetcher) -> None:
    """As a hard recalculation does; a status is terminal some requests before its job is final."""

    def requests(watches: int) -> Counter[str | None]:
        service = serve(job := SimulatedJob(ROWS, pending=10.0, running=60.0))
        fetcher = fetch(service)
        moments: dict[tuple[str, bool, int], int] = {}

        def is_final(seen: Snapshot) -> bool:
            moment = str(seen.status), seen.final, len(seen.rows)
            if moment not in moments:
                moments[moment] = polls(service)
                for _ in range(watches):
                    fetcher.watch(job.job_id)
            return seen.final

        fetcher.wait(job.job_id, until=is_final)
        before_end = [count for (status, final, _), count in moments.items() if status == "completed" and not final]
        assert min(before_end) < polls(service)
        return cursors(service)

    assert requests(watches=200) == requests(watches=0)


def test_tracking_ends_ten_minutes_after_the_last_watch(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve(job := SimulatedJob(ROWS, running=1e6))
    clock.limit = clock.start + 500
    fetcher = fetch(service)
    fetcher.wait(job.job_id, until=lambda seen: clock.time() >= clock.start + 480)
    fetcher.watch(job.job_id)  # starts another ten minutes
    clock.allow(1e9)
    assert fetcher.wait("nobody", 1_000, until=lambda seen: False).problem is not None
    last = max(request.at for request in service.received if request.job_id == job.job_id)
    assert 1_060 < last - clock.start <= 1_100


def test_tracking_ends_after_the_given_watch_ttl(serve: MakeService, fetch: MakeFetcher, clock: FlyingClock) -> None:
    service = serve(job := SimulatedJob(ROWS, running=1e6))
    fetcher = fetch(service, watch_ttl=30.0)
    fetcher.watch(job.job_id)
    fetcher.wait("nobody", 300, until=lambda seen: False)
    last = max(request.at for request in service.received if request.job_id == job.job_id)
    assert 15 < last - clock.start < 30


def test_a_job_is_tracked_while_a_subscription_is_open(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve(job := SimulatedJob(ROWS, running=900.0))
    fetcher = fetch(service)
    clock.has_waiters = lambda: True  # without a call of wait
    final = threading.Event()
    subscription = fetcher.subscribe(job.job_id, lambda seen: final.set() if seen.final else None)
    assert final.wait(100)
    subscription.close()


# ---- 3: polls ---------------------------------------------------------------------------------------------------


def test_a_poll_reads_the_first_and_the_last_page_and_no_other_again(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, running=60.0))
    fetcher = fetch(service)
    fetcher.wait(job.job_id, until=lambda seen: seen.pages == 6)
    asked = [request.cursor for request in service.received]
    while_running = cursors(service)
    assert while_running[None] > 10
    firsts = {cursor: asked.index(cursor) for cursor in while_running if cursor}
    for cursor, first in firsts.items():
        later = [c for c in firsts if firsts[c] > first]
        if later:
            assert cursor not in asked[min(firsts[c] for c in later) + 1 :], f"{cursor} was read after the next page"


def test_intervals_grow_from_2_to_15_seconds_and_start_over_when_something_moves(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve(job := SimulatedJob(ROWS, pending=100.0, running=20.0))
    fetch(service).wait(job.job_id, until=lambda seen: seen.status == "running")
    at = [request.at - clock.start for request in service.received]
    gaps = [round(later - earlier, 2) for earlier, later in pairwise(at)]
    assert gaps[:5] == [2.0, 3.0, 4.5, 6.75, 10.12]
    assert max(gaps) == 15.0
    fetch_on = fetch(service)
    fetch_on.wait(job.job_id, 5, until=lambda seen: seen.processed is not None)
    since = [request.at for request in service.received if request.cursor is None][-3:]
    assert since[-1] - since[-2] <= 3.0


def test_the_first_request_waits_a_second_for_watch_and_not_for_wait(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve(watched := SimulatedJob(ROWS, job_id="watched"), awaited := SimulatedJob(ROWS, job_id="awaited"))
    clock.limit = clock.time()
    fetcher = fetch(service)
    fetcher.watch(watched.job_id)
    fetcher.wait(awaited.job_id)
    assert {request.job_id for request in service.received} == {"awaited"}
    clock.allow(1.0)
    fetcher.wait(watched.job_id)
    first = next(request for request in service.received if request.job_id == "watched")
    assert first.at - clock.start in (0.0, 1.0)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Fault("status", status=429, retry_after="7", times=1), 7.0),
        (Fault("status", status=429, details_retry_after=9, times=1), 9.0),
        (Fault("status", status=503, retry_after="11", times=1), 11.0),
        (Fault("status", status=429, retry_after="86400", times=1), 300.0),
    ],
)
def test_retry_after_is_honoured_up_to_a_ceiling(
    serve: MakeService, fetch: MakeFetcher, fault: Fault, seconds: float
) -> None:
    service = serve(job := SimulatedJob(ROWS[:10]), faults=[fault])
    assert fetch(service).wait(job.job_id).final
    first, second = service.received
    assert second.at - first.at == pytest.approx(seconds)


def test_a_429_holds_back_the_requests_of_every_job(serve: MakeService, fetch: MakeFetcher, clock: FlyingClock) -> None:
    limited = Fault("status", status=429, retry_after="30", times=1)
    service = serve(one := SimulatedJob(ROWS[:10], job_id="one"), two := SimulatedJob(ROWS, job_id="two"))
    clock.limit = clock.start
    fetcher = fetch(service)
    service.faults = (limited,)
    fetcher.wait(one.job_id, until=lambda seen: seen.problem is not None)
    fetcher.watch(two.job_id)
    clock.allow(1e9)
    fetcher.wait(two.job_id)
    assert min(r.at for r in service.received if r.job_id == "two") - clock.start == 30


# ---- 4: rows as they come ---------------------------------------------------------------------------------------


def test_rows_of_a_running_job_come_page_by_page_and_are_provisional(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, pending=3.0, running=60.0))
    fetcher = fetch(service)
    seen: list[Snapshot] = []
    subscription = fetcher.subscribe(job.job_id, seen.append)
    final = fetcher.wait(job.job_id)
    subscription.close()
    counts = [len(snapshot.rows) for snapshot in seen]
    assert counts == sorted(counts)
    assert {0, 100, 200, 300}.issubset(counts)
    assert all(snapshot.provisional == (not snapshot.final) for snapshot in seen if len(snapshot.rows))
    assert list(final.rows) == ROWS


def test_running_job_with_null_cursor_is_not_complete(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS[:100], running=30.0))
    fetcher = fetch(service)
    seen = fetcher.wait(job.job_id, until=lambda seen: len(seen.rows) == 100)
    assert (seen.status, seen.final, seen.provisional, seen.settled) == ("running", False, True, False)


def test_an_unknown_status_is_kept_and_means_that_the_job_still_runs(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, ending="paused"))
    seen = fetch(service).wait(job.job_id, until=lambda seen: seen.pages == 3 and seen.next_try is not None)
    assert (seen.status, seen.final, seen.settled) == (JobStatus("paused"), False, False)


# ---- 5: the end -------------------------------------------------------------------------------------------------


def test_a_rerank_at_the_end_leaves_no_row_twice_and_none_missing(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, running=60.0))
    fetcher = fetch(service)
    before = fetcher.wait(job.job_id, until=lambda seen: seen.pages == 6)
    assert list(before.rows) != ROWS[:600]
    final = fetcher.wait(job.job_id)
    assert list(final.rows) == ROWS
    assert (final.provisional, final.final, final.status) == (False, True, "completed")


def test_the_first_page_is_not_read_again_if_its_status_is_terminal(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetch(service).wait(job.job_id)
    assert cursors(service) == Counter([None, *job.page_names()[1:]])


def test_cursors_that_cannot_be_predicted_are_followed(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, opaque_cursors=True, running=20.0))
    assert list(fetch(service).wait(job.job_id).rows) == ROWS


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=404, cursor="page_0003", times=1),
        Fault("status", status=422, cursor="page_0003", times=1),
        Fault("status", status=500, cursor="page_0003", times=3),
        Fault("envelope", envelope={"page": "page_0004"}, cursor="page_0003", times=1),
        Fault("envelope", envelope={"next_cursor": "page_0005"}, cursor="page_0003", times=1),
        Fault("envelope", envelope={"next_cursor": None}, cursor="page_0003", times=1),
        Fault("envelope", envelope={"status": "running"}, cursor="page_0003", times=1),
        Fault("envelope", without=["page"], cursor="page_0003", times=1),
        Fault("html", cursor="page_0006", times=2),
        Fault("cut", times=1),
        Fault("cut_chunked", times=1),
        Fault("reset", times=2),
        Fault("reset_after_headers", times=2),
        Fault("json", body=b'{"rows": [', times=2),
        Fault("status", status=503, rate=0.3),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{dict(fault.envelope)}-{fault.without}",
)
def test_a_wrong_prediction_or_a_fault_costs_requests_and_never_a_row(
    serve: MakeService, fetch: MakeFetcher, fault: Fault
) -> None:
    service = serve(job := SimulatedJob(ROWS), faults=[fault])
    seen = fetch(service).wait(job.job_id)
    assert seen.final, seen.problem
    assert list(seen.rows) == ROWS
    assert seen.problem is None


@pytest.mark.parametrize(
    ("manifest", "numbers"),
    [
        ({"count": 651}, ("651", "650")),
        ({"count": 649}, ("649", "650")),
        ({"pages": 8}, ("8", "7")),
        ({"pages": 6}, ("6", "leads to another")),
    ],
)
def test_a_difference_from_the_manifest_names_both_numbers(
    serve: MakeService, fetch: MakeFetcher, manifest: dict[str, int], numbers: tuple[str, str]
) -> None:
    service = serve(job := SimulatedJob(ROWS, manifest=manifest))
    seen = fetch(service).wait(job.job_id, until=lambda seen: seen.settled)
    assert (seen.final, seen.settled) == (False, True)
    assert seen.problem is not None
    assert seen.problem.kind == "IncompleteResultError"
    assert all(number in seen.problem.message for number in numbers)
    assert seen.provisional
    assert len(service.received) <= 3 * 9


def test_an_empty_job_is_final_with_no_page(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob([]))
    seen = fetch(service).wait(job.job_id)
    assert (seen.final, seen.pages, len(seen.rows), seen.problem) == (True, 0, 0, None)


def test_without_a_manifest_the_result_ends_at_a_null_cursor_says_so_and_is_not_stored(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS, manifest=None))
    seen = fetch(service, tmp_path).wait(job.job_id)
    assert (seen.final, list(seen.rows) == ROWS) == (True, True)
    assert seen.problem is not None
    assert "OpenFunnel gave no total; these may not be all." in seen.problem.message
    assert fetch(service, tmp_path).watch(job.job_id).status is None


def test_a_failed_job_is_final_with_the_services_message_and_its_rows_and_never_polled_again(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS, ending="failed", error_message="Index is down"))
    seen = fetch(service, tmp_path).wait(job.job_id)
    assert (seen.status, seen.final) == ("failed", True)
    assert seen.problem is not None
    assert seen.problem.message == "The job failed: Index is down"
    assert len(seen.rows) == 300
    before = polls(service)
    again = fetch(service, tmp_path).wait(job.job_id)
    assert again.problem is not None
    assert again.problem.message == "The job failed: Index is down"
    assert polls(service) == before


def test_a_failed_job_whose_pages_are_gone_is_final_with_the_rows_that_are_left(
    serve: MakeService, fetch: MakeFetcher
) -> None:
    gone = Fault("status", status=404, cursor="page_0001")
    service = serve(job := SimulatedJob(ROWS, ending="failed"), faults=[gone])
    seen = fetch(service).wait(job.job_id)
    assert (seen.status, seen.final, len(seen.rows)) == ("failed", True, 100)


def test_a_cancelled_job_has_the_delivered_rows(serve: MakeService, fetch: MakeFetcher, time: ManualClock) -> None:
    service = serve(job := SimulatedJob(ROWS, ending="cancelled"))
    seen = fetch(service).wait(job.job_id)
    assert seen.final
    assert seen.manifest is not None
    assert seen.manifest["partial"] is True
    assert len(seen.rows) == seen.manifest["count"] == 300


# ---- 6: a walk cannot run away ----------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [0.0, 1e6])
def test_a_cursor_loop_ends_with_a_problem(serve: MakeService, fetch: MakeFetcher, running: float) -> None:
    loop = Fault("envelope", envelope={"next_cursor": "page_0001"}, cursor="page_0002")
    service = serve(job := SimulatedJob(ROWS, running=running, manifest=None), faults=[loop])
    if running:
        service.faults = (Fault("envelope", envelope={"next_cursor": "page_0000"}, cursor=None),)
    seen = fetch(service).wait(job.job_id, 60, until=lambda seen: seen.settled)
    assert not seen.final
    assert seen.problem is not None
    assert seen.problem.kind == "InvalidResponseError"
    assert len(service.received) < 30


def test_a_missing_manifest_is_waited_for(serve: MakeService, fetch: MakeFetcher) -> None:
    lagging = Fault("envelope", envelope={"manifest": None, "next_cursor": None}, cursor=None, times=1)
    service = serve(job := SimulatedJob(ROWS), faults=[lagging])
    seen = fetch(service).wait(job.job_id, until=lambda seen: seen.final)
    assert (list(seen.rows) == ROWS, seen.problem) == (True, None)


def test_without_a_manifest_fewer_rows_than_were_processed_are_incomplete(
    serve: MakeService, fetch: MakeFetcher
) -> None:
    short = Fault("envelope", envelope={"manifest": None, "next_cursor": None}, cursor=None)
    service = serve(job := SimulatedJob(ROWS), faults=[short])
    seen = fetch(service).wait(job.job_id)
    assert (seen.final, seen.settled) == (False, True)
    assert seen.problem is not None
    assert "650 companies; 100 could be read" in seen.problem.message


# ---- 8: what a person must mend is told at once, and looked for again -----------------------------------------------


@pytest.mark.parametrize("status", ["running", "completed"])
def test_what_is_in_the_way_ends_a_wait_and_is_noticed_within_a_minute_when_it_is_gone(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock, status: str
) -> None:
    running = 1e5 if status == "running" else 0.0
    service = serve(job := SimulatedJob(ROWS, running=running), faults=[Fault("status", status=407, on="any")])
    fetcher = fetch(service)
    changes: list[Snapshot] = []
    fetcher.subscribe(job.job_id, changes.append)
    seen = fetcher.wait(job.job_id)
    assert (seen.settled, seen.problem is not None and seen.problem.kind) == (True, "ProxyError")
    assert seen.next_try is not None
    begun = clock.time()
    service.faults = ()
    seen = fetcher.wait(job.job_id, 100.0, until=lambda seen: seen.status is not None and seen.problem is None)
    assert (seen.status, seen.problem) == (status, None)
    assert clock.time() - begun < 61


def test_a_refresh_asks_again_at_once_what_was_in_the_way(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS), faults=[Fault("status", status=407, on="any")])
    fetcher = fetch(service)
    assert fetcher.wait(job.job_id).problem is not None
    service.faults = ()
    fetcher.refresh(job.job_id)
    assert fetcher.wait(job.job_id).final
