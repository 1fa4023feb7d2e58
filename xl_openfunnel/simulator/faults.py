"""Faults: what goes wrong, with which requests, and how often."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, Final, Literal

ANY: Final = ...
"""As a fault's ``cursor``: whatever page is asked for."""

KINDS: Final = (
    *("status", "cut", "cut_chunked", "reset", "reset_after_headers", "slow", "html", "json", "redirect"),
    *("stall", "envelope", "rewrite", "wrong_length"),
)

_TARGETS: Final = ("page", "cancel", "credits", "any")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    The kinds:

    - ``status``: ``status`` with a JSON error, or with ``body``.
    - ``cut``: the right answer, closed after ``after_bytes`` of the body (half of it by default).
    - ``cut_chunked``: the same with chunked transfer encoding and without the last chunk.
    - ``reset``: the connection is reset before any answer.
    - ``reset_after_headers``: the connection is reset after the headers.
    - ``slow``: the right answer in pieces of ``chunk`` bytes with ``pause`` seconds between them.
    - ``html``: a 200 with an HTML page.
    - ``json``: a 200 with ``body`` verbatim: broken JSON, another job's page, whatever.
    - ``redirect``: ``status`` (307 by default) to ``location``, given verbatim.
    - ``stall``: no answer until the server stops; with ``after_bytes``, that much of the body before.
    - ``envelope``: the right answer with the keys of ``envelope`` replaced and those of ``without`` left out.
    - ``rewrite``: the right answer with its body as ``rewrite`` makes it; what no JSON writer would write.
    - ``wrong_length``: the whole body under a ``Content-Length`` of ``after_bytes`` (half by default).

    Which requests it hits: of those for ``on`` and ``cursor``, the ``first`` (1-based) and from there each
    ``every``-th, each with the probability ``rate``, at most ``times`` times. By default: all.

    Attributes:
        kind: one of the kinds above.
        status: the HTTP status of ``status``, ``html``, ``json`` and ``redirect``.
        every: hit one request in so many.
        rate: probability of a hit, drawn from the simulator's seed.
        first: number of the first matching request that can be hit, counted from 1.
        times: most hits.
        cursor: a page's name (a request without a cursor counts as one for ``page_0000``), None for requests
            without a cursor only, or `ANY`.
        on: ``page`` (polls), ``cancel``, ``credits`` or ``any``.
        retry_after: the ``Retry-After`` header, verbatim.
        details_retry_after: seconds in the JSON body's ``details.retry_after_seconds``.
        body: the body, verbatim.
        content_type: the ``Content-Type`` of ``body``.
        headers: further headers of the answer.
        after_bytes: bytes of the body that are sent, see the kinds.
        chunk: bytes in a piece of a slow or chunked answer.
        pause: seconds between the pieces of a slow answer.
        location: where a redirect leads.
        envelope: keys of a poll's answer to replace; a callable is given the right value.
        without: keys of a poll's answer to leave out.
        rewrite: given the right body, the one to send.
    """

    kind: str
    status: int | None = None
    every: int | None = None
    rate: float | None = None
    first: int | None = None
    times: int | None = None
    cursor: str | EllipsisType | None = ANY
    on: Literal["page", "cancel", "credits", "any"] = "page"
    retry_after: str | None = None
    details_retry_after: float | None = None
    body: bytes | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_bytes: int | None = None
    chunk: int = 4096
    pause: float = 0.05
    location: str | None = None
    envelope: Mapping[str, Any] = field(default_factory=dict)
    without: Sequence[str] = ()
    rewrite: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(KINDS)}, and HTTP statuses")
        if self.on not in _TARGETS:
            raise ValueError(f"a fault can be on {', '.join(_TARGETS)}, not on {self.on!r}")
        if self.kind == "redirect" and not self.location:
            raise ValueError("a redirect needs a location")
        if self.kind == "json" and self.body is None:
            raise ValueError("a json fault needs a body")
        if self.kind == "rewrite" and self.rewrite is None:
            raise ValueError("a rewrite fault needs a function, which no text can give")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"an HTTP status lies between 200 and 599, unlike {self.status}")
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise ValueError(f"rate is a probability between 0 and 1, unlike {self.rate}")
        for name in ("every", "first", "times", "chunk"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, not {value}")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """The fault that a compact text means.

        ``KIND[:OPTION]...``, where KIND is one of the kinds or an HTTP status (``503`` means ``status`` with
        that code), and OPTION is ``once`` (``times=1``), ``2%`` (``rate=0.02``), or ``NAME=VALUE`` with an
        attribute's name, written with hyphens; all but ``headers`` and ``rewrite`` can be given. ``cursor=`` with
        nothing behind it means requests without a cursor, ``envelope`` takes a JSON object, ``without`` names with
        commas between them. Examples::

            503:2%      429:once:retry-after=1      cut:once:cursor=page_0003
            slow:chunk=1000:pause=0.2               redirect:location=http://127.0.0.1:9/elsewhere

        Raises:
            ValueError: naming what is wrong and what is allowed.
        """
        kind, *options = _OPTION_START.split(text.strip())
        values: dict[str, Any] = {}
        if re.fullmatch(r"\d{3}", kind):
            kind, values["status"] = "status", int(kind)
        try:
            for option in options:
                values.update(_option(option))
            return cls(kind, **values)
        except ValueError as error:
            names = ", ".join(f"{name}=" for name in _READERS)
            raise ValueError(
                f"fault {text!r}: {error}. Write KIND[:OPTION]..., like 503:2% or cut:once; an OPTION is once, N% or "
                f"one of {names}"
            ) from None


_OPTION_START = re.compile(r":(?=once(?::|$)|[\d.]+%|[a-z-]+=)")
"""A colon that begins an option, unlike those in URLs, dates and JSON."""


def _json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"{text!r} is no JSON object")  # noqa: TRY004 - a text in the wrong form
    return value


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "every": int,
    "rate": float,
    "first": int,
    "times": int,
    "cursor": lambda text: text or None,
    "on": str,
    "status": int,
    "retry-after": str,
    "details-retry-after": float,
    "body": str.encode,
    "content-type": str,
    "after-bytes": int,
    "chunk": int,
    "pause": float,
    "location": str,
    "envelope": _json_object,
    "without": lambda text: tuple(text.split(",")),
}


def _option(text: str) -> dict[str, Any]:
    if text == "once":
        return {"times": 1}
    name, equals, value = text.partition("=")
    if not equals:
        return {"rate": float(text.removesuffix("%")) / 100}
    if name not in _READERS:
        raise ValueError(f"no option {name!r}")
    try:
        return {name.replace("-", "_"): _READERS[name](value)}
    except ValueError as error:
        raise ValueError(f"{name}={value!r}: {error}") from None


class FaultPlan:
    """Faults with their counters: says which one hits the next request."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self.faults = tuple(faults)
        self._lock = threading.Lock()
        self._seen = [0] * len(self.faults)
        self._hits = [0] * len(self.faults)
        self._dice = [
            random.Random(f"fault {index} of {seed}")  # noqa: S311 - the same in every run, not secret
            for index in range(len(self.faults))
        ]

    def choose(self, on: str, cursor: str | None) -> Fault | None:
        """The first fault that hits this request, or None.

        Args:
            on: what is asked for: ``page``, ``cancel`` or ``credits``.
            cursor: the cursor as asked for, if any.
        """
        if not self.faults:
            return None
        with self._lock:
            hits = [index for index, fault in enumerate(self.faults) if self._hit(index, fault, on, cursor)]
            if not hits:
                return None
            self._hits[hits[0]] += 1
            return self.faults[hits[0]]

    def _hit(self, index: int, fault: Fault, on: str, cursor: str | None) -> bool:
        if fault.on not in (on, "any"):
            return False
        if fault.cursor is None:
            if cursor is not None:
                return False
        elif fault.cursor is not ANY and fault.cursor != (cursor or "page_0000"):
            return False
        self._seen[index] += 1
        since = self._seen[index] - (fault.first or 1)
        if since < 0 or since % (fault.every or 1):
            return False
        if fault.rate is not None and self._dice[index].random() >= fault.rate:
            return False
        return fault.times is None or self._hits[index] < fault.times
