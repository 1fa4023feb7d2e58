"""What a cell calculates at once, and what it leaves to others: the same result comes either way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.calculating import ManualCalculations
from tests.unit.flying import FlyingClock
from tests.unit.functions.conftest import SimulatedServices
from xl_openfunnel import Client, Fetcher, Store
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions import derived_tables, job_names, limits
from xl_openfunnel.functions.cache import DerivedCache
from xl_openfunnel.functions.context import is_call
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.functions.implementations import evaluate
from xl_openfunnel.functions.registry import REGISTRY
from xl_openfunnel.jobs.snapshot import Rows, Snapshot
from xl_openfunnel.runtime.background import in_background, yield_often
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

STORED = SimulatedJob(companies(700), job_id="stored")
SMALL = SimulatedJob(companies(limits.MAX_ROWS // 2), job_id="small")
LARGE = SimulatedJob(companies(limits.MAX_ROWS + 100), job_id="large")
MANY = tuple((job_id,) for job_id in ["stored", *(f"job-{number}" for number in range(limits.MAX_JOBS + 1))])

LONG: list[tuple[str, tuple[object, ...]]] = [
    ("OF_ROWS", ("stored",)),
    ("OF_ROWS", ("stored", "*")),
    ("OF_ROWS", ("large", "name,domain", False)),
    ("OF_ROWS", ((("small",), ("stored",)),)),
    ("OF_ROWS", ("stored", "no such column")),
    ("OF_LOOKUP", ("stored", 3.0, "name")),
    ("OF_LOOKUP", ("large", (("nobody.example",), (600.0,)), "name")),
    ("OF_PIVOT", ("small", "country")),
    ("OF_PIVOT", ("stored", "country", "employee_band")),
    ("OF_PIVOT", ("small", "country", None, "name", "sum")),
    ("OF_STATUS", (MANY,)),
    ("OF_INFO", (MANY, "status,rows")),
    ("OF_JOBS", ()),
]
"""Calls that may take longer than a cell waits."""

QUICK: list[tuple[str, tuple[object, ...]]] = [
    ("OF_ROWS", ("small",)),
    ("OF_ROWS", ("pending",)),
    ("OF_ROWS", ("stored", "name", None, "no such state")),
    ("OF_LOOKUP", ("small", 3.0, "no such column")),
    ("OF_PIVOT", ("pending", "country")),
    ("OF_STATUS", (MANY[: limits.MAX_JOBS],)),
    ("OF_INFO", ("stored",)),
]


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedServices]:
    """Jobs whose rows are in memory, but for those of ``stored``."""
    import xl_openfunnel.table  # noqa: F401

    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    time = ManualClock()
    clock = FlyingClock(time)
    pending = SimulatedJob(companies(5), job_id="pending", pending=1e6)
    with (
        Simulator([STORED, SMALL, LARGE, pending], clock=time, sleep=time.sleep) as service,
        Client(service.base_url, service.api_key) as client,
        clock.of(Fetcher(client, clock=clock, jitter=lambda: 0.5)) as fetcher,
    ):
        store = Store(tmp_path / "store.sqlite3", client.origin)
        for job in (STORED, SMALL, LARGE):
            fetcher.wait(job.job_id)
        fetcher.wait("pending", until=lambda seen: seen.status is not None)
        fetcher.watch("stored").rows.size = None
        yield SimulatedServices(service, fetcher, store, CreditsCache(client))
        store.close()


class Host:
    """Answers calls as those of a cell that can be told of changes."""

    def __init__(self, services: SimulatedServices) -> None:
        self.services = services
        self.calculations = ManualCalculations(lambda topic: None, lambda: 0.0)

    def answer(self, name: str, arguments: tuple[object, ...]) -> tuple[Block, bool]:
        """The block, and whether another one follows."""
        context = self.services.context()
        block = self.calculations.answer(name, REGISTRY[name].compute, context, arguments)
        return block, any(map(is_call, context.dependencies))

    def inline(self, name: str, arguments: tuple[object, ...]) -> Block:
        return evaluate(name, REGISTRY[name].compute, self.services.context(), *arguments)


@pytest.mark.parametrize(("name", "arguments"), LONG)
def test_what_may_take_long_is_loading_first_and_then_what_it_is_elsewhere(
    services: SimulatedServices, name: str, arguments: tuple[object, ...]
) -> None:
    host = Host(services)
    block, waits = host.answer(name, arguments)
    assert (block[0][0], len(block), waits) == ("loading", 1, True)
    assert host.calculations.run() == 1
    block, _ = host.answer(name, arguments)
    assert block == host.inline(name, arguments)
    assert block[0][0] != "loading"


@pytest.mark.parametrize(("name", "arguments"), QUICK)
def test_what_is_surely_quick_is_answered_at_once(
    services: SimulatedServices, name: str, arguments: tuple[object, ...]
) -> None:
    host = Host(services)
    block, waits = host.answer(name, arguments)
    assert not waits
    assert block == host.inline(name, arguments)


@pytest.mark.parametrize(("name", "arguments"), [("OF_STATUS", ()), ("OF_INFO", ("label,rows",))])
def test_jobs_in_memory_are_answered_at_once_however_many_labels_a_range_names(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch, name: str, arguments: tuple[object, ...]
) -> None:
    assert services.store
    labels = tuple((f"Label {number}",) for number in range(10 * limits.MAX_JOBS))
    for number, (label,) in enumerate(labels):
        services.store.label(f"job-{number}", label)
    host = Host(services)
    for begin in range(0, len(labels), limits.MAX_JOBS):
        assert not host.answer("OF_STATUS", (labels[begin : begin + limits.MAX_JOBS],))[1]
    expected = host.inline(name, (labels, *arguments))
    asked: list[str] = []
    for lookup in ("job_id_of", "whole_id", "label_of"):
        monkeypatch.setattr(services.store, lookup, lambda text, wait: asked.append(text))
    block, waits = host.answer(name, (labels[1:], *arguments))
    assert not waits
    assert block[1:] == expected[2:]
    assert not asked


def test_so_many_jobs_that_their_names_take_long_are_looked_up_elsewhere(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert services.store
    monkeypatch.setattr(job_names, "_MAX_READ", 1)
    for number in range(2):
        services.store.label(f"job-{number}", f"Label {number}")
    host = Host(services)
    for begin in (0, 1):  # all are in memory then
        host.answer("OF_STATUS", (MANY[begin : begin + limits.MAX_JOBS],))
    assert host.answer("OF_STATUS", (MANY,)) == ([["loading"]], True)


def test_what_was_made_once_is_shown_at_once_in_any_cell(services: SimulatedServices) -> None:
    host = Host(services)
    host.answer("OF_LOOKUP", ("stored", 3.0, "name"))
    host.calculations.run()
    assert host.answer("OF_LOOKUP", ("stored", 4.0, "name")) == ([[STORED.rows[3]["name"]]], False)


def test_the_row_that_says_loading_has_the_width_of_the_companies(services: SimulatedServices) -> None:
    host = Host(services)
    assert host.answer("OF_ROWS", ("stored", "name,domain"))[0] == [["loading", ""]]
    assert host.answer("OF_ROWS", ((("stored",), ("large",)), "name,domain"))[0] == [["loading", "", ""]]


def test_rows_in_few_but_large_pages_are_not_quick() -> None:
    with limits.at_once():
        limits.count_table([Rows((3,), lambda _: (), size=limits.MAX_BYTES)])
        with pytest.raises(limits.TakesLongError):
            limits.count_table([Rows((3,), lambda _: (), size=1)])


def test_pandas_is_not_loaded_while_a_cell_waits_nor_waited_for_while_it_is_loaded() -> None:
    code = """if True:
        import sys
        from xl_openfunnel.functions import limits
        from xl_openfunnel.jobs.snapshot import NO_ROWS

        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "pandas":
                    check("being loaded")
                    raise ImportError

        def check(when):
            try:
                with limits.at_once():
                    limits.count_table([NO_ROWS])
                print(when, "quick")
            except limits.TakesLongError:
                print(when, "long")

        check("before")
        sys.meta_path.insert(0, Finder())
        try:
            import xl_openfunnel.table
        except ImportError:
            check("after")"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["before long", "being loaded long", "after long"]


def test_limits_are_those_of_one_thread() -> None:
    seen: list[Any] = []

    def elsewhere() -> None:
        limits.count_table([], slow=True)
        seen.append("no limit")

    with limits.at_once():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        with pytest.raises(limits.TakesLongError):
            limits.count_table([], slow=True)
    limits.count_table([], slow=True)
    assert seen == ["no limit"]


def test_an_interrupted_question_is_given_up_and_another_error_stays() -> None:
    cancelled = limits.Cancellation()
    stop: list[str] = []

    def ask(fails: Callable[[], object]) -> None:
        with limits.until(cancelled), limits.cancellation().interrupting(lambda: stop.append("now")):
            fails()
            raise ValueError("interrupted")

    with pytest.raises(ValueError, match="interrupted"):
        ask(lambda: None)
    with pytest.raises(limits.GivenUpError):
        ask(cancelled.cancel)
    assert stop == ["now"]
    with pytest.raises(limits.GivenUpError):
        ask(lambda: stop.append("never"))
    assert stop == ["now"]
    assert not limits.cancellation().cancelled


def test_a_call_keeps_python_once_it_has_read_the_names_until_it_looks_a_job_up(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sys.getswitchinterval()
    kept: list[bool] = []
    watch = services.fetcher.watch

    def noting(job_id: str) -> Snapshot:
        kept.append(sys.getswitchinterval() > 0.001)
        return watch(job_id)

    monkeypatch.setattr(services.fetcher, "watch", noting)
    try:
        for often in (True, False):
            if often:
                yield_often()
            else:
                sys.setswitchinterval(0.005)
            host = Host(services)
            host.answer("OF_STATUS", ((("small",), ("large",), (f"unseen-{often}",), ("small",)),))
            assert (sys.getswitchinterval() < 0.001) is often
        assert kept == [True, True, False, False] + 4 * [True]
        yield_often()
        with limits.at_once():
            limits.has_read()
            with in_background():
                assert sys.getswitchinterval() < 0.001
        assert sys.getswitchinterval() < 0.001
    finally:
        sys.setswitchinterval(before)
