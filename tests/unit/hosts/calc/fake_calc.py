"""A fake Calc that treats results as the real one is known to, and a fake source of what results are computed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from tests.unit.calculating import ManualCalculations
from tests.unit.hosts.clocks import FrozenClock
from xl_openfunnel import JobStatus, Snapshot
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions import limits
from xl_openfunnel.functions.context import CREDITS, JOBS, KNOWN, Dependency
from xl_openfunnel.functions.registry import Function
from xl_openfunnel.hosts.calc.array_size import Size
from xl_openfunnel.hosts.calc.results import SizedResult
from xl_openfunnel.hosts.calc.updater import ResultUpdater

ONE = Size(1, 1)


@dataclass(eq=False)
class Formula:
    """A formula with one call of ours, entered into some cells.

    Attributes:
        whole: whether it is nothing but that call.
        arguments: the calls among its arguments.
        on_screen: whether it is painted, so that it is calculated as soon as it is dirty.
    """

    calc: FakeCalc
    function: Function
    job: str
    size: Size = ONE
    whole: bool = True
    arguments: tuple[tuple[Function, str], ...] = ()
    on_screen: bool = True
    dirty: bool = True
    sized: SizedResult | None = None

    @property
    def single(self) -> bool:
        return False

    @property
    def plain(self) -> bool:
        return not self.arguments

    @property
    def key(self) -> object:
        return self

    def shows(self, row: int, cells: list[str | float | bool]) -> bool:
        """Calc shows a part of a larger block, and errors in the cells that a smaller one does not fill."""
        block, line = self.block, row % self.size.rows
        whole = block[line] + ["#N/A"] * self.size.columns if line < len(block) else ["#N/A"] * self.size.columns
        return whole[: self.size.columns] == cells

    def calculate(self) -> None:
        if self.dirty:
            self.dirty = False
            for function, job in self.arguments:
                self.calc.called(self, function, job)
            self.sized = self.calc.called(self, self.function, self.job)

    def enter(self) -> None:
        self.calc.times_entered += 1
        for showing in self.calc.formulas_showing.values():  # it is another cell now
            showing.discard(self)
        self.dirty = True
        self.calculate()

    @property
    def block(self) -> Block:
        """What the cells show: the block that their listener was last notified of."""
        self.calculate()
        assert self.sized is not None
        return self.calc.shown[self.sized]


class FakeCalc:
    """Formulas, and one listener for each result, which stays registered until the document closes.

    Attributes:
        shown: the block that cells show of each result.
        formulas_showing: the formulas that show each result.
        manual: whether the user has switched automatic calculation off.
        unavailable: whether the main thread runs nothing for us now.
        on_main_thread: called before anything runs on the main thread.
        when_found: called for each formula that is found.
        while_notified: what another thread does while a listener is notified.
        paints_at_once: whether what is on the screen is calculated while its listener is notified, as in a window.
        times_entered: how often a formula was entered again.
    """

    def __init__(
        self, result_for: Callable[[Function, str], SizedResult], make_updater: Callable[[FakeCalc], ResultUpdater]
    ) -> None:
        self._result_for = result_for
        self.formulas: list[Formula] = []
        self.shown: dict[SizedResult, Block] = {}
        self.formulas_showing: dict[SizedResult, set[Formula]] = {}
        self.manual = False
        self.unavailable = False
        self.on_main_thread: Callable[[], object] = lambda: None
        self.when_found: Callable[[], object] = lambda: None
        self.while_notified: Callable[[], object] = lambda: None
        self.paints_at_once = False
        self.times_entered = 0
        self.updater = make_updater(self)
        self._listeners: dict[SizedResult, Callable[[Block], object]] = {}

    def enter(self, function: Function, job: str, **options: Any) -> Formula:
        formula = Formula(self, function, job, **options)
        self.formulas.append(formula)
        self.paint()
        return formula

    def paint(self) -> None:
        for formula in self.formulas:
            if formula.on_screen:
                formula.calculate()

    def recalculate(self) -> None:
        for formula in self.formulas:
            formula.dirty = True
            formula.calculate()

    def close(self) -> None:
        """Close the document."""
        self.formulas.clear()
        for sized, listener in self._listeners.items():
            self.updater.remove_listener(sized, listener)
        self._listeners.clear()

    def called(self, formula: Formula, function: Function, job: str) -> SizedResult:
        sized = self._result_for(function, job)
        if sized not in self._listeners:

            def listener(block: Block) -> None:
                self.shown[sized] = block
                self.while_notified()
                showing = self.formulas_showing.pop(sized, set())
                for shown in showing:
                    shown.dirty = shown in self.formulas
                self.formulas_showing.setdefault(sized, set()).update(showing)
                if self.paints_at_once:
                    self.paint()

            self._listeners[sized] = listener
            self.updater.add_listener(sized, listener)
        self.formulas_showing.setdefault(sized, set()).add(formula)
        return sized

    # `CalcHost`

    def arrays(self, name: str) -> Iterator[Formula]:
        for formula in list(self.formulas):
            if formula.whole and formula.function.name == name:
                self.when_found()
                yield formula

    def calculate(self) -> bool:
        if not self.manual:
            for formula in self.formulas:
                formula.calculate()
        return not self.manual

    def run_on_main_thread(self, run: Callable[[], None]) -> None:
        if self.unavailable:
            raise TimeoutError
        self.on_main_thread()
        run()


@dataclass
class FakeSource:
    """What is known of jobs (a status and a number of rows), and how often credits were requested, in vain.

    Attributes:
        calculations: run when a test says so.
    """

    calculations: ManualCalculations
    statuses: dict[str, tuple[str, int]] = field(default_factory=dict)
    computed: Counter[str] = field(default_factory=Counter)
    subscribers: list[tuple[str, Callable[[Snapshot], object]]] = field(default_factory=list)
    open_count: int = 0
    credits_due: bool = True
    credits_requests: int = 0

    def credits(self) -> int:
        """The number of requests; requests them again when it is time."""
        self.credits_requests += self.credits_due
        self.credits_due = False
        return self.credits_requests

    def state_of(self, job: str) -> tuple[str, int]:
        return self.statuses.get(job, ("loading", 0))

    def new_call(self) -> Any:
        return FakeContext(self)

    def subscribe(self, job: str, callback: Callable[[Snapshot], object]) -> Any:
        self.subscribers.append((job, callback))
        return FakeSubscription(self, (job, callback))

    def close(self) -> None:
        self.open_count -= 1

    def report(self, job: str, status: str, rows: int = 0) -> None:
        self.statuses[job] = status, rows
        for subscribed, callback in list(self.subscribers):
            if subscribed == job:
                callback(Snapshot(job, JobStatus(status), settled=status == "completed"))


@dataclass
class FakeSubscription:
    source: FakeSource
    entry: tuple[str, Callable[[Snapshot], object]]

    def close(self) -> None:
        self.source.subscribers.remove(self.entry)


@dataclass
class FakeContext:
    source: FakeSource
    block_units = 255
    width = 1
    dependencies: dict[str, Dependency] = field(default_factory=dict)

    looking_up = staticmethod(nullcontext)

    def renewed(self) -> FakeContext:
        return FakeContext(self.source)

    def depend_on(self, job: str) -> tuple[str, int]:
        self.dependencies[job] = Dependency(
            lambda: self.source.state_of(job),
            self.source.state_of(job),
            lambda: self.source.state_of(job)[0] == "completed",
        )
        return self.source.state_of(job)


class Rig:
    """An updater with a fake Calc, a fake source and a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.source = FakeSource(ManualCalculations(self._calculated, self.clock.monotonic))
        self.takes_long = False
        self.seconds = 0.0  # that companies take to compute
        self.new_count = 7.0
        self.implementations: dict[str, Callable[..., Block]] = {
            "OF_STATUS": self._status,
            "OF_ROWS": self._rows,
            "OF_JOBS": self._jobs_table,
            "OF_CREDITS": self._credits,
            "OF_NEW": self._new,
        }
        self.calc = FakeCalc(self.result_for, lambda calc: ResultUpdater(self._open_source, calc, self.clock))
        self.updater = self.calc.updater

    def result_for(self, function: Function, job: str) -> SizedResult:
        """The result for a cell, computed by this rig."""
        return self.updater.result_for(replace(function, compute=self.implementations[function.name]), (job,))

    def _calculated(self, topic: str) -> None:
        self.updater.topic_changed(topic)

    def _open_source(self) -> Any:
        self.source.open_count += 1
        return self.source

    def _status(self, context: Any, job: str) -> Block:
        self.source.computed[job] += 1
        return [[context.depend_on(job)[0]]]

    def _rows(self, context: Any, job: str) -> Block:
        status, rows = context.depend_on(job)
        if self.takes_long:
            limits.count_table([], slow=True)
        self.source.computed[job] += 1
        self.spend(self.seconds)
        numbered: Block = [[float(row), f"n{row}"] for row in range(1, rows + 1)]
        return [["rank", "name"], *numbered] if rows else [[status]]

    def _jobs_table(self, context: Any, _: object) -> Block:
        context.dependencies[JOBS] = Dependency(lambda: len(self.source.statuses), len(self.source.statuses))
        return [[f"{len(self.source.statuses)} seen"]]

    def _new(self, context: Any, *_: object) -> Block:
        context.dependencies[KNOWN] = Dependency(lambda: self.new_count, self.new_count)
        return [[self.new_count]]

    def _credits(self, context: Any, _: object) -> Block:
        context.dependencies[CREDITS] = Dependency(self.source.credits, self.source.credits())
        return [["#OF! "]]

    def spend(self, seconds: float) -> None:
        """Let time pass while something is computed."""
        self.clock.now += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass, and do what is due; Calc paints after each step."""
        end = self.clock.now + seconds
        while True:
            self.updater.loop.step()
            self.calc.paint()
            left = self.updater.loop.step()
            if left is None or self.clock.now + left > end:
                break
            self.clock.now += max(left, 0.001)
        self.clock.now = max(end, self.clock.now)
        self.updater.loop.step()
        self.calc.paint()
