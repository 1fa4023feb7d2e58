"""Whatever comes, bytes from the service, values from cells, words in settings: it is taken, or refused in words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.unit.functions.conftest import MakeOffice, Office, office  # noqa: F401 - a fixture
from xl_openfunnel import ConfigurationError, OpenFunnelError, table
from xl_openfunnel.api import models, paths
from xl_openfunnel.api.answers import error_from
from xl_openfunnel.api.wire import Answer
from xl_openfunnel.functions import bodies
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.edge import UNEXPECTED, answer
from xl_openfunnel.settings import Settings, checked_base_url, origin_of
from xl_openfunnel.simulator import SimulatedJob, companies

FEW = settings(
    max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

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


# ---- what the service sends ------------------------------------------------------------------------------------


@st.composite
def _bodies(draw: Any) -> bytes:
    """An envelope as JSON, most often with something of it broken."""
    body = bytearray(json.dumps(draw(_envelopes)).encode())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        body[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(body)


@FEW
@given(_bodies() | st.binary(max_size=60))
@example(b'{"status":"running","rows":' + b"[" * 5_000)
@example(b'{"status":"running","rows":[{"a":' + b'{"b":' * 300 + b"1" + b"}" * 300 + b"}]}")
@example(b'{"status":"running","processed":1e400,"rows":[{"a":1e999,"b":-1e999,"c":NaN}]}')
@example(b'{"status":"running","rows":[{"a":' + b"9" * 5_000 + b"}]}")
def test_a_body_is_a_page_or_an_error_in_words(body: bytes) -> None:
    with suppress(OpenFunnelError):
        page = models.read_page(body, "job")
        rows = models.read_rows(page.rows_json)
        assert len(rows) == page.row_count
        shown = table.block(table.frame(rows))
        assert {len(line) for line in shown} == {len(shown[0])}
    for status in (400, 404, 422, 429, 500):
        error = error_from(Answer(status, {"Retry-After": str(body[:9])}, body), key_source="x", job_id="job")
        assert 0 < len(error.cell_text) <= 255
    for read in (models.read_credits, models.read_cancel):
        with suppress(OpenFunnelError):
            read(body)


# ---- what a cell gives -----------------------------------------------------------------------------------------


class OddText(str):
    """A text that fails where it is used."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def strip(self, *_: object) -> str:
        raise RuntimeError("no text")


class OddNumber(Fraction):
    """A number that fails where it is used."""

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __str__(self) -> str:
        raise RuntimeError("no text")


class OddThing:
    """Something that can't even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")

    __hash__ = None  # type: ignore[assignment]


ODD: list[Any] = [OddText("x"), OddNumber(1, 3), OddThing(), Decimal("NaN"), Decimal("sNaN"), Fraction(1, 3), 10**400]

_cells = (
    st.sampled_from(
        ["job", "JOB", "", " ", "name", "*", "rank", "count", "=1+1", "of_x", "#N/A", "a,b", "employee_band"]
    )
    | st.sampled_from([1.0, -1.0, 0.5, 1e300, math.inf, math.nan, True, None, CellError("#REF!"), *ODD[3:]])
    | st.text(max_size=6)
    | st.just(datetime(2026, 1, 1, tzinfo=UTC))
)
_arguments = _cells | st.lists(_cells, max_size=3) | st.lists(st.lists(_cells, max_size=2), max_size=3)
FUNCTIONS: dict[str, tuple[Callable[..., bodies.Block], int]] = {
    "OF_STATUS": (bodies.status, 1),
    "OF_ROWS": (bodies.rows, 4),
    "OF_INFO": (bodies.information, 2),
    "OF_LOOKUP": (bodies.lookup, 4),
    "OF_PIVOT": (bodies.pivot, 5),
    "OF_JOBS": (bodies.listing, 0),
    "OF_CREDITS": (bodies.credits_known, 1),
}


@pytest.fixture
def desk(office: MakeOffice) -> Office:  # noqa: F811
    made = office(SimulatedJob(companies(30, seed=1), job_id="job"))
    made.fetcher.wait("job")
    return made


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_answers_whatever_it_is_given(name: str, desk: Office) -> None:
    body, most = FUNCTIONS[name]

    @FEW
    @given(st.lists(_arguments, min_size=min(1, most), max_size=most))
    @example(["job", *[CellError("#N/A")] * (most - 1)][:most])
    @example([[[]]][:most])
    def ask(given_: list[object]) -> None:
        if len(given_) < {"OF_LOOKUP": 3, "OF_PIVOT": 2}.get(name, min(1, most)):
            return  # Excel itself refuses a formula without what must be given
        block = answer(name, body, desk.look(), *given_)
        assert block != [[UNEXPECTED]], given_
        assert {len(line) for line in block} == {len(block[0])}
        for cell in (cell for line in block for cell in line):
            assert type(cell) in (str, float, bool), f"{cell!r} for {given_}"
            assert not (isinstance(cell, str) and "Traceback" in cell)

    ask()


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_a_block_shows_even_what_cannot_be_shown(odd: Any) -> None:
    import pandas as pd

    shown = table.block(pd.DataFrame({"a": pd.Series([odd, [odd], {"k": odd}, None], dtype=object)}))
    assert [type(cell) in (str, float) for (cell,) in shown] == [True] * 5


@FEW
@given(
    st.text() | st.from_regex(r"https?://[^ ]*/[a-z0-9/.%_-]*", fullmatch=True) | st.sampled_from([*"./%?#\\", ".."])
)
@example("https://evil.example/../../credits")
@example("job/../../../v1/credits")
@example("%2e%2e%2fcredits")
@example("job?cursor=x")
@example("//evil.example/job1")
@example("job\r\nX-Other: 1")
def test_a_job_from_a_cell_reaches_no_other_path(text: str) -> None:
    try:
        job_id = paths.job_id_from(text)
    except OpenFunnelError:
        return
    for path, ending in ((paths.poll(job_id), ""), (paths.cancel(job_id), "/cancel")):
        assert re.fullmatch(rf"/api/v1/account/search-lookalikes-bulk/[A-Za-z0-9_-]{{1,128}}{ending}", path)


# ---- settings --------------------------------------------------------------------------------------------------


@FEW
@given(
    st.text() | st.from_regex(r"https?://[\w.:\[\]@%-]{1,20}(/\w*)?", fullmatch=True),
    st.text(alphabet=st.characters(exclude_characters="\0"), max_size=8),
    st.text(max_size=4),
)
@example("http://[::1", "~nobody", "9" * 5_000)
@example("https://a:99999999", "x", "²")
@example("https://user:of_secret@h", "x", "8")
def test_a_setting_is_taken_or_refused_in_words(url: str, folder: str, number: str) -> None:
    environ = {"OPENFUNNEL_BASE_URL": url, "OPENFUNNEL_CACHE_DIR": folder, "OPENFUNNEL_CONCURRENCY": number}
    try:
        found = Settings.load(environ=environ)
    except ConfigurationError as error:
        refused = error.message
    else:
        refused = ""
    assert "of_secret" not in refused
    if refused:
        return
    assert 1 <= found.concurrency <= 32
    assert isinstance(found.store_path, Path)
    assert origin_of(found.base_url) == origin_of(checked_base_url(found.base_url))
    assert found.base_url.startswith(("https://", "http://"))
