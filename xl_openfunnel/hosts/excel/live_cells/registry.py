"""The cells of running Excels that call our functions: what each shows, and since when that is outdated.

Everything here belongs to the thread of the updater's loop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from ....functions.catalog import REGISTRY, called_in, calls_always
from ....functions.context import Dependency
from ....functions.registry import TimeCells
from ....jobs.snapshot import Snapshot
from ....known.columns import Telling
from ....runtime.clock import FOREVER
from ...topics import Subscription, TopicRegistry
from ..addresses import CellRef

_log = logging.getLogger(__name__)

_MAX_CALL_GAP: Final = 3.0
"""Seconds from the end of one call of a cell to the begin of the next within one calculation: a formula with several
functions calls them one after the other, and other functions may take their time in between."""

MIN_INTERVAL: Final = 2.0
"""Seconds between two recalculations of a cell, and between two of all small cells together."""

MAX_ABSENCE: Final = 20.0
"""Seconds after which the jobs of an Excel that shows no workbook are no longer polled."""

ALL_BOOKS: Final = ""
"""Stands for the name of a book to be searched: no book has it, so all are."""

BREAK_MODE_PATIENCE: Final = 3600.0
"""Seconds for which a cell that shows #VALUE! is calculated again and again."""

_MAX_CALLS: Final = 1_000
"""Calls remembered of one calculation of a cell: a formula can call for every cell of a range."""


class RecalcMethod(IntEnum):
    """How a cell is made to call its function; if one method does not work, the next one is tried."""

    DIRTY = 0  # mark it for the next calculation, together with others
    CALCULATE = 1  # calculate this cell
    REENTER = 2  # enter its formula again, which costs users what they could undo


class FunctionCall(NamedTuple):
    """A function's name and the values of its arguments."""

    function: str
    arguments: tuple[object, ...]


@dataclass(frozen=True)
class CellCalled:
    """A cell has called a function.

    Attributes:
        pid: the process ID of its Excel.
        ref: the cell.
        call: tells the calls of a formula with several functions apart.
        dependencies: what the call depends on, by topic.
        large: whether its result may be large.
        began: when the call began, on the monotonic clock.
        ended: when it ended.
    """

    pid: int
    ref: CellRef
    call: Hashable = field(repr=False)
    dependencies: Mapping[str, Dependency] = field(repr=False)
    large: bool
    began: float
    ended: float


@dataclass(eq=False)
class LiveCell:
    """A cell that has called a function, or whose formula would call one. Times are of the monotonic clock.

    Attributes:
        process: the Excel in which it is open.
        ref: its address.
        large: whether what it shows may be large.
        calls: the dependencies of each call of its last calculation, as they were at the first call with these
            arguments.
        method: how it is recalculated.
        method_since: since when this method is known to work better than those before it.
        called_at: when its last call ended.
        recalc_requested_at: when its last recalculation was requested.
        calculated_at: when that was done, if Excel did it at once.
        last_duration: seconds that its last recalculation took, together with the cells beside it.
        uncharged_seconds: those of them not yet charged to the budget: Excel may have been showing a dialog.
        silent_since: since when a recalculation is requested that has not called.
        not_before: when it may be recalculated again.
        expected: the outdated topics of the last recalculation that no call has depended on since.
        stale_since: since when it shows something outdated; None while it does not.
        awaiting_call: whether a recalculation is requested and it has not called since.
        left_to_user: whether its recalculation waits for the user, because Excel calculates manually.
        ambiguous: whether its calls may be those of two formulas.
        formula: as it was last read.
    """

    process: ExcelProcess
    ref: CellRef
    large: bool
    calls: dict[Hashable, Mapping[str, Dependency]] = field(default_factory=dict)
    method: RecalcMethod = RecalcMethod.DIRTY
    method_since: float = float("-inf")
    called_at: float = float("-inf")
    recalc_requested_at: float = float("-inf")
    calculated_at: float = float("-inf")
    last_duration: float = 0.0
    uncharged_seconds: float = 0.0
    silent_since: float | None = None
    not_before: float = float("-inf")
    expected: set[str] = field(default_factory=set)
    stale_since: float | None = None
    awaiting_call: bool = False
    left_to_user: bool = False
    ambiguous: bool = False
    formula: str | None = None

    @property
    def time_cells(self) -> TimeCells | None:
        """Which cells are times of what its last call returned: calls among the arguments come before it."""
        call = next(reversed(self.calls), None)
        return REGISTRY[call.function].time_cells(call.arguments) if isinstance(call, FunctionCall) else None

    @property
    def telling_known(self) -> Telling:
        """What its calls returned that says which companies are in a known list."""
        calls = [call for call in self.calls if isinstance(call, FunctionCall)]
        return max((REGISTRY[call.function].telling(call.arguments) for call in calls), default=Telling.NOTHING)

    @property
    def stale(self) -> set[str]:
        """The topics of which it shows something outdated."""
        try:
            return {topic for call in self.calls.values() for topic, seen in call.items() if seen.stale}
        except Exception:
            _log.exception("what %s shows could not be compared", self.ref)
            return set()

    # ---- why it has not called when it was to be recalculated ----

    @property
    def sheet_responded(self) -> bool:
        """Whether other cells on its sheet have called on request: then its formula does not reach its function now."""
        return self.silent_since is not None and self._last_response_at >= self.silent_since

    def may_be_in_break_mode(self, now: float) -> bool:
        """Whether it may show #VALUE! because VBA is in break mode, where no function is called.

        Not if VBA ran when it was last calculated, as a call from its sheet shows; nor for ever.
        """
        silent_since = now if self.silent_since is None else self.silent_since
        ran = silent_since <= self._last_response_at < self.recalc_requested_at
        return not ran and now - silent_since < BREAK_MODE_PATIENCE

    @property
    def would_call(self) -> bool:
        """Whether its silence shows that Excel did not recalculate it.

        A formula that has not called since its book was opened may have its call behind a condition: to enter it again
        would be of no use, and would cost the user what could be undone.
        """
        return bool(self.calls) or calls_always(self.formula or "")

    @property
    def _last_response_at(self) -> float:
        return self.process.last_response_at.get((self.ref.book, self.ref.sheet), -FOREVER)


@dataclass(eq=False)
class ExcelProcess:
    """A running Excel with cells of ours, and when it may be asked for something. Times are of the monotonic clock.

    Attributes:
        pid: its process ID.
        checked_at: when it was last checked that cells still show the jobs that run.
        cells: the known ones.
        unsearched_books: books that were opened and not yet searched for cells, in that order.
        suspect_books: books in which cells may have been moved.
        search_at: when suspect books may be searched.
        search_cost: the seconds that this took last time.
        last_response_at: by book and sheet, when a cell there last called on request without its formula being
            entered again.
        manual_at: when it was last found to calculate manually.
        small_at: when small cells may be recalculated again.
        small_cost: the seconds that one of them took last time.
        small_seconds: the seconds that they have taken since their last long pause.
        large_at: when the next large cell may be recalculated.
        retry_at: when it may be called again after it was busy.
        retry_delay: seconds between two tries while it is busy.
        absent_since: since when no window of a workbook leads to it: all are closed or hidden, or it shows the tab
            File.
        min_interval: seconds between two recalculations of a cell, and between two of all small cells together.
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
    small_seconds: float = 0.0
    large_at: float = 0.0
    retry_at: float = 0.0
    retry_delay: float = 0.0
    absent_since: float | None = None
    min_interval: float = MIN_INTERVAL


class CellRegistry:
    """All cells, by process and by topic.

    Attributes:
        processes: by process ID.
        topics: what the cells depend on.
    """

    def __init__(self, subscribe: Callable[[str], Subscription], subscribe_call: Callable[[str], Subscription]) -> None:
        self.processes: dict[int, ExcelProcess] = {}
        self.topics: TopicRegistry[LiveCell] = TopicRegistry(subscribe, subscribe_call)

    def process(self, pid: int, now: float) -> ExcelProcess:
        """The process with this ID, which is added if it is not known."""
        return self.processes.setdefault(pid, ExcelProcess(pid, now))

    def called(self, event: CellCalled) -> None:
        """Note a call."""
        process = self.process(event.pid, event.ended)
        cell = process.cells.setdefault(event.ref, LiveCell(process, event.ref, event.large))
        if cell.awaiting_call and cell.method is not RecalcMethod.REENTER:
            process.last_response_at[event.ref.book, event.ref.sheet] = event.ended
        if cell.awaiting_call or event.began - cell.called_at > _MAX_CALL_GAP:
            cell.calls.clear()
            cell.large = cell.ambiguous = False
        elif event.began > cell.calculated_at:
            cell.ambiguous = bool(cell.calls)
        if len(cell.calls) < _MAX_CALLS:
            cell.calls.setdefault(event.call, event.dependencies)
        cell.large = cell.large or event.large
        cell.called_at, cell.silent_since, cell.awaiting_call, cell.left_to_user = event.ended, None, False, False
        cell.expected -= event.dependencies.keys()
        self.topics.set(cell, {topic for dependencies in cell.calls.values() for topic in dependencies})
        _update_stale_since(cell, event.ended)

    def add_found(self, process: ExcelProcess, ref: CellRef, formula: str) -> LiveCell:
        """Add a cell that a search has found and that has not called yet."""
        cell = LiveCell(process, ref, large=any(function.large for function in called_in(formula)))
        return process.cells.setdefault(ref, cell)

    def deactivate(self, cell: LiveCell) -> None:
        """The cell exists and shows nothing of ours: it names no job yet, or does not reach its function."""
        cell.calls.clear()
        cell.expected = set()
        cell.stale_since, cell.awaiting_call, cell.left_to_user = None, False, False
        self.topics.set(cell, ())

    def remove(self, cell: LiveCell) -> None:
        """The cell does not exist any more."""
        self.deactivate(cell)
        cell.process.cells.pop(cell.ref, None)

    def remove_process(self, process: ExcelProcess) -> None:
        """The process has ended."""
        for cell in list(process.cells.values()):
            self.remove(cell)
        del self.processes[process.pid]

    def absent(self, process: ExcelProcess, now: float) -> None:
        """The process runs and shows no workbook: if that lasts, its jobs are no longer polled for it.

        Once it shows one, all its books are searched.
        """
        if process.absent_since is None:
            process.absent_since = now
        elif process.cells and now - process.absent_since >= MAX_ABSENCE:
            for cell in list(process.cells.values()):
                self.remove(cell)
            process.unsearched_books[ALL_BOOKS] = None

    def job_changed(self, snapshot: Snapshot, now: float) -> bool:
        """Note the cells that a new snapshot makes outdated; returns whether any cell shows the job."""
        if self.topics.note_settled(snapshot):  # the last chance to find cells that were moved without a call
            for cell in self.topics.dependents(snapshot.job_id):
                cell.process.suspect_books.add(cell.ref.book)
        self.topic_changed(snapshot.job_id, now)
        return snapshot.job_id in self.topics

    def topic_changed(self, topic: str, now: float) -> None:
        """Note the cells that a change of the topic makes outdated."""
        for cell in self.topics.dependents(topic):
            _update_stale_since(cell, now)

    def unsettled(self, process: ExcelProcess) -> list[str]:
        """The jobs that cells of the process show and from which more is to come."""
        return [
            job_id
            for job_id in self.topics.unsettled()
            if any(cell.process is process for cell in self.topics.dependents(job_id))
        ]

    def showing(self, topic: str, process: ExcelProcess) -> list[LiveCell]:
        """The cells of the process that show the topic, large ones last."""
        cells = [cell for cell in self.topics.dependents(topic) if cell.process is process]
        return sorted(cells, key=lambda cell: cell.large)


def _update_stale_since(cell: LiveCell, now: float) -> None:
    if not cell.stale:
        cell.stale_since = None
    elif cell.stale_since is None:
        cell.stale_since = now
