"""What each fault sends, which requests it hits, and its text form."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from typing import Any

import pytest

from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator
from xl_openfunnel.simulator.faults import KINDS, FaultPlan

POLL = "/api/v1/account/search-lookalikes-bulk/job"


@pytest.fixture
def job(rows: Any) -> SimulatedJob:
    return SimulatedJob(rows, "job")


def request_of(service: Simulator) -> bytes:
    """A poll as it goes over the wire."""
    return f"GET {POLL} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {service.api_key}\r\n\r\n".encode()


def raw(service: Simulator) -> bytes:
    """All bytes that one poll receives until the connection ends."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as sock:
        sock.sendall(request_of(service))
        return b"".join(iter(lambda: sock.recv(65_536), b""))


def test_status_answers_with_the_code_and_a_json_error(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("status", status=502)]) as service:
        answer = ask(service, POLL)
    assert (answer.status, answer.json) == (502, {"detail": "Bad Gateway"})


def test_status_can_have_a_retry_after_in_header_and_body(job: SimulatedJob, ask: Any) -> None:
    fault = Fault("status", status=429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT", details_retry_after=7)
    with Simulator([job], faults=[fault]) as service:
        answer = ask(service, POLL)
    assert answer.headers["retry-after"] == "Wed, 21 Oct 2026 07:28:00 GMT"
    assert answer.json["error_code"] == "RATE_LIMITED"
    assert answer.json["details"] == {"retry_after_seconds": 7}


def test_status_can_have_its_own_body_type_and_headers(job: SimulatedJob, ask: Any) -> None:
    fault = Fault("status", status=500, body=b"oops", content_type="text/plain", headers={"x-request-id": "r1"})
    with Simulator([job], faults=[fault]) as service:
        answer = ask(service, POLL)
    assert (answer.body, answer.headers["content-type"]) == (b"oops", "text/plain")
    assert answer.headers["x-request-id"] == "r1"


def test_a_status_without_body_does_not_spoil_the_next_answer(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("status", status=204)]) as service:
        answer = ask(service, POLL)
    assert (answer.status, answer.body) == (204, b"")


def test_cut_closes_in_the_middle_of_the_declared_length(job: SimulatedJob, ask: Any) -> None:
    faults = [Fault("cut", after_bytes=1000)]
    with Simulator([job], faults=faults) as service, pytest.raises(http.client.IncompleteRead) as caught:
        ask(service, POLL)
    assert len(caught.value.partial) == 1000


def test_cut_chunked_lacks_the_last_chunk(job: SimulatedJob) -> None:
    with Simulator([job], faults=[Fault("cut_chunked", after_bytes=5000, chunk=2000)]) as service:
        head, _, body = raw(service).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body.startswith(b'7d0\r\n{"job_id"')
    assert not body.endswith(b"0\r\n\r\n")


def test_reset_comes_before_any_byte(job: SimulatedJob) -> None:
    with Simulator([job], faults=[Fault("reset")]) as service, pytest.raises(ConnectionResetError):
        raw(service)


def test_reset_after_headers_never_gives_the_body(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("reset_after_headers")]) as service:
        with pytest.raises(ConnectionResetError):
            ask(service, POLL)
        assert service.received[0].status == 200


def test_slow_gives_the_whole_body_piece_by_piece(job: SimulatedJob, ask: Any, clock: ManualClock) -> None:
    fault = Fault("slow", chunk=1000, pause=10)
    with Simulator([job], faults=[fault], clock=clock, sleep=clock.sleep) as service:
        answer = ask(service, POLL)
    assert answer.json["count"] == 100
    assert clock() == 1000 + 10 * -(-len(answer.body) // 1000)


def test_html_is_a_200_without_json(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("html")]) as service:
        answer = ask(service, POLL)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!DOCTYPE html>")


def test_json_gives_any_bytes_as_json(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("json", body=b'{"rows": [NaN')]) as service:
        answer = ask(service, POLL)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body == b'{"rows": [NaN'


def test_redirect_leads_to_the_location_verbatim(job: SimulatedJob, ask: Any) -> None:
    faults = [
        Fault("redirect", location="http://127.0.0.1:9/?a=b", times=1),
        Fault("redirect", status=302, location="/x"),
    ]
    with Simulator([job], faults=faults) as service:
        first, second = ask(service, POLL), ask(service, POLL)
    assert (first.status, first.headers["location"]) == (307, "http://127.0.0.1:9/?a=b")
    assert (second.status, second.headers["location"]) == (302, "/x")


def test_stall_answers_nothing_until_the_server_stops(job: SimulatedJob) -> None:
    request_received = threading.Event()
    with (
        Simulator([job], faults=[Fault("stall")], latency=1, sleep=lambda _: request_received.set()) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as sock,
    ):
        sock.sendall(request_of(service))
        assert request_received.wait(10)
        service.stop()
        assert sock.recv(1) == b""
        assert [request.status for request in service.received] == [None]


def test_stall_can_come_in_the_middle_of_the_body(job: SimulatedJob) -> None:
    with (
        Simulator([job], faults=[Fault("stall", after_bytes=10)]) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as sock,
    ):
        sock.sendall(request_of(service))
        data = b""
        while not data.endswith(b'\r\n\r\n{"job_id":'):
            data += sock.recv(65_536)
        service.stop()
        assert sock.recv(1) == b""


def test_envelope_replaces_changes_and_drops_keys(job: SimulatedJob, ask: Any) -> None:
    fault = Fault("envelope", envelope={"page": "page_0009", "rows": lambda rows: rows[:-1]}, without=["processed"])
    with Simulator([job], faults=[fault]) as service:
        answer = ask(service, POLL).json
    assert (answer["page"], len(answer["rows"]), answer["count"]) == ("page_0009", 99, 100)
    assert "processed" not in answer


def test_envelope_does_not_change_errors(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("envelope", envelope={"page": "x"})]) as service:
        assert ask(service, POLL, X_API_Key="of_wrong").json == {"detail": "Invalid API key"}


def test_rewrite_sends_bytes_that_no_json_writer_would_write(job: SimulatedJob, ask: Any) -> None:
    fault = Fault("rewrite", rewrite=lambda body: body.replace(b'"page":', b'"page":"first","page":', 1))
    with Simulator([job], faults=[fault]) as service:
        assert b'"page":"first","page":"page_0000"' in ask(service, POLL).body
        assert ask(service, POLL, X_API_Key="of_wrong").json == {"detail": "Invalid API key"}


def test_wrong_length_declares_less_than_it_sends(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("wrong_length", after_bytes=100)]) as service:
        answer = ask(service, POLL)
    assert len(answer.body) == 100
    with pytest.raises(json.JSONDecodeError):
        answer.json  # noqa: B018 - a property that parses


def test_faults_can_be_replaced_while_running(job: SimulatedJob, ask: Any) -> None:
    with Simulator([job], faults=[Fault("status", times=1)]) as service:
        assert [ask(service, POLL).status for _ in range(2)] == [503, 200]
        service.faults = (Fault("status", times=1),)
        assert [ask(service, POLL).status for _ in range(2)] == [503, 200]
        assert service.faults == (Fault("status", times=1),)


def hits(fault: Fault, cursors: list[str | None], on: str = "page", seed: int = 0) -> list[bool]:
    plan = FaultPlan([fault], seed)
    return [plan.choose(on, cursor) is fault for cursor in cursors]


def test_first_every_and_times_count_the_matching_requests() -> None:
    none: list[str | None] = [None] * 8
    assert [i + 1 for i, hit in enumerate(hits(Fault("reset", first=3), none)) if hit] == [3, 4, 5, 6, 7, 8]
    assert [i + 1 for i, hit in enumerate(hits(Fault("reset", every=3), none)) if hit] == [1, 4, 7]
    assert [i + 1 for i, hit in enumerate(hits(Fault("reset", times=2), none)) if hit] == [1, 2]
    assert [i + 1 for i, hit in enumerate(hits(Fault("reset", first=2, every=2, times=2), none)) if hit] == [2, 4]


def test_a_cursor_selects_a_page_and_none_the_requests_without_one() -> None:
    cursors: list[str | None] = [None, "page_0000", "page_0001"]
    assert hits(Fault("reset"), cursors) == [True, True, True]
    assert hits(Fault("reset", cursor="page_0000"), cursors) == [True, True, False]
    assert hits(Fault("reset", cursor="page_0001", first=1), cursors) == [False, False, True]
    assert hits(Fault("reset", cursor=None), cursors) == [True, False, False]


def test_faults_hit_polls_by_default() -> None:
    assert hits(Fault("reset"), [None], on="credits") == [False]
    assert hits(Fault("reset", on="credits"), [None], on="credits") == [True]
    assert hits(Fault("reset", on="any"), [None], on="cancel") == [True]


def test_a_rate_is_drawn_from_the_seed() -> None:
    none: list[str | None] = [None] * 2000
    first = hits(Fault("reset", rate=0.1), none, seed=1)
    assert first == hits(Fault("reset", rate=0.1), none, seed=1)
    assert first != hits(Fault("reset", rate=0.1), none, seed=2)
    assert 150 < sum(first) < 250


def test_the_first_of_two_matching_faults_wins_and_only_its_count_is_used_up() -> None:
    one, other = Fault("reset", times=1), Fault("html", times=1)
    plan = FaultPlan([one, other], 0)
    assert [plan.choose("page", None) for _ in range(3)] == [one, other, None]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("503:2%", Fault("status", status=503, rate=0.02)),
        ("503:0.5%", Fault("status", status=503, rate=0.005)),
        ("429:once:retry-after=1", Fault("status", status=429, times=1, retry_after="1")),
        ("429:details-retry-after=2.5", Fault("status", status=429, details_retry_after=2.5)),
        ("cut:once", Fault("cut", times=1)),
        ("html:rate=0.1", Fault("html", rate=0.1)),
        ("status:status=504:on=any", Fault("status", status=504, on="any")),
        ("cut:cursor=page_0003:after-bytes=10", Fault("cut", cursor="page_0003", after_bytes=10)),
        ("reset:cursor=:first=2:every=3", Fault("reset", cursor=None, first=2, every=3)),
        ("slow:chunk=1000:pause=0.2", Fault("slow", chunk=1000, pause=0.2)),
        ("redirect:location=http://127.0.0.1:9/x:once", Fault("redirect", location="http://127.0.0.1:9/x", times=1)),
        (
            "503:retry-after=Wed, 21 Oct 2026 07:28:00 GMT:once",
            Fault("status", status=503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT", times=1),
        ),
        (
            'json:body={"job_id":1}:content-type=text/plain',
            Fault("json", body=b'{"job_id":1}', content_type="text/plain"),
        ),
        (
            'envelope:envelope={"page":"x","next_cursor":null}:without=rows,count',
            Fault("envelope", envelope={"page": "x", "next_cursor": None}, without=("rows", "count")),
        ),
    ],
)
def test_text_forms_are_parsed(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "no fault ''"),
        ("503:onse", "no fault '503:onse'"),
        ("503:often=1", "no option 'often'"),
        ("503:times=many", "times='many'"),
        ("503:times=0", "times must be 1 or more"),
        ("503:200%", "rate is a probability"),
        ("999", "between 200 and 599"),
        ("redirect", "needs a target"),
        ("json", "needs a body"),
        ("envelope:envelope=[1]", "no JSON object"),
        ("503:on=fire", "not on 'fire'"),
    ],
)
def test_the_error_for_a_wrong_text_says_what_is_allowed(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="Write KIND") as caught:
        Fault.parse(text)
    assert wrong in str(caught.value)
    assert "retry-after=" in str(caught.value)


def test_the_error_for_an_unknown_kind_lists_the_kinds_once() -> None:
    with pytest.raises(ValueError, match="no fault 'teapot'") as caught:
        Fault.parse("teapot")
    assert str(caught.value).count(", ".join(KINDS)) == 1
