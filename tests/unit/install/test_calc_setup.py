"""Which LibreOffice is taken, and what is done to it; its commands are stand-ins."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from xl_openfunnel.detect import libreoffice
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.calc import identifiers
from xl_openfunnel.install import calc, environment
from xl_openfunnel.version import version

PYTHON = next((path for path in ("/usr/bin/python3",) if Path(path).exists()), sys.executable)
"""The one that LibreOffice has on Debian."""

OWN = ".".join(map(str, sys.version_info[:2]))

LISTED = f"""All deployed user extensions:

Identifier: {identifiers.EXTENSION}
  Version: 0.1.0
  URL: vnd.sun.star.expand:$UNO_USER_PACKAGES_CACHE/uno_packages/lu1.tmp_/xl-openfunnel.oxt
  is registered: yes
  bundled Packages: {{
      URL: vnd.sun.star.expand:$UNO_USER_PACKAGES_CACHE/uno_packages/lu1.tmp_/xl-openfunnel.oxt/component.py
      is registered: no
"""


class Machine:
    """Answers commands by their words, and notes them."""

    def __init__(
        self,
        version: str = "25.2.3.2",
        python: str = OWN,
        *,
        uno: bool = True,
        refuses: str = "",
        why: str = "ERROR: it is running",
    ) -> None:
        self.version = f"LibreOffice {version} 520(Build:2)"
        self.python = python
        self.uno = uno
        self.refuses = refuses
        self.why = why
        self.listed = ""
        self.done: list[str] = []

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        words = " ".join(command)
        self.done.append(words)
        if self.refuses and self.refuses in words:
            return subprocess.CompletedProcess(command, 1, "", self.why)
        if "--version" in words:
            return subprocess.CompletedProcess(command, 0, self.version, "")
        if "import sys, uno" in words:
            return subprocess.CompletedProcess(command, 0 if self.uno else 1, f"{self.python}\n", "")
        if words.endswith(" list"):
            return subprocess.CompletedProcess(command, 0, self.listed, "")
        if "sysconfig" in words:
            folder = str(Path(command[0]).parents[1] / "lib")
            return subprocess.CompletedProcess(command, 0, json.dumps([folder, folder]), "")
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("soffice", "unopkg"):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(calc, "_environment_folder", lambda: tmp_path / "data" / "calc")
    return tmp_path


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> calc.CreateFor:
    """Makes environments that say who made them."""
    monkeypatch.setattr(environment, "is_healthy", Path.exists)

    def make(folder: Path, python: str) -> None:
        folder.mkdir()
        (folder / "made by").write_text(python)

    return make


def found(machine: Machine) -> calc.LibreOffice:
    return calc.find_libreoffice(machine, "linux")


def test_the_office_tells_which_python_it_has(place: Path) -> None:
    assert found(Machine()) == calc.LibreOffice(str(place / "bin" / "unopkg"), "/usr/bin/python3", OWN)


def test_a_python_of_its_own_goes_first(place: Path) -> None:
    (place / "bin" / "python").touch()
    assert found(Machine()).python == str(place / "bin" / "python")


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_elsewhere_it_is_refused_with_the_reason(system: str) -> None:
    with pytest.raises(ConfigurationError, match="is for Linux so far: elsewhere LibreOffice has a Python of its own"):
        calc.find_libreoffice(Machine(), system)


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (Machine("24.8.4.2"), "LibreOffice 25.2 or newer is needed; this is LibreOffice 24.8.4.2"),
        (Machine(uno=False), "apt install python3-uno"),
    ],
)
def test_one_that_cannot_be_used_is_refused_with_the_cure(machine: Machine, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        found(machine)


def test_without_libreoffice_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="LibreOffice was not found"):
        found(Machine())


def test_the_environment_of_the_command_serves_where_its_python_is_the_same() -> None:
    machine = Machine()
    folders = calc.install(found(machine), machine)
    assert folders[0] == str(Path(calc.__file__).parents[2])
    assert not [words for words in machine.done if "venv" in words or " pip " in words]
    assert machine.done[-1].endswith("xl-openfunnel.oxt")


def test_for_another_python_an_environment_is_made_and_uninstalling_removes_it(
    place: Path, making: calc.CreateFor
) -> None:
    machine = Machine(python="3.99")
    folders = calc.install(found(machine), machine, making)
    assert folders == [str(place / "data" / "calc" / "lib")]
    assert (place / "data" / "calc" / "made by").read_text() == "/usr/bin/python3"
    machine.listed = LISTED
    assert calc.uninstall(machine, "linux")
    assert machine.done[-1].endswith(f"unopkg remove {identifiers.EXTENSION}")
    assert not (place / "data" / "calc").exists()


@pytest.mark.parametrize("refuses", ["unopkg add", "sysconfig"])
def test_an_add_in_that_cannot_be_renewed_works_as_before(place: Path, making: calc.CreateFor, refuses: str) -> None:
    kept = place / "data" / "calc" / "kept"
    kept.parent.mkdir(parents=True)
    kept.touch()
    machine = Machine(python="3.99", refuses=refuses)
    with pytest.raises((ConfigurationError, ValueError)):
        calc.install(found(machine), machine, making)
    assert [path.name for path in kept.parent.iterdir()] == ["kept"]


def test_an_add_in_that_is_not_removed_keeps_its_environment(place: Path) -> None:
    (place / "data" / "calc").mkdir(parents=True)
    machine = Machine(refuses="unopkg remove")
    machine.listed = LISTED
    with pytest.raises(ConfigurationError, match="Close LibreOffice and try again"):
        calc.uninstall(machine, "linux")
    assert (place / "data" / "calc").is_dir()


def test_an_environment_of_another_python_has_all_that_the_functions_ask_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if sys.platform == "win32":
        pytest.skip("the Python under Wine has neither venv nor pip")
    monkeypatch.setenv("PIP_NO_DEPS", "1")  # and so nothing is asked for at an index
    machine = Machine(python="3.99")

    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return libreoffice.run(command) if "sysconfig" in " ".join(command) else machine(command)

    (folder,) = calc.install(replace(found(machine), python=PYTHON), run)
    assert (Path(folder) / "xl_openfunnel" / "hosts" / "calc" / "addin.py").is_file()
    (known,) = importlib.metadata.distributions(name="xl-openfunnel", path=[folder])
    assert known.version == version()


def test_what_was_never_added_is_not_removed() -> None:
    machine = Machine()
    assert not calc.uninstall(machine, "linux")
    assert not [words for words in machine.done if "remove" in words]


@pytest.mark.parametrize("machine", [Machine("24.8.4.2"), Machine(uno=False)])
def test_it_is_removed_also_from_a_libreoffice_that_cannot_use_it(machine: Machine) -> None:
    machine.listed = LISTED
    assert calc.uninstall(machine, "linux")


def test_without_libreoffice_nothing_is_removed_and_what_is_left_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match=r"python3-uno$"):
        calc.uninstall(Machine(), "linux")
    kept = place / "data" / "calc"
    kept.mkdir(parents=True)
    with pytest.raises(
        ConfigurationError, match=r"python3-uno\. If LibreOffice is gone for good, delete the folder .*calc\.$"
    ):
        calc.uninstall(Machine(), "linux")
    assert kept.exists()


def test_a_refusal_is_told_in_its_own_words() -> None:
    machine = Machine(refuses="unopkg add", why="(process:1): dconf-CRITICAL **: no\n\nERROR: it is\nrunning\n")
    with pytest.raises(ConfigurationError, match=r"Close LibreOffice and try again\. It said: ERROR: it is running$"):
        calc.install(found(machine), machine)


def test_root_is_told_that_a_user_has_add_ins() -> None:
    machine = Machine(refuses="unopkg list", why="Cannot run unopkg as root without --shared or --bundled option.")
    with pytest.raises(ConfigurationError, match=r"not from root\. Do it as your own user"):
        calc.install(found(machine), machine)


def test_who_has_no_home_to_write_in_is_told_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = place / "a file"
    home.touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    machine = Machine(refuses="unopkg list", why="ERROR: a folder could not be created")
    with pytest.raises(ConfigurationError, match=r"cannot keep its settings in .*a file.*: this user may not write"):
        calc.install(found(machine), machine)


def test_no_environment_is_made_for_a_libreoffice_that_refuses(place: Path, making: calc.CreateFor) -> None:
    machine = Machine(python="3.99", refuses="unopkg list")
    with pytest.raises(ConfigurationError, match="LibreOffice refuses"):
        calc.install(found(machine), machine, making)
    assert not (place / "data").exists()


def test_an_add_in_that_cannot_be_asked_for_keeps_its_environment(place: Path) -> None:
    (place / "data" / "calc").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="LibreOffice refuses"):
        calc.uninstall(Machine(refuses="unopkg list"), "linux")
    assert (place / "data" / "calc").is_dir()


@pytest.mark.parametrize(("state", "removed"), [("yes", False), ("unknown", True)])
def test_what_was_added_by_half_is_taken_back(state: str, removed: bool) -> None:
    machine = Machine(refuses="unopkg add")
    machine.listed = LISTED.replace("registered: yes", f"registered: {state}")
    with pytest.raises(ConfigurationError, match="it is running"):
        calc.install(found(machine), machine)
    assert machine.done[-1].endswith(f"unopkg remove {identifiers.EXTENSION}") is removed
