"""The private Python: a virtual environment with this package, in a folder of its own.

It does not depend on the PATH, on packages installed for the user, or on a Python from the company's portal.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from ..detect.python import ask_version
from ..errors import ConfigurationError, InstallError
from ..log import redact_keys
from ..text import clip, one_line
from ..version import version
from .wheel import write_wheel

CreateEnvironment: TypeAlias = Callable[[Path], object]
"""Creates the environment in a folder that does not exist yet."""

_MAX_OUTPUT: Final = 600
"""Characters of pip's output that an error repeats."""


def interpreter(folder: Path) -> Path:
    """The program that Excel starts: on Windows ``pythonw.exe``, which opens no console."""
    return folder / "Scripts" / "pythonw.exe" if sys.platform == "win32" else folder / "bin" / "python"


def create(folder: Path, python: str = "") -> None:
    """Create the environment in a new folder, with this package and its dependencies.

    It is based on the Python with that path, or with ``""`` on the running one.

    Raises:
        ConfigurationError: this package was never installed.
        InstallError: the environment could not be created.
    """
    _run([python or sys.executable, "-I", "-m", "venv", str(folder)], "Python could not make an environment of its own")
    install_package(folder)


def install_package(folder: Path) -> None:
    """Install this package and its dependencies into an environment, with pip and the user's pip configuration.

    Raises:
        ConfigurationError: this package was never installed.
        InstallError: pip failed.
    """
    program = interpreter(folder)
    if sys.platform == "win32":
        program = program.with_name("python.exe")  # pythonw.exe prints nothing
    # --no-user overrides the user's pip configuration, which could install outside the environment.
    pip = [str(program), "-I", "-m", "pip", "install", "--no-user", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory(prefix="xl-openfunnel-") as scratch:
        _run([*pip, str(write_wheel(Path(scratch)))], "pip could not install what XL OpenFunnel needs")


def is_healthy(folder: Path) -> bool:
    """Whether the environment exists, starts and has this version of the package."""
    try:
        return ask_version(str(interpreter(folder))) == version()
    except (OSError, subprocess.SubprocessError):
        return False


def recreate(folder: Path, create: CreateEnvironment) -> None:
    """Replace the environment; if that fails, restore the old one.

    Raises:
        ConfigurationError: this package was never installed.
        InstallError: the new one could not be created, or the old one is in use.
    """
    with _moved_aside(folder):
        create(folder)
        _check_healthy(folder)


def remove(folder: Path) -> bool:
    """Remove the environment.

    Returns:
        Whether there was one.

    Raises:
        InstallError: it is in use.
    """
    existed = folder.exists()
    if existed or leftover(folder):
        with _moved_aside(folder):
            pass
    return existed


def leftover(folder: Path) -> Path | None:
    """The folder of an old environment that could not be removed because another program held a file; else None."""
    backup = _backup_folder(folder)
    return backup if backup.exists() else None


def is_running(folder: Path) -> bool:
    """Whether the private Python is the one that runs this."""
    return Path(sys.prefix).resolve() == folder.resolve()


def check_not_running(folder: Path) -> None:
    """Check that the private Python is not the one that runs this.

    Raises:
        ConfigurationError: it is; it cannot replace itself.
    """
    if is_running(folder):
        raise ConfigurationError(
            f"This is the private Python in {folder} itself, which cannot replace itself. Double-click install.cmd, or "
            "use another Python: py -m pip install, then py -m xl_openfunnel."
        )


def _check_healthy(folder: Path) -> None:
    if not is_healthy(folder):
        raise InstallError(
            f"The Python that was made in {folder} does not start, or has no XL OpenFunnel {version()}. Nothing was "
            "changed. Look at pip config list (target and prefix must not be set), and ask IT whether an antivirus "
            "program or a policy keeps programs from running there."
        )


@contextlib.contextmanager
def _moved_aside(folder: Path) -> Iterator[None]:
    """Move the environment aside during the block: delete it if the block succeeds, restore it if the block fails."""
    backup = _backup_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(backup, ignore_errors=True)  # from a run that was killed
        try:
            folder.rename(backup)
        except OSError as error:  # Windows refuses to rename a folder from which a program runs
            raise InstallError(
                f"{folder} is in use ({error.strerror}). Close all windows of Excel and run it again.",
                retryable=True,
            ) from None
    try:
        yield
    except BaseException:  # Ctrl-C too
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            backup.rename(folder)
        raise
    shutil.rmtree(backup, ignore_errors=True)  # the next run removes files that an antivirus program still holds


def _backup_folder(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


def _run(command: list[str], failure: str) -> None:
    flags: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        done = subprocess.run(  # noqa: S603 - Python itself
            command,
            stdin=subprocess.DEVNULL,  # otherwise pip could wait for ever for a password, at a prompt that is not shown
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            creationflags=flags,
            check=False,
        )
    except OSError as error:
        raise InstallError(f"{failure}: {command[0]} does not start ({error.strerror}).") from None
    if done.returncode:
        lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
        summary = dict.fromkeys([*[line for line in lines if line.startswith("ERROR: ")][:2], lines[-1]])
        output = clip(redact_keys(one_line(" ".join(summary))), _MAX_OUTPUT)
        raise InstallError(
            f"{failure}: {output} Nothing was changed. Are you online? If your company has a package index of its own, "
            "tell pip of it (pip config set global.index-url ADDRESS), then run it again."
        )
