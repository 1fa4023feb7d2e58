"""Checks of the connection to the service: each goes one step further than the one before."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from ..api.endpoints import CREDITS
from ..api.proxy_and_trust import CHECK_PROXY, TRUST_INSPECTION, certificate_remedy, tunnel_status
from ..detect import registry
from ..detect.registry import Read
from ..settings import CONNECT_TIMEOUT, is_loopback
from ..text import clip, one_line
from .connection import Route, connect, issuer, unverified_context
from .result import CheckResult, ok, unknown, wrong

INTERNET_SETTINGS: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_GO_ONLINE: Final = "Go online, and start the VPN if the service is reached through one."
_PROXY_ENCRYPTED: Final = "not looked at: the proxy itself is encrypted"
_START_AGAIN: Final = (
    "Start the program there again. If it is xl-openfunnel simulate: its address stays the same while its port is "
    "free; where it prints another one now, paste that line."
)

Resolve: TypeAlias = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host name.

    Raises:
        OSError: it has none.
    """
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in infos))


def proxy(route: Route, read: Read | None) -> CheckResult:
    """Whether requests can use the configured proxy, if there is one."""
    if route.proxy is None:
        script = registry.text(read, INTERNET_SETTINGS, "AutoConfigURL") if read else ""
        if script:
            return unknown(
                "none; but Windows has a script that chooses proxies, which Python cannot follow",
                "If the next steps fail, ask IT for the proxy's address, and set the variable HTTPS_PROXY to it.",
            )
        return ok("none")
    if route.proxy.scheme not in ("http", "https"):
        remedy = "Set the variable HTTPS_PROXY to a proxy whose address begins with http://."
        return wrong(f"{route.proxy} is of a kind that is not supported", remedy)
    return ok(str(route.proxy))


def name(route: Route, resolve: Resolve = resolve) -> CheckResult:
    """Whether the host name of the service, or of the proxy, can be resolved."""
    host, port = route.first_hop
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError) as error:
        remedy = CHECK_PROXY if route.proxy else _START_AGAIN if _is_local(route) else _GO_ONLINE
        return wrong(f"{host} could not be looked up ({_reason(error)})", remedy)
    return ok(f"{host} is {', '.join(addresses[:2])}{', …' if len(addresses) > 2 else ''}")


def connection(route: Route, timeout: float = CONNECT_TIMEOUT) -> CheckResult:
    """Whether the service, or the proxy, accepts connections."""
    host, port = route.first_hop
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError as error:
        what = f"{host}, port {port}, does not accept connections ({_reason(error)})"
        if _is_local(route):
            return wrong(what, _START_AGAIN)
        remedy = CHECK_PROXY if route.proxy else f"{_GO_ONLINE} If you are, ask IT."
        return wrong(what, remedy, for_it=_firewall_request(route))
    return ok(f"{host}, port {port}")


def certificate(
    route: Route, make_context: Callable[[], ssl.SSLContext], timeout: float = CONNECT_TIMEOUT
) -> CheckResult:
    """Whether the service's certificate can be verified, and who issued it."""
    if not route.secure:
        return ok("none: plain http to this very computer")
    if route.proxy and route.proxy.scheme == "https":
        return unknown(_PROXY_ENCRYPTED)
    try:
        context = make_context()
    except OSError as error:
        remedy = "Correct or unset REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE)."
        return wrong(f"the file of certificates to trust cannot be read ({_reason(error)})", remedy)
    try:
        by, version = _issuer_and_version(route, context, timeout)
    except ssl.SSLCertVerificationError as error:
        by = _unverified_issuer(route, timeout)
        reason = error.verify_message or "it is not trusted"
        what = f"issued by {by}, and could not be verified ({reason})"
        if remedy := certificate_remedy(error):
            return wrong(what, remedy)
        return wrong(
            what,
            f"If that is your company, which inspects the traffic: {TRUST_INSPECTION}. Ask IT. "
            "If it is not, use another network.",
            for_it=f"If it is {by} that inspects our traffic to {route.host}: put its certificate into the computer's "
            "store of trusted root certificates, or do not inspect that traffic. Do not trust it otherwise.",
        )
    except (OSError, http.client.HTTPException) as error:
        what = f"no encrypted connection to {route.host} ({_reason(error)})"
        if _is_local(route):
            return wrong(what, _START_AGAIN)
        if status := tunnel_status(str(error)):
            return _refused_by_proxy(route, what, status)
        remedy = "A proxy or firewall may cut it. Ask IT: a text for them stands at the end."
        return wrong(what, remedy, for_it=_firewall_request(route))
    return ok(f"issued by {by}, verified ({version})")


def answer(route: Route, make_context: Callable[[], ssl.SSLContext], timeout: float = CONNECT_TIMEOUT) -> CheckResult:
    """Whether the service itself answers a request without a key, rather than something between here and there."""
    if route.proxy and route.proxy.scheme == "https":
        return unknown(_PROXY_ENCRYPTED)
    try:
        connection = connect(route, make_context() if route.secure else None, timeout)
        try:
            connection.request("GET", route.path + CREDITS, headers={"Accept": "application/json"})
            response = connection.getresponse()
            status, media_type, start = response.status, response.headers.get_content_type(), response.read(64)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        remedy = _START_AGAIN if _is_local(route) else "Try again in a while; if other sites work, ask IT."
        return wrong(f"none ({_reason(error)})", remedy)
    return _classify(status, media_type, start, route.host)


def _classify(status: int, media_type: str, start: bytes, host: str) -> CheckResult:
    page = start.lstrip()[:1] == b"<" or media_type == "text/html"
    if status >= 500:
        return wrong(f"{host} is in trouble (HTTP {status})", "Wait a while.")
    if page or 300 <= status < 400:
        kind = "a web page" if page else "a redirect"
        remedy = "It may be a sign-in page of the network: open any site in a browser and sign in. Else ask IT."
        return wrong(f"{kind} instead of data (HTTP {status})", remedy)
    return ok(f"{host} answers (HTTP {status} without a key)")


def _issuer_and_version(route: Route, context: ssl.SSLContext, timeout: float) -> tuple[str, str]:
    """Who issued the service's certificate, and the version of TLS."""
    connection = connect(route, context, timeout)
    try:
        sock: ssl.SSLSocket = connection.sock  # type: ignore[assignment]  # typeshed declares a plain socket
        return issuer(sock.getpeercert(binary_form=True) or b"") or "somebody unnamed", sock.version() or "TLS"
    finally:
        connection.close()


def _unverified_issuer(route: Route, timeout: float) -> str:
    try:
        return _issuer_and_version(route, unverified_context(), timeout)[0]
    except (OSError, http.client.HTTPException):
        return "somebody unknown"


def _is_local(route: Route) -> bool:
    """Whether the service runs on this computer, so that neither the network nor IT is involved."""
    return is_loopback(route.host)


def _firewall_request(route: Route) -> str:
    through = f" through the proxy {route.proxy}" if route.proxy else ""
    return f"Let this computer connect to {route.host}, port {route.port}{through}."


def _refused_by_proxy(route: Route, what: str, status: int) -> CheckResult:
    """The proxy itself answered, and not the service."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return wrong(
            what,
            "The proxy wants a name and password: ask IT. A text for them stands at the end.",
            for_it=f"Let this computer reach {route.host}, port {route.port} without a sign-in at the proxy "
            f"{route.proxy}, which answers HTTP {status}. XL OpenFunnel can give it a name and password that stand in "
            "the variable HTTPS_PROXY (http://name:password@proxy:port), but cannot sign in with NTLM or Kerberos.",
        )
    return wrong(
        what,
        "The proxy refuses it: ask IT. A text for them stands at the end.",
        for_it=f"{_firewall_request(route)} It answers HTTP {status}.",
    )


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return clip(one_line(str(text)), 160)
