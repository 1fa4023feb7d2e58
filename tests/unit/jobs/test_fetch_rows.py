"""One call from a job to a DataFrame."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import warnings
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.flying import FlyingClock
from tests.unit.jobs.conftest import MakeFetcher, MakeService
from xl_openfunnel import (
    AuthenticationError,
    ConfigurationError,
    IncompleteResultError,
    InsufficientCreditsError,
    InvalidJobIdError,
    InvalidRequestError,
    JobFailedError,
    JobNotFoundError,
    JobTimeoutError,
    RateLimitError,
    ServerError,
    Snapshot,
    TransportError,
    UnknownColumnError,
    fetch_rows,
)
from xl_openfunnel.fetch_rows import fetch_with
from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

rows_module = sys.modules["xl_openfunnel.fetch_rows"]  # the package has the function under this name

ROWS = companies(250, seed=11)


def test_frame_has_every_row_in_order_and_its_origin_in_attrs() -> None:
    with Simulator([SimulatedJob(ROWS, job_id="frame")]) as service:
        seen: list[Snapshot] = []
        frame = fetch_rows("frame", api_key=service.api_key, base_url=service.base_url, progress=seen.append)
        assert frame["name"].tolist() == [row["name"] for row in ROWS]
        assert frame["rank"].tolist() == list(range(1, 251))
        attrs = json.loads(json.dumps(frame.attrs))
        assert (attrs["job_id"], attrs["status"], attrs["manifest"]["count"]) == ("frame", "completed", 250)
        assert attrs["as_of"].endswith("+00:00")
        assert seen[0].status is None
        before = len(service.received)
        again = fetch_rows("frame", api_key=service.api_key, base_url=service.base_url, columns=["name", "country"])
        assert list(again.columns) == ["name", "country"]
        assert len(service.received) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_forked_process_gets_fetchers_while_another_thread_made_one() -> None:
    with rows_module._lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from 3.12 on: other threads, such as those of pytest-xdist
        child = os.fork()
        if child == 0:
            os._exit(rows_module._lock.acquire(blocking=False))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_fifty_threads_share_the_requests_of_one_job() -> None:
    job = SimulatedJob(ROWS, job_id="fifty")
    with Simulator([job]) as service:
        frames: list[pd.DataFrame] = []

        def call() -> None:
            frames.append(fetch_rows("fifty", api_key=service.api_key, base_url=service.base_url))

        threads = [threading.Thread(target=call) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [len(frame) for frame in frames] == [250] * 50
        assert len(service.received) == job.page_count


def test_cancelled_job_gives_its_delivered_rows(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, ending="cancelled", delivered=0.5))
    frame = fetch_with(fetch(service), job.job_id)
    assert (len(frame), frame.attrs["status"], frame.attrs["manifest"]["partial"]) == (100, "cancelled", True)


def test_failed_job_raises_the_services_message(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, ending="failed", error_message="No index"))
    with pytest.raises(JobFailedError, match="No index"):
        fetch_with(fetch(service), job.job_id)


def test_incomplete_result_raises_with_both_numbers(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, manifest={"count": 251}))
    with pytest.raises(IncompleteResultError, match=r"OpenFunnel says 251 companies; 250 could be read"):
        fetch_with(fetch(service), job.job_id)


def test_timeout_says_how_far_the_job_is(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, running=1e6, pending=0.0))
    with pytest.raises(JobTimeoutError, match=r"is running, 0 companies so far; the 60 seconds"):
        fetch_with(fetch(service), job.job_id, timeout=60)


def test_timeout_distinguishes_delivered_and_read_companies(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, running=300.0, pending=0.0))
    with pytest.raises(JobTimeoutError, match=r"is running, \d+ of \d+ companies read; the 60 seconds"):
        fetch_with(fetch(service), job.job_id, timeout=60)


def test_timeout_includes_the_last_error(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS), faults=[Fault("status", status=503)])
    with pytest.raises(JobTimeoutError, match=r"HTTP 503.* has not answered, and the 60 seconds"):
        fetch_with(fetch(service), job.job_id, timeout=60)


def test_a_job_that_the_service_does_not_know_is_no_late_answer(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(known := SimulatedJob(ROWS), slow := SimulatedJob(ROWS, running=1e6, pending=0.0))
    fetcher = fetch(service)
    assert len(fetch_with(fetcher, known.job_id)) == 250
    fetcher.wait(slow.job_id, 60)
    service.faults = [Fault("status", status=404)]
    for job_id in ("there-is-none", known.job_id, slow.job_id):
        for timeout in (0.5, 2.0, 5.0, 9.0, 60.0):
            with pytest.raises(JobNotFoundError, match=r"^There is no job") as raised:
                fetch_with(fetcher, job_id, timeout=timeout, refresh=True)
            assert "given to it" not in str(raised.value)


def test_without_a_timeout_it_gives_up_after_five_minutes_without_an_answer(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock
) -> None:
    service = serve(job := SimulatedJob(ROWS), faults=[Fault("status", status=503)])
    clock.limit = clock.start + 420.0  # after which time stands still
    with pytest.raises(ServerError):
        fetch_with(fetch(service), job.job_id)
    assert max(request.at for request in service.received) - clock.start > 240


def test_without_a_timeout_a_slow_job_is_waited_for(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS, pending=3_600.0, running=7_200.0))
    assert len(fetch_with(fetch(service), job.job_id)) == 250


@pytest.mark.parametrize(
    ("job_id", "key", "error"), [("nobody", None, JobNotFoundError), ("there", "of_wrong_key_1", AuthenticationError)]
)
def test_error_that_waiting_cannot_solve_is_raised(
    serve: MakeService, fetch: MakeFetcher, job_id: str, key: str | None, error: type[Exception]
) -> None:
    service = serve(SimulatedJob(ROWS, job_id="there"))
    with pytest.raises(error):
        fetch_with(fetch(service, api_key=key), job_id)


def test_a_text_that_may_be_a_label_is_answered_with_where_labels_are_known(
    serve: MakeService, fetch: MakeFetcher
) -> None:
    fetcher = fetch(serve())
    for job_id, said in (("texas", True), ("63177f5c-ea0c-4b1a-9a5c-0123456789ab", False)):
        with pytest.raises(JobNotFoundError) as raised:
            fetch_with(fetcher, job_id)
        assert ("Labels are known to cells and to the command" in str(raised.value)) == said


def test_settled_problem_is_tried_again(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve()
    fetcher = fetch(service)
    with pytest.raises(JobNotFoundError):
        fetch_with(fetcher, "late")
    service.add(SimulatedJob(ROWS, job_id="late"))
    assert len(fetch_with(fetcher, "late")) == 250


def test_unknown_column_suggests_the_likely_one(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    with pytest.raises(UnknownColumnError, match="linkedin_url"):
        fetch_with(fetch(service), job.job_id, ["linkedin"])


def test_a_frame_and_the_lists_in_it_are_the_callers_own(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service)
    first = fetch_with(fetcher, job.job_id)
    row = next(number for number, found in enumerate(ROWS) if found["industries"])
    first.loc[row, "name"] = "changed"
    first["industries"].tolist()[row].append("changed")
    first.attrs["manifest"]["resolved_seed_domains"].append("changed")
    second = fetch_with(fetcher, job.job_id)
    assert (second.loc[row, "name"], second.loc[row, "industries"]) == (ROWS[row]["name"], ROWS[row]["industries"])
    assert "changed" not in second.attrs["manifest"]["resolved_seed_domains"]


def test_columns_may_be_one_text(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    assert list(fetch_with(fetch(service), job.job_id, "name; Country").columns) == ["name", "country"]


def test_job_that_is_not_text_is_refused(serve: MakeService, fetch: MakeFetcher) -> None:
    for job in (None, 5, b"a", [5], [], ["a", "not a job!"]):
        with pytest.raises(InvalidJobIdError):
            fetch_with(fetch(serve()), job)  # type: ignore[arg-type]


# --- a refresh that fails ------------------------------------------------------------------------------------

FAILURES = {
    "down": (None, TransportError),
    "401": ([Fault("status", status=401)], AuthenticationError),
    "404": ([Fault("status", status=404)], JobNotFoundError),
    "429": ([Fault("status", status=429)], RateLimitError),
    "503": ([Fault("status", status=503)], ServerError),
    "422": ([Fault("status", status=422)], InvalidRequestError),
    "402": ([Fault("status", status=402)], InsufficientCreditsError),
}


@pytest.mark.parametrize("how", FAILURES)
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "in memory"])
def test_a_refresh_that_fails_raises_its_error_and_keeps_the_rows(
    serve: MakeService, fetch: MakeFetcher, clock: FlyingClock, tmp_path: Path, how: str, stored: bool
) -> None:
    faults, error = FAILURES[how]
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, tmp_path)
    before = fetch_with(fetcher, job.job_id)
    if stored:
        fetcher.close()
        fetcher = fetch(service, tmp_path)
    if faults is None:
        service.stop()
    else:
        service.faults = faults
    with pytest.raises(error):
        fetch_with(fetcher, job.job_id, refresh=True)
    snapshot = fetcher.watch(job.job_id)
    assert (snapshot.final, snapshot.stale, len(snapshot.rows)) == (True, True, 250)
    with pytest.warns(UserWarning, match=re.escape(str(snapshot.problem))):
        again = fetch_with(fetcher, job.job_id, timeout=0)  # does not ask for a refresh
    assert again.equals(before)


def test_a_refresh_that_differs_from_its_manifest_raises_and_keeps_the_rows(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, tmp_path)
    fetch_with(fetcher, job.job_id)
    service.faults = [Fault("envelope", envelope={"manifest": {"count": 251}})]
    with pytest.raises(IncompleteResultError, match=r"OpenFunnel says 251 companies; 250 could be read"):
        fetch_with(fetcher, job.job_id, refresh=True)
    assert len(fetcher.watch(job.job_id).rows) == 250


def test_a_company_on_two_pages_is_stored_with_a_warning(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    rows = [ROWS[number] for number in (0, 1, 2, 2, 4, 5, 6)]
    service = serve(job := SimulatedJob(rows, page_size=3))
    slug = rows[2]["linkedin_url"].rpartition("/")[2]
    warning = (
        f"Pages 1 and 2 both hold {rows[2]['name']} (linkedin.com/company/{slug}): another company may be missing."
    )
    for source in ("service", "store"):
        fetcher = fetch(service, tmp_path)
        with pytest.warns(UserWarning, match=re.escape(warning)):
            frame = fetch_with(fetcher, job.job_id)
        assert json.loads(json.dumps(frame.attrs))["warnings"] == [warning]
        assert frame["name"].tolist() == [row["name"] for row in rows]
        snapshot = fetcher.watch(job.job_id)
        assert (snapshot.final, snapshot.source, snapshot.problem) == (True, source, None)
        assert snapshot.warnings == (warning,)
        fetcher.close()
    assert len(service.received) == 3 * 3


def test_a_company_on_two_pages_raises_where_the_readings_differ(
    serve: MakeService, fetch: MakeFetcher, tmp_path: Path
) -> None:
    rows = [ROWS[number] for number in (0, 1, 2, 2, 4, 5, 6)]
    turned = Fault("envelope", cursor="page_0001", times=1, envelope={"rows": lambda page: page[::-1]})
    service = serve(job := SimulatedJob(rows, page_size=3), faults=[turned])
    fetcher = fetch(service, tmp_path)
    with pytest.raises(IncompleteResultError, match=r"Pages 1 and 2 both hold .* may be missing\. Refresh"):
        fetch_with(fetcher, job.job_id)
    assert len(fetcher.watch(job.job_id).rows) == 7
    again = fetch(service, tmp_path)
    assert again.watch(job.job_id).status is None
    with pytest.warns(UserWarning, match="both hold"):  # this time all three readings agree
        assert len(fetch_with(again, job.job_id)) == 7


def test_a_repeat_that_the_next_reading_lacks_leaves_nothing(serve: MakeService, fetch: MakeFetcher) -> None:
    twice = Fault("envelope", cursor="page_0001", times=1, envelope={"rows": ROWS[:100]})
    service = serve(job := SimulatedJob(ROWS), faults=[twice])
    frame = fetch_with(fetch(service), job.job_id)
    assert frame["name"].tolist() == [row["name"] for row in ROWS]
    assert frame.attrs["warnings"] == []


def test_a_refresh_gives_up_at_its_timeout_and_says_that_nothing_was_read(
    serve: MakeService, fetch: MakeFetcher
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service)
    fetch_with(fetcher, job.job_id)
    service.stop()
    with pytest.raises(JobTimeoutError, match=r"was not read again, and the 20 seconds"):
        fetch_with(fetcher, job.job_id, timeout=20, refresh=True)


def test_a_refresh_reads_the_job_again(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service)
    before = fetch_with(fetcher, job.job_id).attrs["as_of"]
    fetcher.clock.sleep(10.0)
    assert fetch_with(fetcher, job.job_id).attrs["as_of"] == before
    assert fetch_with(fetcher, job.job_id, refresh=True).attrs["as_of"] > before
    assert len(service.received) == 2 * job.page_count
    assert not fetcher.watch(job.job_id).stale


def test_a_refresh_works_again_once_the_service_does(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service)
    fetch_with(fetcher, job.job_id)
    service.faults = [Fault("status", status=401)]
    with pytest.raises(AuthenticationError):
        fetch_with(fetcher, job.job_id, refresh=True)
    service.faults = []
    assert len(fetch_with(fetcher, job.job_id, refresh=True)) == 250


# --- several jobs --------------------------------------------------------------------------------------------


def test_several_jobs_are_stacked_under_the_id_of_their_job(serve: MakeService, fetch: MakeFetcher) -> None:
    first, second = SimulatedJob(ROWS[:120], job_id="first"), SimulatedJob(ROWS[100:250], job_id="second", pending=900)
    service = serve(first, second)
    frame = fetch_with(fetch(service), ["second", "first", "second"])
    assert frame.columns[:3].tolist() == ["job_id", "rank", "name"]
    assert frame["job_id"].tolist() == ["second"] * 150 + ["first"] * 120
    assert frame["rank"].tolist() == [*range(1, 151), *range(1, 121)]
    assert frame["name"].tolist() == [row["name"] for row in ROWS[100:250] + ROWS[:120]]
    attrs = json.loads(json.dumps(frame.attrs))
    assert (attrs["job_id"], attrs["status"]) == (["second", "first"], ["completed", "completed"])
    assert [manifest["count"] for manifest in attrs["manifest"]] == [150, 120]
    assert frame.index.equals(pd.RangeIndex(270))


def test_warnings_of_several_jobs_name_their_job(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(SimulatedJob(ROWS[:3], job_id="once"), SimulatedJob([*ROWS[:3], ROWS[1]], job_id="twice"))
    with pytest.warns(UserWarning, match="^twice: Page 1 holds .* twice"):
        frame = fetch_with(fetch(service), ["once", "twice"])
    first, second = frame.attrs["warnings"]
    assert (first, len(second)) == ([], 1)


def test_a_list_of_one_job_has_the_column_too(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    frame = fetch_with(fetch(service), [job.job_id], "domain")
    assert frame.columns.tolist() == ["job_id", "domain"]
    assert frame.attrs["job_id"] == [job.job_id]


def test_a_column_that_one_of_the_jobs_has_is_blank_for_the_others(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(
        SimulatedJob([{"name": "A", "tier": 1}], job_id="with"), SimulatedJob([{"name": "B"}], job_id="without")
    )
    fetcher = fetch(service)
    frame = fetch_with(fetcher, ["without", "with"])
    assert frame["tier"].astype(object).where(frame["tier"].notna(), None).tolist() == [None, 1]
    with pytest.raises(UnknownColumnError):
        fetch_with(fetcher, ["without", "with"], "nmae")


def test_the_error_of_one_of_several_jobs_names_it_after_all_are_waited_for(
    serve: MakeService, fetch: MakeFetcher
) -> None:
    fine = SimulatedJob(ROWS, job_id="fine", running=900.0)
    failed = SimulatedJob(ROWS, job_id="no-seeds", ending="failed", error_message="No index")
    fetcher = fetch(serve(fine, failed))
    with pytest.raises(JobFailedError, match="no-seeds: The job failed: No index") as raised:
        fetch_with(fetcher, ["no-seeds", "unknown", "fine"])
    assert "unknown" in raised.value.__notes__[0]
    assert fetcher.watch("fine").final


def test_the_timeout_is_for_all_jobs_together(serve: MakeService, fetch: MakeFetcher, clock: FlyingClock) -> None:
    slow = [SimulatedJob(ROWS, job_id=f"slow-{number}", running=1e6) for number in range(3)]
    fetcher = fetch(serve(*slow))
    started = clock.monotonic()
    with pytest.raises(JobTimeoutError):
        fetch_with(fetcher, [job.job_id for job in slow], timeout=60)
    assert clock.monotonic() - started < 90


def test_jobs_that_wait_for_another_one_stay_tracked(serve: MakeService, fetch: MakeFetcher) -> None:
    slow = SimulatedJob(ROWS, job_id="slow", running=200.0)
    other = SimulatedJob(ROWS, job_id="other", running=150.0)
    fetcher = fetch(serve(slow, other), watch_ttl=20.0)
    assert len(fetch_with(fetcher, ["slow", "other"])) == 500


def test_criteria_choose_from_one_job_or_several() -> None:
    rows = [{"name": name, "employee_count": count} for name, count in (("a", 5), ("b", 60), ("c", None))]
    with Simulator([SimulatedJob(rows, "one"), SimulatedJob(rows[1:], "two")]) as service:
        fetch = partial(fetch_rows, api_key=service.api_key, base_url=service.base_url)
        large = fetch("one", columns="rank,name", criteria="employee_count>=50")
        assert large.to_numpy().tolist() == [[2, "b"]]
        assert large.attrs["job_id"] == "one"
        both = fetch(["one", "two"], columns="rank", criteria={"employee_count": "=", "name": "c|d"})
        assert both.to_numpy().tolist() == [["one", 3], ["two", 2]]
        assert fetch("one", criteria={"employee_count": 5, "name": None})["name"].tolist() == ["a"]
        with pytest.raises(UnknownColumnError, match="Did you mean name"):
            fetch("one", criteria="nmae=a")


@pytest.mark.parametrize("jobs", ["one", ["one", "two"]])
def test_criteria_that_nothing_matches_warn_of_a_similar_value(jobs: str | list[str]) -> None:
    rows = [{"hq_country": "Germany", "employee_count": 5}]
    with Simulator([SimulatedJob(rows, "one"), SimulatedJob(rows, "two")]) as service:
        fetch = partial(fetch_rows, jobs, api_key=service.api_key, base_url=service.base_url)
        with pytest.warns(match=r"^No company matches the criteria\. Did you mean country=Germany\?$"):
            assert fetch(criteria="country=Germny").empty
        assert fetch(criteria="country=Germany; employee_count>5").empty
        assert fetch(criteria="country=Norway").empty


def test_criteria_are_refused_before_the_job_is_asked_for() -> None:
    with Simulator([SimulatedJob(ROWS, "one")]) as service, pytest.raises(ConfigurationError, match="is no criterion"):
        fetch_rows("one", criteria="Germany", api_key=service.api_key, base_url=service.base_url)
    assert service.received == []
