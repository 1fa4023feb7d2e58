"""Python as Excel needs it: this one, the one that Excel starts, and xlwings' DLL between the two."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..detect.python import INTERPRETER_SETTING, is_store_python
from .result import CheckResult, ok, unknown, wrong

VERSION: Final = "Python"
XLWINGS: Final = "xlwings"
INTERPRETER: Final = "Python for Excel"
SAME: Final = "version for Excel"
DLL: Final = "xlwings DLL"


INSTALL: Final = "xl-openfunnel install"
_LEAST: Final = (3, 11)


def version(running: tuple[int, int, int], bits: int, program: str, base: str) -> CheckResult:
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
    if is_store_python(base):
        return wrong(
            VERSION,
            f"{told}: it comes from the Microsoft Store, and Excel does not see what it installs",
            "Install Python from python.org, and XL OpenFunnel with it.",
        )
    return ok(VERSION, told)


def xlwings(installed: str | None, needed: str) -> CheckResult:
    """Whether xlwings has the version whose DLL the workbook's VBA loads."""
    if installed == needed:
        return ok(XLWINGS, f"{installed}, as the workbook needs it")
    return wrong(
        XLWINGS,
        f"{installed or 'missing'}, and the workbook needs {needed}",
        f"python -m pip install xlwings=={needed}",
    )


def interpreter(path: str, exists: Callable[[str], bool], code_page: str) -> CheckResult:
    """The setting that the workbook's VBA reads.

    Args:
        path: its value, "" for none.
        exists: whether there is such a file.
        code_page: the codec of Windows' ANSI code page, in which VBA reads settings.
    """
    if not path:
        return wrong(INTERPRETER, "Excel does not know where Python is", f"{INSTALL} (it writes {INTERPRETER_SETTING})")
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


def same_version(path: str, ours: str, ask: Callable[[str], str]) -> CheckResult:
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


def dll(folders: list[Path], needed: str, excel_bits: int | None, load: Callable[[Path], str]) -> CheckResult:
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
