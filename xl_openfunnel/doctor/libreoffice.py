"""LibreOffice, and our functions in its Calc."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from ..errors import ConfigurationError
from .result import CheckResult, CheckState, ok, unknown, wrong

FOUND: Final = "LibreOffice"
UNO: Final = "Python for Calc"
FUNCTIONS: Final = "functions in Calc"
LOADS: Final = "package for Calc"

INSTALL: Final = "xl-openfunnel install --calc"
_ANEW: Final = f"{INSTALL}, then start LibreOffice anew"


class Added(Protocol):
    """The functions as LibreOffice has them."""

    @property
    def version(self) -> str:
        """The package's, when they were added."""

    @property
    def whole(self) -> bool:
        """Whether all of them are registered."""


def found(said: str, oldest: tuple[int, int], *, new: bool, used: bool) -> CheckResult:
    """Whether LibreOffice can have the functions.

    Args:
        said: its name and version.
        oldest: the first version that can.
        new: whether this one can.
        used: whether it has them.
    """
    if new:
        return ok(FOUND, said)
    needed = ".".join(map(str, oldest))
    what = f"{said or 'version unknown'}: the functions need {needed} or newer"
    return _amiss(FOUND, what, f"Install LibreOffice {needed} or newer; on Debian from its backports.", used=used)


def uno(python: str, version: str, *, used: bool) -> CheckResult:
    """Whether LibreOffice's Python knows LibreOffice.

    Args:
        python: that Python.
        version: its version, "" where it does not.
        used: whether LibreOffice has the functions.
    """
    if version:
        return ok(UNO, f"{version}, {python}")
    return _amiss(UNO, f"{python} has no module uno", "On Debian and Ubuntu: apt install python3-uno", used=used)


def functions(added: Callable[[], Added | None], ours: str) -> CheckResult:
    """Whether LibreOffice has the functions, in the version of this package."""
    try:
        there = added()
    except ConfigurationError as trouble:
        return unknown(FUNCTIONS, trouble.message)
    if there is None:
        return ok(FUNCTIONS, f"not added; {INSTALL} adds them")
    if not there.whole:
        return wrong(FUNCTIONS, f"XL OpenFunnel {there.version}, registered only in part", _ANEW)
    if there.version != ours:
        return wrong(FUNCTIONS, f"they are of XL OpenFunnel {there.version}, and this is {ours}", _ANEW)
    return ok(FUNCTIONS, f"XL OpenFunnel {ours}")


def loads(
    python: str, folders: Sequence[str], loaded: Callable[[str, Sequence[str]], tuple[str, str]], ours: str
) -> CheckResult:
    """Whether LibreOffice's Python can load what the functions are made of.

    Args:
        python: that Python.
        folders: where it looks.
        loaded: gives the version that it has loaded from there, or "" and what it said.
        ours: the version of this package.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            return wrong(LOADS, f"{folder} is gone, from which the functions were added", _ANEW)
    version, said = loaded(python, folders)
    if not version:
        return wrong(LOADS, f"{python} cannot load it from {folders[0]} ({said})", _ANEW)
    if version != ours:
        return wrong(LOADS, f"XL OpenFunnel {version} in {folders[0]}, and this is {ours}", _ANEW)
    return ok(LOADS, f"XL OpenFunnel {version}, {folders[0]}")


def _amiss(check: str, what: str, cure: str, *, used: bool) -> CheckResult:
    """Wrong only for who has the functions."""
    return CheckResult(check, CheckState.WRONG if used else CheckState.UNKNOWN, what, cure)
