"""Cells that keep themselves up to date: when they are calculated again, and when they are left alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.hosts.excel.fake.model import AUTOMATIC, MANUAL
from tests.unit.hosts.excel.live_cells.books import WINDOW, Rig
from xl_openfunnel.functions.context import Dependency
from xl_openfunnel.functions.credits import MAX_AGE
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.live_cells.throttle import CALL_TIMEOUT, LIVENESS_INTERVAL, METHOD_RESET_INTERVAL
from xl_openfunnel.hosts.excel.live_cells.updater import VisibleJobs


@pytest.fixture
def rig() -> Rig:
    return Rig()


def calls(rig: Rig) -> dict[str, int]:
    """How often each cell was calculated, by its address."""
    return {cell.rpartition("!")[2]: number for cell, number in rig.office.excel.calls.items()}


def test_a_cell_follows_its_job_through_all_its_states(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    shown = [rig.sheet.value("A1")]
    for word in ("pending", "running", "completed"):
        rig.desk.say("job", word)
        rig.pass_(3)
        shown.append(rig.sheet.value("A1"))
    assert shown == ["loading", "pending", "running", "completed"]


def test_what_depends_on_a_cell_follows_too(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.sheet.enter("B1", '=A1&"!"')
    rig.desk.say("job", "running")
    rig.pass_(3)
    assert rig.sheet.value("B1") == "running!"


def test_a_change_made_while_the_call_was_on_its_way_is_not_missed(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.known["job"] = "running"  # after the call, before anybody listens
    rig.pass_(3)
    assert rig.sheet.value("A1") == "running"


def test_after_the_last_job_is_final_nobody_calls(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "completed")
    rig.pass_(5)
    rig.office.asked.clear()
    rig.pass_(36_000)
    assert not rig.office.asked
    assert rig.live.loop.step() is None


def test_a_refreshed_job_is_followed_again(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "completed")
    rig.pass_(3_600)
    rig.desk.say("job", "running")
    rig.pass_(3)
    assert rig.sheet.value("A1") == "running"


def test_small_cells_are_calculated_together_every_two_seconds_at_most(rig: Rig) -> None:
    for row in range(1, 51):
        rig.sheet.enter(f"A{row}", f'=OF_STATUS("job{row}")')
    rig.pass_(0)
    rig.office.asked.clear()
    for tick in range(100):
        for row in range(1, 51):
            rig.desk.say(f"job{row}", f"running {tick}")
        rig.pass_(0.1)
    assert rig.office.asked["calculate"] <= 6
    rig.pass_(2)
    assert {rig.sheet.value(f"A{row}") for row in range(1, 51)} == {"running 99"}


def test_large_blocks_take_a_twentieth_of_the_time_together(rig: Rig) -> None:
    rig.cost = 0.5
    for row in range(1, 5):
        rig.sheet.enter(f"A{row}", f'=OF_ROWS("job{row}")')
    rig.pass_(0)
    rig.office.excel.calls.clear()
    begun = rig.time.now
    for tick in range(600):
        for row in range(1, 5):
            rig.desk.say(f"job{row}", f"running {tick}")
        rig.pass_(0.5)
    calls = rig.office.excel.calls
    assert 25 <= sum(calls.values()) <= (rig.time.now - begun) / (20 * rig.cost) + 1
    assert max(calls.values()) - min(calls.values()) <= 1  # and each has its turn


@pytest.mark.parametrize("cost", [5, 20, 60])
def test_slow_blocks_take_a_twentieth_of_the_time_too(rig: Rig, cost: float) -> None:
    rig.sheet.enter("A1", '=OF_ROWS("slow")')
    rig.sheet.enter("C1", '=OF_ROWS("fast")')
    rig.pass_(0)
    rig.costs = {"slow": cost, "fast": 0.5}
    rig.office.excel.calls.clear()
    begun = rig.time.now
    for tick in range(4_000):
        rig.desk.say("slow", f"running {tick}")
        rig.desk.say("fast", f"running {tick}")
        rig.pass_(5)
    taken = sum(number * rig.costs["slow" if "A" in cell else "fast"] for cell, number in calls(rig).items())
    assert 5 * cost < taken <= cost + (rig.time.now - begun) / 20  # the last is not paid for yet


@pytest.mark.parametrize("formula", ['=OF_ROWS("job")', '=OF_STATUS("job")'])
def test_what_once_waited_for_the_user_does_not_count_for_long(rig: Rig, formula: str) -> None:
    rig.sheet.enter("A1", formula)
    rig.pass_(0)
    rig.costs = {"job": 3_600}
    rig.desk.say("job", "running")
    rig.pass_(5)
    assert rig.sheet.value("A1") == "running"
    rig.costs = {}
    rig.desk.say("job", "completed")
    rig.pass_(100)
    assert rig.sheet.value("A1") == "completed"


def test_what_the_user_typed_over_a_cell_stays(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.pass_(1)
    rig.sheet.type("A1", "my note")
    for word in ("pending", "running", "completed"):
        rig.desk.say("job", word)
        rig.pass_(30)
    assert rig.sheet.value("A1") == "my note"
    assert rig.office.asked["enter"] == 0
    assert not rig.desk.subscriptions


def test_another_formula_of_the_user_stays_too(rig: Rig) -> None:
    rig.office.deaf = rig.office.stubborn = {"One"}  # the worst case: only entering helps
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(1)
    rig.sheet.type("A1", "=1+1")
    rig.pass_(60)
    assert rig.sheet.formula("A1") == "=1+1"
    assert not rig.desk.subscriptions


@pytest.mark.parametrize("gone", ["cell", "row", "sheet", "book", "everything"])
def test_within_a_minute_nobody_follows_a_job_without_cells(rig: Rig, gone: str) -> None:
    other = rig.office.excel.open("Other.xlsx")
    for row in range(1, 4):
        rig.sheet.enter(f"A{row}", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(5)
    assert len(rig.desk.subscriptions) == 1
    if gone == "cell":
        rig.sheet.clear("A1:A3")
    elif gone == "row":
        rig.sheet.delete_rows(1, 3)
    elif gone == "sheet":
        rig.sheet.delete()
    else:
        rig.book.close()
    if gone == "everything":
        other.close()
    rig.pass_(LIVENESS_INTERVAL + 5)
    assert not rig.desk.subscriptions


def test_while_one_cell_is_left_its_job_is_followed(rig: Rig) -> None:
    for row in range(1, 4):
        rig.sheet.enter(f"A{row}", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(5)
    rig.sheet.clear("A1:A2")
    rig.pass_(300)
    assert len(rig.desk.subscriptions) == 1
    rig.desk.say("job", "completed")
    rig.pass_(3)
    assert rig.sheet.value("A3") == "completed"


@pytest.mark.parametrize("change", ["rows inserted", "sheet renamed", "book renamed"])
def test_a_cell_is_found_again_where_it_is_now(rig: Rig, change: str) -> None:
    for row in (1, 2, 3):
        rig.sheet.enter(f"A{row}", f'=OF_STATUS("job{row}")')
    rig.pass_(5)
    if change == "rows inserted":
        rig.sheet.insert_rows(1)
    elif change == "sheet renamed":
        rig.sheet.rename("Three")
    else:
        rig.book.save_as("Renamed.xlsx")
    for row in (1, 2, 3):
        rig.desk.say(f"job{row}", "completed")
    rig.pass_(30)
    rows = (2, 3, 4) if change == "rows inserted" else (1, 2, 3)
    assert [rig.sheet.value(f"A{row}") for row in rows] == ["completed"] * 3
    assert rig.office.asked["enter"] == 0


def test_in_manual_calculation_a_cell_is_only_marked(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.office.excel.calculation = MANUAL
    rig.desk.say("job", "running")
    rig.pass_(3_600)
    rig.desk.say("job", "completed")
    rig.pass_(3_600)
    assert rig.sheet.value("A1") == "loading"
    assert (rig.office.asked["mark"], rig.office.asked["calculate"], rig.office.asked["enter"]) == (1, 0, 0)
    rig.office.excel.calculate()  # the user's F9
    assert rig.sheet.value("A1") == "completed"
    rig.office.excel.calculation = AUTOMATIC
    rig.desk.say("job", "refreshed")
    rig.pass_(3)
    assert rig.sheet.value("A1") == "refreshed"


def test_what_is_being_copied_stays_on_the_clipboard(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.pass_(1)
    rig.office.excel.copying = 1
    rig.desk.say("job", "running")
    rig.pass_(60)
    assert rig.sheet.value("A1") == "loading"
    assert rig.office.asked["calculate"] == 0
    rig.office.excel.copying = 0
    rig.pass_(5)
    assert rig.sheet.value("A1") == "running"


@pytest.mark.parametrize("large", [False, True])
def test_what_is_copied_during_a_search_stays_on_the_clipboard(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    rig.sheet.enter("A1", '=OF_ROWS("job")' if large else '=OF_STATUS("job")')
    formulas = rig.office.formulas

    def searched(book: str | None) -> Mapping[CellRef, str] | None:
        monkeypatch.undo()
        rig.office.excel.copying = 1
        return formulas(book)

    monkeypatch.setattr(rig.office, "formulas", searched)
    rig.desk.known["job"] = "running"
    rig.live.opened(WINDOW, rig.book.name)
    rig.pass_(30)
    assert (rig.sheet.value("A1"), rig.office.asked["mark"], rig.office.asked["calculate"]) == ("loading", 0, 0)
    rig.office.excel.copying = 0
    rig.pass_(5)
    assert rig.sheet.value("A1") == "running"


def test_a_busy_program_is_tried_ever_more_seldom_and_nothing_is_lost(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.pass_(1)
    rig.office.asked.clear()
    rig.office.busy = True
    for word in ("pending", "running"):
        rig.desk.say("job", word)
        rig.pass_(30)
    assert 15 <= rig.office.asked["visit"] <= 20
    rig.office.busy = False
    rig.pass_(5)
    assert rig.sheet.value("A1") == "running"


def test_paused_cells_stay_as_they_are_until_they_are_live_again(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.live.pause(WINDOW, paused=True)
    rig.desk.say("job", "running")
    rig.pass_(60)
    assert rig.sheet.value("A1") == "loading"
    assert rig.office.asked["mark"] == 0
    rig.live.pause(WINDOW, paused=False)
    rig.pass_(1)
    assert rig.sheet.value("A1") == "running"


def test_a_deleted_cell_is_noticed_while_paused(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.live.pause(WINDOW, paused=True)
    rig.desk.say("job", "running")
    rig.pass_(1)
    rig.sheet.clear("A1")
    rig.pass_(LIVENESS_INTERVAL + 1)
    assert not rig.desk.subscriptions


def test_where_marking_has_no_effect_the_formula_is_entered_again(rig: Rig) -> None:
    rig.office.deaf = rig.office.stubborn = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(2 * CALL_TIMEOUT + 5)
    assert rig.sheet.value("A1") == "running"
    rig.desk.say("job", "completed")
    rig.pass_(2)  # now it is known what works there
    assert rig.sheet.value("A1") == "completed"


@pytest.mark.parametrize("typed", ["my note", "=1+1", None])
def test_what_is_typed_over_a_cell_whose_formula_is_entered_again_stays(rig: Rig, typed: str | None) -> None:
    rig.office.deaf = rig.office.stubborn = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(2 * CALL_TIMEOUT + 5)
    assert rig.office.asked["enter"] == 1
    if typed == "=1+1":
        rig.sheet.enter("A1", typed)
    else:
        rig.sheet.type("A1", typed)
    shown = rig.sheet.value("A1")
    for word in ("running on", "completed"):
        rig.desk.say("job", word)
        rig.pass_(30)
    assert (rig.sheet.value("A1"), rig.office.asked["enter"]) == (shown, 1)


def test_a_formula_that_calls_nothing_any_more_is_left_alone(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.pass_(1)
    function = rig.office.excel.functions["OF_STATUS"]
    rig.office.excel.functions["OF_STATUS"] = lambda *_: [["another's"]]  # as behind an IF that is no longer so
    rig.desk.say("job", "running")
    rig.pass_(60)
    rig.office.asked.clear()
    rig.desk.say("job", "completed")
    rig.pass_(3_600)
    assert not rig.office.asked
    rig.office.excel.functions["OF_STATUS"] = function
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    assert rig.sheet.value("A1") == "completed"


def test_a_saved_book_stays_saved(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.book.saved = True
    rig.desk.say("job", "running")
    rig.pass_(3)
    assert rig.sheet.value("A1") == "running"
    assert rig.book.saved


def test_a_book_that_is_opened_shows_nothing_old(rig: Rig) -> None:
    rig.desk.known["job"] = "completed"
    book = rig.office.excel.open("Saved.xlsx")
    book.sheet("Sheet1").enter("B2", '=OF_STATUS("job")')
    book.sheet("Sheet1").values[2, 2] = "running"  # as it was saved
    rig.start()
    rig.live.opened(WINDOW, "Saved.xlsx")
    rig.pass_(3)
    assert book.sheet("Sheet1").value("B2") == "completed"


@pytest.mark.parametrize(
    ("formula", "shown", "entered"),
    [('=OF_STATUS("job")', "completed", 1), ('=IF(E1,"off",OF_STATUS("job"))', "running", 0)],
)
def test_a_cell_of_an_opened_book_that_nothing_else_calculates_is_entered_if_it_would_surely_call(
    rig: Rig, formula: str, shown: str, entered: int
) -> None:
    rig.desk.known["job"] = "completed"
    sheet = rig.office.excel.open("Saved.xlsx").sheet("Sheet1")
    sheet.enter("B2", formula)
    sheet.values[2, 2] = "running"  # as it was saved
    rig.start()
    rig.office.deaf = rig.office.stubborn = {"Sheet1"}
    rig.live.opened(WINDOW, "Saved.xlsx")
    rig.pass_(3_600)
    assert (sheet.value("B2"), rig.office.asked["enter"]) == (shown, entered)


def test_a_formula_of_an_opened_book_whose_function_is_another_one_is_entered_once(rig: Rig) -> None:
    rig.office.excel.functions["OF_STATUS"] = lambda *_: "another's"
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.live.opened(WINDOW, rig.book.name)
    rig.pass_(36_000)
    assert rig.office.asked["enter"] == 1


def test_a_cell_that_names_another_job_leaves_the_first_one(rig: Rig) -> None:
    rig.sheet.type("A1", "job1")
    rig.sheet.enter("B1", "=OF_STATUS(A1)")
    rig.pass_(5)
    rig.sheet.type("A1", "job2")
    rig.pass_(1)
    assert [told.job_id for told in rig.desk.subscriptions] == ["job2"]
    rig.pass_(5)
    rig.sheet.clear("A1")
    rig.pass_(1)
    assert not rig.desk.subscriptions


def test_a_formula_with_two_functions_follows_both_jobs(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job1")&OF_STATUS("job2")')
    for job in ("job1", "job2"):
        rig.desk.say(job, "running")
        rig.pass_(3)
    rig.desk.say("job1", "completed")
    rig.pass_(3)
    assert rig.sheet.value("A1") == "completedrunning"


def test_the_list_of_jobs_follows_what_jobs_do(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.sheet.enter("C1", "=OF_JOBS()")
    rig.pass_(5)
    rig.numbers["OF_JOBS"] = 2.0
    rig.desk.say("job", "running")
    rig.pass_(5)
    assert rig.sheet.value("C1") == 2.0
    rig.numbers["OF_JOBS"] = 3.0
    for tick in range(20):  # also while jobs change all the time
        rig.desk.say("job", f"running {tick}")
        rig.pass_(0.5)
    assert rig.sheet.value("C1") == 3.0


def test_a_slow_formula_with_two_functions_follows_both_jobs(rig: Rig) -> None:
    rig.cost = 1.2
    rig.sheet.enter("A1", '=OF_ROWS("job1")&OF_ROWS("job2")')
    rig.pass_(60)
    rig.desk.say("job1", "completed")
    rig.desk.say("job2", "running")
    rig.pass_(600)
    rig.desk.say("job1", "refreshed")
    rig.pass_(600)
    assert rig.sheet.value("A1") == "refreshedrunning"


def test_a_formula_with_forty_functions_follows_all_jobs(rig: Rig) -> None:
    rig.sheet.enter("A1", "=" + "&".join(f'OF_STATUS("job{number}")' for number in range(40)))
    rig.pass_(5)
    assert len(rig.desk.subscriptions) == 40
    rig.desk.say("job0", "running")
    rig.pass_(5)
    assert str(rig.sheet.value("A1")).startswith("running")


def test_a_job_that_was_named_for_a_moment_is_not_followed(rig: Rig) -> None:
    rig.sheet.type("A1", "job1")
    rig.sheet.enter("B1", "=OF_STATUS(A1)")
    rig.pass_(0.5)
    rig.sheet.type("A1", "job2")
    rig.pass_(60)
    assert rig.followed() == ["job2"]


def test_a_text_that_mentions_a_function_is_no_cell_of_ours(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.pass_(5)
    rig.sheet.type("A1", 'was OF_STATUS("job")')
    rig.pass_(60)
    assert not rig.followed()


def test_a_cell_that_calls_by_way_of_a_name_is_live_and_never_entered(rig: Rig) -> None:
    status = rig.office.excel.functions["OF_STATUS"]
    rig.office.excel.functions["MYSTATUS"] = lambda _, args, caller: status("OF_STATUS", args, caller)
    rig.sheet.enter("A1", '=MYSTATUS("job")')
    rig.pass_(300)
    rig.desk.say("job", "completed")
    rig.pass_(5)
    assert rig.sheet.value("A1") == "completed"
    rig.office.deaf = rig.office.stubborn = {"One"}
    rig.desk.say("job", "refreshed")
    rig.pass_(60)
    assert rig.office.asked["enter"] == 0


def test_a_function_behind_a_condition_that_is_no_longer_so_is_not_entered(rig: Rig) -> None:
    rig.sheet.type("E1", 1)
    rig.sheet.enter("A1", '=IF(E1,OF_STATUS("job"),"off")')
    rig.sheet.enter("B1", '=OF_STATUS("job")')
    rig.pass_(5)
    rig.sheet.type("E1", 0)
    for word in ("pending", "running", "completed"):
        rig.desk.say("job", word)
        rig.pass_(30)
    assert (rig.sheet.value("A1"), rig.sheet.value("B1")) == ("off", "completed")
    assert rig.office.asked["enter"] == 0


@pytest.mark.parametrize("change", ["inserted above", "first deleted", "inserted within and filled"])
def test_every_cell_of_a_list_is_live_wherever_it_is_moved(rig: Rig, change: str) -> None:
    jobs = [f"job{number}" for number in range(5)] if change != "inserted within and filled" else ["job"] * 5
    for row, job in enumerate(jobs, 1):
        rig.sheet.enter(f"A{row}", f'=OF_STATUS("{job}")')
        rig.desk.say(job, "running")
    rig.pass_(30)
    if change == "inserted above":
        rig.sheet.insert_rows(1)
        jobs = ["", *jobs]
    elif change == "first deleted":
        rig.sheet.delete_rows(1)
        del jobs[0]
    else:
        rig.sheet.insert_rows(3)
        rig.sheet.enter("A3", '=OF_STATUS("job")')
        jobs.append("job")
    for job in reversed(jobs):  # one after the other, the last first
        if job:
            rig.desk.say(job, "completed")
            rig.pass_(5)
    rig.pass_(30)
    shown = [rig.sheet.value(f"A{row}") or "" for row in range(1, len(jobs) + 1)]
    assert shown == [job and "completed" for job in jobs]
    assert rig.followed() == sorted({*jobs} - {""})


@pytest.mark.parametrize("obstacle", ["marking has no effect", "sheet renamed"])
def test_what_is_left_to_the_user_is_taken_back_when_calculation_is_automatic_again(rig: Rig, obstacle: str) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.pass_(5)
    rig.office.excel.calculation = MANUAL
    if obstacle == "sheet renamed":
        rig.sheet.rename("Three")
    else:
        rig.office.deaf = {"One"}
    rig.desk.say("job", "completed")
    rig.pass_(30)
    assert rig.sheet.value("A1") == "loading"
    rig.office.excel.calculation = AUTOMATIC
    rig.pass_(LIVENESS_INTERVAL + CALL_TIMEOUT + 5)
    assert rig.sheet.value("A1") == "completed"
    assert rig.office.asked["enter"] == 0


def test_in_manual_calculation_nothing_is_entered(rig: Rig) -> None:
    rig.office.deaf = rig.office.stubborn = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(30)
    assert rig.office.asked["enter"] == 1
    rig.office.excel.calculation = MANUAL
    rig.desk.say("job", "completed")
    rig.pass_(60)
    assert (rig.sheet.value("A1"), rig.office.asked["enter"]) == ("running", 1)


def test_cells_are_not_entered_for_ever(rig: Rig) -> None:
    rig.office.deaf = rig.office.stubborn = {"One"}
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(METHOD_RESET_INTERVAL + 3 * CALL_TIMEOUT)
    rig.office.deaf, rig.office.stubborn = set(), set()
    rig.office.asked.clear()
    rig.desk.say("job", "completed")
    rig.pass_(5)
    assert rig.sheet.value("A1") == "completed"
    assert rig.office.asked["enter"] == 0


def test_windows_that_are_gone_for_a_moment_are_not_the_end(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.pass_(1)
    rig.office.windowless = 2
    rig.desk.say("job", "running")
    rig.pass_(10)
    assert rig.sheet.value("A1") == "running"


def test_an_excel_without_books_stays_paused(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.live.pause(WINDOW, paused=True)
    rig.book.close()
    rig.pass_(60)
    assert not rig.followed()
    sheet = rig.office.excel.open("Other.xlsx").sheet("Sheet1")
    sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(60)
    assert sheet.value("A1") == "loading"


def test_many_small_cells_are_calculated_in_turns(rig: Rig) -> None:
    rig.small_cost = 0.01
    for row in range(1, 101):
        rig.sheet.enter(f"A{row}", '=OF_STATUS("job")')
    rig.pass_(0)
    rig.desk.say("job", "running")
    longest = 0.0
    for _ in range(600):
        began = rig.time.now
        rig.live.loop.step()
        longest = max(longest, rig.time.now - began)
        rig.time.now += 0.1
    assert longest <= 0.5 + 0.01  # the first turn guesses, the others take a fifth of a second
    assert {rig.sheet.value(f"A{row}") for row in range(1, 101)} == {"running"}


def test_what_a_job_costs_shows_when_the_balance_may_be_asked_for_again(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.sheet.enter("C1", "=OF_CREDITS()")
    rig.desk.say("job", "running")
    rig.pass_(5)
    rig.desk.say("job", "completed")
    rig.pass_(5)
    rig.numbers["OF_CREDITS"] = 6.0
    rig.pass_(MAX_AGE)
    assert rig.sheet.value("C1") == 6.0


def test_one_cell_that_cannot_be_looked_at_does_not_stop_the_others(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise OSError("the store is gone")

    place = CellRef("Book.xlsx", "One", "$C$1")
    rig.live.called(WINDOW, place, "call", {"job": Dependency(broken, "")}, large=False, began=rig.time.now)
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.desk.say("job", "running")
    rig.pass_(5)
    assert rig.sheet.value("A1") == "running"
    assert "could not be compared" in caplog.text


def test_jobs_are_known_cell_by_cell_and_which_cells_are_outdated() -> None:
    rig = Rig()
    shown = VisibleJobs(rig.live)
    assert shown.by_cell(WINDOW) == {}
    rig.sheet.enter("A1", '=OF_STATUS("one")&OF_STATUS("two")')
    rig.sheet.enter("A2", '=OF_STATUS("three")')
    rig.book.sheet("Two").enter("A1", '=OF_STATUS("four")')
    rig.office.excel.open("Other.xlsx").sheets[0].enter("A1", '=OF_STATUS("five")')
    rig.pass_(0)
    assert shown.by_cell(WINDOW) == {
        CellRef("Book.xlsx", "One", "$A$1"): {"one", "two"},
        CellRef("Book.xlsx", "One", "$A$2"): {"three"},
        CellRef("Book.xlsx", "Two", "$A$1"): {"four"},
        CellRef("Other.xlsx", "Sheet1", "$A$1"): {"five"},
    }
    assert shown.outdated(WINDOW) == frozenset()
    rig.live.pause(WINDOW, paused=True)
    rig.desk.say("three", "running")
    rig.pass_(10)
    assert shown.outdated(WINDOW) == {CellRef("Book.xlsx", "One", "$A$2")}
    assert shown.by_cell(WINDOW + 1) == {}
