"""Excel's own message filter: it keeps calls out while it is busy."""

from __future__ import annotations

import ctypes
import enum
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.hosts.excel.fake.excel import FakeExcel

_windows: Any = ctypes  # what only Windows' ctypes has
_HANDLED, _REJECTED = 0, 1
_NESTED = 2  # a call that belongs to one that Excel waits for
_WAIT_PROCESS = 2
_REM_UNKNOWN = uuid.UUID("00000131-0000-0000-c000-000000000046").bytes_le


class Busy(enum.Enum):
    """Why Excel lets no call in."""

    NO = enum.auto()
    REJECTING = enum.auto()  # a cell is being edited, a dialog is open: RPC_E_CALL_REJECTED
    LATER = enum.auto()  # every member answers RPC_E_SERVERCALL_RETRYLATER
    IGNORING = enum.auto()  # every member answers VBA_E_IGNORE
    EDITING = enum.auto()  # of a cell: only the application answers, and is not ready; others say 0x800A03EC


class MessageFilter:
    """An IMessageFilter, made by hand since pywin32 has none."""

    def __init__(self, excel: FakeExcel) -> None:
        self.excel = excel
        self.arrived = 0
        self.refused = 0
        pointer, dword, function = ctypes.c_void_p, ctypes.c_uint32, _windows.WINFUNCTYPE
        methods = [
            function(ctypes.c_long, pointer, pointer, pointer)(self._query),
            function(dword, pointer)(lambda this: 1),
            function(dword, pointer)(lambda this: 1),
            function(dword, pointer, dword, pointer, dword, pointer)(self._incoming),
            function(dword, pointer, pointer, dword, dword)(lambda this, task, ticks, kind: 20),
            function(dword, pointer, pointer, dword, dword)(lambda this, task, ticks, kind: _WAIT_PROCESS),
        ]
        table = (pointer * len(methods))(*[ctypes.cast(method, pointer) for method in methods])
        self._object = (pointer * 1)(ctypes.addressof(table))
        self._references = methods, table
        self._register(ctypes.byref(self._object))

    def close(self) -> None:
        self._register(None)

    def _register(self, what: Any) -> None:
        before = ctypes.c_void_p()
        if _windows.windll.ole32.CoRegisterMessageFilter(what, ctypes.byref(before)):
            raise OSError("COM takes no message filter")

    def _query(self, this: int, wanted: int, out: int) -> int:
        ctypes.cast(out, ctypes.POINTER(ctypes.c_void_p))[0] = this
        return 0

    def _incoming(self, this: int, kind: int, task: int, ticks: int, about: int) -> int:
        # Wine asks here too when a caller gives an object back; turned away, it would be held for ever.
        if about and ctypes.string_at(about + ctypes.sizeof(ctypes.c_void_p), 16) == _REM_UNKNOWN:
            return _HANDLED
        self.arrived += 1
        kept_out = self.excel.busy is Busy.REJECTING or (self.excel.calculating and kind != _NESTED)
        self.refused += kept_out
        return _REJECTED if kept_out else _HANDLED
