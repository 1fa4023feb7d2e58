"""What can happen to one request, and what must come of it at each point of a job's life."""

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
LASTS: Final = 130.0
"""Seconds of simulated time that a fault lasts: two of the longest waits between two tries."""

IMPATIENT: Final = Limits(connect=0.5, read=0.06, total=0.15)
"""For answers that never come: real seconds, since it is the socket that waits."""

FIRST: Final = ("first poll", "later poll")
NAMED: Final = ("held page", "page walk", "last page")
POINTS: Final = (*FIRST, *NAMED, "refresh")
"""A job that nobody has asked for; one that runs, at its state or at the last page that is held of it; one that is over
already, at a page in the middle or at the last one; one that is stored, at all that is read anew."""

Row: TypeAlias = dict[str, Any]


class Whole(Enum):
    """All rows are there."""

    CHECKED = auto()  # and nothing is said
    UNCHECKED = auto()  # and that there is no manifest to check against


@dataclass(frozen=True)
class Said:
    """There is a problem.

    Attributes:
        kind: a pattern for the whole name of its class.
        words: a pattern for something that it says.
    """

    kind: str
    words: str


Expected: TypeAlias = Whole | Said


@dataclass(frozen=True)
class Trial:
    """One thing that goes wrong.

    Attributes:
        name: as people call it.
        expects: what comes of it at each point that it can hit.
        fault: what the service does; None for what happens on the way to it.
        way: what happens on the way: ``refused``, ``dns``, ``host``, ``authority``.
        limits: of the client, where the answer never comes.
        alters: the rows of a page that is hit as they come out of it, where the service sends others or broken ones.
        lasts: seconds.
        asks: seconds in which nothing may be asked after it.
        large: whether a cell takes a second of the machine's own time for the size of its bodies.
    """

    name: str
    expects: Mapping[str, Expected]
    fault: Fault | None = None
    way: str = ""
    limits: Limits | None = None
    alters: Callable[[list[Row]], list[Row]] = list
    lasts: float = LASTS
    asks: float = 0.0
    large: bool = False

    @property
    def slow(self) -> bool:
        """Whether a cell takes a second of the machine's own time: real waiting, handshakes, or large bodies."""
        return self.limits is not None or self.way in ("host", "authority") or self.large


def everywhere(expected: Expected) -> dict[str, Expected]:
    """The same at all points."""
    return dict.fromkeys(POINTS, expected)


def by_page(named: Expected, *, first: Expected, refresh: Expected | None = None, **points: Expected) -> Any:
    """What comes of it where a page that another one names is hit, where the first one is, and where all are."""
    return {**dict.fromkeys(FIRST, first), **dict.fromkeys(NAMED, named), "refresh": refresh or first, **points}


def _trial(name: str, says: Expected | Mapping[str, Expected], fault: Fault | None = None, **more: Any) -> Trial:
    return Trial(name, says if isinstance(says, Mapping) else everywhere(says), fault, **more)


def _status(code: int, says: Expected | Mapping[str, Expected], *, asks: float = 0.0, **options: Any) -> Trial:
    waits = [f", {name} {value}" for name, value in options.items()]
    name = f"{code}{''.join(waits)}".replace("_", " ")
    return _trial(name[:60], says, Fault("status", status=code, **options), asks=asks)


def _wait(asks: float, **options: Any) -> Trial:
    return _status(429, Said("RateLimitError", r"HTTP 429\).*Wait a while"), asks=asks, **options)


def _body(name: str, body: bytes, words: str, headers: Mapping[str, str] = {}, *, status: int = 200) -> Trial:
    fault = Fault("json", status=status, body=body, headers=headers)
    return _trial(name, Said("InvalidResponseError", words), fault, large=len(body) > 100_000)


def _envelope(**keys: Any) -> Fault:
    return Fault("envelope", envelope=keys)


def _in_first_row(name: str, odd: bytes, comes_out: Any, **more: Any) -> Trial:
    """The right answer with one more value in its first row, as no JSON writer would write it."""
    says = comes_out if isinstance(comes_out, Said) else Whole.CHECKED

    def rewrite(body: bytes) -> bytes:
        return body.replace(b'"rows":[{', b'"rows":[{"odd":' + odd + b",", 1)

    fault = Fault("rewrite", rewrite=rewrite)
    return _trial(name, says, fault, alters=lambda rows: [{**rows[0], "odd": comes_out}, *rows[1:]], **more)


_OTHER: Final = json.dumps({"job_id": "another-job", "status": "completed", "rows": [], "manifest": None}).encode()
_BOMB: Final = gzip.compress(b'{"status": "running", "rows": [' + b" " * 200_000_000 + b"]}", compresslevel=9)
_LOGIN: Final = gzip.compress(b"<html>Please log in</html>" * 50)
_ZIPPED_AWAY: Final = {"Content-Encoding": "gzip", "Location": "https://login.example/"}
_HUGE: Final = b'{"job_id": "the-job", "status": "completed", "rows": [' + b"{}," * 17_000_000 + b"{}]}"
_DENSE: Final = b'{"job_id": "the-job", "status": "completed", "rows": [' + b'{"a":NaN},' * 410_000 + b"{}]}"
_MANY: Final = b'{"job_id": "the-job", "status": "completed", "rows": [' + b"{}," * 1_000 + b"{}]}"

# As much as is taken. An emoji makes each character of its text take four bytes.
_LONGEST: Final = "\U0001f680" + "x" * (MAX_BODY - 20_000)
_LONGEST_ODD: Final = "\U0001f680" + "x" * (MAX_LENIENT - 20_000)
_WIDEST: Final = MAX_VALUES // 3 - 1_000
_DEEP: Final = 90


def _nested(levels: int) -> list[Any]:
    deep: list[Any] = []
    for _ in range(levels - 1):
        deep = [deep]
    return deep


_UNREADABLE: Final = Said("InvalidResponseError", "no usable data|no job status|rows of the answer")
_BROKE_OFF: Final = Said("TransportError", "broke off")
# The service ends a connection that looked fit for another request: it may be in use again already, or not.
_UNREADABLE_OR_CLOSED: Final = Said(f"{_UNREADABLE.kind}|{_BROKE_OFF.kind}", f"{_UNREADABLE.words}|{_BROKE_OFF.words}")
_NO_END: Final = Said("RequestTimeoutError", "No whole answer")
_UNTRUSTED: Final = Said("TlsError", "certificate of .* could not be verified")
_INVALID: Final = Said("InvalidRequestError", r"finds the request wrong \(HTTP 4\d\d\)")
_REFUSED: Final = Said("AuthenticationError", r"API key .* was refused \(HTTP 40[13]\)")
_CIRCLE: Final = Said("InvalidResponseError", "in a circle")
_OTHER_NAME: Final = Said("InvalidResponseError", "answered with page_0042")


def trials() -> list[Trial]:
    """Everything that is tried."""
    return [
        _trial("connection refused", Said("ConnectError", "Nothing answers at"), way="refused"),
        _trial("name not known", Said("DnsError", "could not be looked up"), way="dns"),
        _trial("TLS, wrong host", _UNTRUSTED, way="host"),
        _trial("TLS, unknown authority", _UNTRUSTED, way="authority"),
        _trial("reset before headers", _BROKE_OFF, Fault("reset")),
        _trial("reset after headers", _BROKE_OFF, Fault("reset_after_headers")),
        _trial("cut body", _BROKE_OFF, Fault("cut")),
        _trial("cut body, chunked", _BROKE_OFF, Fault("cut_chunked")),
        _trial("wrong length, too short", _UNREADABLE_OR_CLOSED, Fault("wrong_length")),
        _trial("wrong length, too long", _BROKE_OFF, Fault("wrong_length", after_bytes=10**6)),
        _trial("slow drip", _NO_END, Fault("slow", chunk=20, pause=0.02), limits=IMPATIENT, lasts=8.0),
        _trial("stall past the timeout", _NO_END, Fault("stall"), limits=IMPATIENT, lasts=8.0),
        _trial("stall within the body", _NO_END, Fault("stall", after_bytes=99), limits=IMPATIENT, lasts=8.0),
        _trial("200 with HTML", Said("InvalidResponseError", "a web page instead of data"), Fault("html")),
        _trial("200 with broken JSON", _UNREADABLE, Fault("json", body=b'{"status": "running", "rows": [{')),
        _body("200 with nothing", b"", "it is empty"),
        _trial("200 with a list", _UNREADABLE, Fault("json", body=b"[]")),
        _body("200 with another job's body", _OTHER, "another job than"),
        *(_status(code, _INVALID) for code in (400, 409, 422)),
        *(_status(code, _REFUSED) for code in (401, 403)),
        _status(
            404,
            by_page(
                Said("InvalidResponseError", "names page .* and does not find it"),
                first=Said("JobNotFoundError", "There is no job the-job"),
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
            _status(code, Said("ServerError", rf"The service is in trouble \(HTTP {code}\)"))
            for code in (408, 500, 502, 503, 504)
        ),
        _trial(
            "redirect to another host",
            Said("InvalidResponseError", "redirects to http"),
            Fault("redirect", location="http://127.0.0.2:9/x"),
        ),
        _trial(
            "redirect loop",
            Said("InvalidResponseError", "redirects elsewhere"),
            Fault("redirect", status=302, location="?again"),
        ),
        _trial(
            "redirect to nowhere",
            Said("InvalidResponseError", "redirects elsewhere"),
            Fault("redirect", location="http://["),
        ),
        _body("compressed login page behind a redirect", _LOGIN, "redirects to https", _ZIPPED_AWAY, status=302),
        _body("gzip bomb behind a redirect", _BOMB, r"larger than \d+ MB", _ZIPPED_AWAY, status=302),
        _trial(
            "cursor loop",
            by_page(Said("InvalidResponseError|IncompleteResultError", "in a circle|names another"), first=_CIRCLE),
            _envelope(next_cursor="page_0000"),
        ),
        *_manifests(),
        _trial(
            "page named differently",
            by_page(_OTHER_NAME, first=Whole.CHECKED, refresh=_OTHER_NAME),
            _envelope(page="page_0042"),
        ),
        _trial("page without a name", Whole.CHECKED, Fault("envelope", without=("page",))),
        _trial(
            "repeated page",
            by_page(
                Said("IncompleteResultError", "the same companies|could be read"),
                first=Whole.CHECKED,
                refresh=Said("IncompleteResultError", "could be read"),
            ),
            _envelope(rows=ROWS[:PAGE]),
            alters=lambda rows: ROWS[:PAGE],
        ),
        _trial("empty page", Said("InvalidResponseError", "holds none"), _envelope(rows=[])),
        _trial(
            "empty page, said so",
            Said("IncompleteResultError", r"states 65 rows, but \d+ could be read"),
            _envelope(rows=[], count=0),
            alters=lambda rows: [],
        ),
        _trial(
            "rows that are no rows",
            Said("InvalidResponseError", "no list of companies"),
            _envelope(rows=[1, "two", None]),
        ),
        _body("50 MB body", _HUGE, r"larger than \d+ MB"),
        _body("gzip bomb", _BOMB, r"larger than \d+ MB", {"Content-Encoding": "gzip"}),
        _body("just under 4 MB, of small objects", _DENSE, "more than 200,000 values"),
        _body("1,001 rows", _MANY, "1,001 companies, more than any page"),
        _body("damaged gzip", b"\x1f\x8b\x08 not at all", "is damaged", {"Content-Encoding": "gzip"}),
        _body("unknown encoding", b"{}", "encoded as 'br'", {"Content-Encoding": "br"}),
        _body("nested JSON, 100,000 deep", b'{"rows":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no usable data"),
        _in_first_row("nested row, 90 deep", b"[" * _DEEP + b"]" * _DEEP, _nested(_DEEP)),
        _in_first_row("nested row, 900 deep", b"[" * 900 + b"]" * 900, Said("InvalidResponseError", "nested deeper")),
        _in_first_row("invalid UTF-8", b'"\xff\xfe"', "\ufffd\ufffd"),
        _in_first_row("half a surrogate pair", b'"\\ud800"', "\ufffd"),
        _in_first_row("duplicate keys", b'1,"odd":2', 2),
        _in_first_row("huge integer", b"1" + b"0" * 400, 10**400),
        _in_first_row("NaN", b"NaN", None),
        _in_first_row("a number beyond all", b"1e999", None),
        _in_first_row("the longest page", b'"' + _LONGEST.encode() + b'"', _LONGEST, large=True),
        _in_first_row(
            "the longest page that is not quite JSON",
            b'"\\ud800' + _LONGEST_ODD.encode() + b'"',
            "\ufffd" + _LONGEST_ODD,
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


def _manifests() -> list[Trial]:
    """What the first page alone says, so that no other can be hit."""

    def changed(name: str, says: Expected, make: Callable[[Any], Any]) -> Trial:
        expects = dict.fromkeys((*FIRST, "refresh"), says)
        return Trial(name, expects, _envelope(manifest=lambda right: right and make(right)))

    def states(words: str) -> Said:
        return Said("IncompleteResultError", words)

    return [
        changed("manifest with more rows", states("states 66 rows, but 65"), lambda right: {**right, "count": 66}),
        changed("manifest with fewer rows", states("states 64 rows, but 65"), lambda right: {**right, "count": 64}),
        changed("manifest with more pages", states("states 8 pages, but 7"), lambda right: {**right, "pages": 8}),
        changed("manifest with fewer pages", states("states 6 pages, but page 6"), lambda right: {**right, "pages": 6}),
        changed("null manifest", Whole.UNCHECKED, lambda right: None),
        changed(
            "manifest of 10^9 pages", states("states 1000000000 pages, but 7"), lambda right: {**right, "pages": 10**9}
        ),
    ]
