"""From starting Python to the value: cells and scripts that wait, run by LibreOffice's Basic."""

from __future__ import annotations

import pytest

from tests.hosts.basic.book import Book, waits
from tests.hosts.shipped import number
from xl_openfunnel.workbook.sources import BRIDGE

AT_ONCE = number(BRIDGE, "AtOnce")
"""Cells that are calculated at once."""


def enter(book: Book, address: str) -> None:
    book.call("Fakes.Calling", address, "")
    assert book.cell() == "starting"


@pytest.mark.parametrize("dirty_calculates", [True, False])
def test_ontime_looks_each_second_and_has_the_waiting_cells_calculated_once(book: Book, dirty_calculates: bool) -> None:
    book.call("Fakes.CalculatesDirty", dirty_calculates)
    enter(book, "D7")
    enter(book, "D8")
    assert [line.partition("|")[2] for line in book.noted("later")] == ["1"]
    for _ in range(3):
        book.look()
        lines = book.lines()
        assert [line.partition("|")[2] for line in lines if line.startswith("later ")] == ["1"]
        assert not [line for line in lines if line.startswith(("dirty ", "calculate ", "shown "))]
    book.call("FakeWindows.Serve")
    book.look()
    lines = book.lines()
    shown = [line for line in lines if line.startswith("shown ")]
    assert shown == ['shown $D$7 "answer"', 'shown $D$8 "answer"']
    assert not [line for line in lines if line.startswith("later ")]
    book.look()
    assert not [line for line in book.lines() if line.startswith(("dirty ", "calculate "))]


def test_cells_that_wait_show_the_reason_when_python_ends(book: Book) -> None:
    enter(book, "D7")
    book.call("FakeWindows.EndPython", 3, "why")
    book.lines()
    book.look()
    lines = book.lines()
    (shown,) = [line for line in lines if line.startswith("shown ")]
    assert "Python ended while it started (exit code 3)" in shown
    assert not [line for line in lines if line.startswith(("start ", "later "))]


@pytest.mark.parametrize(("ended", "shown"), [(True, "Python ended while it"), (False, "more than a minute ago")])
def test_more_cells_than_are_calculated_at_once_all_show_the_reason(book: Book, ended: bool, shown: str) -> None:
    cells = [f"$D${row}" for row in range(1, AT_ONCE + 31)]
    for cell in cells:
        enter(book, cell)
    if ended:
        book.call("FakeWindows.EndPython", 3, "why")
    book.lines()
    told: list[str] = []
    for wait in (60_000 * (not ended), 1_000):
        book.look(wait)
        lines = book.lines()
        told += [line.split()[1] for line in lines if line.startswith("shown ") and shown in line]
        due = [line.partition("|")[2] for line in lines if line.startswith("later ")]
        assert due == (["1"] if len(told) < len(cells) else [] if ended else ["10"])
    assert told == cells


def test_cells_that_show_a_failure_get_their_values_after_a_refresh(book: Book) -> None:
    enter(book, "D7")
    book.call("FakeWindows.EndPython", 3, "why")
    book.look()
    book.call("OpenFunnelMacros.OpenFunnelRefreshBook")
    lines = book.lines()
    assert [line.partition("|")[2] for line in lines if line.startswith("later ")][-1] == "1"
    book.call("FakeWindows.Serve")
    book.look()
    assert [line for line in book.lines() if line.startswith("shown ")] == ['shown $D$7 "answer"']


def test_a_call_that_python_cannot_answer_is_not_repeated_each_second(book: Book) -> None:
    book.start()
    book.set_plan("broken")
    book.call("Fakes.Calling", "D7", "")
    assert str(book.cell()).startswith("#OF! Python did not answer.")
    book.lines()
    book.look()
    assert book.lines() == []


def test_after_a_minute_it_is_looked_for_every_ten_seconds(book: Book) -> None:
    enter(book, "D7")
    book.lines()
    book.look(60_000)
    lines = book.lines()
    assert [line.partition("|")[2] for line in lines if line.startswith("later ")] == ["10"]
    assert "more than a minute ago" in next(line for line in lines if line.startswith("shown "))
    book.look(10_000)
    assert not [line for line in book.lines() if line.startswith("shown ")]
    book.call("FakeWindows.Serve")
    book.look(10_000)
    assert [line for line in book.lines() if line.startswith("shown ")] == ['shown $D$7 "answer"']


@pytest.mark.parametrize("module", ["AtOpening", "AtOpeningAddin"])
def test_a_workbook_that_is_closed_is_not_opened_again_to_look(book: Book, module: str) -> None:
    enter(book, "D7")
    book.lines()
    book.call(f"{module}.Workbook_BeforeClose", False)
    assert [line.partition("!")[2] for line in book.noted("not later")] == ["OpenFunnelReady"]
    book.call(f"{module}.Workbook_BeforeClose", False)
    assert book.lines() == []


@pytest.mark.parametrize(
    "used",
    [
        ("OpenFunnelMacros.OpenFunnelRefreshBook",),
        ("OpenFunnelMacros.OpenFunnelLivePaused",),
        ("Fakes.Asked", "Jobs", "|"),
    ],
)
def test_no_cell_that_closing_calculates_has_the_closed_workbook_opened_again(
    book: Book, used: tuple[str, ...]
) -> None:
    book.call("AtOpening.Workbook_BeforeClose", False)
    book.call("AtOpening.Workbook_BeforeSave", False, False)
    enter(book, "D7")
    book.call("AtOpening.Workbook_AfterSave", True)
    assert book.noted("later") == []
    book.call(*used)  # the user has refused to close it
    assert len(book.noted("later")) == 1


def test_a_workbook_that_is_saved_under_another_name_is_not_looked_for_under_the_old_one(book: Book) -> None:
    enter(book, "D7")
    (due,) = book.noted("later")
    book.call("AtOpening.Workbook_BeforeSave", True, False)
    assert book.noted("not later") == [due.partition("|")[0]]
    enter(book, "D8")
    assert book.noted("later") == []
    book.call("AtOpening.Workbook_AfterSave", True)
    assert len(book.noted("later")) == 1
    book.call("AtOpening.Workbook_BeforeSave", True, False)
    book.call("AtOpening.Workbook_AfterSave", False)
    assert len(book.noted("later")) == 1


def test_cells_that_wait_are_found_under_the_workbooks_new_name(book: Book) -> None:
    enter(book, "D7")
    book.call("Fakes.RenameBook")
    book.call("FakeWindows.Serve")
    book.look()
    assert [line for line in book.lines() if line.startswith("shown ")] == ['shown $D$7 "answer"']


def test_saving_makes_no_look_due_where_none_was(book: Book) -> None:
    book.start()
    book.call("AtOpening.Workbook_BeforeSave", True, False)
    book.call("AtOpening.Workbook_AfterSave", True)
    assert book.lines() == []


def test_a_script_waits_until_no_cell_waits(book: Book) -> None:
    book.call("Fakes.Answering", "loading")
    enter(book, "D7")
    book.call("FakeWindows.ServeIn", 3_000)
    assert book.call("OpenFunnel.OpenFunnelWaited", 10) is False  # loading all the time
    assert sum(line.startswith("sleep ") for line in book.lines()) >= 10
    book.call("Fakes.Answering", "answer")
    assert book.call("OpenFunnel.OpenFunnelWaited", 10) is True
    assert 'shown $D$7 "answer"' in book.lines()


@pytest.mark.parametrize(("address", "waits"), [("", True), ("D7", False)])
def test_a_script_may_wait_and_a_cell_may_not(book: Book, address: str, waits: bool) -> None:
    book.call("Fakes.Calling", address, "")
    assert book.call("OpenFunnelTasks.OpenFunnelWait", 2) is False
    assert any(line.startswith("sleep ") for line in book.lines()) is waits


@pytest.mark.parametrize("seconds", [-5, 0, -1e300])
def test_a_script_that_waits_no_time_looks_once(book: Book, seconds: float) -> None:
    book.start()
    assert book.call("OpenFunnelTasks.OpenFunnelWait", seconds) is True
    enter_waiting(book)
    assert book.call("OpenFunnelTasks.OpenFunnelWait", seconds) is False
    assert not waits(book.lines())


@pytest.mark.parametrize("seconds", [1e5, 1e300])
def test_a_script_that_waits_for_ever_returns_once_python_serves(book: Book, seconds: float) -> None:
    enter(book, "D7")
    book.call("Fakes.Calling", "", "")
    book.call("FakeWindows.ServeIn", 1_000)
    assert book.call("OpenFunnelTasks.OpenFunnelWait", seconds) is True


def enter_waiting(book: Book) -> None:
    book.call("Fakes.Answering", "loading")
    book.call("Fakes.Calling", "D7", "")
    assert book.cell() == "loading"
    book.call("Fakes.Calling", "", "")


def test_a_script_does_not_take_a_python_that_is_missing_for_values(book: Book) -> None:
    book.set(python="")
    assert book.call("OpenFunnel.OpenFunnelWaited", 2) is False
