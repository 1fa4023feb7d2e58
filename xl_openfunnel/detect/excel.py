"""Finds Excel and its start folder, and reads the version and origin of a workbook or add-in."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import registry
from .registry import Read

ADDIN_FILE: Final = "OpenFunnel.xlam"
"""The add-in's file name in the start folder."""

_APP_PATHS: Final = r"Microsoft\Windows\CurrentVersion\App Paths\excel.exe"
_CLICK_TO_RUN: Final = r"HKLM\Software\Microsoft\Office\ClickToRun\Configuration"

_DRIVE_REMOTE: Final = 4

_INSTALL_ROOTS: Final = (
    (r"HKLM\Software\Microsoft\Office\16.0\Excel\InstallRoot", 64),
    (r"HKLM\Software\Wow6432Node\Microsoft\Office\16.0\Excel\InstallRoot", 32),
)


@dataclass(frozen=True)
class Excel:
    """An installed Excel. What is not known is empty or None.

    Attributes:
        path: of the program.
        version: such as ``16.0.17928.20114``.
        bits: 32 or 64.
        products: as Click-to-Run names them; none if Office was installed in another way.
    """

    path: str
    version: str = ""
    bits: int | None = None
    products: tuple[str, ...] = ()

    @property
    def from_store(self) -> bool:
        """Whether it comes from the Microsoft Store: Windows keeps it from the Python of another program."""
        return "windowsapps" in self.path.replace("/", "\\").casefold().split("\\")


def find_excel(read: Read) -> Excel | None:
    """The Excel that is in the registry; None if there is none."""
    paths = (registry.text(read, rf"{hive}\Software\{_APP_PATHS}", "") for hive in ("HKLM", "HKCU"))
    path = next(filter(None, paths), "").strip('"')
    if version := registry.text(read, _CLICK_TO_RUN, "VersionToReport"):
        platform = registry.text(read, _CLICK_TO_RUN, "Platform").casefold()
        products = registry.text(read, _CLICK_TO_RUN, "ProductReleaseIds")
        bits = {"x64": 64, "x86": 32}.get(platform)
        return Excel(path, version, bits, tuple(filter(None, re.split(r"[,|\s]+", products))))
    for key, bits in _INSTALL_ROOTS:
        if folder := registry.text(read, key, "Path"):
            return Excel(path or folder.rstrip("\\") + r"\EXCEL.EXE", "16.0", bits)
    return Excel(path, bits=32 if "(x86)" in path else None) if path else None


def start_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder whose files Excel opens when it starts."""
    roaming = environ.get("APPDATA", "")
    return Path(roaming) / "Microsoft" / "Excel" / "XLSTART" if roaming else None


def is_on_network(folder: str) -> bool:
    """Whether a folder is on another computer: a network path, or a drive that stands for one."""
    if folder.startswith(("\\\\", "//")):
        return not folder.startswith(("\\\\?\\", "\\\\.\\"))
    if sys.platform != "win32":
        return False
    import ctypes

    return bool(ctypes.windll.kernel32.GetDriveTypeW(folder[:3]) == _DRIVE_REMOTE)


def addin_version(file: Path) -> str:
    """The version in the document properties of a workbook or add-in (``XL OpenFunnel 1.2.3``); "" if there is none."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        for name in sorted(name for name in names if name.startswith("docProps/") and name.endswith(".xml")):
            match = re.search(rb"XL OpenFunnel ([0-9][0-9A-Za-z.+]*)", archive.read(name))
            if match:
                return match[1].decode().rstrip(".")
    return ""


def zone_identifier(file: Path) -> str | None:
    """The stream in which Windows records where a file came from; None if the file has none."""
    if sys.platform != "win32":  # there, a file of that name would be an unrelated one
        return None
    try:
        return Path(f"{file}:Zone.Identifier").read_text("utf-8", "replace")
    except OSError:
        return None
