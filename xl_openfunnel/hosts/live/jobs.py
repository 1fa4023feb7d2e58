"""Which jobs the cells of running programs show, for others than the live cells themselves."""

from __future__ import annotations

import threading
from typing import Final

from ...functions.look import CREDITS, JOBS
from ..places import Place
from .cells import LiveCells

_CATCH_UP: Final = 5.0
"""Seconds that the live cells' thread has to hear what was said before: it may be calculating a large block."""


class LiveJobs:
    """Reads what the live cells know."""

    def __init__(self, live: LiveCells) -> None:
        self._live = live

    def at(
        self, window: int, book: str | None = None, sheet: str | None = None, cell: str | None = None
    ) -> frozenset[str]:
        """The ids of the jobs shown by a cell, by a sheet's cells, by a book's, or by all of a program."""
        topics = (
            topic
            for known in self._live.cells(window)
            if book in (None, known.place.book)
            and sheet in (None, known.place.sheet)
            and cell in (None, known.place.cell)
            for topic in known.topics
        )
        return frozenset(topics) - {JOBS, CREDITS}

    def outdated(self, window: int) -> frozenset[Place]:
        """The cells of a program that show something that is no longer so."""
        return frozenset(known.place for known in self._live.cells(window) if known.waits is not None)

    def catch_up(self) -> None:
        """Wait until what was said to the live cells before is heard."""
        heard = threading.Event()
        self._live.when_heard(heard.set)
        heard.wait(_CATCH_UP)
