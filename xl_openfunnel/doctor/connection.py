"""The way to the service: straight, or through a proxy; and whose certificate waits at its end."""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ..api.proxy_and_trust import load_extra_certificates
from ..settings import is_loopback


@dataclass(frozen=True)
class Proxy:
    """A proxy by its place; its user name and password are never shown."""

    scheme: str
    host: str
    port: int
    login: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True)
class Route:
    """Where the service is, and the proxy on the way, if there is one.

    Attributes:
        path: what stands between the host and the service's own paths.
    """

    host: str
    port: int
    secure: bool
    path: str = ""
    proxy: Proxy | None = None

    @property
    def first(self) -> tuple[str, int]:
        """What is connected to: the proxy, else the service."""
        return (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)


def route_to(base_url: str, proxy_for: Callable[[str], str | None]) -> Route:
    """The way to a checked base URL.

    Args:
        base_url: the service's address.
        proxy_for: gives the proxy's URL for an address, None for none.
    """
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    told = None if is_loopback(parts.hostname or "") else proxy_for(base_url)
    return Route(
        host=parts.hostname or "",
        port=parts.port or (443 if secure else 80),
        secure=secure,
        path=parts.path,
        proxy=_proxy(told) if told else None,
    )


def connected(route: Route, context: ssl.SSLContext | None, timeout: float) -> http.client.HTTPConnection:
    """A connection to the service, through the proxy where there is one. Nothing is sent to the service yet.

    Args:
        route: the way.
        context: how certificates are checked; None for plain http.
        timeout: seconds for every single step.

    Raises:
        OSError: it cannot be made; `ssl.SSLError` where encryption is the reason.
    """
    host, port = route.first
    if context is None:
        line = http.client.HTTPConnection(host, port, timeout=timeout)
    else:
        line = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    if route.proxy:
        from urllib3.util import make_headers

        login = make_headers(proxy_basic_auth=route.proxy.login) if route.proxy.login else {}
        line.set_tunnel(route.host, route.port, headers=dict(login))
    try:
        line.connect()
    except BaseException:
        line.close()
        raise
    return line


def verified_context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Certificates as every request checks them: by the system's own store, and the file of the environment.

    Raises:
        OSError: that file cannot be read.
    """
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_extra_certificates(context, environ)
    return context


def unverified_context() -> ssl.SSLContext:
    """Any certificate at all: only to read who issued it, with nothing ever sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def issuer(certificate: bytes) -> str:
    """Who issued an X.509 certificate: organization and common name of its issuer, "" where it has neither.

    Read here, since ssl tells it only of certificates that OpenSSL itself has verified; on Windows the system does
    that.

    Args:
        certificate: in DER.
    """
    try:
        fields = list(_parts(_first(_first(certificate))))
        name = fields[3 if fields[0][0] == 0xA0 else 2][1]  # after version (optional), serial number and algorithm
        told: dict[bytes, str] = {}
        for _, group in _parts(name):
            for _, pair in _parts(group):
                (_, kind), (tag, words) = _parts(pair)
                told.setdefault(kind, words.decode("utf-16-be" if tag == 0x1E else "utf-8", "replace"))
    except (IndexError, ValueError):
        return ""
    return " / ".join(told[kind] for kind in (b"\x55\x04\x0a", b"\x55\x04\x03") if told.get(kind))


def _first(data: bytes) -> bytes:
    """The content of a value's first element."""
    return list(_parts(data))[0][1]  # noqa: RUF015 - an empty value is an IndexError


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER value one after the other: tag and content."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(data[at : at + count], "big"), at + count
        yield tag, data[at : at + size]
        at += size


def _proxy(url: str) -> Proxy:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    login = None
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    default = {"https": 443, "http": 80}.get(parts.scheme, 1080)
    return Proxy(parts.scheme, parts.hostname or "", parts.port or default, login)
