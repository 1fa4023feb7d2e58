"""Reads how long a service asks to wait: seconds, or an HTTP date (RFC 9110, sections 5.6.7 and 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK: Final = r"(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES: Final = (
    # Sun, 06 Nov 1994 08:49:37 GMT, and Sunday, 06-Nov-94 08:49:37 GMT
    r"(?:[a-z]+(?:,\s*|\s+))?(?P<day>\d\d?)(?:\s+|-)(?P<month>[a-z]{3})(?:\s+|-)(?P<year>\d{4}|\d\d)\s+" + _CLOCK,
    # Sun Nov  6 08:49:37 1994
    r"(?:[a-z]+(?:,\s*|\s+))?(?P<month>[a-z]{3})\s+(?P<day>\d\d?)\s+" + _CLOCK + r"\s+(?P<year>\d{4})",
)
_ZONE: Final = r"(?:\s*(?:gmt|utc?|z|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>[0-5]\d)))?"
_PATTERNS: Final = [re.compile(date + _ZONE, re.ASCII | re.IGNORECASE) for date in _DATES]


def seconds_to_wait(value: object, now: float) -> float | None:
    """Seconds from ``now``, 0 or more, from a number, its text or an HTTP date; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    except ValueError:
        moment = http_date(str(value), now)
        return None if moment is None else max(moment - now, 0.0)
    return max(seconds, 0.0) if seconds == seconds else None


def http_date(text: str, now: float) -> float | None:
    """An HTTP date of any form as seconds since the epoch; None for any other text. Without a zone it is UTC.

    A year of two digits is the latest one that is at most 50 years after ``now``.
    """
    match = next(filter(None, (pattern.fullmatch(text.strip()) for pattern in _PATTERNS)), None)
    if match is None or (month := match["month"].lower()) not in _MONTHS:
        return None
    year, second = int(match["year"]), int(match["second"])
    try:
        this_year = datetime.fromtimestamp(now, UTC).year
        if len(match["year"]) == 2:
            year += (this_year + 50 - year) // 100 * 100
        clock = (int(match["hour"]), int(match["minute"]), min(second, 59))  # a leap second has the number 60
        moment = datetime(year, _MONTHS.index(month) + 1, int(match["day"]), *clock, tzinfo=UTC)
        offset = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    except (ValueError, OverflowError, OSError):
        return None
    if second > 60 or offset >= timedelta(days=1):
        return None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (moment - epoch - (-offset if match["sign"] == "-" else offset)).total_seconds() + second - clock[2]
