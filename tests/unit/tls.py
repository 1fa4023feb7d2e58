"""A TLS server whose certificate comes from an unknown authority."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer

import pytest


class _RunningJobHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"status": "running"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _QuietServer(TCPServer):
    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def tls_server(folder: Path, *names: str, **dates: datetime) -> Iterator[int]:
    """Run a server with a certificate that no client trusts; gives its port.

    Args:
        folder: gets the authority's ``cert.pem``, and the server's ``key.pem``.
        names: the hosts that the certificate is for; without, this computer.
        dates: ``not_before`` and ``not_after``.
    """
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    certificate = authority.issue_cert(*(names or ("localhost", "127.0.0.1")), **dates)
    authority.cert_pem.write_to_path(str(folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with _QuietServer(("127.0.0.1", 0), _RunningJobHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
