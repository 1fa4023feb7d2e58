"""The OF_ functions for Excel, as user-defined functions of xlwings.

The VBA wrappers call `call_cell` through xlwings' COM server, with plain values. The stock xlwings add-in and the
wrappers of version 0 call the OF_ functions themselves, as Python can on any system.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any, Final, cast

import xlwings

from ...cell_values import Block, NotAvailable
from ...errors import CELL_PREFIX, OpenFunnelError
from ...functions.arguments import CellError
from ...functions.catalog import CATALOG
from ...functions.implementations import evaluate
from ...functions.registry import CATEGORY, REGISTRY, Function
from ...workbook.vba import wrappers
from ..known_list import propose
from . import ribbon_menu
from .addresses import CallingCell, parse_calling_cell
from .com.hresults import error_text
from .commands.handlers import CommandContext
from .live_cells.registry import FunctionCall
from .session import excel_host
from .stock_addin import CALLER, CallingCellText, RangeValues, Unreadable

_MISSING: Final = -2147352572
"""DISP_E_PARAMNOTFOUND: stands for an argument that was left out."""

_PLAIN: Final = frozenset((str, float, bool, NoneType))
"""The types of values that stay as they are."""

OUTDATED: Final = (
    f"{CELL_PREFIX}This workbook was made by a newer XL OpenFunnel than Excel runs. In a terminal, run "
    "xl-openfunnel install of the newer version, then restart Excel."
)
"""What a cell shows whose wrapper knows more than this package."""

NO_EXCEL: Final = "The buttons need Excel on Windows."

_LIVE_STATUS: Final = {
    True: "Cells keep themselves up to date.",
    False: "Cells stay as they are until Live is on again. Their jobs go on.",
}


def from_excel(value: object) -> object:
    """Convert a value that arrived over COM to what the functions take."""
    if isinstance(value, (list, tuple)):
        # A range of 50,000 rows mostly is as it should be, which is seen in a tenth of the time.
        cells = chain.from_iterable(value) if set(map(type, value)) == {tuple} else value
        return tuple(value) if _PLAIN.issuperset(map(type, cells)) else tuple(map(from_excel, value))
    if isinstance(value, int) and not isinstance(value, bool):
        text = error_text(value)
        return CellError(text) if text else None if value == _MISSING else value
    return value


def cannot_spill(function: Function) -> str:
    """The text for an Excel older than 2021 instead of several cells, of which it would show only the first."""
    return f"{CELL_PREFIX}This Excel cannot spill: {function.name} gives several cells here. {function.without_spill}"


def _call(function: Function, calling_cell: CallingCell | None, values: Sequence[object]) -> Block:
    """What a cell shows; a missing argument counts as a blank cell."""
    try:
        host = excel_host()
    except OpenFunnelError as error:
        return [[error.cell_text]]
    started_at = 0.0 if host.live is None else host.live.now()
    context = host.session.new_call()
    missing = len(function.arguments) - len(values)
    arguments = (*map(from_excel, values[: len(function.arguments)]), *[None] * missing)
    if calling_cell is not None and host.live is not None and host.live.keeps_up(calling_cell.window):
        block = host.session.calculations.answer(function.name, function.compute, context, arguments)
    else:  # it cannot be told that the result is there, so it waits
        block = evaluate(function.name, function.compute, context, *arguments)
    if calling_cell is None:
        return block
    if not calling_cell.spills and (len(block), len(block[0])) != (1, 1):
        return [[cannot_spill(function)]]
    if host.live is not None:
        host.live.called(
            calling_cell.window,
            calling_cell.cell,
            FunctionCall(function.name, arguments),
            context.dependencies,
            large=function.large,
            began=started_at,
        )
    return block


def _exported(described: Function) -> Callable[..., Block]:
    """Make a function for the stock xlwings add-in, for Python, and for the wrappers of version 0.

    The wrappers pass the calling cell behind all arguments, in version 0 as a text. It is recognised by its form,
    whatever arguments the function has got since, and never read as an argument. Where no cell calls it is blank, which
    `where` takes: xlwings also needs a parameter for it.
    """
    required = sum(not argument.optional for argument in described.arguments)
    signature = _signature([argument.name for argument in described.arguments], required)

    def function(*values: Any, **named: Any) -> Block:
        calling_cell = parse_calling_cell(values[-1]) if len(values) > required else None
        if calling_cell is not None:
            values = values[:-1]
        bound = signature.bind_partial(*values, **named).arguments
        arguments = [bound.get(argument.name) for argument in described.arguments]
        for value in arguments:
            if isinstance(value, Unreadable):
                return [[f"{CELL_PREFIX}{value.reason}"]]
        return _call(described, calling_cell or parse_calling_cell(bound.get("where")), arguments)

    untyped: Any = function
    untyped.__name__ = untyped.__qualname__ = described.name
    untyped.__doc__ = described.help
    # xlwings reads names and defaults from the signature, and passes arguments by position. A reserved word as a name
    # would keep the module that it generates from compiling.
    names = [wrappers.argument_name(argument) for argument in described.arguments]
    untyped.__signature__ = _signature(names, required)
    exported: Any = xlwings.ret("raw")(xlwings.arg("where", CallingCellText, vba=CALLER)(untyped))
    for name, argument in zip(names, described.arguments, strict=True):
        exported = xlwings.arg(name, RangeValues, doc=argument.help)(exported)
    exported = xlwings.func(exported, category=CATEGORY)  # last: the others set the category to their own
    exported.__signature__ = signature
    return cast(Callable[..., Block], exported)


def _signature(names: Sequence[str], required: int) -> inspect.Signature:
    """Of a function with these arguments, the first ones required, and `where`."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    defaults = (inspect.Parameter.empty if number < required else None for number in range(len(names) + 1))
    listed = zip((*names, "where"), defaults, strict=True)
    return inspect.Signature([inspect.Parameter(name, kind, default=default) for name, default in listed])


def _raw(function: Any) -> Any:
    """Have xlwings pass values unconverted: its own conversion does not tell errors from blank cells."""
    exported = xlwings.func(function)
    for name in inspect.signature(function).parameters:
        exported = xlwings.arg(name, "raw")(exported)
    return xlwings.ret("raw")(exported)


FUNCTIONS: Final[Mapping[str, Callable[..., Block]]] = {each.name: _exported(each) for each in CATALOG}
"""The OF_ functions, which are attributes of this module too."""


def __getattr__(name: str) -> Callable[..., Block]:
    try:
        return FUNCTIONS[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


@_raw
def call_cell(wrapper_version: float, calling_cell: str, function_name: str, *arguments: object) -> Block:
    """Compute a cell for the VBA wrapper that it calls.

    Args:
        wrapper_version: the wrapper's; see `wrappers.VERSION`.
        calling_cell: as `parse_calling_cell` reads it, or blank.
        function_name: the function.
        arguments: its values, as far as the wrapper knows arguments.

    Returns:
        The cells, for a wrapper that knows it with `wrappers.NOT_AVAILABLE` in place of `NotAvailable`.
    """
    function = REGISTRY.get(function_name)
    if function is None or wrapper_version > wrappers.VERSION:
        return [[OUTDATED]]
    block = _call(function, parse_calling_cell(calling_cell), arguments)
    if not function.not_available or wrapper_version < 2:
        return block
    return [[wrappers.NOT_AVAILABLE if isinstance(cell, NotAvailable) else cell for cell in row] for row in block]


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
def live_state(window: str) -> str:
    """``on``, or ``paused``. Called by VBA for the ribbon."""
    try:
        host = excel_host()
    except OpenFunnelError:
        return "on"
    return "paused" if host.live is not None and host.live.is_paused(int(window)) else "on"


@_raw
def job_menu(on_action: str) -> str:
    """The ribbon's menu of jobs, ``""`` without any. Called by VBA when the user opens it."""
    try:
        return ribbon_menu.job_menu(excel_host().session.new_call().ledger(), on_action)
    except OpenFunnelError as error:
        return ribbon_menu.message_menu(error.message)


@_raw
def act(window: str, action: str, cell: str, text: str, given: str) -> str:
    """Run the command of a button; returns why it is not run, or ``""``. Called by VBA.

    Returns a text and not a block, which VBA's ``CStr`` could not convert.

    Args:
        window: a window of the user's Excel.
        action: the command.
        cell: the selected cell.
        text: what it shows; for *Keep as known list*, the address of all selected cells.
        given: what the user was asked about, or gave: a job, or the name of a list.
    """
    try:
        commands = excel_host().commands
    except OpenFunnelError as error:
        return error.message
    return NO_EXCEL if commands is None else commands.act(action, _command_context(window, cell, text, given))


@_raw
def job_here(window: str, cell: str, text: str) -> str:
    """The job that the selected cell holds or shows, or ``""``. Called by VBA before it asks the user about the job."""
    try:
        commands = excel_host().commands
    except OpenFunnelError:
        return ""
    return "" if commands is None else commands.job_here(_command_context(window, cell, text))


@_raw
def known_list(text: str) -> str:
    """A name for a list of known companies, how many are kept under it, and since when. Called by VBA.

    Args:
        text: a table's or sheet's name, or what the user typed.

    Returns:
        The three with ``|`` between them: ``crm|50,000|2026-11-30``, ``crm||`` where there is no such list, and ``||``
        where the text gives no name.
    """
    try:
        lists = excel_host().session.known
    except OpenFunnelError:
        lists = None  # the command will say why
    proposal = propose(lists, text)
    return f"{proposal.name}|{proposal.companies}|{proposal.date}"


def _command_context(window: str, cell: str, text: str, given: str = "") -> CommandContext:
    selected = parse_calling_cell(f"{window} spill {cell}")
    return CommandContext(int(window), None if selected is None else selected.cell, text, given)
