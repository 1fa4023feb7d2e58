"""HTTP responses: their bodies, and the bytes that go over the wire, with a fault or without.

Validation errors have the form of FastAPI with pydantic 2, which the real service was seen to use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final, Literal

from .faults import Fault

JSON_TYPE: Final = "application/json"

REASONS: Final = {int(status): status.phrase for status in HTTPStatus}
"""The reason phrase of each status code."""

_HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>"
    b"<body><h1>Checking your connection</h1><p>This is no JSON.</p></body></html>\n"
)

_BODILESS = (204, 304)
"""Statuses that never have a body: a client would take it for the next response."""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, before it is serialised."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


def encode(value: Any) -> bytes:
    """Compact JSON with raw Unicode, as the service writes it; lone surrogates escaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def ok(value: Any) -> Response:
    """A 200 with ``value`` as JSON."""
    return Response(200, encode(value))


def error_response(status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An error with one sentence: ``{"detail": "..."}``."""
    return Response(status, encode({"detail": detail}), headers=headers)


def validation_error(problems: Sequence[dict[str, Any]]) -> Response:
    return Response(422, encode({"detail": list(problems)}))


def missing_header_error(name: str) -> dict[str, Any]:
    return {"type": "missing", "loc": ["header", name], "msg": "Field required", "input": None}


def limit_error(text: str | None) -> dict[str, Any] | None:
    """The validation error for the ``limit`` of a poll, or None for a valid one (1..100, or none)."""
    if text is None:
        return None
    problem: dict[str, Any] = {"loc": ["query", "limit"], "input": text}
    try:
        limit = int(text)
    except ValueError:
        message = "Input should be a valid integer, unable to parse string as an integer"
        return {"type": "int_parsing", **problem, "msg": message}
    if limit < 1:
        message = "Input should be greater than or equal to 1"
        return {"type": "greater_than_equal", **problem, "msg": message, "ctx": {"ge": 1}}
    if limit > 100:
        message = "Input should be less than or equal to 100"
        return {"type": "less_than_equal", **problem, "msg": message, "ctx": {"le": 100}}
    return None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The bytes to send, piece by piece, and how the connection ends.

    Attributes:
        pieces: each is sent with one call.
        ending: ``keep`` the connection, ``close`` it, ``reset`` it, or ``hang`` until the server stops.
        pause: seconds between two pieces.
        status: the HTTP status that the client receives, if any.
    """

    pieces: tuple[bytes, ...]
    ending: Literal["keep", "close", "reset", "hang"] = "keep"
    pause: float = 0.0
    status: int | None = None


def deliver(response: Response, *, close: bool) -> Delivery:
    """The whole response in one piece."""
    piece = _head(response, _length(len(response.body)), close=close) + response.body
    return Delivery((piece,), "close" if close else "keep", status=response.status)


def deliver_faulty(fault: Fault, correct: Response, *, close: bool) -> Delivery:
    """The correct response, spoilt by ``fault``."""
    response = _apply_fault(fault, correct)
    body, status = response.body, response.status
    half = len(body) // 2 if fault.after_bytes is None else fault.after_bytes
    head = _head(response, _length(len(body)), close=close)
    match fault.kind:
        case "cut":
            return Delivery((head + body[:half],), "close", status=status)
        case "cut_chunked":
            head = _head(response, "transfer-encoding: chunked", close=close)
            chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in _split(body[:half], fault.chunk)]
            return Delivery((head + b"".join(chunks),), "close", status=status)
        case "reset":
            return Delivery((), "reset")
        case "reset_after_headers":
            return Delivery((head,), "reset", status=status)
        case "slow":
            pieces = (head, *_split(body, fault.chunk))
            return Delivery(pieces, "close" if close else "keep", fault.pause, status)
        case "stall" if fault.after_bytes is None:
            return Delivery((), "hang")
        case "stall":
            return Delivery((head + body[:half],), "hang", status=status)
        case "wrong_length":
            head = _head(response, _length(half), close=close)
            return Delivery((head + body,), "close", status=status)
    return deliver(response, close=close)


def _apply_fault(fault: Fault, correct: Response) -> Response:
    """The response with the faults that change its content, not its delivery."""
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
            location = ("location", fault.location or "")
            return Response(fault.status or 307, b"", fault.content_type or JSON_TYPE, (location, *extra))
        case "envelope" if correct.status == 200:
            return replace(correct, body=_edit_envelope(fault, correct.body), headers=correct.headers + extra)
        case "rewrite" if fault.rewrite is not None and correct.status == 200:
            return replace(correct, body=fault.rewrite(correct.body), headers=correct.headers + extra)
    return replace(correct, headers=correct.headers + extra)


def _error_body(fault: Fault, status: int) -> bytes:
    reason = REASONS.get(status, "Error")
    if fault.details_retry_after is None:
        return encode({"detail": reason})
    wait = fault.details_retry_after
    seconds = int(wait) if wait == int(wait) else wait
    code = "RATE_LIMITED" if status == 429 else "INTERNAL_ERROR"
    return encode({"error_code": code, "message": reason, "details": {"retry_after_seconds": seconds}})


def _edit_envelope(fault: Fault, body: bytes) -> bytes:
    envelope: dict[str, Any] = json.loads(body)
    for key, value in fault.envelope.items():
        envelope[key] = value(envelope.get(key)) if callable(value) else value
    return encode({key: value for key, value in envelope.items() if key not in fault.without})


def _length(size: int) -> str:
    return f"content-length: {size}"


def _head(response: Response, framing: str, *, close: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Unknown')}",
        f"content-type: {response.content_type}",
        framing,
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    if close:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _split(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))
