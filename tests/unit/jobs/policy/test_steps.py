"""The policy as tables: a state and events go in, the next step comes out. No thread, no network, no clock."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xl_openfunnel import (
    AuthenticationError,
    IncompleteResultError,
    InvalidRequestError,
    JobNotFoundError,
    JobStatus,
    OpenFunnelError,
    Page,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)
from xl_openfunnel.jobs.policy import download, pagination, steps
from xl_openfunnel.jobs.policy.polling import INTERVAL_GROWTH
from xl_openfunnel.jobs.policy.state import MIN_INTERVAL, JobState, Moment, PageRequest, Phase, RequestGate
from xl_openfunnel.jobs.policy.steps import LoadFromStore, SaveResult, SendRequests, Wait, next_step
from xl_openfunnel.jobs.snapshot import NO_ROWS, Problem, Result
from xl_openfunnel.jobs.snapshot_builder import build_snapshot
from xl_openfunnel.runtime.clock import FOREVER

UTC_NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = RequestGate()
PAUSED = RequestGate(key_problem=Problem(AuthenticationError("refused"), UTC_NOW))


def at(now: float) -> Moment:
    return Moment(now, UTC_NOW + timedelta(seconds=now))


def page(number: int = 0, of: int | None = None, status: str = "running", **changes: Any) -> Page:
    """Page ``number`` of ``of`` pages of ten rows; of a running job where ``of`` is None."""
    last = of is None or number == of - 1
    built = Page(
        JobStatus(status),
        name=f"page_{number:04d}",
        next_cursor=None if last else f"page_{number + 1:04d}",
        manifest=None if of is None else {"count": of * 10, "pages": of},
        row_count=10,
        rows_json=json.dumps([{"rank": number}] * 10).encode(),
    )
    return replace(built, **changes)


def send(state: JobState, now: float, max_requests: int = 8) -> tuple[JobState, tuple[PageRequest, ...]]:
    step = next_step(state, OPEN, now, max_requests=max_requests)
    assert isinstance(step, SendRequests), step
    return steps.sent(state, step.requests), step.requests


def respond(state: JobState, now: float, *outcomes: Page | Exception) -> JobState:
    """Send what is due and answer it, in order."""
    for outcome in outcomes:
        state, requests = send(state, now, max_requests=1)
        state = steps.answered(state, requests[0], outcome, at(now))  # type: ignore[arg-type]
    return state


def loaded() -> JobState:
    return steps.store_answered(steps.new("job", at(0)), None)


def test_unknown_job_is_loaded_from_the_store_first() -> None:
    assert next_step(steps.new("job", at(0)), OPEN, 0, max_requests=8) == LoadFromStore()


def test_first_request_is_delayed_by_a_second_unless_a_caller_waits() -> None:
    assert next_step(loaded(), OPEN, 0, max_requests=8) == Wait(1.0)
    assert next_step(loaded(), OPEN, 1, max_requests=8) == SendRequests((PageRequest(None, "poll"),))
    assert next_step(steps.expedite(loaded(), at(0.25)), OPEN, 0.25, max_requests=8) == SendRequests(
        (PageRequest(None, "poll"),)
    )


def test_waiting_caller_does_not_expedite_a_retry() -> None:
    failed = respond(loaded(), 1, ServerError("503", retry_after=60))
    assert next_step(steps.expedite(failed, at(2)), OPEN, 2, max_requests=8) == Wait(61.0)


def test_nothing_is_sent_while_a_request_is_in_flight() -> None:
    state, _ = send(loaded(), 1)
    assert next_step(state, OPEN, 100, max_requests=8) == Wait(FOREVER)


@pytest.mark.parametrize(
    ("gate", "step"),
    [
        (PAUSED, Wait(FOREVER)),
        (RequestGate(closed_until=50), Wait(50)),
        (OPEN, SendRequests((PageRequest(None, "poll"),))),
    ],
)
def test_gate_pauses_every_job(gate: RequestGate, step: object) -> None:
    assert next_step(loaded(), gate, 10, max_requests=8) == step


def test_poll_reads_the_first_page_the_last_known_one_and_every_new_one() -> None:
    state = respond(loaded(), 1, page(next_cursor="page_0001"), page(1))
    state, requests = send(state, 3)
    assert requests == (PageRequest(None, "poll"),)
    state = steps.answered(state, requests[0], page(next_cursor="page_0001"), at(3))
    state, requests = send(state, 3)
    assert requests == (PageRequest("page_0001", "poll"),)
    state = steps.answered(state, requests[0], page(1, next_cursor="page_0002"), at(3))
    state, requests = send(state, 3)
    assert requests == (PageRequest("page_0002", "poll"),)
    state = steps.answered(state, requests[0], page(2), at(3))
    assert next_step(state, OPEN, 3, max_requests=8) == Wait(5.0)
    assert len(state.rows) == 30


def test_unchanged_rows_stay_the_same_object() -> None:
    once = respond(loaded(), 1, page())
    twice = respond(once, 3, page())
    assert twice.rows is once.rows


@pytest.mark.parametrize("moves", [{"processed": 5}, {"stage": "reranking"}, {"status": JobStatus("cancelling")}])
def test_poll_interval_starts_over_after_progress(moves: dict[str, Any]) -> None:
    state = loaded()
    due = 1.0
    for _ in range(9):
        state = respond(state, due, page())
        due = state.due
    assert state.interval == 15.0
    assert respond(state, due, page(**moves)).interval == 2.0


def test_terminal_status_of_a_later_page_does_not_start_the_download() -> None:
    state = respond(loaded(), 1, page(next_cursor="page_0001"), page(1, status="completed"))
    assert next_step(state, OPEN, 1, max_requests=8) == Wait(3.0)
    assert send(state, 3)[1] == (PageRequest(None, "poll"),)


def test_running_status_during_the_download_rechecks_the_first_page() -> None:
    state = respond(loaded(), 1, page(0, 3, "completed"), page(1, 3, "running"))
    assert state.problem is not None
    assert "another that it is running" in state.problem.message
    assert next_step(state, OPEN, 1, max_requests=8) == Wait(1.5)
    assert send(state, 1.5)[1] == (PageRequest(None, "poll"),)


def test_refresh_does_not_repeat_requests_in_flight() -> None:
    downloading, _ = send(respond(loaded(), 1, page(0, 3, "completed")), 1)
    again = steps.start_over(downloading, at(1))
    assert next_step(again, OPEN, 1, max_requests=8) == Wait(FOREVER)
    polling, _ = send(loaded(), 1)
    assert next_step(steps.start_over(polling, at(1)), OPEN, 1, max_requests=8) == Wait(FOREVER)


def test_refresh_drops_a_download_that_is_stuck() -> None:
    wrong = page(0, 2, "completed", next_cursor="page_0042")
    stuck = respond(loaded(), 1, wrong, JobNotFoundError("no such page", status=404))
    again = steps.start_over(stuck, at(2))
    assert send(again, 2)[1] == (PageRequest(None, "poll"),)
    done = respond(again, 2, page(0, 2, "completed"), page(1, 2, "completed"))
    assert done.phase is Phase.SAVING
    assert build_snapshot(again, OPEN, at(2)).rows is build_snapshot(stuck, OPEN, at(2)).rows


def test_longest_retry_after_pauses_every_job() -> None:
    gate = steps.rate_limited(OPEN, RateLimitError("429", retry_after=30), 100)
    assert gate.closed_until == 130
    assert steps.rate_limited(gate, RateLimitError("429", retry_after=3), 101) == gate
    assert steps.rate_limited(gate, RateLimitError("429"), 101) == gate
    assert steps.rate_limited(gate, ServerError("503", retry_after=90), 101) == gate
    assert steps.rate_limited(OPEN, RateLimitError("429", retry_after=86_400), 0).closed_until == 300


def test_refresh_does_not_wait_for_the_next_poll() -> None:
    polled = respond(loaded(), 1, page())
    assert send(steps.start_over(polled, at(1.5)), 1.5)[1] == (PageRequest(None, "poll"),)
    failed = respond(loaded(), 1, ServerError("503", retry_after=100))
    assert send(steps.start_over(failed, at(1.5)), 1.5)[1] == (PageRequest(None, "poll"),)


def test_refreshes_while_nothing_changes_do_not_lengthen_the_interval() -> None:
    state = respond(loaded(), 1, page())
    for second in range(2, 30):
        state = respond(steps.start_over(state, at(second)), second, page())
        assert state.due - second <= MIN_INTERVAL * INTERVAL_GROWTH


def test_download_requests_all_pages_predicted_by_the_manifest_at_once() -> None:
    state = respond(loaded(), 1, page(0, 5, "completed"))
    assert send(state, 1)[1] == (
        PageRequest("page_0001", "named"),
        PageRequest("page_0002", "predicted"),
        PageRequest("page_0003", "predicted"),
        PageRequest("page_0004", "predicted"),
    )
    assert send(state, 1, max_requests=2)[1] == (
        PageRequest("page_0001", "named"),
        PageRequest("page_0002", "predicted"),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"next_cursor": "abc"},
        {"name": "first"},
        {"manifest": None},
        {"manifest": {"count": 50}},
        {"manifest": {"pages": "many"}},
    ],
)
def test_no_page_is_predicted_without_evidence(changes: dict[str, Any]) -> None:
    state = respond(loaded(), 1, page(0, 5, "completed", **changes))
    named = changes.get("next_cursor", "page_0001")
    assert send(state, 1)[1] == (PageRequest(named, "named"),)


def test_pages_answered_in_any_order_are_ordered_by_their_cursors() -> None:
    state = respond(loaded(), 1, page(0, 4, "completed"))
    state, requests = send(state, 1)
    for request in reversed(requests):
        number = int((request.cursor or "")[-1])
        state = steps.answered(state, request, page(number, 4, "completed"), at(1))
    step = next_step(state, OPEN, 1, max_requests=8)
    assert isinstance(step, SaveResult)
    assert [p.name for p in step.pages] == ["page_0000", "page_0001", "page_0002", "page_0003"]


def test_failed_prediction_waits_until_the_previous_page_names_it() -> None:
    state = respond(loaded(), 1, page(0, 4, "completed"))
    state, (first, second, _) = send(state, 1)
    state = steps.answered(state, second, InvalidRequestError("422", status=422), at(1))
    assert state.problem is None
    assert next_step(state, OPEN, 1, max_requests=8) == Wait(FOREVER)
    state = steps.answered(state, first, page(1, 4, "completed"), at(1))
    assert send(state, 1)[1] == (PageRequest("page_0002", "named"),)


def test_named_page_with_an_invalid_request_ends_the_walk_with_the_problem() -> None:
    state = respond(loaded(), 1, page(0, 3, "completed"), InvalidRequestError("422", status=422))
    assert state.phase is Phase.IDLE
    seen = build_snapshot(state, OPEN, at(1))
    assert (seen.settled, seen.final, seen.problem is not None, len(seen.rows)) == (True, False, True, 10)


def test_mismatch_with_the_manifest_is_read_twice_more_and_then_stands() -> None:
    state, now = loaded(), 1.0
    for delay in (2.0, 10.0):
        state = respond(state, now, page(0, 1, "completed", manifest={"count": 11, "pages": 1}))
        assert next_step(state, OPEN, now, max_requests=8) == Wait(now + delay)
        now += delay
    state = respond(state, now, page(0, 1, "completed", manifest={"count": 11, "pages": 1}))
    assert state.phase is Phase.IDLE
    assert state.problem is not None
    assert "11 companies; 10 could" in state.problem.message


def test_walk_without_a_stated_number_of_pages_ends_at_a_limit() -> None:
    first = page(0, 1, "completed", manifest=None, next_cursor="c1")
    reading = pagination.start(first, UTC_NOW)
    for number in range(1, pagination.MAX_PAGES):
        following = page(number, 1, "completed", name=f"c{number}", next_cursor=f"c{number + 1}")
        reading = pagination.accept(reading, f"c{number}", following)
        if number == pagination.MAX_PAGES - 1:
            with pytest.raises(IncompleteResultError):
                pagination.advance(reading)
        else:
            reading = pagination.advance(reading)


def test_since_is_the_time_of_the_first_failure_in_a_row_of_any_kind() -> None:
    state = respond(loaded(), 1, ServerError("503"))
    state = respond(state, 10, ServerError("502"))
    assert state.problem is not None
    assert (state.problem.message, state.problem.since) == ("502", at(1).utc)
    state = respond(state, 100, RequestTimeoutError("slow"))
    assert state.problem is not None
    assert (state.problem.message, state.problem.since) == ("slow", at(1).utc)
    state = respond(state, 200, page())
    assert state.problem is None
    state = respond(state, 300, RequestTimeoutError("slow"))
    assert state.problem is not None
    assert state.problem.since == at(300).utc


def test_alternating_failures_back_off_too() -> None:
    state, now, delays = loaded(), 1.0, []
    for number in range(9):
        state = respond(state, now, TransportError("broke off") if number % 2 else ServerError("503"))
        delays.append(state.due - now)
        now = state.due
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


@pytest.mark.parametrize(
    "error", [JobNotFoundError("There is no job", status=404), InvalidRequestError("400", status=400)]
)
def test_failure_of_a_later_page_does_not_end_the_polling_of_a_running_job(error: OpenFunnelError) -> None:
    state, now = loaded(), 1.0
    for _ in range(5):
        state = respond(state, now, page(next_cursor="page_0001"), error)
        assert state.phase is Phase.POLLING
        now = state.due
    assert state.problem is not None
    assert "no job" not in state.problem.message
    assert respond(state, now, page(status="completed", manifest={"count": 10, "pages": 1})).phase is Phase.SAVING


def test_refresh_before_the_store_answered_is_not_lost() -> None:
    stored = Result(JobStatus("completed"), None, None, None, None, UTC_NOW, NO_ROWS)
    state = steps.store_answered(steps.start_over(steps.new("job", at(0)), at(0)), stored)
    assert state.result is stored
    assert send(state, 0)[1] == (PageRequest(None, "poll"),)


def test_result_that_could_not_be_stored_is_final_with_that_problem() -> None:
    state = respond(loaded(), 1, page(0, 1, "completed"))
    step = next_step(state, OPEN, 1, max_requests=8)
    assert isinstance(step, SaveResult)
    state = steps.saved(state, step.result, at(2), ServerError("disk full"))
    seen = build_snapshot(state, OPEN, at(2))
    assert (seen.final, seen.settled, len(seen.rows)) == (True, True, 10)
    assert seen.problem is not None
    assert seen.problem.message == "disk full"


def test_pages_read_for_a_result_are_released() -> None:
    state = respond(loaded(), 1, page(next_cursor="page_0001"), page(1))
    state = respond(state, 3, page(0, 2, "completed"), page(1, 2, "completed"))
    assert state.unsaved is not None
    kept = steps.saved(state, state.unsaved[0], at(4))
    assert (kept.first_page, kept.pages, kept.rows, kept.walk, kept.unsaved) == (None, (), NO_ROWS, None, None)


def test_late_answers_to_an_earlier_phase_change_nothing() -> None:
    state = respond(loaded(), 1, page(0, 1, "completed"))
    late = steps.answered(state, PageRequest(None, "poll"), ServerError("503"), at(5))
    assert late == state
    assert steps.answered(loaded(), PageRequest("page_0001", "predicted"), page(1), at(5)) == loaded()


def test_snapshot_has_the_time_of_the_next_request() -> None:
    state = respond(loaded(), 1, ServerError("503", retry_after=60))
    seen = build_snapshot(state, OPEN, at(2))
    assert seen.next_try == at(61).utc
    assert build_snapshot(state, OPEN, at(2), is_tracked=False).next_try is None
    refused = build_snapshot(state, PAUSED, at(2))
    assert (refused.next_try, refused.settled) == (None, True)
    assert refused.problem == PAUSED.key_problem


@pytest.mark.parametrize("status", ["running", "completed"])
@pytest.mark.parametrize(
    ("limit", "more"),
    [
        ("MAX_BYTES", {"rows_json": b"[" + b" " * 500 + b"]"}),
        ("MAX_VALUES", {"value_count": 501}),
        ("MAX_ROWS", {"row_count": 501}),
    ],
)
def test_more_than_any_job_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, status: str, limit: str, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(pagination, limit, 500)
    before = respond(loaded(), 1, page(0, next_cursor="page_0001"))
    assert len(before.rows) == 10
    state = respond(before, 2, page(1, status=status, **more))
    if status == "completed":  # another page than the first says so, so the first is requested again
        state = respond(state, 10, page(0, status=status, **more))
    assert state.problem is not None
    assert state.problem.message.startswith("OpenFunnel sends more than any job has: ")
    assert len(state.rows) == 10
    assert [held.row_count for _, held in state.pages] == [10]


def test_shown_rows_stay_when_a_page_comes_back_with_fewer() -> None:
    before = respond(loaded(), 1, page(0))
    state = respond(before, 5, page(0, row_count=0, rows_json=b"[]"))
    assert len(state.rows) == 10
    assert state.problem is not None
    assert state.problem.message == "Page page_0000 had 10 companies and now has 0; those that were read are kept."
    again = respond(state, 100, page(0))
    assert (len(again.rows), again.problem) == (10, None)


def test_shown_rows_stay_when_a_finished_job_runs_again() -> None:
    end = respond(loaded(), 1, page(0, of=3, status="completed"), page(1, of=3, status="completed"))
    assert len(end.rows) == 20
    state = respond(end, 2, page(2, of=3))
    state = respond(state, 100, page(0, next_cursor="page_0001"))
    assert len(state.rows) == 20
    state = respond(state, 100, page(1, next_cursor="page_0002"), page(2))
    assert len(state.rows) == 30


# ---- the costliest mistakes -------------------------------------------------------------------------------------


def downloading(pages: int = 3, status: str = "completed") -> JobState:
    return respond(loaded(), 1, page(0, pages, status))


def test_endless_pages_of_a_running_job_are_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MAX_PAGES", 3)
    state = respond(loaded(), 1, *(page(number, next_cursor=f"page_{number + 1:04d}") for number in range(3)))
    assert state.problem is not None
    assert "do not end" in state.problem.message


def test_key_refused_during_the_download_costs_no_page() -> None:
    for kind in ("named", "predicted"):
        state, requests = send(downloading(), 1)
        request = next(request for request in requests if request.kind == kind)
        state = steps.answered(state, request, AuthenticationError("refused", status=401), at(1))
        assert next_step(state, PAUSED, 1, max_requests=8) == Wait(FOREVER)
        assert send(state, 1)[1] == (request,)


def test_404_after_other_failures_is_tried_three_times_too() -> None:
    state = loaded()
    now = 1.0
    for outcome in (ServerError("503"), ServerError("503"), ServerError("503"), JobNotFoundError("404")):
        state = respond(state, now, outcome)
        now = state.due
    assert state.phase is Phase.POLLING
    state = respond(state, now, JobNotFoundError("404"))
    assert respond(state, state.due, JobNotFoundError("404")).phase is Phase.IDLE


def test_failed_page_delays_the_pages_not_yet_requested() -> None:
    state = respond(downloading(), 1, ServerError("503", retry_after=20))
    assert next_step(state, OPEN, 20.9, max_requests=8) == Wait(21)
    assert [request.cursor for request in send(state, 21)[1]] == ["page_0001", "page_0002"]


def test_page_that_keeps_failing_is_no_longer_predicted() -> None:
    state, requests = send(downloading(4), 1)
    for _ in range(download.PREDICTED_PAGE_ATTEMPTS):
        state = steps.answered(state, requests[-1], ServerError("503"), at(1))
    assert next_step(state, OPEN, 1_000, max_requests=8) == Wait(FOREVER)


def test_failed_job_with_a_failing_page_is_final_with_the_others() -> None:
    state = downloading(2, "failed")
    for _ in range(download.FAILED_JOB_ATTEMPTS):
        assert state.phase is Phase.DOWNLOADING
        state = respond(
            state,
            1_000 if not state.retries else max(t.not_before for t in state.retries.values()),
            ServerError("503"),
        )
    assert (state.phase, state.unsaved is not None and len(state.unsaved[1])) == (Phase.SAVING, 1)


def test_refresh_of_a_mismatch_gets_all_tries_again() -> None:
    short = (page(0, 2, "completed"), page(1, 2, "completed", row_count=9))
    state, now = loaded(), 1.0
    for _ in range(2):
        for delay in (*download.RECHECK_DELAYS, None):
            state = respond(state, now, *short)
            assert isinstance(state.problem and state.problem.error, IncompleteResultError)
            assert (state.phase is Phase.IDLE) is (delay is None)
            now += delay or 0.0
        state = steps.start_over(state, at(now))


def test_mismatch_stays_a_problem_until_the_pages_agree() -> None:
    short = (page(0, 3, "completed"), page(1, 3, "completed"), page(2, 3, "completed", row_count=9))
    state = respond(respond(loaded(), 1, *short), 3, page(0, 3, "completed"), page(1, 3, "completed"))
    assert isinstance(state.problem and state.problem.error, IncompleteResultError)
    done = respond(state, 3, page(2, 3, "completed"))
    assert done.phase is Phase.SAVING
    kept = steps.saved(done, done.unsaved[0], at(3)) if done.unsaved else done
    assert kept.problem is None


def test_named_page_with_another_name_is_refused() -> None:
    first = page(0, 2, "completed", manifest=None)
    first = replace(first, next_cursor="page_0001")
    state = respond(loaded(), 1, first, page(7, 8, "completed"))
    assert state.problem is not None
    assert "sent page_0007 where page_0001 was asked for" in state.problem.message


def test_predicted_page_that_does_not_match_ends_all_predictions() -> None:
    begun = pagination.start(page(0, 4, "completed"), UTC_NOW)
    for wrong in (page(2, 4, "completed", next_cursor=None), page(2, 4, "completed", name="page_0003")):
        after = pagination.accept(begun, "page_0002", wrong)
        assert (after.predicted, dict(after.prefetched)) == ((), {})


def test_predictions_are_limited_for_a_manifest_with_too_many_pages() -> None:
    begun = pagination.start(page(0, 4, "completed", manifest={"pages": 50_000}), UTC_NOW)
    assert len(begun.predicted) == pagination.MAX_PAGES - 1
