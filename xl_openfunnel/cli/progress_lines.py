"""The progress of jobs where there is no terminal: few lines, for logs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..runtime.thread_pool import start_timer

if TYPE_CHECKING:
    from ..jobs.snapshot import Snapshot

LINE_INTERVAL: Final = 30.0
"""Seconds between two lines: a job of an hour fills no more than a page or two of a log."""


class Timer(Protocol):
    """A started timer."""

    def cancel(self) -> None:
        """Let it not fire."""


class ProgressLines:
    """Prints the state of the jobs at most every `LINE_INTERVAL` seconds, and their last state at the end.

    A change within the interval is printed when the interval ends, as far as it is the latest then.

    Args:
        write: prints a line with its fields.
        now: seconds on a monotonic clock.
        start_timer: calls a function after so many seconds.
    """

    def __init__(
        self,
        write: Callable[..., object],
        now: Callable[[], float],
        start_timer: Callable[[float, Callable[[], None]], Timer] = start_timer,
    ) -> None:
        self._write = write
        self._now = now
        self._start_timer = start_timer
        self._snapshots: dict[str, Snapshot] = {}
        self._printed_key: object = None
        self._next_line = float("-inf")
        self._timer: Timer | None = None
        self._lock = threading.Lock()
        self._closed = False

    def __call__(self, snapshot: Snapshot) -> None:
        """Take the new state of a job."""
        with self._lock:
            if self._closed:  # a callback that was running when the command ended
                return
            self._snapshots[snapshot.job_id] = snapshot
            remaining = self._next_line - self._now()
            if remaining <= 0:
                self._print()
            elif self._timer is None:
                self._timer = self._start_timer(remaining, self._interval_over)

    def close(self) -> None:
        """Print the last state, if it was not printed yet, and nothing after it."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
            self._print()

    def _interval_over(self) -> None:
        with self._lock:
            self._timer = None
            if not self._closed:
                self._print()

    def _print(self) -> None:
        from ..jobs.job_text import change_key

        snapshots = list(self._snapshots.values())
        key = tuple(map(change_key, snapshots))
        if snapshots and key != self._printed_key:
            self._printed_key = key
            self._next_line = self._now() + LINE_INTERVAL
            text, fields = describe(snapshots)
            self._write(text, **fields)


def describe(snapshots: list[Snapshot]) -> tuple[str, dict[str, Any]]:
    """The state of a job, or of several together, as a line and as fields."""
    from ..jobs import job_text

    if len(snapshots) > 1:
        return job_text.jobs_line(snapshots), {
            "jobs": len(snapshots),
            "final_jobs": sum(snapshot.final for snapshot in snapshots),
            "rows": sum(len(snapshot.rows) for snapshot in snapshots),
        }
    (snapshot,) = snapshots
    return job_text.line(snapshot), {
        "job": snapshot.job_id,
        "status": snapshot.status,
        "rows": len(snapshot.rows),
        "processed": snapshot.processed,
        "pages": snapshot.pages,
        "final": snapshot.final,
        "problem": snapshot.problem.message if snapshot.problem else None,
    }
