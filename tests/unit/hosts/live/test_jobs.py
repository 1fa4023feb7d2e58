"""Which jobs cells show, as actions ask for it."""

from __future__ import annotations

from tests.unit.hosts.live.books import WINDOW, Rig
from xl_openfunnel.hosts.live.jobs import LiveJobs
from xl_openfunnel.hosts.places import Place


def test_jobs_are_known_cell_by_cell_and_which_cells_are_outdated() -> None:
    rig = Rig()
    shown = LiveJobs(rig.live)
    assert shown.by_cell(WINDOW) == {}
    rig.sheet.enter("A1", '=OF_STATUS("one")&OF_STATUS("two")')
    rig.sheet.enter("A2", '=OF_STATUS("three")')
    rig.book.sheet("Two").enter("A1", '=OF_STATUS("four")')
    rig.office.excel.open("Other.xlsx").sheets[0].enter("A1", '=OF_STATUS("five")')
    rig.pass_(0)
    assert shown.by_cell(WINDOW) == {
        Place("Book.xlsx", "One", "$A$1"): {"one", "two"},
        Place("Book.xlsx", "One", "$A$2"): {"three"},
        Place("Book.xlsx", "Two", "$A$1"): {"four"},
        Place("Other.xlsx", "Sheet1", "$A$1"): {"five"},
    }
    assert shown.outdated(WINDOW) == frozenset()
    rig.live.pause(WINDOW, paused=True)
    rig.desk.say("three", "running")
    rig.pass_(10)
    assert shown.outdated(WINDOW) == {Place("Book.xlsx", "One", "$A$2")}
    assert shown.by_cell(WINDOW + 1) == {}
