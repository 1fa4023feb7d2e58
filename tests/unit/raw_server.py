"""A server whose responses are given as raw bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence


class RawServer:
    """Answers every connection with the pieces in ``answer``, one write each, then closes it."""

    def __init__(self) -> None:
        self.answer: Sequence[bytes] | Iterator[bytes] = ()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not connection.recv(65_536):
                    return
                try:
                    for piece in self.answer:
                        connection.sendall(piece)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65_536):
                        pass
                except OSError:
                    continue

    def close(self) -> None:
        socket.create_connection(self.listener.getsockname()).close()
        self.thread.join()
        self.listener.close()
