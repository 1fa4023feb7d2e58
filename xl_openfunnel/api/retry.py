"""The retry policy: which failures are tried again, how often, and how long is waited before.

Pure: an error and a count go in, seconds come out. The fetcher does the waiting.
"""

from __future__ import annotations

from ..errors import JobNotFoundError, OpenFunnelError, TransportError

FIRST_DELAY = 0.5
"""Seconds after the first failure: most 503s are over by then."""

MAX_DELAY = 60.0
"""Seconds between two tries at the most: an outage ends in somebody's sheet a minute after it ended."""

MAX_RETRY_AFTER = 300.0
"""Ceiling for what the service asks for: a wrong header must not silence a sheet for a day."""

NOT_FOUND_DELAYS = (3.0, 7.0)
"""A fresh job may lag: a 404 is tried three times over ten seconds, then it stands."""


def delay_before_retry(error: OpenFunnelError, failures: int, *, jitter: float = 0.5) -> float | None:
    """Seconds to wait before the next try, or None where another try is no use.

    Args:
        error: what happened last. Of the 4xx only 404 (three tries), 408, 425 and 429 are tried again.
        failures: how often in a row it has happened, this one included (1 or more).
        jitter: 0 to 1, spreads the delay over ±25 % so that not all sheets come back in the same moment.
    """
    if isinstance(error, JobNotFoundError):
        return NOT_FOUND_DELAYS[failures - 1] if failures <= len(NOT_FOUND_DELAYS) else None
    if not error.retryable:
        return None
    asked = min(error.retry_after or 0.0, MAX_RETRY_AFTER)
    if not asked and failures == 1 and type(error) is TransportError:
        return 0.0  # most often a pooled connection that the service had closed meanwhile
    backoff = FIRST_DELAY * 2.0 ** min(failures - 1, 10)
    # What the service asks for may lengthen the wait and never shorten it: a clock that is a little ahead makes
    # every date one of the past.
    return max(asked, min(backoff, MAX_DELAY) * (0.75 + jitter / 2))
