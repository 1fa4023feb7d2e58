"""From a cell through the real DLL, cmd.exe and xlwings' server to a function, and back from its threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.hosts import earlier

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet

# The command of earlier workbooks, for another server.
COMMAND = earlier.COMMAND.replace("xl_openfunnel.hosts.serve", "tests.hosts.excel.windows.probe_server")
MODULE = "tests.hosts.excel.windows.probe_functions"


@pytest.fixture(scope="module")
def probes(bridge_to: Callable[..., Bridge]) -> Bridge:
    return bridge_to(command=COMMAND, module=MODULE)


@pytest.fixture(autouse=True)
def installed(excel: FakeExcel, probes: Bridge) -> None:
    probes.install()


def test_arguments_arrive_as_the_workbook_passes_them(sheet: Sheet, excel: FakeExcel) -> None:
    sheet.type("A2", [["a", 1], ["b", None]])
    sheet.enter("D1", '=OF_ECHO(A:B,A1:A9,{"x","y"},{1,2;3,4},,A2,TRUE,#N/A,Z99)')
    assert sheet.value("D1") == repr(
        (
            ((None, None), ("a", 1.0), ("b", None)),
            ((None,), ("a",), ("b",)),
            ("x", "y"),
            ((1.0, 2.0), (3.0, 4.0)),
            None,  # which xlwings makes of an argument that was left out
            "a",
            True,
            -2146826246,
            None,
            f"{excel.hwnd} spill '[My book.xlsx]Rows 1'!$D$1",
        )
    )


def test_a_row_spills_to_the_right(sheet: Sheet) -> None:
    sheet.enter("A1", "=OF_NUMBERS(3)")
    assert sheet.block("A1") == [[0.0, 1.0, 2.0]]


def test_a_function_that_fails_says_so_in_its_cell(sheet: Sheet) -> None:
    sheet.enter("A1", "=OF_FAIL()")
    assert sheet.value("A1") == "#OF! ValueError: it went wrong"


def test_all_books_have_one_isolated_server(sheet: Sheet, excel: FakeExcel, probes: Bridge) -> None:
    sheet.enter("A1", "=OF_PROCESS()")
    probes.wait()  # as another workbook would
    other = excel.open("Other.xlsx").sheet("Sheet1")
    other.enter("A1", "=OF_PROCESS()")
    assert other.block("A1") == sheet.block("A1")
    [[_, _, isolated, no_bytecode]] = sheet.block("A1")
    assert (isolated, no_bytecode) == (1.0, True)


def test_a_function_may_ask_excel_while_excel_waits_for_it(sheet: Sheet) -> None:
    sheet.enter("A1", "=OF_ASKING()")
    assert sheet.value("A1") == "Microsoft Excel 1"


def test_a_thread_of_the_server_is_kept_out_until_the_function_is_done(sheet: Sheet, excel: FakeExcel) -> None:
    sheet.enter("A1", "=OF_ALIVE()")
    assert sheet.value("A1") == "first"
    excel.pump(lambda: sheet.value("A1") != "first")
    assert excel.refused > 0
    assert str(sheet.value("A1")).startswith("refreshed after ")
    assert "refreshed after 0" not in str(sheet.value("A1"))
    excel.pump(lambda: excel.held_objects == 0)


def test_an_umlaut_spaces_and_an_ampersand_in_the_path_do_no_harm(
    sheet: Sheet, bridge_to: Callable[..., Bridge], awkward_folder: str
) -> None:
    # The DLL keeps the environment that it saw at the first call with a command: another one gets the present one.
    bridge_to(awkward_folder, command=COMMAND.replace("-I -B", "-I  -B"), module=MODULE).install()
    sheet.enter("A1", "=OF_PROCESS()")
    assert sheet.block("A1")[0][1] == awkward_folder + r"\pythonw.exe"
    assert set("üö &()") < set(awkward_folder)
