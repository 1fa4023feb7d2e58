"""Calculations that run when a test says so, on its own thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xl_openfunnel.functions.calculations import Calculations


class ManualCalculations(Calculations):
    """Starts and timers wait until they are run.

    Attributes:
        started: the calculations that have begun and not run.
        timers: when timers are due, and what they do.
    """

    def __init__(self, on_change: Callable[[str], object], now: Callable[[], float], **options: Any) -> None:
        self.started: list[Callable[[], None]] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self._now = now
        super().__init__(
            on_change,
            now,
            start=self.started.append,
            call_later=lambda seconds, run: self.timers.append((now() + seconds, run)),
            **options,
        )

    def run(self) -> int:
        """Run all that begins, and the timers that are due; returns how many calculations ran."""
        count = 0
        while True:
            if due := [timer for timer in self.timers if timer[0] <= self._now()]:
                self.timers.remove(due[0])
                due[0][1]()
            elif self.started:
                self.started.pop(0)()
                count += 1
            else:
                return count
