"""The checks of Excel, its add-in and the origin of files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts import earlier
from tests.unit.doctor.conftest import EMPTY, make_addin, registry
from tests.unit.workbook import examples
from xl_openfunnel.detect import excel as detect_excel
from xl_openfunnel.detect.excel import Excel
from xl_openfunnel.detect.python import xlwings_versions
from xl_openfunnel.doctor import CheckState, excel
from xl_openfunnel.doctor.result import ok, wrong
from xl_openfunnel.version import version
from xl_openfunnel.workbook import builder as workbook

APP_PATHS = r"HKLM\Software\Microsoft\Windows\CurrentVersion\App Paths\excel.exe"
CLICK_TO_RUN = r"HKLM\Software\Microsoft\Office\ClickToRun\Configuration"
PROGRAM = r"C:\Program Files\Microsoft Office\Root\Office16\EXCEL.EXE"
M365 = Excel(PROGRAM, "16.0.17928.20114", 64, ("O365ProPlusRetail",))


def test_click_to_run_names_version_bitness_and_products() -> None:
    told = {"VersionToReport": M365.version, "Platform": "x64", "ProductReleaseIds": "O365ProPlusRetail,VisioProRetail"}
    result = detect_excel.find_excel(registry({APP_PATHS: {"": PROGRAM}, CLICK_TO_RUN: told}))
    assert result == Excel(PROGRAM, M365.version, 64, ("O365ProPlusRetail", "VisioProRetail"))
    assert excel.installation(result, lambda _: True).state is CheckState.OK


def test_an_excel_without_click_to_run_is_found_by_its_install_root() -> None:
    key = r"HKLM\Software\Wow6432Node\Microsoft\Office\16.0\Excel\InstallRoot"
    result = detect_excel.find_excel(registry({key: {"Path": "C:\\Office16\\"}}))
    assert result == Excel("C:\\Office16\\EXCEL.EXE", "16.0", 32)


def test_an_excel_that_is_only_in_app_paths_is_found() -> None:
    user = APP_PATHS.replace("HKLM", "HKCU")
    assert detect_excel.find_excel(registry({user: {"": f'"{PROGRAM}"'}})) == Excel(PROGRAM)
    assert detect_excel.find_excel(registry({user: {"": r"C:\Program Files (x86)\EXCEL.EXE"}})) == Excel(
        r"C:\Program Files (x86)\EXCEL.EXE", bits=32
    )


def test_a_missing_excel_and_one_without_its_program_are_wrong() -> None:
    assert excel.installation(detect_excel.find_excel(EMPTY), lambda _: True).state is CheckState.WRONG
    gone = excel.installation(M365, lambda _: False)
    assert (gone.state, "not there" in gone.what) == (CheckState.WRONG, True)


def test_an_excel_of_the_microsoft_store_is_wrong() -> None:
    store = Excel(
        r"C:\Program Files\WindowsApps\Microsoft.Office.Desktop.Excel_16051_x86\Office16\EXCEL.EXE", "16.0", 64
    )
    result = excel.installation(store, lambda _: True)
    assert (result.state, "Microsoft Store" in result.what) == (CheckState.WRONG, True)
    assert not Excel(r"C:\WindowsApps tools\EXCEL.EXE").from_store


@pytest.mark.parametrize(
    ("version", "products", "state"),
    [
        (M365.version, "O365ProPlusRetail", CheckState.OK),
        ("16.0.11328.20146", "O365ProPlusRetail", CheckState.WRONG),
        ("16.0.14332.20017", "ProPlus2021Volume", CheckState.OK),
        ("16.0.17932.20162", "Excel2024Retail", CheckState.OK),
        ("16.0.10730.20102", "ProPlus2019Volume", CheckState.WRONG),
        (M365.version, "HomeBusiness2019Retail", CheckState.WRONG),
        (M365.version, "ProPlusRetail", CheckState.WRONG),
        (M365.version, "VisioPro2021Retail ProPlus2019Retail", CheckState.WRONG),
        (M365.version, "VisioProRetail", CheckState.UNKNOWN),
        ("16.0", "", CheckState.WRONG),
    ],
)
def test_whether_tables_spill_is_judged_by_product_and_build(version: str, products: str, state: CheckState) -> None:
    assert excel.spilling(Excel(PROGRAM, version, 64, tuple(products.split()))).state is state


@pytest.mark.parametrize("known", [None, Excel(PROGRAM)])
def test_without_a_version_it_is_unknown_whether_tables_spill(known: Excel | None) -> None:
    assert excel.spilling(known).state is CheckState.UNKNOWN


def test_the_start_folder_is_below_the_roaming_data() -> None:
    assert detect_excel.start_folder({"APPDATA": "x"}) == Path("x", "Microsoft", "Excel", "XLSTART")
    assert detect_excel.start_folder({}) is None


@pytest.mark.parametrize(
    ("theirs", "state"), [("1.2.3", CheckState.OK), ("1.2.2", CheckState.WRONG), ("", CheckState.UNKNOWN)]
)
def test_the_addin_must_be_of_this_version(tmp_path: Path, theirs: str, state: CheckState) -> None:
    make_addin(tmp_path, theirs)
    assert excel.addin(tmp_path, "1.2.3").state is state


@pytest.mark.parametrize(
    ("theirs", "macros", "state"),
    [
        ("1.2.3", True, CheckState.OK),
        ("1.2.2", True, CheckState.WRONG),  # built before an update
        ("", True, CheckState.OK),  # somebody's own
        ("1.2.2", False, CheckState.OK),  # written by an older command: it has no macros that could be old
    ],
)
def test_a_workbook_with_our_macros_must_be_of_this_version(
    tmp_path: Path, theirs: str, macros: bool, state: CheckState
) -> None:
    file = make_addin(tmp_path, theirs)
    if macros:
        with zipfile.ZipFile(file, "a") as parts:
            parts.writestr("xl/vbaProject.bin", b"")
    assert excel.workbook_macros(file, "1.2.3").state is state


def test_a_file_that_is_no_workbook_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "Old.xls").write_bytes(b"no archive")
    assert excel.workbook_macros(tmp_path / "Old.xls", "1.2.3").state is CheckState.UNKNOWN


def test_the_built_workbook_says_its_version(tmp_path: Path) -> None:
    workbook.write_workbook(tmp_path / "Book.xlsm")
    assert excel.workbook_macros(tmp_path / "Book.xlsm", version()) == ok(
        f"{tmp_path / 'Book.xlsm'}, XL OpenFunnel {version()}"
    )


@pytest.mark.parametrize(
    ("name", "write", "remedy"),
    [
        (
            "Book.xlsm",
            workbook.write_workbook,
            "xl-openfunnel workbook builds a new one. Move your own sheets into it.",
        ),
        (detect_excel.ADDIN_FILE, workbook.write_addin, "Close Excel, then xl-openfunnel install"),
    ],
)
def test_macros_that_were_made_for_another_xlwings_are_wrong(
    name: str, write: Callable[[Path], None], remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples.need_xlwings(tmp_path, monkeypatch, "0.38.0")
    file = tmp_path / name
    write(file)
    assert excel.xlwings_of_macros(file, ["0.37.8", "0.38.0"]) == ok(f"{file} needs xlwings 0.38.0")
    assert excel.xlwings_of_macros(file, ["0.38.1"]) == wrong(
        f"{file} was made for xlwings 0.38.0, and Excel's Python has 0.38.1: cells cannot reach Python", remedy
    )
    assert excel.xlwings_of_macros(file, []).state is CheckState.UNKNOWN


@pytest.mark.parametrize("name", ["OpenFunnel.xlsm", "OpenFunnel.xlam"])
def test_files_of_the_first_version_need_the_xlwings_of_then(name: str) -> None:
    file = earlier.FOLDER / name
    assert excel.xlwings_of_macros(file, ["0.37.8"]).state is CheckState.OK
    assert excel.xlwings_of_macros(file, ["0.38.0"]).state is CheckState.WRONG


def test_a_file_without_our_macros_needs_no_xlwings(tmp_path: Path) -> None:
    (tmp_path / "Old.xls").write_bytes(b"no archive")
    assert excel.xlwings_of_macros(tmp_path / "Old.xls", ["0.37.8"]).state is CheckState.UNKNOWN
    with zipfile.ZipFile(tmp_path / "Book.xlsx", "w") as parts:
        parts.writestr("docProps/core.xml", "<description>for xl</description>")
    assert excel.xlwings_of_macros(tmp_path / "Book.xlsx", []).state is CheckState.OK


def test_the_versions_beside_python_are_those_of_either_dll(tmp_path: Path) -> None:
    for name in ("xlwings64-0.38.0.dll", "xlwings32-0.38.0.dll", "xlwings64-0.9.dll", "xlwings.dll"):
        (tmp_path / name).touch()
    assert xlwings_versions([tmp_path / "none", tmp_path]) == ["0.38.0", "0.9"]


def test_an_addin_that_is_missing_or_damaged_is_wrong(tmp_path: Path) -> None:
    assert excel.addin(tmp_path, "1.2.3").state is CheckState.WRONG
    (tmp_path / detect_excel.ADDIN_FILE).write_bytes(b"no archive")
    damaged = excel.addin(tmp_path, "1.2.3")
    assert (damaged.state, "cannot be read" in damaged.what) == (CheckState.WRONG, True)
    assert excel.addin(None, "1.2.3").state is CheckState.UNKNOWN


def test_an_addin_that_excel_disabled_is_wrong() -> None:
    told = b"\x01\x00\x00\x00" + "C:\\...\\XLSTART\\openfunnel.xlam\0".encode("utf-16-le")
    assert excel.disabled_items(registry({excel.DISABLED_ITEMS: {"A1": told}})).state is CheckState.WRONG
    other = "C:\\other.xlam\0".encode("utf-16-le")
    assert excel.disabled_items(registry({excel.DISABLED_ITEMS: {"A1": other}})).state is CheckState.OK


@pytest.mark.parametrize(
    ("zone", "state"),
    [
        (None, CheckState.OK),
        ("[ZoneTransfer]\r\nZoneId=0\r\n", CheckState.OK),
        ("[ZoneTransfer]\r\nZoneId=3\r\nHostUrl=https://example.com/\r\n", CheckState.WRONG),
        ("[ZoneTransfer]\r\nZoneId=4\r\n", CheckState.WRONG),
        ("nothing of the kind", CheckState.OK),
    ],
)
def test_a_file_from_the_internet_is_to_be_unblocked(zone: str | None, state: CheckState) -> None:
    result = excel.mark_of_the_web(Path("it's.xlsm"), zone)
    assert result.state is state
    assert state is CheckState.OK or "Unblock-File 'it''s.xlsm'" in result.remedy


def test_a_file_without_a_mark_has_no_zone(tmp_path: Path) -> None:
    (tmp_path / "a.xlsm").touch()
    assert detect_excel.zone_identifier(tmp_path / "a.xlsm") is None


def test_another_addin_with_our_functions_is_found_wherever_excel_loads_it(tmp_path: Path) -> None:
    environ = {"APPDATA": str(tmp_path / "Roaming")}
    start = detect_excel.start_folder(environ)
    assert start
    own = make_addin(start, "1.2.3")
    program, chosen = tmp_path / "Office16", tmp_path / "chosen"
    addins = tmp_path / "Roaming" / "Microsoft" / "AddIns"
    assert detect_excel.loaded_addins(EMPTY, environ, str(program / "EXCEL.EXE")) == [own]
    assert excel.other_addins([own], own).state is CheckState.OK
    renamed = make_addin(start, "1.2.2").rename(start / "old.xlam")
    own = make_addin(start, "1.2.3")
    (start / "PERSONAL.XLSB").write_bytes(b"no zip")
    others = [make_addin(chosen, "0.1.0"), make_addin(addins, "0.1.0"), make_addin(tmp_path / "share", "")]
    options: dict[str, object] = {
        "AltStartup": str(chosen),
        "OPEN": '"OpenFunnel.xlam"',
        "OPEN1": f'/R "{others[2]}"',
        "OPEN2": '/A "Some.Server"',
        "OPENED": str(own),
    }
    found = detect_excel.loaded_addins(registry({detect_excel.EXCEL_OPTIONS: options}), environ, "")
    assert sorted(found) == sorted([own, renamed, *others])
    for file in (renamed, *others):
        result = excel.other_addins([own, file], own)
        assert (result.state, str(file) in result.what) == (CheckState.WRONG, True)
    assert "1.2.2: it has functions of the same names" in excel.other_addins([own, renamed], own).what
    assert "of two files of one name" in excel.other_addins([own, others[0]], own).what


def test_an_addin_in_excels_own_start_folder_is_found(tmp_path: Path) -> None:
    file = make_addin(tmp_path / "XLSTART", "1.0")
    assert detect_excel.loaded_addins(EMPTY, {}, str(tmp_path / "EXCEL.EXE")) == [file]


def test_a_workbook_in_onedrive_is_no_fault_and_says_what_autosave_does() -> None:
    environ = {"OneDrive": r"C:\Users\J\OneDrive", "OneDriveCommercial": r"C:\Users\J\OneDrive - Acme"}
    inside = r"c:\users\j\onedrive - acme\Books\Book.xlsm"
    assert detect_excel.onedrive_of(inside, environ) == environ["OneDriveCommercial"]
    assert detect_excel.onedrive_of(r"C:\Users\J\OneDrive old\Book.xlsm", environ) == ""
    assert detect_excel.onedrive_of(inside, {}) == ""
    result = excel.workbook_place(Path(inside), environ["OneDriveCommercial"])
    assert (result.state, "AutoSave" in result.what) == (CheckState.OK, True)
    assert excel.workbook_place(Path("Book.xlsm"), "").state is CheckState.OK
