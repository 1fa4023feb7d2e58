"""Calls that take longer than a cell waits: what the cell shows until then, and how often they are calculated."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from tests.unit.calculating import ManualCalculations
from tests.unit.hosts.clocks import FrozenClock
from xl_openfunnel.cell_values import Block
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions import calculations, limits
from xl_openfunnel.functions.calculations import MAX_PAUSE, PAUSE_FACTOR, WORKERS, Subscription
from xl_openfunnel.functions.context import Dependency, is_call, is_job
from xl_openfunnel.functions.implementations import UNEXPECTED

LOADING = [["loading"]]


class FakeContext:
    """A call that depends on the rows of jobs."""

    block_units = 255
    width = 1
    looking_up = staticmethod(nullcontext)

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.dependencies: dict[str, Dependency] = {}

    def renewed(self) -> FakeContext:
        return FakeContext(self.rig)

    def rows(self, job: str) -> int:
        self.dependencies[job] = Dependency(lambda: self.rig.rows.get(job, 0), self.rig.rows.get(job, 0))
        return self.rig.rows.get(job, 0)


class Cell:
    """A cell that calls `Rig.count`; like live cells it is calculated again when what it depends on is stale."""

    def __init__(self, rig: Rig, *arguments: object) -> None:
        self.rig = rig
        self.arguments = arguments
        self.block: Block = []
        self.calls = 0
        self.subscription: Subscription | None = None
        self.calculate()

    def calculate(self) -> Block:
        context: Any = FakeContext(self.rig)
        self.calls += 1
        self.block = self.rig.calculations.answer("COUNT", self.rig.count, context, self.arguments)
        self.dependencies = context.dependencies
        before, topic = self.subscription, next(filter(is_call, self.dependencies), None)
        self.subscription = None if topic is None else self.rig.calculations.subscribe(topic)
        if before is not None:
            before.close()
        return self.block

    @property
    def stale(self) -> bool:
        return any(seen.stale for seen in self.dependencies.values())

    def update(self) -> Block:
        if self.stale:
            self.calculate()
        return self.block

    def delete(self) -> None:
        assert self.subscription is not None
        self.subscription.close()


class Rig:
    """A function that counts the rows of jobs, for which it takes some time.

    Attributes:
        slow: whether that is more than a cell waits.
        whole: whether the jobs are looked up before.
        ran: the arguments of each calculation.
        inside: what happens while one runs.
    """

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.rows: dict[str, int] = {}
        self.told: list[str] = []
        self.slow, self.seconds, self.whole = True, 0.0, True
        self.ran: list[tuple[object, ...]] = []
        self.inside: Callable[[], object] = lambda: None
        self.calculations = self.make()

    def make(self, **options: Any) -> ManualCalculations:
        return ManualCalculations(self.told.append, self.clock.monotonic, **options)

    def count(self, context: Any, *jobs: Any) -> Block:
        if not self.whole:
            limits.count_jobs(limits.MAX_JOBS + 1)
        counts = [context.rows(job) for job in jobs]
        limits.count_table([], slow=self.slow)
        self.ran.append(jobs)
        self.clock.now += self.seconds
        self.inside()
        limits.cancellation().check()
        return [[float(count)] for count in counts]

    def run(self) -> int:
        return self.calculations.run()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_quick_call_is_answered_at_once(rig: Rig) -> None:
    import xl_openfunnel.table  # noqa: F401

    rig.slow, rig.rows["a"] = False, 3
    assert (cell := Cell(rig, "a")).block == [[3.0]]
    assert list(cell.dependencies) == ["a"]
    rig.rows["a"] = 4
    assert cell.stale


def test_a_long_call_shows_loading_until_its_result_is_there(rig: Rig) -> None:
    rig.rows["a"] = 3
    cell = Cell(rig, "a")
    assert cell.block == LOADING
    assert not rig.ran
    assert not cell.stale
    assert rig.run() == 1
    assert rig.told == list(filter(is_call, cell.dependencies))
    assert cell.stale
    assert cell.update() == [[3.0]]
    assert not cell.stale
    assert rig.run() == 0


def test_a_cell_depends_on_its_jobs_while_it_waits_and_after(rig: Rig) -> None:
    cell = Cell(rig, "a", "b")
    assert set(filter(is_job, cell.dependencies)) == {"a", "b"}
    rig.run()
    cell.update()
    assert set(filter(is_job, cell.dependencies)) == {"a", "b"}


def test_equal_calls_share_one_calculation_and_a_call_asked_again_starts_no_other(rig: Rig) -> None:
    first, second = Cell(rig, "a"), Cell(rig, "a")
    rig.inside = first.calculate
    assert [first.calculate(), second.calculate(), first.calculate()] == [LOADING] * 3
    assert rig.run() == 1
    assert first.update() == second.update() == [[0.0]]
    assert rig.run() == 0


@pytest.mark.parametrize(("one", "other"), [(1.0, True), (("a",), "a"), ("A", "a"), ("1", 1.0)])
def test_only_the_very_same_arguments_share_an_answer(rig: Rig, one: object, other: object) -> None:
    def show(context: FakeContext, *jobs: object) -> Block:
        limits.count_table([], slow=True)
        return [[repr(jobs)]]

    rig.count = show  # type: ignore[method-assign]
    cells = Cell(rig, one), Cell(rig, other)
    assert rig.run() == 2
    assert [cell.update() for cell in cells] == [[[repr((one,))]], [[repr((other,))]]]


def test_the_last_answer_stays_while_the_next_is_calculated(rig: Rig) -> None:
    cell = Cell(rig, "a")
    rig.run()
    cell.update()
    rig.rows["a"] = 5
    assert not cell.stale  # not before the new answer is there
    assert cell.calculate() == [[0.0]]
    assert rig.run() == 1
    assert cell.update() == [[5.0]]
    assert cell.calls == 4


def test_no_older_answer_follows_one_that_was_there_at_once(rig: Rig) -> None:
    import xl_openfunnel.table  # noqa: F401

    cell = Cell(rig, "a")
    rig.run()
    cell.update()
    rig.rows["a"], rig.slow = 5, False  # another cell had it calculated
    assert cell.calculate() == [[5.0]]
    rig.rows["a"], rig.slow = 6, True
    assert cell.update() == [[5.0]]
    rig.run()
    assert cell.update() == [[6.0]]


def test_an_equal_answer_has_no_cell_calculated_again(rig: Rig) -> None:
    def show(context: FakeContext, *jobs: object) -> Block:
        Rig.count(rig, context, *jobs)
        return [["the same"]]

    rig.count = show  # type: ignore[method-assign]
    cell = Cell(rig, "a")
    rig.run()
    cell.update()
    rig.rows["a"] = 1
    assert not cell.stale
    assert rig.run() == 1
    assert not cell.stale
    assert len(rig.told) == 1


def test_a_job_that_goes_on_changing_shows_progress_and_leaves_time_for_others(rig: Rig) -> None:
    rig.seconds = 4.0
    rig.rows["a"] = 1
    cell = Cell(rig, "a")
    rig.inside = lambda: rig.rows.update(a=rig.rows["a"] + 1)  # while each calculation runs
    shown: list[object] = []
    began = rig.clock.now
    for _ in range(200):
        rig.run()
        shown.append(cell.update()[0][0])
        rig.rows["a"] += 1
        rig.clock.now += 1.0
    counts = sorted({count for count in shown if isinstance(count, float)})
    assert len(counts) > 10
    assert shown[0] == 1.0
    assert len(rig.ran) <= (rig.clock.now - began) / (rig.seconds * (1 + PAUSE_FACTOR)) + 1
    rig.inside = lambda: None
    rig.clock.now += MAX_PAUSE
    rig.run()
    rig.clock.now += MAX_PAUSE
    rig.run()
    assert cell.update() == [[float(rig.rows["a"])]]


def test_a_call_does_not_pause_for_the_time_in_which_tables_were_loaded(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "xl_openfunnel.table", raising=False)
    rig.seconds = MAX_PAUSE
    cell = Cell(rig, "a")
    rig.inside = lambda: monkeypatch.setitem(sys.modules, "xl_openfunnel.table", types.ModuleType("table"))
    rig.run()
    cell.update()
    rig.rows["a"] = 5
    assert not cell.stale
    assert rig.run() == 1
    assert cell.update() == [[5.0]]


def test_a_call_without_an_answer_goes_before_those_that_have_one(rig: Rig) -> None:
    cells = [Cell(rig, f"old {number}") for number in range(2 * WORKERS)]
    rig.run()
    for cell in cells:
        cell.update()
        rig.rows[str(cell.arguments[0])] = 1
    rig.clock.now += 1
    assert not any(cell.stale for cell in cells)  # all are asked for again, and as many begin as there are workers
    Cell(rig, "new")
    del rig.ran[:]
    rig.run()
    assert [jobs[0] for jobs in rig.ran].index("new") == WORKERS


def test_what_waits_for_a_deleted_cell_is_dropped_and_what_runs_for_it_is_given_up(rig: Rig) -> None:
    running = [Cell(rig, f"runs {number}") for number in range(WORKERS)]
    waiting = Cell(rig, "waits")
    waiting.delete()
    interrupted: list[str] = []

    def delete() -> None:
        with limits.cancellation().interrupting(lambda: interrupted.append("question")):
            running[0].delete()
        running[1].delete()
        limits.cancellation().check()

    rig.inside = delete
    assert rig.run() == WORKERS
    assert [jobs[0] for jobs in rig.ran] == ["runs 0"]
    assert interrupted == ["question"]
    assert rig.told == []


def test_a_calculation_that_was_dropped_is_made_for_a_cell_that_asked_before(rig: Rig) -> None:
    """A cell's host subscribes a little after its call."""
    cell = Cell(rig, "a")
    context: Any = FakeContext(rig)
    assert rig.calculations.answer("COUNT", rig.count, context, ("a",)) == LOADING
    rig.inside = cell.delete
    rig.run()
    assert rig.told == []
    rig.inside = lambda: None
    [topic] = filter(is_call, context.dependencies)
    rig.calculations.subscribe(topic)
    rig.clock.now += MAX_PAUSE
    rig.run()
    assert rig.told == [topic]


def test_what_is_asked_for_while_an_older_question_is_calculated_is_calculated_next(rig: Rig) -> None:
    rig.rows = {"a": 1, "b": 2}
    label = ["a"]

    def show(context: FakeContext, *_: object) -> Block:
        return Rig.count(rig, context, label[0])

    rig.count = show  # type: ignore[method-assign]
    cell = Cell(rig, "label")

    def move() -> None:
        label[0], rig.inside = "b", lambda: None
        cell.calculate()

    rig.inside = move
    assert rig.run() == 2
    assert cell.update() == [[2.0]]


def test_a_call_that_cannot_look_up_its_jobs_in_time_is_calculated_at_each_recalculation(rig: Rig) -> None:
    rig.whole = False
    cell = Cell(rig, "a")
    rig.run()
    assert cell.update() == [[0.0]]
    assert (rig.run(), rig.run()) == (1, 0)  # a label may have been moved since: calculated once more, in vain
    assert "a" in cell.dependencies
    rig.rows["a"] = 7
    assert cell.calculate() == [[0.0]]  # F9
    assert rig.run() == 1
    assert cell.update() == [[7.0]]
    assert (rig.run(), rig.run()) == (1, 0)


@pytest.mark.parametrize(
    ("error", "text"), [(ConfigurationError("No such field."), "#OF! No such field."), (ValueError(), UNEXPECTED)]
)
def test_errors_are_answers_too(rig: Rig, error: Exception, text: str) -> None:
    def fail() -> None:
        raise error

    rig.inside = fail
    cell = Cell(rig, "a")
    rig.run()
    assert cell.update() == [[text]]
    assert cell.calculate() == [[text]]
    assert rig.run() == 0


def test_closing_gives_up_what_runs_and_starts_nothing_more(rig: Rig) -> None:
    cells = [Cell(rig, f"job {number}") for number in range(2 * WORKERS)]
    rig.inside = rig.calculations.close
    assert rig.run() == WORKERS
    assert rig.told == []
    assert [cell.calculate() for cell in cells] == [LOADING] * len(cells)
    assert rig.run() == 0


def test_answers_are_forgotten_beyond_a_limit_but_none_that_a_cell_awaits(rig: Rig) -> None:
    rig.calculations = rig.make(max_cells=5)
    cells = [Cell(rig, *["a"] * 3, str(number)) for number in range(10)]
    for _ in cells:
        rig.run()
        for cell in cells:
            cell.update()
    assert all(cell.block == [[0.0]] * 4 for cell in cells)
    assert sum(cell.calculate() == LOADING for cell in cells) == 9
    for _ in cells:
        rig.run()
        for cell in cells:
            cell.update()
    assert all(cell.block == [[0.0]] * 4 for cell in cells)


def test_a_cell_whose_answer_was_forgotten_follows_its_job_all_the_same(rig: Rig) -> None:
    rig.calculations = rig.make(max_cells=1)
    cells = [Cell(rig, name, name) for name in "abc"]
    for _ in range(4):
        rig.run()
        for cell in cells:
            cell.update()
    rig.rows["a"] = 9
    for _ in range(4):
        cells[0].update()
        rig.run()
    assert cells[0].block == [[9.0], [9.0]]


def test_calls_that_no_cell_shows_are_forgotten_once_there_are_many(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculations, "MAX_CALLS", 20)
    rig.calculations = rig.make()
    kept = Cell(rig, "kept")
    rig.run()
    for number in range(100):
        context: Any = FakeContext(rig)
        rig.calculations.answer("COUNT", rig.count, context, (str(number),))
        rig.run()
    assert len(rig.calculations._calls) <= 20
    assert kept.calculate() == [[0.0]]


def test_garbage_is_not_collected_while_something_is_calculated(rig: Rig) -> None:
    enabled: list[bool] = []
    rig.inside = lambda: enabled.append(gc.isenabled())
    Cell(rig, "a")
    rig.run()
    assert enabled == [False]
    assert gc.isenabled()
