"""Finds out where the cells with our formulas are: cells are moved and removed, sheets and books are renamed."""

from __future__ import annotations

from collections.abc import Container

from ..ports import ExcelSession
from . import throttle
from .registry import CellRegistry, ExcelProcess, LiveCell


def check_visible(registry: CellRegistry, process: ExcelProcess, excel: ExcelSession, now: float) -> None:
    """Check from time to time that every job from which more is to come still has a cell that shows it.

    Jobs without one lose their subscription, so they are no longer polled.
    """
    if process.checked_at + throttle.LIVENESS_INTERVAL > now:
        return
    process.checked_at = now
    for job_id in registry.unsettled(process):
        for cell in registry.showing(job_id, process):
            if still_exists(registry, cell, excel, now):
                if throttle.searching_is_cheap(process):
                    process.suspect_books.add(cell.ref.book)
                break


def still_exists(registry: CellRegistry, cell: LiveCell, excel: ExcelSession, now: float) -> bool:
    """Whether a formula stands where the cell is known to be.

    If it may be another formula than before, the cell is to be recalculated.
    """
    if cell.process.cells.get(cell.ref) is not cell:
        return False  # a search has removed it since
    before, cell.formula = cell.formula, excel.formula(cell.ref)
    if cell.formula is None:
        search_around(registry, cell, excel, now)
        return False
    if before is None or cell.ambiguous:
        cell.stale_since = cell.stale_since or now
    elif before != cell.formula:
        search_around(registry, cell, excel, now)
    return True


def search_around(registry: CellRegistry, cell: LiveCell, excel: ExcelSession, now: float) -> None:
    """Search the book of a cell that is not where it should be, and recalculate the cells of its sheet."""
    search_book(registry, cell.process, excel, cell.ref.book, now, recalculate=(cell.ref.sheet,))


def search_book(
    registry: CellRegistry,
    process: ExcelProcess,
    excel: ExcelSession,
    book: str,
    now: float,
    recalculate: Container[str] | None = None,
) -> None:
    """Update the registry with the places where formulas of ours stand now.

    If the book has another name by now, or is `""`, all books are searched. Sheets whose formulas have changed are
    recalculated, and those of ``recalculate`` (None for all), because each of their known cells may be another one now.
    """
    found = excel.formulas(book) if book else None
    if found is None:
        found, book, recalculate = excel.formulas(None) or {}, "", None
    changed_sheets: set[str] = set()
    for cell in list(process.cells.values()):
        gone = cell.ref not in found and book in ("", cell.ref.book)
        # A formula that calls by way of a defined name does not contain the name of a function of ours.
        if gone and not (cell.calls and excel.formula(cell.ref) is not None):
            registry.remove(cell)
            changed_sheets.add(cell.ref.sheet)
    known = {ref: process.cells.get(ref) for ref in found}
    changed_sheets |= {
        ref.sheet for ref, cell in known.items() if cell is None or cell.formula not in (None, found[ref])
    }
    for ref, formula in found.items():
        cell = known[ref] or registry.add_found(process, ref, formula)
        cell.formula = formula
        if cell.ambiguous:
            cell.stale_since = cell.stale_since or now
        if recalculate is None or ref.sheet in recalculate or ref.sheet in changed_sheets:
            cell.stale_since = cell.stale_since or now
            cell.awaiting_call, cell.left_to_user, cell.expected = False, False, set()
