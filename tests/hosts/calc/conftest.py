"""A LibreOffice with the add-in, installed by the command as a user installs it, and the simulator as its service."""

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

import pytest

from tests.hosts.basic import office
from xl_openfunnel.simulator import ManualClock, Simulator

ROOT = Path(__file__).parents[3]
NOBODY = "65534"

UNOPKG = """\
#!/bin/sh
exec {before} {unopkg} "-env:UserInstallation={profile}" "$@"
"""
"""unopkg with a profile of its own; and it refuses root."""


@dataclass
class Home:
    """Where a user's LibreOffice keeps its things.

    Attributes:
        folder: all of it.
        environ: the environment of every program that the user starts.
    """

    folder: Path
    environ: dict[str, str]

    @property
    def profile(self) -> Path:
        return self.folder / "profile"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run xl-openfunnel."""
        command = [sys.executable, "-m", "xl_openfunnel", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)


@contextmanager
def home(service: Simulator) -> Iterator[Home]:
    """A new one, which nobody else may use at the same time."""
    folder = Path(tempfile.mkdtemp(prefix="xl-openfunnel-calc-"))
    profile, bin_ = folder / "profile", folder / "bin"
    folder.chmod(0o755)
    profile.mkdir()
    bin_.mkdir()
    root = os.getuid() == 0
    if root:
        shutil.chown(profile, int(NOBODY), int(NOBODY))
    before = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups env HOME={profile}" if root else "exec"
    unopkg = UNOPKG.format(before=before, unopkg=shutil.which("unopkg"), profile=profile.as_uri())
    (bin_ / "unopkg").write_text(unopkg.replace("exec exec", "exec"))
    (bin_ / "unopkg").chmod(0o755)
    environ = {
        **{name: text for name, text in os.environ.items() if not name.startswith("OPENFUNNEL_")},
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
        "XDG_DATA_HOME": str(folder / "data"),
        "OPENFUNNEL_BASE_URL": service.base_url,
        "OPENFUNNEL_API_KEY": service.api_key,
        "OPENFUNNEL_CACHE_DIR": str(folder / "cache"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    try:
        yield Home(folder, environ)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="package")
def service(clock: ManualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as started:
        yield started


@pytest.fixture(scope="package")
def user(service: Simulator) -> Iterator[Home]:
    if why := office.missing():
        pytest.skip(why)
    with home(service) as made:
        yield made


@pytest.fixture(scope="package")
def running(user: Home) -> Iterator[office.Office]:
    """One office for all, since it takes seconds to start."""
    done = user.command("install", "--calc")
    assert done.returncode == 0, done.stderr
    with office.Office(user.profile, user.environ) as started:
        yield started
