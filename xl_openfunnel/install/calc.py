"""Adds the functions to LibreOffice Calc for one user, and removes them."""

from __future__ import annotations

import contextlib
import json
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ..detect import libreoffice
from ..errors import ConfigurationError
from ..hosts.calc import identifiers
from ..settings import APP_NAME
from . import environment
from .calc_extension import build_extension
from .unopkg import find_extension, run_unopkg

_PACKAGE: Final = Path(__file__).parents[1]

CreateFor: TypeAlias = Callable[[Path, str], object]
"""Creates an environment in a folder that does not exist yet, for the Python with this path."""


@dataclass(frozen=True)
class LibreOffice:
    """A LibreOffice that can take the add-in.

    Attributes:
        unopkg: the path of its extension manager.
        python: the path of the Python that it runs, or of another one of the same version.
        python_version: that Python's version, such as ``3.11``.
    """

    unopkg: str
    python: str
    python_version: str


def find_libreoffice(run: libreoffice.RunCommand = libreoffice.run, system: str = sys.platform) -> LibreOffice:
    """The LibreOffice of this computer.

    Raises:
        ConfigurationError: there is none, or it cannot be used; the message says why.
    """
    soffice, unopkg = libreoffice.find_programs(system)
    version = libreoffice.version_text(soffice, run)
    if not libreoffice.is_supported(version):
        needed = ".".join(map(str, libreoffice.MIN_VERSION))
        raise ConfigurationError(f"LibreOffice {needed} or newer is needed; this is {version or 'unknown'}.")
    python = libreoffice.python_for(soffice)
    python_version = libreoffice.uno_python_version(python, run)
    if not python_version:
        raise ConfigurationError("LibreOffice has no Python here. On Debian and Ubuntu: apt install python3-uno")
    return LibreOffice(unopkg, python, python_version)


def install(
    office: LibreOffice, run: libreoffice.RunCommand = libreoffice.run, create: CreateFor = environment.create
) -> list[str]:
    """Add the extension, or replace the installed one; if that fails, the installed one keeps working.

    Returns:
        The folders from which it imports Python packages.

    Raises:
        ConfigurationError: LibreOffice refuses; the message repeats its output.
        InstallError: the environment could not be created.
    """
    find_extension(office.unopkg, run)  # if LibreOffice refuses, fail before creating an unused environment
    if office.python_version == ".".join(map(str, sys.version_info[:2])):
        folders = _running_package_folders()
        _add_extension(office, run, folders)
        return folders

    def create_and_add(folder: Path) -> None:
        nonlocal folders
        create(folder, office.python)
        code = "import json, sysconfig; print(json.dumps([sysconfig.get_path(p) for p in ('purelib', 'platlib')]))"
        folders = list(dict.fromkeys(json.loads(run([str(environment.interpreter(folder)), "-c", code]).stdout)))
        _add_extension(office, run, folders)

    folders = []
    environment.recreate(_environment_folder(), create_and_add)
    return folders


def uninstall(run: libreoffice.RunCommand = libreoffice.run, system: str = sys.platform) -> bool:
    """Remove the extension, then its environment.

    Returns:
        Whether the extension was installed.

    Raises:
        ConfigurationError: there is no LibreOffice, or it refuses; the message repeats its output.
    """
    folder = _environment_folder()
    try:
        _, unopkg = libreoffice.find_programs(system)
    except ConfigurationError as error:
        if not folder.exists():
            raise
        left = f"If LibreOffice is gone for good, delete the folder {folder}."
        raise ConfigurationError(f"{error.message.rstrip('.')}. {left}") from None
    installed = find_extension(unopkg, run) is not None
    if installed:
        run_unopkg(unopkg, run, "remove", identifiers.EXTENSION)
        find_extension(unopkg, run)  # each start deletes the files of extensions that were removed before it
    environment.remove(folder)
    return installed


def _add_extension(office: LibreOffice, run: libreoffice.RunCommand, folders: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / f"{APP_NAME}.oxt"
        file.write_bytes(build_extension(folders))
        try:
            run_unopkg(office.unopkg, run, "add", "--force", str(file))
        except ConfigurationError:
            with contextlib.suppress(ConfigurationError):  # the first error is the one to report
                extension = find_extension(office.unopkg, run)
                if extension is not None and not extension.registered:
                    run_unopkg(office.unopkg, run, "remove", identifiers.EXTENSION)
            raise


def _running_package_folders() -> list[str]:
    """The folders of the running environment, and that of the package, which may be a checkout."""
    paths = (str(_PACKAGE.parent), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return list(dict.fromkeys(paths))


def _environment_folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path(APP_NAME, appauthor=False) / "calc"
