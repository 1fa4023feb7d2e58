"""The HRESULTs of Excel's errors: failed calls, and error values in cells. Imports nothing of pywin32."""

from __future__ import annotations

from typing import Any, Final


def _signed(*codes: int) -> frozenset[int]:
    """The codes as the signed numbers that pywin32 gives."""
    return frozenset(code - (1 << 32) for code in codes)


BUSY: Final = _signed(
    0x80010001,  # RPC_E_CALL_REJECTED: a cell is being edited, a dialog is open
    0x8001010A,  # RPC_E_SERVERCALL_RETRYLATER
    0x800AC472,  # VBA_E_IGNORE: it calculates, or runs a macro
)
"""Excel is busy; the call has had no effect."""

DISCONNECTED: Final = _signed(
    0x80010007,  # RPC_E_SERVER_DIED
    0x80010012,  # RPC_E_SERVER_DIED_DNE
    0x80010108,  # RPC_E_DISCONNECTED
    0x800401FD,  # CO_E_OBJNOTCONNECTED
    0x800706BA,  # RPC_S_SERVER_UNAVAILABLE
    0x800706BE,  # RPC_S_CALL_FAILED
)
"""Excel has ended, or is ending."""

FAILED: Final = 0x800A03EC - (1 << 32)
"""Excel's code for nearly every refusal. While the user edits a cell, it also stands for "busy"."""

NO_SUCH_ITEM: Final = 0x8002000B - (1 << 32)  # DISP_E_BADINDEX
NO_SUCH_NAME: Final = 0x80020006 - (1 << 32)  # DISP_E_UNKNOWNNAME


def code(error: Any) -> int | None:
    """The code of a `com_error`: Excel's own where COM only says that there is one. None for other errors."""
    details = getattr(error, "excepinfo", None)
    return (details and details[5]) or getattr(error, "hresult", None)


def is_busy(error: Exception) -> bool:
    """Whether a busy Excel refused the call."""
    return code(error) in BUSY


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
"""Error values of cells: over COM, Excel's error numbers arrive as failed HRESULTs."""

_CVERR_0: Final = -2146828288
"""Error 0 of VBA's ``CVErr``, as a failed HRESULT."""

_ERROR_VALUES: Final = range(_CVERR_0 + 2000, _CVERR_0 + 2100)
"""All of Excel's error numbers, including those newer than the table above."""


def error_text(number: int) -> str | None:
    """The text that a cell with this error value shows; None if the number is not an error value."""
    return _ERRORS.get(number, f"Error {number - _CVERR_0}") if number in _ERROR_VALUES else None
