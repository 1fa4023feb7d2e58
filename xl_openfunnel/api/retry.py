"""The retry policy: which failures are retried, how often, and after how long.

Pure: an error and a count go in, seconds come out. The fetcher does the waiting.
"""

from __future__ import annotations

from ..errors import InvalidResponseError, JobNotFoundError, OpenFunnelError, TransportError

FIRST_DELAY = 0.5
"""Seconds after the first failure: most 503s are over by then."""

MAX_DELAY = 60.0
"""Most seconds between two tries: a sheet recovers at most a minute after an outage ends."""

MAX_RETRY_AFTER = 300.0
"""Limit in seconds for what the service asks for: a wrong header must not stop a sheet for a day."""

NOT_FOUND_DELAYS = (3.0, 7.0)
"""Seconds after each 404: a new job may lag, so it is tried three times over ten seconds, then the error stands."""


def is_blocked(error: OpenFunnelError) -> bool:
    """Whether something is in the way that a person must mend, such as a proxy that asks for a password.

    Nothing tells when that is done, so a sheet looks again at `MAX_DELAY`, and who waits is told at once.
    """
    return not error.retryable and isinstance(error, (TransportError, InvalidResponseError))


def delay_before_retry(error: OpenFunnelError, failures: int, *, jitter: float = 0.5) -> float | None:
    """Seconds to wait before the next try; None where another try cannot help.

    Args:
        error: the last failure. Of the 4xx only 404 (three tries), 408, 425 and 429 are retried.
        failures: failures in a row, this one included (1 or more).
        jitter: 0 to 1, spreads the delay over ±25 % so that sheets do not all retry at the same moment.
    """
    if isinstance(error, JobNotFoundError):
        return NOT_FOUND_DELAYS[failures - 1] if failures <= len(NOT_FOUND_DELAYS) else None
    if is_blocked(error):
        return MAX_DELAY * (0.75 + jitter / 2)
    if not error.retryable:
        return None
    retry_after = min(error.retry_after or 0.0, MAX_RETRY_AFTER)
    if not retry_after and failures == 1 and type(error) is TransportError:
        return 0.0  # most often a pooled connection that the service has closed
    backoff = FIRST_DELAY * 2.0 ** min(failures - 1, 10)
    # Retry-After may lengthen the wait and never shorten it: to a clock that is a little ahead, every date is past.
    return max(retry_after, min(backoff, MAX_DELAY) * (0.75 + jitter / 2))
