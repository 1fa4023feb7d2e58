"""Live cells: when they are recalculated, and when they are left alone."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.hosts.excel.live_cells.books import PID, WINDOW, Rig
from xl_openfunnel.functions.context import Dependency
from xl_openfunnel.functions.credits import MAX_AGE
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.live_cells.throttle import LIVENESS_INTERVAL
from xl_openfunnel.hosts.excel.live_cells.updater import VisibleJobs
from xl_openfunnel.workbook.sources import sheet_texts


def calls(rig: Rig) -> dict[str, int]:
    """How often each cell was recalculated, by its address."""
    return {cell.rpartition("!")[2]: number for cell, number in rig.host.excel.calls.items()}


def test_a_cell_shows_every_state_of_its_job(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    shown = [rig.sheet.value("A1")]
    for status in ("pending", "running", "completed"):
        rig.fetcher.report("job", status)
        rig.advance(3)
        shown.append(rig.sheet.value("A1"))
    assert shown == ["loading", "pending", "running", "completed"]


def test_a_change_between_the_call_and_its_event_is_not_missed(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.statuses["job"] = "running"  # after the call, before its event is handled
    rig.advance(3)
    assert rig.sheet.value("A1") == "running"


def test_after_the_last_job_is_final_excel_is_left_alone(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "completed")
    rig.advance(5)
    rig.host.calls.clear()
    rig.advance(36_000)
    assert not rig.host.calls
    assert rig.updater.loop.step() is None


def test_a_refreshed_job_is_shown_again(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "completed")
    rig.advance(3_600)
    rig.fetcher.report("job", "running")
    rig.advance(3)
    assert rig.sheet.value("A1") == "running"


def test_small_cells_are_recalculated_together_every_two_seconds_at_most(rig: Rig) -> None:
    for row in range(1, 51):
        rig.sheet.enter(f"A{row}", f'=OF_STATUS("job{row}")')
    rig.advance(0)
    rig.host.calls.clear()
    for tick in range(100):
        for row in range(1, 51):
            rig.fetcher.report(f"job{row}", f"running {tick}")
        rig.advance(0.1)
    assert rig.host.calls["calculate"] <= 6
    rig.advance(2)
    assert {rig.sheet.value(f"A{row}") for row in range(1, 51)} == {"running 99"}


def test_large_blocks_take_a_twentieth_of_the_time_together(rig: Rig) -> None:
    rig.large_seconds = 0.5
    for row in range(1, 5):
        rig.sheet.enter(f"A{row}", f'=OF_ROWS("job{row}")')
    rig.advance(0)
    rig.host.excel.calls.clear()
    began = rig.clock.now
    for tick in range(600):
        for row in range(1, 5):
            rig.fetcher.report(f"job{row}", f"running {tick}")
        rig.advance(0.5)
    calls = rig.host.excel.calls
    assert 25 <= sum(calls.values()) <= (rig.clock.now - began) / (20 * rig.large_seconds) + 1
    assert max(calls.values()) - min(calls.values()) <= 1  # and they take turns


@pytest.mark.parametrize("cost", [5, 20, 60])
def test_slow_blocks_take_a_twentieth_of_the_time_too(rig: Rig, cost: float) -> None:
    rig.sheet.enter("A1", '=OF_ROWS("slow")')
    rig.sheet.enter("C1", '=OF_ROWS("fast")')
    rig.advance(0)
    rig.job_seconds = {"slow": cost, "fast": 0.5}
    rig.host.excel.calls.clear()
    began = rig.clock.now
    for tick in range(4_000):
        rig.fetcher.report("slow", f"running {tick}")
        rig.fetcher.report("fast", f"running {tick}")
        rig.advance(5)
    taken = sum(number * rig.job_seconds["slow" if "A" in cell else "fast"] for cell, number in calls(rig).items())
    assert 5 * cost < taken <= cost + (rig.clock.now - began) / 20  # the last recalculation is not charged yet


@pytest.mark.parametrize("formula", ['=OF_ROWS("job")', '=OF_STATUS("job")'])
def test_a_recalculation_that_waited_for_the_user_is_not_charged_for_long(rig: Rig, formula: str) -> None:
    rig.sheet.enter("A1", formula)
    rig.advance(0)
    rig.job_seconds = {"job": 3_600}
    rig.fetcher.report("job", "running")
    rig.advance(5)
    assert rig.sheet.value("A1") == "running"
    rig.job_seconds = {}
    rig.fetcher.report("job", "completed")
    rig.advance(100)
    assert rig.sheet.value("A1") == "completed"


@pytest.mark.parametrize("gone", ["cell", "row", "sheet", "book", "everything"])
def test_the_subscription_of_a_job_without_cells_ends_within_a_minute(rig: Rig, gone: str) -> None:
    other = rig.host.excel.open("Other.xlsx")
    for row in range(1, 4):
        rig.sheet.enter(f"A{row}", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(5)
    assert len(rig.fetcher.subscriptions) == 1
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
    rig.advance(60 if gone == "everything" else LIVENESS_INTERVAL + 5)
    assert not rig.fetcher.subscriptions


def test_a_job_stays_subscribed_while_one_cell_is_left(rig: Rig) -> None:
    for row in range(1, 4):
        rig.sheet.enter(f"A{row}", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(5)
    rig.sheet.clear("A1:A2")
    rig.advance(300)
    assert len(rig.fetcher.subscriptions) == 1
    rig.fetcher.report("job", "completed")
    rig.advance(3)
    assert rig.sheet.value("A3") == "completed"


@pytest.mark.parametrize("change", ["rows inserted", "sheet renamed", "book renamed"])
def test_a_cell_is_found_again_where_it_is_now(rig: Rig, change: str) -> None:
    for row in (1, 2, 3):
        rig.sheet.enter(f"A{row}", f'=OF_STATUS("job{row}")')
    rig.advance(5)
    if change == "rows inserted":
        rig.sheet.insert_rows(1)
    elif change == "sheet renamed":
        rig.sheet.rename("Three")
    else:
        rig.book.save_as("Renamed.xlsx")
    for row in (1, 2, 3):
        rig.fetcher.report(f"job{row}", "completed")
    rig.advance(30)
    rows = (2, 3, 4) if change == "rows inserted" else (1, 2, 3)
    assert [rig.sheet.value(f"A{row}") for row in rows] == ["completed"] * 3
    assert rig.host.calls["enter"] == 0


def test_a_book_that_is_opened_is_recalculated(rig: Rig) -> None:
    rig.fetcher.statuses["job"] = "completed"
    book = rig.host.excel.open("Saved.xlsx")
    book.sheet("Sheet1").enter("B2", '=OF_STATUS("job")')
    book.sheet("Sheet1").values[2, 2] = "running"  # as it was saved
    rig.start()
    rig.updater.opened(WINDOW, "Saved.xlsx")
    rig.advance(3)
    assert book.sheet("Sheet1").value("B2") == "completed"


def test_cells_that_called_before_python_served_are_found_in_all_books(rig: Rig) -> None:
    rig.fetcher.statuses["job"] = "completed"
    books = [rig.host.excel.open(name) for name in ("Book 1.xlsx", "Book 2.xlsx")]
    for book in books:
        book.sheet("Sheet1").enter("B2", '=OF_STATUS("job")')
        book.sheet("Sheet1").values[2, 2] = "starting"
    rig.start()
    rig.host.busy = True
    rig.updater.started(PID)
    rig.advance(3)
    rig.host.busy = False
    rig.advance(6)
    assert [book.sheet("Sheet1").value("B2") for book in books] == ["completed"] * 2


def test_the_hint_that_macros_are_off_goes_where_a_workbook_without_a_job_is_opened(rig: Rig) -> None:
    sheet = rig.host.excel.open("OpenFunnel.xlsm").sheet("Sheet1")
    sheet.enter("B9", "=OF_STATUS(B8)")
    sheet.values[9, 2] = sheet_texts().start.no_macros  # as it is in the file
    rig.start()
    rig.updater.opened(WINDOW, "OpenFunnel.xlsm")
    rig.advance(3)
    assert sheet.value("B9") == ""


def test_a_cell_that_names_another_job_no_longer_depends_on_the_first(rig: Rig) -> None:
    rig.sheet.type("A1", "job1")
    rig.sheet.enter("B1", "=OF_STATUS(A1)")
    rig.advance(5)
    rig.sheet.type("A1", "job2")
    rig.advance(1)
    assert [told.job_id for told in rig.fetcher.subscriptions] == ["job2"]
    rig.advance(5)
    rig.sheet.clear("A1")
    rig.advance(1)
    assert not rig.fetcher.subscriptions


def test_the_list_of_jobs_is_updated_when_jobs_change(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.sheet.enter("C1", "=OF_JOBS()")
    rig.advance(5)
    rig.values["OF_JOBS"] = 2.0
    rig.fetcher.report("job", "running")
    rig.advance(5)
    assert rig.sheet.value("C1") == 2.0
    rig.values["OF_JOBS"] = 3.0
    for tick in range(20):  # also while jobs change all the time
        rig.fetcher.report("job", f"running {tick}")
        rig.advance(0.5)
    assert rig.sheet.value("C1") == 3.0


def test_a_cell_follows_a_list_that_another_process_sets(rig: Rig) -> None:
    rig.sheet.enter("C1", '=OF_NEW("job")')
    rig.advance(60)
    rig.values["OF_NEW"] = 5.0
    rig.advance(5)
    assert rig.sheet.value("C1") == 5.0
    rig.sheet.enter("C1", "")
    rig.advance(60)


def test_a_slow_formula_with_two_functions_depends_on_both_jobs(rig: Rig) -> None:
    rig.large_seconds = 1.2
    rig.sheet.enter("A1", '=OF_ROWS("job1")&OF_ROWS("job2")')
    rig.advance(60)
    rig.fetcher.report("job1", "completed")
    rig.fetcher.report("job2", "running")
    rig.advance(600)
    rig.fetcher.report("job1", "refreshed")
    rig.advance(600)
    assert rig.sheet.value("A1") == "refreshedrunning"


def test_a_formula_with_forty_functions_depends_on_all_jobs(rig: Rig) -> None:
    rig.sheet.enter("A1", "=" + "&".join(f'OF_STATUS("job{number}")' for number in range(40)))
    rig.advance(5)
    assert len(rig.fetcher.subscriptions) == 40
    rig.fetcher.report("job0", "running")
    rig.advance(5)
    assert str(rig.sheet.value("A1")).startswith("running")


def test_a_job_that_was_named_for_a_moment_loses_its_subscription(rig: Rig) -> None:
    rig.sheet.type("A1", "job1")
    rig.sheet.enter("B1", "=OF_STATUS(A1)")
    rig.advance(0.5)
    rig.sheet.type("A1", "job2")
    rig.advance(60)
    assert rig.subscribed_jobs() == ["job2"]


def test_a_text_that_mentions_a_function_is_no_live_cell(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(5)
    rig.sheet.type("A1", 'was OF_STATUS("job")')
    rig.advance(60)
    assert not rig.subscribed_jobs()


def test_a_cell_that_calls_through_a_defined_name_is_live_and_never_entered_again(rig: Rig) -> None:
    status = rig.host.excel.functions["OF_STATUS"]
    rig.host.excel.functions["MYSTATUS"] = lambda _, args, caller: status("OF_STATUS", args, caller)
    rig.sheet.enter("A1", '=MYSTATUS("job")')
    rig.advance(300)
    rig.fetcher.report("job", "completed")
    rig.advance(5)
    assert rig.sheet.value("A1") == "completed"
    rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = {"One"}
    rig.fetcher.report("job", "refreshed")
    rig.advance(60)
    assert rig.host.calls["enter"] == 0


@pytest.mark.parametrize("change", ["inserted above", "first deleted", "inserted within and filled"])
def test_every_cell_of_a_list_stays_live_when_it_is_moved(rig: Rig, change: str) -> None:
    jobs = [f"job{number}" for number in range(5)] if change != "inserted within and filled" else ["job"] * 5
    for row, job in enumerate(jobs, 1):
        rig.sheet.enter(f"A{row}", f'=OF_STATUS("{job}")')
        rig.fetcher.report(job, "running")
    rig.advance(30)
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
            rig.fetcher.report(job, "completed")
            rig.advance(5)
    rig.advance(30)
    shown = [rig.sheet.value(f"A{row}") or "" for row in range(1, len(jobs) + 1)]
    assert shown == [job and "completed" for job in jobs]
    assert rig.subscribed_jobs() == sorted({*jobs} - {""})


def test_cells_survive_windows_that_are_gone_for_a_moment(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    rig.host.windowless_visits = 2
    rig.fetcher.report("job", "running")
    rig.advance(10)
    assert rig.sheet.value("A1") == "running"


def test_an_excel_that_shows_no_workbook_is_kept_while_its_process_lives(rig: Rig) -> None:
    """It shows the tab File for a while, or hidden workbooks only; nothing says that its cells can be seen again."""
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    for minutes, status in ((0.1, "pending"), (5, "running"), (60, "completed")):
        rig.host.windowless_visits = 10_000
        rig.fetcher.report("job", status)
        rig.advance(60 * minutes)
        assert rig.subscribed_jobs() == ([] if minutes > 1 else ["job"])
        rig.host.windowless_visits = 0
        rig.advance(10)
        assert rig.sheet.value("A1") == status
    assert not rig.host.calls["enter"]


def test_an_excel_that_has_ended_is_forgotten(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.advance(1)
    rig.host.windowless_visits, rig.host.running = 10_000, False
    rig.fetcher.report("job", "running")
    rig.advance(5)
    assert not rig.subscribed_jobs()
    assert rig.updater.loop.step() is None


def test_an_excel_that_comes_to_the_front_is_recalculated_less_and_less_often(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')

    def intervals(count: int) -> list[float]:
        """The seconds between recalculations while the job changes all the time."""
        times: list[float] = []
        while len(times) <= count:
            rig.host.excel.calls.clear()
            rig.fetcher.report("job", f"at {rig.clock.now}")
            rig.advance(0.5)
            times += [rig.clock.now] if calls(rig) else []
        return [later - time for time, later in itertools.pairwise(times)]

    assert intervals(3)[1:] == [2.0, 2.0]
    rig.host.takes_foreground = True
    assert intervals(7) == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    rig.host.takes_foreground = False
    assert intervals(3)[1:] == [2.0, 2.0]


def test_an_excel_without_books_stays_paused(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.updater.pause(WINDOW, paused=True)
    rig.book.close()
    rig.advance(60)
    assert not rig.subscribed_jobs()
    sheet = rig.host.excel.open("Other.xlsx").sheet("Sheet1")
    sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(60)
    assert sheet.value("A1") == "loading"


def test_many_small_cells_are_recalculated_in_batches(rig: Rig) -> None:
    rig.small_seconds = 0.01
    for row in range(1, 101):
        rig.sheet.enter(f"A{row}", '=OF_STATUS("job")')
    rig.advance(0)
    rig.fetcher.report("job", "running")
    longest = 0.0
    for _ in range(600):
        began = rig.clock.now
        rig.updater.loop.step()
        longest = max(longest, rig.clock.now - began)
        rig.clock.now += 0.1
    assert longest <= 0.5 + 0.01  # the first batch is a guess, the others take a fifth of a second
    assert {rig.sheet.value(f"A{row}") for row in range(1, 101)} == {"running"}


def test_the_cost_of_a_job_shows_when_credits_may_be_requested_again(rig: Rig) -> None:
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.sheet.enter("C1", "=OF_CREDITS()")
    rig.fetcher.report("job", "running")
    rig.advance(5)
    rig.fetcher.report("job", "completed")
    rig.advance(5)
    rig.values["OF_CREDITS"] = 6.0
    rig.advance(MAX_AGE)
    assert rig.sheet.value("C1") == 6.0


def test_a_cell_whose_dependencies_raise_does_not_stop_the_others(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise OSError("the store is gone")

    place = CellRef("Book.xlsx", "One", "$C$1")
    rig.updater.called(WINDOW, place, "call", {"job": Dependency(broken, "")}, large=False, began=rig.clock.now)
    rig.sheet.enter("A1", '=OF_STATUS("job")')
    rig.fetcher.report("job", "running")
    rig.advance(5)
    assert rig.sheet.value("A1") == "running"
    assert "could not be compared" in caplog.text


def test_the_jobs_of_each_cell_and_the_outdated_cells_are_known() -> None:
    rig = Rig()
    shown = VisibleJobs(rig.updater, rig.calculations)
    assert shown.by_cell(WINDOW) == {}
    rig.sheet.enter("A1", '=OF_STATUS("one")&OF_STATUS("two")')
    rig.sheet.enter("A2", '=OF_STATUS("three")')
    rig.book.sheet("Two").enter("A1", '=OF_STATUS("four")')
    rig.host.excel.open("Other.xlsx").sheets[0].enter("A1", '=OF_STATUS("five")')
    rig.advance(0)
    assert shown.by_cell(WINDOW) == {
        CellRef("Book.xlsx", "One", "$A$1"): {"one", "two"},
        CellRef("Book.xlsx", "One", "$A$2"): {"three"},
        CellRef("Book.xlsx", "Two", "$A$1"): {"four"},
        CellRef("Other.xlsx", "Sheet1", "$A$1"): {"five"},
    }
    assert shown.outdated(WINDOW) == frozenset()
    rig.updater.pause(WINDOW, paused=True)
    rig.fetcher.report("three", "running")
    rig.advance(10)
    assert shown.outdated(WINDOW) == {CellRef("Book.xlsx", "One", "$A$2")}
    assert shown.by_cell(WINDOW + 1) == {}
