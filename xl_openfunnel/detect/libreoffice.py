"""Finds LibreOffice, its version and its Python, and runs its commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from ..errors import ConfigurationError

MIN_VERSION: Final = (25, 2)
"""Older versions do not map the functions' names in Excel's files to the add-in's."""

SYSTEM_PYTHON: Final = "/usr/bin/python3"
"""The Python of a LibreOffice that ships without one."""

COMMAND_TIMEOUT: Final = 300.0
"""Seconds for one command, such as adding an extension on a slow disk."""

MAX_VERSION_LENGTH: Final = 60

RunCommand: TypeAlias = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]


def run(command: Sequence[str], timeout: float = COMMAND_TIMEOUT) -> subprocess.CompletedProcess[str]:
    """Run a command and capture its output.

    Raises:
        ConfigurationError: it did not end within `timeout` seconds, for example because it waits for an answer in a
            window.
    """
    try:
        return subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
            env=_without_python(os.environ),
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"{Path(command[0]).name} did not end within {timeout:.0f} seconds. Close LibreOffice and try again."
        ) from None


def _without_python(environ: Mapping[str, str]) -> dict[str, str]:
    """Hide the user's own Python: LibreOffice takes the first one on the PATH for its own, and crashes."""
    clean = {name: text for name, text in environ.items() if name != "VIRTUAL_ENV" and not name.startswith("PYTHON")}
    clean["PATH"] = os.pathsep.join([str(Path(SYSTEM_PYTHON).parent), *filter(None, [environ.get("PATH")])])
    return clean


def find_programs(system: str = sys.platform) -> tuple[str, str]:
    """The paths of ``soffice`` and ``unopkg``, which manages extensions.

    Raises:
        ConfigurationError: LibreOffice is not installed, or the add-in cannot be used on this system.
    """
    if system != "linux":
        raise ConfigurationError(
            "The add-in for LibreOffice Calc is for Linux so far: elsewhere LibreOffice has a Python of its own, which "
            "cannot use what is installed here. On Windows the functions work in Excel."
        )
    soffice, unopkg = shutil.which("soffice"), shutil.which("unopkg")
    if soffice is None or unopkg is None:
        raise ConfigurationError(
            "LibreOffice was not found: soffice and unopkg must be on the PATH. On Debian and Ubuntu: "
            "apt install libreoffice-calc python3-uno"
        )
    return soffice, unopkg


def version_text(soffice: str, run: RunCommand = run) -> str:
    """LibreOffice's name and version as ``soffice --version`` prints them."""
    return run([soffice, "--version"]).stdout.strip()[:MAX_VERSION_LENGTH]


def is_supported(version: str) -> bool:
    """Whether a LibreOffice of this version can take the add-in."""
    number = re.search(r"(\d+)\.(\d+)", version)
    return number is not None and (int(number[1]), int(number[2])) >= MIN_VERSION


def python_for(soffice: str) -> str:
    """The Python that a LibreOffice runs, or another one of the same version."""
    bundled = Path(soffice).resolve().parent / "python"
    return str(bundled) if bundled.exists() else SYSTEM_PYTHON


def uno_python_version(python: str, run: RunCommand = run) -> str:
    """A Python's version as ``3.11``; "" if it is missing or cannot import ``uno``."""
    try:
        done = run([python, "-c", "import sys, uno; print('%d.%d' % sys.version_info[:2])"])
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
