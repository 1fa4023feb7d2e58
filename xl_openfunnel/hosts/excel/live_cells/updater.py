"""Keeps live cells up to date.

Every call from a cell is noted with what it depends on. When the call would give something else, the updater asks
Excel to recalculate the cell, which calls the function again. Only the thread of its loop calls Excel: it keeps no COM
object from one connection to the next, and holds no lock while it waits for Excel, which calls us right back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ....functions.calculations import Calculations
from ....functions.catalog import called_in
from ....functions.context import CREDITS, JOBS, KNOWN, Dependency, is_call, is_job
from ....functions.credits import MAX_AGE
from ....functions.registry import TimeCells
from ....jobs.snapshot import Snapshot
from ....known.columns import Telling
from ....runtime.clock import FOREVER, Clock
from ....runtime.event_loop import EventLoop
from ...topics import KNOWN_INTERVAL, LEDGER_DELAY, JobChanged, Subscription, TopicChanged
from ..addresses import CellRef
from ..ports import ExcelProcesses, ExcelSession, HostBusyError, HostGoneError
from . import throttle
from .registry import ALL_BOOKS, CellCalled, CellRegistry, ExcelProcess, LiveCell, RecalcMethod
from .search import check_visible, search_around, search_book, still_exists
from .throttle import LIVENESS_INTERVAL, METHOD_RESET_INTERVAL

_log = logging.getLogger(__name__)

_CATCH_UP_TIMEOUT: Final = 5.0
"""Seconds that `VisibleJobs.catch_up` waits for the updater, which may be recalculating a large block."""

Subscribe = Callable[[str, Callable[[Snapshot], object]], Subscription]
"""The fetcher's ``subscribe``."""


@dataclass(frozen=True)
class BookOpened:
    """A book was opened: what its cells showed when it was saved may be outdated.

    The book is ``""`` if all open books are meant.
    """

    pid: int
    book: str


@dataclass(frozen=True)
class PauseChanged:
    """The user of an Excel wants cells to stay as they are for now, or to be live again."""

    pid: int


Event = CellCalled | BookOpened | PauseChanged | JobChanged | TopicChanged


class CellUpdater:
    """Keeps the cells of all Excels up to date.

    Attributes:
        loop: the thread that calls Excel; to be started and closed by the owner.
    """

    def __init__(
        self,
        subscribe: Subscribe,
        processes: ExcelProcesses,
        clock: Clock,
        subscribe_call: Callable[[str], Subscription],
    ) -> None:
        self.loop = EventLoop[Event]("live-cells", clock, self._handle, self._run_due)
        self._processes = processes
        self._clock = clock
        self._registry = CellRegistry(
            lambda job_id: subscribe(job_id, lambda snapshot: self.loop.post(JobChanged(snapshot))), subscribe_call
        )
        self._paused: set[int] = set()
        self._ledger_due_at: float | None = None
        self._credits_due_at: float | None = None
        self._known_due_at = -FOREVER

    # ---- on any thread -------------------------------------------------------------------------------------

    def now(self) -> float:
        """The present time, for `called`."""
        return self._clock.monotonic()

    def keeps_up(self, window: int) -> bool:
        """Whether cells of this Excel are told of changes."""
        pid = self._processes.process_of(window)
        return pid is not None and pid not in self._paused

    def called(
        self,
        window: int,
        ref: CellRef,
        call: Hashable,
        dependencies: Mapping[str, Dependency],
        *,
        large: bool,
        began: float,
    ) -> None:
        """A cell has called a function: note it as `CellCalled`. ``window`` is a window of the cell's Excel."""
        pid = self._processes.process_of(window)
        if pid is not None:
            self.loop.post(CellCalled(pid, ref, call, dependencies, large, began, ended=self.now()))

    def opened(self, window: int, book: str) -> None:
        """A book was opened: what its cells showed when it was saved may be outdated."""
        pid = self._processes.process_of(window)
        if pid is not None:
            self.loop.post(BookOpened(pid, book))

    def started(self, pid: int) -> None:
        """The server was started for an Excel, some of whose cells called before it served: look into all books."""
        self.loop.post(BookOpened(pid, ALL_BOOKS))

    def pause(self, window: int, *, paused: bool) -> None:
        """Have cells stay as they are for now, or be live again."""
        pid = self._processes.process_of(window)
        if pid is not None:
            self.pause_process(pid, paused=paused)

    def pause_process(self, pid: int, *, paused: bool) -> None:
        """As `pause`, for the Excel with this process id."""
        (self._paused.add if paused else self._paused.discard)(pid)
        self.loop.post(PauseChanged(pid))

    def is_paused(self, window: int) -> bool:
        """Whether cells stay as they are."""
        return self._processes.process_of(window) in self._paused

    def topic_changed(self, topic: str) -> None:
        """Something that cells show may have changed."""
        self.loop.post(TopicChanged(topic))

    def cells(self, window: int) -> dict[LiveCell, frozenset[str]]:
        """The known cells of an Excel, with the topics that each depends on; only to be read."""
        pid = self._processes.process_of(window)
        process = None if pid is None else self._registry.processes.get(pid)
        cells = [] if process is None else list(process.cells.values())
        return {cell: self._registry.topics.of(cell) for cell in cells}

    # ---- on the loop's thread ------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case CellCalled():
                self._registry.called(event)
            case BookOpened(pid, book):
                self._registry.process(pid, self.now()).unsearched_books[book] = None
            case PauseChanged():
                pass  # what is due by now is done after each event
            case JobChanged(snapshot):
                self._job_changed(snapshot)
            case TopicChanged(topic):
                self._registry.topic_changed(topic, self.now())

    def _job_changed(self, snapshot: Snapshot) -> None:
        now = self.now()
        if self._registry.job_changed(snapshot, now):
            if self._ledger_due_at is None:
                self._ledger_due_at = now + LEDGER_DELAY
            if snapshot.settled:  # it was billed; the credits are requested again if the last answer is old enough
                self._registry.topic_changed(CREDITS, now)
                self._credits_due_at = now + MAX_AGE

    def _run_due(self) -> float | None:
        self._note_changes()
        for process in list(self._registry.processes.values()):
            self._serve(process)
        self._note_changes()  # the cells that were recalculated have called
        return self._seconds_to_next()

    def _note_changes(self) -> None:
        """Handle what has arrived, and note the changes that were expected for a time that has come."""
        self.loop.handle_pending()
        now = self.now()
        if self._ledger_due_at is not None and now >= self._ledger_due_at:
            self._ledger_due_at = None
            self._registry.topic_changed(JOBS, now)
        if self._credits_due_at is not None and now >= self._credits_due_at:
            self._credits_due_at = None
            self._registry.topic_changed(CREDITS, now)
        if KNOWN in self._registry.topics and now >= self._known_due_at:
            self._known_due_at = now + KNOWN_INTERVAL
            self._registry.topic_changed(KNOWN, now)

    # ---- what Excel is asked for ---------------------------------------------------------------------------

    def _serve(self, process: ExcelProcess) -> None:
        now = self.now()
        if now < process.retry_at or all(at > now for at in self._times(process)):
            return
        try:
            with self._processes.connect(process.pid) as excel:
                check_visible(self._registry, process, excel, now)
                if process.pid not in self._paused:
                    self._update(process, excel, now)
        except HostGoneError:
            if self._processes.is_running(process.pid):
                self._registry.absent(process, self.now())
                throttle.back_off(process, self.now())
            else:
                self._registry.remove_process(process)
        except HostBusyError:
            throttle.back_off(process, self.now())
        except Exception:
            _log.exception("live cells met something unexpected")
            throttle.back_off(process, self.now())
        else:
            process.retry_delay, process.absent_since = 0.0, None

    def _update(self, process: ExcelProcess, excel: ExcelSession, now: float) -> None:
        """Do everything that Excel's user may notice."""
        if all(at > now for at in throttle.due_times(process)):
            return
        if not excel.accepts_calls:
            raise HostBusyError
        while process.unsearched_books:
            book = next(iter(process.unsearched_books))
            search_book(self._registry, process, excel, book, now)
            del process.unsearched_books[book]
        if process.suspect_books and process.search_at <= now:
            while process.suspect_books:
                search_book(self._registry, process, excel, process.suspect_books.pop(), now, recalculate=())
            throttle.searched(process, now, self.now())
        self._check_manual_mode(process, excel, now)
        for cell in throttle.due(process, now):
            if process.cells.get(cell.ref) is not cell:
                continue  # a search has removed it since
            if cell.awaiting_call:
                self._escalate(cell, excel, now)
            elif cell.expected:  # it called, but for other topics: another formula stands there now
                cell.expected = set()
                search_around(self._registry, cell, excel, now)
        due = throttle.due(process, now)
        if small := [cell for cell in due if not cell.large]:
            batch = throttle.next_batch(process, small)
            seconds = self._recalculate(process, excel, batch)
            throttle.small_calculated(process, batch, seconds, self.now(), more=len(batch) < len(small))
        if large := [cell for cell in due if cell.large]:
            seconds = self._recalculate(process, excel, large[:1])
            throttle.large_calculated(process, large[0], seconds, self.now())
        if due:
            throttle.recalculated(process, came_to_front=excel.came_to_front)

    def _recalculate(self, process: ExcelProcess, excel: ExcelSession, cells: Sequence[LiveCell]) -> float:
        """Recalculate cells; returns the seconds that this took, without the wait for Excel to accept calls."""
        requested_at = self.now()
        automatic = excel.calculates_automatically
        if not automatic:  # cells that do not call would not be missed
            process.manual_at = requested_at
            cells = [cell for cell in cells if still_exists(self._registry, cell, excel, requested_at)]
        # A call may not wait for a calculation next time.
        stale = [(cell, {topic for topic in cell.stale if not is_call(topic)}) for cell in cells]
        with excel.preserving_state():
            if not excel.accepts_calls:  # not any more: its user is copying, which a calculation would end
                raise HostBusyError
            for cell in cells:
                cell.recalc_requested_at = requested_at
                if requested_at - cell.method_since > METHOD_RESET_INTERVAL:
                    cell.method = RecalcMethod.DIRTY
            began = self.now()
            excel.mark_dirty(cell.ref for cell in cells if cell.method is RecalcMethod.DIRTY or not automatic)
            for cell in cells if automatic else ():
                if cell.method is RecalcMethod.CALCULATE:
                    excel.calculate_cell(cell.ref)
                elif cell.method is RecalcMethod.REENTER:
                    self._reenter(excel, cell)
            if automatic:
                excel.calculate()
            ended = self.now()
        for cell, topics in stale:  # the events of those that have called are handled after this
            cell.expected, cell.awaiting_call, cell.left_to_user = topics, True, not automatic
            cell.calculated_at = ended
        return ended - began

    def _reenter(self, excel: ExcelSession, cell: LiveCell) -> None:
        """Enter a cell's formula again, but only one of ours: what the user typed over it stays."""
        cell.formula = excel.formula(cell.ref)
        if called_in(cell.formula or ""):
            excel.reenter(cell.ref, cell.formula or "")

    def _escalate(self, cell: LiveCell, excel: ExcelSession, now: float) -> None:
        """Choose another method for a cell that was to be recalculated and has not called, or give it up."""
        cell.awaiting_call, cell.expected = False, set()
        if cell.silent_since is None:
            cell.silent_since = cell.recalc_requested_at
        cell.formula = excel.formula(cell.ref)
        ours = bool(called_in(cell.formula or ""))
        if not ours:
            search_around(self._registry, cell, excel, now)
        if cell.method is RecalcMethod.DIRTY:
            cell.method, cell.method_since, cell.stale_since = RecalcMethod.CALCULATE, now, now
        elif ours and excel.shows_value_error(cell.ref) and cell.may_be_in_break_mode(now):
            cell.stale_since, cell.not_before = now, cell.recalc_requested_at + LIVENESS_INTERVAL
        elif cell.method is RecalcMethod.CALCULATE and ours and cell.would_call and not cell.sheet_responded:
            cell.method, cell.stale_since = RecalcMethod.REENTER, now
        elif ours:
            _log.info("%s does not call its function now", cell.ref)
            self._registry.deactivate(cell)
        else:
            self._registry.remove(cell)

    def _check_manual_mode(self, process: ExcelProcess, excel: ExcelSession, now: float) -> None:
        """Once Excel calculates automatically again, stop waiting for the user to recalculate cells."""
        left = [cell for cell in process.cells.values() if cell.left_to_user]
        if left and process.manual_at + LIVENESS_INTERVAL <= now:
            process.manual_at = now
            if excel.calculates_automatically:
                for cell in left:
                    cell.left_to_user = cell.awaiting_call = False

    # ---- when ----------------------------------------------------------------------------------------------

    def _times(self, process: ExcelProcess) -> Iterator[float]:
        """When there is something to do for a process."""
        if self._registry.unsettled(process):
            yield process.checked_at + LIVENESS_INTERVAL
        if process.pid not in self._paused:
            yield from throttle.due_times(process)

    def _seconds_to_next(self) -> float | None:
        processes = self._registry.processes.values()
        times = [max(at, process.retry_at) for process in processes for at in self._times(process)]
        for topic, at in ((JOBS, self._ledger_due_at), (CREDITS, self._credits_due_at)):
            if at is not None and topic in self._registry.topics:
                times.append(at)
        if KNOWN in self._registry.topics:
            times.append(self._known_due_at)
        soonest = min(times, default=FOREVER)
        return None if soonest == FOREVER else max(soonest - self.now(), 0.0)


class VisibleJobs:
    """What the live cells of an Excel show, for the commands."""

    def __init__(self, updater: CellUpdater, calculations: Calculations) -> None:
        self._updater = updater
        self._calculations = calculations

    def by_cell(self, window: int) -> Mapping[CellRef, frozenset[str]]:
        """The ids of the jobs that cells show, cell by cell."""
        return {cell.ref: frozenset(filter(is_job, topics)) for cell, topics in self._updater.cells(window).items()}

    def times(self, window: int) -> Mapping[CellRef, TimeCells]:
        """Which cells are times of what the calls of cells return, for those that return any."""
        found = {cell.ref: cell.time_cells for cell in self._updater.cells(window)}
        return {ref: times for ref, times in found.items() if times is not None}

    def telling_known(self, window: int) -> Mapping[CellRef, Telling]:
        """What cells show that says which companies are in a known list."""
        found = {cell.ref: cell.telling_known for cell in self._updater.cells(window)}
        return {ref: telling for ref, telling in found.items() if telling}

    def outdated(self, window: int) -> frozenset[CellRef]:
        """The cells that show something outdated."""
        return frozenset(cell.ref for cell in self._updater.cells(window) if cell.stale_since is not None)

    def calculating(self, window: int) -> Mapping[CellRef, bool]:
        """The cells for which something is calculated, and whether they show an older answer until it is there."""
        return {
            cell.ref: self._calculations.has_answer(topic)
            for cell, topics in self._updater.cells(window).items()
            for topic in topics
            if is_call(topic) and self._calculations.is_pending(topic)
        }

    def catch_up(self) -> None:
        """Wait until the updater has noted all calls that were made before."""
        done = threading.Event()
        self._updater.loop.when_handled(done.set)
        done.wait(_CATCH_UP_TIMEOUT)
