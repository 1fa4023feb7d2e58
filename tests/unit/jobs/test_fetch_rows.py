"""One call from a job to a DataFrame."""

from __future__ import annotations

import json
import threading

import pandas as pd
import pytest

from tests.unit.flying import FlyingClock
from tests.unit.jobs.conftest import MakeFetcher, MakeService
from xl_openfunnel import (
    AuthenticationError,
    IncompleteResultError,
    InvalidJobIdError,
    JobFailedError,
    JobNotFoundError,
    JobTimeoutError,
    ServerError,
    Snapshot,
    UnknownColumnError,
    fetch_rows,
)
from xl_openfunnel.jobs.fetch_rows import fetch_with
from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

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


def test_frame_is_the_callers_own() -> None:
    with Simulator([SimulatedJob(ROWS, job_id="own")]) as service:
        first = fetch_rows("own", api_key=service.api_key, base_url=service.base_url)
        first.loc[0, "name"] = "changed"
        second = fetch_rows("own", api_key=service.api_key, base_url=service.base_url)
        assert second.loc[0, "name"] == ROWS[0]["name"]


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
    with pytest.raises(IncompleteResultError, match=r"251 rows, but 250"):
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


def test_lists_in_a_frame_are_the_callers_own_too(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service)
    first = fetch_with(fetcher, job.job_id)
    row = next(number for number, found in enumerate(ROWS) if found["industries"])
    first["industries"].tolist()[row].append("changed")
    first.attrs["manifest"]["resolved_seed_domains"].append("changed")
    second = fetch_with(fetcher, job.job_id)
    assert second.loc[row, "industries"] == ROWS[row]["industries"]
    assert "changed" not in second.attrs["manifest"]["resolved_seed_domains"]


def test_columns_may_be_one_text(serve: MakeService, fetch: MakeFetcher) -> None:
    service = serve(job := SimulatedJob(ROWS))
    assert list(fetch_with(fetch(service), job.job_id, "name; Country").columns) == ["name", "country"]


def test_job_that_is_not_text_is_refused(serve: MakeService, fetch: MakeFetcher) -> None:
    for job in (None, 5, ["a"]):
        with pytest.raises(InvalidJobIdError):
            fetch_with(fetch(serve()), job)  # type: ignore[arg-type]
