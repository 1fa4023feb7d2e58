"""A job being served: when it started, whether it was cancelled, and its pages as bytes."""

from __future__ import annotations

import threading
from typing import Any

from .jobs import Moment, SimulatedJob
from .responses import encode


class JobRun:
    """One job from its start on.

    Rendered rows are kept, so that a page costs little after it was first asked for.
    """

    def __init__(self, job: SimulatedJob, started: float) -> None:
        self.job = job
        self._started = started
        self._cancelled: float | None = None
        self._lock = threading.Lock()
        self._names = job.page_names()
        self._positions = {name: position for position, name in enumerate(self._names)}
        self._rendered: dict[tuple[int, bool], tuple[bytes, int]] = {}

    def at(self, now: float) -> Moment:
        """What is true of the job at ``now``."""
        cancelled = None if self._cancelled is None else self._cancelled - self._started
        return self.job.at(now - self._started, cancelled)

    def cancel(self, now: float) -> Moment:
        """Cancel the job if it can be cancelled.

        Returns:
            the moment before the cancel: of a terminal job nothing has changed.
        """
        with self._lock:
            moment = self.at(now)
            if self._cancelled is None and not moment.terminal:
                self._cancelled = now
            return moment

    def page(self, now: float, cursor: str | None) -> bytes | None:
        """The body of a poll, or None for a page that can't be read (yet).

        Args:
            now: the time of the poll.
            cursor: the page's name; None or ``""`` for the first.
        """
        moment = self.at(now)
        index = self._positions.get(cursor or "page_0000")
        if index is None or (index and index >= moment.pages):
            return None
        if moment.pages == 0:
            return self._envelope(moment, b"[]", 0, self._names[0], None)
        rows, count = self._rows(index, reranked=moment.reranked)
        following = self._names[index + 1] if index + 1 < moment.pages else None
        return self._envelope(moment, rows, count, self._names[index], following)

    def empty_page(self, now: float, cursor: str) -> bytes:
        """The body of a poll for a page that isn't there, where the service answers with no rows."""
        return self._envelope(self.at(now), b"[]", 0, cursor, None)

    def prepare(self) -> None:
        """Render all pages that this life can show."""
        for reranked in {False, True} if self.job.running else {self.job.ending == "completed"}:
            for index in range(self.job.page_count):
                self._rows(index, reranked=reranked)

    def _rows(self, index: int, *, reranked: bool) -> tuple[bytes, int]:
        """A page's rows as JSON, and how many there are."""
        key = (index, reranked)
        if key not in self._rendered:
            rows = self.job.page_rows(index, reranked=reranked)
            self._rendered[key] = encode(rows), len(rows)
        return self._rendered[key]

    def _envelope(self, moment: Moment, rows: bytes, count: int, page: str, following: str | None) -> bytes:
        before: dict[str, Any] = {
            "job_id": self.job.job_id,
            "status": moment.status,
            "manifest": moment.manifest,
            "error_message": moment.error_message,
        }
        after = {
            "page": page,
            "next_cursor": following,
            "count": count,
            "processed": moment.processed,
            "progress_message": moment.stage,
            **self.job.extra,
        }
        return b"".join((encode(before)[:-1], b',"rows":', rows, b",", encode(after)[1:]))
