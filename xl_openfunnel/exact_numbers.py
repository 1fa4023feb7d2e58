"""Sums, means and medians of the numbers of JSON, without rounding on the way."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from .cell_values import Cell, to_cell

Number: TypeAlias = int | float
"""A float is finite, and no whole number that an int can be."""

_EXACT: Final = 2**53
"""A float holds every whole number up to this one, so sums up to it are exact."""

_LARGEST: Final = int(sys.float_info.max)
_SCALE: Final = 1074
"""Every float is a whole number of 2 ** -1074."""


def number_of(value: object) -> Number | None:
    """A number to calculate with, ``12.0`` as 12; None for anything else, and beyond all floats."""
    if type(value) is int:
        return value if -_LARGEST <= value <= _LARGEST else None
    if type(value) is not float:
        if value is None or isinstance(value, (str, bool)):
            return None
        cell = to_cell(value)  # numpy's, for example
        return number_of(cell) if type(cell) is float else None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and -_EXACT <= value <= _EXACT else value


def floats_are_exact(numbers: Sequence[Number | None]) -> bool:
    """Whether no rounding can happen before the last division of a mean or median."""
    there = [number for number in numbers if number is not None]
    return all(type(number) is int for number in there) and sum(map(abs, there)) <= _EXACT


def calculate(function: str, numbers: list[Number]) -> Number | Fraction:
    """The exact result."""
    if function in ("min", "max"):
        return min(numbers) if function == "min" else max(numbers)
    if function == "median":
        half = len(numbers) // 2
        numbers = sorted(numbers)[half - (len(numbers) % 2 == 0) : half + 1]
    total = _sum(numbers)
    return total if function == "sum" else Fraction(total, len(numbers))


def _sum(numbers: list[Number]) -> int | Fraction:
    whole = [number for number in numbers if type(number) is int]
    if len(whole) == len(numbers):
        return sum(whole)
    total = 0  # of whole numbers, since adding fractions takes far longer
    for numerator, denominator in (number.as_integer_ratio() for number in numbers):
        total += numerator << (_SCALE + 1 - denominator.bit_length())
    return Fraction(total, 1 << _SCALE)


def rounded(result: Number | Fraction) -> Number:
    """The result, a fraction as the nearest float, infinite beyond all floats."""
    if not isinstance(result, Fraction):
        return result
    try:
        return float(result)
    except OverflowError:
        return math.inf if result > 0 else -math.inf


def result_cell(result: Number) -> Cell:
    """A `rounded` result as a cell: a whole number with all its digits, as text where a float cannot hold it.

    Blank beyond all floats.
    """
    try:
        number = float(result)
    except OverflowError:
        return ""
    if type(result) is int and number != result:
        return str(result)
    return number if math.isfinite(number) else ""
