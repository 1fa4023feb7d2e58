"""A fetcher, a simulator and a clock that belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.unit.flying import FlyingClock
from xl_openfunnel import Client, Fetcher, Store
from xl_openfunnel.jobs.store.opening import UnavailableStore
from xl_openfunnel.simulator import ManualClock, Simulator, companies

MakeService = Callable[..., Simulator]
MakeFetcher = Callable[..., Fetcher]

ROWS = companies(650, seed=5, shape="narrow")


def polls(service: Simulator) -> int:
    return len(service.received)


@pytest.fixture
def time() -> ManualClock:
    return ManualClock()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(time: ManualClock, stack: ExitStack) -> MakeService:
    """A simulator whose time is the test's."""

    def serve(*jobs: Any, **options: Any) -> Simulator:
        return stack.enter_context(Simulator(jobs, clock=time, sleep=time.sleep, **options))

    return serve


@pytest.fixture
def clock(time: ManualClock) -> FlyingClock:
    return FlyingClock(time)


@pytest.fixture
def fetch(clock: FlyingClock, stack: ExitStack) -> MakeFetcher:
    """A fetcher whose time is the test's, with a store if ``path`` is given."""

    def fetch(
        service: Simulator,
        path: Path | None = None,
        api_key: Any = None,
        store: UnavailableStore | None = None,
        **options: Any,
    ) -> Fetcher:
        client = stack.enter_context(Client(service.base_url, api_key or service.api_key))
        opened = store if path is None else Store(path / "store.sqlite3", client.origin)
        fetcher = clock.of(Fetcher(client, store=opened, clock=clock, jitter=lambda: 0.5, **options))
        return stack.enter_context(fetcher)

    return fetch
