"""Cells that keep themselves up to date.

Every call from a cell is noted with what it saw. When it would see something else, the cell's program is asked to
calculate the cell again, which calls the function again. One thread does the asking; it holds nothing of the program
between two visits, and no lock while it asks, since the program calls us right back.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from typing import Final

from ...functions.catalog import called_in, calls_always
from ...functions.context import CREDITS, JOBS, Dependency
from ...functions.credits import MAX_AGE
from ...jobs.snapshot import Snapshot
from ...runtime.clock import Clock, LoopEvent
from ..places import Place
from ..sheets import HostBusyError, HostGoneError, Sheets, Visit
from . import pace
from .pace import BETTER, EXISTENCE, NEVER
from .shown import Cell, Follow, Program, Shown, Way

_log = logging.getLogger(__name__)

_ABSENT: Final = 3
"""So often in a row a program has nothing open before it is believed: windows come and go while books are opened."""

_NOTING: Final = 2.0
"""Seconds after which the list of jobs has what a job's answer changed."""


class LiveCells:
    """Keeps the cells of all programs up to date.

    Args:
        follow: the fetcher's ``subscribe``.
        sheets: reaches the programs.
        clock: what time is and how to wait.
    """

    def __init__(self, follow: Follow, sheets: Sheets, clock: Clock) -> None:
        self._sheets = sheets
        self._clock = clock
        self._inbox: queue.SimpleQueue[LoopEvent] = queue.SimpleQueue()
        self._shown = Shown(follow, lambda snapshot: self._inbox.put(lambda: self._changed(snapshot)))
        self._paused: set[int] = set()
        self._noted_at: float | None = None
        self._credits_at: float | None = None
        self._closed = False

    # ---- on any thread -------------------------------------------------------------------------------------

    def now(self) -> float:
        """The present moment, for `called`."""
        return self._clock.monotonic()

    def called(
        self, window: int, place: Place, call: Hashable, seen: Mapping[str, Dependency], *, large: bool, began: float
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
        number = self._sheets.program(window)
        if number is not None:
            at = self.now()
            self._inbox.put(lambda: self._shown.called(number, place, call, seen, large=large, began=began, at=at))

    def opened(self, window: int, book: str) -> None:
        """A book was opened: what its cells showed when it was saved may no longer be so."""
        number = self._sheets.program(window)
        if number is not None:
            self._inbox.put(lambda: self._shown.program(number, self.now()).opened.update({book: None}))

    def pause(self, window: int, *, paused: bool) -> None:
        """The user wants cells to stay as they are for now, or to be live again."""
        number = self._sheets.program(window)
        if number is not None:
            self._inbox.put(lambda: self._paused.add(number) if paused else self._paused.discard(number))

    def moved(self, topic: str) -> None:
        """Something that cells show may have changed."""
        self._inbox.put(lambda: self._shown.moved(topic, self.now()))

    def cells(self, window: int) -> list[Cell]:
        """What is known of a program's cells, to read: what their thread learns it puts in place of what it knew."""
        number = self._sheets.program(window)
        program = None if number is None else self._shown.programs.get(number)
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
        for program in list(self._shown.programs.values()):
            self._serve(program)
        self._hear()  # what was calculated called meanwhile
        return self._seconds_left()

    def _hear(self) -> None:
        """All that was said since."""
        with contextlib.suppress(queue.Empty):
            while said := self._inbox.get_nowait():
                _taken(said)
        now = self.now()
        if self._noted_at is not None and now >= self._noted_at:
            self._noted_at = None
            self._shown.moved(JOBS, now)
        if self._credits_at is not None and now >= self._credits_at:
            self._credits_at = None
            self._shown.moved(CREDITS, now)

    def _changed(self, snapshot: Snapshot) -> None:
        now = self.now()
        if self._shown.changed(snapshot, now):
            if self._noted_at is None:
                self._noted_at = now + _NOTING
            if snapshot.settled:  # it was billed; the balance is asked for anew if the last answer is old enough
                self._shown.moved(CREDITS, now)
                self._credits_at = now + MAX_AGE

    # ---- what programs are asked for -----------------------------------------------------------------------

    def _serve(self, program: Program) -> None:
        now = self.now()
        if now < program.free_at or all(at > now for at in self._times(program)):
            return
        try:
            with self._sheets.visit(program.number) as visit:
                self._look_after(program, visit, now)
                if not self._is_paused(program):
                    self._work(program, visit, now)
        except HostGoneError:
            program.absent += 1
            if program.absent >= _ABSENT:
                self._shown.end(program)
            else:
                pace.come_again(program, self.now())
        except HostBusyError:
            pace.come_again(program, self.now())
        except Exception:
            _log.exception("live cells met something unexpected")
            pace.come_again(program, self.now())
        else:
            program.delay, program.absent = 0.0, 0

    def _is_paused(self, program: Program) -> bool:
        return program.number in self._paused

    def _work(self, program: Program, visit: Visit, now: float) -> None:
        """Everything that may change what the program's user sees."""
        if all(at > now for at in pace.times(program)):
            return
        if not visit.free:
            raise HostBusyError
        while program.opened:
            book = next(iter(program.opened))
            self._search(program, visit, book, now)
            del program.opened[book]
        if program.doubted and program.search_at <= now:
            while program.doubted:
                self._search(program, visit, program.doubted.pop(), now, anew=())
            pace.searched(program, now, self.now())
        self._see_to_manual(program, visit, now)
        for cell in pace.due(program, now):
            if program.cells.get(cell.place) is not cell:
                continue  # a search, since, has seen that it is gone
            if cell.awaited:
                self._try_otherwise(program, visit, cell, now)
            elif cell.expected:  # it called, but for other things: another formula stands there now
                cell.expected = set()
                self._search_around(program, visit, cell, now)
        due = pace.due(program, now)
        if small := [cell for cell in due if not cell.large]:
            turn = pace.turn(program, small)
            taken = self._calculate(program, visit, turn)
            pace.small_calculated(program, turn, taken, self.now(), more=len(turn) < len(small))
        if large := [cell for cell in due if cell.large]:
            taken = self._calculate(program, visit, large[:1])
            pace.large_calculated(program, large[0], taken, self.now())

    def _calculate(self, program: Program, visit: Visit, cells: Sequence[Cell]) -> float:
        """Have cells calculated; gives the seconds that it took, without those that the program was not there."""
        begun = self.now()
        automatic = visit.automatic
        if not automatic:  # else those are missed when they do not call
            program.manual_at = begun
            cells = [cell for cell in cells if self._is_there(program, visit, cell, begun)]
        asked = [(cell, cell.stale) for cell in cells]
        with visit.unnoticed():
            if not visit.free:  # not any more: its user copies since, which a calculation ends
                raise HostBusyError
            for cell in cells:
                cell.asked_at = begun
                if begun - cell.way_since > BETTER:
                    cell.way = Way.MARK
            let_in = self.now()
            visit.mark(cell.place for cell in cells if cell.way is Way.MARK or not automatic)
            for cell in cells if automatic else ():
                if cell.way is Way.ALONE:
                    visit.calculate_cell(cell.place)
                elif cell.way is Way.ENTER:
                    self._enter(visit, cell)
            if automatic:
                visit.calculate()
            ended = self.now()
        for cell, stale in asked:  # what called meanwhile is heard after this
            cell.expected, cell.awaited, cell.by_user = stale, True, not automatic
            cell.calculated_at = ended
        return ended - let_in

    def _enter(self, visit: Visit, cell: Cell) -> None:
        """Enter a cell's formula once more, but only one of ours: what the user typed over it stays."""
        cell.text = visit.formula(cell.place)
        if called_in(cell.text or ""):
            visit.enter(cell.place, cell.text or "")

    def _try_otherwise(self, program: Program, visit: Visit, cell: Cell, now: float) -> None:
        """A cell was to be calculated and did not call its function."""
        cell.awaited, cell.expected = False, set()
        if cell.silent_since is None:
            cell.silent_since = cell.asked_at
        cell.text = visit.formula(cell.place)
        ours = bool(called_in(cell.text or ""))
        if not ours:
            self._search_around(program, visit, cell, now)
        if cell.way is Way.MARK:
            cell.way, cell.way_since, cell.waits = Way.ALONE, now, now
        elif cell.way is Way.ALONE and ours and _would_call(cell) and not self._heeds(cell):
            cell.way, cell.waits = Way.ENTER, now
        elif ours:
            _log.info("%s does not call its function now", cell.place)
            self._shown.rest(cell)
        else:
            self._shown.drop(cell)

    def _heeds(self, cell: Cell) -> bool:
        """Whether others on its sheet called meanwhile: then its formula does not call its function just now."""
        heeded_at = cell.program.heeded_at.get((cell.place.book, cell.place.sheet), -NEVER)
        return cell.silent_since is not None and heeded_at >= cell.silent_since

    def _see_to_manual(self, program: Program, visit: Visit, now: float) -> None:
        """Cells that were left to the user are ours again when the program calculates by itself."""
        left = [cell for cell in program.cells.values() if cell.by_user]
        if left and program.manual_at + EXISTENCE <= now:
            program.manual_at = now
            if visit.automatic:
                for cell in left:
                    cell.by_user = cell.awaited = False

    # ---- where cells are -----------------------------------------------------------------------------------

    def _look_after(self, program: Program, visit: Visit, now: float) -> None:
        """Make sure that every job of which more is to come has a cell that shows it."""
        if program.looked_at + EXISTENCE > now:
            return
        program.looked_at = now
        for topic in self._shown.unsettled(program):
            for cell in self._shown.showing(topic, program):
                if self._is_there(program, visit, cell, now):
                    if pace.searching_is_cheap(program):
                        program.doubted.add(cell.place.book)
                    break

    def _is_there(self, program: Program, visit: Visit, cell: Cell, now: float) -> bool:
        """Whether a formula stands where the cell is known to be; it is calculated if it may be another one."""
        if program.cells.get(cell.place) is not cell:
            return False  # a search, since, has seen that it is gone
        before, cell.text = cell.text, visit.formula(cell.place)
        if cell.text is None:
            self._search_around(program, visit, cell, now)
            return False
        if before is None or cell.mixed:
            cell.waits = cell.waits or now
        elif before not in (None, cell.text):
            self._search_around(program, visit, cell, now)
        return True

    def _search_around(self, program: Program, visit: Visit, cell: Cell, now: float) -> None:
        """Where a known cell should be, it is not."""
        self._search(program, visit, cell.place.book, now, anew=(cell.place.sheet,))

    def _search(
        self, program: Program, visit: Visit, book: str, now: float, anew: Container[str] | None = None
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
            gone = cell.place not in found and book in ("", cell.place.book)
            # What calls by way of a name has no function of ours in its text.
            if gone and not (cell.calls and visit.formula(cell.place) is not None):
                self._shown.drop(cell)
                moved.add(cell.place.sheet)
        known = {place: program.cells.get(place) for place in found}
        moved |= {place.sheet for place, cell in known.items() if cell is None or cell.text not in (None, found[place])}
        for place, text in found.items():
            cell = known[place] or self._shown.found(program, place, text)
            cell.text = text
            if cell.mixed:
                cell.waits = cell.waits or now
            if anew is None or place.sheet in anew or place.sheet in moved:
                cell.waits = cell.waits or now
                cell.awaited, cell.by_user, cell.expected = False, False, set()

    # ---- when ----------------------------------------------------------------------------------------------

    def _times(self, program: Program) -> Iterator[float]:
        """When there is something to do for a program."""
        if self._shown.unsettled(program):
            yield program.looked_at + EXISTENCE
        if not self._is_paused(program):
            yield from pace.times(program)

    def _seconds_left(self) -> float | None:
        programs = self._shown.programs.values()
        times = [max(at, program.free_at) for program in programs for at in self._times(program)]
        for topic, at in ((JOBS, self._noted_at), (CREDITS, self._credits_at)):
            if at is not None and self._shown.shows(topic):
                times.append(at)
        soonest = min(times, default=NEVER)
        return None if soonest == NEVER else max(soonest - self.now(), 0.0)


def _would_call(cell: Cell) -> bool:
    """Whether a cell that is silent shows that its program did not calculate it.

    One whose formula has not called yet, since its book was opened, may hold its call behind a condition: then entering
    it would be of no use, and cost the user what could be undone.
    """
    return bool(cell.calls) or calls_always(cell.text or "")


def _taken(message: Callable[[], object]) -> None:
    try:
        message()
    except Exception:
        _log.exception("live cells were told something unexpected")
