"""One thread that handles typed events from one inbox, and does timed work between them.

The scheduler and the hosts each keep their state on such a thread: only its handlers change the state, so they need
no locks. Other threads post events, which are small frozen dataclasses, and never wait.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .clock import Clock, Inbox
from .thread_pool import start_thread

_log = logging.getLogger(__name__)

MAX_WAIT = 3_600.0
"""Seconds for which a loop waits at most before it looks at the clock: systems refuse to wait for years."""

RETRY_DELAY = 4.0
"""Seconds until timed work runs again after it raised something unexpected."""

Event = TypeVar("Event")


@dataclass(frozen=True)
class _Marker:
    """Tells when everything posted before it is handled."""

    callback: Callable[[], object]


class EventLoop(Generic[Event]):
    """An inbox and the thread that serves it.

    Each event is logged at DEBUG by its ``repr``, so fields with rows, keys or texts of the user need ``repr=False``.
    An exception in ``handle`` or ``run_due`` is logged, and the loop goes on.

    Args:
        name: of the thread, and of the loop in the log.
        clock: waits for events.
        handle: called with each event.
        run_due: called after each event, and when the seconds that it returned last are over: does what is due, and
            returns the seconds until more is due, or None if only an event can change that.
    """

    def __init__(
        self, name: str, clock: Clock, handle: Callable[[Event], None], run_due: Callable[[], float | None]
    ) -> None:
        self.closed = False
        self._name = name
        self._clock = clock
        self._handle = handle
        self._run_due = run_due
        self._inbox: queue.SimpleQueue[Event | _Marker] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    # ---- on any thread -------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = start_thread(self._name, self.run)

    def post(self, event: Event) -> None:
        """Have an event handled after those posted before it."""
        self._inbox.put(event)

    def when_handled(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` on the loop's thread once all events posted before are handled."""
        self._inbox.put(_Marker(callback))

    def close(self, timeout: float = 0.0) -> None:
        """End after the event in hand, for which this waits up to ``timeout`` seconds."""
        self.closed = True
        self.when_handled(lambda: None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    # ---- on the loop's thread ------------------------------------------------------------------------------

    def run(self) -> None:
        """Handle events until `close`."""
        inbox: Inbox[Event | _Marker] = self
        seconds: float | None = None
        while not self.closed:
            wait = None if seconds is None else min(seconds, MAX_WAIT)
            seconds = self._step(self._clock.receive(inbox, wait))

    def step(self) -> float | None:
        """Handle the next event, if there is one, and do what is due: for tests that move the clock themselves.

        Returns:
            The seconds until more is due; None if only an event can change that.
        """
        return self._step(self.take(0.0))

    def handle_pending(self) -> None:
        """Handle all events that have arrived by now; for a ``run_due`` that wants to know them first."""
        while (event := self.take(0.0)) is not None:
            self._dispatch(event)

    def take(self, seconds: float | None) -> Event | _Marker | None:
        """The next event, for the clock; None if none arrives within ``seconds`` (None: no limit)."""
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def _step(self, event: Event | _Marker | None) -> float | None:
        if event is not None:
            self._dispatch(event)
        del event  # and the pages in it, however long the timed work takes
        try:
            return self._run_due()
        except Exception:
            _log.exception("%s: timed work failed unexpectedly", self._name)
            return RETRY_DELAY

    def _dispatch(self, event: Event | _Marker) -> None:
        try:
            if isinstance(event, _Marker):
                event.callback()
            else:
                _log.debug("%s: %r", self._name, event)
                self._handle(event)
        except Exception:
            _log.exception("%s: %s failed unexpectedly", self._name, type(event).__name__)
