"""Presses buttons, and reads what came of it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.model import Cells
from xl_openfunnel import table
from xl_openfunnel.cell_values import sheet_block
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook.formulas import TABLE_COLUMNS

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet

ROWS = companies(300, seed=4)
LONG = "long " * 2_000
numbers = itertools.count()


def live(bridge: Bridge, *, on: bool) -> str:
    """Have cells be live or not, and wait for what the status bar says of it."""
    bridge.excel.settings["StatusBar"] = False
    bridge.call_macro_function("live", str(bridge.excel.hwnd), on)
    bridge.excel.pump(lambda: outcome(bridge.excel))
    return outcome(bridge.excel)


def cell(sheet: Sheet, address: str) -> Cells:
    return Cells(sheet, refs.parse(address))


def outcome(excel: FakeExcel) -> str:
    """What the status bar says came of an action; "" while it is done."""
    said = str(excel.settings["StatusBar"] or "")
    return "" if said.endswith(" ...") else said


def press_and_wait(bridge: Bridge, action: str, where: Cells | None, given: str = "", area: str = "") -> str:
    """Press a button and wait for what the status bar says of it."""
    excel = bridge.excel
    assert bridge.press(action, where, given, area) == ""
    excel.pump(lambda: outcome(excel))
    excel.pump(lambda: excel.held_objects == 0)
    return outcome(excel)


def until_final(excel: FakeExcel, sheet: Sheet, job_id: str) -> None:
    """Enter the job into A2, and wait until all of it is known."""

    def is_final() -> bool:
        sheet.enter("B2", '=OF_INFO(A2,"final")')
        return sheet.value("B2") is True

    sheet.type("A2", job_id)
    excel.pump(is_final, timeout=60)


def add_job(service: Simulator, rows: list[Any], **more: Any) -> SimulatedJob:
    job = SimulatedJob(rows, job_id=f"job-{next(numbers)}", **more)
    service.add(job)
    return job


def cells_of(rows: list[Any]) -> list[list[Any]]:
    """What the table's lines hold for these companies."""
    block = sheet_block(table.block(table.frame(rows, TABLE_COLUMNS), headers=False))
    return [[None if value == "" else value for value in line] for line in block]


def lines(sheet: Sheet) -> list[list[Any]]:
    """What the inserted table holds, its header included."""
    (found,) = sheet.tables
    return [[sheet.values.get(key) for key in row] for row in found.area.rows()]
