"""Cells that keep themselves up to date.

Every call from a cell is noted with what it saw. When it would see something else, the cell's program is asked to
calculate the cell again, which calls the function again. One thread does the asking; it holds nothing of the program
between two visits, and no lock while it asks, since the program calls us right back.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from typing import Final

from ....functions.catalog import called_in, calls_always
from ....functions.context import CREDITS, JOBS, Dependency
from ....functions.credits import MAX_AGE
from ....jobs.snapshot import Snapshot
from ....runtime.clock import Clock, LoopEvent
from ..addresses import CellRef
from ..ports import ExcelProcesses, ExcelSession, HostBusyError, HostGoneError
from . import throttle
from .registry import CellRegistry, ExcelProcess, Follow, LiveCell, RecalcMethod
from .throttle import LIVENESS_INTERVAL, METHOD_RESET_INTERVAL, NEVER

_log = logging.getLogger(__name__)

_ABSENT: Final = 3
"""So often in a row a program has nothing open before it is believed: windows come and go while books are opened."""

_NOTING: Final = 2.0
"""Seconds after which the list of jobs has what a job's answer changed."""


class CellUpdater:
    """Keeps the cells of all programs up to date.

    Args:
        follow: the fetcher's ``subscribe``.
        sheets: reaches the programs.
        clock: what time is and how to wait.
    """

    def __init__(self, follow: Follow, sheets: ExcelProcesses, clock: Clock) -> None:
        self._processes = sheets
        self._clock = clock
        self._inbox: queue.SimpleQueue[LoopEvent] = queue.SimpleQueue()
        self._registry = CellRegistry(follow, lambda snapshot: self._inbox.put(lambda: self._changed(snapshot)))
        self._paused: set[int] = set()
        self._ledger_due_at: float | None = None
        self._credits_at: float | None = None
        self._closed = False

    # ---- on any thread -------------------------------------------------------------------------------------

    def now(self) -> float:
        """The present moment, for `called`."""
        return self._clock.monotonic()

    def called(
        self, window: int, place: CellRef, call: Hashable, seen: Mapping[str, Dependency], *, large: bool, began: float
    ) -> None:
        """A cell has called a function.

        Args:
            window: a window of the cell's program.
            place: the cell.
            call: which call it is, when a formula has several.
            seen: what the call saw.
            large: whether its answer may be large.
            began: when the call began.
        """
        number = self._processes.process_of(window)
        if number is not None:
            at = self.now()
            self._inbox.put(lambda: self._registry.called(number, place, call, seen, large=large, began=began, at=at))

    def opened(self, window: int, book: str) -> None:
        """A book was opened: what its cells showed when it was saved may no longer be so."""
        number = self._processes.process_of(window)
        if number is not None:
            self._inbox.put(lambda: self._registry.process(number, self.now()).unsearched_books.update({book: None}))

    def pause(self, window: int, *, paused: bool) -> None:
        """The user wants cells to stay as they are for now, or to be live again."""
        number = self._processes.process_of(window)
        if number is not None:
            self._inbox.put(lambda: self._paused.add(number) if paused else self._paused.discard(number))

    def topic_changed(self, topic: str) -> None:
        """Something that cells show may have changed."""
        self._inbox.put(lambda: self._registry.topic_changed(topic, self.now()))

    def cells(self, window: int) -> list[LiveCell]:
        """What is known of a program's cells, to read: what their thread learns it puts in place of what it knew."""
        number = self._processes.process_of(window)
        program = None if number is None else self._registry.processes.get(number)
        return [] if program is None else list(program.cells.values())

    def when_heard(self, then: Callable[[], None]) -> None:
        """Have something done, on the one thread, when all that was said before is heard."""
        self._inbox.put(then)

    def close(self) -> None:
        """Ask for nothing any more."""
        self._closed = True
        self._inbox.put(lambda: None)

    # ---- on the one thread ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until `close`."""
        seconds: float | None = None
        while not self._closed:
            seconds = self.step(self._clock.receive(self._inbox, seconds))

    def step(self, message: LoopEvent = None) -> float | None:
        """Do what is to be done now; gives the seconds until there is more, None if nothing is foreseen."""
        if message is not None:
            _taken(message)
        self._hear()
        for program in list(self._registry.processes.values()):
            self._serve(program)
        self._hear()  # what was calculated called meanwhile
        return self._seconds_left()

    def _hear(self) -> None:
        """All that was said since."""
        with contextlib.suppress(queue.Empty):
            while said := self._inbox.get_nowait():
                _taken(said)
        now = self.now()
        if self._ledger_due_at is not None and now >= self._ledger_due_at:
            self._ledger_due_at = None
            self._registry.topic_changed(JOBS, now)
        if self._credits_at is not None and now >= self._credits_at:
            self._credits_at = None
            self._registry.topic_changed(CREDITS, now)

    def _changed(self, snapshot: Snapshot) -> None:
        now = self.now()
        if self._registry.job_changed(snapshot, now):
            if self._ledger_due_at is None:
                self._ledger_due_at = now + _NOTING
            if snapshot.settled:  # it was billed; the balance is asked for anew if the last answer is old enough
                self._registry.topic_changed(CREDITS, now)
                self._credits_at = now + MAX_AGE

    # ---- what programs are asked for -----------------------------------------------------------------------

    def _serve(self, program: ExcelProcess) -> None:
        now = self.now()
        if now < program.retry_at or all(at > now for at in self._times(program)):
            return
        try:
            with self._processes.connect(program.pid) as visit:
                self._check_visible(program, visit, now)
                if not self._is_paused(program):
                    self._work(program, visit, now)
        except HostGoneError:
            program.times_absent += 1
            if program.times_absent >= _ABSENT:
                self._registry.remove_process(program)
            else:
                throttle.back_off(program, self.now())
        except HostBusyError:
            throttle.back_off(program, self.now())
        except Exception:
            _log.exception("live cells met something unexpected")
            throttle.back_off(program, self.now())
        else:
            program.retry_delay, program.times_absent = 0.0, 0

    def _is_paused(self, program: ExcelProcess) -> bool:
        return program.pid in self._paused

    def _work(self, program: ExcelProcess, visit: ExcelSession, now: float) -> None:
        """Everything that may change what the program's user sees."""
        if all(at > now for at in throttle.due_times(program)):
            return
        if not visit.accepts_calls:
            raise HostBusyError
        while program.unsearched_books:
            book = next(iter(program.unsearched_books))
            self._search(program, visit, book, now)
            del program.unsearched_books[book]
        if program.suspect_books and program.search_at <= now:
            while program.suspect_books:
                self._search(program, visit, program.suspect_books.pop(), now, anew=())
            throttle.searched(program, now, self.now())
        self._check_manual_mode(program, visit, now)
        for cell in throttle.due(program, now):
            if program.cells.get(cell.ref) is not cell:
                continue  # a search, since, has seen that it is gone
            if cell.awaiting_call:
                self._escalate(program, visit, cell, now)
            elif cell.expected:  # it called, but for other things: another formula stands there now
                cell.expected = set()
                self._search_around(program, visit, cell, now)
        due = throttle.due(program, now)
        if small := [cell for cell in due if not cell.large]:
            turn = throttle.next_batch(program, small)
            taken = self._calculate(program, visit, turn)
            throttle.small_calculated(program, turn, taken, self.now(), more=len(turn) < len(small))
        if large := [cell for cell in due if cell.large]:
            taken = self._calculate(program, visit, large[:1])
            throttle.large_calculated(program, large[0], taken, self.now())

    def _calculate(self, program: ExcelProcess, visit: ExcelSession, cells: Sequence[LiveCell]) -> float:
        """Have cells calculated; gives the seconds that it took, without those that the program was not there."""
        begun = self.now()
        automatic = visit.calculates_automatically
        if not automatic:  # else those are missed when they do not call
            program.manual_at = begun
            cells = [cell for cell in cells if self._still_exists(program, visit, cell, begun)]
        asked = [(cell, cell.stale) for cell in cells]
        with visit.preserving_state():
            if not visit.accepts_calls:  # not any more: its user copies since, which a calculation ends
                raise HostBusyError
            for cell in cells:
                cell.recalc_requested_at = begun
                if begun - cell.method_since > METHOD_RESET_INTERVAL:
                    cell.method = RecalcMethod.DIRTY
            let_in = self.now()
            visit.mark_dirty(cell.ref for cell in cells if cell.method is RecalcMethod.DIRTY or not automatic)
            for cell in cells if automatic else ():
                if cell.method is RecalcMethod.CALCULATE:
                    visit.calculate_cell(cell.ref)
                elif cell.method is RecalcMethod.REENTER:
                    self._reenter(visit, cell)
            if automatic:
                visit.calculate()
            ended = self.now()
        for cell, stale in asked:  # what called meanwhile is heard after this
            cell.expected, cell.awaiting_call, cell.left_to_user = stale, True, not automatic
            cell.calculated_at = ended
        return ended - let_in

    def _reenter(self, visit: ExcelSession, cell: LiveCell) -> None:
        """Enter a cell's formula once more, but only one of ours: what the user typed over it stays."""
        cell.formula = visit.formula(cell.ref)
        if called_in(cell.formula or ""):
            visit.reenter(cell.ref, cell.formula or "")

    def _escalate(self, program: ExcelProcess, visit: ExcelSession, cell: LiveCell, now: float) -> None:
        """A cell was to be calculated and did not call its function."""
        cell.awaiting_call, cell.expected = False, set()
        if cell.silent_since is None:
            cell.silent_since = cell.recalc_requested_at
        cell.formula = visit.formula(cell.ref)
        ours = bool(called_in(cell.formula or ""))
        if not ours:
            self._search_around(program, visit, cell, now)
        if cell.method is RecalcMethod.DIRTY:
            cell.method, cell.method_since, cell.stale_since = RecalcMethod.CALCULATE, now, now
        elif cell.method is RecalcMethod.CALCULATE and ours and _would_call(cell) and not self._sheet_responded(cell):
            cell.method, cell.stale_since = RecalcMethod.REENTER, now
        elif ours:
            _log.info("%s does not call its function now", cell.ref)
            self._registry.deactivate(cell)
        else:
            self._registry.remove(cell)

    def _sheet_responded(self, cell: LiveCell) -> bool:
        """Whether others on its sheet called meanwhile: then its formula does not call its function just now."""
        heeded_at = cell.process.last_response_at.get((cell.ref.book, cell.ref.sheet), -NEVER)
        return cell.silent_since is not None and heeded_at >= cell.silent_since

    def _check_manual_mode(self, program: ExcelProcess, visit: ExcelSession, now: float) -> None:
        """Cells that were left to the user are ours again when the program calculates by itself."""
        left = [cell for cell in program.cells.values() if cell.left_to_user]
        if left and program.manual_at + LIVENESS_INTERVAL <= now:
            program.manual_at = now
            if visit.calculates_automatically:
                for cell in left:
                    cell.left_to_user = cell.awaiting_call = False

    # ---- where cells are -----------------------------------------------------------------------------------

    def _check_visible(self, program: ExcelProcess, visit: ExcelSession, now: float) -> None:
        """Make sure that every job of which more is to come has a cell that shows it."""
        if program.checked_at + LIVENESS_INTERVAL > now:
            return
        program.checked_at = now
        for topic in self._registry.unsettled(program):
            for cell in self._registry.showing(topic, program):
                if self._still_exists(program, visit, cell, now):
                    if throttle.searching_is_cheap(program):
                        program.suspect_books.add(cell.ref.book)
                    break

    def _still_exists(self, program: ExcelProcess, visit: ExcelSession, cell: LiveCell, now: float) -> bool:
        """Whether a formula stands where the cell is known to be; it is calculated if it may be another one."""
        if program.cells.get(cell.ref) is not cell:
            return False  # a search, since, has seen that it is gone
        before, cell.formula = cell.formula, visit.formula(cell.ref)
        if cell.formula is None:
            self._search_around(program, visit, cell, now)
            return False
        if before is None or cell.ambiguous:
            cell.stale_since = cell.stale_since or now
        elif before not in (None, cell.formula):
            self._search_around(program, visit, cell, now)
        return True

    def _search_around(self, program: ExcelProcess, visit: ExcelSession, cell: LiveCell, now: float) -> None:
        """Where a known cell should be, it is not."""
        self._search(program, visit, cell.ref.book, now, anew=(cell.ref.sheet,))

    def _search(
        self, program: ExcelProcess, visit: ExcelSession, book: str, now: float, anew: Container[str] | None = None
    ) -> None:
        """Note anew where formulas of ours stand: cells are moved and removed, sheets and books are renamed.

        Args:
            program: where to search.
            visit: the present visit to it.
            book: in this book; in all, if it has another name now.
            now: the present moment.
            anew: the sheets whose known cells are calculated too, as are those with other formulas than before: each
                may be another one's now. None for all.
        """
        found = visit.formulas(book)
        if found is None:
            found, book, anew = visit.formulas(None) or {}, "", None
        moved: set[str] = set()
        for cell in list(program.cells.values()):
            gone = cell.ref not in found and book in ("", cell.ref.book)
            # What calls by way of a name has no function of ours in its text.
            if gone and not (cell.calls and visit.formula(cell.ref) is not None):
                self._registry.remove(cell)
                moved.add(cell.ref.sheet)
        known = {place: program.cells.get(place) for place in found}
        moved |= {
            place.sheet for place, cell in known.items() if cell is None or cell.formula not in (None, found[place])
        }
        for place, text in found.items():
            cell = known[place] or self._registry.found(program, place, text)
            cell.formula = text
            if cell.ambiguous:
                cell.stale_since = cell.stale_since or now
            if anew is None or place.sheet in anew or place.sheet in moved:
                cell.stale_since = cell.stale_since or now
                cell.awaiting_call, cell.left_to_user, cell.expected = False, False, set()

    # ---- when ----------------------------------------------------------------------------------------------

    def _times(self, program: ExcelProcess) -> Iterator[float]:
        """When there is something to do for a program."""
        if self._registry.unsettled(program):
            yield program.checked_at + LIVENESS_INTERVAL
        if not self._is_paused(program):
            yield from throttle.due_times(program)

    def _seconds_left(self) -> float | None:
        programs = self._registry.processes.values()
        times = [max(at, program.retry_at) for program in programs for at in self._times(program)]
        for topic, at in ((JOBS, self._ledger_due_at), (CREDITS, self._credits_at)):
            if at is not None and self._registry.shows(topic):
                times.append(at)
        soonest = min(times, default=NEVER)
        return None if soonest == NEVER else max(soonest - self.now(), 0.0)


def _would_call(cell: LiveCell) -> bool:
    """Whether a cell that is silent shows that its program did not calculate it.

    One whose formula has not called yet, since its book was opened, may hold its call behind a condition: then entering
    it would be of no use, and cost the user what could be undone.
    """
    return bool(cell.calls) or calls_always(cell.formula or "")


def _taken(message: Callable[[], object]) -> None:
    try:
        message()
    except Exception:
        _log.exception("live cells were told something unexpected")


_CATCH_UP: Final = 5.0
"""Seconds that the live cells' thread has to hear what was said before: it may be calculating a large block."""


class VisibleJobs:
    """Reads what the live cells know."""

    def __init__(self, live: CellUpdater) -> None:
        self._live = live

    def by_cell(self, window: int) -> Mapping[CellRef, frozenset[str]]:
        """The ids of the jobs that a program's cells show, cell by cell."""
        return {known.ref: frozenset(known.topics) - {JOBS, CREDITS} for known in self._live.cells(window)}

    def outdated(self, window: int) -> frozenset[CellRef]:
        """The cells of a program that show something that is no longer so."""
        return frozenset(known.ref for known in self._live.cells(window) if known.stale_since is not None)

    def catch_up(self) -> None:
        """Wait until what was said to the live cells before is heard."""
        heard = threading.Event()
        self._live.when_heard(heard.set)
        heard.wait(_CATCH_UP)
