"""The registry of the OF_ functions.

Each function is one decorated definition in `implementations`. Excel's wrappers, Calc's add-in, the function wizard's
help, the help page and the guide are made from what it registers here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ..cell_values import Block

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
class Function:
    """One function.

    Attributes:
        name: as people write it in a cell.
        help: what it returns, for the function wizard.
        arguments: in order.
        large: whether it may return thousands of rows.
        without_spill: what to do in an Excel without dynamic arrays, which shows one cell per formula.
        not_available: whether its cells may be `NotAvailable`.
        compute: takes the call's context and the arguments' values; returns a block or raises an `OpenFunnelError`.
    """

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    large: bool = False
    without_spill: str = ""
    not_available: bool = False
    compute: Callable[..., Block] = field(default=list, repr=False, compare=False)

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
) -> Callable[[_Compute], _Compute]:
    """Register the decorated function under a name for cells; see `Function` for the arguments."""

    def register(compute: _Compute) -> _Compute:
        REGISTRY[name] = Function(name, help_text, arguments, large, without_spill, not_available, compute)
        return compute

    return register
