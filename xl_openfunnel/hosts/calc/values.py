"""Values on their way between Calc and the functions."""

from __future__ import annotations

from typing import Any, Final

from ...functions.bodies import Block
from ...functions.catalog import Argument

_ZERO: Final = frozenset({"include_headers", "if_not_found"})
"""The arguments that can be the number 0. For the others that is a blank cell, which Calc hands over as 0."""


def given(value: object, argument: Argument) -> object:
    """A value as the functions take it: of a single cell the cell's, None for what is blank or was left out."""
    if isinstance(value, tuple):
        rows = tuple(tuple(_cell_given(cell, argument) for cell in row) for row in value)
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows
    return _cell_given(value, argument)


def taken(block: Block) -> Any:
    """A block as Calc takes it: the value of one cell, or a tuple of rows."""
    rows = tuple(tuple(map(_cell_taken, row)) for row in block)
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows


def _cell_given(cell: object, argument: Argument) -> object:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return None if cell == 0 and argument.name not in _ZERO else float(cell)
    return cell


def _cell_taken(cell: str | float | bool) -> str | float:
    return float(cell) if isinstance(cell, bool) else cell  # Calc has numbers for TRUE and FALSE
