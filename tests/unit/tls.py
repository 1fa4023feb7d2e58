"""A TLS server whose certificate comes from an unknown authority."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest


@contextmanager
def tls_server(folder: Path, *names: str, **dates: datetime) -> Iterator[int]:
    """Run a server with a certificate that no client trusts; gives its port. Arguments as of `make_certificate`."""
    cert, key = make_certificate(folder, *names, **dates)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    class RunningJobHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"status": "running"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class QuietServer(HTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    with (
        closing(socket.create_server(("127.0.0.1", 0))) as plain,
        QuietServer(("127.0.0.1", 0), RunningJobHandler, False) as server,
    ):
        server.socket.close()
        server.socket = context.wrap_socket(plain, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield plain.getsockname()[1] if plain.fileno() >= 0 else server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()


def make_certificate(folder: Path, *names: str, **dates: datetime) -> tuple[Path, Path]:
    """A certificate from an authority of its own.

    Args:
        folder: where the files are made; ``cert.pem`` is the authority's.
        names: the hosts it is for; without, this computer.
        dates: ``not_before`` and ``not_after``.
    """
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    server = authority.issue_cert(*(names or ("localhost", "127.0.0.1")), **dates)
    cert, key = folder / "server.pem", folder / "key.pem"
    server.private_key_and_cert_chain_pem.write_to_path(str(cert))
    key.write_bytes(server.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(folder / "cert.pem"))
    return cert, key
