"""Cells that keep themselves up to date, through the real xlwings DLL and COM server, over jobs that run."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.hosts.excel.fake.message_filter import Busy
from tests.hosts.excel.fake.model import AUTOMATIC, MANUAL
from tests.hosts.excel.fake.refs import Area
from xl_openfunnel import table
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet

ROWS = companies(450)
_numbers = itertools.count()


class RunningJob:
    """A job that waits in each state until the test lets it go on."""

    def __init__(self, service: Simulator, clock: ManualClock) -> None:
        self.service = service
        self.clock = clock
        self.job = SimulatedJob(ROWS, job_id=f"running-{next(_numbers)}", pending=100, running=1_000, page_size=100)
        service.add(self.job)

    @property
    def job_id(self) -> str:
        return self.job.job_id

    def run(self, share: float = 0.1) -> None:
        """Go on to this share of its running time."""
        self.clock.sleep(100 + 1_000 * share)

    def end(self) -> None:
        self.clock.sleep(2_000)

    def polls(self) -> int:
        return sum(r.job_id == self.job_id and r.cursor is None for r in self.service.received)


@pytest.fixture
def running(service: Simulator, clock: ManualClock) -> RunningJob:
    return RunningJob(service, clock)


WaitUntilShows = Callable[..., None]


@pytest.fixture
def shows(bridge: Bridge, sheet: Sheet, excel: FakeExcel, running: RunningJob) -> WaitUntilShows:
    """Lets calls in until a cell shows something; the job's id is in A1 and its status in B1."""
    sheet.type("A1", running.job_id)
    sheet.enter("B1", "=OF_STATUS(A1)")

    def wait(value: object, cell: str = "B1", where: Sheet = sheet) -> None:
        excel.pump(lambda: where.value(cell) == value)

    return wait


def final_block(columns: tuple[str, ...] = DEFAULT_COLUMNS) -> list[list[Any]]:
    block: list[list[Any]] = table.block(table.frame(ROWS, columns), text_limit=255)
    return block


def test_a_cell_goes_through_all_states_by_itself(sheet: Sheet, running: RunningJob, shows: WaitUntilShows) -> None:
    assert sheet.value("B1") == "loading"
    shows("pending")
    running.run()
    shows("running")
    running.end()
    shows("completed")


def test_a_block_grows_page_by_page_and_is_replaced_by_the_final_one(
    sheet: Sheet, running: RunningJob, shows: WaitUntilShows, excel: FakeExcel
) -> None:
    sheet.enter("A3", "=OF_ROWS(A1)")
    sheet.enter("C1", '=OF_INFO(A1,"rows")')
    assert sheet.block("A3")[1][0] == "loading"
    heights = [2]
    for seconds in (500, 200, 150):  # of 1,000 that it runs, after 100 of pending
        running.clock.sleep(seconds)
        excel.pump(lambda: len(sheet.block("A3")) > heights[-1])
        heights.append(len(sheet.block("A3")))
    assert {height % 100 for height in heights[1:]} == {1}  # whole pages, and the names of the columns
    provisional = sheet.block("A3")[1:]
    running.end()
    shows("completed")
    excel.pump(lambda: len(sheet.block("A3")) == 451)
    assert [list(row) for row in sheet.block("A3")] == final_block()
    assert provisional != sheet.block("A3")[1 : len(provisional) + 1]
    excel.pump(lambda: sheet.value("C1") == 450.0)


def test_fifty_live_cells_in_two_books_have_one_poll_stream(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    other = excel.open("Other.xlsx").sheet("Sheet1")
    for row in range(1, 26):
        sheet.enter(f"D{row}", f'=OF_STATUS("{running.job_id}")')
        other.enter(f"D{row}", f'=OF_STATUS("{running.job_id}")')
    running.run()
    shows("running")
    before = len(running.service.received)
    running.end()
    cells = [(where, f"D{row}") for where in (sheet, other) for row in range(1, 26)]
    excel.pump(lambda: all(where.value(cell) == "completed" for where, cell in cells))
    asked = [r.cursor for r in running.service.received[before:] if r.job_id == running.job_id]
    assert asked.count(None) <= 2  # the poll that was perhaps under way, and the one that saw the end
    assert sorted(cursor for cursor in asked if cursor)[-4:] == [f"page_{n:04d}" for n in range(1, 5)]
    assert len(asked) <= 2 + 1 + 4


def test_what_was_typed_over_a_cell_stays(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    sheet.enter("D1", "=OF_STATUS(A1)")
    sheet.enter("E1", "=OF_STATUS(A1)")
    shows("pending")
    sheet.type("D1", "my note")
    sheet.enter("E1", "=1+1")
    running.run()
    shows("running")
    running.end()
    shows("completed")
    excel.pump(lambda: excel.held_objects == 0)
    assert (sheet.value("D1"), sheet.formula("E1")) == ("my note", "=1+1")


@pytest.mark.parametrize("kind", [Busy.REJECTING, Busy.LATER, Busy.IGNORING, Busy.EDITING])
def test_while_excel_lets_nobody_in_nothing_is_lost_and_nothing_spins(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows, kind: Busy
) -> None:
    shows("pending")
    running.run()
    excel.busy = kind
    excel.reset_counts()

    def turned_away() -> int:
        return excel.refused if kind is Busy.REJECTING else excel.members.total()

    excel.pump(turned_away)
    excel.pump(timeout=5)  # in which four more come: 0.25, 0.75, 1.75 and 3.75 seconds after the first
    assert excel.filter.arrived <= 5 * 12  # a try ends with the first call that is turned away
    excel.pump(lambda: turned_away() >= 2)  # also where the computer has been slow
    assert sheet.value("B1") == "pending"
    excel.busy = Busy.NO
    shows("running")


def test_a_protected_sheet_is_live_and_moved_cells_are_found_there(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    sheet.insert_rows(1, 2)
    sheet.protected = True
    running.run()
    shows("running", "B3")
    assert excel.members["Range.Formula2"] > 0


@pytest.mark.parametrize("grey", [True, False])
def test_moved_cells_and_blocks_are_found_again(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows, *, grey: bool
) -> None:
    excel.spilled_cells_have_formulas = grey
    sheet.enter("A3", "=OF_ROWS(A1)")
    running.run(0.5)
    shows("running")
    excel.pump(lambda: len(sheet.block("A3")) > 2)
    sheet.insert_rows(1, 10)
    running.end()
    shows("completed", "B11")
    excel.pump(lambda: len(sheet.block("A13")) == 451)
    assert [list(row) for row in sheet.block("A13")] == final_block()
    assert sheet.formula("A13") == "=OF_ROWS(A11)"


@pytest.mark.parametrize("change", ["sheet renamed", "book renamed"])
def test_cells_are_found_again_under_another_name(
    sheet: Sheet, running: RunningJob, shows: WaitUntilShows, change: str
) -> None:
    shows("pending")
    if change == "sheet renamed":
        sheet.rename("It's new")
    else:
        sheet.book.save_as("Final (2).xlsx")
    running.run()
    shows("running")


def test_a_deleted_sheet_and_a_closed_book_leave_the_others_live(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    second = sheet.book.sheet("Other")
    second.enter("A1", f'=OF_STATUS("{running.job_id}")')
    closed = excel.open("Closed.xlsx")
    closed.sheet("Sheet1").enter("A1", f'=OF_STATUS("{running.job_id}")')
    shows("pending")
    second.delete()
    closed.close()
    running.run()
    shows("running")
    running.end()
    shows("completed")


def test_in_manual_calculation_cells_wait_for_their_user(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    excel.calculation = MANUAL
    excel.reset_counts()
    running.run()
    excel.pump(lambda: excel.members["Range.Dirty"])
    excel.pump(lambda: excel.held_objects == 0)
    assert (sheet.value("B1"), excel.members["Application.Calculate"]) == ("pending", 0)
    excel.calculate()
    assert sheet.value("B1") == "running"
    excel.calculation = AUTOMATIC


def test_what_is_being_copied_can_still_be_pasted(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    excel.copying = 1
    excel.reset_counts()
    running.run()
    excel.pump(lambda: excel.members["Application.CutCopyMode"] >= 3)
    assert (sheet.value("B1"), excel.copying, excel.members["Application.Calculate"]) == ("pending", 1, 0)
    excel.copying = 0
    shows("running")


@pytest.mark.parametrize("ignored", [False, True])
def test_a_book_that_was_saved_while_its_job_ran_is_brought_up_to_date_at_opening(
    sheet: Sheet, excel: FakeExcel, bridge: Bridge, running: RunningJob, shows: WaitUntilShows, *, ignored: bool
) -> None:
    running.end()
    shows("completed")
    saved = excel.open("Saved.xlsx")
    there = saved.sheet("Sheet1")
    excel.functions["OF_STATUS"] = lambda *_: "running"  # as the cells were saved
    there.enter("B2", f'=OF_STATUS("{running.job_id}")')
    del excel.functions["OF_STATUS"]
    saved.saved = True
    assert there.value("B2") == "running"
    excel.dirty_ignored = excel.range_calculate_ignored = ignored
    bridge.call_macro_function("opened", str(excel.hwnd), "Saved.xlsx")
    shows("completed", "B2", there)
    excel.pump(lambda: excel.held_objects == 0)
    assert (saved.saved, there.formula("B2")) == (True, f'=OF_STATUS("{running.job_id}")')


def test_what_could_be_undone_still_can_be_after_a_cell_has_changed(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    sheet.type("D5", "the user's work")
    before = list(excel.undoable)
    running.run()
    shows("running")
    excel.pump(lambda: excel.held_objects == 0)
    assert excel.undoable == before
    sheet.book.saved = True
    running.end()
    shows("completed")
    excel.pump(lambda: excel.held_objects == 0)
    sheet.book.close()
    assert not excel.asked


def test_an_excel_that_ignores_dirty_calculates_the_cell_alone(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    sheet.enter("C1", '=B1&"!"')
    excel.dirty_ignored = True
    excel.reset_counts()
    running.run()
    shows("running")
    excel.pump(lambda: sheet.value("C1") == "running!")
    assert excel.members["Range.Calculate"] == 1
    running.end()
    shows("completed")


@pytest.mark.parametrize("array", [False, True])
def test_an_excel_that_ignores_that_too_gets_the_same_formula_again(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows, *, array: bool
) -> None:
    if array:
        sheet.put((1, 2), "=OF_STATUS(A1)", array=Area.at((1, 2), 2, 1))
    shows("pending")
    excel.dirty_ignored = excel.range_calculate_ignored = True
    running.run()
    shows("running")
    running.end()
    shows("completed")
    excel.pump(lambda: excel.held_objects == 0)
    assert sheet.formula("B1") == "=OF_STATUS(A1)"
    assert len(sheet.block("B1")) == 1 + array
    assert (excel.settings["EnableEvents"], excel.settings["AutoFillFormulasInLists"]) == (True, True)


def test_a_formula_in_a_cell_of_text_format_is_not_made_a_text(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    excel.dirty_ignored = excel.range_calculate_ignored = True
    sheet.formats[1, 2] = "@"
    running.run()
    excel.pump(lambda: excel.members["Range.NumberFormat"])
    excel.pump(lambda: excel.held_objects == 0)
    assert (sheet.formula("B1"), excel.settings["EnableEvents"]) == ("=OF_STATUS(A1)", True)


def test_a_text_that_looks_like_a_formula_stays_a_text(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    excel.dirty_ignored = excel.range_calculate_ignored = True
    sheet.type("B1", None)
    sheet.values[1, 2] = "=OF_STATUS(A1)"  # typed with an apostrophe
    excel.reset_counts()
    running.run()
    excel.pump(lambda: excel.members["Worksheet.UsedRange"])
    excel.pump(lambda: excel.held_objects == 0)
    assert (sheet.formula("B1"), sheet.value("B1")) == (None, "=OF_STATUS(A1)")


def test_a_sheet_that_refuses_everything_leaves_the_others_live(
    sheet: Sheet, excel: FakeExcel, bridge: Bridge, running: RunningJob, shows: WaitUntilShows
) -> None:
    shows("pending")
    sheet.book.sheet("Broken").broken = True
    bridge.call_macro_function("opened", str(excel.hwnd), sheet.book.name)
    running.run()
    shows("running")


def test_credits_and_the_list_of_jobs_come_by_themselves(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows
) -> None:
    sheet.enter("D1", "=OF_CREDITS()")
    sheet.enter("F1", "=OF_JOBS()")
    excel.pump(lambda: isinstance(sheet.value("D1"), float))
    shows("pending")
    excel.pump(lambda: any(row[:3] == [running.job_id, "", "pending"] for row in map(list, sheet.block("F1"))))


def test_a_pivot_of_several_jobs_follows_the_one_that_runs_and_holds_up_no_other_cell(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, shows: WaitUntilShows, service: Simulator
) -> None:
    ended = [SimulatedJob(companies(2_000), job_id=f"ended-{next(_numbers)}") for _ in range(4)]
    for row, job in enumerate(ended, 2):
        service.add(job)
        sheet.type(f"A{row}", job.job_id)

    def total() -> object:
        return {name: value for name, value, *_ in sheet.block("D1")}.get("Total")

    sheet.enter("D1", '=OF_PIVOT(A1:A5,"country")')
    shown: list[object] = []
    excel.pump(lambda: shown.append(sheet.value("D1")) or sheet.value("D1") == "country")  # type: ignore[func-returns-value]
    assert "loading" in shown
    excel.pump(lambda: sheet.block("D1")[-1][0] == f"#OF! 1 of 5 jobs is not counted: {running.job_id}: pending")
    assert total() == 8_000.0
    for seconds in (500, 300):  # of 1,000 that it runs, after 100 of pending
        before = total()
        running.clock.sleep(seconds)
        excel.pump(lambda before=before: total() not in (None, before))  # type: ignore[misc]
        assert sheet.value("B1") == "running"
    running.end()
    shows("completed")
    excel.pump(lambda: total() == 8_450.0)
    assert sheet.formula("D1") == '=OF_PIVOT(A1:A5,"country")'


def test_a_module_beside_the_workbook_is_not_imported(
    sheet: Sheet,
    excel: FakeExcel,
    running: RunningJob,
    bridge_to: Callable[..., Bridge],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bridge: Bridge,
) -> None:
    assert bridge.excel is excel
    (tmp_path / "requests.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
    (tmp_path / "xl_openfunnel.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    bridge_to(another="in a folder").install()
    sheet.enter("A1", f'=OF_STATUS("{running.job_id}")')
    excel.pump(lambda: sheet.value("A1") == "pending")
    assert not (tmp_path / "imported").exists()


def test_two_workbooks_and_the_add_in_share_one_server(
    sheet: Sheet, excel: FakeExcel, running: RunningJob, bridge_to: Callable[..., Bridge], shows: WaitUntilShows
) -> None:
    shows("pending")
    before = running.polls()
    for name in ("Second.xlsm", "Third.xlsx"):
        bridge_to().install()  # as another workbook's VBA, and the add-in's
        there = excel.open(name).sheet("Sheet1")
        there.enter("A1", f'=OF_STATUS("{running.job_id}")')
        assert there.value("A1") == "pending"  # known at once, so it is the same fetcher: nothing of it is on disk
    assert running.polls() <= before + 1
