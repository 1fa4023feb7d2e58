"""The doctor with the real registry, the real xlwings DLL and Python as Excel starts it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel.detect import excel as detect_excel
from xl_openfunnel.detect import python as detect_python
from xl_openfunnel.detect import registry
from xl_openfunnel.doctor import CheckResult, CheckState, run_checks
from xl_openfunnel.simulator import Simulator
from xl_openfunnel.workbook import builder

SETTING = detect_python.INTERPRETER_SETTING.removeprefix("HKCU\\")
POLICY = r"Software\Policies\Microsoft\Office\16.0\Excel\Security"
PYTHONW = str(Path(sys.prefix) / "pythonw.exe")


@pytest.fixture
def registered() -> Iterator[Any]:
    """Writes values below HKCU, which are gone afterwards."""
    winreg: Any = importlib.import_module("winreg")  # whose names exist on Windows only
    made: set[str] = set()

    def write(key: str, name: str, value: str | int) -> None:
        made.add(key)
        kind = winreg.REG_SZ if isinstance(value, str) else winreg.REG_DWORD
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
            winreg.SetValueEx(opened, name, 0, kind, value)

    yield write
    for key in made:
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    with Simulator() as service:
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path))
        monkeypatch.setenv("APPDATA", str(tmp_path))
        yield service


def found(service: Simulator) -> dict[str, CheckResult]:
    return {name: result for _, name, result in run_checks(service.base_url)}


def test_the_setting_that_vba_reads_is_found_and_its_python_asked(registered: Any, service: Simulator) -> None:
    before = found(service)
    assert before["Python for Excel"].state is CheckState.WRONG
    registered(SETTING, "Interpreter", PYTHONW)
    after = found(service)
    assert after["Python for Excel"].what == PYTHONW
    good = {after[check].state for check in ("Python for Excel", "version for Excel", "xlwings DLL", "key accepted")}
    assert good == {CheckState.OK}, after
    assert after["Excel"].state is CheckState.WRONG  # Wine has none
    assert not any("could not be looked at" in result.what for result in after.values())


def test_the_setting_of_a_python_that_is_gone_is_wrong(registered: Any, service: Simulator) -> None:
    registered(SETTING, "Interpreter", r"C:\gone\pythonw.exe")
    after = found(service)
    assert "not there any more" in after["Python for Excel"].what
    assert "fix this first" in after["version for Excel"].what
    assert after["xlwings DLL"].state is CheckState.OK  # the one beside this Python


def test_a_path_beyond_the_ansi_code_page_is_for_todays_workbooks_only(
    registered: Any, awkward_folder: str, letters_folder: str, service: Simulator
) -> None:
    registered(SETTING, "Interpreter", awkward_folder + r"\pythonw.exe")
    assert "version 0.1" not in found(service)["Python for Excel"].what
    registered(SETTING, "Interpreter", letters_folder + r"\pythonw.exe")
    result = found(service)["Python for Excel"]
    assert result.state is CheckState.OK
    assert "version 0.1 cannot read it" in result.what


def test_a_policy_of_the_user_is_found(registered: Any, service: Simulator) -> None:
    registered(POLICY, "vbawarnings", 4)
    assert registry.number(registry.read_key, rf"HKCU\{POLICY}", "VBAWarnings") == 4
    rule = found(service)["macros"]
    assert rule.state is CheckState.WRONG
    assert rf"HKCU\{POLICY}, value VBAWarnings = 4" in rule.for_it


def test_a_key_that_is_missing_has_no_values_and_one_for_all_users_is_read() -> None:
    assert registry.read_key(r"HKCU\Software\No such key") == {}
    assert registry.text(registry.read_key, r"HKLM\Software\Microsoft\Windows NT\CurrentVersion", "CurrentVersion")


def test_an_addin_that_is_ticked_in_excel_is_found(registered: Any, service: Simulator, tmp_path: Path) -> None:
    other = tmp_path / "Old OpenFunnel.xlam"
    builder.write_addin(other)
    registered(detect_excel.EXCEL_OPTIONS.removeprefix("HKCU\\"), "OPEN", f'/R "{other}"')
    result = found(service)["other add-ins"]
    assert (result.state, str(other) in result.what) == (CheckState.WRONG, True)


def test_a_python_in_onedrive_is_found(registered: Any, service: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(SETTING, "Interpreter", PYTHONW)
    assert found(service)["place of Python"].state is CheckState.OK
    monkeypatch.setenv("OneDrive", sys.prefix.upper())
    assert found(service)["place of Python"].state is CheckState.WRONG
