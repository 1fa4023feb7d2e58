"""The service's errors, in all observed forms, mapped to ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from xl_openfunnel import OpenFunnelError
from xl_openfunnel.api.error_mapping import error_from
from xl_openfunnel.api.http_sender import HttpResponse
from xl_openfunnel.settings import BASE_URL

JOB = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
TOO_LONG = {"type": "string_too_long", "loc": ["query", "query"], "msg": "at most 200 characters", "input": "of_secret"}
KEY_MISSING = {"type": "missing", "loc": ["header", "X-API-Key"], "msg": "Field required", "input": None}


def error(
    status: int, body: Any = b"", job_id: str | None = JOB, base_url: str = BASE_URL, **headers: str
) -> OpenFunnelError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    return error_from(
        HttpResponse(status, named, raw),
        key_source="environment variable OPENFUNNEL_API_KEY",
        job_id=job_id,
        base_url=base_url,
        now=lambda: 1_700_000_000.0,
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, b"", "AuthenticationError", "Change or unset OPENFUNNEL_API_KEY"),
        (403, {"detail": "Forbidden"}, "AuthenticationError", '"Forbidden"'),
        (422, {"detail": [KEY_MISSING]}, "AuthenticationError", "environment variable OPENFUNNEL_API_KEY"),
        (422, {"detail": [KEY_MISSING | {"loc": ["header", "x_api_key"]}]}, "AuthenticationError", "refused"),
        (422, {"detail": [TOO_LONG]}, "InvalidRequestError", "query: at most 200 characters"),
        (422, {"detail": ["first", "second"]}, "InvalidRequestError", "first; second"),
        (400, {"detail": "Bad cursor"}, "InvalidRequestError", "Bad cursor"),
        (409, {"detail": {"message": "Already over"}}, "InvalidRequestError", "Already over"),
        (404, {"detail": "Job not found"}, "JobNotFoundError", f"no job {JOB}"),
        (402, b"", "InsufficientCreditsError", "no credits left"),
        (400, {"error_code": "CREDITS_EXCEEDED", "message": "No more"}, "InsufficientCreditsError", "No more"),
        (400, {"detail": {"error_code": "CREDITS_EXCEEDED"}}, "InsufficientCreditsError", "no credits left"),
        (429, {"detail": "Slow down"}, "RateLimitError", "Slow down"),
        (400, {"error_code": "RATE_LIMITED"}, "RateLimitError", "fewer requests"),
        (400, {"error": {"code": "INTERNAL_ERROR", "message": "Oops"}}, "ServerError", "Oops"),
        (408, b"", "ServerError", "in trouble"),
        (425, b"", "ServerError", "in trouble"),
        (500, b"<html><h1>Oops</h1>", "ServerError", "(HTTP 500)."),
        (502, b"upstream went away", "ServerError", "upstream went away"),
        (503, b"\xff\xfe\x00", "ServerError", "(HTTP 503)"),
        (407, b"", "ProxyError", "proxy"),
        (403, b"<html>Blocked</html>", "InvalidResponseError", "a firewall or a sign-in page"),
        (503, b"[" * 700 + b"]" * 700, "ServerError", "in trouble"),
        (418, {"unexpected": [1]}, "InvalidRequestError", "(HTTP 418)"),
    ],
)
def test_each_response_maps_to_its_error(status: int, body: Any, kind: str, says: str) -> None:
    made = error(status, body)
    assert (made.kind, made.status) == (kind, status)
    assert says in made.message
    assert "of_secret" not in made.message


def test_404_without_a_job_is_not_a_missing_job() -> None:
    assert error(404, job_id=None).kind == "InvalidRequestError"


@pytest.mark.parametrize("job_id", [JOB, None])
def test_404_names_the_base_url_if_that_has_a_path(job_id: str | None) -> None:
    assert "the path of the base URL https://x.example/api/v1" in str(
        error(404, job_id=job_id, base_url="https://x.example/api/v1")
    )
    assert "base URL" not in str(error(404, job_id=job_id)) + str(error(400, base_url="https://x.example/api/v1"))


def test_redirect_error_names_only_the_target_host() -> None:
    made = error(307, Location="https://login.example:8443/path?token=secret")
    assert made.kind == "InvalidResponseError"
    assert "https://login.example" in made.message
    assert "secret" not in made.message
    assert "elsewhere" in error(302, Location="https://[::1").message


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        (b"", "7", 7.0),
        (b"", "0.5", 0.5),
        (b"", "Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        (b"", "Tue, 14 Nov 2023 20:00:00 GMT", 0.0),
        (b"", "-3", 0.0),
        (b"", "nan", None),
        (b"", "soon", None),
        (b'{"details": {"retry_after_seconds": 1' + b"0" * 400 + b"}}", None, None),
        (b"", "", None),
        ({"details": {"retry_after_seconds": 9}}, None, 9.0),
        ({"detail": {"details": {"retry_after_seconds": "9"}}}, None, 9.0),
        ({"error_code": "RATE_LIMITED", "retry_after_seconds": 4}, None, 4.0),
        ({"details": {"retry_after_seconds": 9}}, "3", 9.0),
        ({"details": {"retry_after_seconds": [1]}}, "3", 3.0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(body: Any, header: str | None, seconds: float | None) -> None:
    assert error(429, body, **({} if header is None else {"Retry_After": header})).retry_after == seconds


def test_request_id_is_kept_and_shown() -> None:
    made = error(500, X_Request_ID="req-42")
    assert made.request_id == "req-42"
    assert "req-42" in str(made)


@settings(max_examples=50)  # tests/fire/fuzz.py tries any number
@given(
    st.integers(300, 599),
    st.binary()
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["detail", "loc", "msg", "error_code", "details", "retry_after_seconds", "message"]), x
            )
        ),
    ),
)
def test_any_body_becomes_an_error_with_one_line_of_text(status: int, body: Any) -> None:
    made = error(status, body)
    assert made.message
    assert made.message.isprintable()
    assert len(made.cell_text.encode("utf-16-le", "surrogatepass")) <= 510
