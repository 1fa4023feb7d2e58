"""Requests that never reach the service.

An unknown name is faked: a real look-up may take seconds to fail.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from xl_openfunnel.api.deadline import DeadlineAdapter

CLOSED_PORT = "http://127.0.0.1:9"
"""Where nothing listens."""

UNKNOWN_NAME = "service.invalid"
"""A name in a top-level domain that is reserved for unknown names."""


class RedirectingAdapter(DeadlineAdapter):
    """The package's transport, which can connect to another address for some requests.

    Attributes:
        target: the other address; None to connect to the right one.
        cursor: the cursor of the affected requests: `...` for all, None for requests without a cursor.
        context: the TLS context for the other address; None for the adapter's own.
    """

    def __init__(self) -> None:
        self.target: str | None = None
        self.cursor: Any = ...
        self.context: ssl.SSLContext | None = None
        super().__init__()

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        cursor = parse_qs(urlsplit(request.url).query).get("cursor", [None])[0]
        if self.target is None or self.cursor not in (..., cursor):
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool_options = {"ssl_context": self.context} if self.context else {}
        return self.poolmanager.connection_from_url(self.target, pool_kwargs=pool_options)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: the pool's own context decides what is verified."""


@contextlib.contextmanager
def unresolvable(name: str) -> Iterator[None]:
    """Make the look-up of this one name fail, as without a network."""
    real_look_up = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == name:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real_look_up(host, *args, **kwargs)

    socket.getaddrinfo = look_up
    try:
        yield
    finally:
        socket.getaddrinfo = real_look_up
