"""Formulas in cells, through the real xlwings DLL and COM server, over a simulated job."""

from __future__ import annotations

import pytest

from tests.hosts import earlier
from tests.hosts.excel.bridge import Bridge
from tests.hosts.excel.fake.excel import FakeExcel
from tests.hosts.excel.fake.sheet import Sheet
from tests.hosts.excel.windows.pressing import until_final
from xl_openfunnel import table
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook.vba import wrappers

pytestmark = pytest.mark.usefixtures("bridge")

JOB = SimulatedJob(companies(10_000), job_id="ten-thousand")


@pytest.fixture(scope="module", autouse=True)
def job(service: Simulator) -> None:
    service.add(JOB)


def _until_calculated(sheet: Sheet, excel: FakeExcel, *cells: str) -> None:
    """Wait until a calculation is over that takes longer than a cell waits."""
    excel.pump(lambda: "loading" not in [sheet.value(cell) for cell in cells], timeout=60)


def test_ten_thousand_rows_arrive_whole_and_equal_to_the_frame(sheet: Sheet, excel: FakeExcel) -> None:
    until_final(excel, sheet, JOB.job_id)
    sheet.enter("A5", "=OF_ROWS(A2)")
    assert list(sheet.block("A5")[0]) == ["loading", *[""] * 6]
    _until_calculated(sheet, excel, "A5")
    expected = table.block(table.frame(JOB.rows, DEFAULT_COLUMNS), text_limit=255)
    assert [list(row) for row in sheet.block("A5")] == expected


def test_arguments_arrive_as_excel_sends_them(sheet: Sheet, excel: FakeExcel) -> None:
    until_final(excel, sheet, JOB.job_id)
    sheet.enter("D1", "=OF_STATUS(A1:A2)")
    assert [list(row) for row in sheet.block("D1")] == [[""], ["completed"]]
    sheet.enter("F1", '=OF_ROWS(A2,{"domain","name"},FALSE)')
    _until_calculated(sheet, excel, "F1")
    assert list(sheet.block("F1")[0]) == [JOB.rows[0]["domain"], JOB.rows[0]["name"]]
    sheet.enter("I1", "=OF_STATUS(#N/A)")
    assert sheet.value("I1") == "#OF! The cell with the job holds #N/A. Fix that cell first."
    sheet.enter("I2", '=OF_LOOKUP(A2,3,"name")')
    _until_calculated(sheet, excel, "I2")
    assert sheet.value("I2") == JOB.rows[2]["name"]
    sheet.enter("I3", '=OF_LOOKUP(A2,{3,"nobody.example"},"name")')
    _until_calculated(sheet, excel, "I3")
    (cells,) = sheet.block("I3")
    assert list(cells) == [JOB.rows[2]["name"], wrappers.NOT_AVAILABLE]
    assert type(cells[1]) is int  # a Long, which the wrapper's VBA turns into #N/A


def test_companies_are_chosen_sorted_and_cut_by_a_range_and_by_texts(sheet: Sheet, excel: FakeExcel) -> None:
    until_final(excel, sheet, JOB.job_id)
    for cell, content in (("J1", "employee_count"), ("K1", ">0"), ("J2", "rank"), ("K2", "<=500"), ("J3", "country")):
        sheet.type(cell, content)
    sheet.enter("A5", '=OF_ROWS(A2,"rank,employee_count",FALSE,"final",J1:K3,"-employee_count,-rank",50)')
    _until_calculated(sheet, excel, "A5")
    ranks = [rank for rank, row in enumerate(JOB.rows[:500], 1) if (row["employee_count"] or 0) > 0]
    ranks.sort(key=lambda rank: (-JOB.rows[rank - 1]["employee_count"], -rank))
    expected = [[float(rank), float(JOB.rows[rank - 1]["employee_count"])] for rank in ranks[:50]]
    assert [list(row) for row in sheet.block("A5")] == expected
    sheet.enter("H5", '=OF_ROWS(A2,"rank",TRUE,"latest","name=nobody of that name")')
    _until_calculated(sheet, excel, "H5")
    assert [list(row) for row in sheet.block("H5")] == [["rank"], ["no company matches name=nobody of that name"]]


def test_fifty_cells_cost_the_requests_of_one(sheet: Sheet, excel: FakeExcel, service: Simulator) -> None:
    until_final(excel, sheet, JOB.job_id)
    before = len(service.received)
    for row in range(1, 51):
        sheet.enter(f"H{row}", '=OF_STATUS("ten-thousand")')
        assert sheet.value(f"H{row}") == "completed"
    assert len(service.received) == before


def test_a_workbook_with_wrappers_of_version_0_works_as_before(
    sheet: Sheet, excel: FakeExcel, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "wrapper_version", 0)
    until_final(excel, sheet, JOB.job_id)
    shown = {
        "OF_STATUS": "=OF_STATUS(A2)",
        "OF_ROWS": '=OF_ROWS(A2,"name",FALSE)',
        "OF_INFO": '=OF_INFO(A2,"rows")',
        "OF_LOOKUP": '=OF_LOOKUP(A2,3,"name")',
        "OF_PIVOT": '=OF_PIVOT(A2,"country")',
        "OF_JOBS": "=OF_JOBS()",
        "OF_CREDITS": "=OF_CREDITS()",
    }
    assert shown.keys() == earlier.FUNCTIONS.keys()
    for column, formula in zip("DEFGHLV", shown.values(), strict=True):
        sheet.enter(f"{column}1", formula)
    _until_calculated(sheet, excel, "E1", "G1", "H1", "L1")
    assert sheet.value("D1") == "completed"
    assert sheet.value("E1") == JOB.rows[0]["name"]
    assert sheet.value("F1") == 10_000.0
    assert sheet.value("G1") == JOB.rows[2]["name"]
    assert sheet.value("H1") == "country"
    assert sheet.value("L1") == "job_id"
    excel.pump(lambda: isinstance(sheet.value("V1"), float), timeout=60)  # live: it showed loading at first
