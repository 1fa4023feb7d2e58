"""Runs LibreOffice's extension manager, ``unopkg``, and looks at the add-in that it has installed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ..detect.libreoffice import RunCommand, run
from ..errors import ConfigurationError
from ..hosts.calc import identifiers
from ..text import clip, one_line
from .calc_extension import COMPONENT, SET_PATH, read_folders

MAX_OUTPUT: Final = 300
"""Characters of a command's output that an error repeats."""


@dataclass(frozen=True)
class InstalledExtension:
    """The add-in as LibreOffice has it.

    Attributes:
        version: that of the package which added it.
        registered: False if LibreOffice registered only a part of it.
        folder: where its files are.
    """

    version: str
    registered: bool
    folder: Path


def had_extensions() -> bool:
    """Whether this user ever added an extension. Only to look, ``unopkg`` would make a profile for LibreOffice."""
    return (_user_profile() / "uno_packages").is_dir()


def find_extension(unopkg: str, run: RunCommand = run) -> InstalledExtension | None:
    """The installed add-in; None if there is none.

    Raises:
        ConfigurationError: ``unopkg`` fails; the message repeats its output.
    """
    output = run_unopkg(unopkg, run, "list")
    entry = re.search(rf"^Identifier: {re.escape(identifiers.EXTENSION)}\s+Version: (\S+)", output, re.MULTILINE)
    if entry is None:
        return None
    rest = output[entry.end() :]
    url = re.search(r"URL: vnd\.sun\.star\.expand:\$UNO_USER_PACKAGES_CACHE/(\S+)", rest)
    state = re.search(r"is registered: (\w+)", rest)
    folder = _user_profile() / "uno_packages" / "cache" / unquote(url[1] if url else "")
    return InstalledExtension(entry[1], state is not None and state[1] == "yes", folder)


def package_folders(extension: InstalledExtension) -> list[str]:
    """The folders from which the add-in imports Python packages.

    Raises:
        OSError: the add-in's files are missing.
        ValueError: the files are not those of this add-in.
    """
    return read_folders((extension.folder / COMPONENT).read_text("utf-8"))


def load_package(python: str, folders: Sequence[str], run: RunCommand = run) -> tuple[str, str]:
    """Import the package from these folders with LibreOffice's Python.

    Returns:
        The package's version and "", or "" and the last line of the error.
    """
    load = "from xl_openfunnel import table\nfrom xl_openfunnel.version import version\nprint(version())"
    done = run([python, "-c", f"FOLDERS = {list(folders)!r}\n{SET_PATH}\n{load}"])
    if done.returncode == 0:
        return done.stdout.strip(), ""
    return "", clip(one_line(done.stderr.strip().rpartition("\n")[2]), MAX_OUTPUT)


def run_unopkg(unopkg: str, run: RunCommand, *arguments: str) -> str:
    """The output of ``unopkg``.

    Raises:
        ConfigurationError: it fails; the message repeats its output.
    """
    done = run([unopkg, *arguments])
    if done.returncode == 0:
        return done.stdout
    lines = [line for line in (done.stderr or done.stdout).splitlines() if "dconf" not in line]
    output = clip(one_line(" ".join(lines)), MAX_OUTPUT)
    if "as root" in output:
        raise ConfigurationError("LibreOffice takes add-ins for a user, and not from root. Do it as your own user.")
    profile = _user_profile()
    if not _is_writable(profile):
        raise ConfigurationError(
            f"LibreOffice cannot keep its settings in {profile}: this user may not write there. "
            "Do it as the user who works with LibreOffice, who needs a home folder."
        )
    raise ConfigurationError(f"LibreOffice refuses. Close LibreOffice and try again. It said: {output}")


def _user_profile() -> Path:
    import platformdirs

    return platformdirs.user_config_path("libreoffice", appauthor=False) / "4" / "user"


def _is_writable(folder: Path) -> bool:
    """Whether a folder can be written, or created if it is missing."""
    nearest = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
    return os.access(nearest, os.W_OK | os.X_OK)
