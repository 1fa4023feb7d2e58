"""A stand-in for Calc, with what is known of how it takes answers; and one for what answers are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.unit.hosts.clocks import Time
from xl_openfunnel import JobStatus, Snapshot
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions import catalog
from xl_openfunnel.functions.context import CREDITS, JOBS, Dependency
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
        on_screen: whether it is painted, so that it is calculated as soon as it has to be.
    """

    calc: Calc
    function: catalog.Function
    job: str
    size: Size = ONE
    whole: bool = True
    arguments: tuple[tuple[catalog.Function, str], ...] = ()
    on_screen: bool = True
    dirty: bool = True
    view: SizedResult | None = None

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
        """Of a block that is larger Calc shows a part, of a smaller one errors in the rest."""
        block, line = self.block, row % self.size.rows
        whole = block[line] + ["#N/A"] * self.size.columns if line < len(block) else ["#N/A"] * self.size.columns
        return whole[: self.size.columns] == cells

    def calculate(self) -> None:
        if self.dirty:
            self.dirty = False
            for function, job in self.arguments:
                self.calc.called(self, function, job)
            self.view = self.calc.called(self, self.function, self.job)

    def enter(self) -> None:
        self.calc.entered += 1
        for telling in self.calc.showing.values():  # it is another cell now
            telling.discard(self)
        self.dirty = True
        self.calculate()

    @property
    def block(self) -> Block:
        """What the call gave, as it was told last."""
        self.calculate()
        assert self.view is not None
        return self.calc.told[self.view]


class Calc:
    """Formulas, and a listener for each answer: it is registered until the document closes, whoever shows it.

    Attributes:
        meanwhile: what another thread does while a listener is told.
        at_once: whether what is on the screen is calculated while its listener is told, as it is in a window.
        entered: how often a formula was entered once more.
    """

    def __init__(self, answers: Callable[[Calc], ResultUpdater]) -> None:
        self.formulas: list[Formula] = []
        self.told: dict[SizedResult, Block] = {}
        self.showing: dict[SizedResult, set[Formula]] = {}
        self.by_hand = False
        self.away = False
        self.away_for: Callable[[], object] = lambda: None
        self.meanwhile: Callable[[], object] = lambda: None
        self.at_once = False
        self.entered = 0
        self.answers = answers(self)
        self._tells: dict[SizedResult, Callable[[Block], object]] = {}

    def enter(self, function: catalog.Function, job: str, **how: Any) -> Formula:
        made = Formula(self, function, job, **how)
        self.formulas.append(made)
        self.paint()
        return made

    def paint(self) -> None:
        for formula in self.formulas:
            if formula.on_screen:
                formula.calculate()

    def recalculate(self) -> None:
        for formula in self.formulas:
            formula.dirty = True
            formula.calculate()

    def close(self) -> None:
        """The document."""
        self.formulas.clear()
        for view, tell in self._tells.items():
            self.answers.remove_listener(view, tell)
        self._tells.clear()

    def called(self, formula: Formula, function: catalog.Function, job: str) -> SizedResult:
        view = self.answers.result_for(function, (job,))
        if view not in self._tells:

            def tell(block: Block) -> None:
                self.told[view] = block
                self.meanwhile()
                telling = self.showing.pop(view, set())
                for shown in telling:
                    shown.dirty = shown in self.formulas
                self.showing.setdefault(view, set()).update(telling)
                if self.at_once:
                    self.paint()

            self._tells[view] = tell
            self.answers.add_listener(view, tell)
        self.showing.setdefault(view, set()).add(formula)
        return view

    # What answers need of the program.

    def arrays(self, name: str) -> Iterator[Formula]:
        return (formula for formula in list(self.formulas) if formula.whole and formula.function.name == name)

    def calculate(self) -> bool:
        if not self.by_hand:
            for formula in self.formulas:
                formula.calculate()
        return not self.by_hand

    def run_on_main_thread(self, run: Callable[[], None]) -> None:
        if self.away:
            raise TimeoutError
        self.away_for()
        run()


@dataclass
class FakeDesk:
    """What is known of jobs: a status, and a number of rows; and of credits how often they were asked for, in vain."""

    known: dict[str, tuple[str, int]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    followers: list[tuple[str, Callable[[Snapshot], object]]] = field(default_factory=list)
    open: int = 0
    prepared: Callable[[], object] = lambda: None
    credits_due: bool = True
    credits_asked: int = 0

    def credits(self) -> int:
        """Whoever looks when it is time has them asked for."""
        self.credits_asked += self.credits_due
        self.credits_due = False
        return self.credits_asked

    def now(self, job: str) -> tuple[str, int]:
        return self.known.get(job, ("loading", 0))

    def new_call(self) -> Any:
        return FakeContext(self)

    def prepare(self, function: catalog.Function) -> None:
        self.prepared()

    def subscribe(self, job: str, told: Callable[[Snapshot], object]) -> Any:
        self.followers.append((job, told))
        return Follower(self, (job, told))

    def close(self) -> None:
        self.open -= 1

    def say(self, job: str, status: str, rows: int = 0) -> None:
        self.known[job] = status, rows
        for followed, told in list(self.followers):
            if followed == job:
                told(Snapshot(job, JobStatus(status), settled=status == "completed"))


@dataclass
class Follower:
    desk: FakeDesk
    entry: tuple[str, Callable[[Snapshot], object]]

    def close(self) -> None:
        self.desk.followers.remove(self.entry)


@dataclass
class FakeContext:
    desk: FakeDesk
    dependencies: dict[str, Dependency] = field(default_factory=dict)

    def at(self, job: str) -> tuple[str, int]:
        self.dependencies[job] = Dependency(lambda: self.desk.now(job), self.desk.now(job))
        return self.desk.now(job)


class Rig:
    """Calc, a desk, and a clock that is the test's."""

    def __init__(self) -> None:
        self.time = Time()
        self.desk = FakeDesk()
        self.cost = 0.0
        bodies = {
            catalog.STATUS.name: self._status,
            catalog.ROWS.name: self._rows,
            catalog.JOBS.name: self._listing,
            catalog.CREDITS.name: self._credits,
        }
        self.calc = Calc(lambda calc: ResultUpdater(bodies, self._opened, calc, self.time))
        self.answers = self.calc.answers

    def _opened(self) -> Any:
        self.desk.open += 1
        return self.desk

    def _status(self, look: Any, job: str) -> Block:
        self.desk.made[job] += 1
        return [[look.at(job)[0]]]

    def _rows(self, look: Any, job: str) -> Block:
        self.desk.made[job] += 1
        self.spend(self.cost)
        status, rows = look.at(job)
        numbered: Block = [[float(row), f"n{row}"] for row in range(1, rows + 1)]
        return [["rank", "name"], *numbered] if rows else [[status]]

    def _listing(self, look: Any, _: object) -> Block:
        look.dependencies[JOBS] = Dependency(lambda: len(self.desk.known), len(self.desk.known))
        return [[f"{len(self.desk.known)} seen"]]

    def _credits(self, look: Any, _: object) -> Block:
        look.dependencies[CREDITS] = Dependency(self.desk.credits, self.desk.credits())
        return [["#OF! "]]

    def spend(self, seconds: float) -> None:
        """Let time pass while something is done."""
        self.time.now += seconds

    def pass_(self, seconds: float) -> None:
        """Let time pass, and have done what is due meanwhile; after each step Calc paints."""
        end = self.time.now + seconds
        while True:
            self.answers.loop.step()
            self.calc.paint()
            left = self.answers.loop.step()
            if left is None or self.time.now + left > end:
                break
            self.time.now += max(left, 0.001)
        self.time.now = max(end, self.time.now)
        self.answers.loop.step()
        self.calc.paint()
