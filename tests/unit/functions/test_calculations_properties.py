"""Jobs change, cells call, and their hosts note that later, in any order: in the end no cell shows an older state."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

import xl_openfunnel.table  # noqa: F401 - as after the first call that takes long
from tests.unit.calculating import ManualCalculations
from tests.unit.hosts.clocks import FrozenClock
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions import limits
from xl_openfunnel.functions.calculations import MAX_PAUSE, Subscription
from xl_openfunnel.functions.context import Dependency, is_call

JOBS = ("a", "b")
LABELS = ("first", "second")


class FakeContext:
    """A call that depends on how many rows jobs have."""

    block_units = 255
    width = 1
    looking_up = staticmethod(nullcontext)

    def __init__(self, world: World, *, elsewhere: bool = False) -> None:
        self.world = world
        self.elsewhere = elsewhere
        self.dependencies: dict[str, Dependency] = {}

    def renewed(self) -> FakeContext:
        return FakeContext(self.world, elsewhere=True)

    def rows(self, job: str) -> int:
        rows, ended = self.world.rows, self.world.ended
        self.dependencies[job] = Dependency(lambda: rows[job], rows[job], lambda: job in ended)
        return rows[job]


class Cell:
    """A cell, and what its host has noted of it."""

    def __init__(self, world: World, labels: tuple[str, ...]) -> None:
        self.world = world
        self.labels = labels
        self.block: Block = [[""]]
        self.called: dict[str, Dependency] | None = None
        self.dependencies: dict[str, Dependency] = {}
        self.subscriptions: dict[str, Subscription] = {}

    def calculate(self) -> None:
        context: Any = FakeContext(self.world)
        self.block = self.world.calculations.answer("COUNT", self.world.count, context, self.labels)
        self.called = dict(context.dependencies)

    def note(self) -> None:
        """The host gets to know of the call, and looks once whether something has changed since."""
        if self.called is None:
            return
        self.dependencies, self.called = self.called, None
        before, topics = self.subscriptions, list(filter(is_call, self.dependencies))
        new = {topic: self.world.calculations.subscribe(topic) for topic in topics if topic not in before}
        self.subscriptions = new | {topic: before.pop(topic) for topic in topics if topic in before}
        for subscription in before.values():
            subscription.close()
        self.look()

    def look(self) -> None:
        if any(seen.stale for seen in self.dependencies.values()):
            self.calculate()


class World:
    """Two jobs, two labels of them, three cells, and calculations that run step by step."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.rows = dict.fromkeys(JOBS, 0)
        self.ended: set[str] = set()
        self.labelled = dict(zip(LABELS, JOBS, strict=True))
        self.slow, self.whole, self.seconds = True, True, 1.0
        self.changes: list[str] = []
        self.inside: list[Callable[[], object]] = []
        self.calculations = ManualCalculations(self.changes.append, self.clock.monotonic)
        self.cells = [Cell(self, ("first",)), Cell(self, ("first",)), Cell(self, LABELS)]

    def count(self, context: Any, *labels: Any) -> Block:
        if not self.whole:
            limits.count_jobs(limits.MAX_JOBS + 1)
        counts = [context.rows(self.labelled[label]) for label in labels]
        limits.count_table([], slow=self.slow)
        self.clock.now += self.seconds
        if self.inside and context.elsewhere:
            with limits.until(limits.Cancellation()):  # as on another thread
                self.inside.pop(0)()
        limits.cancellation().check()
        return [[float(count)] for count in counts]

    # Each of these may happen at any time. The number chooses among jobs, labels or cells.

    def grow(self, number: int) -> None:
        self.set_rows(number, self.rows[JOBS[number % 2]] + 1)

    def shrink(self, number: int) -> None:
        self.set_rows(number, 0)

    def set_rows(self, number: int, rows: int) -> None:
        job = JOBS[number % 2]
        self.rows[job] = rows
        self.changes.append(job)

    def end(self, number: int) -> None:
        self.ended.add(JOBS[number % 2])
        self.grow(number)

    def start_again(self, number: int) -> None:
        self.ended.discard(JOBS[number % 2])

    def move_label(self, number: int) -> None:
        self.labelled[LABELS[number % 2]] = JOBS[number // 2]
        for cell in self.cells:  # nothing depends on labels: the command that moves one recalculates
            cell.calculate()

    def calculate(self, number: int) -> None:
        self.cells[number % 3].calculate()

    def delete(self, number: int) -> None:
        """The host loses a cell, and its formula is entered again."""
        cell = self.cells[number % 3]
        for subscription in cell.subscriptions.values():
            subscription.close()
        self.cells[number % 3] = Cell(self, cell.labels)
        self.calculate(number)

    def note(self, number: int) -> None:
        self.cells[number % 3].note()

    def tell(self, _: int) -> None:
        """The host handles the oldest change that it was told of."""
        if self.changes:
            topic = self.changes.pop(0)
            for cell in self.cells:
                if topic in cell.dependencies:
                    cell.look()

    def run_one(self, _: int) -> None:
        if self.calculations.started:
            self.calculations.started.pop(0)()

    def wait(self, number: int) -> None:
        self.clock.now += number
        for timer in [timer for timer in self.calculations.timers if timer[0] <= self.clock.now]:
            self.calculations.timers.remove(timer)
            timer[1]()

    def be_quick(self, number: int) -> None:
        """Whether another cell had the table made, so that a call need not wait."""
        self.slow = number % 2 == 0

    def look_up_less(self, number: int) -> None:
        self.whole = number % 2 == 0

    def settle(self, seconds: float) -> None:
        """Let everything be done that can be done within so many seconds."""
        for _ in range(20):
            self.clock.now += seconds
            self.calculations.run()
            for cell in self.cells:
                cell.note()
            while self.changes:
                self.tell(0)

    def shown(self) -> list[Block]:
        return [cell.block for cell in self.cells]

    def right(self) -> list[Block]:
        return [[[float(self.rows[self.labelled[label]])] for label in cell.labels] for cell in self.cells]


ACTIONS = (
    World.grow,
    World.shrink,
    World.end,
    World.start_again,
    World.move_label,
    World.calculate,
    World.delete,
    World.note,
    World.tell,
    World.run_one,
    World.wait,
    World.be_quick,
    World.look_up_less,
)

Step = tuple[Callable[[World, int], None], int]
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 3)), max_size=30)
INSIDE = st.lists(st.tuples(st.sampled_from([*ACTIONS[:9], *ACTIONS[10:]]), st.integers(0, 3)), max_size=4)
"""While a calculation runs anything may happen but another one, which would be on another thread."""


def play(world: World, steps: list[Step], inside: list[Step]) -> None:
    """Do these steps, and one of those ``inside`` while each calculation runs."""
    world.inside = [lambda step=step: step[0](world, step[1]) for step in inside]  # type: ignore[misc]
    for cell in world.cells:
        cell.calculate()
    for act, number in steps:
        act(world, number)


@settings(max_examples=400, deadline=None)
@given(STEPS, INSIDE)
@example([], [(World.grow, 0), (World.move_label, 2), (World.move_label, 0), (World.move_label, 2)])
def test_in_the_end_each_cell_shows_what_its_jobs_have(steps: list[Step], inside: list[Step]) -> None:
    world = World()
    play(world, steps, inside)
    world.settle(MAX_PAUSE)
    assert world.shown() == world.right()


@settings(max_examples=200, deadline=None)
@given(STEPS, INSIDE)
@example([(World.note, 0), (World.run_one, 0)], [(World.delete, 0)])
@example([(World.grow, 0), (World.grow, 1), (World.run_one, 0), (World.shrink, 0), (World.move_label, 2)], [])
def test_what_jobs_have_in_the_end_is_shown_without_a_pause(steps: list[Step], inside: list[Step]) -> None:
    world = World()
    world.seconds = MAX_PAUSE
    play(world, *([step for step in each if step[0] is not World.look_up_less] for each in (steps, inside)))
    world.inside.clear()
    world.seconds = 0.0
    for number in range(len(JOBS)):
        world.end(number)
    now = world.clock.now
    world.settle(0.0)
    assert world.shown() == world.right()
    assert world.clock.now == now
