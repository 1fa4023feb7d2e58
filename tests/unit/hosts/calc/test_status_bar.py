"""Messages in the status bar, and for how long they are shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from xl_openfunnel.hosts.calc import status_bar


class Bar:
    """A window's status bar, and a timer that the test fires."""

    def __init__(self) -> None:
        self.shown = "Sum: 3"
        self.timers: list[tuple[float, Any]] = []
        self.document = SimpleNamespace(CurrentController=SimpleNamespace(getStatusIndicator=lambda: self))

    def start(self, text: str, _: int) -> None:
        self.shown = text

    def end(self) -> None:
        self.shown = "Sum: 3"

    def call_later(self, seconds: float, run: Any) -> None:
        self.timers.append((seconds, run))

    def show(self, run_on_main_thread: Any) -> None:
        status_bar.show(self.document, "1 job asked again.", run_on_main_thread, self.call_later)


def test_a_message_is_shown_and_then_cleared() -> None:
    bar = Bar()
    bar.show(lambda run: run())
    assert bar.shown == "1 job asked again."
    ((seconds, fire),) = bar.timers
    assert seconds == status_bar.DISPLAY_SECONDS
    fire()
    assert bar.shown == "Sum: 3"


def test_a_busy_libreoffice_raises_nothing() -> None:
    def busy(_: Any) -> None:
        raise TimeoutError

    bar = Bar()
    bar.show(busy)
    bar.timers[0][1]()


@pytest.mark.parametrize(
    "document",
    [
        None,
        SimpleNamespace(CurrentController=None),
        SimpleNamespace(CurrentController=SimpleNamespace(getStatusIndicator=lambda: None)),
    ],
)
def test_without_a_window_nothing_is_shown(document: Any) -> None:
    bar = Bar()
    status_bar.show(document, "text", lambda run: run(), bar.call_later)
    assert bar.timers == []
