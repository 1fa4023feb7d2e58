"""The error values of Excel's cells."""

from __future__ import annotations

from typing import Final

_ERRORS: Final = {
    -2146826288: "#NULL!",
    -2146826281: "#DIV/0!",
    -2146826273: "#VALUE!",
    -2146826265: "#REF!",
    -2146826259: "#NAME?",
    -2146826252: "#NUM!",
    -2146826246: "#N/A",
    -2146826245: "#GETTING_DATA",
    -2146826243: "#SPILL!",
    -2146826242: "#CONNECT!",
    -2146826241: "#BLOCKED!",
    -2146826240: "#UNKNOWN!",
    -2146826239: "#FIELD!",
    -2146826238: "#CALC!",
}
"""Error values as they arrive over COM: Excel's error numbers as a failed HRESULT."""

_FIRST: Final = -2146828288
"""Error 0 of Excel's ``CVErr``, as a failed HRESULT."""

_NUMBERS: Final = range(_FIRST + 2000, _FIRST + 2100)
"""Where all of Excel's error numbers are, also those that are newer than the table above."""


def error_text(number: int) -> str | None:
    """What a cell with this error value shows; None where the number is none."""
    return _ERRORS.get(number, f"Error {number - _FIRST}") if number in _NUMBERS else None
