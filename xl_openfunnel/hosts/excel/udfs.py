"""The OF_ functions for Excel, as user-defined functions of xlwings.

They are called by the VBA wrappers through xlwings' COM server, with plain values and with the calling cell as the
last argument, and they can be called from Python on any system.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

import xlwings

from ...errors import CELL_PREFIX, OpenFunnelError
from ...functions import catalog, error_boundary, implementations
from ...functions.arguments import CellError
from .addresses import parse_calling_cell
from .com.hresults import error_text
from .commands.handlers import CommandContext
from .session import excel_host

_MISSING: Final = -2147352572
"""DISP_E_PARAMNOTFOUND: an argument that was left out."""

_TO_A_FILE: Final = "In a terminal, xl-openfunnel rows JOB -o FILE.xlsx writes the companies into a workbook"

_INSTEAD: Final = {
    "OF_STATUS": "Give one job per formula.",
    "OF_ROWS": f"{_TO_A_FILE}.",
    "OF_INFO": 'Give one job and one field per formula, like OF_INFO(A2,"progress").',
    "OF_LOOKUP": "Give one company per formula.",
    "OF_PIVOT": f"{_TO_A_FILE} for Excel's own PivotTable.",
    "OF_JOBS": "In a terminal, xl-openfunnel jobs lists them.",
}
"""What there is to do in an Excel that shows one cell per formula."""

NO_EXCEL: Final = "The buttons need Excel on Windows."

_LIVE: Final = {
    True: "Cells keep themselves up to date.",
    False: "Cells stay as they are until Live is on again. Their jobs go on.",
}

Block = implementations.Block


def from_excel(value: object) -> object:
    """A value as COM brings it, as the functions take it."""
    if isinstance(value, (list, tuple)):
        return tuple(from_excel(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        text = error_text(value)
        return CellError(text) if text else None if value == _MISSING else value
    return value


def cannot_spill(name: str) -> str:
    """What an Excel older than 2021 shows instead of several cells, of which it would show the first only."""
    return f"{CELL_PREFIX}This Excel cannot spill: {name} gives several cells here. {_INSTEAD[name]}"


def _function(described: catalog.Function, body: Callable[..., Block]) -> Callable[..., Block]:
    """The function of a body: its arguments as the catalogue has them, then the calling cell."""
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    none = {True: None, False: inspect.Parameter.empty}
    parameters = [inspect.Parameter(a.name, either, default=none[a.optional]) for a in described.arguments]
    signature = inspect.Signature([*parameters, inspect.Parameter("where", either, default=None)])

    def cell(*values: Any, **named: Any) -> Block:
        taken = signature.bind_partial(*values, **named).arguments  # what was left out is blank, like a blank cell
        asking = parse_calling_cell(taken.get("where"))
        try:
            host = excel_host()
        except OpenFunnelError as error:
            return [[error.cell_text]]
        began = 0.0 if host.live is None else host.live.now()
        look, arguments = (
            host.session.new_call(),
            tuple(from_excel(taken.get(argument.name)) for argument in described.arguments),
        )
        block = error_boundary.evaluate(described.name, body, look, *arguments)
        if asking is not None and not asking.spills and (len(block), len(block[0])) != (1, 1):
            return [[cannot_spill(described.name)]]
        if asking is not None and host.live is not None:
            call = described.name, arguments
            host.live.called(asking.window, asking.cell, call, look.dependencies, large=described.large, began=began)
        return block

    # xlwings asks for names and defaults by these, and passes arguments by position.
    shown: Any = cell
    shown.__signature__ = signature
    shown.__name__ = shown.__qualname__ = described.name
    shown.__doc__ = described.help
    made: Callable[..., Block] = _raw(shown)
    return made


def _raw(function: Any) -> Any:
    """Have xlwings hand values over as they are: its own conversion turns errors and blanks into one."""
    made = xlwings.func(function, category=catalog.CATEGORY)
    for name in inspect.signature(function).parameters:
        made = xlwings.arg(name, "raw")(made)
    return xlwings.ret("raw")(made)


OF_STATUS = _function(catalog.STATUS, implementations.status)
OF_ROWS = _function(catalog.ROWS, implementations.rows)
OF_INFO = _function(catalog.INFO, implementations.information)
OF_LOOKUP = _function(catalog.LOOKUP, implementations.lookup)
OF_PIVOT = _function(catalog.PIVOT, implementations.pivot)
OF_JOBS = _function(catalog.JOBS, implementations.jobs_table)
OF_CREDITS = _function(catalog.CREDITS, implementations.credits_table)


@_raw
def opened(window: str, book: str) -> Block:
    """A workbook was opened: its cells may show what is no longer so. Called by VBA, when Excel has time."""
    host = excel_host()
    if host.live is not None:
        host.live.opened(int(window), book)
    return [[""]]  # xlwings takes nothing but blocks


@_raw
def live(window: str, on: bool) -> Block:
    """Whether cells keep themselves up to date in the Excel with this window. Called by VBA."""
    host = excel_host()
    if host.live is not None:
        host.live.pause(int(window), paused=not on)
    if host.commands is not None:
        host.commands.show_status(int(window), _LIVE[bool(on)])
    return [[""]]  # xlwings takes nothing but blocks


@_raw
def act(window: str, action: str, cell: str, text: str, job: str) -> str:
    """A button was pressed, with this cell selected, and the user was asked about this job. Gives why nothing is done.

    As a text and not as a block, of which VBA's ``CStr`` makes none; ``""`` where it is done.
    """
    try:
        commands = excel_host().commands
    except OpenFunnelError as error:
        return error.message
    return NO_EXCEL if commands is None else commands.act(action, _pressed(window, cell, text, job))


@_raw
def job_here(window: str, cell: str, text: str) -> str:
    """The job that the selected cell holds or shows, ``""`` for none. Called by VBA, which asks about it."""
    try:
        commands = excel_host().commands
    except OpenFunnelError:
        return ""
    return "" if commands is None else commands.job_here(_pressed(window, cell, text))


def _pressed(window: str, cell: str, text: str, job: str = "") -> CommandContext:
    selected = parse_calling_cell(f"{window} spill {cell}")
    return CommandContext(int(window), None if selected is None else selected.cell, text, job)
