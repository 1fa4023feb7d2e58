"""Live cells whose result takes longer than they wait: when they are recalculated, and what is given up."""

from __future__ import annotations

import pytest

from tests.hosts.excel.fake.model import AUTOMATIC, MANUAL
from tests.unit.hosts.excel.live_cells.books import WINDOW, Rig
from xl_openfunnel.functions.calculations import MAX_PAUSE, WORKERS
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.live_cells.throttle import LIVENESS_INTERVAL
from xl_openfunnel.hosts.excel.live_cells.updater import VisibleJobs


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.takes_long = True
    return rig


def test_a_cell_shows_its_result_as_soon_as_it_is_there_and_is_recalculated_once_for_it(rig: Rig) -> None:
    rig.fetcher.report("job", "running")
    rig.sheet.enter("A1", '=OF_ROWS("job")')
    rig.sheet.enter("B1", '=OF_STATUS("job")')
    rig.advance(3)
    assert (rig.sheet.value("A1"), rig.sheet.value("B1")) == ("loading", "running")
    rig.calculations.run()
    rig.advance(0)
    assert rig.sheet.value("A1") == "running"
    for status in ("running on", "completed"):
        before = rig.host.excel.calls.copy()
        rig.fetcher.report("job", status)
        rig.advance(3)
        assert rig.sheet.value("A1") != status
        rig.calculations.run()
        rig.advance(3)
        assert rig.sheet.value("A1") == status
        assert set((rig.host.excel.calls - before).values()) == {1}  # not for the old result
    assert rig.host.calls["formulas"] == 1  # because the job has ended
    assert not rig.host.calls["enter"]


def test_the_last_result_of_a_job_that_has_ended_comes_without_a_pause(rig: Rig) -> None:
    rig.long_seconds = MAX_PAUSE
    rig.fetcher.report("job", "running")
    for place in ("A1", "B1"):
        rig.sheet.enter(place, '=OF_ROWS("job")')
    rig.advance(3)
    rig.calculations.run()
    rig.advance(3)
    rig.fetcher.report("job", "running on")  # which is for later
    rig.advance(3)
    assert rig.calculations.run() == 0
    rig.fetcher.report("job", "completed")
    rig.advance(3)
    assert rig.calculations.run() == 1
    rig.advance(3)
    assert (rig.sheet.value("A1"), rig.sheet.value("B1")) == ("completed", "completed")


def test_a_cell_whose_result_takes_long_no_more_is_not_searched_for(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_ROWS("job")')
    rig.advance(3)
    rig.calculations.run()
    rig.takes_long = False
    rig.advance(3)
    assert rig.sheet.value("A1") == "loading"  # of the job
    rig.fetcher.report("job", "running")
    rig.advance(10)
    assert rig.sheet.value("A1") == "running"
    assert not rig.host.calls["formulas"]


def test_what_waits_for_cells_that_show_something_else_is_not_calculated(rig: Rig) -> None:
    for row in range(1, 9):
        rig.sheet.enter(f"A{row}", f'=OF_ROWS("job{row}")')
    rig.advance(10)
    for row in range(1, 9):
        rig.sheet.enter(f"A{row}", '=OF_ROWS("same")')
    rig.advance(3)
    assert rig.calculations.run() == WORKERS + 1  # those that had begun, and gave up
    rig.advance(3)
    assert {rig.sheet.value(f"A{row}") for row in range(1, 9)} == {"loading"}
    assert len(rig.calculations._by_topic) == 9


def test_a_running_jobs_deleted_cell_is_calculated_no_more(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_ROWS("job")')
    rig.advance(3)
    rig.calculations.run()
    rig.advance(3)
    rig.sheet.type("A1", "mine")
    rig.fetcher.report("job", "running")
    rig.advance(LIVENESS_INTERVAL + 1)
    rig.calculations.run()
    rig.fetcher.report("job", "running on")
    rig.advance(3)
    assert rig.calculations.run() == 0
    assert rig.sheet.value("A1") == "mine"
    assert rig.subscribed_jobs() == []


def test_two_excels_share_a_calculation(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_ROWS("job")')
    rig.host.excel.open("Other.xlsx").sheet("Sheet1").enter("A1", '=OF_ROWS("job")')
    rig.advance(3)
    assert rig.calculations.run() == 1


def test_in_manual_calculation_the_result_comes_with_the_next_calculation(rig: Rig) -> None:
    rig.host.excel.calculation = MANUAL
    rig.fetcher.report("job", "completed")
    rig.sheet.enter("A1", '=OF_ROWS("job")')
    rig.advance(3)
    rig.calculations.run()
    rig.advance(3)
    assert rig.sheet.value("A1") == "loading"
    rig.host.excel.calculation = AUTOMATIC
    rig.host.excel.calculate()
    assert rig.sheet.value("A1") == "completed"


def test_commands_know_which_cells_wait(rig: Rig) -> None:
    shown = VisibleJobs(rig.updater, rig.calculations)
    cell = CellRef("Book.xlsx", "One", "$A$1")
    rig.sheet.enter("A1", '=OF_ROWS("job")')
    rig.sheet.enter("B1", '=OF_STATUS("job")')
    rig.advance(3)
    assert shown.calculating(WINDOW) == {cell: False}
    assert shown.by_cell(WINDOW)[cell] == {"job"}
    rig.calculations.run()
    assert shown.calculating(WINDOW) == {}
    rig.advance(3)
    rig.fetcher.report("job", "running")
    rig.advance(3)
    assert shown.calculating(WINDOW) == {cell: True}


def test_paused_cells_are_not_told(rig: Rig) -> None:
    assert rig.updater.keeps_up(WINDOW)
    rig.updater.pause(WINDOW, paused=True)
    rig.advance(0)
    assert not rig.updater.keeps_up(WINDOW)
    assert not rig.updater.keeps_up(WINDOW + 1)
