"""How Python is started and found, with real calls of Windows and of the real DLL, made by the twin of VBA.

VBA's own text does the same in LibreOffice, with stand-ins for these calls (tests/hosts/basic/test_start.py). The two
were never together.
"""

from __future__ import annotations

import importlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import win32api
import win32con

from tests.hosts import earlier
from tests.hosts.shipped import ARGUMENTS
from xl_openfunnel.hosts.excel import server as server_module
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet
    from tests.hosts.excel.windows.conftest import OtherProcess

CELLS = [f"A{row}" for row in range(1, 15)]
"""As many as a fresh workbook has formulas."""

JOB = SimulatedJob(companies(3), job_id="three")
PROBES = "tests.hosts.excel.windows.probe_functions"
PROBE_ARGUMENTS = ARGUMENTS.replace("xl_openfunnel.hosts.serve", "tests.hosts.excel.windows.probe_server")


@pytest.fixture(scope="module", autouse=True)
def job(service: Simulator) -> None:
    service.add(JOB)


@pytest.fixture
def new_bridge(bridge_to: Callable[..., Bridge], request: pytest.FixtureRequest) -> Iterator[Callable[..., Bridge]]:
    """Makes bridges of an Excel whose Python is not started yet."""
    made: list[Bridge] = []

    def make(folder: str = sys.prefix, **options: Any) -> Bridge:
        made.append(bridge_to(folder, another=request.node.name, **options))
        made[-1].install()
        return made[-1]

    yield make
    for bridge in made:
        bridge.kill()


def enter_all(sheet: Sheet, formula: str = '=OF_STATUS("three")') -> set[object]:
    """Enter the formula into all cells; what they show."""
    for cell in CELLS:
        sheet.enter(cell, formula)
    return {sheet.value(cell) for cell in CELLS}


def starts(bridge: Bridge) -> int:
    return bridge.start.windows.made.count("CreateProcessW")


def until_ended(bridge: Bridge, excel: FakeExcel) -> None:
    handle = bridge.start.process_handle()
    excel.pump(lambda: bridge.start.has_ended(str(handle))[0])


def test_the_cells_of_a_fresh_workbook_share_one_python_and_get_their_values_from_it(
    sheet: Sheet, excel: FakeExcel, new_bridge: Callable[..., Bridge]
) -> None:
    bridge = new_bridge()
    assert enter_all(sheet) == {"starting"}
    excel.pump(lambda: {sheet.value(cell) for cell in CELLS} == {"completed"})  # nothing but Python calls Excel
    assert starts(bridge) == 1


def test_an_excel_that_python_cannot_reach_has_its_cells_calculated_all_the_same(
    sheet: Sheet, excel: FakeExcel, new_bridge: Callable[..., Bridge]
) -> None:
    from tests.hosts.excel.fake.message_filter import Busy

    excel.busy = Busy.REJECTING
    bridge = new_bridge()
    sheet.type("B1", "three")
    enter_all(sheet, "=OF_STATUS(B1)")

    def looked() -> bool:
        bridge.calculate_starting()
        return "starting" not in {sheet.value(cell) for cell in CELLS}

    excel.pump(looked)
    assert {sheet.value(cell) for cell in CELLS} <= {"loading", "completed"}
    assert not excel.members["Range.Dirty"]


SCRIPTS = {
    "exits at once": ("import sys; print('why', file=sys.stderr); sys.exit(3)", "(exit code 3)", "why"),
    "writes a megabyte": (
        "import sys; sys.stderr.write('x' * 1_000_000 + chr(10) + 'the end' + chr(10)); sys.exit(4)",
        "(exit code 4)",
        "the end",
    ),
    "lacks the package": ("import no_such_package", "(exit code 1)", "No module named 'no_such_package'"),
}


def error_files() -> set[Path]:
    """What Pythons of this user write their errors to; of those that were killed some may be left."""
    return set(Path(os.environ["TEMP"]).glob("xl-openfunnel-*.log"))


@pytest.mark.parametrize("fault", SCRIPTS)
def test_a_cell_says_why_a_python_ended(
    fault: str, sheet: Sheet, excel: FakeExcel, new_bridge: Callable[..., Bridge]
) -> None:
    script, code, words = SCRIPTS[fault]
    before = error_files()
    bridge = new_bridge(arguments=f' -I -B -c "{script}" ')
    sheet.enter("A1", '=OF_STATUS("three")')
    assert sheet.value("A1") == "starting"
    until_ended(bridge, excel)
    sheet.enter("A1", '=OF_STATUS("three")')
    shown = sheet.value("A1")
    assert str(shown).startswith("#OF! Python ended while it started")
    assert code in str(shown)
    assert str(shown).endswith(words)
    assert error_files() <= before


def test_the_setting_is_read_with_all_its_letters(letters_folder: str, new_bridge: Callable[..., Bridge]) -> None:
    start = new_bridge().start
    winreg: Any = importlib.import_module("winreg")  # whose members mypy knows on Windows only
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, r"Software\VB and VBA Program Settings\Test") as key:
        winreg.SetValueEx(key, "Interpreter", 0, winreg.REG_SZ, letters_folder)
    try:
        # A key within the program's own would be its section.
        assert start.setting_text("Test", "", "Interpreter") == letters_folder
        assert start.setting_text("Test", "", "No such value") == ""
    finally:
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, r"Software\VB and VBA Program Settings\Test")


def test_of_a_file_that_is_no_program_a_cell_shows_windows_own_words(
    sheet: Sheet, tmp_path: Path, new_bridge: Callable[..., Bridge]
) -> None:
    from tests.hosts.shipped import DLL

    (tmp_path / "pythonw.exe").write_text("no program")
    (tmp_path / DLL).write_bytes((Path(sys.prefix) / DLL).read_bytes())
    new_bridge(str(tmp_path))
    [shown] = enter_all(sheet)
    assert str(shown).startswith("#OF! Python did not start. Run `xl-openfunnel doctor` in a terminal. ")
    assert str(shown).endswith("(193)")  # ERROR_BAD_EXE_FORMAT


def test_the_version_of_another_xlwings_is_found(tmp_path: Path, new_bridge: Callable[..., Bridge]) -> None:
    folder = tmp_path / "Jürgen Ωμέγα"
    folder.mkdir()
    (folder / "xlwings64-0.100.0rc1.dll").touch()
    assert new_bridge().start.xlwings_in(str(folder)) == "0.100.0rc1"
    assert new_bridge().start.xlwings_in(str(tmp_path)) == ""


def test_letters_of_no_single_code_page_spaces_and_an_apostrophe_reach_python(
    sheet: Sheet,
    excel: FakeExcel,
    new_bridge: Callable[..., Bridge],
    letters_folder: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set("üéΩμ数据 '") < set(letters_folder)
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", letters_folder)
    bridge = new_bridge(letters_folder, arguments=PROBE_ARGUMENTS, module=PROBES)
    bridge.wait()
    sheet.enter("A1", "=OF_PROCESS()")
    assert sheet.block("A1")[0][1] == letters_folder + r"\pythonw.exe"
    sheet.enter("A3", '=OF_VARIABLE("OPENFUNNEL_CACHE_DIR")')
    assert sheet.value("A3") == letters_folder


def test_a_python_that_is_killed_is_replaced_by_one_while_cells_wait(
    sheet: Sheet, excel: FakeExcel, new_bridge: Callable[..., Bridge]
) -> None:
    bridge = new_bridge()
    bridge.wait()
    handle = bridge.start.process_handle()
    assert handle is not None
    win32api.TerminateProcess(handle, 1)
    until_ended(bridge, excel)
    assert enter_all(sheet) == {"starting"}
    excel.pump(lambda: {sheet.value(cell) for cell in CELLS} == {"completed"})
    assert starts(bridge) == 2


def test_two_excels_have_a_python_each_which_ends_with_its_own(
    excel: FakeExcel, server: Bridge, module_process: OtherProcess
) -> None:
    """The other Excel was started by this one, and has its environment."""
    other, mine = module_process, server.start.process_handle()
    other.run("from tests.hosts.excel.python_start import PythonStart, StillStartingError")
    other.run(f"start = PythonStart({server.start.interpreter!r})")
    other.run(
        "def serves():\n try:\n  start.running_python()\n except StillStartingError:\n  return False\n return True\n"
    )
    excel.pump(lambda: other.run("serves()"))
    assert other.run("start.windows.made.count('CreateProcessW')") == 1
    pid = other.run("__import__('win32process').GetProcessId(start.process_handle())")
    theirs = win32api.OpenProcess(win32con.SYNCHRONIZE | win32con.PROCESS_QUERY_INFORMATION, 0, pid)
    other.process.kill()
    excel.pump(lambda: server.start.has_ended(str(int(theirs)))[0])
    assert not server.start.has_ended(str(mine))[0]


def test_a_workbook_of_version_0_has_the_dll_start_python_and_wait_for_it(
    sheet: Sheet, excel: FakeExcel, bridge_to: Callable[..., Bridge]
) -> None:
    bridge = bridge_to(command=earlier.COMMAND, wrapper_version=0)
    bridge.install()
    sheet.enter("A1", '=OF_STATUS("three")')
    assert sheet.value("A1") in ("loading", "completed")
    excel.pump(lambda: sheet.value("A1") == "completed")
    assert starts(bridge) == 0


def test_python_ends_after_excel_and_after_the_last_request(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr(server_module, "finish", lambda: happened.put("the last request is done"))
    excel = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server_module.end_with(excel.pid, lambda code: happened.put(f"ends with {code}"))
    excel.kill()
    assert [happened.get(timeout=60) for _ in range(2)] == ["the last request is done", "ends with 0"]
    excel.communicate()


def test_python_ends_with_excel_even_if_the_last_request_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: queue.Queue[int] = queue.Queue()

    def fail() -> None:
        raise RuntimeError("no connection")

    def end(code: int) -> None:
        happened.put(code)
        threading.Event().wait()  # like the real one, it does not return

    monkeypatch.setattr(server_module, "finish", fail)
    excel = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server_module.end_with(excel.pid, end)
    excel.kill()
    assert happened.get(timeout=60) == 0
    excel.communicate()


def test_python_ends_where_excel_is_gone_already() -> None:
    ended: list[int] = []
    server_module.end_with(0x7FFF_FFFC, ended.append)
    assert ended == [0]
