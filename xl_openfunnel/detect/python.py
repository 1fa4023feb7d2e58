"""Finds the Python that Excel starts, its version of this package, and xlwings' DLL beside it."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from . import registry
from .registry import Read

INTERPRETER_SETTING: Final = r"HKCU\Software\VB and VBA Program Settings\XL OpenFunnel\Python"
"""The key that VBA's GetSetting("XL OpenFunnel", "Python", "Interpreter") reads."""

FROM_STORE: Final = "comes from the Microsoft Store, and Excel does not see what it installs"
HAS_32_BITS: Final = "has 32 bits, for which there is no DuckDB, msgspec or pandas"
NEEDED: Final = "Install 64-bit Python 3.11 or newer from python.org, and XL OpenFunnel with it."
"""What is wrong with such a Python, and what to do."""

_DLL_NAME: Final = re.compile(r"xlwings(?:32|64)-(.+)\.dll")

_VERSION_TIMEOUT: Final = 30.0
"""Seconds for another Python to print its version: an antivirus program may scan it first."""


def bits() -> int:
    """64 or 32, of the running Python."""
    return 64 if sys.maxsize > 2**32 else 32


def unfit(base: str, bits: int) -> str:
    """Why Excel cannot use a Python, after "This Python"; "" if it can.

    Windows redirects what a Store app writes to the registry and to %APPDATA% into a private copy.
    """
    if bits < 64:
        return HAS_32_BITS
    return FROM_STORE if "windowsapps" in base.casefold() else ""


def configured_interpreter(read: Read) -> str:
    """The interpreter that Excel is set to start, "" for none.

    A path that is not whole counts as none, as in VBA: Windows would look for it in the current folder.
    """
    path = registry.text(read, INTERPRETER_SETTING, "Interpreter")
    return path if PureWindowsPath(path).is_absolute() or Path(path).is_absolute() else ""


def ask_version(path: str) -> str:
    """The version of this package that another interpreter has, "" for none.

    Raises:
        OSError: the interpreter does not start.
        subprocess.SubprocessError: it does not answer in time.
    """
    program = PureWindowsPath(path) if sys.platform == "win32" else Path(path)
    if program.name.lower() == "pythonw.exe" and Path(program.with_name("python.exe")).exists():
        program = program.with_name("python.exe")  # pythonw.exe has no stdout
    code = "import importlib.metadata as m; print(m.version('xl-openfunnel'))"
    flags: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    # Isolated, as Excel starts it: packages on PYTHONPATH do not count.
    done = subprocess.run(  # noqa: S603 - the interpreter that Excel starts too
        [str(program), "-I", "-B", "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_VERSION_TIMEOUT,
        creationflags=flags,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def load_dll(path: Path) -> str:
    """Load a DLL of this Python's bitness; only read one of the other bitness.

    Returns:
        Why it cannot be loaded, "" if it can.

    Raises:
        OSError: a DLL of the other bitness cannot be read.
    """
    if f"xlwings{bits()}" not in path.name:
        path.read_bytes()  # fails if an antivirus program blocks it
        return ""
    windows: Any = ctypes  # typed as Any: WinDLL exists on Windows only
    try:
        windows.WinDLL(str(path))
    except OSError as error:
        return str(error)
    return ""


def dll_folders(path: str, prefix: Path) -> list[Path]:
    """Where VBA looks for the DLL: beside Excel's Python, then in the folder above, as in a virtual environment.

    Without a Python of Excel's, those of the running one.
    """
    if not path:
        return [prefix]
    return [Path(path).parent, Path(path).parent.parent]


def xlwings_versions(folders: Iterable[Path]) -> list[str]:
    """The versions of xlwings whose DLLs are in these folders."""
    names = (file.name for folder in folders if folder.is_dir() for file in folder.glob("xlwings*-*.dll"))
    return sorted({match[1] for name in names if (match := _DLL_NAME.fullmatch(name))})
