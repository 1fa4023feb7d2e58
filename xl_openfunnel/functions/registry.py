"""The registry of the OF_ functions.

Each function is one decorated definition, in `implementations` or `known_companies`. Excel's wrappers, Calc's add-in,
the function wizard's help, the help page and the guide are made from what it registers here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ..cell_values import Block
from ..errors import OpenFunnelError
from ..known.columns import Telling

CATEGORY: Final = "OpenFunnel"
"""The category in which a host lists the functions."""

_Compute = TypeVar("_Compute", bound=Callable[..., Block])


@dataclass(frozen=True)
class Argument:
    """One argument of a function.

    Attributes:
        name: as hosts show it.
        help: what to pass, for the function wizard.
        optional: whether it may be left out.
    """

    name: str
    help: str
    optional: bool = False


@dataclass(frozen=True)
class TimeCells:
    """Which cells of a function's block are times, as `cell_values.excel_date` gives them.

    Attributes:
        columns: their columns, counted from 0; None for all.
        first_row: their first row, below the names of the columns.
    """

    columns: tuple[int, ...] | None
    first_row: int = 0

    def columns_of(self, width: int) -> tuple[int, ...]:
        """Their columns in a block of this width."""
        columns = range(width) if self.columns is None else self.columns
        return tuple(column for column in columns if column < width)


@dataclass(frozen=True)
class Function:
    """One function.

    Attributes:
        name: as people write it in a cell.
        help: what it returns, for the function wizard.
        arguments: in order.
        large: whether it may return thousands of rows.
        without_spill: what to do in an Excel without dynamic arrays, which shows one cell per formula.
        not_available: whether its cells may be `NotAvailable`.
        times: takes the arguments' values; tells which cells are times, or raises an `OpenFunnelError` as ``compute``.
        telling_known: takes the arguments' values; tells what of the block says which companies are in a known list.
        compute: takes the call's context and the arguments' values; returns a block or raises an `OpenFunnelError`.
    """

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    large: bool = False
    without_spill: str = ""
    not_available: bool = False
    times: Callable[..., TimeCells | None] = field(default=lambda *_: None, repr=False, compare=False)
    telling_known: Callable[..., Telling] = field(default=lambda *_: Telling.NOTHING, repr=False, compare=False)
    compute: Callable[..., Block] = field(default=list, repr=False, compare=False)

    def time_cells(self, arguments: Sequence[object]) -> TimeCells | None:
        """Which cells of the block for these arguments are times; None for none of them."""
        try:
            return self.times(*arguments)
        except OpenFunnelError:  # which is what the cell shows
            return None

    def telling(self, arguments: Sequence[object]) -> Telling:
        """What of the block for these arguments says which companies are in a known list."""
        try:
            return self.telling_known(*arguments)
        except OpenFunnelError:
            return Telling.NOTHING

    @property
    def signature(self) -> str:
        """For help texts: ``OF_ROWS(job, [columns])``."""
        names = (f"[{argument.name}]" if argument.optional else argument.name for argument in self.arguments)
        return f"{self.name}({', '.join(names)})"


REGISTRY: Final[dict[str, Function]] = {}
"""The registered functions by name, in the order of the documents. Import `catalog` to have them all."""


def optional(name: str, help_text: str) -> Argument:
    """An argument that may be left out."""
    return Argument(name, help_text, optional=True)


def of_function(
    name: str,
    help_text: str,
    *arguments: Argument,
    large: bool = False,
    without_spill: str = "",
    not_available: bool = False,
    times: Callable[..., TimeCells | None] = lambda *_: None,
    telling_known: Callable[..., Telling] = lambda *_: Telling.NOTHING,
) -> Callable[[_Compute], _Compute]:
    """Register the decorated function under a name for cells; see `Function` for the arguments."""

    def register(compute: _Compute) -> _Compute:
        REGISTRY[name] = Function(
            name, help_text, arguments, large, without_spill, not_available, times, telling_known, compute
        )
        return compute

    return register
