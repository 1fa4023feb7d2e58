"""The public functions refuse what is of a wrong type in words, at the door: without a request, before any wait."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_openfunnel import Client, ConfigurationError, Fetcher, OpenFunnelError, Store, fetch_rows
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

JOB = SimulatedJob(companies(3), job_id="three")
Call = Callable[["Door", Any], object]


class Door:
    """A service with a finished job, and what asks it."""

    def __init__(self, service: Simulator) -> None:
        self.options: dict[str, Any] = {"base_url": service.base_url, "api_key": service.api_key}
        self.client = Client(**self.options)
        self.fetcher = Fetcher(self.client)

    def fetch(self, **options: Any) -> object:
        return fetch_rows(JOB.job_id, **{**self.options, **options})


CALLS: Final[dict[str, Call]] = {
    **{
        f"fetch_rows {name}": lambda door, value, name=name: door.fetch(**{name: value})  # type: ignore[misc]
        for name in ("api_key", "base_url", "columns", "criteria", "new_against", "timeout", "refresh", "progress")
    },
    **{
        f"Client {name}": lambda door, value, name=name: Client(**{**door.options, name: value})  # type: ignore[misc]
        for name in ("base_url", "api_key", "transport", "limits", "concurrency")
    },
    "Fetcher client": lambda _, value: Fetcher(value).close(),
    "Fetcher store": lambda door, value: Fetcher(door.client, store=value).close(),
    "Fetcher.from_settings client": lambda _, value: Fetcher.from_settings(value).close(),
    "Client.page cursor": lambda door, value: door.client.page(JOB.job_id, value),
    "Fetcher jitter": lambda door, value: Fetcher(door.client, jitter=value).close(),
    "Fetcher watch_ttl": lambda door, value: Fetcher(door.client, watch_ttl=value).close(),
    "Fetcher.wait timeout": lambda door, value: door.fetcher.wait(JOB.job_id, value),
    "Fetcher.wait until": lambda door, value: door.fetcher.wait(JOB.job_id, 30, until=value),
    "Fetcher.subscribe callback": lambda door, value: door.fetcher.subscribe(JOB.job_id, value).close(),
    "Snapshot.frame columns": lambda door, value: door.fetcher.wait(JOB.job_id).frame(value),
}
WRONG: Final = (5, 2.5, True, b"bytes", ["a", 5], {"a": object()}, object(), "x", lambda: 5)
RIGHT: Final = {
    "api_key": (str, Callable),
    "base_url": (str,),
    "transport": (),
    "limits": (),
    "client": (),
    "store": (),
    "criteria": (str, dict),
    "new_against": (str, dict),
    "timeout": (int, float),
    "refresh": (bool,),
    "progress": (Callable,),
    "concurrency": (int,),
    "cursor": (str,),
    "jitter": (Callable,),
    "watch_ttl": (int, float),
    "until": (Callable,),
    "callback": (Callable,),
}
"""The types that are right, of the parameters that this file is about; those of others are refused by who reads
them."""


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with Simulator([JOB]) as service:
        door = Door(service)
        door.fetch()
        door.fetcher.wait(JOB.job_id)
        yield door
        door.fetcher.close()
        door.client.close()


def is_right(name: str, value: object) -> bool:
    kinds: tuple[Any, ...] = RIGHT.get(name, ())
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


@pytest.mark.parametrize(
    ("call", "value"),
    [
        pytest.param(call, value, id=f"{call}-{type(value).__name__}")
        for call in CALLS
        for value in WRONG
        if call.split()[1] in RIGHT and not is_right(call.split()[1], value)
    ],
)
def test_a_wrong_type_is_refused_with_the_parameter_s_name(door: Door, call: str, value: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"\b{call.split()[1]} takes .+, and no {type(value).__name__}\.|Each of"
    ):
        CALLS[call](door, value)


@pytest.mark.parametrize("call", [call for call in CALLS if RIGHT.get(call.split()[1]) == (int, float)])
@pytest.mark.parametrize("value", [-1, -0.5, -(10**400), Fraction(-1, 3), math.nan, -math.inf])
def test_seconds_are_0_or_more(door: Door, call: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"\b{call.split()[1]} takes a number of seconds, 0 or more\."):
        CALLS[call](door, value)


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.binary(max_size=3)),
    lambda each: st.lists(each, max_size=2) | st.dictionaries(st.text(max_size=3) | st.integers(), each, max_size=2),
    max_leaves=3,
)


@pytest.mark.parametrize(
    "call",
    [
        *(f"fetch_rows {name}" for name in ("columns", "criteria", "new_against", "timeout", "refresh", "progress")),
        *("Snapshot.frame columns", "Fetcher.wait timeout"),
    ],
)
@settings(max_examples=15)
@given(values)
def test_whatever_is_given_only_our_errors_are_raised(door: Door, call: str, value: Any) -> None:
    with contextlib.suppress(OpenFunnelError):
        CALLS[call](door, value)


def test_an_argument_is_not_repeated(door: Door) -> None:
    with pytest.raises(ConfigurationError) as raised:
        door.fetch(api_key=[door.client.key().value])
    assert door.client.key().value not in str(raised.value)


def test_a_path_of_a_store_is_a_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="path takes a Path, and no str"):
        Store(str(tmp_path / "store.sqlite3"), "https://api.example:443")  # type: ignore[arg-type]
