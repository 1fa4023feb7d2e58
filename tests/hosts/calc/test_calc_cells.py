"""The functions in cells of LibreOffice Calc, through the installed add-in, over jobs that run."""

from __future__ import annotations

import itertools

import pytest

from tests.hosts.basic.office import Office
from xl_openfunnel import table
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator, companies

SHEET = "Sheet1"
ACT = """\
Option VBASupport 1
Public Function Act(action As String) As String
    Act = CreateUnoService("xlopenfunnel.calc.Actions").act(ThisComponent, action)
End Function
"""
_numbers = itertools.count()


class Sheet:
    """A new document with one sheet."""

    def __init__(self, running: Office) -> None:
        self.office = running
        running.new({"Menu": ACT})

    def __setitem__(self, area: str, content: str | float) -> None:
        self.office.enter(SHEET, area, content, array=":" in area)

    def __getitem__(self, area: str) -> list[list[object]]:
        return self.office.shown(SHEET, area)

    def become(self, area: str, wanted: object) -> list[list[list[object]]]:
        """All that the cells show one after the other, until the first of them shows what is wanted."""
        shown = [self[area]]
        while shown[-1][0][0] != wanted:
            shown.append(self.office.changed(SHEET, area, shown[-1]))
        return shown

    def act(self, action: str) -> object:
        return self.office.call("Menu.Act", action)


@pytest.fixture
def sheet(running: Office) -> Sheet:
    return Sheet(running)


def job(service: Simulator, count: int = 250, **script: object) -> SimulatedJob:
    made = SimulatedJob(companies(count), job_id=f"job-{next(_numbers)}", **script)  # type: ignore[arg-type]
    service.add(made)
    return made


def block(made: SimulatedJob) -> list[list[object]]:
    frame = table.frame(made.rows, table.DEFAULT_COLUMNS)
    return [list(row) for row in table.block(frame, text_limit=255)]


def polls(service: Simulator, made: SimulatedJob) -> int:
    return sum(request.job_id == made.job_id for request in service.received)


def test_a_job_is_followed_through_all_its_states(sheet: Sheet, service: Simulator, clock: ManualClock) -> None:
    made = job(service, pending=100, running=1_000)
    sheet["A1"] = made.job_id
    sheet["B1"] = "=OF_STATUS(A1)"
    sheet["B2"] = '=OF_INFO(A1;"rows")'
    sheet["B3"] = '=B1&"!"'
    shown = sheet.become("B1", "pending")
    clock.sleep(600)
    shown += sheet.become("B1", "running")
    while not sheet["B2"][0][0]:
        sheet.office.changed(SHEET, "B2", sheet["B2"])
    clock.sleep(600)
    shown += sheet.become("B1", "completed")
    assert [word for word, _ in itertools.groupby(str(state[0][0]) for state in shown)] == [
        "loading",
        "pending",
        "running",
        "completed",
    ]
    sheet.become("B2", 250.0)
    assert sheet["B3"] == [["completed!"]]
