"""Why a cell that was to be recalculated has not called its function."""

from __future__ import annotations

from typing import Final

from ....functions.catalog import calls_always
from ....runtime.clock import FOREVER
from .registry import LiveCell

BREAK_MODE_PATIENCE: Final = 3600.0
"""Seconds for which a cell that shows #VALUE! is calculated again and again."""


def sheet_responded(cell: LiveCell) -> bool:
    """Whether other cells on its sheet have called on request: then its formula does not reach its function now."""
    return cell.silent_since is not None and _last_response_at(cell) >= cell.silent_since


def may_be_in_break_mode(cell: LiveCell, now: float) -> bool:
    """Whether a cell that shows #VALUE! may do so because VBA is in break mode, where no function is called.

    Not if VBA ran when the cell was last calculated, as a call from its sheet shows; nor for ever.
    """
    silent_since = now if cell.silent_since is None else cell.silent_since
    ran = silent_since <= _last_response_at(cell) < cell.recalc_requested_at
    return not ran and now - silent_since < BREAK_MODE_PATIENCE


def would_call(cell: LiveCell) -> bool:
    """Whether the silence of a cell shows that Excel did not recalculate it.

    A formula that has not called since its book was opened may have its call behind a condition: to enter it again
    would be of no use, and would cost the user what could be undone.
    """
    return bool(cell.calls) or calls_always(cell.formula or "")


def _last_response_at(cell: LiveCell) -> float:
    return cell.process.last_response_at.get((cell.ref.book, cell.ref.sheet), -FOREVER)
