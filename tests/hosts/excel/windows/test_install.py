"""install and uninstall with the real registry, and cells that the Python they set up answers.

The Windows Python of the tests has neither venv nor pip, so in place of these two steps a virtual environment is made
by hand here: the interpreter's own files, and packages that are looked for where it came from. All else is real.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xl_openfunnel.cli import main
from xl_openfunnel.detect.python import INTERPRETER_SETTING, configured_interpreter
from xl_openfunnel.detect.registry import read_key
from xl_openfunnel.install import environment, setting
from xl_openfunnel.install.setting import short_path, vba_readable_path
from xl_openfunnel.workbook import builder

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel

Values = dict[str, dict[str, Any]]


def made_by_hand(folder: Path) -> None:
    """What venv makes, with the interpreter itself in place of a starter, and the packages of where it came from."""
    scripts = folder / "Scripts"
    scripts.mkdir(parents=True)
    for file in Path(sys.prefix).iterdir():
        if file.suffix in (".exe", ".dll") and not file.name.startswith("xlwings"):
            shutil.copyfile(file, scripts / file.name)
        elif file.name.startswith("xlwings"):
            shutil.copyfile(file, folder / file.name)
    (folder / "pyvenv.cfg").write_text(f"home = {sys.prefix}\ninclude-system-site-packages = true\n", "utf-8")


def software() -> Values:
    """All of the user's settings of programs, by key."""
    winreg: Any = importlib.import_module("winreg")  # whose names exist on Windows only
    found: Values = {}

    def walk(key: str) -> None:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
            keys, values, _ = winreg.QueryInfoKey(opened)
            found[key] = {name: value for name, value, _ in (winreg.EnumValue(opened, at) for at in range(values))}
            below = [winreg.EnumKey(opened, at) for at in range(keys)]
        for name in below:
            walk(f"{key}\\{name}")

    walk("Software")
    return found


class User:
    """A user with folders of their own."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.local, self.roaming = home / "Local", home / "Roaming"
        self.python = self.local / "python"
        self.addin = self.roaming / "Microsoft" / "Excel" / "XLSTART" / "OpenFunnel.xlam"
        self.environ = {"OPENFUNNEL_CACHE_DIR": str(self.local), "APPDATA": str(self.roaming)}
        self._capsys = capsys

    def run(self, *call: str, code: int = 0) -> str:
        """What the command says, which has to end with this code."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(list(call))
        out, err = self._capsys.readouterr()
        assert end.value.code == code, err
        return out + err

    def files(self) -> set[str]:
        """What is in the user's folders; of the private Python its folder alone."""
        home = self.local.parent
        return {
            path.relative_to(home).as_posix()
            for path in home.rglob("*")
            if path == self.python or (path.is_file() and self.python not in path.parents)
        }


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[User]:
    user = User(tmp_path / "Jörg Müller", capsys)
    for name, value in user.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environment, "create", made_by_hand)
    yield user
    setting.remove()


def findings() -> dict[str, str]:
    """How the doctor's checks end: in a process of its own, since it loads the DLL, which then cannot be removed."""
    command = [sys.executable, "-m", "xl_openfunnel", "doctor", "--json", "--base-url", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    return {finding["check"]: finding["state"] for finding in json.loads(done.stdout)["findings"]}


INSTALLED = {"Local/python", "Roaming/Microsoft/Excel/XLSTART/OpenFunnel.xlam"}


def test_install_leaves_what_it_names_and_uninstall_none_of_it(user: User) -> None:
    before = software()
    said = user.run("install")
    pythonw = str(user.python / "Scripts" / "pythonw.exe")
    assert user.files() == INSTALLED
    assert user.addin.read_bytes() == builder.build_addin()
    new = {key: values for key, values in software().items() if before.get(key) != values}
    key = INTERPRETER_SETTING.removeprefix("HKCU\\")
    assert new.pop(key) == {"Interpreter": pythonw}
    assert all(values == {} and key.startswith(parent) for parent, values in new.items())
    assert all(str(place) in said for place in (user.python, user.addin, pythonw, INTERPRETER_SETTING))
    said = user.run("uninstall")
    assert user.files() == set()
    after = software()
    assert not [key for key in after if "XL OpenFunnel" in key]
    assert {key: values for key, values in after.items() if values} == {
        key: values for key, values in before.items() if values
    }
    assert "xl-openfunnel key remove" in said
    assert "forget --all" in said
    assert "Nothing was set up here" in user.run("uninstall")


def test_what_another_program_keeps_beside_the_setting_stays(user: User) -> None:
    winreg: Any = importlib.import_module("winreg")
    other = r"Software\VB and VBA Program Settings\Another program\Settings"
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, other) as key:
        winreg.SetValueEx(key, "Colour", 0, winreg.REG_SZ, "blue")
    before = software()
    user.run("install")
    user.run("uninstall")
    assert software() == before
    for key in (other, other.rpartition("\\")[0]):
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)


def test_the_doctor_finds_all_of_it_well_and_repair_mends_what_is_not(user: User) -> None:
    user.run("install")
    checks = ("Python for Excel", "version for Excel", "xlwings DLL", "add-in")
    found = findings()
    assert [found[check] for check in checks] == ["ok"] * 4
    (user.python / "pyvenv.cfg").unlink()  # it finds nothing any more, as after an update that removed its Python
    (user.python / "xlwings64-0.37.8.dll").unlink()
    user.addin.write_bytes(b"half of it")
    found = findings()
    assert [found[check] for check in checks] == ["ok", "wrong", "wrong", "wrong"]
    user.run("install", "--repair")
    found = findings()
    assert [found[check] for check in checks] == ["ok"] * 4
    assert user.files() == INSTALLED


def test_cells_are_answered_by_the_python_that_was_set_up(
    user: User, excel: FakeExcel, bridge_to: Callable[..., Bridge]
) -> None:
    user.run("install")
    bridge = bridge_to(str(Path(configured_interpreter(read_key)).parent))
    bridge.install()
    bridge.wait()
    sheet = excel.open("My book.xlsx", r"C:\Books", ("Rows 1",)).sheet("Rows 1")
    sheet.enter("A1", '=OF_STATUS("no job")')
    assert str(sheet.value("A1")).startswith("#OF! 'no job' is no job id")
    # Wine lets a folder in use be renamed, and keeps the files; Windows does not.
    assert re.search("is in use|of which another program holds a file", user.run("uninstall", code=1))
    assert user.python.with_name("python.old").exists() or user.python.exists()


def test_a_folder_that_vba_cannot_read_gets_its_short_name(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "пайтон"
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(folder))
    user.run("install")
    path = configured_interpreter(read_key)
    path.encode("cp1252")
    assert Path(path).is_file()
    assert Path(path).samefile(folder / "python" / "Scripts" / "pythonw.exe")
    user.run("uninstall")
    assert not folder.exists()


def test_a_python_of_another_folder_stays_and_that_is_said(user: User) -> None:
    user.run("install")
    setting.write(str(Path(sys.prefix) / "pythonw.exe"))
    said = user.run("uninstall")
    assert "is of another folder and stays" in said
    assert configured_interpreter(read_key) == ""


def test_short_names_are_those_of_windows(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with a long name"
    folder.mkdir()
    short = short_path(folder)
    assert Path(short).is_dir()
    assert " " not in Path(short).name
    assert vba_readable_path(folder, "mbcs", short_path) == str(folder)
