"""Responses as raw bytes over real sockets: what requests can read, the client reads alike."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.raw_server import RawServer
from xl_openfunnel import Client, OpenFunnelError
from xl_openfunnel.api.content_coding import LargeBodyError, decode
from xl_openfunnel.api.http_sender import Limits

pytestmark = pytest.mark.dependencies

PAGE = json.dumps({"status": "running", "rows": [{"name": "Käse & Co"}] * 3}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nX-More: 1\r\n\r\n"
INTERIM = (HINTS, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 199 \r\n\r\n")


@contextmanager
def client(raw_server: RawServer, limits: Limits | None = None) -> Iterator[Client]:
    with Client(raw_server.url, "of_key_123456", limits=limits) as made:
        yield made


def body_of(raw_server: RawServer) -> bytes:
    with client(raw_server) as c:
        return c._sender.send("GET", "/", {}, c.key()).body


def single_bytes(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize("interim", [*INTERIM, b"".join(INTERIM) * 3, HINTS * 100])
@pytest.mark.parametrize("split", [False, True])
def test_interim_responses_are_not_the_answer(raw_server: RawServer, interim: bytes, split: bool) -> None:
    raw_server.answer = single_bytes(interim + OK) if split else [interim + OK]
    with client(raw_server) as c:
        assert c.page("job").row_count == 3


def test_an_error_after_early_hints_is_that_error(raw_server: RawServer) -> None:
    raw_server.answer = [HINTS, b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"]
    with client(raw_server) as c, pytest.raises(OpenFunnelError) as raised:
        c.page("job")
    assert (raised.value.kind, raised.value.status) == ("ServerError", 503)


@pytest.mark.parametrize(
    "answer", [itertools.repeat(HINTS), [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", OK], [HINTS]]
)
def test_endless_hints_another_protocol_and_hints_alone_are_retryable_errors(
    raw_server: RawServer, answer: Sequence[bytes]
) -> None:
    raw_server.answer = answer
    with client(raw_server) as c, pytest.raises(OpenFunnelError) as raised:
        c.page("job")
    assert (raised.value.kind, raised.value.retryable) == ("TransportError", True)


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def gzip_members(data: bytes, cuts: list[int]) -> bytes:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return b"".join(gzip.compress(data[a:b]) for a, b in itertools.pairwise(edges))


@st.composite
def encoded_bodies(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    """A body and the names of its codings."""
    body = draw(st.binary(max_size=300) | st.just(PAGE) | st.just(PAGE * 500))
    names = []
    for name in draw(st.lists(st.sampled_from(["gzip", "x-gzip", "deflate", "raw"]), max_size=3)):
        if name == "deflate":
            body = zlib.compress(body)
        elif name == "raw":
            body, name = raw_deflate(body), "deflate"
        else:
            body = gzip_members(body, draw(st.lists(st.integers(0, 2_000), max_size=3)))
        names.append("".join(draw(st.sampled_from([c, c.upper()])) for c in name))
    if names and names[-1].lower().endswith("gzip"):
        body += draw(st.just(b"") | st.binary(max_size=5))  # what follows the last member
    return body, names


def with_headers(body: bytes, codings: bytes, framing: str) -> bytes:
    if framing == "length":
        return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (codings, len(body), body)
    if framing == "close":
        return b"HTTP/1.1 200 OK\r\n%s\r\n%s" % (codings, body)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 997]), body[i : i + 997]) for i in range(0, len(body), 997))
    return b"HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n" % (codings, chunks)


@settings(max_examples=60, deadline=None)
@given(encoded_bodies(), st.sampled_from(["length", "close", "chunked"]), st.booleans())
def test_every_body_is_read_as_requests_reads_it(
    raw_server: RawServer, encoded: tuple[bytes, list[str]], framing: str, one_line: bool
) -> None:
    body, names = encoded
    lines = [" , ".join(names)] if one_line else names
    codings = b"".join(b"Content-Encoding: %s\r\n" % line.encode() for line in lines if line)
    raw_server.answer = [with_headers(body, codings, framing)]
    try:
        theirs: bytes | None = requests.get(raw_server.url, timeout=10).content
    except requests.RequestException:
        theirs = None
    try:
        ours: bytes | None = body_of(raw_server)
    except OpenFunnelError:
        ours = None
    assert ours == theirs


@pytest.mark.parametrize(
    "codings", ["", "identity", "br", "Identity, GZIP", "gzip,,identity", " gzip ", "zstd , x-gzip"]
)
def test_codings_that_are_not_known_count_as_none(raw_server: RawServer, codings: str) -> None:
    body = gzip.compress(PAGE) if "gzip" in codings.lower() else PAGE
    raw_server.answer = [with_headers(body, f"Content-Encoding: {codings}\r\n".encode(), "length")]
    assert body_of(raw_server) == PAGE


@pytest.mark.parametrize("name", ["gzip", "deflate", "gzip, gzip", "deflate, gzip"])
def test_a_compressed_body_that_ends_early_is_a_retryable_error_wherever_it_ends(
    name: str, raw_server: RawServer
) -> None:
    body = PAGE
    for coding in name.split(", "):
        body = gzip_members(body, [50]) if coding == "gzip" else raw_deflate(body)
    for end in range(1, len(body), 7):
        raw_server.answer = [with_headers(body[:end], f"Content-Encoding: {name}\r\n".encode(), "close")]
        with client(raw_server) as c, pytest.raises(OpenFunnelError) as raised:
            c.page("job")
        assert raised.value.kind in ("TransportError", "InvalidResponseError")
        assert raised.value.retryable


def test_the_size_limit_holds_for_every_layer() -> None:
    bomb = gzip.compress(bytes(2**20))
    for body, codings in ((bomb, "gzip"), (gzip.compress(bomb), "gzip, gzip"), (bomb + bomb, "gzip")):
        with pytest.raises(LargeBodyError):
            decode(body, codings, 2**20 - 1, lambda: None)
    assert decode(bomb, "gzip", 2**20, lambda: None) == bytes(2**20)
    assert len(decode(gzip.compress(b"") * 10_000, "gzip", 0, lambda: None)) == 0


def test_decoding_obeys_the_deadline() -> None:
    calls = itertools.count()

    def check_time() -> None:
        if next(calls) > 100:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        decode(gzip.compress(b"") * 10_000, "gzip", 2**20, check_time)
