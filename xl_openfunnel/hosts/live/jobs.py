"""Which jobs the cells of running programs show, for others than the live cells themselves."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from ...functions.context import CREDITS, JOBS
from ..places import Place
from .cells import LiveCells

_CATCH_UP: Final = 5.0
"""Seconds that the live cells' thread has to hear what was said before: it may be calculating a large block."""


class LiveJobs:
    """Reads what the live cells know."""

    def __init__(self, live: LiveCells) -> None:
        self._live = live

    def by_cell(self, window: int) -> Mapping[Place, frozenset[str]]:
        """The ids of the jobs that a program's cells show, cell by cell."""
        return {known.place: frozenset(known.topics) - {JOBS, CREDITS} for known in self._live.cells(window)}

    def outdated(self, window: int) -> frozenset[Place]:
        """The cells of a program that show something that is no longer so."""
        return frozenset(known.place for known in self._live.cells(window) if known.waits is not None)

    def catch_up(self) -> None:
        """Wait until what was said to the live cells before is heard."""
        heard = threading.Event()
        self._live.when_heard(heard.set)
        heard.wait(_CATCH_UP)
