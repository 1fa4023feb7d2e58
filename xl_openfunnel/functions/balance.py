"""The account's credits for cells: asked for in the background, and at most once a minute however many cells ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from ..api.models import Credits
from ..errors import OpenFunnelError
from ..jobs.workers import begin

FRESH: Final = 60.0
"""Seconds for which an answer, or a trouble, stands."""


class Balance:
    """The last answer to ``ask``.

    Args:
        ask: asks the service; may raise an `OpenFunnelError`.
        clock: seconds on a clock that never goes back.
        start: runs its argument on another thread.
        told: called on that thread after every answer.
    """

    def __init__(
        self,
        ask: Callable[[], Credits],
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], object] = lambda run: begin("credits", run),
        told: Callable[[], object] = lambda: None,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._start = start
        self._told = told
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._latest: Credits | OpenFunnelError | None = None

    def latest(self) -> Credits | OpenFunnelError | None:
        """What is known now, None before the first answer; never waits for the service."""
        with self._lock:
            now = self._clock()
            due = self._asked_at is None or now - self._asked_at >= FRESH
            if due:
                self._asked_at = now
        if due:
            self._start(self._fetch)
        return self._latest

    def _fetch(self) -> None:
        try:
            self._latest = self._ask()
        except OpenFunnelError as error:
            if not (error.waiting_helps and isinstance(self._latest, Credits)):
                self._latest = error
        self._told()
