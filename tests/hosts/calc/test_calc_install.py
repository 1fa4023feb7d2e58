"""Adding the functions to a real LibreOffice, and removing them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.hosts.basic import office as basic
from tests.hosts.calc.home import Home, home
from xl_openfunnel.files.facts import version
from xl_openfunnel.hosts.calc import office
from xl_openfunnel.simulator import Simulator


@pytest.fixture
def fresh(service: Simulator) -> Iterator[Home]:
    """A user who never had the functions."""
    if why := basic.missing():
        pytest.skip(why)
    with home(service) as made:
        yield made


def test_they_are_added_and_removed_where_an_environment_is_activated(fresh: Home) -> None:
    active = fresh.folder / "environment"
    subprocess.run(["/usr/bin/python3", "-I", "-m", "venv", "--without-pip", str(active)], check=True)
    fresh.environ["VIRTUAL_ENV"] = str(active)
    fresh.environ["PATH"] = os.pathsep.join([str(active / "bin"), fresh.environ["PATH"]])
    unopkg = str(fresh.folder / "bin" / "unopkg")
    done = fresh.command("install", "--calc")
    assert (done.returncode, "in this one a Python environment is activated" in done.stderr) == (0, True), done.stderr
    assert office.added(unopkg) == office.Added(version(), whole=True)
    done = fresh.command("uninstall", "--calc")
    assert (done.returncode, "Removed from LibreOffice." in done.stderr) == (0, True), done.stderr
    assert office.added(unopkg) is None
