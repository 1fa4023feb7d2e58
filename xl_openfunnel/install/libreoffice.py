"""The LibreOffice of this computer, looked at: where it is, which Python it has, and what it has of the add-in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ..errors import ConfigurationError
from ..hosts.calc import identifiers
from ..text import clip, one_line
from .calc_extension import COMPONENT, FINDING, folders_of

OLDEST: Final = (25, 2)
"""Older ones do not take the functions' names in Excel's files for the add-in's."""

_PYTHON: Final = "/usr/bin/python3"
"""The Python of a LibreOffice that has none of its own."""

_LONGEST: Final = 300.0
"""Seconds for one command of LibreOffice, as for adding an extension on a slow disk."""

_REPEATED: Final = 300
"""Letters of what LibreOffice said that are repeated."""

Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]


def run(command: Sequence[str], longest: float = _LONGEST) -> subprocess.CompletedProcess[str]:
    """Run a command, for so many seconds at the most, and keep what it prints.

    Raises:
        ConfigurationError: it does not end, as where it waits for an answer in a window.
    """
    try:
        return subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=longest,
            env=_plain(os.environ),
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"{Path(command[0]).name} did not end within {longest:.0f} seconds. Close LibreOffice and try again."
        ) from None


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    """Without a Python of the user's: LibreOffice takes the first one on the PATH for its own, and crashes."""
    kept = {name: text for name, text in environ.items() if name != "VIRTUAL_ENV" and not name.startswith("PYTHON")}
    kept["PATH"] = os.pathsep.join([str(Path(_PYTHON).parent), *filter(None, [environ.get("PATH")])])
    return kept


def version_said(soffice: str, run: Run = run) -> str:
    """LibreOffice's name and version in its own words."""
    return run([soffice, "--version"]).stdout.strip()[:60]


def new_enough(said: str) -> bool:
    """Whether a version can take the add-in."""
    number = re.search(r"(\d+)\.(\d+)", said)
    return number is not None and (int(number[1]), int(number[2])) >= OLDEST


def python_of(soffice: str) -> str:
    """The Python that a LibreOffice runs, or another one of the same version."""
    own = Path(soffice).resolve().parent / "python"
    return str(own) if own.exists() else _PYTHON


def uno_version(python: str, run: Run = run) -> str:
    """A Python's version as ``3.11``; "" where it is not there, or has nothing of LibreOffice."""
    try:
        asked = run([python, "-c", "import sys, uno; print('%d.%d' % sys.version_info[:2])"])
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


@dataclass(frozen=True)
class InstalledExtension:
    """The add-in as LibreOffice has it.

    Attributes:
        version: the package's, when it was added.
        whole: whether all of it is registered.
        folder: its files.
    """

    version: str
    whole: bool
    folder: Path


def installed_extension(unopkg: str, run: Run = run) -> InstalledExtension | None:
    """What LibreOffice has of the add-in, None for nothing.

    Raises:
        ConfigurationError: LibreOffice does not tell, in its own words.
    """
    said = ask_unopkg(unopkg, run, "list")
    found = re.search(rf"^Identifier: {re.escape(identifiers.EXTENSION)}\s+Version: (\S+)", said, re.MULTILINE)
    if found is None:
        return None
    rest = said[found.end() :]
    place = re.search(r"URL: vnd\.sun\.star\.expand:\$UNO_USER_PACKAGES_CACHE/(\S+)", rest)
    state = re.search(r"is registered: (\w+)", rest)
    folder = _profile() / "uno_packages" / "cache" / unquote(place[1] if place else "")
    return InstalledExtension(found[1], state is not None and state[1] == "yes", folder)


def folders(added: InstalledExtension) -> list[str]:
    """Where the add-in takes Python packages from.

    Raises:
        OSError: its files are not there.
        ValueError: they are not ours.
    """
    return folders_of((added.folder / COMPONENT).read_text("utf-8"))


def loaded(python: str, folders: Sequence[str], run: Run = run) -> tuple[str, str]:
    """What LibreOffice's Python has of the package in these folders: its version, or "" and what it says."""
    load = "from xl_openfunnel import table\nfrom xl_openfunnel.files.metadata import version\nprint(version())"
    done = run([python, "-c", f"FOLDERS = {list(folders)!r}\n{FINDING}\n{load}"])
    if done.returncode == 0:
        return done.stdout.strip(), ""
    return "", clip(one_line(done.stderr.strip().rpartition("\n")[2]), _REPEATED)


def commands(system: str = sys.platform) -> tuple[str, str]:
    """LibreOffice itself, and its command for extensions.

    Raises:
        ConfigurationError: there is none on this computer, or none can be used on this system.
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


def ask_unopkg(unopkg: str, run: Run, *arguments: str) -> str:
    """What LibreOffice's command for extensions says.

    Raises:
        ConfigurationError: it refuses, in its own words.
    """
    done = run([unopkg, *arguments])
    if done.returncode == 0:
        return done.stdout
    lines = [line for line in (done.stderr or done.stdout).splitlines() if "dconf" not in line]
    words = clip(one_line(" ".join(lines)), _REPEATED)
    if "as root" in words:
        raise ConfigurationError("LibreOffice takes add-ins for a user, and not from root. Do it as your own user.")
    profile = _profile()
    if not _may_write(profile):
        raise ConfigurationError(
            f"LibreOffice cannot keep its settings in {profile}: this user may not write there. "
            "Do it as the user who works with LibreOffice, who needs a home folder."
        )
    raise ConfigurationError(f"LibreOffice refuses. Close LibreOffice and try again. It said: {words}")


def _profile() -> Path:
    import platformdirs

    return platformdirs.user_config_path("libreoffice", appauthor=False) / "4" / "user"


def _may_write(folder: Path) -> bool:
    """Whether a folder can be written, or made where it is not there."""
    nearest = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
    return os.access(nearest, os.W_OK | os.X_OK)
