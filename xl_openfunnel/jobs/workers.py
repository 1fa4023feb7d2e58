"""Daemon threads that do what they are given, the most urgent first.

Not a ThreadPoolExecutor: that one waits at exit for whatever its threads are doing.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

Task = Callable[[], None]


class Workers:
    """Up to ``most`` threads, begun as they are needed.

    Args:
        name: what the threads are called.
        most: how many at the most; with one, tasks of equal urgency run in the order they came.
    """

    def __init__(self, name: str, most: int) -> None:
        self.most = most
        self._name = name
        self._tasks: queue.PriorityQueue[tuple[int, int, Task | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._threads: list[threading.Thread] = []
        self._begun = threading.Lock()
        self._idle = 0

    def submit(self, task: Task, *, urgency: int = 0) -> None:
        """Have ``task`` done; one of lower ``urgency`` goes first."""
        with self._begun:
            if self._idle > 0:
                self._idle -= 1
            elif len(self._threads) < self.most:
                self._threads.append(begin(f"{self._name}-{len(self._threads)}", self._run))
        self._tasks.put((urgency, next(self._order), task))

    def close(self, *, finish: bool, timeout: float = 0.0) -> None:
        """End: after all that was submitted with ``finish``, else after the tasks under way.

        Threads that have not ended after ``timeout`` seconds are left to themselves.
        """
        with self._begun:
            self.most = 0
        for _ in self._threads:
            self._tasks.put((1_000 if finish else -1, next(self._order), None))
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _run(self) -> None:
        while (task := self._tasks.get()[2]) is not None:
            try:
                task()
            except Exception:
                _log.exception("a task met something unexpected")
            with self._begun:
                self._idle += 1


def begin(name: str, run: Callable[[], None]) -> threading.Thread:
    """A daemon thread, running."""
    thread = threading.Thread(target=run, name=f"openfunnel-{name}", daemon=True)
    thread.start()
    return thread
