from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from xl_openfunnel.workbook import source_files, sources
from xl_openfunnel.workbook.vba import win32_api

CHECKOUT = Path(__file__).parents[3]
MODULES = sources.modules()
ADDIN = sources.addin_modules()
BRIDGE, START, WINDOWS = (
    MODULES[name].replace("\r\n", "\n") for name in (sources.BRIDGE, sources.START, sources.WINDOWS)
)


def code(text: str) -> str:
    """VBA without its comments and texts."""
    return re.sub(r"'.*", "", re.sub(r'"(?:[^"\n]|"")*"', '""', text))


def test_the_modules_of_a_workbook() -> None:
    assert list(MODULES) == [
        "ThisWorkbook",
        "OpenFunnel",
        "OpenFunnelButtons",
        "OpenFunnelRibbon",
        "OpenFunnelStart",
        "OpenFunnelTasks",
        "OpenFunnelWindows",
        "OpenFunnelFunctions",
        "OpenFunnelMacros",
        "OpenFunnelLanguages",
    ]


def test_the_addin_differs_in_three_modules_one_of_them_by_its_callbacks() -> None:
    differ = {name for name, text in ADDIN.items() if MODULES.get(name) != text}
    assert differ == {"ThisWorkbook", "OpenFunnelAddin", "OpenFunnelRibbon"}
    assert ADDIN["OpenFunnelRibbon"] == MODULES["OpenFunnelRibbon"].replace("OpenFunnelBook", "OpenFunnelAddin")
    assert set(ADDIN) - set(MODULES) == {"OpenFunnelAddin"}


@pytest.mark.parametrize(
    "text", [*MODULES.values(), *(ADDIN[name] for name in (sources.ADDIN, sources.RIBBON, "ThisWorkbook"))]
)
def test_every_module_is_valid_vba_text(text: str) -> None:
    lines = text.split("\r\n")
    assert text.isascii()
    assert not re.search(r"(?<!\r)\n|\r(?!\n)|\t", text)
    (name,) = re.findall(r'^Attribute VB_Name = "(.*)"\r$', text, re.MULTILINE)
    assert text in (MODULES.get(name), ADDIN[name])
    assert lines[0] == f'Attribute VB_Name = "{name}"'
    assert "Option Explicit" in lines
    assert lines[-1] == ""
    assert max(map(len, lines)) < 1000
    assert not re.search(r"\{[A-Z]", text), "a place was not filled in"
    continued = [line.endswith(" _") for line in lines]
    assert all(sum(continued[start : start + 25]) < 25 for start in range(len(lines))), "VBA takes 24 continued lines"


def test_the_bridge_loads_the_dll_of_the_xlwings_that_is_pinned() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"xlwings=={sources.xlwings_version()}" in project["dependencies"]


def test_the_xlwings_version_is_stated_once_and_inserted_into_every_dll_name() -> None:
    version = sources.xlwings_version()
    source = (CHECKOUT / "workbook" / "vba" / "OpenFunnelWindows.bas").read_text(encoding="ascii")
    assert source.count(version) == 1
    assert re.findall(r'Lib "(xlwings[^"]+)"', WINDOWS) == [f"xlwings64-{version}.dll", f"xlwings32-{version}.dll"]


def test_a_bridge_without_a_version_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vba").mkdir()
    (tmp_path / "vba" / "OpenFunnelWindows.bas").write_text("Option Explicit\n")
    monkeypatch.setattr(source_files, "source_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match="does not say which version"):
        sources.xlwings_version()


def test_the_dll_only_looks_for_a_server_and_never_starts_one() -> None:
    calls = re.findall(r"(?<=[ =])XLPyDLLActivateAuto\(([^)]*)\)", "\n".join(MODULES.values()))
    assert calls == ["result, guid, 1"]
    assert "cmd.exe" not in code("\n".join(MODULES.values()))


def test_python_is_started_isolated_and_only_by_the_wide_function() -> None:
    assert 'PythonArguments As String = " -I -B -m xl_openfunnel.hosts.serve "' in START
    assert re.findall(r"CreateProcess\w+", code(WINDOWS)) == ["CreateProcessW", "CreateProcessW"]


def test_excel_waits_for_nothing_but_in_a_script_that_asks_for_it() -> None:
    """A wait of 0 milliseconds only looks."""
    text = code("\n".join(MODULES.values()))
    procedures = re.split(r"(?=^(?:Public|Private) (?:Function|Sub) )", text, flags=re.MULTILINE)
    waiting = {
        name[1]
        for procedure in procedures
        if re.search(r"^ +(?:Sleep|Pause|DoEvents)\b|WaitForSingleObject\(.*, (?!0\))", procedure, re.MULTILINE)
        and (name := re.match(r"\w+ \w+ (\w+)", procedure))
    }
    assert waiting == {"Pause", "OpenFunnelWaited"}


def test_the_macros_read_nothing_from_a_workbooks_folder() -> None:
    # Of paths the add-in knows its own, which links are changed to.
    own = ADDIN[sources.ADDIN].replace("ThisWorkbook.FullName", "")
    text = code("\n".join([*MODULES.values(), ADDIN["ThisWorkbook"], own]))
    words = {
        "Path",
        "FullName",
        "CurDir",
        "ChDir",
        "ActiveWorkbook",
        "ActiveSheet",
        "Dir",
        "Environ",
        "CustomDocumentProperties",
    }
    assert re.findall(rf"\.(?:{'|'.join(words)})\b|\b(?:{'|'.join(words - {'Path'})})\b", text, re.IGNORECASE) == []
    assert set(re.findall(r"ThisWorkbook\.(\w+)", text)) == {"IsAddin", "Name", "Saved", "Worksheets"}


def test_windows_functions_take_texts_by_their_address() -> None:
    """VBA would convert a String to the code page of the system."""
    lines = [line for line in WINDOWS.splitlines() if re.search(r'Lib "(?!xlwings)', line)]
    assert len(lines) == len(win32_api.FUNCTIONS)
    assert all("As String" not in line for line in lines)
    assert not [line for line in lines if re.search(r"Function \w+A Lib", line)]


def test_declarations_come_before_procedures() -> None:
    for module in (BRIDGE, START, WINDOWS):
        first = re.search(r"^(Public|Private) (Function|Sub)", module, re.MULTILINE)
        assert first is not None
        late = r"^(Public|Private) (Const|Declare|Type|\w+ As)|^Option"
        assert not re.search(late, module[first.start() :], re.MULTILINE)
