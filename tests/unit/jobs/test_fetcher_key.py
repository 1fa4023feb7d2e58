"""Rule 9: a refused key stops all polling, and a new one is found."""

from __future__ import annotations

import pytest

from tests.unit.flying import FlyingClock
from tests.unit.jobs.conftest import ROWS, MakeFetcher, MakeService, polls
from xl_openfunnel import (
    Client,
    Fetcher,
)
from xl_openfunnel.simulator import SimulatedJob


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
