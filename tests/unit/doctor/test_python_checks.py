"""The checks of the Python that Excel needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.doctor.conftest import EMPTY, registry
from xl_openfunnel.detect import python as detect_python
from xl_openfunnel.doctor import CheckState, python
from xl_openfunnel.version import version

STORE = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12_3.12.1_x64__qbz5n2kfra8p0"


@pytest.mark.parametrize(
    ("running", "bits", "base", "state"),
    [
        ((3, 11, 9), 64, "C:\\Python", CheckState.OK),
        ((3, 10, 4), 64, "C:\\Python", CheckState.WRONG),
        ((3, 12, 1), 64, STORE, CheckState.WRONG),
        ((3, 12, 1), 32, "C:\\Python", CheckState.WRONG),
    ],
)
def test_a_python_that_is_old_of_32_bits_or_of_the_store_is_wrong(
    running: tuple[int, int, int], bits: int, base: str, state: CheckState
) -> None:
    result = python.version(running, bits, "C:\\Python\\python.exe", base)
    assert result.state is state
    assert f"{bits}-bit" in result.what
    assert result.remedy.startswith("Install 64-bit Python") == (state is CheckState.WRONG)


@pytest.mark.parametrize(
    ("installed", "state"), [("0.37.8", CheckState.OK), ("0.33.0", CheckState.WRONG), (None, CheckState.WRONG)]
)
def test_xlwings_must_be_the_version_whose_dll_the_workbook_loads(installed: str | None, state: CheckState) -> None:
    result = python.xlwings(installed, "0.37.8")
    assert result.state is state
    assert state is CheckState.OK or result.remedy == "python -m pip install xlwings==0.37.8"


def test_the_interpreter_is_the_one_of_the_setting_that_vba_reads() -> None:
    read = registry({detect_python.INTERPRETER_SETTING: {"Interpreter": "C:\\Py\\pythonw.exe"}})
    assert detect_python.configured_interpreter(read) == "C:\\Py\\pythonw.exe"
    assert detect_python.configured_interpreter(EMPTY) == ""
    for elsewhere in ("pythonw.exe", "C:pythonw.exe", "..\\pythonw.exe", "./python", 7):
        read = registry({detect_python.INTERPRETER_SETTING: {"Interpreter": elsewhere}})
        assert detect_python.configured_interpreter(read) == ""


@pytest.mark.parametrize(
    ("path", "there", "state", "words"),
    [
        ("C:\\Büro\\pythonw.exe", True, CheckState.OK, "C:\\Büro\\pythonw.exe"),
        ("", True, CheckState.WRONG, "does not know yet where Python is"),
        ("C:\\Py\\pythonw.exe", False, CheckState.WRONG, "not there any more"),
        ("C:\\Łódź\\pythonw.exe", True, CheckState.OK, "with 'Ł', so workbooks made by version 0.1"),
    ],
)
def test_the_setting_must_name_a_python(path: str, there: bool, state: CheckState, words: str) -> None:
    result = python.interpreter(path, lambda _: there, "cp1252")
    assert result.state is state
    assert words in result.what
    assert state is CheckState.OK or "xl-openfunnel install" in result.remedy


@pytest.mark.parametrize(
    ("path", "theirs", "state"),
    [
        ("p", "1.0", CheckState.OK),
        ("p", "0.9", CheckState.WRONG),
        ("p", "", CheckState.WRONG),
        ("", "1.0", CheckState.UNKNOWN),
    ],
)
def test_excels_python_must_have_this_version_of_the_package(path: str, theirs: str, state: CheckState) -> None:
    assert python.package_version(path, "1.0", lambda _: theirs).state is state


@pytest.mark.parametrize("error", [OSError("blocked"), subprocess.TimeoutExpired("python", 30)])
def test_a_python_that_does_not_start_is_wrong(error: Exception) -> None:
    def ask(_: str) -> str:
        raise error

    result = python.package_version("p", "1.0", ask)
    assert (result.state, "does not start" in result.what) == (CheckState.WRONG, True)


def test_the_version_of_another_python_does_not_depend_on_this_ones_folders(tmp_path: Path) -> None:
    told = detect_python.ask_version(sys.executable)
    assert told in ("", version())  # "" where the package is only on PYTHONPATH, which does not count for Excel
    with pytest.raises(FileNotFoundError):
        detect_python.ask_version(str(tmp_path / "pythonw.exe"))


def test_the_dll_may_be_beside_python_or_in_the_folder_above(tmp_path: Path) -> None:
    scripts = tmp_path / "Scripts"
    scripts.mkdir()
    folders = detect_python.dll_folders(str(scripts / "pythonw.exe"), Path("elsewhere"))
    assert folders == [scripts, tmp_path]
    assert detect_python.dll_folders("", tmp_path) == [tmp_path]
    dll = tmp_path / "xlwings64-0.37.8.dll"
    dll.touch()
    assert python.dll(folders, "0.37.8", 64, lambda _: "").state is CheckState.OK
    assert python.dll(folders, "0.37.9", 64, lambda _: "").state is CheckState.WRONG


def test_a_missing_or_blocked_dll_is_reported_to_it(tmp_path: Path) -> None:
    missing = python.dll([tmp_path], "0.37.8", 32, lambda _: "")
    assert missing.state is CheckState.WRONG
    assert "xlwings32-0.37.8.dll" in missing.for_it
    (tmp_path / "xlwings32-0.37.8.dll").touch()
    blocked = python.dll([tmp_path], "0.37.8", 32, lambda _: "access denied")
    assert (blocked.state, "access denied" in blocked.what) == (CheckState.WRONG, True)
    assert str(tmp_path) in blocked.for_it


def test_without_a_known_excel_both_dlls_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "xlwings64-0.37.8.dll").touch()
    assert python.dll([tmp_path], "0.37.8", None, lambda _: "").state is CheckState.WRONG
    (tmp_path / "xlwings32-0.37.8.dll").touch()
    assert python.dll([tmp_path], "0.37.8", None, lambda _: "").state is CheckState.OK


def test_a_dll_of_the_other_bitness_is_read_and_not_loaded(tmp_path: Path) -> None:
    other = tmp_path / f"xlwings{32 if sys.maxsize > 2**32 else 64}-0.37.8.dll"
    other.write_bytes(b"no DLL at all")
    assert detect_python.load_dll(other) == ""


def test_a_python_in_onedrive_or_on_the_network_is_wrong_and_told_where_to_go() -> None:
    assert python.place("x", onedrive="", on_network=False).state is CheckState.OK
    for result in (
        python.place("x", onedrive="C:\\O", on_network=False),
        python.place("x", onedrive="", on_network=True),
    ):
        assert result.state is CheckState.WRONG
        assert "OPENFUNNEL_CACHE_DIR" in result.remedy


def test_a_32_bit_excel_needs_its_own_dll_and_not_its_own_python(tmp_path: Path) -> None:
    file = tmp_path / "xlwings32-1.2.dll"
    assert python.dll([tmp_path], "1.2", 32, lambda _: "").state is CheckState.WRONG
    file.touch()
    result = python.dll([tmp_path], "1.2", 32, lambda _: "")
    assert result.state is CheckState.OK
    assert result.what.startswith(f"{file}, for a 32-bit Excel; Python may have 64 bits. ")
