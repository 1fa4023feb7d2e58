"""Answers in cells of Calc: when they are made, who is told, and when a job is let go of."""

from __future__ import annotations

import pytest

from tests.unit.hosts.calc.fake_calc import Rig
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions import context
from xl_openfunnel.functions.catalog import CREDITS, JOBS, ROWS, STATUS, Function
from xl_openfunnel.hosts.calc.array_size import Size
from xl_openfunnel.hosts.calc.results import Result
from xl_openfunnel.hosts.calc.updater import BUDGET_DIVISOR, LIVENESS_INTERVAL, MAX_CHARGED_SECONDS, MIN_INTERVAL


@pytest.fixture(params=[False, True], ids=["headless", "window"])
def rig(request: pytest.FixtureRequest) -> Rig:
    made = Rig()
    made.calc.at_once = request.param
    return made


def test_a_cell_follows_its_job_through_all_its_states(rig: Rig) -> None:
    cell = rig.calc.enter(STATUS, "job")
    shown = [cell.block]
    for word in ("pending", "running", "completed"):
        rig.desk.say("job", word)
        rig.pass_(1)
        shown.append(cell.block)
    assert shown == [[["loading"]], [["pending"]], [["running"]], [["completed"]]]


def test_an_answer_that_comes_while_its_cell_is_told_of_loading_is_told_too(rig: Rig) -> None:
    rig.desk.known["job"] = "completed", 0
    rig.calc.meanwhile = rig.answers.loop.step
    cell = rig.calc.enter(STATUS, "job")
    rig.calc.meanwhile = lambda: None
    assert cell.block == [["loading"]]
    rig.pass_(1)
    assert cell.block == [["completed"]]


def test_cells_that_call_alike_share_one_answer(rig: Rig) -> None:
    rig.desk.known["job"] = "completed", 0
    cells = [rig.calc.enter(STATUS, "job") for _ in range(200)]
    rig.pass_(1)
    rig.calc.recalculate()
    rig.pass_(1)
    assert [cell.block for cell in cells] == [[["completed"]]] * 200
    assert rig.desk.made["job"] == 1
    assert len(rig.desk.followers) == 1


def test_each_array_has_the_block_in_its_own_size_and_a_larger_formula_has_all_of_it(rig: Rig) -> None:
    rig.desk.known["job"] = "completed", 3
    small = rig.calc.enter(ROWS, "job", size=Size(3, 2))
    large = rig.calc.enter(ROWS, "job", size=Size(5, 3))
    inside = rig.calc.enter(ROWS, "job", whole=False)
    rig.pass_(2)
    assert small.block[:2] == [["rank", "name"], [1.0, "n1"]]
    assert str(small.block[2][0]).startswith("#OF! Not shown for want of cells: 2 rows.")
    assert large.block == [["rank", "name", ""], [1.0, "n1", ""], [2.0, "n2", ""], [3.0, "n3", ""], ["", "", ""]]
    assert inside.block == [["rank", "name"], [1.0, "n1"], [2.0, "n2"], [3.0, "n3"]]


def test_an_array_keeps_its_size_through_hard_recalculations_and_growth(rig: Rig) -> None:
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    for rows in (1, 2, 3):
        rig.desk.say("job", "running", rows)
        rig.pass_(5)
        rig.calc.recalculate()
        rig.pass_(5)
        assert array.block == [
            ["rank", "name"],
            *([float(row), f"n{row}"] for row in range(1, rows + 1)),
            *[["", ""]] * (3 - rows),
        ]


def test_blocks_take_a_twentieth_of_the_time(rig: Rig) -> None:
    rig.cost = 0.5
    rig.calc.enter(ROWS, "job", size=Size(2_000, 2))
    begun = rig.time.now
    for rows in range(1, 1_000):
        rig.desk.say("job", "running", rows)
        rig.pass_(0.5)
    assert 40 <= rig.desk.made["job"] <= (rig.time.now - begun) / (BUDGET_DIVISOR * rig.cost) + 1


def test_what_is_done_once_and_what_the_office_does_meanwhile_hold_nothing_back(rig: Rig) -> None:
    rig.desk.prepared = lambda: rig.spend(2)
    rig.calc.away_for = lambda: rig.spend(30)
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.pass_(0)
    rig.desk.prepared = rig.calc.away_for = lambda: None
    rig.desk.say("job", "completed", 3)
    rig.pass_(MIN_INTERVAL)
    assert array.block[-1] == [3.0, "n3"]


def test_one_slow_answer_holds_the_next_back_for_no_longer_than_what_counts(rig: Rig) -> None:
    rig.cost = 1_000.0
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.pass_(0)
    rig.desk.say("job", "completed", 3)
    rig.pass_(MAX_CHARGED_SECONDS * BUDGET_DIVISOR)
    assert array.block[-1] == [3.0, "n3"]


def test_after_a_hard_recalculation_an_array_is_cut_without_a_word_for_no_longer_than_one_reads(rig: Rig) -> None:
    rig.cost = 0.5
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.desk.say("job", "running", 9)
    rig.pass_(60)
    rig.desk.say("job", "running", 10)
    rig.pass_(1)
    rig.desk.say("job", "running", 11)  # which is for later
    rig.calc.recalculate()
    rig.pass_(MIN_INTERVAL)
    assert str(array.block[-1][0]).startswith("#OF! Not shown for want of cells: 8 rows")


def test_small_answers_are_not_made_more_often_than_one_can_read(rig: Rig) -> None:
    cell = rig.calc.enter(STATUS, "job")
    begun = rig.time.now
    for number in range(100):
        rig.desk.say("job", f"running {number}")
        rig.pass_(0.1)
    rig.pass_(MIN_INTERVAL)
    assert rig.desk.made["job"] <= (rig.time.now - begun) / MIN_INTERVAL + 2
    assert cell.block == [["running 99"]]


@pytest.mark.parametrize("on_screen", [True, False])
def test_a_job_is_followed_as_long_as_a_cell_shows_it(rig: Rig, on_screen: bool) -> None:
    rig.calc.enter(STATUS, "job")
    rig.calc.formulas[0].on_screen = on_screen
    rig.desk.say("job", "running")
    rig.pass_(3_600)
    assert len(rig.desk.followers) == 1
    assert rig.desk.made["job"] == 1  # looking whether it is there makes nothing anew


def test_within_a_minute_nobody_follows_a_job_without_cells(rig: Rig) -> None:
    kept, gone = rig.calc.enter(STATUS, "kept"), rig.calc.enter(ROWS, "gone", size=Size(3, 2))
    rig.desk.say("kept", "running")
    rig.desk.say("gone", "running", 2)
    rig.pass_(2 * LIVENESS_INTERVAL)
    rig.calc.formulas.remove(gone)
    rig.pass_(3 * LIVENESS_INTERVAL)
    assert [job for job, _ in rig.desk.followers] == ["kept"]
    rig.calc.formulas.remove(kept)
    rig.pass_(3 * LIVENESS_INTERVAL)
    assert (rig.desk.followers, rig.desk.open) == ([], 0)
    assert rig.answers.loop.step() is None


def test_where_the_user_calculates_by_hand_nothing_is_let_go_of_unasked(rig: Rig) -> None:
    rig.calc.enter(STATUS, "job", on_screen=True)
    rig.desk.say("job", "running")
    rig.pass_(1)
    rig.calc.by_hand, rig.calc.formulas[0].on_screen = True, False
    rig.pass_(3_600)
    assert len(rig.desk.followers) == 1


@pytest.mark.parametrize("on_screen", [False, True])
def test_credits_are_asked_for_again_as_long_as_a_cell_shows_them(rig: Rig, on_screen: bool) -> None:
    cell = rig.calc.enter(CREDITS, "left", on_screen=on_screen)
    cell.calculate()
    rig.pass_(1)

    def minutes(count: int) -> int:
        for _ in range(count):
            rig.desk.credits_due = True
            rig.answers.topic_changed(context.CREDITS)
            rig.pass_(60)
        return rig.desk.credits_asked

    assert minutes(3) == 4
    rig.calc.formulas.remove(cell)
    assert minutes(3) == 4


def test_with_the_document_all_ends_and_begins_anew_with_the_next(rig: Rig) -> None:
    rig.calc.enter(STATUS, "job")
    rig.calc.enter(ROWS, "job", size=Size(3, 2))
    rig.desk.say("job", "running", 1)
    rig.pass_(5)
    assert rig.desk.open == 1
    rig.calc.close()
    rig.pass_(0)
    assert (rig.desk.open, rig.desk.followers) == (0, [])
    cell = rig.calc.enter(STATUS, "job")
    rig.pass_(1)
    assert (rig.desk.open, cell.block) == (1, [["running"]])


def test_an_array_is_filled_later_where_the_office_has_no_time_now(rig: Rig) -> None:
    rig.desk.known["job"] = "completed", 1
    rig.calc.away = True
    array = rig.calc.enter(ROWS, "job", size=Size(2, 2))
    rig.pass_(10)
    rig.calc.away = False
    rig.pass_(10)
    assert array.block == [["rank", "name"], [1.0, "n1"]]


def test_a_formula_is_entered_once_more_only_where_its_cells_are_not_known(rig: Rig) -> None:
    rig.calc.at_once = True
    rig.calc.enter(ROWS, "job", size=Size(4, 2))
    rig.calc.enter(ROWS, "other", size=Size(9, 3))
    for rows in range(1, 20):
        for job in ("job", "other"):
            rig.desk.say(job, "running", rows)
        rig.pass_(1)
    assert rig.calc.entered == 3  # the second was first taken for one that shows what the first shows
    rig.calc.recalculate()
    rig.pass_(5)
    assert rig.calc.entered == 5  # a hard recalculation does not say which cells ask


@pytest.mark.parametrize("inner", [ROWS, JOBS])
def test_only_the_outermost_call_of_an_array_has_its_size(rig: Rig, inner: Function) -> None:
    rig.desk.known.update(job=("completed", 3), other=("completed", 9))
    rig.calc.enter(inner, "other", whole=False)
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2), arguments=((inner, "other"),))
    rig.pass_(5)
    own = rig.answers.arrays.result_in(array)
    assert own is not None
    assert own.arguments == ("job",)
    assert array.block == [["rank", "name"], *([float(row), f"n{row}"] for row in (1, 2, 3))]
    asked = [view for view in rig.calc.told if view.result.arguments == ("other",)]
    assert [view.size for view in asked] == [None]


def test_a_formula_that_uses_a_block_further_makes_it_no_more_often_than_it_changes(rig: Rig) -> None:
    rig.desk.known["job"] = "completed", 3
    inside = rig.calc.enter(ROWS, "job", whole=False)
    rig.pass_(3_600)
    assert len(inside.block) == 4
    assert rig.desk.made["job"] <= 2


def test_the_list_of_jobs_follows_jobs_that_change_without_a_pause(rig: Rig) -> None:
    listing = rig.calc.enter(JOBS, "")
    rig.calc.enter(STATUS, "job")
    rig.pass_(1)
    for second in range(20):
        rig.desk.say("job", f"running {second}")
        rig.pass_(1)
    assert listing.block != [["0 seen"]]


def test_what_is_wanted_once_an_answer_is_known_is_done_then_and_only_then(rig: Rig) -> None:
    done: list[Result] = []
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    answer = rig.answers.arrays.result_in(array)
    assert answer is not None
    rig.answers.when_known(answer, done.append)
    rig.pass_(60)
    assert done == []
    rig.desk.say("job", "running", 3)
    rig.pass_(1)
    assert done == [answer]
    rig.desk.say("job", "completed", 4)
    rig.pass_(60)
    assert done == [answer]


def test_what_is_wanted_for_a_document_that_was_closed_meanwhile_hinders_nothing(rig: Rig) -> None:
    array = rig.calc.enter(ROWS, "job", size=Size(4, 2))
    answer = rig.answers.arrays.result_in(array)
    assert answer is not None
    rig.answers.when_known(answer, lambda _: 1 / 0)
    rig.desk.say("job", "running", 2)
    rig.pass_(1)
    rig.desk.say("job", "completed", 3)
    rig.pass_(MIN_INTERVAL)
    assert array.block[-1] == [3.0, "n3"]


def test_cells_whose_answer_was_let_go_of_before_they_listened_show_the_one_made_since(rig: Rig) -> None:
    early = rig.answers.result_for(STATUS, ("job",))
    rig.answers.remove_listener(early, lambda _: None)  # another document was closed meanwhile
    rig.pass_(0)
    cell = rig.calc.enter(STATUS, "job")
    shown: list[Block] = []
    rig.answers.add_listener(early, shown.append)
    for word in ("running", "completed"):
        rig.desk.say("job", word)
        rig.pass_(1)
        assert shown[-1] == cell.block == [[word]]
    rig.answers.remove_listener(early, shown.append)
    rig.calc.close()
    rig.pass_(0)
    assert rig.desk.followers == []


def test_a_listener_that_is_gone_and_said_so_hinders_no_other(rig: Rig) -> None:
    view = rig.answers.result_for(STATUS, ("job",))
    shown: list[Block] = []

    def gone(_: Block) -> None:
        if len(view.listeners) == 2:
            view.listeners.remove(gone)
            raise RuntimeError

    rig.answers.add_listener(view, gone)
    rig.answers.add_listener(view, shown.append)
    rig.desk.say("job", "running")
    rig.pass_(1)
    assert shown[-1] == [["running"]]


def test_all_that_cells_ask_for_meanwhile_is_known_though_jobs_are_looked_around_for(rig: Rig) -> None:
    for job in ("a", "b"):
        rig.calc.enter(STATUS, job)
        rig.desk.say(job, "running")
    rig.pass_(1)
    first, second = rig.calc.formulas

    def calculate() -> None:
        for formula in (first, second):
            formula.enter()
            rig.time.now += 2 * LIVENESS_INTERVAL
            rig.answers.loop.step()

    called = rig.answers.results_called_by(calculate)
    assert {answer.arguments for answer in called} == {("a",), ("b",)}
