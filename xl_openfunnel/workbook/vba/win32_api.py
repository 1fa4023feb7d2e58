"""The functions of Windows that VBA calls to start Python, and their structures, in one table.

The builder writes VBA's Type and Declare statements from it, and the tests' twin of VBA its ctypes, so that both call
Windows alike. A structure of a wrong size would have Windows write beside it, which can end Excel: `size` follows the
rule by which VBA, C and ctypes lay structures out (each member at a multiple of its own size).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Scalar: TypeAlias = Literal["Integer", "Long", "LongPtr"]
"""VBA's types: 2 bytes, 4 bytes, and as many as an address has."""


@dataclass(frozen=True)
class Member:
    name: str
    type: Scalar


@dataclass(frozen=True)
class Structure:
    """A structure of Windows', under Windows' own name."""

    name: str
    members: tuple[Member, ...]

    def size(self, address_bytes: int) -> int:
        """Its bytes where an address has ``address_bytes`` bytes: 8 in 64-bit Excel, 4 in 32-bit Excel."""
        sizes = [_bytes(member.type, address_bytes) for member in self.members]
        end = 0
        for size in sizes:
            end = _round_up(end, size) + size
        return _round_up(end, max(sizes))


@dataclass(frozen=True)
class Parameter:
    """A parameter: a number or an address, or a variable that is passed by reference."""

    name: str
    type: Scalar | Structure
    by_reference: bool = False


@dataclass(frozen=True)
class WindowsFunction:
    """A function of Windows'; ``result`` is None where it gives none."""

    name: str
    library: str
    parameters: tuple[Parameter, ...]
    result: Scalar | None = "Long"


def _structure(name: str, **members: Scalar) -> Structure:
    return Structure(name, tuple(Member(*member) for member in members.items()))


STARTUPINFOW: Final = _structure(
    "STARTUPINFOW",
    cb="Long",
    lpReserved="LongPtr",
    lpDesktop="LongPtr",
    lpTitle="LongPtr",
    dwX="Long",
    dwY="Long",
    dwXSize="Long",
    dwYSize="Long",
    dwXCountChars="Long",
    dwYCountChars="Long",
    dwFillAttribute="Long",
    dwFlags="Long",
    wShowWindow="Integer",
    cbReserved2="Integer",
    lpReserved2="LongPtr",
    hStdInput="LongPtr",
    hStdOutput="LongPtr",
    hStdError="LongPtr",
)

PROCESS_INFORMATION: Final = _structure(
    "PROCESS_INFORMATION", hProcess="LongPtr", hThread="LongPtr", dwProcessId="Long", dwThreadId="Long"
)

SECURITY_ATTRIBUTES: Final = _structure(
    "SECURITY_ATTRIBUTES", nLength="Long", lpSecurityDescriptor="LongPtr", bInheritHandle="Long"
)

GUID: Final = _structure("GUID", data1="Long", data2="Long", data3="Long", data4="Long")
"""Windows' GUID, as four numbers: its own members matter to none of our calls."""

STRUCTURES: Final = (STARTUPINFOW, PROCESS_INFORMATION, SECURITY_ATTRIBUTES, GUID)


def _function(
    name: str,
    *parameters: tuple[str, Scalar | Structure] | tuple[str, Scalar | Structure, Literal["by reference"]],
    library: str = "kernel32",
    result: Scalar | None = "Long",
) -> WindowsFunction:
    listed = (
        Parameter(parameter[0], parameter[1], by_reference=len(parameter) > 2 or isinstance(parameter[1], Structure))
        for parameter in parameters
    )
    return WindowsFunction(name, library, tuple(listed), result)


FUNCTIONS: Final = (
    _function("LoadLibraryW", ("path", "LongPtr"), result="LongPtr"),
    _function("GetFileAttributesW", ("path", "LongPtr")),
    _function("FindFirstFileW", ("path", "LongPtr"), ("found", "LongPtr"), result="LongPtr"),
    _function("FindClose", ("search", "LongPtr")),
    _function("GetCurrentProcessId"),
    _function("GetTickCount"),
    _function("GetTempPathW", ("size", "Long"), ("buffer", "LongPtr")),
    _function("GetEnvironmentVariableW", ("variable", "LongPtr"), ("buffer", "LongPtr"), ("size", "Long")),
    _function("SetEnvironmentVariableW", ("variable", "LongPtr"), ("text", "LongPtr")),
    _function(
        "CreateFileW",
        ("path", "LongPtr"),
        ("rights", "Long"),
        ("share", "Long"),
        ("security", SECURITY_ATTRIBUTES),
        ("creation", "Long"),
        ("attributes", "Long"),
        ("template", "LongPtr"),
        result="LongPtr",
    ),
    _function(
        "CreateProcessW",
        ("program", "LongPtr"),
        ("commandLine", "LongPtr"),
        ("processAttributes", "LongPtr"),
        ("threadAttributes", "LongPtr"),
        ("inheritHandles", "Long"),
        ("flags", "Long"),
        ("environment", "LongPtr"),
        ("folder", "LongPtr"),
        ("startup", STARTUPINFOW),
        ("process", PROCESS_INFORMATION),
    ),
    _function("CloseHandle", ("handle", "LongPtr")),
    _function("GetExitCodeProcess", ("process", "LongPtr"), ("code", "Long", "by reference")),
    _function("WaitForSingleObject", ("handle", "LongPtr"), ("milliseconds", "Long")),
    _function(
        "SetFilePointer", ("file", "LongPtr"), ("distance", "Long"), ("distanceHigh", "LongPtr"), ("origin", "Long")
    ),
    _function(
        "ReadFile",
        ("file", "LongPtr"),
        ("buffer", "LongPtr"),
        ("size", "Long"),
        ("count", "Long", "by reference"),
        ("overlapped", "LongPtr"),
    ),
    _function("DeleteFileW", ("path", "LongPtr")),
    _function(
        "MultiByteToWideChar",
        ("codePage", "Long"),
        ("flags", "Long"),
        ("bytes", "LongPtr"),
        ("count", "Long"),
        ("buffer", "LongPtr"),
        ("size", "Long"),
    ),
    _function(
        "FormatMessageW",
        ("flags", "Long"),
        ("source", "LongPtr"),
        ("code", "Long"),
        ("language", "Long"),
        ("buffer", "LongPtr"),
        ("size", "Long"),
        ("arguments", "LongPtr"),
    ),
    _function("Sleep", ("milliseconds", "Long"), result=None),
    _function(
        "RegGetValueW",
        ("key", "LongPtr"),
        ("subkey", "LongPtr"),
        ("valueName", "LongPtr"),
        ("flags", "Long"),
        ("kind", "LongPtr"),
        ("buffer", "LongPtr"),
        ("size", "Long", "by reference"),
        library="advapi32",
    ),
    _function("AllowSetForegroundWindow", ("process", "Long"), library="user32"),
    _function("CoCreateGuid", ("id", GUID), library="ole32"),
    _function("StringFromGUID2", ("id", GUID), ("buffer", "LongPtr"), ("size", "Long"), library="ole32"),
)
"""All that VBA calls, texts and buffers by their address: VBA would convert a String to the code page of the system,
and lose letters of a path."""


def declarations() -> str:
    """VBA's statements: the structures, their sizes as constants, and the functions."""
    parts = ["\n".join(_type(structure)) for structure in STRUCTURES]
    long, short = ([_size(structure, address_bytes) for structure in STRUCTURES] for address_bytes in (8, 4))
    return "\n".join([*parts, "#If Win64 Then", *long, "#Else", *short, "#End If", *map(_declare, FUNCTIONS)])


def _type(structure: Structure) -> Iterable[str]:
    members = (f"    {member.name} As {member.type}" for member in structure.members)
    return [f"Private Type {structure.name}", *members, "End Type"]


def _size(structure: Structure, address_bytes: int) -> str:
    return f"Private Const SizeOf_{structure.name} As Long = {structure.size(address_bytes)}"


def _declare(function: WindowsFunction) -> str:
    parameters = ", ".join(
        f"{'ByRef' if each.by_reference else 'ByVal'} {each.name} As "
        + (each.type.name if isinstance(each.type, Structure) else each.type)
        for each in function.parameters
    )
    kind, result = ("Sub", "") if function.result is None else ("Function", f" As {function.result}")
    return f'Private Declare PtrSafe {kind} {function.name} Lib "{function.library}" ({parameters}){result}'


def _bytes(scalar: Scalar, address_bytes: int) -> int:
    return {"Integer": 2, "Long": 4, "LongPtr": address_bytes}[scalar]


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
