"""Cells that keep themselves up to date.

Every call from a cell is noted with what it saw. When it would see something else, the cell's program is asked to
calculate the cell again, which calls the function again. One thread does the asking; it holds nothing of the program
between two visits, and no lock while it asks, since the program calls us right back.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Hashable, Iterator, Mapping
from typing import Final

from ..functions.catalog import called_in
from ..functions.look import CREDITS, JOBS, Seen
from ..jobs.clock import Clock, Message
from ..jobs.snapshot import Snapshot
from .places import Place
from .sheets import Busy, NoBooks, Sheets, Visit
from .shown import Cell, Follow, Program, Shown, Way

_log = logging.getLogger(__name__)

APART: Final = 2.0
"""Seconds between two calculations of a cell, and between two of the small cells together."""

SHARE: Final = 20
"""Of a program's time one part in so many is for small cells, and one for all large blocks together."""

PATIENCE: Final = 3.0
"""Seconds in which a cell that is to be calculated should call its function."""

EXISTENCE: Final = 20.0
"""Seconds after which a cell of a job that still runs is looked at again: with nobody to show it to, polling ends."""

SOONEST: Final = 0.25
LATEST: Final = 4.0
"""Seconds after which a busy program is tried again, at first and at last."""

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
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._shown = Shown(follow, lambda snapshot: self._inbox.put(lambda: self._changed(snapshot)))
        self._noted_at: float | None = None
        self._closed = False

    # ---- on any thread -------------------------------------------------------------------------------------

    def called(self, window: int, place: Place, call: Hashable, seen: Mapping[str, Seen], *, large: bool) -> None:
        """A cell called a function.

        Args:
            window: a window of the cell's program.
            place: the cell.
            call: which call it is, when a formula has several.
            seen: what the call saw.
            large: whether its answer may be large.
        """
        number = self._sheets.program(window)
        if number is not None:
            at = self._clock.monotonic()
            self._inbox.put(lambda: self._shown.called(number, place, call, seen, large=large, at=at))

    def opened(self, window: int, book: str) -> None:
        """A book was opened: what its cells showed when it was saved may no longer be so."""
        number = self._sheets.program(window)
        if number is not None:
            self._inbox.put(lambda: self._shown.program(number).opened.append(book))

    def pause(self, window: int, *, paused: bool) -> None:
        """The user wants cells to stay as they are for now, or to be live again."""
        number = self._sheets.program(window)
        if number is not None:
            self._inbox.put(lambda: setattr(self._shown.program(number), "paused", paused))

    def moved(self, topic: str) -> None:
        """Something that cells show may have changed."""
        self._inbox.put(lambda: self._shown.moved(topic, self._clock.monotonic()))

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

    def step(self, message: Message = None) -> float | None:
        """Do what is to be done now; gives the seconds until there is more, None if nothing is foreseen."""
        try:
            self._hear(message)
            for program in list(self._shown.programs.values()):
                self._serve(program)
            self._hear(None)  # what was calculated called meanwhile
        except Exception:
            _log.exception("live cells met something unexpected")
            return LATEST
        return self._seconds_left()

    def _hear(self, message: Message) -> None:
        """All that was said since."""
        if message is not None:
            message()
        with contextlib.suppress(queue.Empty):
            while said := self._inbox.get_nowait():
                said()
        now = self._clock.monotonic()
        if self._noted_at is not None and now >= self._noted_at:
            self._noted_at = None
            self._shown.moved(JOBS, now)

    def _changed(self, snapshot: Snapshot) -> None:
        now = self._clock.monotonic()
        if self._shown.changed(snapshot, now):
            self._noted_at = now + _NOTING
            if snapshot.settled:
                self._shown.moved(CREDITS, now)

    # ---- what programs are asked for -----------------------------------------------------------------------

    def _serve(self, program: Program) -> None:
        now = self._clock.monotonic()
        if now < program.free_at or all(at > now for at in self._times(program)):
            return
        try:
            with self._sheets.visit(program.number) as visit:
                self._look_after(program, visit, now)
                if not program.paused:
                    self._work(program, visit, now)
        except Busy:
            program.delay = min(max(program.delay * 2, SOONEST), LATEST)
            program.free_at = self._clock.monotonic() + program.delay
        except NoBooks:
            self._shown.end(program)
        else:
            program.delay = 0.0

    def _work(self, program: Program, visit: Visit, now: float) -> None:
        """Everything that may change what the program's user sees."""
        if all(at > now for at in self._times_of_work(program)):
            return
        if not visit.free:
            raise Busy
        while program.opened:
            self._search(program, visit, program.opened[0], None, now, anew=True)
            program.opened.pop(0)
        for cell in [cell for cell in program.cells.values() if cell.awaited and _due(cell, program) <= now]:
            self._try_otherwise(program, visit, cell, now)
        due = [cell for cell in program.cells.values() if _due(cell, program) <= now]
        if small := [cell for cell in due if not cell.large]:
            taken = self._calculate(program, visit, small)
            program.small_at = self._clock.monotonic() + max(APART, taken * (SHARE - 1))
        if large := [cell for cell in due if cell.large]:
            taken = self._calculate(program, visit, [min(large, key=lambda cell: cell.waits or now)])
            program.large_at = self._clock.monotonic() + taken * (SHARE - 1)

    def _calculate(self, program: Program, visit: Visit, cells: list[Cell]) -> float:
        """Have cells calculated; gives the seconds that it took."""
        begun = self._clock.monotonic()
        for cell in cells:
            cell.asked_at = begun
        with visit.unnoticed():
            asked = [cell for cell in cells if cell.way is not Way.ENTER]
            visit.mark(cell.place for cell in asked)
            asked += [cell for cell in cells if cell.way is Way.ENTER and self._enter(program, visit, cell, begun)]
            automatic = visit.automatic
            if automatic:
                visit.calculate()
        for cell in asked:
            cell.awaited, cell.by_user = True, not automatic
        return self._clock.monotonic() - begun

    def _enter(self, program: Program, visit: Visit, cell: Cell, now: float) -> bool:
        """Enter a cell's formula once more, but only if it is what it was: what the user typed stays."""
        before, cell.text = cell.text, visit.formula(cell.place)
        if cell.text is None or not called_in(cell.text):
            self._search(program, visit, cell.place.book, cell.place.sheet, now, anew=True)
        elif before in (None, cell.text):
            visit.enter(cell.place, cell.text)
            cell.entered = True
            return True
        return False

    def _try_otherwise(self, program: Program, visit: Visit, cell: Cell, now: float) -> None:
        """A cell was to be calculated and did not call its function."""
        if not cell.awaited or program.cells.get(cell.place) is not cell:
            return  # a search, since, has found it or seen that it is gone
        cell.awaited = False
        if cell.way is Way.MARK:
            self._search(program, visit, cell.place.book, cell.place.sheet, now, anew=True)
        elif cell.way is Way.MARK_FOUND:
            cell.way, cell.waits = Way.ENTER, now
        else:
            _log.info("%s does not call its function any more", cell.place)
            self._shown.drop(cell)

    # ---- where cells are -----------------------------------------------------------------------------------

    def _look_after(self, program: Program, visit: Visit, now: float) -> None:
        """Make sure that every job of which more is to come has a cell that shows it."""
        searched: set[tuple[str, str]] = set()
        for topic in [topic for topic, at in self._shown.unsettled(program) if at + EXISTENCE <= now]:
            for cell in self._shown.showing(topic, program):
                place = cell.place
                if (place.book, place.sheet) not in searched:
                    if called_in(visit.formula(place) or ""):
                        break
                    self._search(program, visit, place.book, place.sheet, now, anew=True)
                    searched.add((place.book, place.sheet))
                if program.cells.get(place) is cell:
                    break
            if topic in program.looked_at:
                program.looked_at[topic] = now

    def _search(
        self, program: Program, visit: Visit, book: str | None, sheet: str | None, now: float, *, anew: bool
    ) -> None:
        """Note anew where formulas of ours stand: cells are moved and removed, sheets and books are renamed.

        Args:
            program: where to search.
            visit: the present visit to it.
            book: in this book only.
            sheet: in this sheet only.
            now: the present moment.
            anew: whether known cells are calculated again too, since each may be another one's now.
        """
        found = visit.formulas(book, sheet)
        for cell in list(program.cells.values()):
            searched = book in (None, cell.place.book) and sheet in (None, cell.place.sheet)
            if searched and (found is None or cell.place not in found):
                self._shown.drop(cell)
        if found is None and book is not None:  # it may have another name now
            self._search(program, visit, book if sheet is not None else None, None, now, anew=False)
        for place, text in (found or {}).items():
            known = program.cells.get(place)
            if known is None:
                large = any(function.large for function in called_in(text))
                known = program.cells[place] = Cell(program, place, large)
            elif not anew:
                continue
            known.way, known.text = max(known.way, Way.MARK_FOUND), text
            known.waits, known.awaited = now, False

    # ---- when ----------------------------------------------------------------------------------------------

    def _times(self, program: Program) -> Iterator[float]:
        """When there is something to do for a program."""
        for _, at in self._shown.unsettled(program):
            yield at + EXISTENCE
        yield from self._times_of_work(program)

    def _times_of_work(self, program: Program) -> Iterator[float]:
        if not program.paused:
            if program.opened:
                yield 0.0
            yield from (_due(cell, program) for cell in program.cells.values())

    def _seconds_left(self) -> float | None:
        programs = self._shown.programs.values()
        times = [max(at, program.free_at) for program in programs for at in self._times(program)]
        if self._noted_at is not None and self._shown.shows(JOBS):
            times.append(self._noted_at)
        soonest = min(times, default=_NEVER)
        return None if soonest == _NEVER else max(soonest - self._clock.monotonic(), 0.0)


_NEVER: Final = float("inf")


def _due(cell: Cell, program: Program) -> float:
    """When something is to be done about a cell: it is to be calculated, or was to be and did not call."""
    if cell.awaited:
        return _NEVER if cell.by_user else cell.asked_at + PATIENCE
    if cell.waits is None:
        return _NEVER
    return max(cell.asked_at + APART, program.large_at if cell.large else program.small_at)
