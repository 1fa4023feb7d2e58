"""What the cells of running programs show, and which of them show something that is no longer so.

Everything here belongs to the one thread of `live.LiveCells`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

from ..functions.look import CREDITS, JOBS, Seen
from ..jobs.snapshot import Snapshot
from .places import Place

_log = logging.getLogger(__name__)

_ONE_CALCULATION: Final = 1.0
"""Seconds: calls from one cell that are further apart belong to different calculations of it."""

_MOST_CALLS: Final = 32
"""Calls remembered of one cell: no formula has more, and a cell that never rests must not fill the memory."""


class Subscription(Protocol):
    """What ends the telling of one job."""

    def close(self) -> None:
        """End it."""


Follow = Callable[[str, Callable[[Snapshot], object]], Subscription]
"""Has a callback told of a job whenever it changes: the fetcher's ``subscribe``."""


class Way(IntEnum):
    """How a cell is made to call its function; the next one is tried when one does not work."""

    MARK = 0
    MARK_FOUND = 1  # after a search: the cell may have been moved
    ENTER = 2  # its formula once more


@dataclass(eq=False)
class Cell:
    """A cell that called a function, or whose formula would.

    Attributes:
        program: where it is open.
        place: where it stands.
        large: whether what it shows may be large.
        topics: what it shows: jobs, the list of jobs, credits.
        calls: what each call of its last calculation saw.
        way: how it is calculated.
        entered: whether it was calculated that way because no other worked.
        called_at: when it called last.
        asked_at: when it was last to be calculated.
        waits: since when it shows something that is no longer so; None while it does not.
        awaited: whether it is to be calculated, and has not called since.
        by_user: whether its program calculates when its user says so.
        text: its formula, when it was last looked at.
    """

    program: Program
    place: Place
    large: bool
    topics: set[str] = field(default_factory=set)
    calls: dict[Hashable, Mapping[str, Seen]] = field(default_factory=dict)
    way: Way = Way.MARK
    entered: bool = False
    called_at: float = float("-inf")
    asked_at: float = float("-inf")
    waits: float | None = None
    awaited: bool = False
    by_user: bool = False
    text: str | None = None


@dataclass(eq=False)
class Program:
    """A program with cells of ours, and when it may be asked for something again.

    Attributes:
        number: which one.
        cells: those that are known.
        opened: books that were opened and not yet searched for cells.
        looked_at: by job, when one of its cells was last seen to be there.
        paused: whether its cells stay as they are.
        small_at: when small cells may be calculated again.
        large_at: when the next large one may be.
        free_at: when it may be visited again, after it let nobody in.
        delay: the seconds from one try to the next while it lets nobody in.
    """

    number: int
    cells: dict[Place, Cell] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    looked_at: dict[str, float] = field(default_factory=dict)
    paused: bool = False
    small_at: float = 0.0
    large_at: float = 0.0
    free_at: float = 0.0
    delay: float = 0.0


@dataclass(eq=False)
class _Topic:
    """Something that cells show."""

    subscription: Subscription | None
    cells: set[Cell] = field(default_factory=set)
    settled: bool = False


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

    def program(self, number: int) -> Program:
        """The program of that number."""
        return self.programs.setdefault(number, Program(number))

    def called(
        self, number: int, place: Place, call: Hashable, seen: Mapping[str, Seen], *, large: bool, at: float
    ) -> None:
        """A cell called a function, at that moment of the steady clock."""
        program = self.program(number)
        cell = program.cells.setdefault(place, Cell(program, place, large))
        if cell.awaited or at - cell.called_at > _ONE_CALCULATION or len(cell.calls) >= _MOST_CALLS:
            cell.calls.clear()
            cell.large = False
        if not cell.entered:
            cell.way = Way.MARK
        cell.calls[call] = seen
        cell.large = cell.large or large
        cell.called_at, cell.awaited, cell.by_user = at, False, False
        self._show(cell, {topic for seen in cell.calls.values() for topic in seen}, at)
        _judge(cell, at)

    def drop(self, cell: Cell) -> None:
        """The cell is not there any more, or shows nothing of ours."""
        self._show(cell, set(), 0.0)

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
        held.settled = snapshot.settled
        self.moved(snapshot.job_id, now)
        return True

    def moved(self, topic: str, now: float) -> None:
        """Something that cells show may have changed."""
        held = self._topics.get(topic)
        for cell in held.cells if held else ():
            _judge(cell, now)

    def unsettled(self, program: Program) -> Iterator[tuple[str, float]]:
        """Each job of which more is to come, and when one of its cells in the program was last seen to be there."""
        for topic, at in program.looked_at.items():
            held = self._topics[topic]
            if held.subscription is not None and not held.settled:
                yield topic, at

    def showing(self, topic: str, program: Program) -> list[Cell]:
        """The cells of the program that show something."""
        held = self._topics.get(topic)
        return [cell for cell in held.cells if cell.program is program] if held else []

    def shows(self, topic: str) -> bool:
        """Whether any cell shows something."""
        return topic in self._topics

    def _show(self, cell: Cell, topics: set[str], now: float) -> None:
        """From now on these are what the cell shows; one that shows nothing is not kept."""
        for topic in topics - cell.topics:
            held = self._topics.get(topic)
            if held is None:
                subscription = None if topic in (JOBS, CREDITS) else self._follow(topic, self._told)
                held = self._topics[topic] = _Topic(subscription)
            held.cells.add(cell)
            cell.program.looked_at.setdefault(topic, now)
        for topic in cell.topics - topics:
            held = self._topics[topic]
            held.cells.discard(cell)
            if not self.showing(topic, cell.program):
                cell.program.looked_at.pop(topic, None)
            if not held.cells:
                del self._topics[topic]
                if held.subscription is not None:
                    held.subscription.close()
        cell.topics = topics
        if not topics:
            cell.program.cells.pop(cell.place, None)


def _judge(cell: Cell, now: float) -> None:
    """Whether the cell shows something that is no longer so."""
    if not any(seen.stale for call in cell.calls.values() for seen in call.values()):
        cell.waits = None
    elif cell.waits is None:
        cell.waits = now
