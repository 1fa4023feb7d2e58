"""Adding the functions to a real LibreOffice, and removing them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.hosts.basic import libreoffice as basic
from tests.hosts.calc.home import UserHome, user_home
from xl_openfunnel.install.unopkg import find_extension
from xl_openfunnel.simulator import Simulator
from xl_openfunnel.version import version


@pytest.fixture
def fresh(service: Simulator) -> Iterator[UserHome]:
    """A user who never had the functions."""
    if why := basic.why_missing():
        pytest.skip(why)
    with user_home(service) as made:
        yield made


def test_install_and_uninstall_work_in_an_activated_environment(fresh: UserHome) -> None:
    active = fresh.folder / "environment"
    subprocess.run(["/usr/bin/python3", "-I", "-m", "venv", "--without-pip", str(active)], check=True)
    fresh.environ["VIRTUAL_ENV"] = str(active)
    fresh.environ["PATH"] = os.pathsep.join([str(active / "bin"), fresh.environ["PATH"]])
    unopkg = str(fresh.folder / "bin" / "unopkg")
    assert find_extension(unopkg) is None  # now LibreOffice has made the profile
    before = files(fresh)
    done = fresh.run("install", "--calc")
    assert (done.returncode, "in this one a Python environment is activated" in done.stderr) == (0, True), done.stderr
    there = find_extension(unopkg)
    assert (there and there.version, there and there.registered) == (version(), True)
    done = fresh.run("uninstall", "--calc")
    assert (done.returncode, "Removed from LibreOffice." in done.stderr) == (0, True), done.stderr
    after = files(fresh)
    assert before <= after
    # LibreOffice's own lists, which have no extension any more, and the copy that it makes to remove one.
    own = ("config/libreoffice/4/user/uno_packages/cache/", "config/libreoffice/4/user/extensions/tmp/")
    left = {name for name in after - before if not name.startswith(own) or "/uno_packages/lu" in name}
    assert left == set()
    assert find_extension(unopkg) is None


def files(user: UserHome) -> set[str]:
    """The names of all files of the home."""
    return {path.relative_to(user.folder).as_posix() for path in user.folder.rglob("*") if path.is_file()}


def test_the_doctor_sees_whether_the_functions_can_be_used(fresh: UserHome) -> None:
    assert fresh.run("install", "--calc").returncode == 0
    assert [row["state"] for row in libreoffice_results(fresh)] == ["ok"] * 4
    (component,) = (fresh.profile / "user" / "uno_packages").rglob("component.py")
    component.write_text(component.read_text().replace("FOLDERS = [\n", "FOLDERS = [\n    '/gone',\n"))
    loads = libreoffice_results(fresh)[-1]
    assert (loads["check"], loads["state"]) == ("package for Calc", "wrong")
    assert loads["what"] == "/gone is gone, from which the functions were added"


def libreoffice_results(user: UserHome) -> list[dict[str, str]]:
    """What the doctor says of LibreOffice."""
    found = json.loads(user.run("doctor", "--json").stdout)["findings"]
    return [row for row in found if row["part"] == "LibreOffice"]
