"""Whose pages are being read: what is read stays in memory until it is stored, so only a few jobs are at it at once."""

from __future__ import annotations


class SlotQueue:
    """A line of jobs that are over and not yet read, and the few whose turn it is.

    A turn ends whenever nothing of its job is under way, so that one whose pages fail keeps nobody waiting.

    Args:
        most: turns at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._having: set[str] = set()
        self._line: dict[str, None] = {}

    def acquire(self, job_id: str) -> bool:
        """Whether it is the job's turn; if not, it stands in line from now on."""
        if job_id in self._having:
            return True
        if len(self._having) >= self._most:
            self._line[job_id] = None
            return False
        self._line.pop(job_id, None)
        self._having.add(job_id)
        return True

    def release(self, job_id: str) -> bool:
        """Whether the job had a turn, which is over now."""
        had = job_id in self._having
        self._having.discard(job_id)
        return had

    def leave(self, job_id: str) -> bool:
        """As `end`; and the job stands in line no more."""
        self._line.pop(job_id, None)
        return self.release(job_id)

    def next(self) -> str | None:
        """The first in line, who may take a turn now; None where there is none, or no room."""
        if not self._line or len(self._having) >= self._most:
            return None
        job_id = next(iter(self._line))
        del self._line[job_id]
        return job_id
