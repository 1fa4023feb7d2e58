"""Registries, add-ins and proxies for the checks."""

from __future__ import annotations

import contextlib
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from xl_openfunnel.detect.excel import ADDIN_FILE
from xl_openfunnel.detect.registry import Read

Registry = Mapping[str, Mapping[str, object]]


def registry(keys: Registry) -> Read:
    """A registry with these keys. As in Windows, the case of their names does not matter."""
    folded = {key.casefold(): values for key, values in keys.items()}
    return lambda key: folded.get(key.casefold(), {})


EMPTY = registry({})


def closed_port() -> int:
    """A port of this computer on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def make_addin(folder: Path, version: str) -> Path:
    """An add-in of this version; "" for one without a version."""
    file = folder / ADDIN_FILE
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("docProps/core.xml", f"<x><d>Made by XL OpenFunnel {version}.</d></x>" if version else "<x/>")
    return file


@pytest.fixture
def proxy() -> Iterator[Callable[..., str]]:
    """Starts a proxy that answers CONNECT with this status, and with 200 forwards the bytes; returns its URL."""
    with contextlib.ExitStack() as stack:

        def start(status: str = "200 Connection established") -> str:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=_serve, args=(server, status), daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            stack.callback(_stop, server)
            return f"http://somebody:hunter2@127.0.0.1:{server.getsockname()[1]}"

        yield start


def _stop(server: socket.socket) -> None:
    """Tell the server to end: on some systems, closing a socket does not wake a thread that accepts from it."""
    with contextlib.suppress(OSError), socket.create_connection(server.getsockname(), 5) as client:
        client.sendall(b"END\r\n\r\n")


def _serve(server: socket.socket, status: str) -> None:
    while True:
        with server.accept()[0] as client:
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = client.recv(4096)
                if not chunk:
                    break
                head += chunk
            if head.startswith(b"END"):
                return
            if not head.startswith(b"CONNECT "):
                continue
            client.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
            if "200 " in status:
                host, _, port = head.split()[1].decode().rpartition(":")
                with socket.create_connection((host, int(port)), 5) as upstream:
                    downloads = threading.Thread(target=_forward, args=(upstream, client), daemon=True)
                    downloads.start()
                    _forward(client, upstream)
                    downloads.join(5)


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65_536):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
