"""Setting up Excel, step by step, and taking all of it away."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ..detect.excel import start_folder
from ..detect.python import is_store_python
from ..errors import ConfigurationError, FileWriteError, InstallError
from ..files.atomic import check_writable
from ..settings import python_dir
from ..workbook import addin
from . import environment
from .environment import Make
from .setting import InterpreterSetting, readable, short_path

Tell: TypeAlias = Callable[[str], object]


@dataclass(frozen=True)
class InstallPaths:
    """Where everything is.

    Attributes:
        python: the folder of the private Python.
        addin: the add-in's file.
    """

    python: Path
    addin: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> InstallPaths:
        """Those of this user.

        Raises:
            ConfigurationError: Windows doesn't say where.
        """
        start = start_folder(environ)
        if start is None:
            raise ConfigurationError("%APPDATA% is not set, so nobody knows where Excel's start folder is. Ask IT.")
        return cls(python_dir(environ), start / addin.FILE_NAME)


def install(
    places: InstallPaths,
    setting: InterpreterSetting,
    base: str,
    *,
    repair: bool = False,
    make: Make = environment.make,
    code_page: str = "mbcs",
    tell: Tell = lambda _: None,
) -> None:
    """Set up Excel. What is there already and well stays, unless everything is to be made anew.

    Args:
        places: what goes where.
        setting: in which VBA looks for Python.
        base: the folder of the Python that the private one is made from.
        repair: make the private Python anew in any case.
        make: makes it.
        code_page: the codec of Windows' ANSI code page.
        tell: told what is being done.

    Raises:
        ConfigurationError: it can't be done from here; nothing was changed.
        InstallError: the private Python could not be made, or Excel uses it.
        FileWriteError: the add-in could not be written.
    """
    if is_store_python(base):
        raise ConfigurationError(
            "This Python comes from the Microsoft Store, and Excel does not see what it installs. Install Python from "
            "python.org, and XL OpenFunnel with it."
        )
    environment.check_not_running(places.python)
    tell("looking at what is there")
    for folder in (places.python.parent, places.addin.parent):
        folder.mkdir(parents=True, exist_ok=True)
    # All that can be known before is said before the minute that pip takes.
    parent = readable(places.python.parent, code_page, short_path)
    _check_free(places.addin)
    if repair or not environment.is_healthy(places.python):
        tell(f"making the private Python in {places.python}: a minute or two")
        environment.recreate(places.python, make)
    tell("telling Excel of it")
    setting.write(str(environment.interpreter(Path(parent) / places.python.name)))
    addin.write(places.addin)


def uninstall(places: InstallPaths, setting: InterpreterSetting, *, tell: Tell = lambda _: None) -> bool:
    """Take everything away that `install` made; whether there was anything.

    Raises:
        ConfigurationError: it can't be done from here; nothing was changed.
        InstallError: Excel uses the private Python or the add-in, and nothing was changed; or something is left.
    """
    environment.check_not_running(places.python)
    if places.addin.exists():
        _check_free(places.addin)
    tell("removing the private Python, the setting and the add-in")
    found = environment.remove(places.python)
    found |= setting.remove()
    found |= places.addin.exists()
    places.addin.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the store may be in it
        places.python.parent.rmdir()
    if left := environment.leftover(places.python):
        raise InstallError(
            f"All is removed but {left}, of which another program holds a file. Remove it later by hand."
        )
    return found


def _check_free(file: Path) -> None:
    try:
        check_writable(file)
    except FileWriteError as trouble:
        if trouble.locked:
            raise InstallError(f"{file} is in use. Close all windows of Excel and run it again.") from None
        raise
