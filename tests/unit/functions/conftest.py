"""The services of the functions over a simulator, with a clock that the test controls."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.flying import FlyingClock
from xl_openfunnel import Client, Fetcher, Store
from xl_openfunnel.columns.maker import ColumnMaker
from xl_openfunnel.functions.context import CallContext
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.simulator import ManualClock, Simulator


@dataclass
class SimulatedServices:
    """The services of the functions, and the simulator behind them."""

    simulator: Simulator
    fetcher: Fetcher
    store: Store | None
    credits: CreditsCache
    columns: ColumnMaker | None = None
    known: KnownLists | None = None

    def context(self) -> CallContext:
        return CallContext(self)


MakeServices = Callable[..., SimulatedServices]


@pytest.fixture
def make_services(tmp_path: Path) -> Iterator[MakeServices]:
    with ExitStack() as stack:

        def make(
            *jobs: Any,
            limit: float = float("inf"),
            api_key: str | None = None,
            folder: Path = tmp_path,
            **options: Any,
        ) -> SimulatedServices:
            time = ManualClock()
            service = stack.enter_context(Simulator(jobs, clock=time, sleep=time.sleep, **options))
            client = stack.enter_context(Client(service.base_url, api_key or service.api_key))
            store = Store(folder / "store.sqlite3", client.origin)
            stack.callback(store.close)
            clock = FlyingClock(time, limit)
            fetcher = Fetcher(client, store=store, clock=clock, jitter=lambda: 0.5)
            clock.busy = lambda: fetcher.busy
            stack.enter_context(fetcher)
            balance = CreditsCache(client, clock=time, start=lambda run: run(), call_later=lambda *_: None)
            return SimulatedServices(service, fetcher, store, balance, known=KnownLists.beside(store.path))

        yield make


@contextlib.contextmanager
def locked_by_another_program(store: Store | None) -> Iterator[None]:
    """Lock the store's file exclusively, as another program could."""
    assert store
    store.close()  # an open store would prevent the exclusive lock
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
