"""When live cells may ask a program for something, so that its user does not notice.

Nothing here asks: it reads and notes moments, all in seconds of the steady clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .shown import Cell, Program

APART: Final = 2.0
"""Seconds between two calculations of a cell, and between two of the small cells together."""

SHARE: Final = 20
"""Of a program's time one part in so many is for small cells, and one for all large blocks together."""

TURN: Final = 0.2
"""Seconds that small cells may take in one go: the program's user waits meanwhile, and has as long before the next."""

ROUND: Final = 2.0
"""Seconds that small cells may take in turns until their share of the time is used up for a while."""

PATIENCE: Final = 3.0
"""Seconds in which a cell that is to be calculated should call its function."""

EXISTENCE: Final = 20.0
"""Seconds after which a cell of a job that still runs is looked at again: with nobody to show it to, polling ends.
Also those after which a program is looked at again that calculates only when its user says so."""

SEARCHING: Final = 100
"""Of a program's time one part in so many is for searching books only because cells may have been moved unseen."""

LONGEST: Final = 5.0
"""Seconds that a calculation counts at the most, unless the one before it took as long: see `counted`."""

BETTER: Final = 600.0
"""Seconds after which a cell that had to be calculated in a special way is tried in the plain way again."""

SOONEST: Final = 0.25
LATEST: Final = 4.0
"""Seconds after which a busy program is tried again, at first and at last."""

NEVER: Final = float("inf")


def due_at(cell: Cell) -> float:
    """When something is to be done about a cell: it is to be calculated, or was to be and did not call."""
    program = cell.program
    if cell.by_user:
        return program.manual_at + EXISTENCE
    if cell.awaited:
        return cell.asked_at + PATIENCE
    if cell.expected:
        return cell.called_at
    if cell.waits is None:
        return NEVER
    return max(cell.asked_at + APART, program.large_at if cell.large else program.small_at)


def due(program: Program, now: float) -> list[Cell]:
    """The cells for which there is something to do, those first that wait longest."""
    cells = [cell for cell in program.cells.values() if due_at(cell) <= now]
    return sorted(cells, key=lambda cell: cell.waits or now)


def times(program: Program) -> Iterator[float]:
    """When there is something to do that changes what the program's user sees."""
    if program.opened:
        yield 0.0
    if program.doubted:
        yield program.search_at
    yield from map(due_at, program.cells.values())


def come_again(program: Program, now: float) -> None:
    """It let nobody in: it is left alone for a while, and longer each time."""
    program.delay = min(max(program.delay * 2, SOONEST), LATEST)
    program.free_at = now + program.delay


def searched(program: Program, began: float, now: float) -> None:
    """Its doubted books were searched."""
    program.search_cost = now - began
    program.search_at = now + program.search_cost * (SHARE - 1)


def searching_is_cheap(program: Program) -> bool:
    """Whether it can be searched each time that its cells are looked at."""
    return program.search_cost * SEARCHING <= EXISTENCE


def turn(program: Program, small: Sequence[Cell]) -> Sequence[Cell]:
    """Of the small cells that are due those that are calculated in one go."""
    return small[: max(1, int(TURN / program.small_cost))]


def small_calculated(program: Program, cells: Sequence[Cell], seconds: float, now: float, *, more: bool) -> None:
    """Small cells were calculated together; ``more`` of them are due."""
    cost = counted(cells, seconds)
    program.small_cost = cost / len(cells) or program.small_cost
    program.small_taken += cost
    if more and program.small_taken < ROUND:
        program.small_at = now + cost
    else:
        program.small_at = now + max(APART, program.small_taken * (SHARE - 1))
        program.small_taken = 0.0


def large_calculated(program: Program, cell: Cell, seconds: float, now: float) -> None:
    """A large block was calculated."""
    program.large_at = now + counted([cell], seconds) * (SHARE - 1)


def counted(cells: Sequence[Cell], seconds: float) -> float:
    """What a calculation that took so many seconds cost the program's user.

    One that took long may have waited for the user, in front of a dialog for an hour, which is not to keep a block as
    it is for a day; COM does not tell. What waited that time does not wait as long the next time, while a block that
    is slow, or that much depends on, is slow each time. So seconds beyond `LONGEST` count when they come again, and
    then those of the first time too.
    """
    before, owed = max(cell.took for cell in cells), max(cell.owed for cell in cells)
    believed = min(seconds, max(LONGEST, before))
    for cell in cells:
        cell.took, cell.owed = seconds, seconds - believed
    return believed + min(owed, max(0.0, believed - LONGEST))
