"""Registries and proxies to examine."""

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
    """A registry with these keys, whose names are alike in any case as Windows has it."""
    plain = {key.casefold(): values for key, values in keys.items()}
    return lambda key: plain.get(key.casefold(), {})


EMPTY = registry({})


def closed_port() -> int:
    """A port of this computer where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def make_addin(folder: Path, version: str) -> Path:
    """An add-in of this version; of "" one that does not say."""
    file = folder / ADDIN_FILE
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("docProps/core.xml", f"<x><d>Made by XL OpenFunnel {version}.</d></x>" if version else "<x/>")
    return file


@pytest.fixture
def proxy() -> Iterator[Callable[..., str]]:
    """Starts a proxy that answers CONNECT with this line, and with 200 lets the bytes through; gives its URL."""
    with contextlib.ExitStack() as stack:

        def start(status: str = "200 Connection established") -> str:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            threads = [threading.Thread(target=_serve, args=(server, status), daemon=True)]
            threads[0].start()
            stack.callback(threads[0].join, 5)
            stack.callback(_wake, server)
            return f"http://somebody:hunter2@127.0.0.1:{server.getsockname()[1]}"

        yield start


def _wake(server: socket.socket) -> None:
    """Have the server see that it is over: closing a socket does not wake who accepts from it everywhere."""
    with contextlib.suppress(OSError), socket.create_connection(server.getsockname(), 5) as last:
        last.sendall(b"END\r\n\r\n")


def _serve(server: socket.socket, status: str) -> None:
    while True:
        with server.accept()[0] as client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    break
                head += piece
            if head.startswith(b"END"):
                return
            if not head.startswith(b"CONNECT "):
                continue
            client.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
            if status.startswith("200"):
                host, _, port = head.split()[1].decode().rpartition(":")
                with socket.create_connection((host, int(port)), 5) as far:
                    back = threading.Thread(target=_pump, args=(far, client), daemon=True)
                    back.start()
                    _pump(client, far)
                    back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
