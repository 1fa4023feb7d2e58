"""A user's home with a LibreOffice profile, where the add-in is installed as users install it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[3]
NOBODY = "65534"

UNOPKG = """\
#!/bin/sh
exec {before} {unopkg} "-env:UserInstallation={profile}" "$@"
"""
"""Runs unopkg with the test's own profile, and as another user if the tests run as root, which unopkg refuses."""


class Service(Protocol):
    """The address of a service, and the key that it accepts."""

    @property
    def base_url(self) -> str: ...
    @property
    def api_key(self) -> str: ...


@dataclass
class UserHome:
    """A user's home.

    Attributes:
        folder: the home folder.
        environ: the environment of every program that the user starts.
    """

    folder: Path
    environ: dict[str, str]

    @property
    def profile(self) -> Path:
        return self.folder / "config" / "libreoffice" / "4"

    def add_extension(self, extension: Path) -> None:
        """Add an extension to LibreOffice. Listing afterwards is needed before LibreOffice takes another one."""
        for arguments in (["add", "--force", str(extension)], ["list"]):
            subprocess.run([str(self.folder / "bin" / "unopkg"), *arguments], capture_output=True, check=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run xl-openfunnel."""
        command = [sys.executable, "-m", "xl_openfunnel", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)


@contextmanager
def user_home(service: Service) -> Iterator[UserHome]:
    """Create a home, and remove it at the end. Only one LibreOffice may use it at a time."""
    folder = Path(tempfile.mkdtemp(prefix="xl-openfunnel-calc-"))
    made = UserHome(folder, {})
    profile, bin_ = made.profile, folder / "bin"
    folder.chmod(0o755)
    profile.mkdir(parents=True)
    bin_.mkdir()
    root = os.getuid() == 0
    if root:
        shutil.chown(profile, int(NOBODY), int(NOBODY))
    before = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups env HOME={profile}" if root else ""
    unopkg = UNOPKG.format(before=before, unopkg=shutil.which("unopkg"), profile=profile.as_uri())
    (bin_ / "unopkg").write_text(unopkg)
    (bin_ / "unopkg").chmod(0o755)
    # Hide an activated environment, as if started from the menu: LibreOffice's Python would take it for its own and
    # crash.
    active = str(Path(os.environ["VIRTUAL_ENV"]) / "bin") if "VIRTUAL_ENV" in os.environ else ""
    path = [str(bin_), *(folder for folder in os.environ["PATH"].split(os.pathsep) if folder != active)]
    made.environ = {
        **{name: text for name, text in os.environ.items() if not name.startswith(("OPENFUNNEL_", "VIRTUAL_ENV"))},
        "PATH": os.pathsep.join(path),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "OPENFUNNEL_BASE_URL": service.base_url,
        "OPENFUNNEL_API_KEY": service.api_key,
        "OPENFUNNEL_CACHE_DIR": str(folder / "cache"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    try:
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
