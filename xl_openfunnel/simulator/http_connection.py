"""Reads requests from a connection and sends deliveries.

Hand-written for speed: the standard library's handler parses headers as an e-mail, which takes a tenth of a
millisecond. It understands only what an HTTP/1.1 client sends to this service.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable
from typing import Final

from .responses import Delivery
from .service import Request

_MAX_HEAD: Final = 65_536
_MAX_BODY: Final = 1_048_576

_LINGER_ZERO: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""With this option, closing a socket resets the connection."""


class BadRequestError(Exception):
    """The client sent no HTTP request that this server understands."""


class Connection:
    def __init__(self, sock: socket.socket, number: int) -> None:
        self._sock = sock
        self._number = number
        self._buffer = b""

    def disable_nagle(self) -> None:
        """Send small pieces at once. Some systems report here, as an OSError, that the client has disconnected."""
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> Request | None:
        """The next request, or None when the client has closed the connection.

        Raises:
            BadRequestError: not a valid request.
            OSError: the connection broke.
        """
        head = self._read_head()
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, version = first.split(" ")
        except ValueError:
            raise BadRequestError(f"no request line: {first[:100]!r}") from None
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadRequestError(f"no header: {line[:100]!r}")
            headers[name.lower()] = value.strip()
        if version == "HTTP/1.0":
            headers.setdefault("connection", "close")
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, self._read_body(headers), self._number)

    def _read_head(self) -> bytes | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise BadRequestError("headers without an end")
            data = self._sock.recv(65_536)
            if not data:
                return None
            self._buffer += data
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return head

    def _read_body(self, headers: dict[str, str]) -> bytes:
        length = headers.get("content-length", "0")
        is_short = length.isdecimal() and len(length) <= len(str(_MAX_BODY))  # int() refuses thousands of digits
        if not is_short or int(length) > _MAX_BODY or "transfer-encoding" in headers:
            raise BadRequestError("a body must come with a Content-Length of at most 1 MB")
        size = int(length)
        while len(self._buffer) < size:
            data = self._sock.recv(65_536)
            if not data:
                raise BadRequestError("a body shorter than its Content-Length")
            self._buffer += data
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return body

    def send(self, delivery: Delivery, sleep: Callable[[float], object]) -> None:
        """Send a delivery, pausing between its pieces."""
        for position, piece in enumerate(delivery.pieces):
            if position and delivery.pause:
                sleep(delivery.pause)
            self._sock.sendall(piece)

    def close(self, *, reset: bool = False) -> None:
        try:
            if reset:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        finally:
            self._sock.close()

    def interrupt(self) -> None:
        """Make a blocked `read` or `send` in another thread return."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # already closed
