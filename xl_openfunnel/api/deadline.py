"""A deadline for a whole response, from the first byte of its status line to the last of its body.

A read timeout starts over with every piece that arrives, and `http.client` reads lines in loops of its own, so a
response that drips never ends by itself. Here every read from the socket waits no longer than the time that is left.

A watchdog thread that shuts the socket down is no alternative: urllib3 hands out a socket only with the response, after
the status line, the headers and a proxy's answer to CONNECT, which may drip too.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema
from urllib3.connection import HTTPConnection, HTTPSConnection

_MAX_INTERIM_RESPONSES = 1_000
"""1xx responses before the final one: a server that sends one each second while it works stays below for the whole
`TOTAL_TIMEOUT`."""

_this_thread = threading.local()


@contextlib.contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """Limit all that this thread reads through a `DeadlineAdapter` to ``seconds`` in total.

    A read that takes longer raises `TimeoutError`.
    """
    _this_thread.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        del _this_thread.deadline


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket, and waits for each piece no longer than the deadline of this thread allows."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._read_timeout = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        deadline: float | None = getattr(_this_thread, "deadline", None)
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the response took longer than its deadline")
            self._sock.settimeout(left if self._read_timeout is None else min(left, self._read_timeout))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Response(http.client.HTTPResponse):
    """The final response of a request, read within the deadline of this thread, if it has one."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach()))

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the final response, also of a proxy's to CONNECT: `http.client` skips 100 alone.

        Raises:
            BadStatusLine: 101, which answers a request to change the protocol that was not sent.
            HTTPException: no final response comes.
        """
        for _ in range(_MAX_INTERIM_RESPONSES):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.BadStatusLine(f"{status} {reason}")
            if status >= 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {_MAX_INTERIM_RESPONSES:,} interim responses")


class _Connection(HTTPConnection):
    response_class = Response
    debuglevel = 0  # a program that sets http.client's own prints every header that is sent


class _SecureConnection(HTTPSConnection):
    response_class = Response
    debuglevel = 0


class DeadlineAdapter(HTTPAdapter):
    """A transport whose responses end at the deadline of `deadline_in`."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """As the base class, for the direct way and for proxies, with a pool of connections that keep the deadline."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _SecureConnection if pool.scheme == "https" else _Connection
        return pool

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """As the base class.

        Raises:
            InvalidSchema: for a SOCKS proxy, also where requests could use one: its connections are of another class.
        """
        if str(proxy).lower().startswith("socks"):
            raise InvalidSchema("a SOCKS proxy")
        return super().proxy_manager_for(proxy, **kwargs)
