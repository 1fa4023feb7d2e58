"""Sets up Excel step by step, and removes everything again."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ..atomic import atomic_write, check_writable
from ..detect import python
from ..detect.excel import ADDIN_FILE, FROM_STORE, NOT_FROM_STORE, Excel, addin_version, is_signed, start_folder
from ..errors import ConfigurationError, FileWriteError, InstallError
from ..settings import python_dir
from ..version import version
from ..workbook import builder
from . import environment, setting
from .environment import CreateEnvironment
from .setting import short_path, vba_readable_path

Notify: TypeAlias = Callable[[str], object]


@dataclass(frozen=True)
class InstallPaths:
    """Where the parts are installed."""

    python: Path
    addin: Path

    @classmethod
    def for_user(cls, environ: Mapping[str, str]) -> InstallPaths:
        """The paths for the current user.

        Raises:
            ConfigurationError: Windows does not say where Excel's start folder is.
        """
        start = start_folder(environ)
        if start is None:
            raise ConfigurationError("%APPDATA% is not set, so Excel's start folder is unknown. Ask IT.")
        return cls(python_dir(environ), start / ADDIN_FILE)


def install(
    paths: InstallPaths,
    base: str,
    *,
    repair: bool = False,
    addin: Path | None = None,
    excel: Excel | None = None,
    create: CreateEnvironment = environment.create,
    write_setting: Callable[[str], object] = setting.write,
    code_page: str = "mbcs",
    notify: Notify = lambda _: None,
) -> None:
    """Set up Excel. A healthy private Python is kept, unless `repair` is set.

    An add-in that is given was built by this version and signed; with None it is built, or a signed one that is there
    is kept. ``notify`` gets the name of each step as it begins.

    Raises:
        ConfigurationError: this Python or this folder cannot be used; nothing was changed.
        InstallError: the private Python could not be created, or Excel uses it.
        FileWriteError: the add-in could not be written.
    """
    if reason := python.unfit(base, python.bits()):
        raise ConfigurationError(f"This Python {reason}. {python.NEEDED}")
    if excel is not None and excel.from_store:
        raise ConfigurationError(f"This Excel {FROM_STORE}. {NOT_FROM_STORE}")
    notify("looking at what is there")
    content = _addin_content(addin, paths.addin)
    recreate = repair or not environment.is_healthy(paths.python)
    if recreate:
        environment.check_not_running(paths.python)
    for folder in (paths.python.parent, paths.addin.parent):
        folder.mkdir(parents=True, exist_ok=True)
    # Fail on everything that can be checked before the minute that pip takes.
    parent = vba_readable_path(paths.python.parent, code_page, short_path)
    _check_not_in_use(paths.addin)
    if recreate:
        notify(f"making the private Python in {paths.python}: a minute or two")
        environment.recreate(paths.python, create)
    notify("telling Excel of it")
    write_setting(str(environment.interpreter(Path(parent) / paths.python.name)))
    atomic_write(paths.addin, content)


def uninstall(
    paths: InstallPaths, *, remove_setting: Callable[[], bool] = setting.remove, notify: Notify = lambda _: None
) -> bool:
    """Remove everything that `install` set up, but for the private Python if that is the one that runs this.

    ``remove_setting`` returns whether there was one. ``notify`` gets the name of each step as it begins.

    Returns:
        Whether anything was installed.

    Raises:
        InstallError: Excel uses the private Python or the add-in, and nothing was changed; or a folder is left.
    """
    if paths.addin.exists():
        _check_not_in_use(paths.addin)
    notify("removing the private Python, the setting and the add-in")
    removed = not environment.is_running(paths.python) and environment.remove(paths.python)
    removed |= remove_setting()
    removed |= paths.addin.exists()
    paths.addin.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it may hold the store
        paths.python.parent.rmdir()
    if left := environment.leftover(paths.python):
        raise InstallError(
            f"All is removed but {left}, of which another program holds a file. Remove it later by hand."
        )
    return removed


def _addin_content(given: Path | None, installed: Path) -> bytes:
    """The add-in to install: a signed one stays as it is, since a new one would have no signature."""
    if given is None and not is_signed(installed):
        return builder.build_addin()
    file = given or installed
    try:
        found = addin_version(file)
        content = file.read_bytes()
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{file} cannot be read as an add-in ({error}).") from None
    if found != version():
        of_version = f"of XL OpenFunnel {found}" if found else "not one of XL OpenFunnel"
        raise ConfigurationError(
            f"The{'' if given else ' signed'} add-in {file} is {of_version}, and this is {version()}. Build the new "
            "one with xl-openfunnel workbook --add-in, have it signed, and give it with --add-in."
        )
    return content


def _check_not_in_use(file: Path) -> None:
    try:
        check_writable(file)
    except FileWriteError as error:
        if error.locked:
            raise InstallError(
                f"{file} is in use. Close all windows of Excel and run it again.", retryable=True
            ) from None
        raise
