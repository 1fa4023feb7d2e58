"""Keys, errors, credits, the log, and connections."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import subprocess
import sys
import threading
from contextlib import closing
from typing import Any

import pytest

from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator

JOBS = "/api/v1/account/search-lookalikes-bulk"
BALANCE = "/api/v1/credits/balance"


@pytest.mark.parametrize("method_and_path", [("GET", f"{JOBS}/job"), ("POST", f"{JOBS}/job/cancel"), ("GET", BALANCE)])
def test_a_wrong_key_is_refused_everywhere(method_and_path: tuple[str, str], rows: Any, ask: Any) -> None:
    method, path = method_and_path
    with Simulator([SimulatedJob(rows, "job", running=9)]) as service:
        assert ask(service, path, method, X_API_Key="of_wrong").status == 401
        assert ask(service, path, method).status == 200


def test_a_missing_key_is_a_validation_error_about_the_header(ask: Any) -> None:
    with Simulator() as service:
        answer = ask(service, BALANCE, X_API_Key=None)
    problem = {"type": "missing", "loc": ["header", "X-API-Key"], "msg": "Field required", "input": None}
    assert (answer.status, answer.json) == (422, {"detail": [problem]})


def test_the_refusal_of_a_wrong_key_can_be_403_or_422_with_the_key_echoed(ask: Any) -> None:
    with Simulator(wrong_key=403) as service:
        assert ask(service, BALANCE, X_API_Key="of_wrong").status == 403
    with Simulator(wrong_key=422) as service:
        answer = ask(service, BALANCE, X_API_Key="of_wrong")
    assert answer.status == 422
    assert answer.json["detail"][0]["loc"][0] == "header"
    assert answer.json["detail"][0]["input"] == "of_wrong"


def test_the_accepted_key_can_change_while_running(ask: Any) -> None:
    with Simulator() as service:
        service.accept_key("of_other")
        assert service.api_key == "of_other"
        assert ask(service, BALANCE).status == 200


def test_an_unknown_job_is_not_found_for_polls_and_cancels(ask: Any) -> None:
    with Simulator() as service:
        poll, cancel = ask(service, f"{JOBS}/nope"), ask(service, f"{JOBS}/nope/cancel", "POST")
    assert (poll.status, poll.json) == (404, {"detail": "Job not found"})
    assert (cancel.status, cancel.json) == (404, {"detail": "Job not found"})


@pytest.mark.parametrize("path", ["/", "/api/v1/account", f"{JOBS}/", f"{JOBS}/job/other", "/_simulator/x"])
def test_unknown_paths_are_not_found(path: str, ask: Any) -> None:
    with Simulator() as service:
        answer = ask(service, path)
    assert (answer.status, answer.json) == (404, {"detail": "Not Found"})


def test_another_method_is_not_allowed(ask: Any) -> None:
    with Simulator() as service:
        answer = ask(service, f"{JOBS}/job", "POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(
    ("limit", "kind"), [("0", "greater_than_equal"), ("101", "less_than_equal"), ("ten", "int_parsing")]
)
def test_a_limit_outside_1_to_100_is_a_validation_error(limit: str, kind: str, rows: Any, ask: Any) -> None:
    with Simulator([SimulatedJob(rows, "job")]) as service:
        answer = ask(service, f"{JOBS}/job?limit={limit}")
    [problem] = answer.json["detail"]
    assert answer.status == 422
    assert (problem["type"], problem["loc"], problem["input"]) == (kind, ["query", "limit"], limit)


def test_a_limit_within_bounds_is_ignored(rows: Any, ask: Any) -> None:
    with Simulator([SimulatedJob(rows, "job")]) as service:
        assert ask(service, f"{JOBS}/job?limit=7").json["count"] == 100


@pytest.mark.parametrize("cursor", ["page_0003", "page_9999", "page_1", "%00", "../x"])
def test_an_unknown_page_is_answered_as_configured(cursor: str, rows: Any, ask: Any) -> None:
    with Simulator([SimulatedJob(rows, "job")]) as service:
        assert ask(service, f"{JOBS}/job?cursor={cursor}").status == 404
    with Simulator([SimulatedJob(rows, "job")], unknown_cursor=422) as service:
        assert ask(service, f"{JOBS}/job?cursor={cursor}").json["detail"][0]["loc"] == ["query", "cursor"]
    with Simulator([SimulatedJob(rows, "job")], unknown_cursor=200) as service:
        answer = ask(service, f"{JOBS}/job?cursor={cursor}").json
        assert (answer["rows"], answer["next_cursor"], answer["status"]) == ([], None, "completed")


def test_a_page_that_is_not_yet_written_is_not_found(rows: Any, ask: Any, clock: ManualClock) -> None:
    with Simulator([SimulatedJob(rows, "job", running=100)], clock=clock) as service:
        clock.sleep(50)
        assert ask(service, f"{JOBS}/job?cursor=page_0000").status == 200
        assert ask(service, f"{JOBS}/job?cursor=page_0001").status == 404


def test_credits_are_billed_when_a_job_ends(rows: Any, ask: Any, clock: ManualClock) -> None:
    with Simulator([SimulatedJob(rows, running=10)], clock=clock, credits=1000, credits_used=37.5) as service:
        assert ask(service, BALANCE).json == {"total_credits": 1000, "credits_used": 37.5, "credits_left": 962.5}
        clock.sleep(10)
        assert ask(service, BALANCE).json == {"total_credits": 1000, "credits_used": 287.5, "credits_left": 712.5}


def test_the_log_has_requests_and_statuses(rows: Any, ask: Any, clock: ManualClock) -> None:
    with Simulator([SimulatedJob(rows, "job")], clock=clock) as service:
        ask(service, f"{JOBS}/job?cursor=page_0002", User_Agent="tester")
        clock.sleep(5)
        ask(service, f"{JOBS}/other/cancel", "POST", X_API_Key="of_wrong")
        service.faults = (Fault("reset"),)
        with pytest.raises(ConnectionError):
            ask(service, f"{JOBS}/job")
        first, second, third = service.received
    assert (first.method, first.path, first.job_id) == ("GET", f"{JOBS}/job?cursor=page_0002", "job")
    assert (first.cursor, first.status, first.key_ok, first.at) == ("page_0002", 200, True, 1000.0)
    assert first.headers["user-agent"] == "tester"
    assert (second.method, second.job_id, second.status) == ("POST", "other", 401)
    assert (second.key_ok, second.at) == (False, 1005.0)
    assert (third.cursor, third.status) == (None, None)


def test_a_connection_is_kept_for_many_requests(rows: Any) -> None:
    with (
        Simulator([SimulatedJob(rows, "job")]) as service,
        closing(http.client.HTTPConnection("127.0.0.1", service.port)) as connection,
    ):
        for name in ("page_0000", "page_0001", "page_0002"):
            connection.request("GET", f"{JOBS}/job?cursor={name}", headers={"X-API-Key": service.api_key})
            assert json.loads(connection.getresponse().read())["page"] == name
        assert {request.connection for request in service.received} == {1}


def test_pipelined_requests_are_answered_one_by_one() -> None:
    request = f"GET {BALANCE} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: key\r\n".encode()
    with Simulator(api_key="key") as service, socket.create_connection(("127.0.0.1", service.port)) as sock:
        sock.sendall(request + b"\r\n" + request + b"Connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: sock.recv(65_536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 2


def test_latency_uses_the_injected_sleep(ask: Any, clock: ManualClock) -> None:
    with Simulator(latency=30, clock=clock, sleep=clock.sleep) as service:
        ask(service, BALANCE)
    assert clock() == 1030.0


def test_gzip_is_used_only_for_clients_that_accept_it(rows: Any, ask: Any) -> None:
    with Simulator([SimulatedJob(rows, "job")], gzip=True) as service:
        packed = ask(service, f"{JOBS}/job", Accept_Encoding="gzip, deflate")
        plain = ask(service, f"{JOBS}/job", Accept_Encoding="identity")
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 2
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nnocolon\r\n\r\n",
        *(
            b"PUT / HTTP/1.1\r\nContent-Length: %b\r\n\r\n" % length
            for length in (b"x", b"-1", b"1048577", b"1" * 5000)
        ),
    ],
)
def test_an_invalid_request_is_answered_with_400(request_bytes: bytes) -> None:
    with Simulator() as service, socket.create_connection(("127.0.0.1", service.port)) as sock:
        sock.sendall(request_bytes)
        answer = b"".join(iter(lambda: sock.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")


def request_with_host(service: Simulator, host: str, path: str = BALANCE, method: str = "GET") -> bytes:
    request = f"{method} {path} HTTP/1.1\r\n{host}X-API-Key: {service.api_key}\r\nConnection: close\r\n"
    with socket.create_connection(("127.0.0.1", service.port)) as sock:
        sock.sendall(f'{request}Content-Length: 7\r\n\r\n["500"]'.encode())
        return b"".join(iter(lambda: sock.recv(65_536), b""))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "[", "", "10.0.0.1"])
def test_dns_rebinding_can_neither_read_nor_change_anything(host: str) -> None:
    with Simulator(faults=[Fault("status", on="credits", status=503, times=1)]) as service:
        named = f"Host: {host.format(port=service.port)}\r\n"
        for path, method in ((BALANCE, "GET"), ("/_simulator/faults", "PUT")):
            answer = request_with_host(service, named, path, method)
            assert answer.startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
            assert b"ask it at 127.0.0.1 or localhost" in answer
        assert service.received == []
        assert request_with_host(service, "").startswith(b"HTTP/1.1 503")  # the fault is still there


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "LocalHost", "localhost:{port}", "[::1]:{port}", None])
def test_every_name_of_this_machine_is_accepted(host: str | None) -> None:
    with Simulator() as service:
        named = "" if host is None else f"Host: {host.format(port=service.port)}\r\n"
        assert request_with_host(service, named).startswith(b"HTTP/1.1 200")


def test_the_log_keeps_the_latest_requests(ask: Any) -> None:
    with Simulator(max_received=2) as service:
        for path in ("/1", "/2", "/3"):
            ask(service, path)
        assert [request.path for request in service.received] == ["/2", "/3"]
        assert [entry["path"] for entry in ask(service, "/_simulator/received").json] == ["/2", "/3"]


def test_stop_closes_kept_connections_and_leaves_no_thread(rows: Any) -> None:
    before = threading.active_count()
    service = Simulator([SimulatedJob(rows, "job")], faults=[Fault("stall", cursor="page_0001")])
    service.start()
    with (
        closing(http.client.HTTPConnection("127.0.0.1", service.port)) as idle,
        closing(http.client.HTTPConnection("127.0.0.1", service.port)) as stalled,
    ):
        idle.request("GET", BALANCE)
        idle.getresponse().read()
        stalled.request("GET", f"{JOBS}/job?cursor=page_0001")
        service.stop()
        assert idle.sock.recv(1) == b""
        with pytest.raises(ConnectionError):
            stalled.getresponse()
    service.stop()
    assert threading.active_count() == before


def test_an_outage_keeps_the_port_and_the_jobs(rows: Any, ask: Any, poll: Any, clock: ManualClock) -> None:
    service = Simulator([SimulatedJob(rows, running=10)], clock=clock)
    with service:
        url = service.base_url
        service.stop()
        with pytest.raises(ConnectionRefusedError):
            ask(service, BALANCE)
        clock.sleep(10)
        service.start()
        assert service.base_url == url
        assert poll(service)["status"] == "completed"


def test_a_simulator_process_has_control_paths(ask: Any) -> None:
    config = {"jobs": [{"rows": 3, "shape": "narrow", "job_id": "job"}], "faults": ["503:once"], "api_key": "key"}
    with subprocess.Popen(
        [sys.executable, "-m", "xl_openfunnel.simulator", json.dumps(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())

        def send(method: str, path: str, body: bytes | None = None) -> Any:
            with closing(http.client.HTTPConnection("127.0.0.1", where["port"], timeout=10)) as connection:
                connection.request(method, path, body, {"X-API-Key": where["api_key"]})
                return json.loads(connection.getresponse().read())

        assert where["job_ids"] == ["job"]
        assert send("GET", f"{JOBS}/job") == {"detail": "Service Unavailable"}
        assert send("GET", f"{JOBS}/job")["count"] == 3
        assert [entry["status"] for entry in send("GET", "/_simulator/received")] == [503, 200]
        send("PUT", "/_simulator/faults", b'["500"]')
        assert send("GET", f"{JOBS}/job") == {"detail": "Internal Server Error"}
        assert send("PUT", "/_simulator/faults", b"[" * 100_000)["detail"]
        assert "no option" in send("PUT", "/_simulator/faults", b'["500:oops=1"]')["detail"]
        send("DELETE", "/_simulator/received")
        assert send("GET", "/_simulator/received") == []
        process.stdin.close()
        assert process.wait(timeout=10) == 0
