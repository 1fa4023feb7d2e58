"""Excel itself, and the add-in in the folder that it starts with."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..detect.excel import Excel, addin_version
from ..detect.registry import Read
from .python import INSTALL
from .result import CheckResult, ok, unknown, wrong

FOUND: Final = "Excel"
SPILLS: Final = "tables in cells"
ADDIN: Final = "add-in"
SWITCHED_OFF: Final = "disabled items"

FILE: Final = "OpenFunnel.xlam"
DISABLED: Final = r"HKCU\Software\Microsoft\Office\16.0\Excel\Resiliency\DisabledItems"
_NO_EXCEL: Final = ("visio", "project", "onenote", "access", "skype", "lync", "teams", "word", "outlook", "powerpoint")
_SUBSCRIPTION: Final = ("o365", "m365", "mondo")
_SPILLS_SINCE: Final = 12527
"""Version 2002: with it dynamic arrays had come to every channel of Microsoft 365 (July 2020)."""
_MACROS: Final = "xl/vbaProject.bin"
_ZONES: Final = {3: "the internet", 4: "an untrusted site"}


def found(excel: Excel | None, exists: Callable[[str], bool]) -> CheckResult:
    """Whether there is an Excel."""
    if excel is None:
        return wrong(FOUND, "no Excel was found", "Install Excel for Windows. The command line works without it.")
    words = [
        excel.version or "version unknown",
        f"{excel.bits}-bit" if excel.bits else "",
        ", ".join(excel.products) or ("not Click-to-Run" if excel.version else ""),
        excel.path,
    ]
    told = " · ".join(filter(None, words))
    if excel.path and not exists(excel.path):
        return wrong(FOUND, f"{told}: the program is not there", "Repair Office in Windows' settings under Apps.")
    return ok(FOUND, told)


def spills(excel: Excel | None) -> CheckResult:
    """Whether a table spills from one cell, judged by product and build: only Excel itself knows for sure."""
    if excel is None or not excel.version:
        return unknown(SPILLS, "not known without Excel's version", "Type =SEQUENCE(2) into a cell: it fills two.")
    products = [name for name in excel.products if not name.casefold().startswith(_NO_EXCEL)]
    years = [int(year) for name in products if (year := "".join(re.findall("20[0-9]{2}", name)[:1]))]
    build = int(excel.version.split(".")[2]) if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", excel.version) else 0
    if any(year >= 2021 for year in years):
        return ok(SPILLS, "a table spills from one cell")
    if any(name.casefold().startswith(_SUBSCRIPTION) for name in products):
        if build >= _SPILLS_SINCE:
            return ok(SPILLS, "a table spills from one cell")
        return wrong(
            SPILLS, f"build {build} may be too old to spill", "Update Office (File > Account > Update Options)."
        )
    if excel.products and not products:
        return unknown(SPILLS, "no product with Excel in it is named", "Type =SEQUENCE(2) into a cell: it fills two.")
    return wrong(
        SPILLS,
        f"Excel {max(years, default=2016)} cannot spill a table from one cell: OF_ROWS and OF_PIVOT show one cell only",
        "Excel 365 or 2021 can. xl-openfunnel rows JOB -o FILE.xlsx writes the table; the other functions work.",
    )


def addin(folder: Path | None, ours: str) -> CheckResult:
    """Whether the add-in is in the start folder, in the version of this package."""
    if folder is None:
        return unknown(ADDIN, "%APPDATA% is not set: nobody knows where Excel's start folder is")
    file = folder / FILE
    if not file.is_file():
        return wrong(ADDIN, f"{file} is not there", f"{INSTALL}, then start Excel anew")
    try:
        theirs = addin_version(file)
    except (OSError, zipfile.BadZipFile) as trouble:
        return wrong(ADDIN, f"{file} cannot be read ({trouble})", f"Close Excel, then {INSTALL}")
    if not theirs:
        return unknown(ADDIN, f"{file} does not say its version", f"Close Excel, then {INSTALL}")
    if theirs != ours:
        return wrong(ADDIN, f"{file} is of XL OpenFunnel {theirs}, and this is {ours}", f"Close Excel, then {INSTALL}")
    return ok(ADDIN, f"{file}, XL OpenFunnel {theirs}")


def book(check: str, file: Path, ours: str) -> CheckResult:
    """Whether a workbook that has our macros has those of this package: they stay what they were when it was built."""
    try:
        with zipfile.ZipFile(file) as parts:
            has_macros = _MACROS in parts.namelist()
        theirs = addin_version(file) if has_macros else ""
    except (OSError, zipfile.BadZipFile):
        return unknown(check, f"{file} is no workbook of Excel 2007 or newer, or it has a password")
    if not theirs:
        return ok(check, f"{file} has no macros of ours" if has_macros else f"{file} has no macros")
    if theirs != ours:
        return wrong(
            check,
            f"{file} has the macros of XL OpenFunnel {theirs}, and this is {ours}",
            "xl-openfunnel workbook builds a new one. Move your own sheets into it.",
        )
    return ok(check, f"{file}, XL OpenFunnel {theirs}")


def switched_off(read: Read) -> CheckResult:
    """Whether Excel itself has put the add-in aside, as it does after a crash."""
    for held in read(DISABLED).values():
        told = held.decode("utf-16-le", "ignore") if isinstance(held, bytes) else str(held)
        if FILE.casefold() in told.casefold():
            return wrong(
                SWITCHED_OFF,
                f"Excel has put {FILE} aside after a crash",
                "File > Options > Add-ins > Manage: Disabled Items > Go > Enable, then start Excel anew.",
            )
    return ok(SWITCHED_OFF, "none of ours")


def mark(check: str, file: Path, zone_text: str | None) -> CheckResult:
    """Whether a file carries the Mark of the Web, for which Office blocks its macros.

    Args:
        check: the check's name.
        file: the workbook or add-in.
        zone_text: its stream ``Zone.Identifier``; None where it has none.
    """
    zone = re.search(r"^\s*ZoneId\s*=\s*([0-9]+)", zone_text or "", re.MULTILINE | re.IGNORECASE)
    if zone is None or int(zone[1]) not in _ZONES:
        return ok(check, f"{file} is not marked")
    quoted = str(file).replace("'", "''")
    return wrong(
        check,
        f"{file} is marked as from {_ZONES[int(zone[1])]}: Office blocks its macros",
        f"Right-click it > Properties > Unblock, or in PowerShell: Unblock-File '{quoted}'",
    )
