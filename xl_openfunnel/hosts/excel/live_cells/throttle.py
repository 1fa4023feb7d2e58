"""Decides when live cells may ask an Excel for something, so that its user does not notice.

Nothing here calls Excel. All times are seconds of the monotonic clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ....runtime.clock import FOREVER
from .registry import MIN_INTERVAL, ExcelProcess, LiveCell

_MAX_INTERVAL: Final = 60.0
"""Seconds between two recalculations of a cell whose Excel comes to the front each time."""

BUDGET_DIVISOR: Final = 20
"""Small cells together may take one part in so many of Excel's time, and all large cells together another."""

MAX_BATCH_SECONDS: Final = 0.2
"""Seconds that small cells may take in one go: Excel's user waits for so long, and has as long before the next."""

MAX_BURST_SECONDS: Final = 2.0
"""Seconds that small cells may take in several goes, before they pause until their share of the time is paid."""

CALL_TIMEOUT: Final = 3.0
"""Seconds within which a cell should call its function after its recalculation was requested."""

LIVENESS_INTERVAL: Final = 20.0
"""Seconds after which it is checked again that a cell shows each job that runs: if none does, polling ends.
Also the seconds after which an Excel that calculates manually is checked again, and after which a cell that VBA's break
mode may keep from calling is calculated again."""

SEARCH_BUDGET_DIVISOR: Final = 100
"""Searching books only because cells may have been moved without a call may take one part in so many of the time."""

MAX_CHARGED_SECONDS: Final = 5.0
"""Seconds that a recalculation is charged at most, unless the one before it took as long: see `charged_cost`."""

METHOD_RESET_INTERVAL: Final = 600.0
"""Seconds after which a cell that needed another method is recalculated by the plain one again."""

MIN_BACK_OFF: Final = 0.25
MAX_BACK_OFF: Final = 4.0
"""Seconds after which a busy Excel is tried again, at first and at last."""


def due_at(cell: LiveCell) -> float:
    """When a cell needs attention: it is to be recalculated, or was to be and has not called."""
    process = cell.process
    if cell.left_to_user:
        return process.manual_at + LIVENESS_INTERVAL
    if cell.awaiting_call:
        return cell.recalc_requested_at + CALL_TIMEOUT
    if cell.expected:
        return cell.called_at
    if cell.stale_since is None:
        return FOREVER
    paid_at = process.large_at if cell.large else process.small_at
    return max(cell.recalc_requested_at + process.min_interval, paid_at, cell.not_before)


def due(process: ExcelProcess, now: float) -> list[LiveCell]:
    """The cells that need attention now, those that have waited longest first."""
    cells = [cell for cell in process.cells.values() if due_at(cell) <= now]
    return sorted(cells, key=lambda cell: cell.stale_since or now)


def due_times(process: ExcelProcess) -> Iterator[float]:
    """When there is something to do that Excel's user may notice."""
    if process.unsearched_books:
        yield 0.0
    if process.suspect_books:
        yield process.search_at
    yield from map(due_at, process.cells.values())


def back_off(process: ExcelProcess, now: float) -> None:
    """Excel was busy: leave it alone for a while, and for longer each time."""
    process.retry_delay = min(max(process.retry_delay * 2, MIN_BACK_OFF), MAX_BACK_OFF)
    process.retry_at = now + process.retry_delay


def recalculated(process: ExcelProcess, *, came_to_front: bool) -> None:
    """Recalculate less often an Excel that its recalculation puts in front of what its user works with.

    Some do so whenever a function is called (https://github.com/xlwings/xlwings/issues/486).
    """
    longer = min(process.min_interval * 2, _MAX_INTERVAL)
    process.min_interval = longer if came_to_front else MIN_INTERVAL


def searched(process: ExcelProcess, began: float, now: float) -> None:
    """Charge a search of the suspect books."""
    process.search_cost = now - began
    process.search_at = now + process.search_cost * (BUDGET_DIVISOR - 1)


def searching_is_cheap(process: ExcelProcess) -> bool:
    """Whether its books can be searched each time its cells are checked."""
    return process.search_cost * SEARCH_BUDGET_DIVISOR <= LIVENESS_INTERVAL


def next_batch(process: ExcelProcess, small: Sequence[LiveCell]) -> Sequence[LiveCell]:
    """Those of the small cells that are recalculated in one go."""
    return small[: max(1, int(MAX_BATCH_SECONDS / process.small_cost))]


def small_calculated(
    process: ExcelProcess, cells: Sequence[LiveCell], seconds: float, now: float, *, more: bool
) -> None:
    """Charge a batch of small cells; ``more`` of them are due."""
    cost = charged_cost(cells, seconds)
    process.small_cost = cost / len(cells) or process.small_cost
    process.small_seconds += cost
    if more and process.small_seconds < MAX_BURST_SECONDS:
        process.small_at = now + cost
    else:
        process.small_at = now + max(process.min_interval, process.small_seconds * (BUDGET_DIVISOR - 1))
        process.small_seconds = 0.0


def large_calculated(process: ExcelProcess, cell: LiveCell, seconds: float, now: float) -> None:
    """Charge a large cell."""
    process.large_at = now + charged_cost([cell], seconds) * (BUDGET_DIVISOR - 1)


def charged_cost(cells: Sequence[LiveCell], seconds: float) -> float:
    """The seconds to charge for a recalculation that took ``seconds``.

    A slow one may have waited for the user, such as in front of a dialog for an hour, and COM does not tell; that must
    not stop a block's updates for a day. A dialog is gone the next time, while a block that is slow, or that much
    depends on, is slow each time. So seconds beyond `MAX_CHARGED_SECONDS` are charged when they come again, and those
    of the first time with them.
    """
    before, uncharged = max(cell.last_duration for cell in cells), max(cell.uncharged_seconds for cell in cells)
    charged = min(seconds, max(MAX_CHARGED_SECONDS, before))
    for cell in cells:
        cell.last_duration, cell.uncharged_seconds = seconds, seconds - charged
    return charged + min(uncharged, max(0.0, charged - MAX_CHARGED_SECONDS))
