"""The functions under the stock xlwings add-in: its own wrappers, its own server, and Ranges as arguments."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hosts.excel.windows.pressing import until_final
from xl_openfunnel import table
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.registry import CATEGORY
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

if TYPE_CHECKING:
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet
    from tests.hosts.excel.stock_bridge import StockBridge

JOB = SimulatedJob(companies(300), job_id="three-hundred")


@pytest.fixture(scope="module")
def stock(program: FakeExcel, service: Simulator, documents: Path) -> Iterator[StockBridge]:
    from tests.hosts.excel.stock_bridge import StockBridge

    assert documents.exists()
    service.add(JOB)
    made = StockBridge(program, sys.prefix)
    yield made
    made.kill()


@pytest.fixture(autouse=True)
def installed(excel: FakeExcel, stock: StockBridge) -> None:
    stock.install()
    assert stock.excel is excel


@pytest.fixture
def final(sheet: Sheet, excel: FakeExcel) -> Sheet:
    """A sheet with the job in A2, all of which is known."""
    until_final(excel, sheet, JOB.job_id)
    return sheet


def test_import_functions_makes_a_wrapper_of_each_function_and_of_nothing_else(stock: StockBridge) -> None:
    from xl_openfunnel.workbook.vba.wrappers import argument_name

    made = {name: wrapper.parameters for name, wrapper in stock.wrappers.items()}
    assert made == {each.name: [argument_name(argument) for argument in each.arguments] for each in CATALOG}


def test_import_functions_explains_functions_and_their_arguments() -> None:
    from xl_openfunnel.hosts import excel as module

    for described in CATALOG:
        known = getattr(module, described.name).__xlfunc__
        assert (known["category"], known["ret"]["doc"]) == (CATEGORY, described.help)
        shown = [argument["doc"] for argument in known["args"] if not argument["vba"]]
        assert shown == [argument.help for argument in described.arguments]


def _until(excel: FakeExcel, sheet: Sheet, cell: str, shown: object) -> None:
    """Let calls in until a cell shows something: what takes long to calculate is shown later."""
    excel.pump(lambda: sheet.value(cell) == shown, timeout=60)


def test_each_function_answers_a_cell(final: Sheet, excel: FakeExcel) -> None:
    final.type("C1", [["Website"], ["https://www.acme.com/de"]])
    formulas = {
        "D1": "=OF_STATUS(A2)",
        "E1": '=OF_INFO(A2,"rows")',
        "F1": '=OF_LOOKUP(A2,3,"name")',
        "G1": '=OF_PIVOT(A2,"country",,,"count")',
        "J1": "=OF_JOBS()",
        "T1": '=OF_CREDITS("left")',
        "V1": '=OF_ROWS(A2,"name")',
        "X1": "=OF_DOMAIN(C2)",
        "Z1": '=OF_NEW(A2,C1:C2,"name")',
    }
    assert {formula[1:].partition("(")[0] for formula in formulas.values()} == {each.name for each in CATALOG}
    for cell, formula in formulas.items():
        final.enter(cell, formula)
    expected = {"D": "completed", "E": 300.0, "F": JOB.rows[2]["name"], "G": "country", "J": "job_id", "V": "name"}
    expected |= {"X": "acme.com", "Z": "name"}
    for column, shown in expected.items():
        _until(excel, final, f"{column}1", shown)
    excel.pump(lambda: isinstance(final.value("T1"), float), timeout=60)  # it showed loading at first


def test_rows_spill_whole_and_equal_to_the_frame(final: Sheet, excel: FakeExcel) -> None:
    final.enter("A5", "=OF_ROWS(A2)")
    _until(excel, final, "A5", "rank")
    expected = table.block(table.frame(JOB.rows, DEFAULT_COLUMNS), text_limit=255)
    assert [list(row) for row in final.block("A5")] == expected


def test_ranges_blanks_errors_and_arrays_arrive_as_from_our_own_wrappers(final: Sheet, excel: FakeExcel) -> None:
    final.enter("D1", "=OF_STATUS(A1:A2)")
    assert [list(row) for row in final.block("D1")] == [[""], ["completed"]]
    final.enter("E1", "=OF_STATUS(A:A)")
    assert [list(row) for row in final.block("E1")] == [[""], ["completed"]]  # cut at the last used cell
    final.enter("F1", "=OF_STATUS(Z99)")
    assert final.value("F1") == ""
    final.enter("G1", "=OF_STATUS(#N/A)")
    assert final.value("G1") == "#OF! The cell with the job holds #N/A. Fix that cell first."
    final.enter("C9", "=1/0")
    final.enter("H1", "=OF_STATUS(C9)")
    assert final.value("H1") == "#OF! The cell with the job holds #DIV/0!. Fix that cell first."
    final.enter("I1", '=OF_ROWS(A2,{"domain","name"},FALSE)')
    _until(excel, final, "I1", JOB.rows[0]["domain"])
    assert list(final.block("I1")[0]) == [JOB.rows[0]["domain"], JOB.rows[0]["name"]]
    final.type("C10", 3.0)
    final.enter("L1", '=OF_LOOKUP(A2,C10,"name")')
    _until(excel, final, "L1", JOB.rows[2]["name"])


def test_a_company_that_is_not_there_is_a_text(final: Sheet, excel: FakeExcel) -> None:
    final.enter("D1", '=OF_LOOKUP(A2,"nobody.example","name")')
    _until(excel, final, "D1", "#OF! The job has no company 'nobody.example'.")
    final.enter("D2", '=OF_LOOKUP(A2,"nobody.example","name","none")')
    _until(excel, final, "D2", "none")


def test_numbers_are_read_as_they_are_and_not_as_dates_or_currencies(final: Sheet, excel: FakeExcel) -> None:
    final.type("C9", 46356.0)
    excel.reset_counts()
    final.enter("D1", '=OF_LOOKUP(A2,C9,"name")')
    _until(excel, final, "D1", "#OF! The job has no company '46356'.")
    assert excel.members["Range.Value"] == 0
    assert excel.members["Range.Value2"] >= 2


def test_cells_are_live(sheet: Sheet, excel: FakeExcel, service: Simulator, clock: ManualClock) -> None:
    job = SimulatedJob(companies(150), job_id="still-under-way", pending=100, running=1_000)
    service.add(job)
    sheet.type("A2", job.job_id)
    sheet.enter("D1", "=OF_STATUS(A2)")
    excel.pump(lambda: sheet.value("D1") == "pending", timeout=60)
    clock.sleep(2_000)
    excel.pump(lambda: sheet.value("D1") == "completed", timeout=60)


def test_nothing_of_excel_is_held_but_what_xlwings_holds(final: Sheet, excel: FakeExcel) -> None:
    for row in range(1, 21):
        final.enter(f"D{row}", "=OF_STATUS(A1:A2)")
    excel.pump(lambda: excel.held_objects <= 2)  # the workbook of the last call, as xlwings' Book.caller()


def test_an_excel_that_cannot_spill_is_told_what_to_do(final: Sheet, excel: FakeExcel) -> None:
    excel.dynamic_arrays = False
    final.enter("D1", "=OF_ROWS(A2)")
    excel.pump(lambda: str(final.value("D1")).startswith("#OF! This Excel cannot spill"), timeout=60)


def test_a_function_that_vba_calls_answers_too(final: Sheet, stock: StockBridge) -> None:
    assert stock.call_from_vba("OF_STATUS", JOB.job_id) == "completed"


def test_what_goes_wrong_is_in_our_log(final: Sheet, stock: StockBridge) -> None:
    assert final.value("A2") == JOB.job_id
    server = stock.connect()
    assert server.Var(server.Eval("len(__import__('logging').getLogger('xl_openfunnel').handlers)")) == 1
