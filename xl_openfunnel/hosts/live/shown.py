"""What the cells of running programs show, and which of them show something that is no longer so.

Everything here belongs to the one thread of `live.LiveCells`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

from ...functions.catalog import called_in
from ...functions.context import CREDITS, JOBS, Dependency
from ...jobs.snapshot import Snapshot
from ..places import Place

_log = logging.getLogger(__name__)

_ONE_CALCULATION: Final = 3.0
"""Seconds from the end of one call of a cell to the begin of the next within one calculation: a formula with several
functions calls them one after the other, and others may take their time in between."""

_MOST_CALLS: Final = 1_000
"""Calls remembered of one calculation of a cell: a formula can call for every cell of a range."""


class Subscription(Protocol):
    """What ends the telling of one job."""

    def close(self) -> None:
        """End it."""


Follow = Callable[[str, Callable[[Snapshot], object]], Subscription]
"""Has a callback told of a job whenever it changes: the fetcher's ``subscribe``."""


class Way(IntEnum):
    """How a cell is made to call its function; the next one is tried when one does not work."""

    MARK = 0  # for the next calculation, together with others
    ALONE = 1  # by a calculation of this cell
    ENTER = 2  # by entering its formula once more, which costs the user what could be undone


@dataclass(eq=False)
class Cell:
    """A cell that called a function, or whose formula would.

    Attributes:
        program: where it is open.
        place: where it stands.
        large: whether what it shows may be large.
        topics: what it shows: jobs, the list of jobs, credits.
        calls: what each call of its last calculation saw, the first time that it looked.
        way: how it is calculated.
        way_since: since when that way is known to work better than those before it.
        called_at: when its last call ended.
        asked_at: when it was last to be calculated.
        calculated_at: when that was done, if the program did it at once.
        took: the seconds that its last calculation took, together with those beside it.
        owed: those of them that were not counted: it may have waited for the program's user.
        silent_since: since when it was to be calculated and has not called.
        expected: for which topics it was, as far as no call has looked at them since.
        waits: since when it shows something that is no longer so; None while it does not.
        awaited: whether it is to be calculated, and has not called since.
        by_user: whether its program calculates when its user says so.
        mixed: whether its calls may be those of two formulas.
        text: its formula, when it was last looked at.
    """

    program: Program
    place: Place
    large: bool
    topics: set[str] = field(default_factory=set)
    calls: dict[Hashable, Mapping[str, Dependency]] = field(default_factory=dict)
    way: Way = Way.MARK
    way_since: float = float("-inf")
    called_at: float = float("-inf")
    asked_at: float = float("-inf")
    calculated_at: float = float("-inf")
    took: float = 0.0
    owed: float = 0.0
    silent_since: float | None = None
    expected: set[str] = field(default_factory=set)
    waits: float | None = None
    awaited: bool = False
    by_user: bool = False
    mixed: bool = False
    text: str | None = None

    @property
    def stale(self) -> set[str]:
        """The topics of which it shows something that is no longer so."""
        try:
            return {topic for call in self.calls.values() for topic, seen in call.items() if seen.stale}
        except Exception:
            _log.exception("what %s shows could not be looked at", self.place)
            return set()


@dataclass(eq=False)
class Program:
    """A program with cells of ours, and when it may be asked for something again.

    Attributes:
        number: which one.
        looked_at: when the cells of jobs that still run were last seen to be there.
        cells: those that are known.
        opened: books that were opened and not yet searched for cells, in that order.
        doubted: books in which cells may have been moved.
        search_at: when doubted books may be searched.
        search_cost: the seconds that this took last time.
        heeded_at: by book and sheet, when a cell there called that was asked to without its formula being entered.
        manual_at: when it was last seen to calculate only when its user says so.
        small_at: when small cells may be calculated again.
        small_cost: the seconds that one of them took last time.
        small_taken: the seconds that they took since they last paused for long.
        large_at: when the next large one may be.
        free_at: when it may be visited again, after it let nobody in.
        delay: the seconds from one try to the next while it lets nobody in.
        absent: how often in a row it had nothing open.
    """

    number: int
    looked_at: float
    cells: dict[Place, Cell] = field(default_factory=dict)
    opened: dict[str, None] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    search_at: float = 0.0
    search_cost: float = 0.0
    heeded_at: dict[tuple[str, str], float] = field(default_factory=dict)
    manual_at: float = float("-inf")
    small_at: float = 0.0
    small_cost: float = 0.004
    small_taken: float = 0.0
    large_at: float = 0.0
    free_at: float = 0.0
    delay: float = 0.0
    absent: int = 0


@dataclass(eq=False)
class _Topic:
    """Something that cells show."""

    subscription: Subscription | None
    cells: set[Cell] = field(default_factory=set)
    settled: bool | None = None  # not known before the first telling


class Shown:
    """All cells, by program and by what they show.

    Args:
        follow: the fetcher's ``subscribe``.
        told: is given to it.
    """

    def __init__(self, follow: Follow, told: Callable[[Snapshot], object]) -> None:
        self.programs: dict[int, Program] = {}
        self._topics: dict[str, _Topic] = {}
        self._follow = follow
        self._told = told

    def program(self, number: int, now: float) -> Program:
        """The program of that number."""
        return self.programs.setdefault(number, Program(number, now))

    def called(
        self,
        number: int,
        place: Place,
        call: Hashable,
        seen: Mapping[str, Dependency],
        *,
        large: bool,
        began: float,
        at: float,
    ) -> None:
        """A cell called a function, from one moment of the steady clock to another."""
        program = self.program(number, at)
        cell = program.cells.setdefault(place, Cell(program, place, large))
        if cell.awaited and cell.way is not Way.ENTER:
            program.heeded_at[place.book, place.sheet] = at
        if cell.awaited or began - cell.called_at > _ONE_CALCULATION:
            cell.calls.clear()
            cell.large = cell.mixed = False
        elif began > cell.calculated_at:
            cell.mixed = bool(cell.calls)
        if len(cell.calls) < _MOST_CALLS:
            cell.calls.setdefault(call, seen)
        cell.large = cell.large or large
        cell.called_at, cell.silent_since, cell.awaited, cell.by_user = at, None, False, False
        cell.expected -= seen.keys()
        self._show(cell, {topic for seen in cell.calls.values() for topic in seen})
        _judge(cell, at)

    def found(self, program: Program, place: Place, text: str) -> Cell:
        """A formula of ours was found at a place where no cell was known."""
        cell = Cell(program, place, large=any(function.large for function in called_in(text)))
        return program.cells.setdefault(place, cell)

    def rest(self, cell: Cell) -> None:
        """The cell is there, and shows nothing of ours: a job is not named yet, or its function is not called."""
        cell.calls.clear()
        cell.expected = set()
        cell.waits, cell.awaited, cell.by_user = None, False, False
        self._show(cell, set())

    def drop(self, cell: Cell) -> None:
        """The cell is not there any more."""
        self.rest(cell)
        cell.program.cells.pop(cell.place, None)

    def end(self, program: Program) -> None:
        """A program has nothing open any more, or has ended."""
        for cell in list(program.cells.values()):
            self.drop(cell)
        del self.programs[program.number]

    def changed(self, snapshot: Snapshot, now: float) -> bool:
        """A job changed; gives whether anybody shows it."""
        held = self._topics.get(snapshot.job_id)
        if held is None:
            return False
        if snapshot.settled and held.settled is False:  # the last chance to find cells that were moved unseen
            for cell in held.cells:
                cell.program.doubted.add(cell.place.book)
        held.settled = snapshot.settled
        self.moved(snapshot.job_id, now)
        return True

    def moved(self, topic: str, now: float) -> None:
        """Something that cells show may have changed."""
        held = self._topics.get(topic)
        for cell in held.cells if held else ():
            _judge(cell, now)

    def unsettled(self, program: Program) -> list[str]:
        """The jobs of which more is to come and that cells of the program show."""
        return [
            topic
            for topic, held in self._topics.items()
            if held.subscription is not None
            and not held.settled
            and any(cell.program is program for cell in held.cells)
        ]

    def showing(self, topic: str, program: Program) -> list[Cell]:
        """The cells of the program that show something, large ones last."""
        held = self._topics.get(topic)
        cells = [cell for cell in held.cells if cell.program is program] if held else []
        return sorted(cells, key=lambda cell: cell.large)

    def shows(self, topic: str) -> bool:
        """Whether any cell shows something."""
        return topic in self._topics

    def _show(self, cell: Cell, topics: set[str]) -> None:
        """From now on these are what the cell shows."""
        for topic in topics - cell.topics:
            held = self._topics.get(topic)
            if held is None:
                subscription = None if topic in (JOBS, CREDITS) else self._follow(topic, self._told)
                held = self._topics[topic] = _Topic(subscription)
            held.cells.add(cell)
        for topic in cell.topics - topics:
            held = self._topics[topic]
            held.cells.discard(cell)
            if not held.cells:
                del self._topics[topic]
                if held.subscription is not None:
                    held.subscription.close()
        cell.topics = topics


def _judge(cell: Cell, now: float) -> None:
    """Whether the cell shows something that is no longer so."""
    if not cell.stale:
        cell.waits = None
    elif cell.waits is None:
        cell.waits = now
