"""Daemon threads that do what they are given: what is urgent first, and of everything else each kind in its turn.

Not a ThreadPoolExecutor: that one waits at exit for whatever its threads are doing.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

_log = logging.getLogger(__name__)

Task = Callable[[], None]

URGENT = ""
"""The kind of what goes before everything else."""


class DaemonPool:
    """Up to ``most`` threads, begun as they are needed.

    Args:
        name: what the threads are called.
        most: how many at the most; with one, tasks of one kind run in the order they came.
    """

    def __init__(self, name: str, most: int) -> None:
        self.most = most
        self._name = name
        self._lines: dict[str, deque[Task]] = {}
        """What waits, by its kind; the kind whose turn it is stands first, and no line is empty."""
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._idle = 0

    def submit(self, task: Task, *, kind: str = URGENT) -> None:
        """Have ``task`` done. What is urgent goes first; where several other kinds wait, they take turns."""
        with self._changed:
            if self._idle > 0:
                self._idle -= 1
            elif len(self._threads) < self.most:
                self._threads.append(start_thread(f"{self._name}-{len(self._threads)}", self._run))
            self._lines.setdefault(kind, deque()).append(task)
            self._changed.notify()

    def close(self, *, finish: bool, timeout: float = 0.0) -> None:
        """End: after all that was submitted with ``finish``, else after the tasks under way.

        Threads that have not ended after ``timeout`` seconds are left to themselves.
        """
        with self._changed:
            self.most = 0
            if not finish:
                self._lines.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                _log.exception("a task met something unexpected")
            del task  # and all it holds, however long the next one is waited for
            with self._changed:
                self._idle += 1

    def _next(self) -> Task | None:
        """The next task, waited for; None at the end."""
        with self._changed:
            while not self._lines:
                if self.most == 0:
                    return None
                self._changed.wait()
            kind = URGENT if URGENT in self._lines else next(iter(self._lines))
            line = self._lines.pop(kind)
            task = line.popleft()
            if line:
                self._lines[kind] = line  # behind the others, whose turn it is now
            return task


def start_thread(name: str, run: Callable[[], None]) -> threading.Thread:
    """A daemon thread, running."""
    thread = threading.Thread(target=run, name=f"openfunnel-{name}", daemon=True)
    thread.start()
    return thread
