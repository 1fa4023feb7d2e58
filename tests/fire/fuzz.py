"""Fuzzing: random responses, cell arguments and settings are accepted, or refused with an error message."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import hypothesis.strategies as st
from hypothesis import HealthCheck, example, given, seed, settings

from xl_openfunnel import ConfigurationError, OpenFunnelError, table
from xl_openfunnel.api import endpoints, models
from xl_openfunnel.api.error_mapping import error_from
from xl_openfunnel.api.http_sender import HttpResponse
from xl_openfunnel.cell_values import NotAvailable
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.context import CallContext
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.functions.implementations import UNEXPECTED, evaluate
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.settings import BASE_URL, Settings, checked_base_url, origin_of
from xl_openfunnel.simulator import SimulatedJob, companies

from .environment import running_environment


@dataclass(frozen=True)
class Target:
    """One kind of input.

    Attributes:
        name: of the input.
        values: the strategy that generates values.
        check: takes a value, and raises AssertionError where a promise is broken.
        examples: values that are always tried.
    """

    name: str
    values: st.SearchStrategy[Any]
    check: Callable[[Any], None]
    examples: tuple[Any, ...] = ()


def run(target: Target, examples: int, seed_number: int | None = None) -> int:
    """Check this many examples and return how many were checked; without a seed they are the same each time.

    Raises:
        AssertionError: a promise is broken; any other exception is one that escaped. Both name the smallest example.
    """
    count = 0

    def check(value: Any) -> None:
        nonlocal count
        count += 1
        target.check(value)

    test = given(target.values)(check)
    for value in target.examples:
        test = example(value)(test)
    if seed_number is not None:
        test = seed(seed_number)(test)
    settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed_number is None,
        suppress_health_check=list(HealthCheck),
    )(test)()
    return count


# ---- responses of the service ------------------------------------------------------------------------------------

_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
_rows = st.lists(st.dictionaries(st.sampled_from(["name", "domain", "employee_count", "x"]), _json), max_size=3)
_envelopes = st.fixed_dictionaries(
    {},
    optional={
        "job_id": st.just("job") | _json,
        "status": st.sampled_from(["running", "completed", "failed"]) | _json,
        "rows": _rows | _json,
        "page": st.just("page_0000") | _json,
        "next_cursor": st.just("page_0001") | _json,
        "manifest": st.fixed_dictionaries({"count": _json, "pages": _json}) | _json,
        **dict.fromkeys(("processed", "count", "progress_message", "error_message", "detail", "details"), _json),
    },
)


@st.composite
def _bodies(draw: Any) -> bytes:
    """An envelope as JSON, usually with some bytes broken."""
    body = bytearray(json.dumps(draw(_envelopes)).encode())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        body[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(body)


def _check_response(body: bytes) -> None:
    with suppress(OpenFunnelError):
        page = models.read_page(body, "job")
        rows = models.read_rows(page.rows_json)
        assert len(rows) == page.row_count
        shown = table.block(table.frame(rows))
        assert {len(line) for line in shown} == {len(shown[0])}
    for status in (400, 404, 422, 429, 500):
        response = HttpResponse(status, {"Retry-After": str(body[:9])}, body)
        error = error_from(response, key_source="x", job_id="job", base_url=BASE_URL)
        assert 0 < len(error.cell_text) <= 255
    for read in (models.read_credits, models.read_cancel):
        with suppress(OpenFunnelError):
            read(body)


# ---- arguments from cells -----------------------------------------------------------------------------------------


class OddText(str):
    """A text that raises when used."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def strip(self, *_: object) -> str:
        raise RuntimeError("no text")


class OddNumber(Fraction):
    """A number that raises when used."""

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __str__(self) -> str:
        raise RuntimeError("no text")


class OddObject:
    """An object whose repr raises."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")

    __hash__ = None  # type: ignore[assignment]


ODD_VALUES: list[Any] = [
    OddText("x"),
    OddNumber(1, 3),
    OddObject(),
    Decimal("NaN"),
    Decimal("sNaN"),
    Fraction(1, 3),
    10**400,
]

_cells = (
    st.sampled_from(
        ["job", "JOB", "crm", "", " ", "name", "*", "rank", "count", "=1+1", "of_x", "#N/A", "a,b", "employee_band"]
    )
    | st.sampled_from([1.0, -1.0, 0.5, 1e300, math.inf, math.nan, True, None, CellError("#REF!"), *ODD_VALUES[3:]])
    | st.text(max_size=6)
    | st.just(datetime(2026, 1, 1, tzinfo=UTC))
)
_arguments = _cells | st.lists(_cells, max_size=3) | st.lists(st.lists(_cells, max_size=2), max_size=3)


@contextmanager
def call_contexts(folder: Path) -> Iterator[Callable[[], CallContext]]:
    """Yield a function that makes call contexts, with one finished job and a known list."""
    with running_environment(folder, SimulatedJob(companies(30, seed=1), job_id="job")) as env:
        process = env.start_process()
        env.final(process, "job")
        credits_cache = CreditsCache(
            process.client, clock=env.time, start=lambda run: run(), call_later=lambda *_: None
        )
        lists = KnownLists(folder / "known")
        lists.set(make_list("crm", [["acme.com"], ["foo.example"]]))
        services: Any = SimpleNamespace(
            fetcher=process.fetcher, store=process.store, credits=credits_cache, columns=None, known=lists
        )
        yield lambda: CallContext(services)


def function_target(name: str, new_context: Callable[[], CallContext]) -> Target:
    """The arguments of a function."""
    function = REGISTRY[name]
    max_args = len(function.arguments)
    required = sum(not argument.optional for argument in function.arguments)  # Excel refuses a formula without these
    kinds = (str, float, bool, NotAvailable) if function.not_available else (str, float, bool)

    def call(arguments: list[object]) -> None:
        block = evaluate(name, function.compute, new_context(), *arguments)
        assert block != [[UNEXPECTED]], arguments
        assert {len(line) for line in block} == {len(block[0])}
        for cell in (cell for line in block for cell in line):
            assert type(cell) in kinds, f"{cell!r} for {arguments}"
            assert not (isinstance(cell, str) and "Traceback" in cell)

    examples: tuple[list[object], ...] = (
        (["job", *[CellError("#N/A")] * (max_args - 1)], [[[]]] * max(required, 1)) if max_args else ()
    )
    if function.not_available:
        examples += (["job", "unknown.example", "name"],)
    return Target(f"arguments of {name}", st.lists(_arguments, min_size=required, max_size=max_args), call, examples)


def _check_job_text(text: str) -> None:
    try:
        job_id = endpoints.job_id_from(text)
    except OpenFunnelError:
        return
    for path, ending in ((endpoints.poll(job_id), ""), (endpoints.cancel(job_id), "/cancel")):
        assert re.fullmatch(rf"/api/v1/account/search-lookalikes-bulk/[A-Za-z0-9_-]{{1,128}}{ending}", path)


# ---- settings --------------------------------------------------------------------------------------------------


def _check_settings(values: tuple[str, str, str]) -> None:
    names = ("OPENFUNNEL_BASE_URL", "OPENFUNNEL_CACHE_DIR", "OPENFUNNEL_CONCURRENCY")
    try:
        loaded = Settings.load(environ=dict(zip(names, values, strict=True)))
    except ConfigurationError as error:
        message = error.message
    else:
        message = ""
    assert "of_secret" not in message
    if message:
        return
    assert 1 <= loaded.concurrency <= 32
    assert isinstance(loaded.cache_dir, Path)
    assert origin_of(loaded.base_url) == origin_of(checked_base_url(loaded.base_url))
    assert loaded.base_url.startswith(("https://", "http://"))


TARGETS: Final = (
    Target(
        "responses of the service",
        _bodies() | st.binary(max_size=60),
        _check_response,
        (
            b'{"status":"running","rows":' + b"[" * 5_000,
            b'{"status":"running","rows":[{"a":' + b'{"b":' * 300 + b"1" + b"}" * 300 + b"}]}",
            b'{"status":"running","processed":1e400,"rows":[{"a":1e999,"b":-1e999,"c":NaN}]}',
            b'{"status":"running","rows":[{"a":' + b"9" * 5_000 + b"}]}",
        ),
    ),
    Target(
        "jobs from cells",
        st.text()
        | st.from_regex(r"https?://[^ ]*/[a-z0-9/.%_-]*", fullmatch=True)
        | st.sampled_from([*"./%?#\\", ".."]),
        _check_job_text,
        (
            "https://evil.example/../../credits",
            "job/../../../v1/credits",
            "%2e%2e%2fcredits",
            "job?cursor=x",
            "//evil.example/job1",
            "job\r\nX-Other: 1",
        ),
    ),
    Target(
        "settings",
        st.tuples(
            st.text() | st.from_regex(r"https?://[\w.:\[\]@%-]{1,20}(/\w*)?", fullmatch=True),
            st.text(alphabet=st.characters(exclude_characters="\0"), max_size=8),
            st.text(max_size=4),
        ),
        _check_settings,
        (
            ("http://[::1", "~nobody", "9" * 5_000),
            ("https://a:99999999", "x", "²"),
            ("https://user:of_secret@h", "x", "8"),
            ("https://\u0130", "x", "8"),
        ),
    ),
)
