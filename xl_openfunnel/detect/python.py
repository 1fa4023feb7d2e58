"""The Python that Excel is told to start, and xlwings' DLL beside it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from . import registry
from .registry import Read

INTERPRETER_SETTING: Final = r"HKCU\Software\VB and VBA Program Settings\XL OpenFunnel\Python"
"""Where VBA's GetSetting("XL OpenFunnel", "Python", "Interpreter") looks."""

_VERSION_TIMEOUT: Final = 30.0
"""Seconds for another Python to say its version: an antivirus program may look through it first."""


def is_store_python(base: str) -> bool:
    """Whether a Python comes from the Microsoft Store.

    Windows gives a Store app a private copy of what it writes to the registry and to %APPDATA%.
    """
    return "windowsapps" in base.casefold()


def configured_interpreter(read: Read) -> str:
    """The interpreter that Excel is told to start, "" for none."""
    return registry.text(read, INTERPRETER_SETTING, "Interpreter")


def ask_version(path: str) -> str:
    """The version of this package that another interpreter has, "" for none.

    Raises:
        OSError: it does not start.
        subprocess.SubprocessError: it does not answer in time.
    """
    program = PureWindowsPath(path) if sys.platform == "win32" else Path(path)
    if program.name.lower() == "pythonw.exe" and Path(program.with_name("python.exe")).exists():
        program = program.with_name("python.exe")  # the one with a stdout
    code = "import importlib.metadata as m; print(m.version('xl-openfunnel'))"
    flags: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    # Isolated, as Excel starts it: what PYTHONPATH offers does not count.
    done = subprocess.run(  # noqa: S603 - the interpreter that Excel starts as well
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
    """Load a DLL of this Python's bitness, and say why it cannot be; one of the other is only looked at."""
    if ("xlwings64" in path.name) != (sys.maxsize > 2**32):
        path.read_bytes()  # an antivirus program that blocks it says so here
        return ""
    windows: Any = ctypes  # what only Windows' ctypes has
    try:
        windows.WinDLL(str(path))
    except OSError as trouble:
        return str(trouble)
    return ""


def dll_folders(path: str, prefix: Path) -> list[Path]:
    """Where VBA looks for the DLL: beside Excel's Python, then in the folder above, as in a virtual environment."""
    if not path:
        return [prefix]
    return [Path(path).parent, Path(path).parent.parent]
