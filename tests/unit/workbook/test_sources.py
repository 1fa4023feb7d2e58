from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from xl_openfunnel.workbook import sources

CHECKOUT = Path(__file__).parents[3]
MODULES = sources.modules()
ADDIN = sources.addin_modules()
BRIDGE = MODULES["OpenFunnel"].replace("\r\n", "\n")


def code(text: str) -> str:
    """VBA without its comments and texts."""
    return re.sub(r"'.*", "", re.sub(r'"(?:[^"\n]|"")*"', '""', text))


def test_the_modules_of_a_workbook() -> None:
    assert list(MODULES) == ["ThisWorkbook", "OpenFunnel", "OpenFunnelFunctions", "OpenFunnelMacros"]


def test_the_addin_differs_in_two_modules() -> None:
    assert {name for name, text in ADDIN.items() if MODULES.get(name) != text} == {"ThisWorkbook", "OpenFunnelAddin"}
    assert set(ADDIN) - set(MODULES) == {"OpenFunnelAddin"}


@pytest.mark.parametrize("text", [*MODULES.values(), *(ADDIN[name] for name in (sources.ADDIN, "ThisWorkbook"))])
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
    assert "{" not in text
    continued = [line.endswith(" _") for line in lines]
    assert all(sum(continued[start : start + 25]) < 25 for start in range(len(lines))), "VBA takes 24 continued lines"


def test_an_installed_package_reads_its_own_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sources.source_folder() == CHECKOUT / "workbook"
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    (tmp_path / "parts").mkdir()
    assert sources.source_folder() == tmp_path / "parts"


def test_crlf_line_ends_of_the_checkout_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in sources.SOURCE_FOLDERS:
        (tmp_path / part).mkdir()
        for source in (CHECKOUT / "workbook" / part).iterdir():
            text = source.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            (tmp_path / part / source.name).write_bytes(text)
    monkeypatch.setattr(sources, "source_folder", lambda: tmp_path)
    assert (sources.modules(), sources.addin_modules()) == (MODULES, ADDIN)


def test_the_bridge_loads_the_dll_of_the_xlwings_that_is_pinned() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"xlwings=={sources.xlwings_version()}" in project["dependencies"]


def test_the_xlwings_version_is_stated_once_and_inserted_into_every_dll_name() -> None:
    version = sources.xlwings_version()
    source = (CHECKOUT / "workbook" / "vba" / "OpenFunnel.bas").read_text(encoding="ascii")
    assert source.count(version) == 1
    assert re.findall(r'Lib "(xlwings[^"]+)"', BRIDGE) == [f"xlwings64-{version}.dll", f"xlwings32-{version}.dll"]


def test_a_bridge_without_a_version_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vba").mkdir()
    (tmp_path / "vba" / "OpenFunnel.bas").write_text("Option Explicit\n")
    monkeypatch.setattr(sources, "source_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match="doesn't say which version"):
        sources.xlwings_version()


def test_the_command_is_one_constant_in_ascii_so_that_all_workbooks_share_one_python() -> None:
    (command,) = re.findall(r"^Private Const StartCommand As String = (.*)$", BRIDGE, re.MULTILINE)
    assert re.fullmatch(r'"(?:[^"]|"")*"', command), "one text, not put together"
    assert command[1:-1].replace('""', '"') == (
        'cmd.exe /C ""%OPENFUNNEL_PYTHON%" -I -B -m xl_openfunnel.hosts.serve $(CLSID)"'
    )
    calls = re.findall(r"= XLPyDLLActivateAuto\((.*)\)", "\n".join(MODULES.values()))
    assert calls == ["result, StartCommand, 1"]


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
    assert set(re.findall(r"ThisWorkbook\.(\w+)", text)) == {"Name", "Saved"}


def test_windows_functions_take_paths_in_unicode() -> None:
    functions = re.findall(r'Declare PtrSafe Function (\w+) Lib "kernel32"', BRIDGE)
    assert len(functions) == 5
    assert all(function.endswith("W") for function in functions)
    assert all("As String" not in line for line in BRIDGE.splitlines() if 'Lib "kernel32"' in line)


def test_declarations_come_before_procedures() -> None:
    first = re.search(r"^(Public|Private) (Function|Sub)", BRIDGE, re.MULTILINE)
    assert first is not None
    assert not re.search(r"^(Public|Private) (Const|Declare)|^Option", BRIDGE[first.start() :], re.MULTILINE)


def test_error_texts_in_cells_have_our_prefix() -> None:
    assert 'Private Const Prefix As String = "#OF! "' in BRIDGE
    assert '"The functions need Excel on Windows."' in BRIDGE
