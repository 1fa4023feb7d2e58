"""Setting up Excel and removing everything again, with stand-ins for the registry and the private Python."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from xl_openfunnel import ConfigurationError, InstallError
from xl_openfunnel.detect import excel as detect_excel
from xl_openfunnel.detect.excel import Excel
from xl_openfunnel.doctor import excel as doctor_excel
from xl_openfunnel.install import environment
from xl_openfunnel.install.excel import InstallPaths, install, uninstall
from xl_openfunnel.install.setting import vba_readable_path
from xl_openfunnel.version import version
from xl_openfunnel.workbook import builder
from xl_openfunnel.workbook.package import Package

PYTHON_ORG = r"C:\Program Files\Python312"
STORE = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12_3.12.1_x64__qbz5n2kfra8p0"


class User:
    """A Windows user: their folders, the setting for VBA, and how often the private Python was created."""

    def __init__(self, home: Path) -> None:
        self.local, self.roaming = home / "Local", home / "Roaming"
        environ = {"OPENFUNNEL_CACHE_DIR": str(self.local), "APPDATA": str(self.roaming)}
        self.paths = InstallPaths.for_user(environ)
        self.setting = ""
        self.created = 0

    def create(self, folder: Path) -> None:
        folder.mkdir()
        self.created += 1
        (folder / "number").write_text(str(self.created))

    def write_setting(self, path: str) -> None:
        self.setting = path

    def remove_setting(self) -> bool:
        had, self.setting = bool(self.setting), ""
        return had

    def install(self, *, repair: bool = False, base: str = PYTHON_ORG, addin: Path | None = None) -> None:
        install(
            self.paths,
            base,
            repair=repair,
            addin=addin,
            create=self.create,
            write_setting=self.write_setting,
            code_page="utf-8",
        )

    def uninstall(self) -> bool:
        return uninstall(self.paths, remove_setting=self.remove_setting)

    def files(self) -> set[str]:
        home = self.local.parent
        return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(environment, "is_healthy", lambda folder: (folder / "number").is_file())
    return User(tmp_path / "user")


EVERYTHING = {"Local/python/number", "Roaming/Microsoft/Excel/XLSTART/OpenFunnel.xlam"}


def test_install_creates_a_python_a_setting_and_the_addin_and_nothing_else(user: User) -> None:
    user.install()
    assert user.files() == EVERYTHING
    assert user.setting == str(environment.interpreter(user.local / "python"))
    assert user.paths.addin.read_bytes() == builder.build_addin()


def test_a_second_install_corrects_setting_and_addin_and_keeps_the_python(user: User) -> None:
    user.install()
    user.setting = "elsewhere"
    user.paths.addin.write_bytes(b"of an older version")
    user.install()
    assert user.created == 1
    assert user.setting == str(environment.interpreter(user.local / "python"))
    assert user.paths.addin.read_bytes() == builder.build_addin()


def signed(file: Path, made_by: str = "") -> Path:
    """An add-in of a version with a signature, as Office's tools store it."""
    builder.write_addin(file)
    if made_by:
        package = Package(file.read_bytes())
        package.replace("docProps/core.xml", f"XL OpenFunnel {version()}", f"XL OpenFunnel {made_by}")
        file.write_bytes(package.to_bytes())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/vbaProjectSignatureV3.bin", "signature")
    return file


def test_a_signed_addin_is_installed_as_it_is_and_stays(user: User, tmp_path: Path) -> None:
    file = signed(tmp_path / "signed.xlam")
    assert (detect_excel.is_signed(file), detect_excel.is_signed(tmp_path / "none.xlam")) == (True, False)
    user.install(addin=file)
    assert user.paths.addin.read_bytes() == file.read_bytes()
    user.install()
    user.install(repair=True)
    assert user.paths.addin.read_bytes() == file.read_bytes()


def test_an_addin_of_another_version_or_program_is_refused_before_anything_changes(user: User, tmp_path: Path) -> None:
    other = tmp_path / "other.xlam"
    other.write_bytes(b"no add-in")
    for file, said in ((signed(tmp_path / "old.xlam", "0.0.1"), "of XL OpenFunnel 0.0.1"), (other, "cannot be read")):
        with pytest.raises(ConfigurationError, match=said):
            user.install(addin=file)
    assert (user.created, user.setting, user.files()) == (0, "", set())


def test_a_signed_addin_of_an_earlier_version_is_not_replaced_by_one_without_signature(user: User) -> None:
    user.paths.addin.parent.mkdir(parents=True)
    before = signed(user.paths.addin, "0.0.1").read_bytes()
    with pytest.raises(ConfigurationError, match="have it signed, and give it with --add-in"):
        user.install()
    assert (user.created, user.paths.addin.read_bytes()) == (0, before)


def test_an_unhealthy_python_is_recreated(user: User) -> None:
    user.install()
    (user.local / "python" / "number").unlink()
    user.install()
    assert (user.created, user.files()) == (2, EVERYTHING)


def test_repair_recreates_everything(user: User) -> None:
    user.install()
    user.install(repair=True)
    assert (user.created, user.files()) == (2, EVERYTHING)


def test_uninstall_leaves_other_files(user: User) -> None:
    user.install()
    store, other = user.local / "store.sqlite3", user.paths.addin.with_name("Other.xlam")
    store.touch()
    other.touch()
    assert user.uninstall()
    assert (user.files(), user.setting) == (
        {"Local/store.sqlite3", "Roaming/Microsoft/Excel/XLSTART/Other.xlam"},
        "",
    )
    assert not user.uninstall()


def test_uninstall_names_the_folder_it_could_not_remove_and_removes_the_rest(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.install()
    monkeypatch.setattr("shutil.rmtree", lambda folder, ignore_errors: None)
    with pytest.raises(InstallError, match=r"All is removed but .*python\.old"):
        user.uninstall()
    assert (user.files(), user.setting) == ({"Local/python.old/number"}, "")


def test_uninstall_leaves_nothing_but_excels_own_folder(user: User) -> None:
    user.install()
    user.uninstall()
    assert user.files() == set()
    assert not user.local.exists()


def test_an_addin_that_excel_holds_open_is_reported_before_any_change(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.install()
    original = Path.open

    def held(self: Path, mode: str = "r", **options: object) -> object:
        if self == user.paths.addin and "+" in mode:
            raise PermissionError(13, "Permission denied")
        return original(self, mode, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", held)
    with pytest.raises(InstallError, match=r"OpenFunnel\.xlam is in use\. Close all windows of Excel"):
        user.install(repair=True)
    with pytest.raises(InstallError, match=r"OpenFunnel\.xlam is in use\. Close all windows of Excel"):
        user.uninstall()
    assert (user.created, user.files()) == (1, EVERYTHING)
    assert user.setting


def test_a_microsoft_store_python_is_refused(user: User) -> None:
    with pytest.raises(ConfigurationError, match="Microsoft Store"):
        user.install(base=STORE)
    assert user.files() == set()


def test_a_python_of_32_bits_is_refused(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    with pytest.raises(ConfigurationError, match=r"has 32 bits, .* Install 64-bit Python 3\.11 or newer"):
        user.install()
    assert user.files() == set()


def test_an_excel_of_the_microsoft_store_is_refused(user: User) -> None:
    store = Excel(r"C:\Program Files\WindowsApps\Microsoft.Office.Desktop\Office16\EXCEL.EXE")
    with pytest.raises(ConfigurationError, match="Excel comes from the Microsoft Store"):
        install(user.paths, PYTHON_ORG, excel=store, create=user.create, write_setting=user.write_setting)
    assert user.files() == set()


def test_the_private_python_sets_up_all_but_itself(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user.install()
    monkeypatch.setattr(sys, "prefix", str(user.paths.python))
    user.setting = ""
    user.paths.addin.unlink()
    user.install()
    assert (user.created, user.files(), bool(user.setting)) == (1, EVERYTHING, True)
    with pytest.raises(ConfigurationError, match="cannot replace itself"):
        user.install(repair=True)
    assert user.uninstall()
    assert (user.files(), user.setting) == ({"Local/python/number"}, "")


def test_without_appdata_install_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="%APPDATA% is not set"):
        InstallPaths.for_user({"OPENFUNNEL_CACHE_DIR": str(tmp_path)})


def test_by_default_the_private_python_is_beside_the_store(tmp_path: Path) -> None:
    paths = InstallPaths.for_user({"APPDATA": str(tmp_path)})
    assert (paths.python.name, paths.python.parent.name) == ("python", "xl-openfunnel")
    assert paths.addin.parts[-4:] == ("Microsoft", "Excel", "XLSTART", "OpenFunnel.xlam")


def test_the_doctor_finds_the_installed_addin(user: User) -> None:
    user.install()
    found = doctor_excel.addin(detect_excel.start_folder({"APPDATA": str(user.roaming)}), version())
    assert (found.state, found.what) == ("ok", f"{user.paths.addin}, XL OpenFunnel {version()}")


@pytest.mark.parametrize(
    ("path", "text"),
    [("büro", "büro"), ("пайтон", "SHORT~1")],  # the code page has the letters of the one, and not of the other
)
def test_a_path_is_shortened_if_earlier_workbooks_cannot_read_it(path: str, text: str) -> None:
    assert vba_readable_path(Path(path), "cp1252", lambda _: "SHORT~1") == text


def test_a_path_that_has_no_short_form_stays_as_it_is() -> None:
    assert vba_readable_path(Path("/пайтон"), "cp1252", str) == str(Path("/пайтон"))
