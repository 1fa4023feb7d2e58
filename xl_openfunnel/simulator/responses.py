"""What the service answers: one value for an HTTP answer, and the bodies of its errors.

Validation errors have the form of FastAPI with pydantic 2, which the real service was seen to use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

JSON_TYPE: Final = "application/json"

REASONS: Final = {int(status): status.phrase for status in HTTPStatus}
"""The words after a status code."""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, before it is put on the wire."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


def encode(value: Any) -> bytes:
    """``value`` as compact JSON with raw Unicode, as the service writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def ok(value: Any) -> Response:
    """A 200 with ``value``."""
    return Response(200, encode(value))


def refused(status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An error with one sentence: ``{"detail": "..."}``."""
    return Response(status, encode({"detail": detail}), headers=headers)


def invalid(problems: Sequence[dict[str, Any]]) -> Response:
    """A 422 with a list of validation errors."""
    return Response(422, encode({"detail": list(problems)}))


def missing_header(name: str) -> dict[str, Any]:
    """The validation error for a header that was not sent."""
    return {"type": "missing", "loc": ["header", name], "msg": "Field required", "input": None}


def limit_problem(text: str | None) -> dict[str, Any] | None:
    """The validation error for the ``limit`` of a poll, or None for a good one (1..100, or none)."""
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
