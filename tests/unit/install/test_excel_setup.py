"""Setting up Excel and taking it away again, with a setting that is no registry and a Python that is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xl_openfunnel import ConfigurationError, InstallError
from xl_openfunnel.detect import excel as detect_excel
from xl_openfunnel.doctor import excel as doctor_excel
from xl_openfunnel.install import environment
from xl_openfunnel.install.excel import InstallPaths, install, uninstall
from xl_openfunnel.install.setting import readable
from xl_openfunnel.version import version
from xl_openfunnel.workbook import addin

PYTHON_ORG = r"C:\Program Files\Python312"
STORE = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12_3.12.1_x64__qbz5n2kfra8p0"


class Kept:
    """A setting that is kept here and nowhere else."""

    def __init__(self) -> None:
        self.path = ""

    def read(self) -> str:
        return self.path

    def write(self, path: str) -> None:
        self.path = path

    def remove(self) -> bool:
        had, self.path = bool(self.path), ""
        return had


class User:
    """A user of a Windows."""

    def __init__(self, home: Path) -> None:
        self.local, self.roaming = home / "Local", home / "Roaming"
        environ = {"OPENFUNNEL_CACHE_DIR": str(self.local), "APPDATA": str(self.roaming)}
        self.places = InstallPaths.of(environ)
        self.setting = Kept()
        self.made = 0

    def make(self, folder: Path) -> None:
        folder.mkdir()
        self.made += 1
        (folder / "number").write_text(str(self.made))

    def install(self, *, repair: bool = False, base: str = PYTHON_ORG) -> None:
        install(self.places, self.setting, base, repair=repair, make=self.make, code_page="utf-8")

    def files(self) -> set[str]:
        home = self.local.parent
        return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(environment, "is_healthy", lambda folder: (folder / "number").is_file())
    return User(tmp_path / "user")


EVERYTHING = {"Local/python/number", "Roaming/Microsoft/Excel/XLSTART/OpenFunnel.xlam"}


def test_it_makes_a_python_a_setting_and_the_addin_and_nothing_else(user: User) -> None:
    user.install()
    assert user.files() == EVERYTHING
    assert user.setting.path == str(environment.interpreter(user.local / "python"))
    assert user.places.addin.read_bytes() == addin.build()


def test_again_it_only_sees_to_it_that_everything_is_as_it_should_be(user: User) -> None:
    user.install()
    user.setting.path = "elsewhere"
    user.places.addin.write_bytes(b"of an older version")
    user.install()
    assert user.made == 1
    assert user.setting.path == str(environment.interpreter(user.local / "python"))
    assert user.places.addin.read_bytes() == addin.build()


def test_a_python_that_does_not_start_is_made_anew(user: User) -> None:
    user.install()
    (user.local / "python" / "number").unlink()
    user.install()
    assert (user.made, user.files()) == (2, EVERYTHING)


def test_repair_makes_everything_anew(user: User) -> None:
    user.install()
    user.install(repair=True)
    assert (user.made, user.files()) == (2, EVERYTHING)


def test_uninstall_leaves_what_it_did_not_make(user: User) -> None:
    user.install()
    store, other = user.local / "store.sqlite3", user.places.addin.with_name("Other.xlam")
    store.touch()
    other.touch()
    assert uninstall(user.places, user.setting)
    assert (user.files(), user.setting.path) == (
        {"Local/store.sqlite3", "Roaming/Microsoft/Excel/XLSTART/Other.xlam"},
        "",
    )
    assert not uninstall(user.places, user.setting)


def test_what_uninstall_could_not_remove_is_said_and_all_else_is_gone(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.install()
    monkeypatch.setattr("shutil.rmtree", lambda folder, ignore_errors: None)
    with pytest.raises(InstallError, match=r"All is removed but .*python\.old"):
        uninstall(user.places, user.setting)
    assert (user.files(), user.setting.path) == ({"Local/python.old/number"}, "")


def test_after_uninstall_nothing_is_left_but_excels_own_folder(user: User) -> None:
    user.install()
    uninstall(user.places, user.setting)
    assert user.files() == set()
    assert not user.local.exists()


def test_an_addin_that_excel_holds_is_said_before_anything_is_done(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user.install()
    original = Path.open

    def held(self: Path, mode: str = "r", **options: object) -> object:
        if self == user.places.addin and "+" in mode:
            raise PermissionError(13, "Permission denied")
        return original(self, mode, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", held)
    with pytest.raises(InstallError, match=r"OpenFunnel\.xlam is in use\. Close all windows of Excel"):
        user.install(repair=True)
    with pytest.raises(InstallError, match=r"OpenFunnel\.xlam is in use\. Close all windows of Excel"):
        uninstall(user.places, user.setting)
    assert (user.made, user.files()) == (1, EVERYTHING)
    assert user.setting.path


def test_a_python_of_the_store_is_refused(user: User) -> None:
    with pytest.raises(ConfigurationError, match="Microsoft Store"):
        user.install(base=STORE)
    assert user.files() == set()


def test_the_private_python_itself_is_refused(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user.install()
    monkeypatch.setattr(sys, "prefix", str(user.places.python))
    with pytest.raises(ConfigurationError, match="private Python"):
        user.install(repair=True)
    with pytest.raises(ConfigurationError, match="private Python"):
        uninstall(user.places, user.setting)
    assert (user.made, user.files()) == (1, EVERYTHING)


def test_a_windows_that_does_not_say_where_excel_starts_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="%APPDATA% is not set"):
        InstallPaths.of({"OPENFUNNEL_CACHE_DIR": "anywhere"})


def test_without_a_folder_of_ones_own_the_private_python_is_beside_the_store(tmp_path: Path) -> None:
    places = InstallPaths.of({"APPDATA": str(tmp_path)})
    assert (places.python.name, places.python.parent.name) == ("python", "xl-openfunnel")
    assert places.addin.parts[-4:] == ("Microsoft", "Excel", "XLSTART", "OpenFunnel.xlam")


def test_the_doctor_finds_the_addin_where_it_is_put(user: User) -> None:
    user.install()
    found = doctor_excel.addin(detect_excel.start_folder({"APPDATA": str(user.roaming)}), version())
    assert (found.state, found.what) == ("ok", f"{user.places.addin}, XL OpenFunnel {version()}")


@pytest.mark.parametrize(
    ("path", "text"),
    [("büro", "büro"), ("пайтон", "SHORT~1")],  # the code page has the letters of the one, and not of the other
)
def test_a_path_is_given_as_vba_can_read_it(path: str, text: str) -> None:
    assert readable(Path(path), "cp1252", lambda _: "SHORT~1") == text


def test_a_path_that_vba_cannot_read_in_any_way_is_refused_with_the_cure() -> None:
    with pytest.raises(ConfigurationError, match=r"Set OPENFUNNEL_CACHE_DIR to a folder with plain letters"):
        readable(Path("/пайтон"), "cp1252", str)
