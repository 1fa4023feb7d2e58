"""The LibreOffice of this computer: where it is, which Python it has, and its extensions."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ...errors import ConfigurationError
from ...install import environment
from ...settings import APP_NAME
from ...text import clip, one_line
from . import naming
from .extension import COMPONENT, FINDING, build, folders_of

OLDEST: Final = (25, 2)
"""Older ones do not take the functions' names in Excel's files for the add-in's."""

_PYTHON: Final = "/usr/bin/python3"
"""The Python of a LibreOffice that has none of its own."""

_PACKAGE: Final = Path(__file__).parents[2]
_LONGEST: Final = 300.0
"""Seconds for one command of LibreOffice."""

_REPEATED: Final = 300
"""Letters of what LibreOffice said that are repeated."""

Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
Make = Callable[[Path, str], object]
"""Makes an environment in a folder that is not there, for a Python."""


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints.

    Raises:
        ConfigurationError: it does not end, as where it waits for an answer in a window.
    """
    try:
        return subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=_LONGEST, env=_plain(os.environ)
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"{Path(command[0]).name} did not end within {_LONGEST / 60:.0f} minutes. Close LibreOffice and try again."
        ) from None


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    """Without a Python of the user's: LibreOffice takes the first one on the PATH for its own, and crashes."""
    kept = {name: text for name, text in environ.items() if name != "VIRTUAL_ENV" and not name.startswith("PYTHON")}
    kept["PATH"] = os.pathsep.join([str(Path(_PYTHON).parent), *filter(None, [environ.get("PATH")])])
    return kept


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
    soffice, unopkg = commands(system)
    said = version_said(soffice, run)
    if not new_enough(said):
        needed = ".".join(map(str, OLDEST))
        raise ConfigurationError(f"LibreOffice {needed} or newer is needed; this is {said or 'unknown'}.")
    python = python_of(soffice)
    known = uno_version(python, run)
    if not known:
        raise ConfigurationError("LibreOffice has no Python here. On Debian and Ubuntu: apt install python3-uno")
    return Office(unopkg, python, known)


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


def install(office: Office, run: Run = run, make: Make = environment.make) -> list[str]:
    """Add the extension, in place of one that is there; gives the folders that it takes Python packages from.

    Where that fails, the one that was there works as before.

    Raises:
        ConfigurationError: LibreOffice refuses it, in its own words.
        NotInstalled: the environment could not be made.
    """
    added(office.unopkg, run)  # before an environment is made that nothing would use
    if office.version == ".".join(map(str, sys.version_info[:2])):
        folders = _own_folders()
        _add(office, run, folders)
        return folders

    def renewed(folder: Path) -> None:
        nonlocal folders
        make(folder, office.python)
        asked = "import json, sysconfig; print(json.dumps([sysconfig.get_path(p) for p in ('purelib', 'platlib')]))"
        folders = list(dict.fromkeys(json.loads(run([str(environment.interpreter(folder)), "-c", asked]).stdout)))
        _add(office, run, folders)

    folders = []
    environment.renew(_environment(), renewed)
    return folders


def uninstall(run: Run = run, system: str = sys.platform) -> bool:
    """Remove the extension, then the environment made for it; gives whether there was one.

    Raises:
        ConfigurationError: there is no LibreOffice, or it refuses, in its own words.
    """
    folder = _environment()
    try:
        _, unopkg = commands(system)
    except ConfigurationError as error:
        if not folder.exists():
            raise
        left = f"If LibreOffice is gone for good, delete the folder {folder}."
        raise ConfigurationError(f"{error.message.rstrip('.')}. {left}") from None
    there = added(unopkg, run) is not None
    if there:
        _unopkg(unopkg, run, "remove", naming.EXTENSION)
    environment.remove(folder)
    return there


@dataclass(frozen=True)
class Added:
    """The add-in as LibreOffice has it.

    Attributes:
        version: the package's, when it was added.
        whole: whether all of it is registered.
        folder: its files.
    """

    version: str
    whole: bool
    folder: Path


def added(unopkg: str, run: Run = run) -> Added | None:
    """What LibreOffice has of the add-in, None for nothing.

    Raises:
        ConfigurationError: LibreOffice does not tell, in its own words.
    """
    said = _unopkg(unopkg, run, "list")
    found = re.search(rf"^Identifier: {re.escape(naming.EXTENSION)}\s+Version: (\S+)", said, re.MULTILINE)
    if found is None:
        return None
    rest = said[found.end() :]
    place = re.search(r"URL: vnd\.sun\.star\.expand:\$UNO_USER_PACKAGES_CACHE/(\S+)", rest)
    state = re.search(r"is registered: (\w+)", rest)
    folder = _profile() / "uno_packages" / "cache" / unquote(place[1] if place else "")
    return Added(found[1], state is not None and state[1] == "yes", folder)


def folders(added: Added) -> list[str]:
    """Where the add-in takes Python packages from.

    Raises:
        OSError: its files are not there.
        ValueError: they are not ours.
    """
    return folders_of((added.folder / COMPONENT).read_text("utf-8"))


def loaded(python: str, folders: Sequence[str], run: Run = run) -> tuple[str, str]:
    """What LibreOffice's Python has of the package in these folders: its version, or "" and what it says."""
    load = "from xl_openfunnel import table\nfrom xl_openfunnel.files.facts import version\nprint(version())"
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


def _add(office: Office, run: Run, folders: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / f"{APP_NAME}.oxt"
        file.write_bytes(build(folders))
        try:
            _unopkg(office.unopkg, run, "add", "--force", str(file))
        except ConfigurationError:
            with contextlib.suppress(ConfigurationError):  # the first trouble is the one to be told
                half = added(office.unopkg, run)
                if half is not None and not half.whole:
                    _unopkg(office.unopkg, run, "remove", naming.EXTENSION)
            raise


def _unopkg(unopkg: str, run: Run, *arguments: str) -> str:
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


def _own_folders() -> list[str]:
    """Those of this environment, and that of the package, which may be a checkout."""
    paths = (str(_PACKAGE.parent), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return list(dict.fromkeys(paths))


def _environment() -> Path:
    import platformdirs

    return platformdirs.user_data_path(APP_NAME, appauthor=False) / "calc"
