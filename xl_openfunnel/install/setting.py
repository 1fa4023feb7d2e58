"""The user's setting in which VBA looks for Python: ``GetSetting("XL OpenFunnel", "Python", "Interpreter")``."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from ..detect import python as detect_python
from ..detect import registry
from ..errors import ConfigurationError
from ..settings import ENV_CACHE_DIR

_NAME: Final = "Interpreter"
_KEY: Final = detect_python.INTERPRETER_SETTING.removeprefix("HKCU\\")
_SETTINGS_OF_ALL: Final = r"Software\VB and VBA Program Settings"
_SHORT_PATH: Final = 32_768
"""Letters of the longest path that Windows knows."""


class InterpreterSetting(Protocol):
    """Where the path of Python is kept."""

    def read(self) -> str:
        """The path, "" for none."""

    def write(self, path: str) -> None:
        """Keep a path in place of what was there."""

    def remove(self) -> bool:
        """Keep none; whether there was one."""


class RegistrySetting:
    """The setting of this user in the registry of Windows."""

    key: Final = detect_python.INTERPRETER_SETTING

    def read(self) -> str:
        """The path, "" for none."""
        return detect_python.configured_interpreter(registry.windows)

    def write(self, path: str) -> None:
        """Keep a path in place of what was there."""
        if sys.platform != "win32":
            raise OSError("there is no registry on this system")
        import winreg

        with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, _KEY) as key:
            winreg.SetValueEx(key, _NAME, 0, winreg.REG_SZ, path)

    def remove(self) -> bool:
        """Keep none, and no key that is then empty; whether there was one."""
        if sys.platform != "win32":
            raise OSError("there is no registry on this system")
        import winreg

        try:
            with winreg.OpenKeyEx(winreg.HKEY_CURRENT_USER, _KEY, 0, winreg.KEY_SET_VALUE) as key:
                winreg.DeleteValue(key, _NAME)
        except FileNotFoundError:
            return False
        empty = _KEY
        while empty.startswith(_SETTINGS_OF_ALL):
            with winreg.OpenKeyEx(winreg.HKEY_CURRENT_USER, empty) as key:
                keys, values, _ = winreg.QueryInfoKey(key)
            if keys or values:
                break
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, empty)
            empty = empty.rpartition("\\")[0]
        return True


def readable(path: Path, code_page: str, shortened: Callable[[Path], str]) -> str:
    """A path as VBA can read it, which knows the letters of Windows' ANSI code page only.

    Args:
        path: of a folder that is there.
        code_page: the codec of that code page.
        shortened: the path with Windows' short names (8.3) of folders, where they have one.

    Raises:
        ConfigurationError: it has other letters, and no short name without them.
    """
    for text in (str(path), shortened(path)):
        try:
            text.encode(code_page)
        except UnicodeEncodeError:
            continue
        return text
    raise ConfigurationError(
        f"Excel's VBA cannot read the path {path}: it has letters outside Windows' ANSI code page. Set {ENV_CACHE_DIR} "
        "to a folder with plain letters, such as C:\\OpenFunnel, under Windows' settings (Edit environment variables "
        "for your account), open a new terminal, and run it again."
    )


def short_path(path: Path) -> str:
    """A path with Windows' short names, as far as there are any."""
    if sys.platform != "win32":
        return str(path)
    windows: Any = ctypes  # what only Windows' ctypes has
    text = ctypes.create_unicode_buffer(_SHORT_PATH)
    return text.value if windows.windll.kernel32.GetShortPathNameW(str(path), text, _SHORT_PATH) else str(path)
