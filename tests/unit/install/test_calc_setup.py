"""Installing the add-in for Calc, with stand-ins for the commands of LibreOffice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.calc import identifiers
from xl_openfunnel.install import calc, environment

PYTHON = next((path for path in ("/usr/bin/python3",) if Path(path).exists()), sys.executable)
"""The Python of LibreOffice on Debian."""

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


class FakeCommands:
    """Answers commands by their words, and records them."""

    def __init__(
        self,
        version: str = "25.2.3.2",
        python: str = OWN,
        *,
        uno: bool = True,
        fails_on: str = "",
        error: str = "ERROR: it is running",
    ) -> None:
        self.version = f"LibreOffice {version} 520(Build:2)"
        self.python = python
        self.uno = uno
        self.fails_on = fails_on
        self.error = error
        self.listed = ""
        self.log: list[str] = []

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        line = " ".join(command)
        self.log.append(line)
        if self.fails_on and self.fails_on in line:
            return subprocess.CompletedProcess(command, 1, "", self.error)
        if "--version" in line:
            return subprocess.CompletedProcess(command, 0, self.version, "")
        if "import sys, uno" in line:
            return subprocess.CompletedProcess(command, 0 if self.uno else 1, f"{self.python}\n", "")
        if line.endswith(" list"):
            return subprocess.CompletedProcess(command, 0, self.listed, "")
        if "sysconfig" in line:
            folder = str(Path(command[0]).parents[1] / "lib")
            return subprocess.CompletedProcess(command, 0, json.dumps([folder, folder]), "")
        return subprocess.CompletedProcess(command, 0, "", "")


def create_programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put empty programs of LibreOffice there, and the add-in's environment too."""
    for name in ("soffice", "unopkg"):
        file = folder / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    monkeypatch.setattr(calc, "_environment_folder", lambda: folder / "data" / "calc")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    create_programs(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def create(monkeypatch: pytest.MonkeyPatch) -> calc.CreateFor:
    """Creates environments that name the Python they are for."""
    monkeypatch.setattr(environment, "is_healthy", Path.exists)

    def make(folder: Path, python: str) -> None:
        folder.mkdir()
        (folder / "base").write_text(python)

    return make


def find(commands: FakeCommands) -> calc.LibreOffice:
    return calc.find_libreoffice(commands, "linux")


def test_the_python_of_libreoffice_is_found(home: Path) -> None:
    assert find(FakeCommands()) == calc.LibreOffice(str(home / "bin" / "unopkg"), "/usr/bin/python3", OWN)


def test_a_bundled_python_is_preferred(home: Path) -> None:
    (home / "bin" / "python").touch()
    assert find(FakeCommands()).python == str(home / "bin" / "python")


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_are_refused_with_the_reason(system: str) -> None:
    with pytest.raises(ConfigurationError, match="is for Linux so far: elsewhere LibreOffice has a Python of its own"):
        calc.find_libreoffice(FakeCommands(), system)


@pytest.mark.parametrize(
    ("commands", "says"),
    [
        (FakeCommands("24.8.4.2"), "LibreOffice 25.2 or newer is needed; this is LibreOffice 24.8.4.2"),
        (FakeCommands(uno=False), "apt install python3-uno"),
    ],
)
def test_an_unusable_libreoffice_is_refused_with_the_remedy(commands: FakeCommands, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        find(commands)


def test_a_missing_libreoffice_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="LibreOffice was not found"):
        find(FakeCommands())


def test_the_running_environment_is_used_if_its_python_has_the_same_version() -> None:
    commands = FakeCommands()
    folders = calc.install(find(commands), commands)
    assert folders[0] == str(Path(calc.__file__).parents[2])
    assert not [line for line in commands.log if "venv" in line or " pip " in line]
    assert commands.log[-1].endswith("xl-openfunnel.oxt")


def test_for_another_python_an_environment_is_created_and_uninstall_removes_it(
    home: Path, create: calc.CreateFor
) -> None:
    commands = FakeCommands(python="3.99")
    folders = calc.install(find(commands), commands, create)
    assert folders == [str(home / "data" / "calc" / "lib")]
    assert (home / "data" / "calc" / "base").read_text() == "/usr/bin/python3"
    commands.listed = LISTED
    assert calc.uninstall(commands, "linux")
    removed, cleared = commands.log[-2:]
    assert removed.endswith(f"unopkg remove {identifiers.EXTENSION}")
    assert cleared.endswith("unopkg list")  # which deletes the files
    assert not (home / "data" / "calc").exists()


@pytest.mark.parametrize("fails_on", ["unopkg add", "sysconfig"])
def test_a_failed_update_keeps_the_installed_add_in(home: Path, create: calc.CreateFor, fails_on: str) -> None:
    kept = home / "data" / "calc" / "kept"
    kept.parent.mkdir(parents=True)
    kept.touch()
    commands = FakeCommands(python="3.99", fails_on=fails_on)
    with pytest.raises((ConfigurationError, ValueError)):
        calc.install(find(commands), commands, create)
    assert [path.name for path in kept.parent.iterdir()] == ["kept"]


def test_an_add_in_that_cannot_be_removed_keeps_its_environment(home: Path) -> None:
    (home / "data" / "calc").mkdir(parents=True)
    commands = FakeCommands(fails_on="unopkg remove")
    commands.listed = LISTED
    with pytest.raises(ConfigurationError, match="Close LibreOffice and try again"):
        calc.uninstall(commands, "linux")
    assert (home / "data" / "calc").is_dir()


def test_an_add_in_that_was_never_installed_is_not_removed() -> None:
    commands = FakeCommands()
    assert not calc.uninstall(commands, "linux")
    assert not [line for line in commands.log if "remove" in line]


@pytest.mark.parametrize("commands", [FakeCommands("24.8.4.2"), FakeCommands(uno=False)])
def test_it_can_be_removed_from_an_unusable_libreoffice(commands: FakeCommands) -> None:
    commands.listed = LISTED
    assert calc.uninstall(commands, "linux")


def test_without_libreoffice_nothing_is_removed_and_the_environment_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match=r"python3-uno$"):
        calc.uninstall(FakeCommands(), "linux")
    kept = home / "data" / "calc"
    kept.mkdir(parents=True)
    with pytest.raises(
        ConfigurationError, match=r"python3-uno\. If LibreOffice is gone for good, delete the folder .*calc\.$"
    ):
        calc.uninstall(FakeCommands(), "linux")
    assert kept.exists()


def test_a_refusal_repeats_the_output_of_unopkg() -> None:
    commands = FakeCommands(
        fails_on="unopkg add", error="(process:1): dconf-CRITICAL **: no\n\nERROR: it is\nrunning\n"
    )
    with pytest.raises(ConfigurationError, match=r"Close LibreOffice and try again\. It said: ERROR: it is running$"):
        calc.install(find(commands), commands)


def test_root_is_told_to_use_a_normal_account() -> None:
    commands = FakeCommands(
        fails_on="unopkg list", error="Cannot run unopkg as root without --shared or --bundled option."
    )
    with pytest.raises(ConfigurationError, match=r"not from root\. Do it as your own user"):
        calc.install(find(commands), commands)


def test_a_user_without_a_writable_home_is_told_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = home / "a file"
    home.touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    commands = FakeCommands(fails_on="unopkg list", error="ERROR: a folder could not be created")
    with pytest.raises(ConfigurationError, match=r"cannot keep its settings in .*a file.*: this user may not write"):
        calc.install(find(commands), commands)


def test_no_environment_is_created_for_a_libreoffice_that_refuses(home: Path, create: calc.CreateFor) -> None:
    commands = FakeCommands(python="3.99", fails_on="unopkg list")
    with pytest.raises(ConfigurationError, match="LibreOffice refuses"):
        calc.install(find(commands), commands, create)
    assert not (home / "data").exists()


def test_if_unopkg_cannot_list_the_environment_is_kept(home: Path) -> None:
    (home / "data" / "calc").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="LibreOffice refuses"):
        calc.uninstall(FakeCommands(fails_on="unopkg list"), "linux")
    assert (home / "data" / "calc").is_dir()


@pytest.mark.parametrize(("state", "removed"), [("yes", False), ("unknown", True)])
def test_a_partially_registered_add_in_is_removed_again(state: str, removed: bool) -> None:
    commands = FakeCommands(fails_on="unopkg add")
    commands.listed = LISTED.replace("registered: yes", f"registered: {state}")
    with pytest.raises(ConfigurationError, match="it is running"):
        calc.install(find(commands), commands)
    assert commands.log[-1].endswith(f"unopkg remove {identifiers.EXTENSION}") is removed
