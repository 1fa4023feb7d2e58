"""The route to the service, direct or through a proxy, and the issuer of the certificate at its end."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..api.deadline import Response
from ..api.proxy_and_trust import Proxy, load_extra_certificates

_ORGANIZATION: Final = b"\x55\x04\x0a"
_COMMON_NAME: Final = b"\x55\x04\x03"
"""Object identifiers (2.5.4.10 and 2.5.4.3) in DER."""


@dataclass(frozen=True)
class Route:
    """The address of the service, and the proxy through which it is reached, if any."""

    host: str
    port: int
    secure: bool
    path: str = ""
    proxy: Proxy | None = None

    @property
    def first_hop(self) -> tuple[str, int]:
        """Host and port to connect to: those of the proxy, or else of the service."""
        return (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)


def route_to(base_url: str, proxy_for: Callable[[str], str | None]) -> Route:
    """The route to a base URL, which must be valid.

    ``proxy_for`` returns the URL of the proxy for an address, None for a direct connection.
    """
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    proxy_url = proxy_for(base_url)
    return Route(
        host=parts.hostname or "",
        port=parts.port or (443 if secure else 80),
        secure=secure,
        path=parts.path,
        proxy=Proxy.parse(proxy_url) if proxy_url else None,
    )


def connect(route: Route, context: ssl.SSLContext | None, timeout: float) -> http.client.HTTPConnection:
    """Connect to the service, through the proxy if there is one. This sends no request yet.

    The context is None for plain http. The timeout is that of each step.

    Raises:
        OSError: the connection failed; `ssl.SSLError` if encryption is the reason.
    """
    host, port = route.first_hop
    if context is None:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    connection.response_class = Response
    if route.proxy:
        from urllib3.util import make_headers

        login = make_headers(proxy_basic_auth=route.proxy.login) if route.proxy.login else {}
        connection.set_tunnel(route.host, route.port, headers=dict(login))
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection


def verified_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """A context that verifies certificates as requests do: with the system's store and the environment's file.

    Raises:
        OSError: the file that an environment variable names cannot be read.
    """
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_extra_certificates(context, environ)
    return context


def unverified_context() -> ssl.SSLContext:
    """A context that accepts any certificate. Only for reading who issued it; never send anything with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def issuer(certificate: bytes) -> str:
    """Organization and common name of the issuer of an X.509 certificate in DER; "" if it has neither.

    Parsed here because `ssl` decodes only certificates that OpenSSL itself has verified, and on Windows the system
    verifies them.
    """
    try:
        fields = list(_elements(_first_element(_first_element(certificate))))
        name = fields[3 if fields[0][0] == 0xA0 else 2][1]  # after version (optional), serial number and algorithm
        attributes: dict[bytes, str] = {}
        for _, group in _elements(name):
            for _, pair in _elements(group):
                (_, oid), (tag, text) = _elements(pair)
                attributes.setdefault(oid, text.decode("utf-16-be" if tag == 0x1E else "utf-8", "replace"))
    except (IndexError, ValueError):
        return ""
    return " / ".join(attributes[oid] for oid in (_ORGANIZATION, _COMMON_NAME) if attributes.get(oid))


def _first_element(data: bytes) -> bytes:
    """The content of a DER value's first element."""
    return list(_elements(data))[0][1]  # noqa: RUF015 - an empty value is an IndexError


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER value in order: tag and content."""
    position = 0
    while position < len(data):
        tag, size, position = data[position], data[position + 1], position + 2
        if size & 0x80:
            count = size & 0x7F
            size, position = int.from_bytes(data[position : position + count], "big"), position + count
        yield tag, data[position : position + size]
        position += size
