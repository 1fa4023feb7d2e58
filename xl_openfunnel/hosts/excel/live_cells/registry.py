"""What the cells of running programs show, and which of them show something that is no longer so.

Everything here belongs to the one thread of `live.LiveCells`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

from ....functions.catalog import called_in
from ....functions.context import CREDITS, JOBS, Dependency
from ....jobs.snapshot import Snapshot
from ..addresses import CellRef

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


class RecalcMethod(IntEnum):
    """How a cell is made to call its function; the next one is tried when one does not work."""

    DIRTY = 0  # for the next calculation, together with others
    CALCULATE = 1  # by a calculation of this cell
    REENTER = 2  # by entering its formula once more, which costs the user what could be undone


@dataclass(eq=False)
class LiveCell:
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

    process: ExcelProcess
    ref: CellRef
    large: bool
    topics: set[str] = field(default_factory=set)
    calls: dict[Hashable, Mapping[str, Dependency]] = field(default_factory=dict)
    method: RecalcMethod = RecalcMethod.DIRTY
    method_since: float = float("-inf")
    called_at: float = float("-inf")
    recalc_requested_at: float = float("-inf")
    calculated_at: float = float("-inf")
    last_duration: float = 0.0
    uncharged_seconds: float = 0.0
    silent_since: float | None = None
    expected: set[str] = field(default_factory=set)
    stale_since: float | None = None
    awaiting_call: bool = False
    left_to_user: bool = False
    ambiguous: bool = False
    formula: str | None = None

    @property
    def stale(self) -> set[str]:
        """The topics of which it shows something that is no longer so."""
        try:
            return {topic for call in self.calls.values() for topic, seen in call.items() if seen.stale}
        except Exception:
            _log.exception("what %s shows could not be looked at", self.ref)
            return set()


@dataclass(eq=False)
class ExcelProcess:
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

    pid: int
    checked_at: float
    cells: dict[CellRef, LiveCell] = field(default_factory=dict)
    unsearched_books: dict[str, None] = field(default_factory=dict)
    suspect_books: set[str] = field(default_factory=set)
    search_at: float = 0.0
    search_cost: float = 0.0
    last_response_at: dict[tuple[str, str], float] = field(default_factory=dict)
    manual_at: float = float("-inf")
    small_at: float = 0.0
    small_cost: float = 0.004
    small_taken: float = 0.0
    large_at: float = 0.0
    retry_at: float = 0.0
    retry_delay: float = 0.0
    times_absent: int = 0


@dataclass(eq=False)
class _Topic:
    """Something that cells show."""

    subscription: Subscription | None
    cells: set[LiveCell] = field(default_factory=set)
    settled: bool | None = None  # not known before the first telling


class CellRegistry:
    """All cells, by program and by what they show.

    Args:
        follow: the fetcher's ``subscribe``.
        told: is given to it.
    """

    def __init__(self, follow: Follow, told: Callable[[Snapshot], object]) -> None:
        self.processes: dict[int, ExcelProcess] = {}
        self._topics: dict[str, _Topic] = {}
        self._follow = follow
        self._told = told

    def process(self, number: int, now: float) -> ExcelProcess:
        """The program of that number."""
        return self.processes.setdefault(number, ExcelProcess(number, now))

    def called(
        self,
        number: int,
        place: CellRef,
        call: Hashable,
        seen: Mapping[str, Dependency],
        *,
        large: bool,
        began: float,
        at: float,
    ) -> None:
        """A cell called a function, from one moment of the steady clock to another."""
        program = self.process(number, at)
        cell = program.cells.setdefault(place, LiveCell(program, place, large))
        if cell.awaiting_call and cell.method is not RecalcMethod.REENTER:
            program.last_response_at[place.book, place.sheet] = at
        if cell.awaiting_call or began - cell.called_at > _ONE_CALCULATION:
            cell.calls.clear()
            cell.large = cell.ambiguous = False
        elif began > cell.calculated_at:
            cell.ambiguous = bool(cell.calls)
        if len(cell.calls) < _MOST_CALLS:
            cell.calls.setdefault(call, seen)
        cell.large = cell.large or large
        cell.called_at, cell.silent_since, cell.awaiting_call, cell.left_to_user = at, None, False, False
        cell.expected -= seen.keys()
        self._set_topics(cell, {topic for seen in cell.calls.values() for topic in seen})
        _update_stale_since(cell, at)

    def found(self, program: ExcelProcess, place: CellRef, text: str) -> LiveCell:
        """A formula of ours was found at a place where no cell was known."""
        cell = LiveCell(program, place, large=any(function.large for function in called_in(text)))
        return program.cells.setdefault(place, cell)

    def deactivate(self, cell: LiveCell) -> None:
        """The cell is there, and shows nothing of ours: a job is not named yet, or its function is not called."""
        cell.calls.clear()
        cell.expected = set()
        cell.stale_since, cell.awaiting_call, cell.left_to_user = None, False, False
        self._set_topics(cell, set())

    def remove(self, cell: LiveCell) -> None:
        """The cell is not there any more."""
        self.deactivate(cell)
        cell.process.cells.pop(cell.ref, None)

    def remove_process(self, program: ExcelProcess) -> None:
        """A program has nothing open any more, or has ended."""
        for cell in list(program.cells.values()):
            self.remove(cell)
        del self.processes[program.pid]

    def job_changed(self, snapshot: Snapshot, now: float) -> bool:
        """A job changed; gives whether anybody shows it."""
        held = self._topics.get(snapshot.job_id)
        if held is None:
            return False
        if snapshot.settled and held.settled is False:  # the last chance to find cells that were moved unseen
            for cell in held.cells:
                cell.process.suspect_books.add(cell.ref.book)
        held.settled = snapshot.settled
        self.topic_changed(snapshot.job_id, now)
        return True

    def topic_changed(self, topic: str, now: float) -> None:
        """Something that cells show may have changed."""
        held = self._topics.get(topic)
        for cell in held.cells if held else ():
            _update_stale_since(cell, now)

    def unsettled(self, program: ExcelProcess) -> list[str]:
        """The jobs of which more is to come and that cells of the program show."""
        return [
            topic
            for topic, held in self._topics.items()
            if held.subscription is not None
            and not held.settled
            and any(cell.process is program for cell in held.cells)
        ]

    def showing(self, topic: str, program: ExcelProcess) -> list[LiveCell]:
        """The cells of the program that show something, large ones last."""
        held = self._topics.get(topic)
        cells = [cell for cell in held.cells if cell.process is program] if held else []
        return sorted(cells, key=lambda cell: cell.large)

    def shows(self, topic: str) -> bool:
        """Whether any cell shows something."""
        return topic in self._topics

    def _set_topics(self, cell: LiveCell, topics: set[str]) -> None:
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


def _update_stale_since(cell: LiveCell, now: float) -> None:
    """Whether the cell shows something that is no longer so."""
    if not cell.stale:
        cell.stale_since = None
    elif cell.stale_since is None:
        cell.stale_since = now
