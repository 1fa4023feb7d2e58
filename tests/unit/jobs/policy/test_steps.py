"""Deciding, as tables: what is known goes in, the next step comes out. No thread, no network, no clock."""

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
from xl_openfunnel.jobs.policy.state import JobState, Moment, PageRequest, Phase, RequestGate
from xl_openfunnel.jobs.policy.steps import LoadFromStore, SaveResult, SendRequests, Wait, next_step
from xl_openfunnel.jobs.result import Result
from xl_openfunnel.jobs.snapshot import NO_ROWS, Problem
from xl_openfunnel.jobs.snapshot_builder import build_snapshot
from xl_openfunnel.runtime.clock import FOREVER

UTC_NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = RequestGate()
SHUT = RequestGate(key_problem=Problem(AuthenticationError("refused"), UTC_NOW))


def at(now: float) -> Moment:
    return Moment(now, UTC_NOW + timedelta(seconds=now))


def page(number: int = 0, of: int | None = None, status: str = "running", **changes: Any) -> Page:
    """Page ``number`` of ``of`` pages of ten rows; of a running job where ``of`` is None."""
    last = of is None or number == of - 1
    made = Page(
        JobStatus(status),
        name=f"page_{number:04d}",
        next_cursor=None if last else f"page_{number + 1:04d}",
        manifest=None if of is None else {"count": of * 10, "pages": of},
        row_count=10,
        rows_json=json.dumps([{"rank": number}] * 10).encode(),
    )
    return replace(made, **changes)


def asked(state: JobState, now: float, most: int = 8) -> tuple[JobState, tuple[PageRequest, ...]]:
    step = next_step(state, OPEN, now, max_requests=most)
    assert isinstance(step, SendRequests), step
    return steps.sent(state, step.requests), step.requests


def answer(state: JobState, now: float, *answers: Page | Exception) -> JobState:
    """Send what is to be sent and answer it, in order."""
    for outcome in answers:
        state, asks = asked(state, now, most=1)
        state = steps.answered(state, asks[0], outcome, at(now))  # type: ignore[arg-type]
    return state


def fresh() -> JobState:
    return steps.store_answered(steps.new("job", at(0)), None)


def test_an_unknown_job_is_looked_for_in_the_store_first() -> None:
    assert next_step(steps.new("job", at(0)), OPEN, 0, max_requests=8) == LoadFromStore()


def test_the_first_request_waits_a_second_unless_somebody_waits() -> None:
    assert next_step(fresh(), OPEN, 0, max_requests=8) == Wait(1.0)
    assert next_step(fresh(), OPEN, 1, max_requests=8) == SendRequests((PageRequest(None, "poll"),))
    assert next_step(steps.expedite(fresh(), at(0.25)), OPEN, 0.25, max_requests=8) == SendRequests(
        (PageRequest(None, "poll"),)
    )


def test_nobody_can_hurry_a_retry() -> None:
    failed = answer(fresh(), 1, ServerError("503", retry_after=60))
    assert next_step(steps.expedite(failed, at(2)), OPEN, 2, max_requests=8) == Wait(61.0)


def test_nothing_is_sent_while_an_answer_is_outstanding() -> None:
    state, _ = asked(fresh(), 1)
    assert next_step(state, OPEN, 100, max_requests=8) == Wait(FOREVER)


@pytest.mark.parametrize(
    ("gate", "step"),
    [
        (SHUT, Wait(FOREVER)),
        (RequestGate(closed_until=50), Wait(50)),
        (OPEN, SendRequests((PageRequest(None, "poll"),))),
    ],
)
def test_the_gate_holds_up_every_job(gate: RequestGate, step: object) -> None:
    assert next_step(fresh(), gate, 10, max_requests=8) == step


def test_a_poll_reads_the_first_page_the_last_one_held_and_every_new_one() -> None:
    state = answer(fresh(), 1, page(next_cursor="page_0001"), page(1))
    state, asks = asked(state, 3)
    assert asks == (PageRequest(None, "poll"),)
    state = steps.answered(state, asks[0], page(next_cursor="page_0001"), at(3))
    state, asks = asked(state, 3)
    assert asks == (PageRequest("page_0001", "poll"),)
    state = steps.answered(state, asks[0], page(1, next_cursor="page_0002"), at(3))
    state, asks = asked(state, 3)
    assert asks == (PageRequest("page_0002", "poll"),)
    state = steps.answered(state, asks[0], page(2), at(3))
    assert next_step(state, OPEN, 3, max_requests=8) == Wait(5.0)
    assert len(state.rows) == 30


def test_rows_that_did_not_change_stay_the_same_object() -> None:
    once = answer(fresh(), 1, page())
    twice = answer(once, 3, page())
    assert twice.rows is once.rows


@pytest.mark.parametrize("moves", [{"processed": 5}, {"stage": "reranking"}, {"status": JobStatus("cancelling")}])
def test_the_interval_starts_over_when_something_moves(moves: dict[str, Any]) -> None:
    state = fresh()
    due = 1.0
    for _ in range(9):
        state = answer(state, due, page())
        due = state.due
    assert state.interval == 15.0
    assert answer(state, due, page(**moves)).interval == 2.0


def test_a_page_that_says_terminal_before_the_first_one_does_not_begin_the_end() -> None:
    state = answer(fresh(), 1, page(next_cursor="page_0001"), page(1, status="completed"))
    assert next_step(state, OPEN, 1, max_requests=8) == Wait(3.0)
    assert asked(state, 3)[1] == (PageRequest(None, "poll"),)


def test_a_page_that_says_running_after_the_end_asks_for_the_state_again() -> None:
    state = answer(fresh(), 1, page(0, 3, "completed"), page(1, 3, "running"))
    assert state.problem is not None
    assert "another that it is running" in state.problem.message
    assert next_step(state, OPEN, 1, max_requests=8) == Wait(1.5)
    assert asked(state, 1.5)[1] == (PageRequest(None, "poll"),)


def test_a_refresh_does_not_read_twice_what_is_being_read() -> None:
    walking, _ = asked(answer(fresh(), 1, page(0, 3, "completed")), 1)
    again = steps.start_over(walking, at(1))
    assert next_step(again, OPEN, 1, max_requests=8) == Wait(FOREVER)
    polling, _ = asked(fresh(), 1)
    assert next_step(steps.start_over(polling, at(1)), OPEN, 1, max_requests=8) == Wait(FOREVER)


def test_a_refresh_gives_up_a_reading_of_the_end_that_stands_still() -> None:
    wrong = page(0, 2, "completed", next_cursor="page_0042")
    stuck = answer(fresh(), 1, wrong, JobNotFoundError("no such page", status=404))
    again = steps.start_over(stuck, at(2))
    assert asked(again, 2)[1] == (PageRequest(None, "poll"),)
    done = answer(again, 2, page(0, 2, "completed"), page(1, 2, "completed"))
    assert done.phase is Phase.SAVING
    assert build_snapshot(again, OPEN, at(2)).rows is build_snapshot(stuck, OPEN, at(2)).rows


def test_the_longest_wait_that_the_service_asks_for_holds_up_every_job() -> None:
    gate = steps.rate_limited(OPEN, RateLimitError("429", retry_after=30), 100)
    assert gate.closed_until == 130
    assert steps.rate_limited(gate, RateLimitError("429", retry_after=3), 101) == gate
    assert steps.rate_limited(gate, RateLimitError("429"), 101) == gate
    assert steps.rate_limited(gate, ServerError("503", retry_after=90), 101) == gate
    assert steps.rate_limited(OPEN, RateLimitError("429", retry_after=86_400), 0).closed_until == 300


def test_a_refresh_does_not_wait_for_the_next_poll() -> None:
    polled = answer(fresh(), 1, page())
    assert asked(steps.start_over(polled, at(1.5)), 1.5)[1] == (PageRequest(None, "poll"),)
    failed = answer(fresh(), 1, ServerError("503", retry_after=100))
    assert asked(steps.start_over(failed, at(1.5)), 1.5)[1] == (PageRequest(None, "poll"),)


def test_the_end_reads_the_other_pages_at_once_by_the_names_that_the_manifest_lets_one_expect() -> None:
    state = answer(fresh(), 1, page(0, 5, "completed"))
    assert asked(state, 1)[1] == (
        PageRequest("page_0001", "named"),
        PageRequest("page_0002", "predicted"),
        PageRequest("page_0003", "predicted"),
        PageRequest("page_0004", "predicted"),
    )
    assert asked(state, 1, most=2)[1] == (PageRequest("page_0001", "named"), PageRequest("page_0002", "predicted"))


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
def test_nothing_is_guessed_without_reason(changes: dict[str, Any]) -> None:
    state = answer(fresh(), 1, page(0, 5, "completed", **changes))
    named = changes.get("next_cursor", "page_0001")
    assert asked(state, 1)[1] == (PageRequest(named, "named"),)


def test_answers_in_any_order_are_put_in_the_order_in_which_pages_name_each_other() -> None:
    state = answer(fresh(), 1, page(0, 4, "completed"))
    state, asks = asked(state, 1)
    for ask in reversed(asks):
        number = int((ask.cursor or "")[-1])
        state = steps.answered(state, ask, page(number, 4, "completed"), at(1))
    step = next_step(state, OPEN, 1, max_requests=8)
    assert isinstance(step, SaveResult)
    assert [p.name for p in step.pages] == ["page_0000", "page_0001", "page_0002", "page_0003"]


def test_a_failed_guess_waits_until_the_page_before_it_names_it() -> None:
    state = answer(fresh(), 1, page(0, 4, "completed"))
    state, (first, second, _) = asked(state, 1)
    state = steps.answered(state, second, InvalidRequestError("422", status=422), at(1))
    assert state.problem is None
    assert next_step(state, OPEN, 1, max_requests=8) == Wait(FOREVER)
    state = steps.answered(state, first, page(1, 4, "completed"), at(1))
    assert asked(state, 1)[1] == (PageRequest("page_0002", "named"),)


def test_a_named_page_that_the_service_finds_wrong_ends_the_walk_with_the_problem() -> None:
    state = answer(fresh(), 1, page(0, 3, "completed"), InvalidRequestError("422", status=422))
    assert state.phase is Phase.IDLE
    seen = build_snapshot(state, OPEN, at(1))
    assert (seen.settled, seen.final, seen.problem is not None, len(seen.rows)) == (True, False, True, 10)


def test_a_difference_is_read_again_twice_and_then_stands() -> None:
    state, now = fresh(), 1.0
    for delay in (2.0, 10.0):
        state = answer(state, now, page(0, 1, "completed", manifest={"count": 11, "pages": 1}))
        assert next_step(state, OPEN, now, max_requests=8) == Wait(now + delay)
        now += delay
    state = answer(state, now, page(0, 1, "completed", manifest={"count": 11, "pages": 1}))
    assert state.phase is Phase.IDLE
    assert state.problem is not None
    assert "11 rows, but 10" in state.problem.message


def test_a_walk_without_a_stated_number_of_pages_ends_at_a_ceiling() -> None:
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


def test_since_tells_when_the_trouble_began_whatever_its_kind_is_now() -> None:
    state = answer(fresh(), 1, ServerError("503"))
    state = answer(state, 10, ServerError("502"))
    assert state.problem is not None
    assert (state.problem.message, state.problem.since) == ("502", at(1).utc)
    state = answer(state, 100, RequestTimeoutError("slow"))
    assert state.problem is not None
    assert (state.problem.message, state.problem.since) == ("slow", at(1).utc)
    state = answer(state, 200, page())
    assert state.problem is None
    state = answer(state, 300, RequestTimeoutError("slow"))
    assert state.problem is not None
    assert state.problem.since == at(300).utc


def test_trouble_of_alternating_kinds_is_tried_ever_more_slowly() -> None:
    state, now, delays = fresh(), 1.0, []
    for number in range(9):
        state = answer(state, now, TransportError("broke off") if number % 2 else ServerError("503"))
        delays.append(state.due - now)
        now = state.due
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


@pytest.mark.parametrize(
    "error", [JobNotFoundError("There is no job", status=404), InvalidRequestError("400", status=400)]
)
def test_trouble_with_a_later_page_does_not_end_the_care_of_a_running_job(error: OpenFunnelError) -> None:
    state, now = fresh(), 1.0
    for _ in range(5):
        state = answer(state, now, page(next_cursor="page_0001"), error)
        assert state.phase is Phase.POLLING
        now = state.due
    assert state.problem is not None
    assert "no job" not in state.problem.message
    assert answer(state, now, page(status="completed", manifest={"count": 10, "pages": 1})).phase is Phase.SAVING


def test_a_refresh_that_comes_before_the_store_was_looked_into_is_not_lost() -> None:
    stored = Result(JobStatus("completed"), None, None, None, None, UTC_NOW, NO_ROWS)
    state = steps.store_answered(steps.start_over(steps.new("job", at(0)), at(0)), stored)
    assert state.result is stored
    assert asked(state, 0)[1] == (PageRequest(None, "poll"),)


def test_a_result_that_could_not_be_stored_is_final_with_that_problem() -> None:
    state = answer(fresh(), 1, page(0, 1, "completed"))
    step = next_step(state, OPEN, 1, max_requests=8)
    assert isinstance(step, SaveResult)
    state = steps.saved(state, step.result, at(2), ServerError("disk full"))
    seen = build_snapshot(state, OPEN, at(2))
    assert (seen.final, seen.settled, len(seen.rows)) == (True, True, 10)
    assert seen.problem is not None
    assert seen.problem.message == "disk full"


def test_what_was_read_on_the_way_to_a_result_is_let_go_of() -> None:
    state = answer(fresh(), 1, page(next_cursor="page_0001"), page(1))
    state = answer(state, 3, page(0, 2, "completed"), page(1, 2, "completed"))
    assert state.unsaved is not None
    kept = steps.saved(state, state.unsaved[0], at(4))
    assert (kept.first_page, kept.pages, kept.rows, kept.walk, kept.unsaved) == (None, (), NO_ROWS, None, None)


def test_answers_to_what_nobody_does_any_more_change_nothing() -> None:
    state = answer(fresh(), 1, page(0, 1, "completed"))
    late = steps.answered(state, PageRequest(None, "poll"), ServerError("503"), at(5))
    assert late == state
    assert steps.answered(fresh(), PageRequest("page_0001", "predicted"), page(1), at(5)) == fresh()


def test_the_snapshot_tells_when_the_service_is_asked_next() -> None:
    state = answer(fresh(), 1, ServerError("503", retry_after=60))
    seen = build_snapshot(state, OPEN, at(2))
    assert seen.next_try == at(61).utc
    assert build_snapshot(state, OPEN, at(2), is_tracked=False).next_try is None
    refused = build_snapshot(state, SHUT, at(2))
    assert (refused.next_try, refused.settled) == (None, True)
    assert refused.problem == SHUT.key_problem


def test_a_page_that_is_there_twice_is_no_whole_result() -> None:
    twice = page(2, of=3, status="completed", rows_json=page(1).rows_json)
    state = answer(fresh(), 1, page(0, of=3, status="completed"), page(1, of=3, status="completed"), twice)
    assert state.problem is not None
    assert state.problem.message.startswith("Pages 2 and 3 of the service hold the same companies.")
    assert (state.phase, state.rechecks) == (Phase.POLLING, 1)


@pytest.mark.parametrize("status", ["running", "completed"])
@pytest.mark.parametrize(
    ("limit", "more"),
    [
        ("MAX_BYTES", {"rows_json": b"[" + b" " * 500 + b"]"}),
        ("MAX_VALUES", {"value_count": 501}),
        ("MAX_ROWS", {"row_count": 501}),
    ],
)
def test_more_than_any_job_has_is_not_held(
    monkeypatch: pytest.MonkeyPatch, status: str, limit: str, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(pagination, limit, 500)
    before = answer(fresh(), 1, page(0, next_cursor="page_0001"))
    assert len(before.rows) == 10
    state = answer(before, 2, page(1, status=status, **more))
    if status == "completed":  # said by another page than the first, so the first is asked for again
        state = answer(state, 10, page(0, status=status, **more))
    assert state.problem is not None
    assert state.problem.message.startswith("The service sends more than any job has: ")
    assert len(state.rows) == 10
    assert [held.row_count for _, held in state.pages] == [10]


def test_rows_that_were_shown_stay_where_a_page_comes_back_with_fewer() -> None:
    before = answer(fresh(), 1, page(0))
    state = answer(before, 5, page(0, row_count=0, rows_json=b"[]"))
    assert len(state.rows) == 10
    assert state.problem is not None
    assert state.problem.message == "Page page_0000 had 10 companies and now has 0; those that were read are kept."
    again = answer(state, 100, page(0))
    assert (len(again.rows), again.problem) == (10, None)


def test_rows_that_were_shown_stay_where_an_end_turns_out_not_to_be_one() -> None:
    end = answer(fresh(), 1, page(0, of=3, status="completed"), page(1, of=3, status="completed"))
    assert len(end.rows) == 20
    state = answer(end, 2, page(2, of=3))
    state = answer(state, 100, page(0, next_cursor="page_0001"))
    assert len(state.rows) == 20
    state = answer(state, 100, page(1, next_cursor="page_0002"), page(2))
    assert len(state.rows) == 30


# ---- what would hurt most if it were otherwise ------------------------------------------------------------------


def walking(pages: int = 3, status: str = "completed") -> JobState:
    return answer(fresh(), 1, page(0, pages, status))


def test_pages_of_a_running_job_that_never_end_are_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MAX_PAGES", 3)
    state = answer(fresh(), 1, *(page(number, next_cursor=f"page_{number + 1:04d}") for number in range(3)))
    assert state.problem is not None
    assert "do not end" in state.problem.message


def test_a_key_that_is_refused_in_the_middle_of_the_end_costs_no_page_and_the_reading_goes_on() -> None:
    for kind in ("named", "predicted"):
        state, asks = asked(walking(), 1)
        ask = next(ask for ask in asks if ask.kind == kind)
        state = steps.answered(state, ask, AuthenticationError("refused", status=401), at(1))
        assert next_step(state, SHUT, 1, max_requests=8) == Wait(FOREVER)
        assert asked(state, 1)[1] == (ask,)


def test_a_404_after_other_trouble_is_tried_three_times_too() -> None:
    state = fresh()
    now = 1.0
    for outcome in (ServerError("503"), ServerError("503"), ServerError("503"), JobNotFoundError("404")):
        state = answer(state, now, outcome)
        now = state.due
    assert state.phase is Phase.POLLING
    state = answer(state, now, JobNotFoundError("404"))
    assert answer(state, state.due, JobNotFoundError("404")).phase is Phase.IDLE


def test_a_page_that_fails_is_waited_for_and_so_are_those_not_yet_asked_for() -> None:
    state = answer(walking(), 1, ServerError("503", retry_after=20))
    assert next_step(state, OPEN, 20.9, max_requests=8) == Wait(21)
    assert [ask.cursor for ask in asked(state, 21)[1]] == ["page_0001", "page_0002"]


def test_a_page_that_keeps_failing_is_no_longer_guessed() -> None:
    state, asks = asked(walking(4), 1)
    for _ in range(download.PREDICTED_PAGE_ATTEMPTS):
        state = steps.answered(state, asks[-1], ServerError("503"), at(1))
    assert next_step(state, OPEN, 1_000, max_requests=8) == Wait(FOREVER)


def test_a_failed_job_whose_page_keeps_failing_is_final_with_the_others() -> None:
    state = walking(2, "failed")
    for _ in range(download.FAILED_JOB_ATTEMPTS):
        assert state.phase is Phase.DOWNLOADING
        state = answer(
            state,
            1_000 if not state.retries else max(t.not_before for t in state.retries.values()),
            ServerError("503"),
        )
    assert (state.phase, state.unsaved is not None and len(state.unsaved[1])) == (Phase.SAVING, 1)


def test_a_refresh_of_what_stands_is_given_as_many_tries_again() -> None:
    short = (page(0, 2, "completed"), page(1, 2, "completed", row_count=9))
    state, now = fresh(), 1.0
    for _ in range(2):
        for delay in (*download.RECHECK_DELAYS, None):
            state = answer(state, now, *short)
            assert isinstance(state.problem and state.problem.error, IncompleteResultError)
            assert (state.phase is Phase.IDLE) is (delay is None)
            now += delay or 0.0
        state = steps.start_over(state, at(now))


def test_what_differed_is_a_problem_until_it_agrees() -> None:
    short = (page(0, 3, "completed"), page(1, 3, "completed"), page(2, 3, "completed", row_count=9))
    state = answer(answer(fresh(), 1, *short), 3, page(0, 3, "completed"), page(1, 3, "completed"))
    assert isinstance(state.problem and state.problem.error, IncompleteResultError)
    done = answer(state, 3, page(2, 3, "completed"))
    assert done.phase is Phase.SAVING
    kept = steps.saved(done, done.unsaved[0], at(3)) if done.unsaved else done
    assert kept.problem is None


def test_a_named_page_that_comes_under_another_name_is_not_taken_for_it() -> None:
    first = page(0, 2, "completed", manifest=None)
    first = replace(first, next_cursor="page_0001")
    state = answer(fresh(), 1, first, page(7, 8, "completed"))
    assert state.problem is not None
    assert "answered with page_0007 where page_0001 was asked for" in state.problem.message


def test_a_guessed_page_that_names_another_next_one_is_no_page_of_the_job() -> None:
    begun = pagination.start(page(0, 4, "completed"), UTC_NOW)
    for wrong in (page(2, 4, "completed", next_cursor=None), page(2, 4, "completed", name="page_0003")):
        after = pagination.accept(begun, "page_0002", wrong)
        assert (after.predicted, dict(after.prefetched)) == ((), {})


def test_a_manifest_that_states_pages_without_end_does_not_have_their_names_held() -> None:
    begun = pagination.start(page(0, 4, "completed", manifest={"pages": 50_000}), UTC_NOW)
    assert len(begun.predicted) == pagination.MAX_PAGES - 1
