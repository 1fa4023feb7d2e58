"""A pool of daemon threads that runs urgent tasks first, and all other kinds of tasks in turns.

Not a `ThreadPoolExecutor`, which waits for its threads when the process exits.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

_log = logging.getLogger(__name__)

Task = Callable[[], None]

URGENT = ""
"""The kind of task that goes before all others."""


class DaemonPool:
    """Up to ``size`` threads, started as they are needed.

    Args:
        name: prefix of the threads' names.
        size: the number of threads; with one, tasks of one kind run in the order they came.
    """

    def __init__(self, name: str, size: int) -> None:
        self._size = size
        self._name = name
        self._closed = False
        self._queues: dict[str, deque[Task]] = {}
        """The waiting tasks by their kind. The kind whose turn it is comes first; no queue is empty."""
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._idle = 0

    def submit(self, task: Task, *, kind: str = URGENT) -> None:
        """Run ``task`` on a thread of the pool. Urgent tasks go first; the other kinds take turns."""
        with self._changed:
            if self._idle > 0:
                self._idle -= 1
            elif len(self._threads) < self._size and not self._closed:
                self._threads.append(start_thread(f"{self._name}-{len(self._threads)}", self._run))
            self._queues.setdefault(kind, deque()).append(task)
            self._changed.notify()

    def close(self, *, finish: bool, timeout: float = 0.0) -> None:
        """End the threads: with ``finish`` after all submitted tasks, else after the tasks that run now.

        Does not wait longer than ``timeout`` seconds for each thread.
        """
        with self._changed:
            self._closed = True
            if not finish:
                self._queues.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                _log.exception("a call failed unexpectedly")
            del task  # and all it holds, however long the thread waits for the next one
            with self._changed:
                self._idle += 1

    def _next(self) -> Task | None:
        """Wait for the next task; None once the pool is closed and no task is left."""
        with self._changed:
            while not self._queues:
                if self._closed:
                    return None
                self._changed.wait()
            kind = URGENT if URGENT in self._queues else next(iter(self._queues))
            tasks = self._queues.pop(kind)
            task = tasks.popleft()
            if tasks:
                self._queues[kind] = tasks  # behind the other kinds, whose turn it is now
            return task


def start_thread(name: str, run: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread called ``openfunnel-{name}``."""
    thread = threading.Thread(target=run, name=f"openfunnel-{name}", daemon=True)
    thread.start()
    return thread


def start_timer(seconds: float, run: Callable[[], None]) -> threading.Timer:
    """Run something on a daemon thread after so many seconds, unless the timer is cancelled before."""
    timer = threading.Timer(seconds, run)
    timer.daemon = True
    timer.start()
    return timer
