"""Which jobs cells show, as actions ask for it."""

from __future__ import annotations

from tests.unit.hosts.live.books import WINDOW, Rig
from xl_openfunnel.hosts.live.jobs import LiveJobs
from xl_openfunnel.hosts.places import Place


def test_jobs_are_found_by_cell_sheet_book_or_program_and_cells_that_are_outdated() -> None:
    rig = Rig()
    shown = LiveJobs(rig.live)
    assert shown.at(WINDOW) == frozenset()
    rig.sheet.enter("A1", '=OF_STATUS("one")&OF_STATUS("two")')
    rig.sheet.enter("A2", '=OF_STATUS("three")')
    rig.book.sheet("Two").enter("A1", '=OF_STATUS("four")')
    rig.office.excel.open("Other.xlsx").sheets[0].enter("A1", '=OF_STATUS("five")')
    rig.pass_(0)
    assert shown.at(WINDOW, "Book.xlsx", "One", "$A$1") == {"one", "two"}
    assert shown.at(WINDOW, "Book.xlsx", "One") == {"one", "two", "three"}
    assert shown.at(WINDOW, "Book.xlsx") == {"one", "two", "three", "four"}
    assert shown.at(WINDOW) == {"one", "two", "three", "four", "five"}
    assert shown.outdated(WINDOW) == frozenset()
    rig.live.pause(WINDOW, paused=True)
    rig.desk.say("three", "running")
    rig.pass_(10)
    assert shown.outdated(WINDOW) == {Place("Book.xlsx", "One", "$A$2")}
    assert shown.at(WINDOW + 1) == shown.at(WINDOW, "Book.xlsx", "One", "$Z$9") == frozenset()
