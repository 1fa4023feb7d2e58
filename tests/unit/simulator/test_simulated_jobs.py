"""What polls receive while a job runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel import Client, Fetcher
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies
from xl_openfunnel.simulator.responses import encode

ENVELOPE = [
    *("job_id", "status", "manifest", "error_message", "rows", "page", "next_cursor", "count"),
    *("processed", "progress_message"),
]
CANCEL = "/api/v1/account/search-lookalikes-bulk/{}/cancel"


def test_a_poll_has_the_documented_keys_in_their_order(rows: Any, ask: Any) -> None:
    job = SimulatedJob(rows)
    with Simulator([job]) as service:
        answer = ask(service, f"/api/v1/account/search-lookalikes-bulk/{job.job_id}")
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json) == ENVELOPE
    assert answer.json["manifest"] == {
        "count": 250,
        "pages": 3,
        "page_size": 100,
        "credits_consumed": 250,
        "derived_query": job.derived_query,
        "resolved_seed_domains": list(job.seeds),
        "unresolved_seed_domains": [],
        "rerank_degraded": False,
        "partial": False,
    }


def test_a_completed_job_gives_every_row_once_in_order(rows: Any, walk: Any) -> None:
    with Simulator([SimulatedJob(rows)]) as service:
        pages = list(walk(service))
    assert [page["page"] for page in pages] == ["page_0000", "page_0001", "page_0002"]
    assert [page["count"] for page in pages] == [100, 100, 50]
    assert [row for page in pages for row in page["rows"]] == rows


@given(st.text(st.characters(), max_size=8) | st.sampled_from(["\ud800", "a\udfffb", "\ud83d\ude00"]))
def test_any_text_is_served_as_json(text: str) -> None:
    served = json.loads(encode({text: [text]}).decode("utf-8"))
    assert served == json.loads(json.dumps({text: [text]}))


def test_a_job_with_half_a_surrogate_pair_ends(clock: ManualClock) -> None:
    job = SimulatedJob([{"name": "a\ud800b", "domain": "acme.com"}], "half", derived_query="\udfff")
    with (
        Simulator([job], clock=clock, sleep=clock.sleep) as service,
        Client(service.base_url, service.api_key) as client,
        Fetcher(client) as fetcher,
    ):
        snapshot = fetcher.wait("half", timeout=60)
    assert snapshot.final
    assert [row["name"] for row in snapshot.rows] == ["a\ufffdb"]


def test_states_and_stages_follow_the_clock(rows: Any, poll: Any, clock: ManualClock) -> None:
    answers = []
    with Simulator([SimulatedJob(rows, pending=2, running=20)], clock=clock) as service:
        for _ in range(24):
            answer = poll(service)
            answers.append((answer["status"], answer["progress_message"]))
            clock.sleep(1)
    assert list(dict.fromkeys(answers)) == [
        ("pending", None),
        ("running", "retrieving_companies"),
        ("running", "qualifying_companies"),
        ("running", "reranking_companies"),
        ("completed", "completed"),
    ]


def test_processed_is_null_at_first_then_grows_to_the_count(rows: Any, poll: Any, clock: ManualClock) -> None:
    answers = []
    with Simulator([SimulatedJob(rows, running=20)], clock=clock) as service:
        for _ in range(22):
            answers.append(poll(service)["processed"])
            clock.sleep(1)
    numbers = [number for number in answers if number is not None]
    assert answers[0] is None
    assert len(set(numbers)) > 5
    assert numbers == sorted(numbers)
    assert numbers[-1] == 250


def test_pages_appear_one_by_one_and_the_last_has_a_null_cursor_though_running(
    rows: Any, walk: Any, clock: ManualClock
) -> None:
    answers = []
    with Simulator([SimulatedJob(rows, running=100)], clock=clock) as service:
        for _ in range(95):
            pages = list(walk(service))
            assert {page["status"] for page in pages} == {"running"}
            assert {page["manifest"] for page in pages} == {None}
            answers.append(sum(page["count"] for page in pages))
            clock.sleep(1)
    assert list(dict.fromkeys(answers)) == [0, 100, 200, 250]


@pytest.mark.parametrize("prepared", [False, True])
def test_the_rerank_changes_the_order_but_not_the_rows(
    rows: Any, walk: Any, clock: ManualClock, prepared: bool
) -> None:
    with Simulator([SimulatedJob(rows, running=100)], clock=clock) as service:
        if prepared:
            service.render_pages()
        clock.sleep(90)
        before = [row for page in walk(service) for row in page["rows"]]
        clock.sleep(10)
        after = [row for page in walk(service) for row in page["rows"]]
    assert after == rows
    assert before != rows
    assert sorted(map(json.dumps, before)) == sorted(map(json.dumps, rows))


def test_without_rerank_the_order_is_final_from_the_start(rows: Any, poll: Any, clock: ManualClock) -> None:
    with Simulator([SimulatedJob(rows, running=100, rerank=False)], clock=clock) as service:
        clock.sleep(90)
        assert poll(service)["rows"] == rows[:100]


def test_opaque_cursors_lead_through_all_pages_and_cannot_be_guessed(rows: Any, walk: Any, poll: Any) -> None:
    with Simulator([SimulatedJob(rows, opaque_cursors=True)]) as service:
        pages = list(walk(service))
        guessed = poll(service, "page_0001")
    assert [row for page in pages for row in page["rows"]] == rows
    assert pages[0]["page"] == "page_0000"
    assert not any(page["page"].startswith("page_") for page in pages[1:])
    assert guessed == {"detail": "Page not found"}


def test_an_empty_result_is_one_empty_page_with_zero_pages_in_the_manifest(poll: Any) -> None:
    with Simulator([SimulatedJob([])]) as service:
        answer = poll(service)
    assert (answer["rows"], answer["page"], answer["next_cursor"], answer["count"]) == ([], "page_0000", None, 0)
    assert (answer["manifest"]["count"], answer["manifest"]["pages"]) == (0, 0)


def test_a_failed_job_has_no_manifest_but_keeps_its_full_pages(rows: Any, walk: Any) -> None:
    with Simulator([SimulatedJob(rows, ending="failed", error_message="No seeds.")]) as service:
        pages = list(walk(service))
    assert [page["count"] for page in pages] == [100]
    assert (pages[0]["status"], pages[0]["manifest"]) == ("failed", None)
    assert pages[0]["error_message"] == "No seeds."


@pytest.mark.parametrize("word", ["paused", "pausing", "running", "something_new"])
def test_a_job_with_a_non_terminal_ending_never_ends(word: str, rows: Any, poll: Any, clock: ManualClock) -> None:
    with Simulator([SimulatedJob(rows, running=10, ending=word, delivered=1)], clock=clock) as service:
        clock.sleep(1e6)
        answer = poll(service, "page_0002")
    assert (answer["status"], answer["manifest"], answer["next_cursor"]) == (word, None, None)
    assert answer["count"] == 50


def test_a_cancel_stops_the_job_and_keeps_the_delivered_pages(
    rows: Any, ask: Any, walk: Any, poll: Any, clock: ManualClock
) -> None:
    job = SimulatedJob(rows, running=100, cancelling=5)
    with Simulator([job], clock=clock) as service:
        clock.sleep(60)
        answer = ask(service, CANCEL.format(job.job_id), "POST")
        while_stopping = poll(service)
        clock.sleep(5)
        pages = list(walk(service))
    assert (answer.status, answer.json["job_id"]) == (200, job.job_id)
    assert answer.json["status"] == "cancelling"
    assert (while_stopping["status"], while_stopping["manifest"]) == ("cancelling", None)
    manifest = pages[-1]["manifest"]
    assert [page["status"] for page in pages] == ["cancelled"]
    assert (manifest["partial"], manifest["count"], manifest["pages"]) == (True, 100, 1)
    assert manifest["credits_consumed"] == 100


def test_a_pending_job_can_be_cancelled(rows: Any, ask: Any, poll: Any, clock: ManualClock) -> None:
    job = SimulatedJob(rows, pending=100)
    with Simulator([job], clock=clock) as service:
        assert ask(service, CANCEL.format(job.job_id), "POST").status == 200
        assert ask(service, CANCEL.format(job.job_id), "POST").status == 200
        clock.sleep(1)
        answer = poll(service)
    assert (answer["status"], answer["rows"], answer["manifest"]["count"]) == ("cancelled", [], 0)


@pytest.mark.parametrize("ending", ["completed", "cancelled", "failed"])
def test_cancelling_an_ended_job_is_a_conflict(ending: str, rows: Any, ask: Any) -> None:
    job = SimulatedJob(rows, ending=ending)
    with Simulator([job]) as service:
        answer = ask(service, CANCEL.format(job.job_id), "POST")
    assert (answer.status, answer.json) == (409, {"detail": f"Job is already {ending}"})


def test_the_manifest_can_be_wrong_or_missing(rows: Any, poll: Any) -> None:
    lying = SimulatedJob(rows, "lying", manifest={"count": 251, "stop_reason": "exhausted"})
    silent = SimulatedJob(rows, "silent", manifest=None)
    with Simulator([lying, silent]) as service:
        manifest = poll(service, job_id="lying")["manifest"]
        assert (manifest["count"], manifest["pages"], manifest["stop_reason"]) == (251, 3, "exhausted")
        assert poll(service, job_id="silent")["manifest"] is None


def test_a_query_only_job_has_nulls_for_seeds(rows: Any, poll: Any) -> None:
    with Simulator([SimulatedJob(rows, seeds=(), extra={"degraded": False})]) as service:
        answer = poll(service)
    assert answer["manifest"]["derived_query"] is None
    assert answer["manifest"]["resolved_seed_domains"] is None
    assert answer["degraded"] is False


def test_a_job_id_depends_on_the_script_alone(rows: Any) -> None:
    assert SimulatedJob(rows).job_id == SimulatedJob(list(rows)).job_id
    assert SimulatedJob(rows).job_id != SimulatedJob(rows, running=1).job_id
    assert SimulatedJob(rows).job_id != SimulatedJob(companies(250, seed=4)).job_id


def test_a_job_added_later_starts_then(rows: Any, poll: Any, clock: ManualClock) -> None:
    with Simulator(clock=clock) as service:
        clock.sleep(100)
        service.add(SimulatedJob(rows, running=10))
        assert poll(service)["status"] == "running"
        clock.sleep(10)
        assert poll(service)["status"] == "completed"


def test_two_jobs_with_one_id_are_rejected(rows: Any) -> None:
    with Simulator([SimulatedJob(rows, "same")]) as service, pytest.raises(ValueError, match="a job same already"):
        service.add(SimulatedJob(rows, "same"))
