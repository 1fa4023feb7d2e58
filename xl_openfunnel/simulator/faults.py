"""Faults: what goes wrong, for which requests, and how often."""

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
"""As a fault's ``cursor``: any page."""

KINDS: Final = (
    *("status", "cut", "cut_chunked", "reset", "reset_after_headers", "slow", "html", "json", "redirect"),
    *("stall", "envelope", "rewrite", "wrong_length"),
)

_TARGETS: Final = ("page", "cancel", "credits", "any")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    The kinds:

    - ``status``: ``status`` with a JSON error, or with ``body``.
    - ``cut``: the correct response, closed after ``after_bytes`` of the body (by default half of it).
    - ``cut_chunked``: the same with chunked transfer encoding, without the last chunk.
    - ``reset``: the connection is reset before any response.
    - ``reset_after_headers``: the connection is reset after the headers.
    - ``slow``: the correct response in pieces of ``chunk`` bytes with ``pause`` seconds between them.
    - ``html``: a 200 with an HTML page.
    - ``json``: a 200 with ``body`` verbatim, such as broken JSON or another job's page.
    - ``redirect``: ``status`` (307 by default) to ``location``, sent verbatim.
    - ``stall``: no response until the server stops; with ``after_bytes``, that much of the body first.
    - ``envelope``: the correct response with the keys of ``envelope`` replaced and those of ``without`` removed.
    - ``rewrite``: the correct response with its body changed by ``rewrite``, for what no JSON writer produces.
    - ``wrong_length``: the whole body with a ``Content-Length`` of ``after_bytes`` (by default half of it).

    Of the requests that match ``on`` and ``cursor``, a fault hits the ``first`` (1-based) and every ``every``-th
    after it, each with probability ``rate``, at most ``times`` times. By default it hits all.

    Attributes:
        kind: one of the kinds above.
        status: the HTTP status of ``status``, ``html``, ``json`` and ``redirect``.
        every: hit one request in this many.
        rate: probability of a hit, from random numbers with the simulator's seed.
        first: number of the first matching request that can be hit, counted from 1.
        times: maximum number of hits.
        cursor: a page's name (a request without a cursor counts as one for ``page_0000``), None for requests
            without a cursor only, or `ANY`.
        on: ``page`` (polls), ``cancel``, ``credits`` or ``any``.
        retry_after: the ``Retry-After`` header, verbatim.
        details_retry_after: seconds in the JSON body's ``details.retry_after_seconds``.
        body: the body, verbatim.
        content_type: the ``Content-Type`` of ``body``.
        headers: further headers of the response.
        after_bytes: a number of bytes of the body, see the kinds.
        chunk: bytes per piece of a slow or chunked response.
        pause: seconds between the pieces of a slow response.
        location: the target of a redirect.
        envelope: keys of a poll's response to replace; a callable receives the correct value.
        without: keys of a poll's response to remove.
        rewrite: turns the correct body into the one to send.
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
            raise ValueError("a redirect needs a target, such as redirect:location=http://127.0.0.1:9/elsewhere")
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
        """Parse the compact text form of a fault.

        ``KIND[:OPTION]...``, where KIND is one of the kinds or an HTTP status (``503`` means ``status`` with
        that code), and OPTION is ``once`` (``times=1``), ``2%`` (``rate=0.02``), or ``NAME=VALUE`` with an
        attribute's name, written with hyphens; ``headers`` and ``rewrite`` have no text form. An empty ``cursor=``
        means requests without a cursor, ``envelope`` takes a JSON object, ``without`` comma-separated names.
        Examples::

            503:2%      429:once:retry-after=1      cut:once:cursor=page_0003
            slow:chunk=1000:pause=0.2               redirect:location=http://127.0.0.1:9/elsewhere

        Raises:
            ValueError: the message says what is wrong and what is allowed.
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
"""A colon that starts an option, unlike those in URLs, dates and JSON."""


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
    """Faults and their counters; chooses the fault for each request."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self.faults = tuple(faults)
        self._lock = threading.Lock()
        self._matches = [0] * len(self.faults)
        self._hits = [0] * len(self.faults)
        self._rngs = [
            random.Random(f"fault {index} of {seed}")  # noqa: S311 - the same in every run, not secret
            for index in range(len(self.faults))
        ]

    def choose(self, on: str, cursor: str | None) -> Fault | None:
        """The first fault that hits this request, or None; ``on`` is ``page``, ``cancel`` or ``credits``."""
        if not self.faults:
            return None
        with self._lock:
            hits = [index for index, fault in enumerate(self.faults) if self._hits_request(index, fault, on, cursor)]
            if not hits:
                return None
            self._hits[hits[0]] += 1
            return self.faults[hits[0]]

    def _hits_request(self, index: int, fault: Fault, on: str, cursor: str | None) -> bool:
        if fault.on not in (on, "any"):
            return False
        if fault.cursor is None:
            if cursor is not None:
                return False
        elif fault.cursor is not ANY and fault.cursor != (cursor or "page_0000"):
            return False
        self._matches[index] += 1
        since = self._matches[index] - (fault.first or 1)
        if since < 0 or since % (fault.every or 1):
            return False
        if fault.rate is not None and self._rngs[index].random() >= fault.rate:
            return False
        return fault.times is None or self._hits[index] < fault.times
