"""When live cells may ask a program for something, so that its user does not notice.

Nothing here asks: it reads and notes moments, all in seconds of the steady clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .registry import ExcelProcess, LiveCell

MIN_INTERVAL: Final = 2.0
"""Seconds between two calculations of a cell, and between two of the small cells together."""

BUDGET_DIVISOR: Final = 20
"""Of a program's time one part in so many is for small cells, and one for all large blocks together."""

MAX_BATCH_SECONDS: Final = 0.2
"""Seconds that small cells may take in one go: the program's user waits meanwhile, and has as long before the next."""

MAX_BURST_SECONDS: Final = 2.0
"""Seconds that small cells may take in turns until their share of the time is used up for a while."""

CALL_TIMEOUT: Final = 3.0
"""Seconds in which a cell that is to be calculated should call its function."""

LIVENESS_INTERVAL: Final = 20.0
"""Seconds after which a cell of a job that still runs is looked at again: with nobody to show it to, polling ends.
Also those after which a program is looked at again that calculates only when its user says so."""

SEARCH_BUDGET_DIVISOR: Final = 100
"""Of a program's time one part in so many is for searching books only because cells may have been moved unseen."""

MAX_CHARGED_SECONDS: Final = 5.0
"""Seconds that a calculation counts at the most, unless the one before it took as long: see `counted`."""

METHOD_RESET_INTERVAL: Final = 600.0
"""Seconds after which a cell that had to be calculated in a special way is tried in the plain way again."""

MIN_BACK_OFF: Final = 0.25
MAX_BACK_OFF: Final = 4.0
"""Seconds after which a busy program is tried again, at first and at last."""

NEVER: Final = float("inf")


def due_at(cell: LiveCell) -> float:
    """When something is to be done about a cell: it is to be calculated, or was to be and did not call."""
    program = cell.process
    if cell.left_to_user:
        return program.manual_at + LIVENESS_INTERVAL
    if cell.awaiting_call:
        return cell.recalc_requested_at + CALL_TIMEOUT
    if cell.expected:
        return cell.called_at
    if cell.stale_since is None:
        return NEVER
    return max(cell.recalc_requested_at + MIN_INTERVAL, program.large_at if cell.large else program.small_at)


def due(program: ExcelProcess, now: float) -> list[LiveCell]:
    """The cells for which there is something to do, those first that wait longest."""
    cells = [cell for cell in program.cells.values() if due_at(cell) <= now]
    return sorted(cells, key=lambda cell: cell.stale_since or now)


def due_times(program: ExcelProcess) -> Iterator[float]:
    """When there is something to do that changes what the program's user sees."""
    if program.unsearched_books:
        yield 0.0
    if program.suspect_books:
        yield program.search_at
    yield from map(due_at, program.cells.values())


def back_off(program: ExcelProcess, now: float) -> None:
    """It let nobody in: it is left alone for a while, and longer each time."""
    program.retry_delay = min(max(program.retry_delay * 2, MIN_BACK_OFF), MAX_BACK_OFF)
    program.retry_at = now + program.retry_delay


def searched(program: ExcelProcess, began: float, now: float) -> None:
    """Its doubted books were searched."""
    program.search_cost = now - began
    program.search_at = now + program.search_cost * (BUDGET_DIVISOR - 1)


def searching_is_cheap(program: ExcelProcess) -> bool:
    """Whether it can be searched each time that its cells are looked at."""
    return program.search_cost * SEARCH_BUDGET_DIVISOR <= LIVENESS_INTERVAL


def next_batch(program: ExcelProcess, small: Sequence[LiveCell]) -> Sequence[LiveCell]:
    """Of the small cells that are due those that are calculated in one go."""
    return small[: max(1, int(MAX_BATCH_SECONDS / program.small_cost))]


def small_calculated(
    program: ExcelProcess, cells: Sequence[LiveCell], seconds: float, now: float, *, more: bool
) -> None:
    """Small cells were calculated together; ``more`` of them are due."""
    cost = charged_cost(cells, seconds)
    program.small_cost = cost / len(cells) or program.small_cost
    program.small_taken += cost
    if more and program.small_taken < MAX_BURST_SECONDS:
        program.small_at = now + cost
    else:
        program.small_at = now + max(MIN_INTERVAL, program.small_taken * (BUDGET_DIVISOR - 1))
        program.small_taken = 0.0


def large_calculated(program: ExcelProcess, cell: LiveCell, seconds: float, now: float) -> None:
    """A large block was calculated."""
    program.large_at = now + charged_cost([cell], seconds) * (BUDGET_DIVISOR - 1)


def charged_cost(cells: Sequence[LiveCell], seconds: float) -> float:
    """What a calculation that took so many seconds cost the program's user.

    One that took long may have waited for the user, in front of a dialog for an hour, which is not to keep a block as
    it is for a day; COM does not tell. What waited that time does not wait as long the next time, while a block that
    is slow, or that much depends on, is slow each time. So seconds beyond `LONGEST` count when they come again, and
    then those of the first time too.
    """
    before, owed = max(cell.last_duration for cell in cells), max(cell.uncharged_seconds for cell in cells)
    believed = min(seconds, max(MAX_CHARGED_SECONDS, before))
    for cell in cells:
        cell.last_duration, cell.uncharged_seconds = seconds, seconds - believed
    return believed + min(owed, max(0.0, believed - MAX_CHARGED_SECONDS))
