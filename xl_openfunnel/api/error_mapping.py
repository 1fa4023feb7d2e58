"""Maps a non-2xx response to an error that tells the user what to do.

The service's error bodies vary: ``detail`` may be text, a list or an object; ``error_code``, ``message`` and
``details`` may be at the top level or inside ``detail``; the body may not be JSON at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import (
    AuthenticationError,
    InsufficientCreditsError,
    InvalidRequestError,
    InvalidResponseError,
    JobNotFoundError,
    OpenFunnelError,
    ProxyError,
    RateLimitError,
    ServerError,
)
from ..keys import remedy
from ..text import clip, one_line
from .http_sender import HttpResponse
from .models import read_object
from .proxy_and_trust import PROXY_SIGN_IN
from .retry_after import seconds_to_wait

_REQUEST_ID_HEADERS = ("X-Request-Id", "X-Correlation-Id", "CF-Ray", "X-Amzn-Trace-Id")
_MAX_SERVICE_TEXT = 160
"""UTF-16 units of the service's own text in a message: what fits into a cell beside ours."""


@dataclass(frozen=True)
class _ErrorBody:
    """The fields of an error body, from any of its levels."""

    code: str = ""
    text: str = ""
    retry_after: float | None = None
    is_key_error: bool = False


def error_from(
    response: HttpResponse,
    *,
    key_source: str,
    job_id: str | None,
    base_url: str,
    now: Callable[[], float] = time.time,
) -> OpenFunnelError:
    """The error for a response that is not 2xx.

    Args:
        response: the whole response.
        key_source: where the key came from, for the message.
        job_id: the requested job; None for a request that concerns no job.
        base_url: the service's address, for the message.
        now: returns seconds since the epoch, to read a ``Retry-After`` date.
    """
    error_body = _parse_body(response.body)
    kind, message = _classify(response, error_body, key_source, job_id, base_url)
    retry_after = error_body.retry_after
    if (header := response.headers.get("Retry-After")) is not None:
        retry_after = seconds_to_wait(header, now()) if retry_after is None else retry_after
    request_id = next((response.headers[h] for h in _REQUEST_ID_HEADERS if response.headers.get(h)), None)
    return kind(
        message,
        status=response.status,
        request_id=clip(one_line(request_id), 80) if request_id else None,
        retry_after=retry_after,
        retryable=False if 300 <= response.status < 400 or response.status == 407 else None,
    )


def _classify(
    response: HttpResponse, error_body: _ErrorBody, key_source: str, job_id: str | None, base_url: str
) -> tuple[type[OpenFunnelError], str]:
    """The class and the message. The service's error code counts before the HTTP status, and both before its text."""
    status = response.status
    said = f': "{clip(error_body.text, _MAX_SERVICE_TEXT)}"' if error_body.text else ""
    http = f"(HTTP {status})"
    if 300 <= status < 400:
        return InvalidResponseError, (
            f"The service redirects {_redirect_target(response)} {http}. The API key is not sent there: "
            "check the base URL (OPENFUNNEL_BASE_URL), or your network's sign-in page."
        )
    if status == 403 and response.body.lstrip()[:1] == b"<":
        return (
            InvalidResponseError,
            f"The request was answered with a web page {http}: a firewall or a sign-in page in between?",
        )
    if status in (401, 403) or error_body.is_key_error:
        return AuthenticationError, f"The API key ({key_source}) was refused {http}{said}. {remedy(key_source)}."
    if status == 407:
        return ProxyError, PROXY_SIGN_IN
    if status == 402 or error_body.code == "CREDITS_EXCEEDED":
        return InsufficientCreditsError, f"The account has no credits left {http}{said}. Top up at OpenFunnel."
    if status == 429 or error_body.code == "RATE_LIMITED":
        return RateLimitError, f"The service asks for fewer requests {http}{said}. Wait a while."
    if status >= 500 or status in (408, 425) or error_body.code == "INTERNAL_ERROR":
        return ServerError, f"The service is in trouble {http}{said}. Wait a while."
    # A path such as /api/v1, which the requests have already, leads nowhere.
    path = f"the path of the base URL {base_url}" if status == 404 and urlsplit(base_url).path else ""
    if status == 404 and job_id is not None:
        also = f", {path}," if path else ","
        return JobNotFoundError, (
            f"There is no job {job_id} for this API key {http}. "
            f"Check the id{also} and that the key belongs to the account that started the job."
        )
    wrong = f"The service finds the request wrong {http}{said}."
    return InvalidRequestError, f"{wrong} Check {path}." if path else wrong


def _redirect_target(response: HttpResponse) -> str:
    try:
        target = urlsplit(response.headers.get("Location", ""))
    except ValueError:
        return "elsewhere"
    return f"to {target.scheme}://{target.hostname}" if target.scheme and target.hostname else "elsewhere"


def _parse_body(body: bytes) -> _ErrorBody:
    try:
        top = read_object(body)
    except InvalidResponseError:
        plain = one_line(body[:400].decode("utf-8", "replace"))
        return _ErrorBody(text="" if plain.startswith(("<", "[", "{")) else plain)
    detail = top.get("detail")
    inner = detail if isinstance(detail, dict) else {}
    nested = top.get("error")
    layers = [layer for layer in (top, inner, nested) if isinstance(layer, dict)]
    details = [layer["details"] for layer in layers if isinstance(layer.get("details"), dict)]
    wait = next((d["retry_after_seconds"] for d in (*details, *layers) if "retry_after_seconds" in d), None)
    return _ErrorBody(
        code=_first_text(layers, "error_code", "code").upper(),
        text=_error_text(detail) or _first_text(layers, "message", "error", "error_message"),
        retry_after=seconds_to_wait(wait, 0.0),
        is_key_error=_is_key_error(detail),
    )


def _error_text(detail: object) -> str:
    """A FastAPI ``detail`` as text: text as it is, a list as ``field: message`` of each entry."""
    if isinstance(detail, str):
        return one_line(detail)
    if not isinstance(detail, list):
        return ""
    parts = []
    for entry in detail[:5]:
        if isinstance(entry, dict) and isinstance(entry.get("msg"), str):
            field = _field_name(entry)
            parts.append(f"{field}: {entry['msg']}" if field else entry["msg"])
        elif isinstance(entry, str):
            parts.append(entry)
    return one_line("; ".join(parts))


def _field_name(entry: Mapping[str, Any]) -> str:
    loc = entry.get("loc")
    return str(loc[-1]) if isinstance(loc, list) and loc else ""


def _is_key_error(detail: object) -> bool:
    """Whether a validation error is about the key's header (FastAPI answers a missing one with 422)."""
    entries = detail if isinstance(detail, list) else []
    return any(
        isinstance(entry, dict)
        and isinstance(entry.get("loc"), list)
        and "header" in entry["loc"]
        and _field_name(entry).lower().replace("_", "-") == "x-api-key"
        for entry in entries
    )


def _first_text(layers: list[dict[str, Any]], *names: str) -> str:
    values = (layer.get(name) for name in names for layer in layers)
    return next((one_line(text) for text in values if isinstance(text, str) and text.strip()), "")
