"""What an action says in the status bar, and for how long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from xl_openfunnel.hosts.calc import status_bar


class Bar:
    """A window's status bar, and a timer that the test lets run out."""

    def __init__(self) -> None:
        self.shown = "Sum: 3"
        self.timers: list[tuple[float, Any]] = []
        self.document = SimpleNamespace(CurrentController=SimpleNamespace(getStatusIndicator=lambda: self))

    def start(self, text: str, _: int) -> None:
        self.shown = text

    def end(self) -> None:
        self.shown = "Sum: 3"

    def timer(self, seconds: float, run: Any) -> Any:
        return SimpleNamespace(start=lambda: self.timers.append((seconds, run)))

    def say(self, inside: Any) -> None:
        status_bar.show(self.document, "1 job asked again.", inside, self.timer)


def test_a_line_is_shown_and_then_the_bar_is_calcs_again() -> None:
    bar = Bar()
    bar.say(lambda run: run())
    assert bar.shown == "1 job asked again."
    ((seconds, run_out),) = bar.timers
    assert seconds == status_bar.DISPLAY_SECONDS
    run_out()
    assert bar.shown == "Sum: 3"


def test_an_office_that_has_no_time_meanwhile_hinders_nothing() -> None:
    def busy(_: Any) -> None:
        raise TimeoutError

    bar = Bar()
    bar.say(busy)
    bar.timers[0][1]()


@pytest.mark.parametrize(
    "document",
    [
        None,
        SimpleNamespace(CurrentController=None),
        SimpleNamespace(CurrentController=SimpleNamespace(getStatusIndicator=lambda: None)),
    ],
)
def test_without_a_window_there_is_nothing_to_show_it_in(document: Any) -> None:
    bar = Bar()
    status_bar.show(document, "text", lambda run: run(), bar.timer)
    assert bar.timers == []
