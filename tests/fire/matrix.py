"""The fault matrix: everything that can happen to one request, at every point of a job's life.

In each cell the fault lasts for a while and then ends. While it lasts there is the complete result or the right
problem, with the last good rows beside it; once it is over, everything is there. Memory, requests and time are bounded.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import held_mb, peak_mb
from xl_openfunnel import Snapshot
from xl_openfunnel.api.wire import Limits
from xl_openfunnel.simulator import Fault, SimulatedJob, companies

from .detours import UNKNOWN_NAME, Detour, closed_port, nobody_knows, tls
from .world import Seat, World, has_text, no_surprise, world

PAGE: Final = 10
ROWS: Final = companies(65, seed=5, shape="narrow")
LASTS: Final = 130.0
"""Seconds of simulated time that a fault lasts: two of the longest waits between two tries."""

MOST_REQUESTS: Final = 120
"""While it lasts: 7 pages, each tried a dozen times, and every third reading of a result that does not agree."""

MOST_MB: Final = 200.0
"""What one cell may take above what was held before it, eight requests at once."""

IMPATIENT: Final = Limits(connect=0.5, read=0.06, total=0.15)
"""For answers that never come: real seconds, since it is the socket that waits."""

JOB: Final = "the-job"

POINTS: Final = ("first poll", "later poll", "page walk", "last page", "refresh")


@dataclass(frozen=True)
class Trial:
    """One thing that goes wrong.

    Attributes:
        name: as people call it.
        says: what the problem must say at each point; "" where the result is complete all the same.
        fault: what the service does; None for what happens on the way to it.
        way: what happens on the way: ``refused``, ``dns``, ``host``, ``authority``.
        limits: of the client, where the answer never comes.
        alters: the rows as they must come out of it, where the service sent them broken.
    """

    name: str
    says: str | dict[str, str]
    fault: Fault | None = None
    way: str = ""
    limits: Limits | None = None
    alters: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
    lasts: float = LASTS

    @property
    def slow(self) -> bool:
        """Whether a cell takes a second of the machine's own time: real waiting, handshakes, or large bodies."""
        large = self.fault is not None and self.fault.body is not None and self.fault.body in (_BOMB, _HUGE)
        return self.limits is not None or self.way in ("host", "authority") or large

    def words(self, point: str) -> str:
        """What the problem says at this point."""
        return self.says if isinstance(self.says, str) else self.says.get(point, self.says.get("", ""))


@dataclass(frozen=True)
class Cell:
    """What came of one trial at one point.

    Attributes:
        complete: whether the result was complete while the fault lasted.
        said: the problem while it lasted.
        broken: which promises were not kept.
        requests: sent while it lasted.
        mb: memory above what was held before.
    """

    trial: str
    point: str
    complete: bool
    said: str
    requests: int
    mb: float | None
    broken: tuple[str, ...] = field(default=())


def _status(code: int, says: str | dict[str, str], **options: Any) -> Trial:
    wait = options.get("retry_after") or options.get("details_retry_after")
    return Trial(f"{code}{f', wait {wait}' if wait else ''}", says, Fault("status", status=code, **options))


def _rows(name: str, make: Callable[[Any], Any], says: str | dict[str, str], **options: Any) -> Trial:
    return Trial(name, says, Fault("envelope", envelope={"rows": make}), **options)


def _in_first_row(text: bytes, name: str, says: str = "", **options: Any) -> Trial:
    """The right answer with ``text`` in the place of the first row's opening brace."""
    return Trial(name, says, Fault("rewrite", rewrite=lambda body: body.replace(b'"rows":[{', text, 1)), **options)


def _body(name: str, body: bytes, says: str, **headers: str) -> Trial:
    return Trial(name, says, Fault("json", body=body, headers=headers))


_OTHER = json.dumps({"job_id": "another-job", "status": "completed", "rows": [], "manifest": None}).encode()
_BOMB = gzip.compress(b'{"status": "running", "rows": [' + b" " * 200_000_000 + b"]}", compresslevel=9)
_HUGE = b'{"job_id": "the-job", "status": "completed", "rows": [' + b"{}," * 17_000_000 + b"{}]}"
_NAMED = "answered with page_0042"
_SHORT = r"states 65 rows, but \d+ could be read"
_REDIRECTED = "redirects to http"
_WAIT = r"HTTP 429\).*Wait a while"
_TROUBLE = r"The service is in trouble \(HTTP {}\)"
_UNREADABLE = "no usable data|no job status|rows of the answer"


def _named(says: str, *, first: str = "", refresh: str = "") -> dict[str, str]:
    """What is said where a page that another one names is hit, where the first one is, and where all are."""
    return {"page walk": says, "last page": says, "refresh": refresh or first, "": first}


def trials() -> list[Trial]:
    """Everything that is tried."""
    return [
        Trial("connection refused", "Nothing answers at", way="refused"),
        Trial("name not known", "could not be looked up", way="dns"),
        Trial("TLS, wrong host", "certificate of .* could not be verified", way="host"),
        Trial("TLS, unknown authority", "certificate of .* could not be verified", way="authority"),
        Trial("reset before headers", "broke off", Fault("reset")),
        Trial("reset after headers", "broke off", Fault("reset_after_headers")),
        Trial("cut body", "broke off", Fault("cut")),
        Trial("cut body, chunked", "broke off", Fault("cut_chunked")),
        Trial("wrong length, too short", f"{_UNREADABLE}|broke off", Fault("wrong_length")),
        Trial("wrong length, too long", "broke off", Fault("wrong_length", after_bytes=10**6)),
        Trial("slow drip", "No whole answer", Fault("slow", chunk=20, pause=0.02), limits=IMPATIENT, lasts=8.0),
        Trial("stall past the timeout", "No whole answer", Fault("stall"), limits=IMPATIENT, lasts=8.0),
        Trial("stall within the body", "No whole", Fault("stall", after_bytes=99), limits=IMPATIENT, lasts=8.0),
        Trial("200 with HTML", "a web page instead of data", Fault("html")),
        _body("200 with broken JSON", b'{"status": "running", "rows": [{', _UNREADABLE),
        _body("200 with nothing", b"", "it is empty"),
        _body("200 with a list", b"[]", _UNREADABLE),
        _body("200 with another job's body", _OTHER, "another job than"),
        _status(400, r"finds the request wrong \(HTTP 400\)"),
        _status(401, r"API key .* was refused \(HTTP 401\)"),
        _status(403, r"API key .* was refused \(HTTP 403\)"),
        _status(404, _named("names page .* and does not find it", first="There is no job the-job")),
        _status(408, _TROUBLE.format(408)),
        _status(409, r"finds the request wrong \(HTTP 409\)"),
        _status(422, r"finds the request wrong \(HTTP 422\)"),
        _status(429, _WAIT),
        _status(429, _WAIT, retry_after="20"),
        _status(429, _WAIT, retry_after="1e3"),
        _status(429, _WAIT, retry_after="-7"),
        _status(429, _WAIT, retry_after="soon"),
        _status(429, _WAIT, retry_after="Wed, 21 Oct 2065 07:28:00 GMT"),
        _status(429, _WAIT, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        _status(429, _WAIT, retry_after="9" * 400),
        _status(429, _WAIT, details_retry_after=20),
        _status(429, _WAIT, retry_after="2", details_retry_after=20),
        *(_status(code, _TROUBLE.format(code)) for code in (500, 502, 503, 504)),
        Trial("redirect to another host", _REDIRECTED, Fault("redirect", location="http://127.0.0.2:9/x")),
        Trial("redirect loop", "redirects elsewhere", Fault("redirect", status=302, location="?again")),
        Trial(
            "cursor loop",
            {"": "pages do not end|in a circle|names another", "first poll": "in a circle", "refresh": "in a circle"},
            Fault("envelope", envelope={"next_cursor": "page_0000"}),
        ),
        *_manifests(),
        Trial("page named differently", _named(_NAMED, refresh=_NAMED), _envelope(page="page_0042")),
        Trial("page without a name", "", Fault("envelope", without=("page",))),
        _rows(
            "repeated page", lambda rows: ROWS[:PAGE], _named("the same companies|could be read", refresh="could be")
        ),
        _rows("empty page", lambda rows: [], "holds none"),
        Trial("empty page, said so", _SHORT, _envelope(rows=[], count=0)),
        _rows("rows that are no rows", lambda rows: [1, "two", None], "no list of companies"),
        _body("50 MB body", _HUGE, r"larger than \d+ MB"),
        _body("gzip bomb", _BOMB, r"larger than \d+ MB", **{"Content-Encoding": "gzip"}),
        _body("damaged gzip", b"\x1f\x8b\x08 not at all", "is damaged", **{"Content-Encoding": "gzip"}),
        _body("unknown encoding", b"{}", "encoded as 'br'", **{"Content-Encoding": "br"}),
        _body("nested JSON, 100,000 deep", b'{"rows":' + b"[" * 100_000 + b"]" * 100_000 + b"}", _UNREADABLE),
        _in_first_row(b'"rows":[{"deep":' + b"[" * 90 + b"]" * 90 + b",", "nested row, 90 deep", alters=_with_deep),
        _in_first_row(b'"rows":[{"deep":' + b"[" * 900 + b"]" * 900 + b",", "nested row, 900 deep", "nested deeper"),
        _in_first_row(b'"rows":[{"odd":"\xff\xfe",', "invalid UTF-8", alters=_with(odd="\ufffd\ufffd")),
        _in_first_row(b'"rows":[{"odd":"\\ud800",', "half a surrogate pair", alters=_with(odd="\ufffd")),
        _in_first_row(b'"rows":[{"odd":1,"odd":2,', "duplicate keys", alters=_with(odd=2)),
        _in_first_row(b'"rows":[{"odd":1' + b"0" * 400 + b",", "huge integer", alters=_with(odd=10**400)),
        _in_first_row(b'"rows":[{"odd":NaN,', "NaN", alters=_with(odd=None)),
        _in_first_row(b'"rows":[{"odd":1e999,', "a number beyond all", alters=_with(odd=math.inf)),
    ]


def _envelope(**keys: Any) -> Fault:
    return Fault("envelope", envelope=keys)


def _manifests() -> list[Trial]:
    """What only the first page says."""
    no_other = {"page walk": "", "last page": ""}

    def changed(name: str, says: str, make: Callable[[Any], Any]) -> Trial:
        return Trial(name, {"": says, **no_other}, _envelope(manifest=lambda right: right and make(right)))

    return [
        changed("manifest with more rows", "states 66 rows, but 65", lambda right: {**right, "count": 66}),
        changed("manifest with fewer rows", "states 64 rows, but 65", lambda right: {**right, "count": 64}),
        changed("manifest with more pages", "states 8 pages, but 7", lambda right: {**right, "pages": 8}),
        changed("manifest with fewer pages", "states 6 pages, but page 6", lambda right: {**right, "pages": 6}),
        changed("null manifest", "", lambda right: None),
        changed("manifest of 10^9 pages", "states 1000000000 pages, but 7", lambda right: {**right, "pages": 10**9}),
    ]


def _with(**keys: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda rows: [{**rows[0], **keys}, *rows[1:]]


def _with_deep(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    deep: list[Any] = []
    for _ in range(89):
        deep = [deep]
    return _with(deep=deep)(rows)


# ---- one cell ------------------------------------------------------------------------------------------------


def cell(trial: Trial, point: str, folder: Path) -> Cell:
    """Try it."""
    running = 60.0 if point == "later poll" else 0.0
    job = SimulatedJob(ROWS, job_id=JOB, running=running, page_size=PAGE)
    with no_surprise() as surprises, _world_for(trial, job, folder) as (here, seat, begin, end):
        kept = 0
        if point == "later poll":
            seat.fetcher.subscribe(JOB, lambda seen: None)
            here.until(lambda: seat.fetcher.watch(JOB).pages >= 3, 60)
            kept = len(seat.fetcher.watch(JOB).rows)
        elif point == "refresh":
            seat.fetcher.watch(JOB)
            here.until(lambda: seat.fetcher.watch(JOB).final, 60)
            kept = len(ROWS)
        before, held = len(here.service.received), _begin_of_peak()
        begin(_cursor(point))
        seat.fetcher.refresh(JOB)
        here.pass_time(trial.lasts)
        seen = seat.fetcher.watch(JOB)
        requests, mb = len(here.service.received) - before, _peak_above(held)
        broken = [*_while_it_lasts(trial, point, seat, seen, kept)]
        if requests > MOST_REQUESTS:
            broken.append(f"{requests} requests")
        if mb is not None and mb > MOST_MB:
            broken.append(f"{mb:.0f} MB")
        said = "" if seen.problem is None else seen.problem.message
        complete = seen.final and point != "refresh" and not said
        end()
        seat.fetcher.refresh(JOB)
        here.pass_time(700)
        broken += _once_it_is_over(seat.fetcher.watch(JOB))
        here.settle()
    broken += surprises
    return Cell(trial.name, point, complete, said, requests, mb, tuple(broken))


def _while_it_lasts(trial: Trial, point: str, seat: Seat, seen: Snapshot, kept: int) -> Iterator[str]:
    words = trial.words(point)
    said = "" if seen.problem is None else seen.problem.message
    for _, each in seat.published:
        if wrong := has_text(each):
            yield wrong
    if len(seen.rows) < kept:
        yield f"{kept} rows were there, and {len(seen.rows)} are left"
    if point == "refresh" and not (seen.final and len(list(seen.rows)) == len(ROWS)):
        yield f"stored rows were replaced: {seen}"
    if words and not re.search(words, said):
        yield f"it says {said!r} and not {words!r}"
    if not words and not said:
        first = trial.alters(ROWS)[0] if point in ("first poll", "later poll", "refresh") else ROWS[0]
        if not seen.final:
            yield f"it is not final: {seen}"
        elif seen.rows[0] != first:
            yield f"the first row is {str(seen.rows[0])[:200]}"
        elif len(list(seen.rows)) != len(ROWS):
            yield f"{len(seen.rows)} rows without a word"
    if not words and said and "no manifest to check against" not in said:
        yield f"it should be complete, and says {said!r}"


def _once_it_is_over(seen: Snapshot) -> Iterator[str]:
    if not seen.final or seen.problem is not None:
        yield f"it is over, and the job is not final: {seen}"
    elif list(seen.rows) != ROWS:
        yield f"it is over, and {len(seen.rows)} rows are not the service's"


def _cursor(point: str) -> Any:
    return {"page walk": "page_0003", "last page": "page_0006", "refresh": ...}.get(point)


@contextmanager
def _world_for(
    trial: Trial, job: SimulatedJob, folder: Path
) -> Iterator[tuple[World, Seat, Callable[[Any], None], Callable[[], None]]]:
    """A world, and how the trial begins (with the cursor of the requests that it hits) and ends in it."""
    with ExitStack() as stack:
        slow = {} if trial.limits is None else {"sleep": None}
        here = stack.enter_context(world(folder, job, **slow))
        detour = Detour()
        seat = here.seat(transport=detour, limits=trial.limits)
        where, context = closed_port(), None
        if trial.way == "dns":
            stack.enter_context(nobody_knows(UNKNOWN_NAME))
            where = f"http://{UNKNOWN_NAME}"
        elif trial.way in ("host", "authority"):
            name = "elsewhere.example" if trial.way == "host" else "127.0.0.1"
            where, context = stack.enter_context(tls(folder, name, trusted=trial.way == "host"))

        def begin(cursor: Any) -> None:
            if trial.fault is not None:
                here.service.faults = (replace(trial.fault, cursor=cursor),)
            else:
                detour.elsewhere, detour.context, detour.cursor = where, context, cursor

        def end() -> None:
            here.service.faults = ()
            detour.elsewhere = None

        yield here, seat, begin, end


def _begin_of_peak() -> float | None:
    """Have the system measure the peak anew; what is held now, or None where it cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return held_mb()


def _peak_above(held: float | None) -> float | None:
    peak = peak_mb()
    return None if held is None or peak is None else max(0.0, peak - held)
