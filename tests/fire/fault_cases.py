"""Everything that can happen to one request, and the expected result at each point of a job's life."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, TypeAlias

from xl_openfunnel.api.http_sender import Limits
from xl_openfunnel.api.retry import MAX_RETRY_AFTER
from xl_openfunnel.settings import MAX_BODY, MAX_LENIENT, MAX_VALUES
from xl_openfunnel.simulator import Fault, companies

PAGE: Final = 10
PAGES: Final = 7
ROWS: Final = companies(65, seed=5, shape="narrow")
DURATION: Final = 130.0
"""Seconds of simulated time that a fault lasts: twice the longest wait between two tries."""

SHORT_LIMITS: Final = Limits(connect=0.5, read=0.06, total=0.15)
"""For responses that never arrive: real seconds, since the socket waits."""

STATE_POINTS: Final = ("first poll", "later poll")
PAGE_POINTS: Final = ("newest page", "page walk", "last page")
POINTS: Final = (*STATE_POINTS, *PAGE_POINTS, "refresh")
"""The first request for a job; for a running job, a poll or the last page read so far; for a job that is over, a page
in the middle or the last one; for a stored job, all pages of a refresh."""

Row: TypeAlias = dict[str, Any]


class Complete(Enum):
    """All rows were read."""

    CHECKED = auto()  # without a problem or warning
    WARNED = auto()  # with the warning that companies are there twice
    UNCHECKED = auto()  # with the problem that OpenFunnel gave no total


@dataclass(frozen=True)
class ExpectedError:
    """A problem is reported.

    Attributes:
        kind: a pattern for the whole name of its class.
        message: a pattern for a part of its message.
    """

    kind: str
    message: str


Expected: TypeAlias = Complete | ExpectedError


@dataclass(frozen=True)
class FaultCase:
    """One fault.

    Attributes:
        name: of the fault.
        expected: the result at each point that it can hit.
        fault: what the service does; None for a fault of the network.
        network: the fault of the network: ``refused``, ``dns``, ``host`` (wrong name) or ``authority`` (unknown).
        limits: of the client, where the response never arrives.
        alter: turns the right rows of a hit page into those that the client reads, where the fault changes them.
        duration: seconds that the fault lasts.
        min_wait: seconds after the response in which no request may follow.
        large: whether a case takes a real second for the size of its bodies.
    """

    name: str
    expected: Mapping[str, Expected]
    fault: Fault | None = None
    network: str = ""
    limits: Limits | None = None
    alter: Callable[[list[Row]], list[Row]] = list
    duration: float = DURATION
    min_wait: float = 0.0
    large: bool = False

    @property
    def slow(self) -> bool:
        """Whether a case takes a real second: for waiting, handshakes or large bodies."""
        return self.limits is not None or self.network in ("host", "authority") or self.large


def everywhere(expected: Expected) -> dict[str, Expected]:
    """The same result at all points."""
    return dict.fromkeys(POINTS, expected)


def by_page(later: Expected, *, first: Expected, refresh: Expected | None = None, **points: Expected) -> Any:
    """The results where the fault hits a page that another one names, the first page, and all pages of a refresh."""
    return {
        **dict.fromkeys(STATE_POINTS, first),
        **dict.fromkeys(PAGE_POINTS, later),
        "refresh": refresh or first,
        **points,
    }


def _case(name: str, expected: Expected | Mapping[str, Expected], fault: Fault | None = None, **more: Any) -> FaultCase:
    return FaultCase(name, expected if isinstance(expected, Mapping) else everywhere(expected), fault, **more)


def _status(
    code: int, expected: Expected | Mapping[str, Expected], *, min_wait: float = 0.0, **options: Any
) -> FaultCase:
    details = [f", {name} {value}" for name, value in options.items()]
    name = f"{code}{''.join(details)}".replace("_", " ")
    return _case(name[:60], expected, Fault("status", status=code, **options), min_wait=min_wait)


def _wait(min_wait: float, **options: Any) -> FaultCase:
    return _status(429, ExpectedError("RateLimitError", r"HTTP 429\).*Wait a while"), min_wait=min_wait, **options)


def _body(name: str, body: bytes, message: str, headers: Mapping[str, str] = {}, *, status: int = 200) -> FaultCase:
    fault = Fault("json", status=status, body=body, headers=headers)
    return _case(name, ExpectedError("InvalidResponseError", message), fault, large=len(body) > 100_000)


def _envelope(**keys: Any) -> Fault:
    return Fault("envelope", envelope=keys)


def _in_first_row(name: str, json_value: bytes, read_value: Any, **more: Any) -> FaultCase:
    """The right response with one more value in its first row, written as no JSON writer would."""
    expected = read_value if isinstance(read_value, ExpectedError) else Complete.CHECKED

    def rewrite(body: bytes) -> bytes:
        return body.replace(b'"rows":[{', b'"rows":[{"odd":' + json_value + b",", 1)

    fault = Fault("rewrite", rewrite=rewrite)
    return _case(name, expected, fault, alter=lambda rows: [{**rows[0], "odd": read_value}, *rows[1:]], **more)


_OTHER: Final = json.dumps({"job_id": "another-job", "status": "completed", "rows": [], "manifest": None}).encode()
_BOMB: Final = gzip.compress(b'{"status": "running", "rows": [' + b" " * 200_000_000 + b"]}", compresslevel=9)
_LOGIN: Final = gzip.compress(b"<html>Please log in</html>" * 50)
_ZIPPED_AWAY: Final = {"Content-Encoding": "gzip", "Location": "https://login.example/"}
_HUGE: Final = b'{"job_id": "the-job", "status": "completed", "rows": [' + b"{}," * 17_000_000 + b"{}]}"
_DENSE: Final = b'{"job_id": "the-job", "status": "completed", "rows": [' + b'{"a":NaN},' * 410_000 + b"{}]}"
_MANY: Final = b'{"job_id": "the-job", "status": "completed", "rows": [' + b"{}," * 1_000 + b"{}]}"

# The largest that is accepted. An emoji makes each character of its text take four bytes.
_LONGEST: Final = "\U0001f680" + "x" * (MAX_BODY - 20_000)
_LONGEST_LENIENT: Final = "\U0001f680" + "x" * (MAX_LENIENT - 20_000)
_WIDEST: Final = MAX_VALUES // 3 - 1_000
_DEEP: Final = 90


def _nested(levels: int) -> list[Any]:
    deep: list[Any] = []
    for _ in range(levels - 1):
        deep = [deep]
    return deep


_UNREADABLE: Final = ExpectedError("InvalidResponseError", "no usable data|no job status|rows of the answer")
_BROKE_OFF: Final = ExpectedError("TransportError", "broke off")
# The service closes a connection that looked reusable: the client may have reused it already, or not.
_UNREADABLE_OR_CLOSED: Final = ExpectedError(
    f"{_UNREADABLE.kind}|{_BROKE_OFF.kind}", f"{_UNREADABLE.message}|{_BROKE_OFF.message}"
)
_NO_END: Final = ExpectedError("RequestTimeoutError", "No whole answer")
_UNTRUSTED: Final = ExpectedError("TlsError", "certificate of .* could not be verified")
_INVALID: Final = ExpectedError("InvalidRequestError", r"finds the request wrong \(HTTP 4\d\d\)")
_REFUSED: Final = ExpectedError("AuthenticationError", r"API key .* was refused \(HTTP 40[13]\)")
_CIRCLE: Final = ExpectedError("InvalidResponseError", "in a circle")
_OTHER_NAME: Final = ExpectedError("InvalidResponseError", "sent page_0042")


def fault_cases() -> list[FaultCase]:
    """All faults."""
    return [*_connections(), *_statuses(), *_redirects(), *_pages(), *_bodies(), *_first_rows()]


def _connections() -> list[FaultCase]:
    """No whole answer, or one that is no state of the job."""
    return [
        _case("connection refused", ExpectedError("ConnectError", "Nothing answers at"), network="refused"),
        _case("name not known", ExpectedError("DnsError", "could not be looked up"), network="dns"),
        _case("TLS, wrong host", _UNTRUSTED, network="host"),
        _case("TLS, unknown authority", _UNTRUSTED, network="authority"),
        _case("reset before headers", _BROKE_OFF, Fault("reset")),
        _case("reset after headers", _BROKE_OFF, Fault("reset_after_headers")),
        _case("cut body", _BROKE_OFF, Fault("cut")),
        _case("cut body, chunked", _BROKE_OFF, Fault("cut_chunked")),
        _case("wrong length, too short", _UNREADABLE_OR_CLOSED, Fault("wrong_length")),
        _case("wrong length, too long", _BROKE_OFF, Fault("wrong_length", after_bytes=10**6)),
        _case("slow drip", _NO_END, Fault("slow", chunk=20, pause=0.02), limits=SHORT_LIMITS, duration=8.0),
        _case("stall past the timeout", _NO_END, Fault("stall"), limits=SHORT_LIMITS, duration=8.0),
        _case("stall within the body", _NO_END, Fault("stall", after_bytes=99), limits=SHORT_LIMITS, duration=8.0),
        _case("200 with HTML", ExpectedError("InvalidResponseError", "a web page instead of data"), Fault("html")),
        _case("200 with broken JSON", _UNREADABLE, Fault("json", body=b'{"status": "running", "rows": [{')),
        _body("200 with nothing", b"", "it is empty"),
        _case("200 with a list", _UNREADABLE, Fault("json", body=b"[]")),
        _body("200 with another job's body", _OTHER, "another job than"),
    ]


def _statuses() -> list[FaultCase]:
    """Answers with another status than 200, and how long they are waited for."""
    return [
        *(_status(code, _INVALID) for code in (400, 409, 422)),
        *(_status(code, _REFUSED) for code in (401, 403)),
        _status(
            404,
            by_page(
                ExpectedError("InvalidResponseError|IncompleteResultError", "names page .* and does not find it"),
                first=ExpectedError("JobNotFoundError", "There is no job the-job"),
            ),
        ),
        _wait(0.0),
        _wait(20.0, retry_after="20"),
        _wait(MAX_RETRY_AFTER, retry_after="1e3"),
        _wait(0.0, retry_after="-7"),
        _wait(0.0, retry_after="soon"),
        _wait(MAX_RETRY_AFTER, retry_after="Wed, 21 Oct 2065 07:28:00 GMT"),
        _wait(0.0, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        _wait(MAX_RETRY_AFTER, retry_after="9" * 400),
        _wait(20.0, details_retry_after=20),
        _wait(20.0, retry_after="2", details_retry_after=20),
        *(
            _status(code, ExpectedError("ServerError", rf"The service is in trouble \(HTTP {code}\)"))
            for code in (408, 500, 502, 503, 504)
        ),
    ]


def _redirects() -> list[FaultCase]:
    """Answers that lead elsewhere."""
    return [
        _case(
            "redirect to another host",
            ExpectedError("InvalidResponseError", "redirects to http"),
            Fault("redirect", location="http://127.0.0.2:9/x"),
        ),
        _case(
            "redirect loop",
            ExpectedError("InvalidResponseError", "redirects elsewhere"),
            Fault("redirect", status=302, location="?again"),
        ),
        _case(
            "redirect to nowhere",
            ExpectedError("InvalidResponseError", "redirects elsewhere"),
            Fault("redirect", location="http://["),
        ),
        _body("compressed login page behind a redirect", _LOGIN, "redirects to https", _ZIPPED_AWAY, status=302),
        _body("gzip bomb behind a redirect", _BOMB, r"larger than \d+ MB", _ZIPPED_AWAY, status=302),
    ]


def _pages() -> list[FaultCase]:
    """Pages that do not fit together, or the manifest."""
    return [
        _case(
            "cursor loop",
            by_page(
                ExpectedError("InvalidResponseError|IncompleteResultError", "in a circle|leads to another"),
                first=_CIRCLE,
            ),
            _envelope(next_cursor="page_0000"),
        ),
        *_manifests(),
        _case(
            "page named differently",
            by_page(_OTHER_NAME, first=Complete.CHECKED, refresh=_OTHER_NAME),
            _envelope(page="page_0042"),
        ),
        _case("page without a name", Complete.CHECKED, Fault("envelope", without=("page",))),
        _case(
            "repeated page",
            by_page(
                Complete.WARNED,
                first=Complete.CHECKED,
                refresh=ExpectedError("IncompleteResultError", "could be read"),
                **{"last page": ExpectedError("IncompleteResultError", "could be read")},
            ),
            _envelope(rows=ROWS[:PAGE]),
            alter=lambda rows: ROWS[:PAGE],
        ),
        _case("empty page", ExpectedError("InvalidResponseError", "holds none"), _envelope(rows=[])),
        _case(
            "empty page with count 0",
            ExpectedError("IncompleteResultError", r"says 65 companies; \d+ could be read"),
            _envelope(rows=[], count=0),
            alter=lambda rows: [],
        ),
        _case(
            "rows that are no rows",
            ExpectedError("InvalidResponseError", "no list of companies"),
            _envelope(rows=[1, "two", None]),
        ),
    ]


def _bodies() -> list[FaultCase]:
    """Bodies that are too large, or cannot be read."""
    return [
        _body("50 MB body", _HUGE, r"larger than \d+ MB"),
        _body("gzip bomb", _BOMB, r"larger than \d+ MB", {"Content-Encoding": "gzip"}),
        _body("just under 4 MB, of small objects", _DENSE, "more than 200,000 values"),
        _body("1,001 rows", _MANY, "1,001 companies in one answer, more than any page"),
        _body("damaged gzip", b"\x1f\x8b\x08 not at all", "is damaged", {"Content-Encoding": "gzip"}),
        _body("unknown encoding", b"\x0b\x02\x80", "no usable data", {"Content-Encoding": "br"}),
        _body("nested JSON, 100,000 deep", b'{"rows":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no usable data"),
    ]


def _first_rows() -> list[FaultCase]:
    """Rows that are hard to read."""
    return [
        _in_first_row("nested row, 90 deep", b"[" * _DEEP + b"]" * _DEEP, _nested(_DEEP)),
        _in_first_row(
            "nested row, 900 deep", b"[" * 900 + b"]" * 900, ExpectedError("InvalidResponseError", "nested deeper")
        ),
        _in_first_row("invalid UTF-8", b'"\xff\xfe"', "\ufffd\ufffd"),
        _in_first_row("half a surrogate pair", b'"\\ud800"', "\ufffd"),
        _in_first_row("duplicate keys", b'1,"odd":2', 2),
        _in_first_row("huge integer", b"1" + b"0" * 400, 10**400),
        _in_first_row("NaN", b"NaN", None),
        _in_first_row("a number beyond all", b"1e999", None),
        _in_first_row("the longest page", b'"' + _LONGEST.encode() + b'"', _LONGEST, large=True),
        _in_first_row(
            "the longest page that is not quite JSON",
            b'"\\ud800' + _LONGEST_LENIENT.encode() + b'"',
            "\ufffd" + _LONGEST_LENIENT,
            large=True,
        ),
        _in_first_row(
            "the widest page", b"[" + b'{"a":NaN},' * _WIDEST + b"{}]", [{"a": None}] * _WIDEST + [{}], large=True
        ),
        _in_first_row(
            "the most that is nested, 90 deep",
            b"[" + (b"[" * _DEEP + b"]" * _DEEP + b",") * 2_000 + b"NaN]",
            [_nested(_DEEP)] * 2_000 + [None],
            large=True,
        ),
    ]


def _manifests() -> list[FaultCase]:
    """Wrong manifests, which only the first page has."""

    def changed(name: str, expected: Expected, make: Callable[[Any], Any]) -> FaultCase:
        expects = dict.fromkeys((*STATE_POINTS, "refresh"), expected)
        return FaultCase(name, expects, _envelope(manifest=lambda manifest: manifest and make(manifest)))

    def says(numbers: str) -> ExpectedError:
        return ExpectedError("IncompleteResultError", f"OpenFunnel says {numbers}")

    return [
        changed("manifest with more rows", says("66 companies; 65 could"), lambda manifest: {**manifest, "count": 66}),
        changed("manifest with fewer rows", says("64 companies; 65 could"), lambda manifest: {**manifest, "count": 64}),
        changed("manifest with more pages", says("8 pages; 7 could"), lambda manifest: {**manifest, "pages": 8}),
        changed(
            "manifest with fewer pages",
            says("6 pages; page 6 leads to another"),
            lambda manifest: {**manifest, "pages": 6},
        ),
        changed("null manifest", Complete.UNCHECKED, lambda manifest: None),
        changed(
            "manifest of 10^9 pages",
            says("1,000,000,000 pages; 7 could"),
            lambda manifest: {**manifest, "pages": 10**9},
        ),
    ]
