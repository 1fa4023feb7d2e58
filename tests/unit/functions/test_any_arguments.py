"""Any value in any argument of any function gives a rectangle of cells."""

from __future__ import annotations

import datetime as dt
import enum
import itertools
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.functions.conftest import SimulatedServices
from xl_openfunnel import Client, Fetcher, Store
from xl_openfunnel.cell_values import MAX_CELL_UNITS, Block
from xl_openfunnel.errors import CELL_UNITS
from xl_openfunnel.fields import KNOWN_TIERS
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.catalog import CATALOG, REGISTRY
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.functions.implementations import UNEXPECTED, evaluate
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.text import utf16_units

JOB = SimulatedJob(companies(30))
USUAL_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    **{
        function.name: tuple(JOB.job_id if argument.name == "job" else None for argument in function.arguments)
        for function in CATALOG
    },
    "OF_ROWS": (JOB.job_id, "name", True, "latest", "rank<=20; name<>", "-name", 5.0),
    "OF_INFO": (JOB.job_id, "rows"),
    "OF_LOOKUP": (JOB.job_id, 2.0, "name", "none"),
    "OF_PIVOT": (JOB.job_id, "country", "employee_band", "employee_count", "sum", "rank<=20"),
    "OF_CREDITS": ("left",),
    "OF_NEW": (JOB.job_id, ("acme.com", "x.de"), "name", "host", "rows"),
    "OF_DOMAIN": ("https://www.acme.com", "host"),
}
"""Arguments for which each function gives values: a job, unless others are listed here."""
MAX_ARGUMENTS = max(map(len, USUAL_ARGUMENTS.values()))


class Odd(str):
    """A text whose methods raise."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError

    def strip(self, chars: str | None = None) -> str:
        raise RuntimeError

    casefold = lower = strip


class OddNumber(float):
    def is_integer(self) -> bool:
        raise RuntimeError


class Unprintable:
    """An object whose repr raises."""

    def __repr__(self) -> str:
        raise RuntimeError


class Whole(int):
    """As libraries derive from COM's integers."""


class Word(str, enum.Enum):  # noqa: UP042 - StrEnum would convert to its value
    NAME = "name"


WORDS = [JOB.job_id, f" {JOB.job_id} ", "name", "NAME;domain", "*", "*,name", "country", "rows", "sum", "final", "left"]
WORDS += ["country=x", "-name", "rank<=9; name=*a|~*", ">5", "<>", "=", "employee_band>=51-200"]
ODD: list[Any] = [
    *(Odd("name"), Odd(JOB.job_id), np.str_("name"), Word.NAME, b"name", "\ud800", "\x00", "#N/A", "=1+1", ",;,"),
    *("x" * 40_000, "😀" * 300, "name," * 5_000, "a\r\nb", "of_live_0123456789", "running"),
    *(np.float64(1.5), np.float64("nan"), np.int32(3), np.bool_(True), np.datetime64("2026-01-01"), np.array([1, 2])),
    *(pd.Timestamp("2026-01-01"), pd.NaT, pd.NA, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.date(2026, 1, 1)),
    *(dt.timedelta(1), Decimal("2"), Decimal("NaN"), Decimal("sNaN"), 1j, 10**30, 10**400, 10**5_000),
    *(OddNumber(3.0), Whole(2), Whole(-2146826246), -2146826246, -2147352572, -2146826200, -(2**31), 2**63),
    *(math.nan, math.inf, -math.inf, -0.0, 1e308, CellError("#N/A"), CellError("Error 2088")),
    *({"a": 1}, {1, 2}, {}, object(), Unprintable(), range(3), iter(()), slice(1), len, memoryview(b"a"), Decimal),
    *((), [], ((),), [[]], ((), (1.0,)), (("name",), ()), ((((("name",),),),),), [[[["name"]]]]),
]
HUGE: dict[str, Any] = {
    "a column of blanks": ((None,),) * 50_000,
    "a column of texts": tuple((f"text {number}",) for number in range(5_000)),
    "a column of ranks": tuple((float(number),) for number in range(5_000)),
    "a row of names": (("name", "domain") * 2_000,),
    "a square of errors": ((-2146826246,) * 100,) * 100,
    "a column of jobs": ((JOB.job_id,),) * 1_000,
}

scalars = st.one_of(
    *(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=20), st.dates(), st.decimals()),
    *(st.sampled_from(WORDS), st.sampled_from(range(len(ODD))).map(lambda place: ODD[place])),  # some cannot be printed
)
lines = st.one_of(st.lists(scalars, max_size=3), st.lists(scalars, max_size=3).map(tuple))
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=9) | st.lists(lines)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedServices]:
    folder: Path = tmp_path_factory.mktemp("here")
    with Simulator([JOB]) as service, Client(service.base_url, service.api_key) as client:
        store = Store(folder / "store.sqlite3", client.origin)
        with Fetcher(client, store=store) as fetcher:
            fetcher.wait(JOB.job_id)
            balance = CreditsCache(client, start=lambda run: run(), call_later=lambda *_: None)
            lists = KnownLists.beside(store.path)
            lists.set(make_list("crm", [["Website"], *([row["domain"]] for row in JOB.rows)]))
            yield SimulatedServices(service, fetcher, store, balance, known=lists)
        store.close()


def checked(services: SimulatedServices, name: str, arguments: list[Any]) -> Block:
    """The function's result for arguments from Excel, checked to be a rectangle of cells."""
    return checked_block(services, name, list(map(udfs.from_excel, arguments)))


def checked_block(services: SimulatedServices, name: str, arguments: list[Any]) -> Block:
    """The function's result for arguments that the host converted."""
    function = REGISTRY[name]
    block = evaluate(name, function.compute, services.context(), *arguments)
    assert block
    assert block[0]
    assert len({len(row) for row in block}) == 1
    one_cell = (len(block), len(block[0])) == (1, 1)
    assert function.without_spill or one_cell, f"{name} can fill several cells: give it without_spill"
    single = name == "OF_LOOKUP" and one_cell
    for cell in itertools.chain.from_iterable(block):
        assert type(cell) in (str, float, bool), f"{name} gives {cell!r}: numbers must be float"
        assert cell != UNEXPECTED
        if isinstance(cell, str):
            assert utf16_units(cell) <= (MAX_CELL_UNITS if single else CELL_UNITS)
            assert "Traceback" not in cell
        assert cell == cell
    return block


PLACES = [(function.name, place) for function in CATALOG for place in range(len(function.arguments))]


def with_one(name: str, place: int, value: Any) -> list[Any]:
    """The usual arguments with another one at this position."""
    return [value if number == place else usual for number, usual in enumerate(USUAL_ARGUMENTS[name])]


@pytest.mark.parametrize("name", REGISTRY)
def test_usual_arguments_give_values(services: SimulatedServices, name: str) -> None:
    assert {function.name for function in CATALOG} == set(USUAL_ARGUMENTS)
    assert len(REGISTRY[name].arguments) == len(USUAL_ARGUMENTS[name])
    block = checked(services, name, list(USUAL_ARGUMENTS[name]))
    cells = list(itertools.chain.from_iterable(block))
    has_values = any(cell != "" for cell in cells) and not any(str(cell).startswith("#OF!") for cell in cells)
    assert has_values, f"add arguments to USUAL_ARGUMENTS for which {name} gives values"


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_function_that_shows_who_is_known_says_so(services: SimulatedServices, name: str, place: int) -> None:
    arguments = with_one(name, place, "known:crm")
    if {*KNOWN_TIERS}.intersection(itertools.chain.from_iterable(checked(services, name, arguments))):
        telling = REGISTRY[name].telling(arguments)
        assert telling, f"{name} shows columns known:..., which a values copy must leave out: give it telling_known"


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_each_argument_accepts_any_type(services: SimulatedServices, name: str, place: int) -> None:
    for value in (*WORDS, *ODD):
        checked(services, name, with_one(name, place, value))
        checked(services, name, with_one(name, place, ((value, None), (value,))))


@pytest.fixture(scope="module", params=HUGE)
def huge(request: pytest.FixtureRequest) -> Any:
    """A huge block, converted once for all functions."""
    return udfs.from_excel(HUGE[request.param])


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_each_argument_accepts_a_huge_block(services: SimulatedServices, name: str, place: int, huge: Any) -> None:
    checked_block(services, name, with_one(name, place, huge))


# tests/fire/fuzz.py tries any number.
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(REGISTRY)), arguments=st.lists(values, min_size=MAX_ARGUMENTS, max_size=MAX_ARGUMENTS)
)
def test_all_arguments_together_accept_anything(services: SimulatedServices, name: str, arguments: list[Any]) -> None:
    checked(services, name, arguments[: len(USUAL_ARGUMENTS[name])])


@pytest.mark.parametrize("rank", [2, 2.0, np.float64(2), np.int32(2), Whole(2), Decimal("2"), OddNumber(2), "2"])
def test_a_number_of_any_type_is_a_rank(services: SimulatedServices, rank: object) -> None:
    assert checked(services, "OF_LOOKUP", with_one("OF_LOOKUP", 1, rank)) == [[JOB.rows[1]["name"]]]


@pytest.mark.parametrize("column", ["domain", Odd("domain"), np.str_("Domain"), (("domain",),), ["domain"]])
def test_a_text_of_any_type_is_a_column(services: SimulatedServices, column: object) -> None:
    assert checked(services, "OF_LOOKUP", with_one("OF_LOOKUP", 2, column)) == [[JOB.rows[1]["domain"]]]


@pytest.mark.parametrize("error", [-2146826246, Whole(-2146826246)])
def test_an_excel_error_of_any_integer_type_is_recognised(services: SimulatedServices, error: object) -> None:
    ((said,),) = checked(services, "OF_STATUS", [error])
    assert said == "#OF! The cell with the job holds #N/A. Fix that cell first."
