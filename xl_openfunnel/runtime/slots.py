"""Limits how many finished jobs are downloaded at once: their pages stay in memory until they are stored."""

from __future__ import annotations


class SlotQueue:
    """A few download slots, and a queue of the jobs that wait for one.

    A job gives its slot up whenever none of its requests is in flight, so a job whose pages fail blocks no other.

    Args:
        slots: how many jobs may hold one at once.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._holders: set[str] = set()
        self._queue: dict[str, None] = {}

    def acquire(self, job_id: str) -> bool:
        """Whether the job holds a slot now; if not, it waits in the queue."""
        if job_id in self._holders:
            return True
        if len(self._holders) >= self._slots:
            self._queue[job_id] = None
            return False
        self._queue.pop(job_id, None)
        self._holders.add(job_id)
        return True

    def release(self, job_id: str) -> bool:
        """Give the job's slot up; returns whether it held one."""
        held = job_id in self._holders
        self._holders.discard(job_id)
        return held

    def leave(self, job_id: str) -> bool:
        """Like `release`, and take the job out of the queue too."""
        self._queue.pop(job_id, None)
        return self.release(job_id)

    def next(self) -> str | None:
        """Take the first job, which may acquire a slot now, out of the queue; None if none waits or no slot is free."""
        if not self._queue or len(self._holders) >= self._slots:
            return None
        job_id = next(iter(self._queue))
        del self._queue[job_id]
        return job_id
