"""A deadline for a whole answer, from the first byte of its status line to the last of its body.

A read timeout starts anew with every piece that arrives, and `http.client` reads lines in loops of its own, so an
answer that drips never ends by itself. Here every wait for a piece gets no more time than is left in all.
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
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_this_thread = threading.local()


@contextlib.contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """Whatever this thread reads from a connection of these pools must have arrived so many seconds from now."""
    _this_thread.end = time.monotonic() + seconds
    try:
        yield
    finally:
        del _this_thread.end


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes, each waited for no longer than the deadline allows."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        end: float | None = getattr(_this_thread, "end", None)
        if end is not None:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer took longer than its deadline")
            self._sock.settimeout(left if self._patience is None else min(left, self._patience))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that is read under the deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _Response
    debuglevel = 0  # a program that sets http.client's own prints every header that is sent


class _SecureConnection(HTTPSConnection):
    response_class = _Response
    debuglevel = 0


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class DeadlineAdapter(HTTPAdapter):
    """A transport whose answers end at the deadline of `deadline_in`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As the base class, with connections of our own."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """As the base class, with connections of our own, which know nothing of SOCKS.

        Raises:
            InvalidSchema: for such a proxy, also where requests could use one.
        """
        if str(proxy).lower().startswith("socks"):
            raise InvalidSchema("a SOCKS proxy")
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
