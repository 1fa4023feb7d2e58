"""Requests that never reach the service: a closed port, an unknown host name, untrusted certificates.

All are real except the unknown name: a real look-up may take seconds to fail, so a fake fails at once.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme
import truststore

from xl_openfunnel.api.deadline import DeadlineAdapter

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


def closed_port() -> str:
    """The address of a port that was just closed."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


@contextlib.contextmanager
def tls_server(folder: Path, name: str, *, trusted: bool) -> Iterator[tuple[str, ssl.SSLContext]]:
    """The address of a TLS server with a certificate for `name`, and a client context that trusts its authority or not.

    The server only performs handshakes.
    """
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    client_context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trusted:
        client_context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_shake_hands, args=(listener, context), daemon=True)
        server.start()
        port = listener.getsockname()[1]
        try:
            yield f"https://127.0.0.1:{port}", client_context
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
    server.join()


def _shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with plain, contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
            secure.recv(1)


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
