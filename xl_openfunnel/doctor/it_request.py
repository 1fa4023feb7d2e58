"""A text for the IT department, ready to be pasted, where only they can help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .excel import FILE
from .result import CheckResult

_OF_EXCEL: Final = (
    f"in Excel. It is an add-in ({FILE}, VBA, not signed) in Excel's start",
    "folder, %APPDATA%\\Microsoft\\Excel\\XLSTART. Its macros load a DLL of the Python package xlwings and start,",
    "by cmd.exe, Python under my own user account; that process asks one address over https.",
)
_OF_PYTHON: Final = ("in Python, under my own user account. It asks one address over https.",)


def write_it_request(findings: Sequence[CheckResult], *, version: str, excel: bool) -> str:
    """What IT should change, each with the exact setting; "" where they have no part in it.

    Args:
        findings: of all checks.
        version: of this package.
        excel: whether this is a computer that Excel works with this package on.
    """
    wishes = [finding.for_it for finding in findings if finding.for_it]
    if not wishes:
        return ""
    about, *more = _OF_EXCEL if excel else _OF_PYTHON
    lines = [
        "Hello,",
        "",
        f"I use XL OpenFunnel {version} {about}",
        *more,
        "It needs no administrator's rights. On this computer something stands in its way. Could you please look at:",
        "",
        *(f"{number}. {wish}" for number, wish in enumerate(wishes, 1)),
        "",
        "Thank you.",
    ]
    return "\n".join(lines)
