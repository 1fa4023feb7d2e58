"""The user's setting in which VBA looks for Python, where VBA's SaveSetting would write it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ..detect import python as detect_python

_NAME: Final = "Interpreter"
_KEY: Final = detect_python.INTERPRETER_SETTING.removeprefix("HKCU\\")
_ALL_PROGRAMS_KEY: Final = r"Software\VB and VBA Program Settings"
_MAX_PATH_LENGTH: Final = 32_768
"""Characters of the longest path that Windows supports."""


def write(path: str) -> None:
    """Store the path of Excel's Python in the registry.

    Raises:
        OSError: the registry cannot be written, or this is not Windows.
    """
    if sys.platform != "win32":
        raise OSError("there is no registry on this system")
    import winreg

    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, _KEY) as key:
        winreg.SetValueEx(key, _NAME, 0, winreg.REG_SZ, path)


def remove() -> bool:
    """Remove the setting, and the registry keys that are empty without it.

    Returns:
        Whether there was a setting.

    Raises:
        OSError: the registry cannot be written, or this is not Windows.
    """
    if sys.platform != "win32":
        raise OSError("there is no registry on this system")
    import winreg

    try:
        with winreg.OpenKeyEx(winreg.HKEY_CURRENT_USER, _KEY, 0, winreg.KEY_SET_VALUE) as key:
            winreg.DeleteValue(key, _NAME)
    except FileNotFoundError:
        return False
    path = _KEY
    while path.startswith(_ALL_PROGRAMS_KEY):
        with winreg.OpenKeyEx(winreg.HKEY_CURRENT_USER, path) as key:
            subkeys, values, _ = winreg.QueryInfoKey(key)
        if subkeys or values:
            break
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, path)
        path = path.rpartition("\\")[0]
    return True


def vba_readable_path(path: Path, code_page: str, shorten: Callable[[Path], str]) -> str:
    """A path that the VBA of earlier workbooks can read too: only characters of Windows' ANSI code page, if it has one.

    Workbooks of version 0.1 read it with VBA's GetSetting, which loses other letters; later ones read it as it is.

    ``shorten`` gives a folder's path with Windows' short names (8.3) where they exist.
    """
    for text in (str(path), shorten(path)):
        try:
            text.encode(code_page)
        except UnicodeEncodeError:
            continue
        return text
    return str(path)


def short_path(path: Path) -> str:
    """A path with Windows' short names where they exist."""
    if sys.platform != "win32":
        return str(path)
    windows: Any = ctypes  # typed as Any: windll exists on Windows only
    buffer = ctypes.create_unicode_buffer(_MAX_PATH_LENGTH)
    length = windows.windll.kernel32.GetShortPathNameW(str(path), buffer, _MAX_PATH_LENGTH)
    return buffer.value if length else str(path)
