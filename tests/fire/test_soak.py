"""Half an hour of an office in seconds; the long form has eight hours. And what must not stay, one by one."""

from __future__ import annotations

from pathlib import Path

from . import soak
from .world import world


def test_nothing_grows(tmp_path: Path) -> None:
    outcome = soak.run(tmp_path, hours=0.5)
    assert outcome.broken == ()
    assert outcome.requests > 500


def test_ids_of_which_nothing_was_learnt_are_let_go_once_nobody_wants_them(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        caretaker = (fetcher := here.seat().fetcher)._caretaker
        for number in range(50):
            fetcher.watch(f"half-typed-{number}")
        here.pass_time(300)
        assert len(caretaker.published) == 50
        fetcher.watch("half-typed-7")
        here.pass_time(400)
        fetcher.watch("another")
        here.pass_time(300)
        assert fetcher.watch("half-typed-7").problem is not None, "it was wanted all the time"
        here.pass_time(2_000)
        fetcher.watch("another")
        here.pass_time(700)
        assert set(caretaker.published) <= {"another"}


def test_waits_that_ended_before_their_time_leave_no_alarm(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        caretaker = (fetcher := here.seat().fetcher)._caretaker
        for _ in range(2_000):
            fetcher.wait("nobody", 1e6, until=lambda seen: True)
        here.settle()
        assert len(caretaker._alarms) < 600
