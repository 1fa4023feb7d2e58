"""Results in cells of Calc: when they are computed, which cells are notified, and when they are dropped."""

from __future__ import annotations

import pytest

from tests.unit.hosts.calc.fake_calc import Rig
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions import context
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.registry import Function
from xl_openfunnel.hosts.calc.array_size import Size
from xl_openfunnel.hosts.calc.results import Result
from xl_openfunnel.hosts.calc.updater import (
    BUDGET_DIVISOR,
    LIVENESS_INTERVAL,
    MAX_CHARGED_SECONDS,
    MAX_STRETCH,
    MIN_INTERVAL,
)

CREDITS = REGISTRY["OF_CREDITS"]
JOBS = REGISTRY["OF_JOBS"]
ROWS = REGISTRY["OF_ROWS"]
STATUS = REGISTRY["OF_STATUS"]


@pytest.fixture(params=[False, True], ids=["headless", "window"])
def rig(request: pytest.FixtureRequest) -> Rig:
    rig = Rig()
    rig.calc.paints_at_once = request.param
    return rig


def test_a_cell_shows_every_state_of_its_job(rig: Rig) -> None:
    cell = rig.calc.enter(STATUS, "job")
    shown = [cell.block]
    for status in ("pending", "running", "completed"):
        rig.source.report("job", status)
        rig.advance(1)
        shown.append(cell.block)
    assert shown == [[["loading"]], [["pending"]], [["running"]], [["completed"]]]


def test_a_result_computed_while_its_cell_is_notified_of_loading_is_shown(rig: Rig) -> None:
    rig.source.statuses["job"] = "completed", 0
    rig.calc.while_notified = rig.updater.loop.step
    cell = rig.calc.enter(STATUS, "job")
    rig.calc.while_notified = lambda: None
    assert cell.block == [["loading"]]
    rig.advance(1)
    assert cell.block == [["completed"]]


def test_cells_with_the_same_call_share_one_result(rig: Rig) -> None:
    rig.source.statuses["job"] = "completed", 0
    cells = [rig.calc.enter(STATUS, "job") for _ in range(200)]
    rig.advance(1)
    rig.calc.recalculate()
    rig.advance(1)
    assert [cell.block for cell in cells] == [[["completed"]]] * 200
    assert rig.source.computed["job"] == 1
    assert len(rig.source.subscribers) == 1


def test_each_array_shows_the_block_in_its_own_size_and_a_larger_formula_gets_all_of_it(rig: Rig) -> None:
    rig.source.statuses["job"] = "completed", 3
    small = rig.calc.enter(ROWS, "job", size=Size(3, 2))
    large = rig.calc.enter(ROWS, "job", size=Size(5, 3))
    inside = rig.calc.enter(ROWS, "job", whole=False)
    rig.advance(2)
    assert small.block[:2] == [["rank", "name"], [1.0, "n1"]]
    assert str(small.block[2][0]).startswith("#OF! Not shown for want of cells: 2 rows.")
    assert large.block == [["rank", "name", ""], [1.0, "n1", ""], [2.0, "n2", ""], [3.0, "n3", ""], ["", "", ""]]
    assert inside.block == [["rank", "name"], [1.0, "n1"], [2.0, "n2"], [3.0, "n3"]]


def test_an_array_keeps_its_size_through_hard_recalculations_and_growth(rig: Rig) -> None:
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    for rows in (1, 2, 3):
        rig.source.report("job", "running", rows)
        rig.advance(5)
        rig.calc.recalculate()
        rig.advance(5)
        assert array.block == [
            ["rank", "name"],
            *([float(row), f"n{row}"] for row in range(1, rows + 1)),
            *[["", ""]] * (3 - rows),
        ]


def test_blocks_take_a_twentieth_of_the_time(rig: Rig) -> None:
    rig.seconds = 0.5
    rig.calc.enter(ROWS, "job", size=Size(2_000, 2))
    began = rig.clock.now
    for rows in range(1, 1_000):
        rig.source.report("job", "running", rows)
        rig.advance(0.5)
    assert 40 <= rig.source.computed["job"] <= (rig.clock.now - began) / (BUDGET_DIVISOR * rig.seconds) + 1


@pytest.mark.parametrize("takes_long", [False, True], ids=["at once", "elsewhere"])
def test_the_last_rows_of_a_job_that_has_ended_do_not_wait_for_their_share_of_the_time(
    rig: Rig, takes_long: bool
) -> None:
    rig.takes_long, rig.seconds = takes_long, MAX_CHARGED_SECONDS
    arrays = [rig.calc.enter(ROWS, "job", size=Size(rows, 2)) for rows in (4, 5)]

    def pass_on(status: str, rows: int) -> None:
        rig.source.report("job", status, rows)
        for _ in range(2):
            rig.advance(MIN_INTERVAL)
            rig.source.calculations.run()
        rig.advance(MIN_INTERVAL)

    pass_on("running", 2)
    pass_on("running", 3)
    pass_on("completed", 1)
    assert [[row[0] for row in array.block] for array in arrays] == [["rank", 1.0, "", ""], ["rank", 1.0, "", "", ""]]


def test_waiting_for_the_main_thread_is_not_charged(rig: Rig) -> None:
    rig.calc.on_main_thread = lambda: rig.spend(30)
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.advance(0)
    rig.calc.on_main_thread = lambda: None
    rig.source.report("job", "completed", 3)
    rig.advance(MIN_INTERVAL)
    assert array.block[-1] == [3.0, "n3"]


def test_however_many_cells_there_are_the_main_thread_is_ours_for_a_moment_only(rig: Rig) -> None:
    for number in range(100):
        rig.source.statuses[f"job-{number}"] = "completed", 3
        rig.calc.enter(ROWS, f"job-{number}")
    array = rig.calc.enter(ROWS, "job", size=Size(5, 2))
    rig.source.report("job", "running", 1)
    rig.advance(60)
    entered, began, stretches = rig.calc.times_entered, [0.0], [0.0]

    def paint() -> None:
        rig.calc.paint()
        began.append(rig.clock.now)

    def found() -> None:
        rig.spend(0.004)
        stretches.append(rig.clock.now - began[-1])

    rig.calc.on_main_thread, rig.calc.when_found = paint, found
    rig.calc.while_notified = lambda: rig.spend(MAX_STRETCH)
    for rows in (3, 2):
        rig.source.report("job", "completed", rows)
        rig.advance(5)
        assert [row[0] for row in array.block] == ["rank", *range(1, rows + 1), *[""] * (4 - rows)]
    assert MAX_STRETCH <= max(stretches) < MAX_STRETCH + 0.004
    assert rig.calc.times_entered == entered  # what is painted between finding and fitting keeps its size


def test_a_long_result_is_loading_and_holds_up_no_other(rig: Rig) -> None:
    rig.takes_long = True
    array, cell = rig.calc.enter(ROWS, "job", size=Size(4, 2)), rig.calc.enter(STATUS, "job")
    rig.source.report("job", "running", 3)
    rig.advance(MIN_INTERVAL)
    assert (cell.block, array.block[0][0]) == ([["running"]], "loading")
    assert rig.source.calculations.run() == 1
    rig.advance(MIN_INTERVAL)
    assert [row[0] for row in array.block] == ["rank", 1.0, 2.0, 3.0]
    rig.source.report("job", "completed", 2)
    rig.advance(MIN_INTERVAL)
    assert (cell.block, array.block[-1][0]) == ([["completed"]], 3.0)  # the last answer stays
    rig.source.calculations.run()
    rig.advance(MIN_INTERVAL)
    assert [row[0] for row in array.block] == ["rank", 1.0, 2.0, ""]


def test_a_long_result_that_no_cell_shows_any_more_is_not_calculated(rig: Rig) -> None:
    rig.takes_long = True
    rig.source.statuses["job"] = "completed", 3
    for name in ("job", "other", "third"):
        rig.calc.enter(ROWS, name)
    rig.advance(MIN_INTERVAL)
    rig.calc.close()
    rig.advance(MIN_INTERVAL)
    rig.source.calculations.run()
    assert not rig.source.computed


def test_one_slow_result_delays_the_next_by_no_more_than_the_charged_seconds(rig: Rig) -> None:
    rig.seconds = 1_000.0
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.advance(0)
    rig.source.report("job", "completed", 3)
    rig.advance(MAX_CHARGED_SECONDS * BUDGET_DIVISOR)
    assert array.block[-1] == [3.0, "n3"]


def test_after_a_hard_recalculation_a_cut_array_says_so_within_half_a_second(rig: Rig) -> None:
    rig.seconds = 0.5
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.source.report("job", "running", 9)
    rig.advance(60)
    rig.source.report("job", "running", 10)
    rig.advance(1)
    rig.source.report("job", "running", 11)  # which is for later
    rig.calc.recalculate()
    rig.advance(MIN_INTERVAL)
    assert str(array.block[-1][0]).startswith("#OF! Not shown for want of cells: 8 rows")


def test_small_results_are_computed_twice_a_second_at_most(rig: Rig) -> None:
    cell = rig.calc.enter(STATUS, "job")
    began = rig.clock.now
    for number in range(100):
        rig.source.report("job", f"running {number}")
        rig.advance(0.1)
    rig.advance(MIN_INTERVAL)
    assert rig.source.computed["job"] <= (rig.clock.now - began) / MIN_INTERVAL + 2
    assert cell.block == [["running 99"]]


@pytest.mark.parametrize("on_screen", [True, False])
def test_a_job_stays_subscribed_as_long_as_a_cell_shows_it(rig: Rig, on_screen: bool) -> None:
    rig.calc.enter(STATUS, "job")
    rig.calc.formulas[0].on_screen = on_screen
    rig.source.report("job", "running")
    rig.advance(3_600)
    assert len(rig.source.subscribers) == 1
    assert rig.source.computed["job"] == 1  # checking for its cells computes nothing again


def test_the_subscription_of_a_job_without_cells_ends_within_a_minute(rig: Rig) -> None:
    kept, gone = rig.calc.enter(STATUS, "kept"), rig.calc.enter(ROWS, "gone", size=Size(3, 2))
    rig.source.report("kept", "running")
    rig.source.report("gone", "running", 2)
    rig.advance(2 * LIVENESS_INTERVAL)
    rig.calc.formulas.remove(gone)
    rig.advance(3 * LIVENESS_INTERVAL)
    assert [job for job, _ in rig.source.subscribers] == ["kept"]
    rig.calc.formulas.remove(kept)
    rig.advance(3 * LIVENESS_INTERVAL)
    assert (rig.source.subscribers, rig.source.open_count) == ([], 0)
    assert rig.updater.loop.step() is None


def test_under_manual_calculation_no_result_is_dropped(rig: Rig) -> None:
    rig.calc.enter(STATUS, "job", on_screen=True)
    rig.source.report("job", "running")
    rig.advance(1)
    rig.calc.manual, rig.calc.formulas[0].on_screen = True, False
    rig.advance(3_600)
    assert len(rig.source.subscribers) == 1


@pytest.mark.parametrize("on_screen", [False, True])
def test_credits_are_requested_again_as_long_as_a_cell_shows_them(rig: Rig, on_screen: bool) -> None:
    cell = rig.calc.enter(CREDITS, "left", on_screen=on_screen)
    cell.calculate()
    rig.advance(1)

    def minutes(count: int) -> int:
        for _ in range(count):
            rig.source.credits_due = True
            rig.updater.topic_changed(context.CREDITS)
            rig.advance(60)
        return rig.source.credits_requests

    assert minutes(3) == 4
    rig.calc.formulas.remove(cell)
    assert minutes(3) == 4


def test_closing_the_document_closes_the_source_and_another_cell_opens_it_again(rig: Rig) -> None:
    rig.calc.enter(STATUS, "job")
    rig.calc.enter(ROWS, "job", size=Size(3, 2))
    rig.source.report("job", "running", 1)
    rig.advance(5)
    assert rig.source.open_count == 1
    rig.calc.close()
    rig.advance(0)
    assert (rig.source.open_count, rig.source.subscribers) == (0, [])
    cell = rig.calc.enter(STATUS, "job")
    rig.advance(1)
    assert (rig.source.open_count, cell.block) == (1, [["running"]])


def test_an_array_is_filled_later_if_the_main_thread_is_unavailable_now(rig: Rig) -> None:
    rig.source.statuses["job"] = "completed", 1
    rig.calc.unavailable = True
    array = rig.calc.enter(ROWS, "job", size=Size(2, 2))
    rig.advance(10)
    rig.calc.unavailable = False
    rig.advance(10)
    assert array.block == [["rank", "name"], [1.0, "n1"]]


def test_a_formula_is_entered_again_only_if_its_cells_are_not_known(rig: Rig) -> None:
    rig.calc.paints_at_once = True
    rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.calc.enter(ROWS, "other", size=Size(9, 3))
    for rows in range(1, 20):
        for job in ("job", "other"):
            rig.source.report(job, "running", rows)
        rig.advance(1)
    assert rig.calc.times_entered == 3  # the second array was first taken for one that shows the first job
    rig.calc.recalculate()
    rig.advance(5)
    assert rig.calc.times_entered == 5  # a hard recalculation does not tell which cells call


@pytest.mark.parametrize("inner", [ROWS, JOBS])
def test_only_the_outermost_call_of_an_array_has_its_size(rig: Rig, inner: Function) -> None:
    rig.source.statuses.update(job=("completed", 3), other=("completed", 9))
    rig.calc.enter(inner, "other", whole=False)
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2), arguments=((inner, "other"),))
    rig.advance(5)
    own = rig.updater.arrays.result_in(array)
    assert own is not None
    assert own.arguments == ("job",)
    assert array.block == [["rank", "name"], *([float(row), f"n{row}"] for row in (1, 2, 3))]
    sized = [sized for sized in rig.calc.shown if sized.result.arguments == ("other",)]
    assert [each.size for each in sized] == [None]


def test_a_formula_that_computes_with_a_block_does_not_make_it_computed_more_often(rig: Rig) -> None:
    rig.source.statuses["job"] = "completed", 3
    inside = rig.calc.enter(ROWS, "job", whole=False)
    rig.advance(3_600)
    assert len(inside.block) == 4
    assert rig.source.computed["job"] <= 2


def test_the_list_of_jobs_is_updated_while_jobs_change_all_the_time(rig: Rig) -> None:
    listing = rig.calc.enter(JOBS, "")
    rig.calc.enter(STATUS, "job")
    rig.advance(1)
    for second in range(20):
        rig.source.report("job", f"running {second}")
        rig.advance(1)
    assert listing.block != [["0 seen"]]


def test_a_result_follows_a_list_that_another_process_sets(rig: Rig) -> None:
    count = rig.calc.enter(REGISTRY["OF_NEW"], "job")
    rig.advance(60)
    assert count.block == [[7.0]]
    rig.new_count = 5.0
    rig.advance(5)
    assert count.block == [[5.0]]


def test_a_callback_for_a_known_result_is_called_once_when_there_is_something_to_show(rig: Rig) -> None:
    done: list[Result] = []
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    result = rig.updater.arrays.result_in(array)
    assert result is not None
    rig.updater.when_known(result, done.append)
    rig.advance(60)
    assert done == []
    rig.source.report("job", "running", 3)
    rig.advance(1)
    assert done == [result]
    rig.source.report("job", "completed", 4)
    rig.advance(60)
    assert done == [result]


def test_a_callback_waits_for_what_has_just_changed_and_is_being_calculated(rig: Rig) -> None:
    rig.source.report("job", "running", 3)
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.advance(60)
    result = rig.updater.arrays.result_in(array)
    assert result is not None
    assert not rig.updater.is_behind(result)
    rig.takes_long = True
    rig.source.report("job", "completed", 4)
    assert rig.updater.is_behind(result)
    sizes: list[int] = []
    rig.updater.when_known(result, lambda known: sizes.append(len(known.block)))
    rig.advance(60)
    assert (sizes, rig.updater.is_behind(result)) == ([], True)
    rig.source.calculations.run()
    rig.advance(60)
    assert (sizes, rig.updater.is_behind(result)) == ([5], False)


def test_a_callback_that_fails_since_its_document_was_closed_harms_nothing(rig: Rig) -> None:
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    result = rig.updater.arrays.result_in(array)
    assert result is not None
    rig.updater.when_known(result, lambda _: 1 / 0)
    rig.source.report("job", "running", 2)
    rig.advance(1)
    rig.source.report("job", "completed", 3)
    rig.advance(MIN_INTERVAL)
    assert array.block[-1] == [3.0, "n3"]


def test_cells_whose_result_was_dropped_before_they_listened_show_its_successor(rig: Rig) -> None:
    early = rig.result_for(STATUS, "job")
    rig.updater.remove_listener(early, lambda _: None)  # another document is closed
    rig.advance(0)
    cell = rig.calc.enter(STATUS, "job")
    shown: list[Block] = []
    rig.updater.add_listener(early, shown.append)
    for status in ("running", "completed"):
        rig.source.report("job", status)
        rig.advance(1)
        assert shown[-1] == cell.block == [[status]]
    rig.updater.remove_listener(early, shown.append)
    rig.calc.close()
    rig.advance(0)
    assert rig.source.subscribers == []


def test_cells_that_listen_to_a_result_just_when_it_is_dropped_follow_their_job(rig: Rig) -> None:
    rig.calc.enter(STATUS, "job")
    rig.source.report("job", "pending")
    rig.advance(1)
    early = rig.result_for(STATUS, "job")  # in a document that is opened while the other is closed
    rig.calc.close()
    rig.advance(1)
    shown: list[Block] = []
    rig.updater.add_listener(early, shown.append)
    rig.advance(1)
    rig.source.report("job", "completed")
    rig.advance(1)
    assert shown[-1] == [["completed"]]


def test_a_listener_that_fails_and_is_removed_harms_no_other(rig: Rig) -> None:
    sized = rig.result_for(STATUS, "job")
    shown: list[Block] = []

    def gone(_: Block) -> None:
        if len(sized.listeners) == 2:
            sized.listeners.remove(gone)
            raise RuntimeError

    rig.updater.add_listener(sized, gone)
    rig.updater.add_listener(sized, shown.append)
    rig.source.report("job", "running")
    rig.advance(1)
    assert shown[-1] == [["running"]]


def test_all_results_that_cells_request_are_collected_while_liveness_is_checked(rig: Rig) -> None:
    for job in ("a", "b"):
        rig.calc.enter(STATUS, job)
        rig.source.report(job, "running")
    rig.advance(1)
    first, second = rig.calc.formulas

    def calculate() -> None:
        for formula in (first, second):
            formula.enter()
            rig.clock.now += 2 * LIVENESS_INTERVAL
            rig.updater.loop.step()

    called = rig.updater.results_called_by(calculate)
    assert {result.arguments for result in called} == {("a",), ("b",)}
