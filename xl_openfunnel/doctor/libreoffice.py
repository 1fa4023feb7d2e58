"""Checks of LibreOffice and of the functions in its Calc."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError
from ..install.unopkg import InstalledExtension
from .result import CheckResult, CheckState, ok, unknown, wrong

INSTALL: Final = "xl-openfunnel install --calc"
_REINSTALL: Final = f"{INSTALL}, then restart LibreOffice"


def installation(version: str, oldest: tuple[int, int], *, supported: bool, used: bool) -> CheckResult:
    """Whether LibreOffice is new enough for the functions."""
    if supported:
        return ok(version)
    needed = ".".join(map(str, oldest))
    what = f"{version or 'version unknown'}: the functions need {needed} or newer"
    return _wrong_if_used(what, f"Install LibreOffice {needed} or newer; on Debian from its backports.", used=used)


def uno(python: str, version: str, *, used: bool) -> CheckResult:
    """Whether LibreOffice's Python can import ``uno``; its version is "" if it cannot."""
    if version:
        return ok(f"{version}, {python}")
    return _wrong_if_used(f"{python} has no module uno", "On Debian and Ubuntu: apt install python3-uno", used=used)


def extension(find: Callable[[], InstalledExtension | None], version: str) -> CheckResult:
    """Whether LibreOffice has the functions, in this version."""
    try:
        installed = find()
    except ConfigurationError as error:
        return unknown(error.message)
    if installed is None:
        return ok(f"not added; {INSTALL} adds them")
    if not installed.registered:
        return wrong(f"XL OpenFunnel {installed.version}, registered only in part", _REINSTALL)
    if installed.version != version:
        return wrong(f"they are of XL OpenFunnel {installed.version}, and this is {version}", _REINSTALL)
    return ok(f"XL OpenFunnel {version}")


def package(
    python: str, folders: Sequence[str], load: Callable[[str, Sequence[str]], tuple[str, str]], version: str
) -> CheckResult:
    """Whether LibreOffice's Python can import this version of the package.

    ``load`` imports the package from the folders, and returns its version and "", or "" and the error.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            return wrong(f"{folder} is gone, from which the functions were added", _REINSTALL)
    loaded, error = load(python, folders)
    if not loaded:
        return wrong(f"{python} cannot load it from {folders[0]} ({error})", _REINSTALL)
    if loaded != version:
        return wrong(f"XL OpenFunnel {loaded} in {folders[0]}, and this is {version}", _REINSTALL)
    return ok(f"XL OpenFunnel {loaded}, {folders[0]}")


def _wrong_if_used(what: str, remedy: str, *, used: bool) -> CheckResult:
    """Wrong only for users who have the functions."""
    return CheckResult(CheckState.WRONG if used else CheckState.UNKNOWN, what, remedy)
