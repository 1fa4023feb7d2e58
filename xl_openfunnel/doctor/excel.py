"""Checks of Excel and of the add-in in its start folder."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ..detect.excel import (
    ADDIN_FILE,
    FROM_STORE,
    NO_PATH,
    NOT_FROM_STORE,
    Excel,
    addin_version,
    has_macros,
    needed_xlwings,
)
from ..detect.registry import Read
from .python import INSTALL
from .result import CheckResult, ok, unknown, wrong

DISABLED_ITEMS: Final = r"HKCU\Software\Microsoft\Office\16.0\Excel\Resiliency\DisabledItems"
_OTHER_PRODUCTS: Final = (
    "visio",
    "project",
    "onenote",
    "access",
    "skype",
    "lync",
    "teams",
    "word",
    "outlook",
    "powerpoint",
)
"""How the names of products without Excel begin."""

_SUBSCRIPTIONS: Final = ("o365", "m365", "mondo")
_FIRST_BUILD_THAT_SPILLS: Final = 12527
"""Version 2002: by then dynamic arrays had reached every channel of Microsoft 365 (July 2020)."""

_UNTRUSTED_ZONES: Final = {3: "the internet", 4: "an untrusted site"}
_TRY_SPILLING: Final = "Type =SEQUENCE(2) into a cell: it fills two."


def installation(excel: Excel | None, exists: Callable[[str], bool]) -> CheckResult:
    if excel is None:
        return wrong("no Excel was found", "Install Excel for Windows. The command line works without it.")
    details = [
        excel.version or "version unknown",
        f"{excel.bits}-bit" if excel.bits else "",
        ", ".join(excel.products) or ("not Click-to-Run" if excel.version else ""),
        excel.path,
    ]
    what = " · ".join(filter(None, details))
    if excel.from_store:  # https://github.com/xlwings/xlwings/issues/1166
        return wrong(f"{what}: it {FROM_STORE}", NOT_FROM_STORE)
    if excel.path and not exists(excel.path):
        return wrong(f"{what}: the program is not there", "Repair Office in Windows' settings under Apps.")
    return ok(what)


def spilling(excel: Excel | None) -> CheckResult:
    """Whether a table spills from one cell, judged by product and build: only Excel itself knows for sure."""
    if excel is None or not excel.version:
        return unknown("not known without Excel's version", _TRY_SPILLING)
    products = [name for name in excel.products if not name.casefold().startswith(_OTHER_PRODUCTS)]
    years = [int(year) for name in products if (year := "".join(re.findall("20[0-9]{2}", name)[:1]))]
    build = int(excel.version.split(".")[2]) if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", excel.version) else 0
    if any(year >= 2021 for year in years):
        return ok("a table spills from one cell")
    if any(name.casefold().startswith(_SUBSCRIPTIONS) for name in products):
        if build >= _FIRST_BUILD_THAT_SPILLS:
            return ok("a table spills from one cell")
        return wrong(f"build {build} may be too old to spill", "Update Office (File > Account > Update Options).")
    if excel.products and not products:
        return unknown("no product with Excel in it is named", _TRY_SPILLING)
    return wrong(
        f"Excel {max(years, default=2016)} cannot spill a table from one cell: OF_ROWS and OF_PIVOT show one cell only",
        "Excel 365 or 2021 can. xl-openfunnel rows JOB -o FILE.xlsx writes the table; the other functions work.",
    )


def addin(folder: Path | None, version: str) -> CheckResult:
    """Whether the add-in is in the start folder, in this version."""
    if folder is None:
        return unknown("%APPDATA% is not set, so Excel's start folder is unknown")
    file = folder / ADDIN_FILE
    try:
        missing = not file.is_file()
    except NO_PATH as error:  # as where a network is not there
        reason = getattr(error, "strerror", None) or error
        return unknown(f"{folder} cannot be looked at ({reason})", "Ask IT whether your profile can be reached.")
    if missing:
        return wrong(f"{file} is not there", f"{INSTALL}, then restart Excel")
    try:
        installed = addin_version(file)
    except (OSError, zipfile.BadZipFile) as error:
        return wrong(f"{file} cannot be read ({error})", f"Close Excel, then {INSTALL}")
    if not installed:
        return unknown(f"{file} does not say its version", f"Close Excel, then {INSTALL}")
    if installed != version:
        return wrong(f"{file} is of XL OpenFunnel {installed}, and this is {version}", f"Close Excel, then {INSTALL}")
    return ok(f"{file}, XL OpenFunnel {installed}")


def other_addins(files: Sequence[Path], own: Path | None) -> CheckResult:
    """Whether Excel also loads another add-in with our functions: it may call those, and lists each twice."""
    others = [file for file in files if file != own]
    if not others:
        return ok("none with the same functions")
    file = others[0]
    try:
        theirs = addin_version(file)
    except (OSError, zipfile.BadZipFile):
        theirs = ""
    of_version = f", of XL OpenFunnel {theirs}" if theirs else ""
    if own and own.name == file.name:
        what = f"Excel also loads {file}{of_version}: of two files of one name it opens only the first"
    else:
        what = f"Excel also loads {file}{of_version}: it has functions of the same names, and Excel may call those"
    return wrong(
        what,
        "File > Options > Add-ins > Manage: Excel Add-ins > Go: take its tick away. If it is not listed there, close "
        "Excel and delete the file.",
    )


def workbook_place(file: Path, onedrive: str) -> CheckResult:
    """Whether a workbook is in OneDrive, which the functions do not mind."""
    if not onedrive:
        return ok(f"{file} is not in OneDrive")
    return ok(
        f"{file} is in OneDrive: it works there. With AutoSave on, each change of a live cell is uploaded, unless you "
        "pause Live"
    )


def workbook_macros(file: Path, version: str) -> CheckResult:
    """Whether a workbook with our macros has those of this version; a workbook keeps the macros it was built with."""
    try:
        with_macros = has_macros(file)
        built_by = addin_version(file) if with_macros else ""
    except (OSError, zipfile.BadZipFile):
        return unknown(f"{file} is no workbook of Excel 2007 or newer, or it has a password")
    if not built_by:
        return ok(f"{file} has no OpenFunnel macros" if with_macros else f"{file} has no macros")
    if built_by != version:
        return wrong(
            f"{file} has the macros of XL OpenFunnel {built_by}, and this is {version}",
            "xl-openfunnel workbook builds a new one. Move your own sheets into it.",
        )
    return ok(f"{file}, XL OpenFunnel {built_by}")


def xlwings_of_macros(file: Path, found: list[str]) -> CheckResult:
    """Whether Excel's Python has the version of xlwings that the macros of a workbook or add-in need."""
    try:
        needed = needed_xlwings(file)
    except (OSError, zipfile.BadZipFile):
        return unknown(f"{file} is no workbook of Excel 2007 or newer, or it has a password")
    if not needed:
        return ok(f"{file} has no OpenFunnel macros")
    if needed in found:
        return ok(f"{file} needs xlwings {needed}")
    if not found:
        return unknown(f"{file} needs xlwings {needed}, and Excel's Python has none")
    remedy = "xl-openfunnel workbook builds a new one. Move your own sheets into it."
    if file.suffix.casefold() == ".xlam":
        remedy = f"Close Excel, then {INSTALL}"
    return wrong(
        f"{file} was made for xlwings {needed}, and Excel's Python has {' and '.join(found)}: "
        "cells cannot reach Python",
        remedy,
    )


def disabled_items(read: Read) -> CheckResult:
    """Whether Excel has disabled the add-in, as it does after a crash."""
    for value in read(DISABLED_ITEMS).values():
        text = value.decode("utf-16-le", "ignore") if isinstance(value, bytes) else str(value)
        if ADDIN_FILE.casefold() in text.casefold():
            return wrong(
                f"Excel has put {ADDIN_FILE} aside after a crash",
                "File > Options > Add-ins > Manage: Disabled Items > Go > Enable, then restart Excel.",
            )
    return ok("none of OpenFunnel's")


def mark_of_the_web(file: Path, zone_text: str | None) -> CheckResult:
    """Whether a file has the Mark of the Web, because of which Office blocks its macros.

    ``zone_text`` is the file's stream ``Zone.Identifier``, None if it has none.
    """
    zone = re.search(r"^\s*ZoneId\s*=\s*([0-9]+)", zone_text or "", re.MULTILINE | re.IGNORECASE)
    if zone is None or int(zone[1]) not in _UNTRUSTED_ZONES:
        return ok(f"{file} is not marked")
    quoted = str(file).replace("'", "''")
    return wrong(
        f"{file} is marked as from {_UNTRUSTED_ZONES[int(zone[1])]}: Office blocks its macros",
        f"Right-click it > Properties > Unblock, or in PowerShell: Unblock-File '{quoted}'",
    )
