"""How an answer is put on the wire: all of it at once, or with a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from .faults import Fault
from .responses import JSON_TYPE, REASONS, Response, encode

_HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>"
    b"<body><h1>Checking your connection</h1><p>This is no JSON.</p></body></html>\n"
)

_BODILESS = (204, 304)
"""Statuses that never have a body: one would be taken for the next answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes to send, one piece after the other, and what becomes of the connection.

    Attributes:
        pieces: what is sent, each with one call.
        ending: ``keep`` the connection, ``close`` it, ``reset`` it, or ``hang`` until the server stops.
        pause: seconds between two pieces.
        status: the HTTP status that the client gets to see, if any.
    """

    pieces: tuple[bytes, ...]
    ending: Literal["keep", "close", "reset", "hang"] = "keep"
    pause: float = 0.0
    status: int | None = None


def whole(answer: Response, *, close: bool = False) -> Delivery:
    """The answer as it should be, in one piece."""
    piece = _head(answer, _length(len(answer.body)), close=close) + answer.body
    return Delivery((piece,), "close" if close else "keep", status=answer.status)


def faulty(fault: Fault, right: Response, *, close: bool = False) -> Delivery:
    """The answer as ``fault`` makes it, where ``right`` would be the right one."""
    answer = _altered(fault, right)
    body, status = answer.body, answer.status
    half = len(body) // 2 if fault.after_bytes is None else fault.after_bytes
    head = _head(answer, _length(len(body)), close=close)
    match fault.kind:
        case "cut":
            return Delivery((head + body[:half],), "close", status=status)
        case "cut_chunked":
            head = _head(answer, "transfer-encoding: chunked", close=close)
            chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in _cut(body[:half], fault.chunk)]
            return Delivery((head + b"".join(chunks),), "close", status=status)
        case "reset":
            return Delivery((), "reset")
        case "reset_after_headers":
            return Delivery((head,), "reset", status=status)
        case "slow":
            pieces = (head, *_cut(body, fault.chunk))
            return Delivery(pieces, "close" if close else "keep", fault.pause, status)
        case "stall" if fault.after_bytes is None:
            return Delivery((), "hang")
        case "stall":
            return Delivery((head + body[:half],), "hang", status=status)
        case "wrong_length":
            head = _head(answer, _length(half), close=close)
            return Delivery((head + body,), "close", status=status)
    return whole(answer, close=close)


def _altered(fault: Fault, right: Response) -> Response:
    """The answer of the kinds that change what is said, not how it is sent."""
    extra = tuple(fault.headers.items())
    if fault.retry_after is not None:
        extra += (("retry-after", fault.retry_after),)
    match fault.kind:
        case "status":
            status = fault.status or 503
            body = _error_body(fault, status) if fault.body is None else fault.body
            body = b"" if status in _BODILESS else body
            return Response(status, body, fault.content_type or JSON_TYPE, extra)
        case "html":
            body = _HTML if fault.body is None else fault.body
            return Response(fault.status or 200, body, fault.content_type or "text/html; charset=utf-8", extra)
        case "json":
            return Response(fault.status or 200, fault.body or b"", fault.content_type or JSON_TYPE, extra)
        case "redirect":
            where = ("location", fault.location or "")
            return Response(fault.status or 307, b"", fault.content_type or JSON_TYPE, (where, *extra))
        case "envelope" if right.status == 200:
            return replace(right, body=_with_keys(fault, right.body), headers=right.headers + extra)
        case "rewrite" if fault.rewrite is not None and right.status == 200:
            return replace(right, body=fault.rewrite(right.body), headers=right.headers + extra)
    return replace(right, headers=right.headers + extra)


def _error_body(fault: Fault, status: int) -> bytes:
    words = REASONS.get(status, "Error")
    if fault.details_retry_after is None:
        return encode({"detail": words})
    wait = fault.details_retry_after
    seconds = int(wait) if wait == int(wait) else wait
    code = "RATE_LIMITED" if status == 429 else "INTERNAL_ERROR"
    return encode({"error_code": code, "message": words, "details": {"retry_after_seconds": seconds}})


def _with_keys(fault: Fault, body: bytes) -> bytes:
    envelope: dict[str, Any] = json.loads(body)
    for key, value in fault.envelope.items():
        envelope[key] = value(envelope.get(key)) if callable(value) else value
    return encode({key: value for key, value in envelope.items() if key not in fault.without})


def _length(size: int) -> str:
    return f"content-length: {size}"


def _head(answer: Response, framing: str, *, close: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Unknown')}",
        f"content-type: {answer.content_type}",
        framing,
        *(f"{name}: {value}" for name, value in answer.headers),
    ]
    if close:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))
