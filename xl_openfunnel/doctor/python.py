"""Python as Excel needs it: this one, the one that Excel starts, and xlwings' DLL between the two."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from . import registry
from .finding import Finding, ok, unknown, wrong
from .registry import Read

VERSION: Final = "Python"
XLWINGS: Final = "xlwings"
INTERPRETER: Final = "Python for Excel"
SAME: Final = "version for Excel"
DLL: Final = "xlwings DLL"

SETTING: Final = r"HKCU\Software\VB and VBA Program Settings\XL OpenFunnel\Python"
"""Where VBA's GetSetting("XL OpenFunnel", "Python", "Interpreter") looks."""

INSTALL: Final = "xl-openfunnel install"
_LEAST: Final = (3, 11)
_PATIENCE: Final = 30.0
"""Seconds for another Python to say its version: an antivirus program may look through it first."""


def version(running: tuple[int, int, int], bits: int, program: str, base: str) -> Finding:
    """The Python that runs this.

    Args:
        running: its version.
        bits: 32 or 64.
        program: its path.
        base: the folder of the Python that a virtual environment was made from.
    """
    told = f"{'.'.join(map(str, running))}, {bits}-bit, {program}"
    if running[:2] < _LEAST:
        return wrong(VERSION, told, "Install Python 3.11 or newer, and XL OpenFunnel with it.")
    if from_store(base):
        return wrong(
            VERSION,
            f"{told}: it comes from the Microsoft Store, and Excel does not see what it installs",
            "Install Python from python.org, and XL OpenFunnel with it.",
        )
    return ok(VERSION, told)


def from_store(base: str) -> bool:
    """Whether a Python comes from the Microsoft Store.

    Windows gives a Store app a private copy of what it writes to the registry and to %APPDATA%.
    """
    return "windowsapps" in base.casefold()


def xlwings(installed: str | None, needed: str) -> Finding:
    """Whether xlwings has the version whose DLL the workbook's VBA loads."""
    if installed == needed:
        return ok(XLWINGS, f"{installed}, as the workbook needs it")
    return wrong(
        XLWINGS,
        f"{installed or 'missing'}, and the workbook needs {needed}",
        f"python -m pip install xlwings=={needed}",
    )


def chosen(read: Read) -> str:
    """The interpreter that Excel is told to start, "" for none."""
    return registry.text(read, SETTING, "Interpreter")


def interpreter(path: str, exists: Callable[[str], bool], code_page: str) -> Finding:
    """The setting that the workbook's VBA reads.

    Args:
        path: its value, "" for none.
        exists: whether there is such a file.
        code_page: the codec of Windows' ANSI code page, in which VBA reads settings.
    """
    if not path:
        return wrong(INTERPRETER, "Excel does not know where Python is", f"{INSTALL} (it writes {SETTING})")
    try:
        path.encode(code_page)
    except UnicodeEncodeError as trouble:
        return wrong(
            INTERPRETER,
            f"VBA cannot read the path {path}: {path[trouble.start]!r} is not in Windows' ANSI code page",
            f"{INSTALL}: it takes a short name, or says what to do",
        )
    if not exists(path):
        return wrong(INTERPRETER, f"{path} is not there any more", INSTALL)
    return ok(INTERPRETER, path)


def same_version(path: str, ours: str, ask: Callable[[str], str]) -> Finding:
    """Whether Excel's Python has the package in the version of this one.

    Args:
        path: the interpreter of the setting, "" for none.
        ours: the version of this package.
        ask: gives the version that an interpreter has, "" for none; may raise `OSError`.
    """
    if not path:
        return unknown(SAME, "not looked at, since Excel does not know where Python is")
    try:
        theirs = ask(path)
    except (OSError, subprocess.SubprocessError) as trouble:
        return wrong(SAME, f"{path} does not start ({trouble})", f"{INSTALL} --repair; if that does not help, ask IT")
    if theirs == ours:
        return ok(SAME, f"XL OpenFunnel {theirs}, as here")
    if not theirs:
        return wrong(SAME, f"{path} has no XL OpenFunnel", INSTALL)
    return wrong(SAME, f"Excel runs XL OpenFunnel {theirs}, and this is {ours}", f"{INSTALL}, then start Excel anew")


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
        timeout=_PATIENCE,
        creationflags=flags,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def dll(folders: list[Path], needed: str, excel_bits: int | None, load: Callable[[Path], str]) -> Finding:
    """The DLL of xlwings that Excel loads.

    Args:
        folders: where the workbook's VBA looks for it, in this order.
        needed: the version of xlwings.
        excel_bits: 32 or 64; None where nobody knows, which asks for both.
        load: loads a DLL and gives "", or says why it cannot be loaded.
    """
    good: list[Path] = []
    for bits in (64, 32) if excel_bits is None else (excel_bits,):
        name = f"xlwings{bits}-{needed}.dll"
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if found is None:
            return wrong(
                DLL,
                f"{name} is not in {' or '.join(map(str, folders))}",
                f"{INSTALL} --repair. If it goes again, an antivirus program removes it: ask IT to allow it.",
                for_it=f"Allow the file {name} of the Python package xlwings {needed} in {folders[0]}: "
                "an antivirus program seems to remove it.",
            )
        if reason := load(found):
            return wrong(
                DLL,
                f"{found} cannot be loaded ({reason})",
                "An antivirus program or a policy blocks it: ask IT to allow it.",
                for_it=f"Allow programs to load {found} of the Python package xlwings {needed}.",
            )
        good.append(found)
    return ok(DLL, " and ".join([str(good[0]), *(file.name for file in good[1:])]))


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


def places(path: str, prefix: Path) -> list[Path]:
    """Where VBA looks for the DLL: beside Excel's Python, then in the folder above, as in a virtual environment."""
    if not path:
        return [prefix]
    return [Path(path).parent, Path(path).parent.parent]
