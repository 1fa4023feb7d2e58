"""The private Python: a virtual environment with this package, in a folder of its own.

A Python from the company's portal, packages installed for the user and the PATH make no difference to it.
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
from ..log import redacted
from ..text import clip, one_line
from ..version import version
from .wheel import write_wheel

Make: TypeAlias = Callable[[Path], object]
"""Makes the environment in a folder that is not there."""

_LONGEST: Final = 600
"""Letters of what pip said that are repeated."""


def interpreter(folder: Path) -> Path:
    """The program that Excel starts: on Windows the one without a window."""
    return folder / "Scripts" / "pythonw.exe" if sys.platform == "win32" else folder / "bin" / "python"


def make(folder: Path, python: str = "") -> None:
    """Make the environment: a Python like the running one or another, with this package and what it needs.

    Raises:
        ConfigurationError: this package was never installed.
        InstallError: it could not be made.
    """
    _run([python or sys.executable, "-I", "-m", "venv", str(folder)], "Python could not make an environment of its own")
    fill(folder)


def fill(folder: Path) -> None:
    """Install this package into an environment, and what it needs, which pip fetches as its user has told it to.

    Raises:
        ConfigurationError: this package was never installed.
        InstallError: pip could not do it.
    """
    program = interpreter(folder)
    if sys.platform == "win32":
        program = program.with_name("python.exe")  # pythonw.exe says nothing
    # In front of the user's own settings, one of which would lead out of the environment.
    pip = [str(program), "-I", "-m", "pip", "install", "--no-user", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory(prefix="xl-openfunnel-") as scratch:
        _run([*pip, str(write_wheel(Path(scratch)))], "pip could not install what XL OpenFunnel needs")


def is_healthy(folder: Path) -> bool:
    """Whether the environment is there, starts and has this version of the package."""
    try:
        return ask_version(str(interpreter(folder))) == version()
    except (OSError, subprocess.SubprocessError):
        return False


def recreate(folder: Path, make: Make) -> None:
    """Make the environment anew; the old one stays until there is a new one, and comes back if there will be none.

    Raises:
        ConfigurationError: this package was never installed.
        InstallError: it could not be made, or the old one is in use.
    """
    with _aside(folder):
        make(folder)
        _check(folder)


def remove(folder: Path) -> bool:
    """Remove the environment; whether there was one.

    Raises:
        InstallError: it is in use.
    """
    there = folder.exists()
    if there or leftover(folder):
        with _aside(folder):
            pass
    return there


def leftover(folder: Path) -> Path | None:
    """What could not be removed of an old environment, as another program held it."""
    old = _old(folder)
    return old if old.exists() else None


def check_not_running(folder: Path) -> None:
    """Find out whether it is another Python that runs this.

    Raises:
        ConfigurationError: it is the private one, which can neither replace nor remove itself.
    """
    if Path(sys.prefix).resolve() == folder.resolve():
        raise ConfigurationError(
            f"This is the private Python in {folder} itself, which cannot replace or remove itself. Use the Python "
            "from which you installed it, or another one: py -m pip install, then py -m xl_openfunnel."
        )


def _check(folder: Path) -> None:
    if not is_healthy(folder):
        raise InstallError(
            f"The Python that was made in {folder} does not start, or has no XL OpenFunnel {version()}. Nothing was "
            "changed. Look at pip config list (target and prefix must not be set), and ask IT whether an antivirus "
            "program or a policy keeps programs from running there."
        )


@contextlib.contextmanager
def _aside(folder: Path) -> Iterator[None]:
    """The old environment out of the way; gone for good when the block ends well, and back when not."""
    old = _old(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)  # from a run that was killed
        try:
            folder.rename(old)
        except OSError as trouble:  # Windows lets nobody rename a folder from which a program runs
            raise InstallError(
                f"{folder} is in use ({trouble.strerror}). Close all windows of Excel and run it again."
            ) from None
    try:
        yield
    except BaseException:  # Ctrl-C too
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)  # what an antivirus program still holds, the next run removes


def _old(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


def _run(command: list[str], failure: str) -> None:
    flags: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        done = subprocess.run(  # noqa: S603 - Python itself
            command,
            stdin=subprocess.DEVNULL,  # pip that asks for a password nobody sees would wait for ever
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            creationflags=flags,
            check=False,
        )
    except OSError as trouble:
        raise InstallError(f"{failure}: {command[0]} does not start ({trouble.strerror}).") from None
    if done.returncode:
        lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
        telling = dict.fromkeys([*[line for line in lines if line.startswith("ERROR: ")][:2], lines[-1]])
        said = clip(redacted(one_line(" ".join(telling))), _LONGEST)
        raise InstallError(
            f"{failure}: {said} Nothing was changed. Are you online? If your company has a package index of its own, "
            "tell pip of it (pip config set global.index-url ADDRESS), then run it again."
        )
