"""Visits to Excel from a thread of ours, here its own: what they see, what they do, and what they leave behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.hosts.excel.fake.formulas import ERRORS
from tests.hosts.excel.fake.message_filter import Busy
from tests.hosts.excel.fake.refs import WHOLE, Area
from tests.unit.hosts.clocks import JumpingClock
from xl_openfunnel.cell_values import TIME_FORMAT
from xl_openfunnel.functions.registry import TimeCells
from xl_openfunnel.hosts.excel import ports
from xl_openfunnel.hosts.excel.addresses import CellRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet
    from xl_openfunnel.hosts.excel.com.calculation import ComExcelProcesses, ComExcelSession

HERE = os.getpid()
CELL = CellRef("My book.xlsx", "Rows 1", "$B$1")
NO_CELL = CellRef("My book.xlsx", "Rows 1", "$B$2")


@pytest.fixture
def excels() -> ComExcelProcesses:
    from xl_openfunnel.hosts.excel.com.calculation import ComExcelProcesses  # Windows only

    return ComExcelProcesses()


def test_what_is_typed_after_a_visit_broke_off_is_not_marked_as_saved_by_the_next(
    sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses
) -> None:
    sheet.book.saved = True
    with contextlib.suppress(ports.HostBusyError), excels.connect(HERE) as visit, visit.preserving_state():
        sheet.book.saved = False  # by what was calculated
        excel.busy = Busy.LATER  # the user begins to type
    excel.busy = Busy.NO
    sheet.type("D5", "the user's work")
    with excels.connect(HERE) as visit, visit.preserving_state():
        pass
    assert not sheet.book.saved


@pytest.mark.parametrize(
    ("in_front_before", "in_front_after", "typed", "asks"),
    [
        (True, True, True, True),
        (True, False, True, True),
        (False, True, True, True),
        (True, True, False, False),
        (False, False, True, False),
    ],
)
def test_a_book_is_not_marked_as_saved_where_its_user_was_at_work_meanwhile(
    sheet: Sheet,
    excel: FakeExcel,
    excels: ComExcelProcesses,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_front_before: bool,
    in_front_after: bool,
    typed: bool,
    asks: bool,
) -> None:
    front = {True: excel.window(sheet.book).main, False: 0}
    monkeypatch.setattr("win32gui.GetForegroundWindow", lambda: front[in_front_before])
    monkeypatch.setattr("win32api.GetTickCount", lambda: 4_000)
    monkeypatch.setattr("win32api.GetLastInputInfo", lambda: 5_000 if typed else 900)
    sheet.book.saved = True
    with excels.connect(HERE) as visit, visit.preserving_state():
        sheet.book.saved = False
        monkeypatch.setattr("win32gui.GetForegroundWindow", lambda: front[in_front_after])
    assert sheet.book.saved is not asks


@pytest.mark.parametrize("auto_save", [False, True])
def test_a_book_that_excel_saves_by_itself_is_not_marked_as_saved(
    sheet: Sheet, excels: ComExcelProcesses, *, auto_save: bool
) -> None:
    """What made it unsaved may be another person's work, which is not saved yet."""
    sheet.book.saved, sheet.book.auto_save = True, auto_save
    with excels.connect(HERE) as visit, visit.preserving_state():
        sheet.book.saved = False
    assert sheet.book.saved is not auto_save


@pytest.mark.parametrize("dirty_recalculates", [True, False])
def test_nothing_is_calculated_twice(
    sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses, *, dirty_recalculates: bool
) -> None:
    excel.functions["OF_STATUS"] = lambda *_: "running"
    sheet.enter("B1", "=OF_STATUS(A1)")
    excel.dirty_recalculates = dirty_recalculates
    excel.reset_counts()
    with excels.connect(HERE) as visit:
        visit.mark_dirty([CELL])
        visit.calculate()
    assert list(excel.calls.values()) == [1]
    assert excel.members["Application.Calculate"] == (not dirty_recalculates)


def test_a_german_excel_is_spoken_to_in_english(sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses) -> None:
    excel.functions["OF_INFO"] = lambda *_: "running"
    sheet.enter("B1", '=OF_INFO(A1,"status")')
    with excels.connect(HERE) as visit:
        assert visit.formula(CELL) == '=OF_INFO(A1,"status")'
        visit.reenter(CELL, '=OF_INFO(A1,"status")')
        visit.format_times({CELL: TimeCells(None)})
    assert (sheet.formula("B1"), sheet.formats[1, 2]) == ('=OF_INFO(A1,"status")', TIME_FORMAT)


def test_value_errors_in_a_cell_are_seen(sheet: Sheet, excels: ComExcelProcesses) -> None:
    with excels.connect(HERE) as visit:
        for value, error in ERRORS.items():
            sheet.type("B1", error)
            assert visit.shows_value_error(CELL) == (value == "#VALUE!")
        for text in (7, "#VALUE!", None):
            sheet.type("B1", text)
            assert not visit.shows_value_error(CELL)


def test_a_visit_during_which_excel_came_to_the_front_says_so(
    sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = {True: excel.window(sheet.book).main, False: 0}
    seen = []
    for before in (True, False):
        for after in (True, False):
            monkeypatch.setattr("win32gui.GetForegroundWindow", lambda here=before: windows[here])
            with excels.connect(HERE) as visit:
                monkeypatch.setattr("win32gui.GetForegroundWindow", lambda here=after: windows[here])
                seen.append(visit.came_to_front)
    assert seen == [False, False, True, False]


def test_a_process_runs_until_it_ends_also_without_windows(sheet: Sheet, excel: FakeExcel) -> None:
    from xl_openfunnel.hosts.excel.com.calculation import ComExcelProcesses

    excels = ComExcelProcesses()
    assert not excels.is_running(HERE)  # it was never seen
    assert excels.process_of(excel.window(sheet.book).main) == HERE
    sheet.book.close()
    assert excels.is_running(HERE)
    assert excels.process_of(excel.hwnd) == HERE
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("win32process.GetWindowThreadProcessId", lambda window: (1, other.pid))
        assert excels.process_of(12) == other.pid
    assert excels.is_running(other.pid)
    other.communicate()
    assert not excels.is_running(other.pid)


@pytest.mark.parametrize(
    "ask",
    [
        lambda visit: visit.formula(CELL),
        lambda visit: visit.formulas(CELL.book),
        lambda visit: visit.formulas(None),
        lambda visit: visit.mark_dirty([CELL]),
        lambda visit: visit.calculate_cell(CELL),
        lambda visit: visit.reenter(CELL, "=OF_STATUS(1)"),
        lambda visit: visit.preserving_state().__enter__(),
    ],
)
def test_what_excel_calls_a_failure_while_a_cell_is_edited_is_no_answer(
    sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses, ask: Callable[[ComExcelSession], object]
) -> None:
    sheet.enter("B1", "=OF_STATUS(A1)")

    def asked() -> None:
        with excels.connect(HERE) as visit:
            excel.busy = Busy.EDITING
            ask(visit)

    with pytest.raises(ports.HostBusyError):
        asked()
    excel.busy = Busy.NO
    with excels.connect(HERE) as visit:
        assert visit.formula(CELL) == "=OF_STATUS(A1)"
        assert visit.formula(NO_CELL) is None


def test_what_a_user_asked_for_waits_while_a_cell_is_edited(sheet: Sheet, excel: FakeExcel) -> None:
    from xl_openfunnel.hosts.excel.com.dispatch import RetryingCaller

    call = RetryingCaller(HERE, JumpingClock(), 30.0)
    found = call.item(call.get(call.application, "Workbooks"), sheet.book.name)
    excel.busy = Busy.EDITING
    with pytest.raises(ports.HostBusyError):
        call.get(found, "Name")
    with pytest.raises(ports.HostBusyError):
        call.item(call.get(call.application, "Workbooks"), sheet.book.name)


@pytest.mark.parametrize("obstacle", ["nothing", "a cell is edited", "no input is taken", "something is being copied"])
def test_a_calculation_does_not_disturb_a_user_at_work(
    sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses, obstacle: str
) -> None:
    assert sheet.book in excel.books
    excel.busy = Busy.EDITING if obstacle == "a cell is edited" else Busy.NO
    excel.settings["Interactive"] = obstacle != "no input is taken"
    excel.copying = int(obstacle == "something is being copied")
    with excels.connect(HERE) as visit:
        assert visit.accepts_calls is (obstacle == "nothing")


@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("cell", ["$B$1", "$B$2"])
def test_a_formula_that_is_entered_again_spills_as_before(
    sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses, cell: str, *, said: bool
) -> None:
    excel.functions["OF_ROWS"] = lambda *_: [["a", "b"]] * 3
    excel.spilled_cells_have_arrays = said
    sheet.enter("B1", "=OF_ROWS(A1)")
    excel.calls.clear()
    place = CellRef(CELL.book, CELL.sheet, cell)  # the second is filled by the first, and shows its formula in grey
    with excels.connect(HERE) as visit:
        visit.reenter(place, visit.formula(place) or "")
    assert len(excel.calls) == (cell == "$B$1")
    excel.functions["OF_ROWS"] = lambda *_: [["c"]] * 5
    excel.mark_dirty(sheet, WHOLE)
    excel.calculate()
    assert sheet.block("B1") == [["c"]] * 5


def test_macros_are_on_again_after_a_formula_was_entered_in_a_busy_excel(sheet: Sheet, excel: FakeExcel) -> None:
    from xl_openfunnel.hosts.excel.com.calculation import ComExcelProcesses

    class Freeing(JumpingClock):
        """A clock in whose time Excel is busy for an hour."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.now > 1_000 + 3_600:
                excel.busy = Busy.NO

    def calculated(*_: object) -> str:
        excel.busy = Busy.LATER  # its user begins to type
        return "running"

    sheet.enter("B1", "=OF_STATUS(A1)")
    excel.functions["OF_STATUS"] = calculated
    with ComExcelProcesses(Freeing()).connect(HERE) as visit:
        visit.reenter(CELL, "=OF_STATUS(A1)")
    assert sheet.value("B1") == "running"
    assert (excel.settings["EnableEvents"], excel.settings["AutoFillFormulasInLists"]) == (True, True)


def test_a_formula_of_an_array_is_entered_again_as_one(
    sheet: Sheet, excel: FakeExcel, excels: ComExcelProcesses
) -> None:
    excel.functions["OF_STATUS"] = lambda *_: [["a"], ["b"]]
    sheet.put((1, 2), "=OF_STATUS(A1)", array=Area.at((1, 2), 2, 1))
    with excels.connect(HERE) as visit:
        visit.reenter(CELL, visit.formula(CELL) or "")
    assert sheet.formulas[1, 2].array == Area.at((1, 2), 2, 1)
