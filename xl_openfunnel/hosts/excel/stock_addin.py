"""How xlwings reads the arguments that the wrappers of its own add-in pass.

Those pass ranges and the calling cell as Excel's objects, where ours pass values and a text. xlwings lets an argument
choose its reader, which has a method ``reader`` as its own have (`xlwings.conversion.framework.Accessor`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ... import log
from ...runtime.clock import SystemClock
from .ports import HostBusyError, HostError, HostGoneError

CALLER: Final = "Application.Caller"
"""The expression of VBA by which xlwings' generator passes the calling cell. Its own argument ``caller`` would leak a
reference to the cell with each call."""

_A1: Final = 1
"""xlA1, a style of addresses."""

_TIMEOUT: Final = 5.0
"""Seconds to wait for an Excel that is busy, in all calls for one argument. Excel waits for our answer meanwhile."""


@dataclass(frozen=True)
class Unreadable:
    """An argument that could not be read, and why."""

    reason: str


class RangeValues:
    """Reads a range as our wrappers' VBA does: unconverted, and cut at the last used cell.

    xlwings' own reader gives dates and currencies for numbers, and all million cells of ``A:A``.
    """

    @staticmethod
    def reader(_options: object) -> Callable[[Any], None]:
        return lambda context: _replace_range(context, _values)


class CallingCellText:
    """Reads the calling cell as the text that our wrappers pass; None where no cell calls."""

    @staticmethod
    def reader(_options: object) -> Callable[[Any], None]:
        return lambda context: _replace_range(context, _calling_cell)


def _replace_range(context: Any, read: Callable[[Any, Any], object]) -> None:
    """Set the value of xlwings' context to what a function reads of its range; any other value is kept."""
    if context.range is None:
        return
    from .com.dispatch import RetryingCaller  # Windows only

    _set_up_log()
    try:
        context.value = read(RetryingCaller(0, SystemClock(), _TIMEOUT), context.range.api._oleobj_)
    except (HostBusyError, HostError, HostGoneError):
        context.value = Unreadable("Excel is busy. Press Ctrl+Alt+F9 when it is not.")


@cache
def _set_up_log() -> None:
    """Our own server does so before all else; xlwings' server knows of no log of ours."""
    log.set_up()


def _values(call: Any, cells: Any) -> object:
    if call.get(cells, "CountLarge") == 1:
        return call.get(cells, "Value2")
    if call.get(call.get(cells, "Areas"), "Count") > 1:
        return Unreadable("Give one block of cells, not several.")
    height, width = (int(call.get(call.get(cells, name), "Count")) for name in ("Rows", "Columns"))
    used = call.get(call.get(cells, "Worksheet"), "UsedRange")
    height = min(height, _last(call, used, "Row", "Rows") - int(call.get(cells, "Row")) + 1)
    width = min(width, _last(call, used, "Column", "Columns") - int(call.get(cells, "Column")) + 1)
    return call.get(call.get(cells, "Resize", height, width), "Value2") if min(height, width) > 0 else None


def _last(call: Any, used: Any, first: str, parts: str) -> int:
    return int(call.get(used, first)) + int(call.get(call.get(used, parts), "Count")) - 1


def _calling_cell(call: Any, caller: Any) -> str:
    first = call.get(caller, "Cells", 1, 1)
    spills = call.get_optional(first, "HasSpill") is not None  # only an Excel with dynamic arrays has it
    window = call.get(call.get(first, "Application"), "Hwnd")
    address = call.get(first, "Address", True, True, _A1, True)
    return f"{int(window)} {'spill' if spills else 'nospill'} {address}"
