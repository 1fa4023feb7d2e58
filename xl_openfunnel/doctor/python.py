"""Checks of Python: the running one, the one that Excel starts, and xlwings' DLL between the two."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..detect.excel import is_file
from ..detect.python import INTERPRETER_SETTING, NEEDED, unfit
from .result import CheckResult, ok, unknown, wrong

INSTALL: Final = "xl-openfunnel install"
_MIN_VERSION: Final = (3, 11)
_SMALL: Final = 32


def version(running: tuple[int, int, int], bits: int, program: str, base: str) -> CheckResult:
    """Whether the running Python can be used."""
    what = f"{'.'.join(map(str, running))}, {bits}-bit, {program}"
    if running[:2] < _MIN_VERSION:
        return wrong(what, NEEDED)
    if reason := unfit(base, bits):
        return wrong(f"{what}: it {reason}", NEEDED)
    return ok(what)


def xlwings(installed: str | None, needed: str) -> CheckResult:
    """Whether xlwings has the version whose DLL the workbook's VBA loads."""
    if installed == needed:
        return ok(f"{installed}, as the workbook needs it")
    return wrong(
        f"{installed or 'missing'}, and the workbook needs {needed}", f"python -m pip install xlwings=={needed}"
    )


def interpreter(path: str, exists: Callable[[str], bool], code_page: str) -> CheckResult:
    """Whether the setting that VBA reads names a Python.

    Earlier workbooks read it in the codec of Windows' ANSI code page.
    """
    if not path:
        return wrong("Excel does not know yet where Python is", f"{INSTALL} (it writes {INTERPRETER_SETTING})")
    if not exists(path):
        return wrong(f"{path} is not there any more", INSTALL)
    try:
        path.encode(code_page)
    except UnicodeEncodeError as error:
        letter = path[error.start]
        return ok(f"{path} (with {letter!r}, so workbooks made by version 0.1 cannot read it: make them again)")
    return ok(path)


def place(path: str, *, onedrive: str, on_network: bool) -> CheckResult:
    """Whether the Python that Excel starts is on this computer, and stays there."""
    move = f"Set OPENFUNNEL_CACHE_DIR to a folder on this computer, or remove it; then {INSTALL} --repair"
    if onedrive:
        return wrong(
            f"{path} is in OneDrive ({onedrive}), which may take its files off this computer or lock them while it "
            "uploads them",
            move,
        )
    if on_network:
        return wrong(
            f"{path} is on another computer: cells wait for the network, and Windows may refuse to start it", move
        )
    return ok("on this computer")


def package_version(path: str, version: str, ask_version: Callable[[str], str]) -> CheckResult:
    """Whether Excel's Python has this version of the package."""
    if not path:
        return unknown("not looked at, since Excel does not know yet where Python is")
    try:
        installed = ask_version(path)
    except (OSError, subprocess.SubprocessError) as error:
        return wrong(f"{path} does not start ({error})", f"{INSTALL} --repair; if that does not help, ask IT")
    if installed == version:
        return ok(f"XL OpenFunnel {installed}, as here")
    if not installed:
        return wrong(f"{path} has no XL OpenFunnel", INSTALL)
    return wrong(f"Excel runs XL OpenFunnel {installed}, and this is {version}", f"{INSTALL}, then restart Excel")


def dll(folders: list[Path], needed: str, excel_bits: int | None, load: Callable[[Path], str]) -> CheckResult:
    """Whether Excel can load xlwings' DLL.

    Excel loads it into its own process, so that its bitness has to be Excel's. Python is another process, which COM
    reaches whatever its bitness is; xlwings brings both DLLs for that.

    VBA looks for it in the folders, in this order. Where Excel's bits are unknown, both DLLs must be there. ``load``
    returns the reason why a DLL cannot be loaded, or "".
    """
    files: list[Path] = []
    for bits in (64, 32) if excel_bits is None else (excel_bits,):
        name = f"xlwings{bits}-{needed}.dll"
        file = next((folder / name for folder in folders if is_file(folder / name)), None)
        if file is None:
            return wrong(
                f"{name} is not in {' or '.join(map(str, folders))}",
                f"{INSTALL} --repair. If it goes again, an antivirus program removes it: ask IT to allow it.",
                for_it=f"Allow the file {name} of the Python package xlwings {needed} in {folders[0]}: "
                "an antivirus program seems to remove it.",
            )
        if reason := load(file):
            return wrong(
                f"{file} cannot be loaded ({reason})",
                "An antivirus program or a policy blocks it: ask IT to allow it.",
                for_it=f"Allow programs to load {file} of the Python package xlwings {needed}.",
            )
        files.append(file)
    found = " and ".join([str(files[0]), *(file.name for file in files[1:])])
    if excel_bits == _SMALL:
        found += ", for a 32-bit Excel; Python may have 64 bits"
    return ok(f"{found}. A workbook may have been made for another xlwings: xl-openfunnel doctor FILE tells")
