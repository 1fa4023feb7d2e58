"""The client over real sockets: one call sends one request and returns one value or raises one error."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from requests.adapters import BaseAdapter

from tests.unit.raw_server import RawServer
from tests.unit.tls import tls_server
from xl_openfunnel import Client, ConfigurationError, Credits, InsecureUrlError, OpenFunnelError, keys
from xl_openfunnel.api import http_sender
from xl_openfunnel.api.deadline import DeadlineAdapter, Response
from xl_openfunnel.api.http_sender import Limits, make_adapter
from xl_openfunnel.api.models import read_rows
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator, companies

pytestmark = pytest.mark.dependencies

ROWS = companies(250, seed=7, shape="narrow")
JOB = SimulatedJob(ROWS)


@pytest.fixture
def service() -> Iterator[Simulator]:
    clock = ManualClock()
    with Simulator([JOB], clock=clock, sleep=clock.sleep) as service:
        yield service


def client(service: Simulator, **options: object) -> Client:
    return Client(service.base_url, service.api_key, **options)  # type: ignore[arg-type]


def kind_of(service: Simulator, **options: object) -> str:
    with client(service, **options) as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    return raised.value.kind


def test_one_call_is_one_request_and_one_page(service: Simulator) -> None:
    with client(service) as c:
        page = c.page(JOB.job_id, "page_0001")
    assert (page.name, page.next_cursor, page.row_count) == ("page_0001", "page_0002", 100)
    assert read_rows(page.rows_json) == ROWS[100:200]
    assert [(r.method, r.cursor, r.key_ok) for r in service.received] == [("GET", "page_0001", True)]


def test_a_pasted_job_is_asked_for_by_its_id(service: Simulator) -> None:
    with client(service) as c:
        assert c.page(f"Job \u200b{JOB.job_id.upper()},").row_count == 100
        with pytest.raises(OpenFunnelError, match="over already"):
            c.cancel(f"{service.base_url}/jobs/{JOB.job_id}/page_2")
    assert len(service.received) == 2


def test_connections_are_reused(service: Simulator) -> None:
    with client(service) as c:
        for _ in range(5):
            c.page(JOB.job_id)
    assert {request.connection for request in service.received} == {1}


def test_credits_and_cancel(service: Simulator) -> None:
    running = SimulatedJob(ROWS, running=100.0)
    service.add(running)
    with client(service) as c:
        assert isinstance(c.credits(), Credits)
        assert c.cancel(running.job_id).status == "cancelling"
        with pytest.raises(OpenFunnelError, match="over already"):
            c.cancel(JOB.job_id)
        with pytest.raises(OpenFunnelError, match="no job unknown"):
            c.cancel("unknown")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("status", status=503), "ServerError"),
        (Fault("status", status=429), "RateLimitError"),
        (Fault("status", status=402), "InsufficientCreditsError"),
        (Fault("cut"), "TransportError"),
        (Fault("cut_chunked"), "TransportError"),
        (Fault("wrong_length"), "InvalidResponseError"),
        (Fault("reset"), "TransportError"),
        (Fault("reset_after_headers"), "TransportError"),
        (Fault("html"), "InvalidResponseError"),
        (Fault("json", body=b"{"), "InvalidResponseError"),
        (Fault("json", body=b"no gzip at all", headers={"Content-Encoding": "gzip"}), "InvalidResponseError"),
        (Fault("json", body=b"{}", headers={"Content-Encoding": "br"}), "InvalidResponseError"),
        (Fault("json", body=gzip.compress(b"{}" * 99)[:-9], headers={"Content-Encoding": "gzip"}), "TransportError"),
        (Fault("redirect", location="http://127.0.0.1:9/"), "InvalidResponseError"),
        (Fault("redirect", location="http://["), "InvalidResponseError"),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else value,
)
def test_each_fault_is_one_error_of_the_tree(service: Simulator, fault: Fault, kind: str) -> None:
    service.faults = (fault,)
    assert kind_of(service) == kind
    assert len(service.received) == 1


def test_slow_drip_ends_at_the_total_deadline(service: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    monkeypatch.setattr(http_sender, "time", SimpleNamespace(monotonic=clock))
    service.faults = (Fault("slow", chunk=1000, pause=1.0),)
    with (
        Simulator([JOB], clock=clock, sleep=clock.sleep, faults=service.faults) as slow,
        client(slow, limits=Limits(total=10.0)) as c,
        pytest.raises(OpenFunnelError, match="within 10 seconds") as raised,
    ):
        c.page(JOB.job_id)
    assert raised.value.kind == "RequestTimeoutError"


def test_silence_ends_at_the_read_timeout(service: Simulator) -> None:
    service.faults = (Fault("stall"),)
    assert kind_of(service, limits=Limits(read=0.05)) == "RequestTimeoutError"


def test_body_over_the_size_limit_is_refused_compressed_or_not(service: Simulator) -> None:
    assert kind_of(service, limits=Limits(body=1000)) == "InvalidResponseError"
    with Simulator([JOB], gzip=True) as zipped:
        assert kind_of(zipped, limits=Limits(body=40_000)) == "InvalidResponseError"


@pytest.mark.parametrize(("megabytes", "words"), [(0, "redirects to https://login.example"), (8, r"larger than 4 MB")])
def test_redirect_body_is_read_under_the_same_limits_and_not_by_requests(
    service: Simulator, megabytes: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpacked_whole(response: requests.Response) -> bytes:
        raise AssertionError("requests read the body")

    monkeypatch.setattr(requests.Response, "content", property(unpacked_whole))
    body = gzip.compress(b"<html>log in</html>" + bytes(megabytes * 2**20))
    headers = {"Location": "https://login.example/", "Content-Encoding": "gzip"}
    service.faults = (Fault("json", status=302, body=body, headers=headers),)
    with client(service) as c, pytest.raises(OpenFunnelError, match=words) as raised:
        c.page(JOB.job_id)
    assert raised.value.kind == "InvalidResponseError"


def test_stopped_service_is_a_connect_error(service: Simulator) -> None:
    service.stop()
    assert kind_of(service) == "ConnectError"


def test_unknown_host_name_is_a_dns_error() -> None:
    with Client("https://no-such-host.invalid", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    assert raised.value.kind == "DnsError"


def test_refusing_proxy_is_a_proxy_error(service: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", service.base_url)
    with Client("https://api.example.com", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    assert raised.value.kind == "ProxyError"


@pytest.mark.parametrize(
    ("status", "says", "retryable"),
    [
        (407, "asks for a password (HTTP 407)", False),
        (403, "did not let the request through", False),
        (429, "did not let the request through", True),
        (502, "did not let the request through", True),
    ],
)
def test_what_a_proxy_answers_before_the_tunnel_tells_whether_waiting_helps(
    raw_server: RawServer, monkeypatch: pytest.MonkeyPatch, status: int, says: str, retryable: bool
) -> None:
    raw_server.answer = [f"HTTP/1.1 {status} As It Is\r\nContent-Length: 0\r\n\r\n".encode()]
    monkeypatch.setenv("HTTPS_PROXY", raw_server.url)
    with Client("https://api.example.com", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    assert (raised.value.kind, raised.value.retryable) == ("ProxyError", retryable)
    assert says in raised.value.message


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("http://127.0.0.1:9", "The proxy http://127.0.0.1:9 does not accept connections."),
        ("127.0.0.1:9", "The proxy http://127.0.0.1:9 does not accept connections."),
        ("https://127.0.0.1:9", "The proxy https://127.0.0.1:9 does not accept connections."),
        ("http://someone:hunter2@no.invalid:3128", "The proxy http://no.invalid:3128 could not be looked up."),
    ],
)
def test_a_proxy_that_is_not_there_is_named_and_may_come_back(
    proxy: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with Client("https://api.example.com", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    assert (raised.value.kind, raised.value.retryable) == ("ProxyError", True)
    assert raised.value.message == f"{says} Check the proxy's address, or ask IT."


@pytest.mark.parametrize(
    "proxy",
    [
        *("socks5://127.0.0.1:1", "SOCKS4://127.0.0.1:1", "foo://x", "http://", "://", "http://[::1", "http://a..b:1"),
        *("http://127.0.0.1:port", "http://127.0.0.1:99999", "http://someone:hunter2@x:port"),
    ],
)
def test_invalid_proxy_names_its_variable_and_is_not_retried(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with Client("https://api.example.com", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    assert (raised.value.kind, raised.value.retryable) == ("ProxyError", False)
    assert "variable HTTPS_PROXY" in raised.value.message
    assert "hunter2" not in raised.value.message


def test_socks_proxy_is_refused_even_if_requests_supports_it() -> None:
    with pytest.raises(requests.exceptions.InvalidSchema):
        DeadlineAdapter().proxy_manager_for("socks5h://127.0.0.1:1")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("host", ["no-such-host.invalid", "localhost:9", "127.0.0.1:9"])
def test_unreadable_certificates_name_their_variable_and_are_not_retried(
    variable: str, there: bool, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "cert.pem"))
    if there:
        (tmp_path / "cert.pem").write_text("no certificate")
    with Client(f"https://{host}", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    assert (raised.value.kind, raised.value.retryable) == ("TlsError", False)
    assert f"variable {variable} names cannot be read" in raised.value.message


@pytest.mark.parametrize("host", ["ﬁ.example", "Ⅰ.example"])
def test_impossible_host_name_is_refused_when_the_client_is_created(host: str) -> None:
    with pytest.raises(ConfigurationError, match="names no host"):
        Client(f"https://{host}", "of_key_123456")


def test_loopback_is_never_reached_through_a_proxy(service: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        with client(service) as c:
            assert c.page(JOB.job_id).row_count == 100
        assert proxy.received == []


def test_a_handshake_that_breaks_off_may_succeed_later(raw_server: RawServer) -> None:
    raw_server.answer = [b"HTTP/1.1 503 Busy\r\n\r\n"]
    address = raw_server.url.removeprefix("http://")
    with Client(f"https://{address}", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
        c.page(JOB.job_id)
    assert (raised.value.kind, raised.value.retryable) == ("TlsError", True)


def test_self_signed_certificate_is_a_tls_error_that_waiting_does_not_mend(tmp_path: Path) -> None:
    with (
        tls_server(tmp_path) as port,
        Client(f"https://localhost:{port}", "of_key_123456") as c,
        pytest.raises(OpenFunnelError) as raised,
    ):
        c.page(JOB.job_id)
    assert (raised.value.kind, raised.value.retryable) == ("TlsError", False)
    assert "in the system's store, or in a file that REQUESTS_CA_BUNDLE names: ask IT." in raised.value.cell_text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificate_authority_named_by_the_environment_is_trusted(
    host: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(tmp_path) as port:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.setenv(variable, str(tmp_path / "cert.pem"))
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # which is for other computers
        with Client(f"https://{host}:{port}", "of_key_123456") as c:
            assert c.page(JOB.job_id).status == "running"


def test_plain_http_reads_no_certificates(service: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "none.pem")
    with client(service) as c:
        assert c.page(JOB.job_id).row_count == 100
    service.stop()
    assert kind_of(service) == "ConnectError"


@pytest.mark.parametrize("url", ["http://api.openfunnel.dev", "http://192.168.0.4:80", "http://localhost.example"])
def test_plain_http_to_another_machine_is_refused_when_the_client_is_created(url: str) -> None:
    with pytest.raises(InsecureUrlError):
        Client(url, "of_key_123456")


def test_custom_transport_may_return_whole_bodies() -> None:
    class Canned(BaseAdapter):
        def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override]
            answer = requests.Response()
            answer.status_code = 200
            answer._content = b'{"status": "running", "rows": [{"name": "x"}]}'
            return answer

        def close(self) -> None:
            pass

    with Client("https://api.example.com", "of_key_123456", transport=Canned()) as c:
        assert c.page(JOB.job_id).row_count == 1


def test_key_function_is_called_for_every_request(service: Simulator) -> None:
    given = iter(["of_wrong_000000", service.api_key])
    with Client(service.base_url, lambda: next(given)) as c:
        with pytest.raises(OpenFunnelError, match="refused"):
            c.page(JOB.job_id)
        assert c.page(JOB.job_id).row_count == 100


@pytest.mark.parametrize(
    "drip",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 500,
        b"HTTP/1.1 200 " + b"O" * 900,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 90,
    ],
    ids=["headers", "status line", "continue"],
)
def test_response_that_drips_before_its_body_ends_at_the_total_deadline(drip: bytes) -> None:
    with (
        dripping_server(drip) as port,
        Client(f"http://127.0.0.1:{port}", "of_key_123456", limits=Limits(total=0.3)) as c,
        pytest.raises(OpenFunnelError) as raised,
    ):
        c.page(JOB.job_id)
    assert raised.value.kind == "RequestTimeoutError"


def test_proxy_that_drips_its_response_to_connect_ends_at_the_total_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping_server(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 500) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with (
            Client("https://api.example.com", "of_key_123456", limits=Limits(total=0.3)) as c,
            pytest.raises(OpenFunnelError) as raised,
        ):
            c.page(JOB.job_id)
    assert raised.value.kind == "RequestTimeoutError"


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-More: 1\r\n" * 5_000,
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000_000,
        b"HTTP/1.1 " + b"2" * 1_000_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 1_000_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\x1b[31m\x00: \xff\r\n no colon\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n" * 9,
    ],
    ids=["headers", "long header", "status line", "chunk size", "negative", "huge length", "odd bytes", "no http"],
)
@pytest.mark.filterwarnings("ignore")
def test_flood_before_the_body_is_an_error_of_the_tree(flood: bytes) -> None:
    with (
        dripping_server(flood, at_once=len(flood)) as port,
        Client(f"http://127.0.0.1:{port}", "of_key_123456", limits=Limits(read=2.0, total=2.0)) as c,
        pytest.raises(OpenFunnelError) as raised,
    ):
        c.page(JOB.job_id)
    assert raised.value.kind in ("TransportError", "InvalidResponseError")


@pytest.mark.parametrize("proxy", [None, "http://proxy.example:3128"])
def test_every_connection_obeys_the_deadline_and_prints_nothing(proxy: str | None) -> None:
    for url in ("https://api.example.com", "http://127.0.0.1:1"):
        adapter = make_adapter(url, 1)
        assert isinstance(adapter, DeadlineAdapter)
        proxies = {"http": proxy, "https": proxy} if proxy else {}
        request = requests.Request("GET", url).prepare()
        connection = adapter.get_connection_with_tls_context(request, True, proxies=proxies).ConnectionCls
        assert (connection.response_class, connection.debuglevel) == (Response, 0)
        assert "debuglevel" in vars(connection)


def test_refused_key_is_looked_up_again(service: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter(["of_wrong_000000", service.api_key])
    monkeypatch.setattr(keys, "find", lambda origin: keys.Key(next(found), "the test"))
    with Client(service.base_url) as c:
        with pytest.raises(OpenFunnelError, match="refused"):
            c.page(JOB.job_id)
        assert [c.page(JOB.job_id).row_count for _ in range(2)] == [100, 100]


@contextmanager
def dripping_server(drip: bytes, *, at_once: int = 1) -> Iterator[int]:
    """A server that sends ``drip`` in pieces of ``at_once`` bytes with short pauses, until the client closes."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as connection:
            connection.recv(65_536)
            for begin in range(0, len(drip), at_once):
                if over.wait(0.01):
                    return
                try:
                    connection.sendall(drip[begin : begin + at_once])
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()
