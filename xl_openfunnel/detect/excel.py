"""Finds Excel and its start folder, and reads the version and origin of a workbook or add-in."""

from __future__ import annotations

import contextlib
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Final

from . import registry
from .registry import Read

ADDIN_FILE: Final = "OpenFunnel.xlam"
"""The add-in's file name in the start folder."""

FROM_STORE: Final = "comes from the Microsoft Store, where cells cannot call Python"
NOT_FROM_STORE: Final = "Uninstall it in Windows' settings under Apps, and install Office from office.com."
"""What is wrong with such an Excel, and what to do."""

_FIRST_XLWINGS: Final = "0.37.8"
"""The version of xlwings that all files need which do not say it: those built by 0.1."""

_APP_PATHS: Final = r"Microsoft\Windows\CurrentVersion\App Paths\excel.exe"
_CLICK_TO_RUN: Final = r"HKLM\Software\Microsoft\Office\ClickToRun\Configuration"

EXCEL_OPTIONS: Final = r"HKCU\Software\Microsoft\Office\16.0\Excel\Options"

_ONEDRIVE_VARIABLES: Final = ("OneDriveCommercial", "OneDriveConsumer", "OneDrive")
_MACROS: Final = "xl/vbaProject.bin"
_SIGNATURES: Final = "xl/vbaProjectSignature"
_WITH_MACROS: Final = (".xlam", ".xlsm", ".xlsb", ".xla", ".xls")

_DRIVE_REMOTE: Final = 4

NO_PATH: Final = (OSError, ValueError)
"""What the functions for files raise of a path that is not there; `ValueError` if no system has such a path. Which of
them raise that, and which only say that there is no file, differs between systems and versions of Python."""

_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError)
"""What `zipfile` raises of damaged or encrypted files, and `open` of a path that no system has."""

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

    root = ctypes.create_unicode_buffer(folder[:3])  # it takes a NUL, which as a str ctypes refuses
    return bool(ctypes.windll.kernel32.GetDriveTypeW(root) == _DRIVE_REMOTE)


def onedrive_of(path: str, environ: Mapping[str, str]) -> str:
    """The OneDrive folder in which a file or folder is, as Windows names it in the environment; "" if in none."""
    inside = PureWindowsPath(path)
    folders = [text for name in _ONEDRIVE_VARIABLES if (text := environ.get(name, ""))]
    return next((folder for folder in folders if inside.is_relative_to(PureWindowsPath(folder))), "")


def loaded_addins(read: Read, environ: Mapping[str, str], program: str) -> list[Path]:
    """The files that Excel opens at each start, as far as they are add-ins of ours or have their name.

    It opens those in its start folders, the user's, its own and the one that the user chose, and those that are ticked
    in its list of add-ins: the values OPEN, OPEN1, ... of its options, each with switches and a path, which without
    folders is in the folder for add-ins.
    """
    options = read(EXCEL_OPTIONS)
    chosen = registry.text(read, EXCEL_OPTIONS, "AltStartup")
    own = str(Path(program).parent / "XLSTART") if program else ""
    folders = [start_folder(environ), *(Path(text) for text in (own, chosen) if text)]
    files = [file for folder in folders if folder for file in _files_in(folder)]
    addins = Path(environ.get("APPDATA", ""), "Microsoft", "AddIns")
    for name, entry in options.items():
        if re.fullmatch(r"OPEN[0-9]*", name, re.IGNORECASE) and isinstance(entry, str):
            path = re.sub(r"^(/\w+\s+)*", "", entry.strip()).strip('"')
            files.append(Path(path) if "\\" in path or "/" in path else addins / path)
    return [file for file in dict.fromkeys(files) if _is_ours(file)]


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix.casefold() in _WITH_MACROS)
    except NO_PATH:
        return []


def is_file(path: str | Path) -> bool:
    """Whether there is such a file; False too where that cannot be told, as on a network that is not there."""
    try:
        return Path(path).is_file()
    except NO_PATH:
        return False


def _is_ours(file: Path) -> bool:
    try:
        return is_file(file) and ("openfunnel" in file.stem.casefold() or bool(addin_version(file)))
    except (OSError, zipfile.BadZipFile):
        return False


def addin_version(file: Path) -> str:
    """The version in the document properties of a workbook or add-in (``XL OpenFunnel 1.2.3``); "" if there is none."""
    return _stated_version(file, rb"XL OpenFunnel")


def needed_xlwings(file: Path) -> str:
    """The version of xlwings whose DLL the macros of a workbook or add-in load; "" if none of ours are in it."""
    return _stated_version(file, rb"for xlwings") or (_FIRST_XLWINGS if addin_version(file) else "")


def _stated_version(file: Path, before: bytes) -> str:
    """The version that stands behind some words in the document properties; "" if there is none.

    Raises:
        OSError, zipfile.BadZipFile: as `_opened` has them.
    """
    with _opened(file) as archive:
        names = archive.namelist()
        for name in sorted(name for name in names if name.startswith("docProps/") and name.endswith(".xml")):
            match = re.search(before + rb" ([0-9][0-9A-Za-z.+]*)", archive.read(name))
            if match:
                return match[1].decode().rstrip(".")
    return ""


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """The parts of a workbook or add-in.

    Raises:
        OSError: there is no such file, or it may not be read.
        zipfile.BadZipFile: it is no such file, damaged or encrypted; also for what is raised of it while it is open.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except _UNREADABLE as error:
        raise zipfile.BadZipFile(str(error)) from None


def has_macros(file: Path) -> bool:
    """Whether a workbook or add-in has macros.

    Raises:
        OSError, zipfile.BadZipFile: as `addin_version` does.
    """
    with _opened(file) as archive:
        return _MACROS in archive.namelist()


def is_signed(file: Path) -> bool:
    """Whether the VBA project of a workbook or add-in has a signature, valid or not; False if there is no such file.

    Signatures are parts of their own beside the project: the older one, Agile and V3 ([MS-OSHARED] 2.3.2).
    """
    try:
        with _opened(file) as archive:
            return any(name.startswith(_SIGNATURES) for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def zone_identifier(file: Path) -> str | None:
    """The stream in which Windows records where a file came from; None if the file has none."""
    if sys.platform != "win32":  # there, a file of that name would be an unrelated one
        return None
    try:
        return Path(f"{file}:Zone.Identifier").read_text("utf-8", "replace")
    except NO_PATH:
        return None
