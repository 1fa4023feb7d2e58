"""Windows' functions for the twin of VBA, from the same table as VBA's Declare and Type statements."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from xl_openfunnel.workbook.vba import win32_api
from xl_openfunnel.workbook.vba.win32_api import Parameter, Scalar, Structure

_windows: Any = ctypes  # what only Windows' ctypes has
_ADDRESS_BYTES: Final = ctypes.sizeof(ctypes.c_void_p)


def structure(described: Structure, address_bytes: int = _ADDRESS_BYTES) -> type[ctypes.Structure]:
    """The structure for ctypes, where an address has so many bytes."""
    fields = [(member.name, _scalar(member.type, address_bytes)) for member in described.members]
    return type(described.name, (ctypes.Structure,), {"_fields_": fields})


def _scalar(name: Scalar, address_bytes: int) -> Any:
    address = {8: ctypes.c_int64, 4: ctypes.c_int32}[address_bytes]
    return {"Integer": ctypes.c_int16, "Long": ctypes.c_int32, "LongPtr": address}[name]


STRUCTURES: Final = {each.name: structure(each) for each in win32_api.STRUCTURES}


class Calls:
    """Makes the calls of the table, and notes them.

    Texts are passed as VBA passes StrPtr: the address of a buffer.

    Attributes:
        made: the name of each call.
    """

    def __init__(self) -> None:
        self.made: list[str] = []
        self._functions = {each.name: self._function(each) for each in win32_api.FUNCTIONS}

    def __call__(self, name: str, *arguments: Any) -> int:
        self.made.append(name)
        kept = [ctypes.create_unicode_buffer(each) if isinstance(each, str) else each for each in arguments]
        passed = [ctypes.addressof(each) if isinstance(each, ctypes.Array) else each for each in kept]
        result: int = self._functions[name](*passed)
        return result

    def _function(self, described: win32_api.WindowsFunction) -> Any:
        function = getattr(_windows.WinDLL(described.library, use_last_error=True), described.name)
        function.argtypes = [self._type(parameter) for parameter in described.parameters]
        function.restype = None if described.result is None else _scalar(described.result, _ADDRESS_BYTES)
        return function

    def _type(self, parameter: Parameter) -> Any:
        kind = parameter.type
        passed = STRUCTURES[kind.name] if isinstance(kind, Structure) else _scalar(kind, _ADDRESS_BYTES)
        return ctypes.POINTER(passed) if parameter.by_reference else passed
