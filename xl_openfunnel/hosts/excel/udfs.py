"""The OF_ functions for Excel, as user-defined functions of xlwings.

The VBA wrappers call them through xlwings' COM server, with plain values and the calling cell as the last argument.
Python can call them on any system.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

import xlwings

from ...cell_values import Block
from ...errors import CELL_PREFIX, OpenFunnelError
from ...functions import catalog, implementations
from ...functions.arguments import CellError
from .addresses import parse_calling_cell
from .com.hresults import error_text
from .commands.handlers import CommandContext
from .session import excel_host

_MISSING: Final = -2147352572
"""DISP_E_PARAMNOTFOUND: stands for an argument that was left out."""

_EXPORT: Final = "In a terminal, xl-openfunnel rows JOB -o FILE.xlsx writes the companies into a workbook"

_ALTERNATIVES: Final = {
    "OF_STATUS": "Give one job per formula.",
    "OF_ROWS": f"{_EXPORT}.",
    "OF_INFO": 'Give one job and one field per formula, like OF_INFO(A2,"progress").',
    "OF_LOOKUP": "Give one company per formula.",
    "OF_PIVOT": f"{_EXPORT} for Excel's own PivotTable.",
    "OF_JOBS": "In a terminal, xl-openfunnel jobs lists them.",
}
"""What to do in an Excel without dynamic arrays, which shows one cell per formula."""

NO_EXCEL: Final = "The buttons need Excel on Windows."

_LIVE_STATUS: Final = {
    True: "Cells keep themselves up to date.",
    False: "Cells stay as they are until Live is on again. Their jobs go on.",
}


def from_excel(value: object) -> object:
    """Convert a value that arrived over COM to what the functions take."""
    if isinstance(value, (list, tuple)):
        return tuple(from_excel(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        text = error_text(value)
        return CellError(text) if text else None if value == _MISSING else value
    return value


def cannot_spill(name: str) -> str:
    """The text for an Excel older than 2021 instead of several cells, of which it would show only the first."""
    return f"{CELL_PREFIX}This Excel cannot spill: {name} gives several cells here. {_ALTERNATIVES[name]}"


def _function(described: catalog.Function, implementation: Callable[..., Block]) -> Callable[..., Block]:
    """Make a function for Excel: its parameters are those of the catalogue, then the calling cell."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    defaults = {True: None, False: inspect.Parameter.empty}
    parameters = [inspect.Parameter(a.name, kind, default=defaults[a.optional]) for a in described.arguments]
    signature = inspect.Signature([*parameters, inspect.Parameter("where", kind, default=None)])

    def function(*values: Any, **named: Any) -> Block:
        bound = signature.bind_partial(*values, **named).arguments  # a missing argument counts as a blank cell
        calling_cell = parse_calling_cell(bound.get("where"))
        try:
            host = excel_host()
        except OpenFunnelError as error:
            return [[error.cell_text]]
        started_at = 0.0 if host.live is None else host.live.now()
        context = host.session.new_call()
        arguments = tuple(from_excel(bound.get(argument.name)) for argument in described.arguments)
        block = implementations.evaluate(described.name, implementation, context, *arguments)
        if calling_cell is None:
            return block
        if not calling_cell.spills and (len(block), len(block[0])) != (1, 1):
            return [[cannot_spill(described.name)]]
        if host.live is not None:
            host.live.called(
                calling_cell.window,
                calling_cell.cell,
                (described.name, arguments),
                context.dependencies,
                large=described.large,
                began=started_at,
            )
        return block

    # xlwings reads names and defaults from these, and passes arguments by position.
    untyped: Any = function
    untyped.__signature__ = signature
    untyped.__name__ = untyped.__qualname__ = described.name
    untyped.__doc__ = described.help
    exported: Callable[..., Block] = _raw(untyped)
    return exported


def _raw(function: Any) -> Any:
    """Have xlwings pass values unconverted: its own conversion does not tell errors from blank cells."""
    exported = xlwings.func(function, category=catalog.CATEGORY)
    for name in inspect.signature(function).parameters:
        exported = xlwings.arg(name, "raw")(exported)
    return xlwings.ret("raw")(exported)


OF_STATUS = _function(catalog.STATUS, implementations.status)
OF_ROWS = _function(catalog.ROWS, implementations.rows)
OF_INFO = _function(catalog.INFO, implementations.information)
OF_LOOKUP = _function(catalog.LOOKUP, implementations.lookup)
OF_PIVOT = _function(catalog.PIVOT, implementations.pivot)
OF_JOBS = _function(catalog.JOBS, implementations.jobs_table)
OF_CREDITS = _function(catalog.CREDITS, implementations.credits_table)


@_raw
def opened(window: str, book: str) -> Block:
    """Update the cells of a workbook that was opened, which may be outdated. VBA calls this when Excel is idle."""
    host = excel_host()
    if host.live is not None:
        host.live.opened(int(window), book)
    return [[""]]  # xlwings accepts only blocks


@_raw
def live(window: str, on: bool) -> Block:
    """Resume or pause the live cells of the Excel with this window. Called by VBA."""
    host = excel_host()
    if host.live is not None:
        host.live.pause(int(window), paused=not on)
    if host.commands is not None:
        host.commands.show_status(int(window), _LIVE_STATUS[bool(on)])
    return [[""]]  # xlwings accepts only blocks


@_raw
def act(window: str, action: str, cell: str, text: str, job: str) -> str:
    """Run the command of a button; returns why it is not run, or ``""``. Called by VBA.

    Returns a text and not a block, which VBA's ``CStr`` could not convert.

    Args:
        window: a window of the user's Excel.
        action: the command.
        cell: the selected cell.
        text: what it shows.
        job: the job that the user was asked about.
    """
    try:
        commands = excel_host().commands
    except OpenFunnelError as error:
        return error.message
    return NO_EXCEL if commands is None else commands.act(action, _command_context(window, cell, text, job))


@_raw
def job_here(window: str, cell: str, text: str) -> str:
    """The job that the selected cell holds or shows, or ``""``. Called by VBA before it asks the user about the job."""
    try:
        commands = excel_host().commands
    except OpenFunnelError:
        return ""
    return "" if commands is None else commands.job_here(_command_context(window, cell, text))


def _command_context(window: str, cell: str, text: str, job: str = "") -> CommandContext:
    selected = parse_calling_cell(f"{window} spill {cell}")
    return CommandContext(int(window), None if selected is None else selected.cell, text, job)
