"""Reading the Windows registry: the only code of the doctor that needs Windows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TypeAlias

Read: TypeAlias = Callable[[str], Mapping[str, object]]
"""Gives the values of a key by name, none for a key that is missing. The key is written as people write it:
``HKCU\\Software\\...``. A key's default value has the name ``""``."""


def value(read: Read, key: str, name: str) -> object:
    """One value, whatever the case of its name; None where it is missing."""
    return next((found for each, found in read(key).items() if each.casefold() == name.casefold()), None)


def number(read: Read, key: str, name: str) -> int | None:
    """A value that is a number, also where it was written as text; None for anything else."""
    found = value(read, key, name)
    if isinstance(found, str) and found.strip().isdecimal():
        return int(found)
    return found if isinstance(found, int) else None


def text(read: Read, key: str, name: str) -> str:
    """A value that is text, "" for anything else."""
    found = value(read, key, name)
    return found.strip() if isinstance(found, str) else ""


def windows(key: str) -> dict[str, object]:
    """The values of a key of this computer's registry.

    Always the 64-bit view, which is what Excel's policies are in whatever the bitness of this Python.

    Raises:
        OSError: the key is there and may not be read, or this is no Windows.
    """
    if sys.platform != "win32":
        raise OSError("there is no registry on this system")
    import winreg

    hives = {"HKCU": winreg.HKEY_CURRENT_USER, "HKLM": winreg.HKEY_LOCAL_MACHINE}
    hive, _, path = key.partition("\\")
    try:
        opened = winreg.OpenKeyEx(hives[hive], path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)
    except FileNotFoundError:
        return {}
    with opened:
        count = winreg.QueryInfoKey(opened)[1]
        return {name: found for name, found, _ in (winreg.EnumValue(opened, at) for at in range(count))}
