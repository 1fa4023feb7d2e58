"""Converts values between Calc and the functions."""

from __future__ import annotations

import struct
from typing import Any, Final

from ...cell_values import Block, NotAvailable
from ...functions.arguments import MAX_JOBS
from ...functions.registry import Argument

_MAY_BE_ZERO: Final = frozenset({"include_headers", "if_not_found"})
"""Arguments that can be the number 0. In the others, 0 means a blank cell, which Calc passes as 0."""

_ZEROS_IN_RANGES: Final = frozenset({"criteria"})
"""Arguments that can have the number 0 in a range of cells, whose blanks Calc passes as ``""``."""

_NOT_AVAILABLE: Final[float] = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_7FFF))[0]
"""The error ``#N/A``: Calc's errors are NaN with a number, which for this one is FormulaError::NotAvailable. The void
that makes ``#N/A`` of a single value is a blank in an array."""


def from_calc(value: object, argument: Argument) -> object:
    """An argument as the functions take it: the value of a single cell, or rows; None for blank or omitted ones."""
    if isinstance(value, tuple):
        rows = _without_blank_tail(value)
        if len(rows) == 1 and len(rows[0]) == 1:
            return _cell_from_calc(rows[0][0], argument)
        if argument.name in _ZEROS_IN_RANGES:
            return rows
        return tuple(tuple(_cell_from_calc(cell, argument) for cell in row) for row in rows)
    return _cell_from_calc(value, argument)


def to_calc(block: Block) -> Any:
    """A block as Calc takes it: a value for a single cell, or else a tuple of rows."""
    rows = tuple(tuple(map(_cell_to_calc, row)) for row in block)
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows


def _without_blank_tail(rows: tuple[tuple[object, ...], ...]) -> tuple[tuple[object, ...], ...]:
    """A long range, such as a whole column, without the trailing rows that equal its last row, if that is blank.

    Keeps at least two rows, so that a range is not taken for a single cell. Searches in powers of two by comparing
    tuples, which takes a hundredth of the time of a loop over a million cells.
    """
    last, max_blank = rows[-1], len(rows) - 2
    if len(rows) <= MAX_JOBS or any(cell not in ("", None, 0.0) for cell in last):
        return rows
    blank = 0
    for step in (1 << power for power in reversed(range(max_blank.bit_length()))):
        end = len(rows) - blank
        if blank + step <= max_blank and rows[end - step : end] == (last,) * step:
            blank += step
    return rows[: len(rows) - blank]


def _cell_from_calc(cell: object, argument: Argument) -> object:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return None if cell == 0 and argument.name not in _MAY_BE_ZERO else float(cell)
    return cell


def _cell_to_calc(cell: str | float | bool) -> str | float:
    if isinstance(cell, NotAvailable):
        return _NOT_AVAILABLE
    return float(cell) if isinstance(cell, bool) else cell  # in Calc, TRUE and FALSE are numbers
