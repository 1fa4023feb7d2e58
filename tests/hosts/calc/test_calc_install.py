"""Adding the functions to a real LibreOffice, and removing them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.hosts.basic import office as basic
from tests.hosts.calc.home import Home, home
from xl_openfunnel.install.unopkg import find_extension
from xl_openfunnel.simulator import Simulator
from xl_openfunnel.version import version


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
    there = find_extension(unopkg)
    assert (there and there.version, there and there.registered) == (version(), True)
    done = fresh.command("uninstall", "--calc")
    assert (done.returncode, "Removed from LibreOffice." in done.stderr) == (0, True), done.stderr
    assert find_extension(unopkg) is None


def test_the_doctor_sees_whether_they_can_be_used(fresh: Home) -> None:
    assert fresh.command("install", "--calc").returncode == 0
    assert [row["state"] for row in looked_at(fresh)] == ["ok"] * 4
    (component,) = (fresh.profile / "user" / "uno_packages").rglob("component.py")
    component.write_text(component.read_text().replace("FOLDERS = [\n", "FOLDERS = [\n    '/gone',\n"))
    loads = looked_at(fresh)[-1]
    assert (loads["check"], loads["state"]) == ("package for Calc", "wrong")
    assert loads["what"] == "/gone is gone, from which the functions were added"


def looked_at(user: Home) -> list[dict[str, str]]:
    """What the doctor says of LibreOffice."""
    found = json.loads(user.command("doctor", "--json").stdout)["findings"]
    return [row for row in found if row["part"] == "LibreOffice"]
