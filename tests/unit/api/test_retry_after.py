"""HTTP dates in all their forms, in any time zone of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.api.retry_after import http_date, seconds_to_wait

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.fixture(
    params=["UTC", "America/Los_Angeles", "XYZ-14"] if hasattr(time, "tzset") else ["UTC"], autouse=True, scope="module"
)
def local_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        getattr(time, "tzset", int)()
        yield
    getattr(time, "tzset", int)()


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 6 nov 1994 08:49:37 gmt",
        " SUN, 06-NOV-1994 8:49:37 UTC ",
        "06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
        "Sun, 06 Nov 1994 00:49:37 -08:00",
        "Sun Nov 06 08:49:37 1994 UTC",
        "Sun,06 Nov 1994 08:49:37Z",
    ],
)
def test_every_form_of_a_date_is_the_same_moment(text: str) -> None:
    assert http_date(text, NOW) == NOW
    assert seconds_to_wait(text, NOW - 30) == 30


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "Sun", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 25:00:00 GMT"),
        *("Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:49:37 +9900", "Sun, 06 Nov 1994 08:49:37 CEST"),
        *("Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT"),
        "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
    ],
)
def test_other_texts_are_no_dates(text: str) -> None:
    assert http_date(text, NOW) is None
    assert seconds_to_wait(text, NOW) is None


def test_a_year_of_two_digits_is_at_most_fifty_years_ahead() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
    years = {
        yy: datetime.fromtimestamp(http_date(f"Sunday, 06-Nov-{yy} 08:49:37 GMT", now) or 0, UTC).year
        for yy in ("26", "76", "77", "00", "94")
    }
    assert years == {"26": 2026, "76": 2076, "77": 1977, "00": 2000, "94": 1994}


def test_a_leap_second_is_the_second_after_59() -> None:
    assert http_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW) == datetime(2017, 1, 1, tzinfo=UTC).timestamp()


@given(st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)).map(lambda moment: moment.replace(microsecond=0)))
def test_every_moment_is_read_from_every_form(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    near = (aware + timedelta(days=9)).timestamp()
    forms = [
        *(format_datetime(aware, usegmt=True), f"{moment:%A, %d-%b-%y %H:%M:%S GMT}", moment.ctime()),
        *(format_datetime(aware), f"{moment:%d %b %Y %H:%M:%S}", format_datetime(aware, usegmt=True).lower()),
    ]
    assert [http_date(form, near) for form in forms] == [aware.timestamp()] * len(forms)


@given(st.text() | st.text("0123456789 ,:-+GMTSunNov", max_size=40), st.floats())
def test_no_text_raises(text: str, now: float) -> None:
    seconds_to_wait(text, now)
