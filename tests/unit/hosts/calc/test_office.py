"""Which LibreOffice is taken, and what is done to it; its commands are stand-ins."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.calc import naming, office

OWN = ".".join(map(str, sys.version_info[:2]))


class Machine:
    """Answers commands by their words, and notes them."""

    def __init__(
        self,
        version: str = "25.2.3.2",
        python: str = OWN,
        *,
        uno: bool = True,
        refuses: str = "",
        why: str = "it is running",
    ) -> None:
        self.version = f"LibreOffice {version} 520(Build:2)"
        self.python = python
        self.uno = uno
        self.refuses = refuses
        self.why = "it is running"
        self.listed = ""
        self.done: list[str] = []

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        words = " ".join(command)
        self.done.append(words)
        if self.refuses and self.refuses in words:
            return subprocess.CompletedProcess(command, 1, "", f"ERROR: {self.why}")
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
    monkeypatch.setattr(office, "_environment", lambda: tmp_path / "data" / "calc")
    return tmp_path


def found(machine: Machine) -> office.Office:
    return office.found(machine, "linux")


def test_the_office_tells_which_python_it_has(place: Path) -> None:
    assert found(Machine()) == office.Office(str(place / "bin" / "unopkg"), "/usr/bin/python3", OWN)


def test_a_python_of_its_own_goes_first(place: Path) -> None:
    (place / "bin" / "python").touch()
    assert found(Machine()).python == str(place / "bin" / "python")


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_elsewhere_it_is_refused_with_the_reason(system: str) -> None:
    with pytest.raises(ConfigurationError, match="is for Linux so far: elsewhere LibreOffice has a Python of its own"):
        office.found(Machine(), system)


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
    folders = office.install(found(machine), machine)
    assert folders[0] == str(Path(office.__file__).parents[3])
    assert not [words for words in machine.done if "venv" in words or " pip " in words]
    assert machine.done[-1].endswith("xl-openfunnel.oxt")


def test_for_another_python_an_environment_is_made_and_uninstalling_removes_it(place: Path) -> None:
    machine = Machine(python="3.99")
    folders = office.install(found(machine), machine)
    assert (Path(folders[0]) / "xl_openfunnel" / "hosts" / "calc" / "addin.py").is_file()
    made, filled = machine.done[2:4]
    assert made == f"/usr/bin/python3 -m venv {place / 'data' / 'calc'}"
    assert " pip install " in filled
    assert "pandas>=" in filled
    assert "pyarrow" not in filled
    machine.listed = f"Identifier: {naming.EXTENSION}\n"
    assert office.uninstall(found(machine), machine)
    assert machine.done[-1].endswith(f"unopkg remove {naming.EXTENSION}")
    assert not (place / "data" / "calc").exists()


def test_what_was_never_added_is_not_removed() -> None:
    machine = Machine()
    assert not office.uninstall(found(machine), machine)
    assert not [words for words in machine.done if "remove" in words]


@pytest.mark.parametrize(
    ("refuses", "says"),
    [("unopkg add", "Close LibreOffice and try again. It said: ERROR: it is running"), ("-m venv", "no environment")],
)
def test_a_refusal_is_told_in_its_own_words(refuses: str, says: str) -> None:
    machine = Machine(python="3.99", refuses=refuses)
    with pytest.raises(ConfigurationError, match=says):
        office.install(found(machine), machine)


def test_root_is_told_that_a_user_has_add_ins() -> None:
    machine = Machine(refuses="unopkg add")
    machine.why = "Cannot run unopkg as root without --shared or --bundled option."
    with pytest.raises(ConfigurationError, match=r"not from root\. Do it as your own user"):
        office.install(found(machine), machine)
