"""The service, step by step: each check goes one step further than the one before."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from typing import Final

from ..api.endpoints import CREDITS
from ..detect import registry
from ..detect.registry import Read
from ..settings import CONNECT_TIMEOUT, is_loopback
from ..text import clip, one_line
from .connection import Route, connected, issuer, unverified_context
from .result import CheckResult, ok, unknown, wrong

PROXY: Final = "proxy"
NAME: Final = "name"
CONNECTION: Final = "connection"
CERTIFICATE: Final = "certificate"
ANSWER: Final = "answer"

INTERNET_SETTINGS: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_ONLINE: Final = "Go online, and start the VPN if the service is reached through one."
_START: Final = (
    "Start the program there again. If it is xl-openfunnel simulate: its address is another one each time, so paste "
    "the line that it prints now."
)

Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def proxy(route: Route, read: Read | None) -> CheckResult:
    """Whether the service is reached through a proxy.

    Args:
        route: the way to the service.
        read: the registry; None where there is none.
    """
    if route.proxy is None:
        script = registry.text(read, INTERNET_SETTINGS, "AutoConfigURL") if read else ""
        if script:
            return unknown(
                PROXY,
                "none; but Windows has a script that chooses proxies, which Python cannot follow",
                "If the next steps fail, ask IT for the proxy's address, and set the variable HTTPS_PROXY to it.",
            )
        return ok(PROXY, "none")
    if route.proxy.scheme not in ("http", "https"):
        cure = "Set the variable HTTPS_PROXY to a proxy whose address begins with http://."
        return wrong(PROXY, f"{route.proxy} is of a kind that is not supported", cure)
    return ok(PROXY, str(route.proxy))


def name(route: Route, resolve: Resolve = resolve) -> CheckResult:
    """Whether the name of the service, or of the proxy, can be looked up."""
    host, port = route.first
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError) as trouble:
        cure = "Check the proxy's address, or ask IT." if route.proxy else _START if _here(route) else _ONLINE
        return wrong(NAME, f"{host} could not be looked up ({_reason(trouble)})", cure)
    return ok(NAME, f"{host} is {', '.join(addresses[:2])}{', …' if len(addresses) > 2 else ''}")


def connection(route: Route, timeout: float = CONNECT_TIMEOUT) -> CheckResult:
    """Whether something accepts connections there."""
    host, port = route.first
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError as trouble:
        what = f"{host}, port {port}, does not accept connections ({_reason(trouble)})"
        if _here(route):
            return wrong(CONNECTION, what, _START)
        cure = "Check the proxy's address, or ask IT." if route.proxy else f"{_ONLINE} If you are, ask IT."
        return wrong(CONNECTION, what, cure, for_it=_let_through(route))
    return ok(CONNECTION, f"{host}, port {port}")


def certificate(route: Route, trusting: Callable[[], ssl.SSLContext], timeout: float = CONNECT_TIMEOUT) -> CheckResult:
    """Whether the service's certificate can be verified, and who issued it.

    Args:
        route: the way to the service.
        trusting: makes the context that requests are checked with.
        timeout: seconds for every single step.
    """
    if not route.secure:
        return ok(CERTIFICATE, "none: plain http to this very computer")
    if route.proxy and route.proxy.scheme == "https":
        return unknown(CERTIFICATE, "not looked at: the proxy itself is encrypted")
    try:
        context = trusting()
    except OSError as trouble:
        cure = "Correct or unset REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE)."
        return wrong(CERTIFICATE, f"the file of certificates to trust cannot be read ({_reason(trouble)})", cure)
    try:
        by, version = _certificate(route, context, timeout)
    except ssl.SSLCertVerificationError as trouble:
        by = _issuer_of_any(route, timeout)
        said = trouble.verify_message or "it is not trusted"
        return wrong(
            CERTIFICATE,
            f"issued by {by}, and could not be verified ({said})",
            "If that is your company, which inspects encrypted traffic: its certificate must be in the system's "
            "store, or in a file that REQUESTS_CA_BUNDLE names. Ask IT. If it is not, use another network.",
            for_it=f"Put the certificate of {by}, which inspects the traffic to {route.host}, into the "
            "computer's store of trusted root certificates; or do not inspect that traffic.",
        )
    except (OSError, http.client.HTTPException) as trouble:
        what = f"no encrypted connection to {route.host} ({_reason(trouble)})"
        if _here(route):
            return wrong(CERTIFICATE, what, _START)
        cure = "A proxy or firewall may cut it. Ask IT: a text for them stands at the end."
        return wrong(CERTIFICATE, what, cure, for_it=_let_through(route))
    return ok(CERTIFICATE, f"issued by {by}, verified by the system ({version})")


def answer(route: Route, trusting: Callable[[], ssl.SSLContext], timeout: float = CONNECT_TIMEOUT) -> CheckResult:
    """Whether the service answers a request without a key, and not somebody else in its place."""
    if route.proxy and route.proxy.scheme == "https":
        return unknown(ANSWER, "not looked at: the proxy itself is encrypted")
    try:
        line = connected(route, trusting() if route.secure else None, timeout)
        try:
            line.request("GET", route.path + CREDITS, headers={"Accept": "application/json"})
            got = line.getresponse()
            status, kind, begins = got.status, got.headers.get_content_type(), got.read(64)
        finally:
            line.close()
    except (OSError, http.client.HTTPException) as trouble:
        cure = _START if _here(route) else "Try again in a while; if other sites work, ask IT."
        return wrong(ANSWER, f"none ({_reason(trouble)})", cure)
    return _judged(status, kind, begins, route.host)


def _judged(status: int, media_type: str, begins: bytes, host: str) -> CheckResult:
    page = begins.lstrip()[:1] == b"<" or media_type == "text/html"
    if status >= 500:
        return wrong(ANSWER, f"{host} is in trouble (HTTP {status})", "Wait a while.")
    if page or 300 <= status < 400:
        kind = "a web page" if page else "a redirect"
        cure = "It may be a login page of the network: open any site in a browser and log in. Else ask IT."
        return wrong(ANSWER, f"{kind} instead of data (HTTP {status})", cure)
    return ok(ANSWER, f"{host} answers (HTTP {status} without a key)")


def _certificate(route: Route, context: ssl.SSLContext, timeout: float) -> tuple[str, str]:
    """Who issued the certificate at the end of the way, and the version of TLS."""
    line = connected(route, context, timeout)
    try:
        sock: ssl.SSLSocket = line.sock  # type: ignore[assignment]  # which typeshed takes for a plain one
        return issuer(sock.getpeercert(binary_form=True) or b"") or "somebody unnamed", sock.version() or "TLS"
    finally:
        line.close()


def _issuer_of_any(route: Route, timeout: float) -> str:
    try:
        return _certificate(route, unverified_context(), timeout)[0]
    except (OSError, http.client.HTTPException):
        return "somebody unknown"


def _here(route: Route) -> bool:
    """Whether the service is a program on this very computer, with which neither the network nor IT has to do."""
    return is_loopback(route.host)


def _let_through(route: Route) -> str:
    through = f" through the proxy {route.proxy}" if route.proxy else ""
    return f"Let this computer connect to {route.host}, port {route.port}{through}."


def _reason(trouble: BaseException) -> str:
    said = getattr(trouble, "strerror", None) or str(trouble) or type(trouble).__name__
    return clip(one_line(str(said)), 160)
