"""Adds the functions to LibreOffice Calc for one user, and takes them away again."""

from __future__ import annotations

import contextlib
import json
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError
from ..hosts.calc import identifiers
from ..settings import APP_NAME
from . import environment, libreoffice
from .calc_extension import build

_PACKAGE: Final = Path(__file__).parents[1]

Make = Callable[[Path, str], object]
"""Makes an environment in a folder that is not there, for a Python."""


@dataclass(frozen=True)
class Office:
    """A LibreOffice that can take the add-in.

    Attributes:
        unopkg: its command for extensions.
        python: the Python that it runs, or another one of the same version.
        version: that Python's version, as ``3.11``.
    """

    unopkg: str
    python: str
    version: str


def found(run: libreoffice.Run = libreoffice.run, system: str = sys.platform) -> Office:
    """The LibreOffice of this computer.

    Raises:
        ConfigurationError: there is none that can be used, and why.
    """
    soffice, unopkg = libreoffice.commands(system)
    said = libreoffice.version_said(soffice, run)
    if not libreoffice.new_enough(said):
        needed = ".".join(map(str, libreoffice.OLDEST))
        raise ConfigurationError(f"LibreOffice {needed} or newer is needed; this is {said or 'unknown'}.")
    python = libreoffice.python_of(soffice)
    known = libreoffice.uno_version(python, run)
    if not known:
        raise ConfigurationError("LibreOffice has no Python here. On Debian and Ubuntu: apt install python3-uno")
    return Office(unopkg, python, known)


def install(known: Office, run: libreoffice.Run = libreoffice.run, make: Make = environment.make) -> list[str]:
    """Add the extension, in place of one that is there; gives the folders that it takes Python packages from.

    Where that fails, the one that was there works as before.

    Raises:
        ConfigurationError: LibreOffice refuses it, in its own words.
        InstallError: the environment could not be made.
    """
    libreoffice.installed_extension(known.unopkg, run)  # before an environment is made that nothing would use
    if known.version == ".".join(map(str, sys.version_info[:2])):
        folders = _own_folders()
        _add(known, run, folders)
        return folders

    def renewed(folder: Path) -> None:
        nonlocal folders
        make(folder, known.python)
        asked = "import json, sysconfig; print(json.dumps([sysconfig.get_path(p) for p in ('purelib', 'platlib')]))"
        folders = list(dict.fromkeys(json.loads(run([str(environment.interpreter(folder)), "-c", asked]).stdout)))
        _add(known, run, folders)

    folders = []
    environment.recreate(_environment(), renewed)
    return folders


def uninstall(run: libreoffice.Run = libreoffice.run, system: str = sys.platform) -> bool:
    """Remove the extension, then the environment made for it; gives whether there was one.

    Raises:
        ConfigurationError: there is no LibreOffice, or it refuses, in its own words.
    """
    folder = _environment()
    try:
        _, unopkg = libreoffice.commands(system)
    except ConfigurationError as error:
        if not folder.exists():
            raise
        left = f"If LibreOffice is gone for good, delete the folder {folder}."
        raise ConfigurationError(f"{error.message.rstrip('.')}. {left}") from None
    there = libreoffice.installed_extension(unopkg, run) is not None
    if there:
        libreoffice.ask_unopkg(unopkg, run, "remove", identifiers.EXTENSION)
    environment.remove(folder)
    return there


def _add(known: Office, run: libreoffice.Run, folders: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / f"{APP_NAME}.oxt"
        file.write_bytes(build(folders))
        try:
            libreoffice.ask_unopkg(known.unopkg, run, "add", "--force", str(file))
        except ConfigurationError:
            with contextlib.suppress(ConfigurationError):  # the first trouble is the one to be told
                half = libreoffice.installed_extension(known.unopkg, run)
                if half is not None and not half.whole:
                    libreoffice.ask_unopkg(known.unopkg, run, "remove", identifiers.EXTENSION)
            raise


def _own_folders() -> list[str]:
    """Those of this environment, and that of the package, which may be a checkout."""
    paths = (str(_PACKAGE.parent), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return list(dict.fromkeys(paths))


def _environment() -> Path:
    import platformdirs

    return platformdirs.user_data_path(APP_NAME, appauthor=False) / "calc"
