"""What calls into Excel fail with, for whoever makes them; without pywin32, so on any system."""

from __future__ import annotations

from typing import Any, Final


def _signed(*codes: int) -> frozenset[int]:
    """The codes as pywin32 has them."""
    return frozenset(code - (1 << 32) for code in codes)


TURNED_AWAY: Final = _signed(
    0x80010001,  # RPC_E_CALL_REJECTED: a cell is being edited, a dialog is open
    0x8001010A,  # RPC_E_SERVERCALL_RETRYLATER
    0x800AC472,  # VBA_E_IGNORE: it calculates, or runs a macro
)
"""Excel lets nobody in at the moment; the call has had no effect."""

GONE: Final = _signed(
    0x80010007,  # RPC_E_SERVER_DIED
    0x80010012,  # RPC_E_SERVER_DIED_DNE
    0x80010108,  # RPC_E_DISCONNECTED
    0x800401FD,  # CO_E_OBJNOTCONNECTED
    0x800706BA,  # RPC_S_SERVER_UNAVAILABLE
    0x800706BE,  # RPC_S_CALL_FAILED
)
"""Excel has ended, or is ending."""

FAILED: Final = 0x800A03EC - (1 << 32)
"""Excel's word for nearly everything that it does not do; while a cell is edited also for "later"."""

NO_SUCH_ITEM: Final = 0x8002000B - (1 << 32)  # DISP_E_BADINDEX
NO_SUCH_NAME: Final = 0x80020006 - (1 << 32)  # DISP_E_UNKNOWNNAME


def code(error: Any) -> int | None:
    """What a `com_error` says: Excel's own code, where COM says only that there is one. None for other errors."""
    details = getattr(error, "excepinfo", None)
    return (details and details[5]) or getattr(error, "hresult", None)
