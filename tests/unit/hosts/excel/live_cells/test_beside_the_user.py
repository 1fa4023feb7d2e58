"""Live cells beside a user who types, copies, calculates by hand, saves, or has macros stopped."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.hosts.excel.fake.formulas import ERRORS
from tests.hosts.excel.fake.model import AUTOMATIC, MANUAL
from tests.unit.hosts.excel.live_cells.books import WINDOW, Rig
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.live_cells.throttle import CALL_TIMEOUT, LIVENESS_INTERVAL, METHOD_RESET_INTERVAL


def test_text_that_the_user_typed_over_a_cell_stays(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    rig.sheet.type("A1", "my note")
    for status in ("pending", "running", "completed"):
        rig.fetcher.report("job", status)
        rig.advance(30)
    assert rig.sheet.value("A1") == "my note"
    assert rig.host.calls["enter"] == 0
    assert not rig.fetcher.subscriptions


def test_another_formula_that_the_user_entered_stays_too(rig: Rig) -> None:
    rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = {"One"}  # the worst case: only entering helps
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(1)
    rig.sheet.type("A1", "=1+1")
    rig.advance(60)
    assert rig.sheet.formula("A1") == "=1+1"
    assert not rig.fetcher.subscriptions


def test_in_manual_calculation_a_cell_is_only_marked(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.host.excel.calculation = MANUAL
    rig.fetcher.report("job", "running")
    rig.advance(3_600)
    rig.fetcher.report("job", "completed")
    rig.advance(3_600)
    assert rig.sheet.value("A1") == "loading"
    assert (rig.host.calls["mark"], rig.host.calls["calculate"], rig.host.calls["enter"]) == (1, 0, 0)
    rig.host.excel.calculate()  # the user's F9
    assert rig.sheet.value("A1") == "completed"
    rig.host.excel.calculation = AUTOMATIC
    rig.fetcher.report("job", "refreshed")
    rig.advance(3)
    assert rig.sheet.value("A1") == "refreshed"


def test_copied_cells_stay_on_the_clipboard(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    rig.host.excel.copying = 1
    rig.fetcher.report("job", "running")
    rig.advance(60)
    assert rig.sheet.value("A1") == "loading"
    assert rig.host.calls["calculate"] == 0
    rig.host.excel.copying = 0
    rig.advance(5)
    assert rig.sheet.value("A1") == "running"


@pytest.mark.parametrize("large", [False, True])
def test_cells_copied_during_a_search_stay_on_the_clipboard(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    rig.sheet.enter("A1", '=OF_ROWS("job")' if large else '=OF_STATUS("job")')
    formulas = rig.host.formulas

    def searched(book: str | None) -> Mapping[CellRef, str] | None:
        monkeypatch.undo()
        rig.host.excel.copying = 1
        return formulas(book)

    monkeypatch.setattr(rig.host, "formulas", searched)
    rig.fetcher.statuses["job"] = "running"
    rig.updater.opened(WINDOW, rig.book.name)
    rig.advance(30)
    assert (rig.sheet.value("A1"), rig.host.calls["mark"], rig.host.calls["calculate"]) == ("loading", 0, 0)
    rig.host.excel.copying = 0
    rig.advance(5)
    assert rig.sheet.value("A1") == "running"


def test_a_busy_excel_is_tried_less_and_less_often_and_nothing_is_lost(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    rig.host.calls.clear()
    rig.host.busy = True
    for status in ("pending", "running"):
        rig.fetcher.report("job", status)
        rig.advance(30)
    assert 15 <= rig.host.calls["visit"] <= 20
    rig.host.busy = False
    rig.advance(5)
    assert rig.sheet.value("A1") == "running"


def test_paused_cells_stay_as_they_are_until_they_are_live_again(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.updater.pause(WINDOW, paused=True)
    assert rig.updater.is_paused(WINDOW)
    rig.fetcher.report("job", "running")
    rig.advance(60)
    assert rig.sheet.value("A1") == "loading"
    assert rig.host.calls["mark"] == 0
    rig.updater.pause(WINDOW, paused=False)
    assert not rig.updater.is_paused(WINDOW)
    rig.advance(1)
    assert rig.sheet.value("A1") == "running"


def test_a_deleted_cell_is_noticed_while_paused(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.updater.pause(WINDOW, paused=True)
    rig.fetcher.report("job", "running")
    rig.advance(1)
    rig.sheet.clear("A1")
    rig.advance(LIVENESS_INTERVAL + 1)
    assert not rig.fetcher.subscriptions


def test_if_marking_has_no_effect_the_formula_is_entered_again(rig: Rig) -> None:
    rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(2 * CALL_TIMEOUT + 5)
    assert rig.sheet.value("A1") == "running"
    rig.fetcher.report("job", "completed")
    rig.advance(2)  # now the method that works is known
    assert rig.sheet.value("A1") == "completed"


@pytest.mark.parametrize("typed", ["my note", "=1+1", None])
def test_text_typed_over_a_cell_while_its_formula_is_entered_again_stays(rig: Rig, typed: str | None) -> None:
    rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(2 * CALL_TIMEOUT + 5)
    assert rig.host.calls["enter"] == 1
    if typed == "=1+1":
        rig.sheet.enter("A1", typed)
    else:
        rig.sheet.type("A1", typed)
    shown = rig.sheet.value("A1")
    for status in ("running on", "completed"):
        rig.fetcher.report("job", status)
        rig.advance(30)
    assert (rig.sheet.value("A1"), rig.host.calls["enter"]) == (shown, 1)


def test_a_formula_that_no_longer_calls_its_function_is_left_alone(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    function = rig.host.excel.functions["OF_STATUS"]
    rig.host.excel.functions["OF_STATUS"] = lambda *_: [
        ["another's"]
    ]  # as behind an IF whose condition no longer holds
    rig.fetcher.report("job", "running")
    rig.advance(60)
    rig.host.calls.clear()
    rig.fetcher.report("job", "completed")
    rig.advance(3_600)
    assert not rig.host.calls
    rig.host.excel.functions["OF_STATUS"] = function
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    assert rig.sheet.value("A1") == "completed"


def test_a_saved_book_stays_saved(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.book.saved = True
    rig.fetcher.report("job", "running")
    rig.advance(3)
    assert rig.sheet.value("A1") == "running"
    assert rig.book.saved


@pytest.mark.parametrize(
    ("formula", "shown", "entered"),
    [('=OF_STATUS("job")', "completed", 1), ('=IF(E1,"off",OF_STATUS("job"))', "running", 0)],
)
def test_a_cell_of_an_opened_book_is_entered_again_only_if_it_would_surely_call(
    rig: Rig, formula: str, shown: str, entered: int
) -> None:
    rig.fetcher.statuses["job"] = "completed"
    sheet = rig.host.excel.open("Saved.xlsx").sheet("Sheet1")
    sheet.enter("B2", formula)
    sheet.values[2, 2] = "running"  # as it was saved
    rig.start()
    rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = {"Sheet1"}
    rig.updater.opened(WINDOW, "Saved.xlsx")
    rig.advance(3_600)
    assert (sheet.value("B2"), rig.host.calls["enter"]) == (shown, entered)


def test_a_formula_of_an_opened_book_with_a_foreign_function_is_entered_once(rig: Rig) -> None:
    rig.host.excel.functions["OF_STATUS"] = lambda *_: "another's"
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.updater.opened(WINDOW, rig.book.name)
    rig.advance(36_000)
    assert rig.host.calls["enter"] == 1


def test_a_formula_whose_condition_no_longer_holds_is_not_entered_again(rig: Rig) -> None:
    rig.sheet.type("E1", 1)
    rig.sheet.enter("A1", '=IF(E1,OF_STATUS("job"),"off")')
    rig.sheet.enter("B1", '=OF_STATUS("job")')
    rig.advance(5)
    rig.sheet.type("E1", 0)
    for status in ("pending", "running", "completed"):
        rig.fetcher.report("job", status)
        rig.advance(30)
    assert (rig.sheet.value("A1"), rig.sheet.value("B1")) == ("off", "completed")
    assert rig.host.calls["enter"] == 0


@pytest.mark.parametrize("obstacle", ["marking has no effect", "sheet renamed"])
def test_cells_left_to_the_user_are_updated_once_calculation_is_automatic_again(rig: Rig, obstacle: str) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(5)
    rig.host.excel.calculation = MANUAL
    if obstacle == "sheet renamed":
        rig.sheet.rename("Three")
    else:
        rig.host.unmarkable_sheets = {"One"}
    rig.fetcher.report("job", "completed")
    rig.advance(30)
    assert rig.sheet.value("A1") == "loading"
    rig.host.excel.calculation = AUTOMATIC
    rig.advance(LIVENESS_INTERVAL + CALL_TIMEOUT + 5)
    assert rig.sheet.value("A1") == "completed"
    assert rig.host.calls["enter"] == 0


def test_in_manual_calculation_no_formula_is_entered_again(rig: Rig) -> None:
    rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(30)
    assert rig.host.calls["enter"] == 1
    rig.host.excel.calculation = MANUAL
    rig.fetcher.report("job", "completed")
    rig.advance(60)
    assert (rig.sheet.value("A1"), rig.host.calls["enter"]) == ("running", 1)


def test_cells_are_not_entered_again_for_ever(rig: Rig) -> None:
    rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(METHOD_RESET_INTERVAL + 3 * CALL_TIMEOUT)
    rig.host.unmarkable_sheets, rig.host.uncalculable_sheets = set(), set()
    rig.host.calls.clear()
    rig.fetcher.report("job", "completed")
    rig.advance(5)
    assert rig.sheet.value("A1") == "completed"
    assert rig.host.calls["enter"] == 0


@pytest.mark.parametrize("marks", [True, False])
def test_a_cell_whose_vba_is_in_break_mode_is_calculated_until_it_calls(rig: Rig, marks: bool) -> None:
    """A function of a VBA project in break mode gives #VALUE! and calls nothing."""
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    rig.host.unmarkable_sheets = set() if marks else {"One"}
    rig.host.breaks = True
    rig.fetcher.report("job", "running")
    rig.advance(60)
    rig.fetcher.report("job", "completed")
    rig.advance(60)
    assert rig.sheet.value("A1") == ERRORS["#VALUE!"]
    rig.host.breaks = False
    rig.advance(20)
    assert (rig.sheet.value("A1"), rig.host.calls["enter"]) == ("completed", 0)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("alone", [True, False])
def test_a_formula_that_is_an_error_of_its_own_is_left_alone(rig: Rig, error: str, alone: bool) -> None:
    """At once where a call shows that VBA runs, or by an error that VBA's break mode does not give; else in the end."""
    rig.sheet.type("E1", 1.0)
    rig.sheet.enter("A1", '=IF(E1,OF_STATUS("job"),"off")')
    if not alone:
        rig.sheet.enter("A2", '=OF_STATUS("other")')
    rig.advance(1)
    rig.sheet.type("E1", ERRORS[error])
    for job in ("job", "other"):
        rig.fetcher.report(job, "running")
    rig.advance(3_700 if alone and error == "#VALUE!" else 60)
    assert rig.sheet.value("A1") == ERRORS[error]
    rig.fetcher.report("other", "completed")
    rig.advance(10)
    rig.host.calls.clear()
    rig.advance(10_000)
    assert not rig.host.calls
    rig.sheet.type("E1", 1.0)
    assert rig.sheet.value("A1") == "running"
