"""The checks of the connection to the service, over real sockets: each step, and what can stop it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from tests.unit.doctor.conftest import EMPTY, closed_port, registry
from tests.unit.raw_server import RawServer
from tests.unit.tls import tls_server
from xl_openfunnel import Client, OpenFunnelError
from xl_openfunnel.api.proxy_and_trust import Proxy, system_proxy
from xl_openfunnel.doctor import CheckState, network
from xl_openfunnel.doctor.connection import Route, issuer, route_to, verified_context
from xl_openfunnel.simulator import Fault, Simulator

pytestmark = pytest.mark.dependencies


@pytest.fixture
def service() -> Iterator[Simulator]:
    with Simulator() as service:
        yield service


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Route]:
    pytest.importorskip("trustme")
    with tls_server(tmp_path) as port:
        yield Route("localhost", port, secure=True)


def plain_route(service: Simulator) -> Route:
    return route_to(service.base_url, system_proxy)


def through(route: Route, proxy: str) -> Route:
    return route_to(f"https://{route.host}.example:{route.port}", lambda _: proxy)


def trust(environ: Mapping[str, str]) -> Callable[[], ssl.SSLContext]:
    return lambda: verified_context(environ)


def test_a_service_on_this_computer_is_reached_without_a_proxy(
    service: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://never.asked:1")
    route = plain_route(service)
    assert route.proxy is None
    assert network.proxy(route, None).what == "none"
    assert network.name(route).state is CheckState.OK
    assert network.connection(route).state is CheckState.OK
    assert network.certificate(route, trust({})).state is CheckState.OK
    answer = network.answer(route, trust({}))
    assert (answer.state, "without a key" in answer.what) == (CheckState.OK, True)
    assert [request.headers.get("x-api-key") for request in service.received] == [None]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://somebody:hunter2@proxy.example:3128", "http://proxy.example:3128"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("https://proxy.example", "https://proxy.example:443"),
        ("http://proxy.example", "http://proxy.example:80"),
    ],
)
def test_a_proxy_is_shown_without_its_password(url: str, shown: str) -> None:
    route = route_to("https://api.openfunnel.dev", lambda _: url)
    result = network.proxy(route, EMPTY)
    assert (result.state, result.what) == (CheckState.OK, shown)
    assert "hunter2" not in repr(route)
    assert route.first_hop == (route.proxy and (route.proxy.host, route.proxy.port))


def test_a_proxy_of_another_kind_is_wrong() -> None:
    route = route_to("https://api.openfunnel.dev", lambda _: "socks5://proxy.example")
    assert network.proxy(route, None).state is CheckState.WRONG


def test_a_script_that_chooses_proxies_is_reported() -> None:
    read = registry({network.INTERNET_SETTINGS: {"AutoConfigURL": "http://wpad/wpad.dat"}})
    assert network.proxy(Route("api.example", 443, secure=True), read).state is CheckState.UNKNOWN


def test_a_host_name_that_cannot_be_resolved_is_wrong() -> None:
    result = network.name(Route("openfunnel.invalid", 443, secure=True))
    assert (result.state, "could not be looked up" in result.what) == (CheckState.WRONG, True)
    by_proxy = network.name(Route("api.example", 443, secure=True, proxy=Proxy("http", "proxy.invalid", 1)))
    assert "proxy.invalid" in by_proxy.what
    assert "proxy" in by_proxy.remedy


def test_of_many_addresses_only_two_are_shown() -> None:
    result = network.name(Route("a.example", 443, secure=True), lambda *_: ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
    assert result.what == "a.example is 192.0.2.1, 192.0.2.2, …"


def test_a_refused_connection_is_wrong_and_reported_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    proxied = network.connection(Route("api.example", 443, secure=True, proxy=Proxy("http", "127.0.0.1", port)))
    assert f"api.example, port 443 through the proxy http://127.0.0.1:{port}" in proxied.for_it

    def refused(*_: object) -> None:
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr("socket.create_connection", refused)
    straight = network.connection(Route("api.example", 443, secure=True))
    assert (straight.state, "VPN" in straight.remedy) == (CheckState.WRONG, True)
    assert "api.example, port 443" in straight.for_it


@pytest.mark.parametrize("secure", [True, False])
def test_a_local_service_that_has_ended_is_to_be_started_again_without_it(*, secure: bool) -> None:
    route = Route("127.0.0.1", closed_port(), secure=secure)
    steps = [network.connection(route), network.answer(route, trust({}))]
    if secure:
        steps.append(network.certificate(route, trust({})))
    for result in steps:
        assert (result.state, result.for_it) == (CheckState.WRONG, "")
        assert result.remedy.startswith("Start the program there again. If it is xl-openfunnel simulate")
        assert "its address stays the same while its port is free; where it prints another" in result.remedy


def test_an_unknown_authority_is_wrong_and_named(secured: Route) -> None:
    result = network.certificate(secured, trust({}))
    assert result.state is CheckState.WRONG
    assert "issued by trustme" in result.what
    assert "If it is trustme" in result.for_it


def test_an_authority_that_the_environment_names_is_trusted_and_named(secured: Route, tmp_path: Path) -> None:
    trusted = trust({"REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem")})
    result = network.certificate(secured, trusted)
    assert (result.state, result.what.startswith("issued by trustme")) == (CheckState.OK, True)
    assert network.answer(secured, trusted).state is CheckState.OK


def test_a_file_of_authorities_that_is_missing_is_wrong(secured: Route, tmp_path: Path) -> None:
    result = network.certificate(secured, trust({"CURL_CA_BUNDLE": str(tmp_path / "none.pem")}))
    assert (result.state, "CURL_CA_BUNDLE" in result.remedy) == (CheckState.WRONG, True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("bundle", ["", "cert.pem", "none.pem", "key.pem", "."])
def test_the_doctor_trusts_what_requests_trust(
    host: str, bundle: str, secured: Route, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"REQUESTS_CA_BUNDLE": str(tmp_path / bundle)} if bundle else {}
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    result = network.certificate(Route(host, secured.port, secure=True), trust(environ))
    said = ""
    with Client(f"https://{host}:{secured.port}", "of_key_123456") as client:
        try:
            client.page("job")
        except OpenFunnelError as error:
            said = error.message
    assert (said == "") is (result.state is CheckState.OK) is (bundle == "cert.pem")
    assert ("cannot be read" in said) is ("cannot be read" in result.what)
    assert ("could not be verified" in said) is ("could not be verified" in result.what)


@pytest.mark.parametrize(
    ("names", "dates", "remedy"),
    [
        ((), {"not_after": datetime(2001, 1, 1)}, "Check this computer's date and time"),
        ((), {"not_before": datetime(2099, 1, 1)}, "Check this computer's date and time"),
        (("api.example",), {}, "It is for another name"),
        (("192.0.2.1",), {}, "It is for another name"),
    ],
)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_of_a_trusted_authority_with_wrong_dates_or_names_is_no_matter_of_trust(
    host: str,
    names: tuple[str, ...],
    dates: dict[str, datetime],
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = {"REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem")}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", environ["REQUESTS_CA_BUNDLE"])
    with tls_server(tmp_path, *names, **dates) as port:
        with Client(f"https://{host}:{port}", "of_key_123456") as c, pytest.raises(OpenFunnelError) as raised:
            c.page("job")
        found = network.certificate(Route(host, port, secure=True), trust(environ))
    assert remedy in raised.value.message
    assert "company" not in raised.value.message
    assert (remedy in found.remedy, found.for_it) == (True, "")


def test_a_server_without_tls_is_wrong(service: Simulator) -> None:
    route = plain_route(service)
    result = network.certificate(Route(route.host, route.port, secure=True), trust({}), timeout=0.3)
    assert (result.state, "no encrypted connection" in result.what) == (CheckState.WRONG, True)


def test_certificate_and_answer_come_through_the_proxy(
    secured: Route, tmp_path: Path, proxy: Callable[..., str]
) -> None:
    told = route_to("https://api.example", lambda _: proxy()).proxy
    route = Route(secured.host, secured.port, secure=True, proxy=told)
    trusted = trust({"REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem")})
    assert network.certificate(route, trusted).what.startswith("issued by trustme")
    assert network.answer(route, trusted).state is CheckState.OK


def test_a_proxy_that_asks_for_a_password_is_wrong(secured: Route, proxy: Callable[..., str]) -> None:
    route = through(secured, proxy("407 Proxy Authentication Required"))
    result = network.certificate(route, trust({}))
    assert (result.state, "407" in result.what) == (CheckState.WRONG, True)
    assert "without a sign-in at the proxy" in result.for_it
    assert "Kerberos" in result.for_it
    assert "hunter2" not in repr(result)


def test_it_is_told_how_a_proxy_refuses(secured: Route, proxy: Callable[..., str]) -> None:
    result = network.certificate(through(secured, proxy("403 Forbidden")), trust({}))
    assert "through the proxy http://127.0.0.1" in result.for_it
    assert result.for_it.endswith("It answers HTTP 403.")
    assert "Kerberos" not in result.for_it


def test_checks_behind_an_encrypted_proxy_are_unknown() -> None:
    route = Route("api.example", 443, secure=True, proxy=Proxy("https", "proxy.example", 443))
    assert network.certificate(route, trust({})).state is CheckState.UNKNOWN
    assert network.answer(route, trust({})).state is CheckState.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("html", on="any"), "a web page instead of data"),
        (Fault("redirect", location="https://login.example/", on="any"), "a redirect instead of data"),
        (Fault("status", status=503, on="any"), "is in trouble (HTTP 503)"),
        (Fault("reset", on="any"), "none ("),
    ],
    ids=lambda given: given.kind if isinstance(given, Fault) else "",
)
def test_an_answer_that_is_not_the_services_own_is_wrong(fault: Fault, words: str) -> None:
    with Simulator(faults=[fault]) as service:
        result = network.answer(plain_route(service), trust({}))
    assert (result.state, words in result.what) == (CheckState.WRONG, True), result


@pytest.mark.parametrize("hints", [1, 3])
def test_interim_responses_are_not_the_answer(
    hints: int, secured: Route, tmp_path: Path, proxy: Callable[..., str], raw_server: RawServer
) -> None:
    interim = "103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 " * hints
    told = route_to("https://api.example", lambda _: proxy(f"{interim}200 Connection established")).proxy
    route = Route(secured.host, secured.port, secure=True, proxy=told)
    assert network.certificate(route, trust({"REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem")})).state is CheckState.OK
    raw_server.answer = [f"HTTP/1.1 {interim}503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".encode()]
    direct = route_to(raw_server.url, lambda _: None)
    assert "HTTP 503" in network.answer(direct, trust({})).what


@pytest.mark.parametrize("damaged", [b"", b"\x30", b"\x30\x03\x30\x01\x02", b"\x30\x82", b"nonsense"])
def test_a_damaged_certificate_has_no_issuer(damaged: bytes) -> None:
    assert issuer(damaged) == ""
