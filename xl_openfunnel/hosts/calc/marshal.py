"""Values on their way between Calc and the functions."""

from __future__ import annotations

from typing import Any, Final

from ...cell_values import Block
from ...functions.arguments import MAX_JOBS
from ...functions.catalog import Argument

_MAY_BE_ZERO: Final = frozenset({"include_headers", "if_not_found"})
"""The arguments that can be the number 0. For the others that is a blank cell, which Calc hands over as 0."""


def from_calc(value: object, argument: Argument) -> object:
    """A value as the functions take it: of a single cell the cell's, None for what is blank or was left out."""
    if isinstance(value, tuple):
        rows = tuple(tuple(_cell_from_calc(cell, argument) for cell in row) for row in _without_blank_tail(value))
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows
    return _cell_from_calc(value, argument)


def to_calc(block: Block) -> Any:
    """A block as Calc takes it: the value of one cell, or a tuple of rows."""
    rows = tuple(tuple(map(_cell_to_calc, row)) for row in block)
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows


def _without_blank_tail(rows: tuple[tuple[object, ...], ...]) -> tuple[tuple[object, ...], ...]:
    """The rows of a whole column or nearly, without those at the end that are blank as the last one is.

    Two stay, so that an array is still told from a single cell. Comparing tuples takes a hundredth of what looking at
    each cell of the million takes.
    """
    last, most = rows[-1], len(rows) - 2
    if len(rows) <= MAX_JOBS or any(cell not in ("", None, 0.0) for cell in last):
        return rows
    blank = 0
    for step in (1 << power for power in reversed(range(most.bit_length()))):
        end = len(rows) - blank
        if blank + step <= most and rows[end - step : end] == (last,) * step:
            blank += step
    return rows[: len(rows) - blank]


def _cell_from_calc(cell: object, argument: Argument) -> object:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return None if cell == 0 and argument.name not in _MAY_BE_ZERO else float(cell)
    return cell


def _cell_to_calc(cell: str | float | bool) -> str | float:
    return float(cell) if isinstance(cell, bool) else cell  # Calc has numbers for TRUE and FALSE
