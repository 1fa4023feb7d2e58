"""The retry policy, as a table."""

from __future__ import annotations

import pytest

from xl_openfunnel import (
    AuthenticationError,
    ConnectError,
    IncompleteResultError,
    InsufficientCreditsError,
    InvalidJobIdError,
    InvalidRequestError,
    InvalidResponseError,
    JobNotFoundError,
    MissingKeyError,
    OpenFunnelError,
    ProxyError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TlsError,
    TransportError,
)
from xl_openfunnel.api.retry import delay_before_retry


@pytest.mark.parametrize(
    ("error", "delays"),
    [
        (ServerError("503"), [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]),
        (InvalidResponseError("html"), [0.5, 1.0, 2.0]),
        (RequestTimeoutError("slow"), [0.5, 1.0]),
        (ConnectError("down"), [0.5, 1.0]),
        (RateLimitError("429 without a word"), [0.5, 1.0]),
        (TransportError("a pooled connection that was closed"), [0.0, 1.0, 2.0]),
        (RateLimitError("429", retry_after=7.0), [7.0, 7.0]),
        (ServerError("503", retry_after=0.0), [0.5, 1.0, 2.0]),
        (RateLimitError("429", retry_after=1.5), [1.5, 1.5, 2.0, 4.0]),
        (TransportError("broke off", retry_after=0.0), [0.0, 1.0]),
        (RateLimitError("429", retry_after=86_400.0), [300.0]),
        (ProxyError("407", retryable=False), [60.0, 60.0]),
        (TlsError("not trusted", retryable=False), [60.0]),
        (InvalidResponseError("redirect", retryable=False), [60.0]),
        (JobNotFoundError("404"), [3.0, 7.0, None, None]),
        (InvalidRequestError("400"), [None]),
        (AuthenticationError("401"), [None]),
        (MissingKeyError("none"), [None]),
        (InsufficientCreditsError("402"), [None]),
        (InvalidJobIdError("a b"), [None]),
        (IncompleteResultError("1 of 2"), [None]),
    ],
    ids=lambda value: value.kind if isinstance(value, OpenFunnelError) else "",
)
def test_which_failures_are_retried_and_when(error: OpenFunnelError, delays: list[float | None]) -> None:
    assert [delay_before_retry(error, failures) for failures in range(1, len(delays) + 1)] == delays


def test_jitter_spreads_a_delay_by_a_quarter() -> None:
    error = ServerError("503")
    assert [delay_before_retry(error, 3, jitter=chance) for chance in (0.0, 0.5, 1.0)] == [1.5, 2.0, 2.5]
