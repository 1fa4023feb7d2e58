"""Reads the Windows registry."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

Read: TypeAlias = Callable[[str], Mapping[str, object]]
"""Returns a key's values by name; none if the key is missing. A key is a path such as ``HKCU\\Software\\...``. Its
default value has the name ``""``."""


_MAX_DIGITS: Final = 20
"""Those of the largest number in the registry, which has 64 bits. Python refuses to read 4,301 or more."""


def value(read: Read, key: str, name: str) -> object:
    """One value; None if it is missing. Its name may differ in case."""
    return next((data for each, data in read(key).items() if each.casefold() == name.casefold()), None)


def number(read: Read, key: str, name: str) -> int | None:
    """A value that is a number or the text of one; None for anything else."""
    data = value(read, key, name)
    if isinstance(data, str) and data.strip().isdecimal() and len(data) <= _MAX_DIGITS:
        return int(data)
    return data if isinstance(data, int) else None


def text(read: Read, key: str, name: str) -> str:
    """A value that is text, "" for anything else."""
    data = value(read, key, name)
    return data.strip() if isinstance(data, str) else ""


def read_key(key: str) -> dict[str, object]:
    """The values of a key of this computer's registry.

    Reads the 64-bit view in any case: Excel's policies are there, even if this Python is a 32-bit one.

    Raises:
        OSError: the key exists but may not be read, or this is not Windows.
    """
    if sys.platform != "win32":
        raise OSError("there is no registry on this system")
    import winreg

    hives = {"HKCU": winreg.HKEY_CURRENT_USER, "HKLM": winreg.HKEY_LOCAL_MACHINE}
    hive, _, path = key.partition("\\")
    try:
        handle = winreg.OpenKeyEx(hives[hive], path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)
    except FileNotFoundError:
        return {}
    with handle:
        count = winreg.QueryInfoKey(handle)[1]
        return {name: data for name, data, _ in (winreg.EnumValue(handle, index) for index in range(count))}
