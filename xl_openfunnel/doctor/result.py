"""What a check found, and the message for the IT department that can follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..detect.excel import ADDIN_FILE


class CheckState(StrEnum):
    """How a check ended. Only `WRONG` makes the command fail."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    NOT_HERE = "not here"


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Attributes:
        state: how it ended.
        what: what was found, for the user.
        remedy: what the user can do about it; "" if there is nothing to do.
        for_it: what only the IT department can change, with the exact setting; "" if it is not needed.
    """

    state: CheckState
    what: str
    remedy: str = ""
    for_it: str = ""


NOT_HERE: Final = CheckResult(CheckState.NOT_HERE, "only on Windows")
"""The result of a check of Excel on any other system."""

_EXCEL_INTRODUCTION: Final = (
    f"in Excel. It is an add-in ({ADDIN_FILE}, VBA) in Excel's start",
    "folder, %APPDATA%\\Microsoft\\Excel\\XLSTART. Its macros load a DLL of the Python package xlwings and start",
    "Python under my own user account; that process asks one address over https.",
)
_PYTHON_INTRODUCTION: Final = ("in Python, under my own user account. It asks one address over https.",)


def ok(what: str) -> CheckResult:
    """Nothing to do."""
    return CheckResult(CheckState.OK, what)


def wrong(what: str, remedy: str, *, for_it: str = "") -> CheckResult:
    """Something to fix."""
    return CheckResult(CheckState.WRONG, what, remedy, for_it)


def unknown(what: str, remedy: str = "", *, for_it: str = "") -> CheckResult:
    """Something that cannot be decided from here."""
    return CheckResult(CheckState.UNKNOWN, what, remedy, for_it)


def write_it_request(results: Iterable[CheckResult], *, version: str, excel: bool) -> str:
    """A message that asks IT for each change with its exact setting; "" if there is nothing for them to change."""
    requests = [result.for_it for result in results if result.for_it]
    if not requests:
        return ""
    about, *more = _EXCEL_INTRODUCTION if excel else _PYTHON_INTRODUCTION
    lines = [
        "Hello,",
        "",
        f"I use XL OpenFunnel {version} {about}",
        *more,
        "It needs no administrator's rights. On this computer something stands in its way. Could you please look at:",
        "",
        *(f"{number}. {request}" for number, request in enumerate(requests, 1)),
        "",
        "Thank you.",
    ]
    return "\n".join(lines)
