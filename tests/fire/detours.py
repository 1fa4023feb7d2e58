"""Requests that never reach the service: a closed port, a name nobody knows, certificates nobody trusts.

All real but the name: a system may take seconds to find out that nobody knows it, so a fake says so at once.
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
"""A name that is reserved for never being known."""


class Detour(DeadlineAdapter):
    """The package's own transport, which leads some requests elsewhere as long as it is told to.

    Attributes:
        elsewhere: where they are led; None for nowhere else.
        cursor: the page whose requests are led there: `...` for any, None for requests without a cursor.
    """

    def __init__(self) -> None:
        self.elsewhere: str | None = None
        self.cursor: Any = ...
        self.context: ssl.SSLContext | None = None
        super().__init__()

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        cursor = parse_qs(urlsplit(request.url).query).get("cursor", [None])[0]
        if self.elsewhere is None or self.cursor not in (..., cursor):
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        where = {"ssl_context": self.context} if self.context else {}
        return self.poolmanager.connection_from_url(self.elsewhere, pool_kwargs=where)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leaves a pool as it is: its own context says what is verified."""


def closed_port() -> str:
    """The address of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return f"http://127.0.0.1:{gone.getsockname()[1]}"


@contextlib.contextmanager
def tls(folder: Path, name: str, *, trusted: bool) -> Iterator[tuple[str, ssl.SSLContext]]:
    """A TLS server with a certificate for ``name``, at 127.0.0.1, and a context that trusts its authority or not.

    It only ever shakes hands: nobody gets further.
    """
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    asking: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trusted:
        asking = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_shake_hands, args=(listener, context), daemon=True)
        serving.start()
        port = listener.getsockname()[1]
        try:
            yield f"https://127.0.0.1:{port}", asking
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
    serving.join()


def _shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with plain, contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
            secure.recv(1)


@contextlib.contextmanager
def nobody_knows(name: str) -> Iterator[None]:
    """The fake: a look-up of this one name fails as it does where there is no network."""
    known = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == name:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *args, **kwargs)

    socket.getaddrinfo = look_up
    try:
        yield
    finally:
        socket.getaddrinfo = known
