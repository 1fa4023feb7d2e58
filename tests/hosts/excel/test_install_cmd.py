"""workbook/install.cmd and uninstall.cmd under Wine's cmd, as a double click starts them.

The Windows Python of the tests has neither venv nor pip. The real pip is put beside it; for venv stands a script that
makes such an environment by hand. Wine's cmd expands percent signs in names of folders again, which Windows' does not.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("these run on Linux, under Wine", allow_module_level=True)

from tests.hosts.excel.wine import NoWineError, Wine
from xl_openfunnel.install.wheel import write_wheel

ROOT = Path(__file__).parents[3]
HERE = "Jürgen's 100 & (Söhne)!"
DATA = r"C:\tests\Büro & 50 (x)!\data"
VENV = """\
import shutil, sys
from pathlib import Path
folder, home = Path(sys.argv[-1]), Path(sys.base_prefix)
scripts = folder / "Scripts"
shutil.rmtree(folder, ignore_errors=True)
scripts.mkdir(parents=True)
for file in home.iterdir():
    if file.suffix in (".exe", ".dll"):
        shutil.copyfile(file, (folder if file.name.startswith("xlwings") else scripts) / file.name)
(folder / "pyvenv.cfg").write_text(f"home = {home}\\ninclude-system-site-packages = true\\n", "utf-8")
"""
READ_REGISTRY = """\
import winreg
def read(path):
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
        subkeys, values, _ = winreg.QueryInfoKey(key)
        print(ascii(path))
        for number in range(values):
            print(ascii((path, *winreg.EnumValue(key, number))))
        for name in [winreg.EnumKey(key, number) for number in range(subkeys)]:
            read(f"{path}\\\\{name}".strip("\\\\"))
read("")
"""
CLEAR = r'reg delete "HKCU\Software\VB and VBA Program Settings" /f'
CLICK = "import os, subprocess, sys; q = chr(34); command = 'cmd /c ' + q + q + sys.argv[1] + q + q; "
CLICK += "folder = os.path.dirname(sys.argv[1]); os.environ.pop(sys.argv[3], None); "
CLICK += "sys.exit(subprocess.run(command, input=(sys.argv[2] + os.linesep).encode(), cwd=folder).returncode)"
LABEL = "import subprocess, sys; python = sys.argv[1] + '/python/Scripts/python.exe'; "
LABEL += (
    "command = [python, '-I', '-m', 'xl_openfunnel', 'label', '2b4c8b27-8a40-5274-973e-730c722286d6', 'Secret label']; "
)
LABEL += "sys.exit(subprocess.run(command).returncode)"

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def wine() -> Iterator[Wine]:
    pip = importlib.util.find_spec("pip")
    try:
        prepared = Wine.prepare()
    except NoWineError as reason:
        pytest.skip(str(reason))
    if pip is None or pip.origin is None:
        pytest.skip("there is no pip here")
    with prepared.session(ROOT):
        _clear(prepared)
        tests = prepared.prefix / "drive_c" / "tests"
        _make_python(prepared, tests / "python", Path(pip.origin).parent)
        (tests / HERE).mkdir()
        for name in ("install.cmd", "uninstall.cmd"):
            shutil.copy(ROOT / "workbook" / name, tests / HERE)
        for name in ("py", "python", "pip", "reg"):  # as malware may put them into a folder for downloads
            (tests / HERE / f"{name}.cmd").write_bytes(
                b"@echo off\r\necho HIJACKED\r\necho x>C:\\tests\\hijacked\r\nexit /b 0\r\n"
            )
        (tests / HERE / "xl_openfunnel").mkdir()
        (tests / HERE / "xl_openfunnel" / "__init__.py").write_text("raise SystemExit('HIJACKED')")
        yield prepared


def _clear(wine: Wine) -> None:
    """Take away what a run left that was ended before its end."""
    wine.run(["-c", f"import os; os.system({CLEAR!r})"], timeout=60)
    for file in wine.prefix.glob("drive_c/users/*/**/OpenFunnel.xl*"):
        file.unlink()


def _make_python(wine: Wine, folder: Path, pip: Path) -> None:
    """A Python with all that this package needs, and without this package."""
    packages = folder / "Lib" / "site-packages"
    packages.mkdir(parents=True)
    for file in wine.py.iterdir():
        if file.is_file():
            (folder / file.name).hardlink_to(file)
    for path in (wine.py / "Lib").iterdir():
        if path.name != "site-packages":
            (folder / "Lib" / path.name).symlink_to(path)
    for path in [*wine.packages.iterdir(), pip, *pip.parent.glob("pip-*.dist-info")]:
        if not path.name.startswith("xl_openfunnel"):
            (packages / path.name).symlink_to(path)
    (folder / "Lib" / "venv").mkdir()
    (folder / "Lib" / "venv" / "__main__.py").write_text(VENV)


def click(
    wine: Wine, name: str, path: str = r"C:\tests\python", typed: str = "", unset: str = "none"
) -> tuple[int | None, str]:
    environment = {"WINEPATH": path, "OPENFUNNEL_CACHE_DIR": DATA, "PIP_NO_INDEX": "1"}
    environment["PYTHONPATH"] = f"C:\\tests\\{HERE}"
    environment["OPENFUNNEL_API_KEY"] = "of_live_" + "a" * 16
    done = wine.run(["-c", CLICK, f"C:\\tests\\{HERE}\\{name}", typed, unset], env=environment, timeout=300)
    assert "HIJACKED" not in done.output
    assert not (wine.prefix / "drive_c" / "tests" / "hijacked").exists()
    return done.code, done.output


def files(wine: Wine) -> set[str]:
    """All files of the drive, but for Windows' temporary ones and the bytecode of the Python that was there before."""
    drive = wine.prefix / "drive_c"
    found = {path.relative_to(drive).as_posix() for path in drive.rglob("*") if path.is_file()}
    return {path for path in found if "/Temp/" not in path and not path.startswith("tests/python/")}


def registry(wine: Wine) -> set[str]:
    """All keys and values of the Windows user, among them the user's environment."""
    done = wine.run(["-c", READ_REGISTRY], timeout=60)
    assert done.code == 0, done.output
    return set(done.output.splitlines())


def test_a_double_click_sets_up_excel_and_another_takes_all_of_it_away(wine: Wine) -> None:
    here = wine.prefix / "drive_c" / "tests" / HERE
    code, said = click(wine, "install.cmd")
    assert code == 1
    assert "Extract All" in said  # as from within a ZIP file: nothing is beside it
    write_wheel(here)
    before, settings = files(wine), registry(wine)
    code, said = click(wine, "install.cmd", r"C:\windows")
    assert code == 1
    assert "winget install --exact --id Python.Python.3" in said
    assert files(wine) == before
    try:
        for _ in range(2):
            code, said = click(wine, "install.cmd")
            assert code == 0, said
            assert "Done. The workbook is" in said, said
        made = {path for path in files(wine) - before if "/data/python/" not in path}
        assert {Path(path).name for path in made} >= {"OpenFunnel.xlam", "OpenFunnel.xlsm"}
        assert any("XL OpenFunnel" in line for line in registry(wine) - settings)
        home = wine.prefix / "drive_c" / DATA.partition("\\")[2].replace("\\", "/")
        done = wine.run(["-c", LABEL, DATA], env={"OPENFUNNEL_CACHE_DIR": DATA}, timeout=60)
        assert done.code == 0, done.output
        (home / "python").rename(home / "python.busy")  # as where it could not be renamed back
        code, said = click(wine, "uninstall.cmd", unset="APPDATA")
        assert (code, "%APPDATA% is not set" in said) == (1, True), said
        code, said = click(wine, "uninstall.cmd")
        assert code == 0, said
        assert "the stored jobs, the known lists, the log and the workbook stay" in said, said
        assert registry(wine) == settings
        assert b"Secret label" in (home / "store.sqlite3").read_bytes()
        assert click(wine, "install.cmd")[0] == 0
        (home / "known").mkdir(exist_ok=True)
        for name in ("export-id", "help.html", "xl-openfunnel.log", "xl-openfunnel.log.1", "known/shared-hosts.txt"):
            (home / name).touch()
        code, said = click(wine, "uninstall.cmd", typed="y")
        assert code == 0, said
        assert 'known\\shared-hosts.txt" stays too.' in said
        assert "The workbook stays." in said
        assert registry(wine) == settings
        left = files(wine)
        assert before <= left
        assert {Path(path).name for path in left - before} == {"OpenFunnel.xlsm", "shared-hosts.txt"}
        assert {path.name for path in home.iterdir()} == {"known"}
    finally:
        for book in wine.prefix.glob("drive_c/users/*/OpenFunnel.xlsm"):
            book.unlink()


def test_the_script_for_many_computers_makes_a_python_once_and_ends_at_an_error(wine: Wine) -> None:
    guide = (ROOT / "workbook" / "guide" / "security.md").read_text("utf-8")
    lines = guide.partition("```bat\n")[2].partition("```")[0].replace(r"\\server\wheels", r"C:\tests\wheels")
    tests = wine.prefix / "drive_c" / "tests"
    home = wine.prefix / "drive_c" / DATA.partition("\\")[2].replace("\\", "/")
    (tests / "fleet").mkdir()
    (tests / "fleet" / "fleet.cmd").write_bytes(lines.replace("py -3 ", "python ").replace("\n", "\r\n").encode())
    (tests / "wheels").mkdir()
    before = registry(wine)

    def sign_in() -> tuple[int | None, str]:
        environment = {"WINEPATH": r"C:\tests\python", "OPENFUNNEL_CACHE_DIR": DATA}
        done = wine.run(["-c", CLICK, r"C:\tests\fleet\fleet.cmd", "", "none"], env=environment, timeout=300)
        return done.code, done.output

    code, said = sign_in()
    assert (code, "No matching distribution found" in said) == (1, True), said
    assert registry(wine) == before
    write_wheel(tests / "wheels")
    code, said = sign_in()
    assert code == 0, said
    (home / "python" / "kept").touch()
    code, said = sign_in()
    assert (code, (home / "python" / "kept").exists()) == (0, True), said


@pytest.mark.parametrize(
    ("version", "maxsize", "prefix", "usable"),
    [
        ((3, 11), 2**63 - 1, r"C:\Python311", True),
        ((3, 10, 14), 2**63 - 1, r"C:\Python310", False),
        ((3, 14), 2**31 - 1, r"C:\Python314-32", False),
        ((3, 13), 2**63 - 1, r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13", False),
    ],
)
def test_a_python_that_is_too_old_has_32_bits_or_is_of_the_store_is_not_used(
    version: tuple[int, ...], maxsize: int, prefix: str, usable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    [probe] = re.findall(r'^set "PROBE=(.*)"', (ROOT / "workbook" / "install.cmd").read_text(), re.MULTILINE)
    for name, value in {"version_info": version, "maxsize": maxsize, "base_prefix": prefix}.items():
        monkeypatch.setattr(sys, name, value)
    with pytest.raises(SystemExit) as ended:
        exec(probe)
    assert bool(ended.value.code) is not usable


@pytest.mark.parametrize("name", ["install.cmd", "uninstall.cmd"])
def test_the_files_are_what_cmd_reads_on_every_windows(name: str) -> None:
    content = (ROOT / "workbook" / name).read_bytes()
    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b"EnableDelayedExpansion" not in content  # names of folders may have exclamation marks
