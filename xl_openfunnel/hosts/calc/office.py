"""The LibreOffice of this computer: where it is, which Python it has, and its extensions."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...errors import ConfigurationError
from ...settings import APP_NAME
from . import naming
from .extension import build

OLDEST: Final = (25, 2)
"""Older ones do not take the functions' names in Excel's files for the add-in's."""

_PACKAGE: Final = Path(__file__).parents[2]
_LONGEST: Final = 600.0
"""Seconds for one command, pip's included."""

Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST)  # noqa: S603


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


def found(run: Run = run, system: str = sys.platform) -> Office:
    """The LibreOffice of this computer.

    Raises:
        ConfigurationError: there is none that can be used, and why.
    """
    if system != "linux":
        raise ConfigurationError(
            "The add-in for LibreOffice Calc is for Linux so far: elsewhere LibreOffice has a Python of its own, which "
            "cannot use what is installed here. On Windows the functions work in Excel."
        )
    soffice, unopkg = shutil.which("soffice"), shutil.which("unopkg")
    if soffice is None or unopkg is None:
        raise ConfigurationError("LibreOffice was not found: neither soffice nor unopkg may be missing on the PATH.")
    said = run([soffice, "--version"]).stdout
    number = re.search(r"(\d+)\.(\d+)", said)
    if number is None or (int(number[1]), int(number[2])) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise ConfigurationError(f"LibreOffice {needed} or newer is needed; this is {said.strip()[:60] or 'unknown'}.")
    own = Path(soffice).resolve().parent / "python"
    python = str(own) if own.exists() else "/usr/bin/python3"
    asked = run([python, "-c", "import sys, uno; print('%d.%d' % sys.version_info[:2])"])
    if asked.returncode != 0:
        raise ConfigurationError("LibreOffice has no Python here. On Debian and Ubuntu: apt install python3-uno")
    return Office(unopkg, python, asked.stdout.strip())


def install(office: Office, run: Run = run) -> list[str]:
    """Add the extension, in place of one that is there; gives the folders that it takes Python packages from.

    Raises:
        ConfigurationError: LibreOffice refuses it, in its own words; or the environment could not be made.
    """
    own = ".".join(map(str, sys.version_info[:2]))
    folders = _own_folders() if office.version == own else _private_folders(office, run)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / f"{APP_NAME}.oxt"
        file.write_bytes(build(folders))
        _unopkg(office, run, "add", "--force", str(file))
    return folders


def uninstall(office: Office, run: Run = run) -> bool:
    """Remove the extension and the environment made for it; gives whether there was one.

    Raises:
        ConfigurationError: LibreOffice refuses, in its own words.
    """
    shutil.rmtree(_environment(), ignore_errors=True)
    if naming.EXTENSION not in run([office.unopkg, "list"]).stdout:
        return False
    _unopkg(office, run, "remove", naming.EXTENSION)
    return True


def _unopkg(office: Office, run: Run, *arguments: str) -> None:
    done = run([office.unopkg, *arguments])
    if done.returncode != 0:
        words = " ".join((done.stderr or done.stdout).split())[-200:]
        if "as root" in words:
            raise ConfigurationError("LibreOffice takes add-ins for a user, and not from root. Do it as your own user.")
        raise ConfigurationError(f"LibreOffice did not take it. Close LibreOffice and try again. It said: {words}")


def _own_folders() -> list[str]:
    """Those of this environment, and that of the package, which may be a checkout."""
    paths = (str(_PACKAGE.parent), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return list(dict.fromkeys(paths))


def _private_folders(office: Office, run: Run) -> list[str]:
    """Those of an environment of the office's own Python, made or brought up to date."""
    environment = _environment()
    shutil.rmtree(environment, ignore_errors=True)
    for command in (
        [office.python, "-m", "venv", str(environment)],
        [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *_needed()],
    ):
        done = run(command)
        if done.returncode != 0:
            words = " ".join((done.stderr or done.stdout).split())[-200:]
            raise ConfigurationError(
                f"LibreOffice has Python {office.version}, and no environment of that could be made. It said: {words}"
            )
    asked = "import json, sysconfig; print(json.dumps([sysconfig.get_path(p) for p in ('purelib', 'platlib')]))"
    folders: list[str] = json.loads(run([str(environment / "bin" / "python"), "-c", asked]).stdout)
    shutil.copytree(_PACKAGE, Path(folders[0]) / _PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    return list(dict.fromkeys(folders))


def _needed() -> list[str]:
    """What the package needs, but for what its extras do."""
    return [text for text in importlib.metadata.requires(APP_NAME) or () if "extra ==" not in text]


def _environment() -> Path:
    import platformdirs

    return platformdirs.user_data_path(APP_NAME, appauthor=False) / "calc"
