"""The account's credits for cells: asked for in the background, and at most once a minute however many cells ask."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from ..api.models import Credits
from ..api.retry import MAX_RETRY_AFTER
from ..errors import MissingKeyError, OpenFunnelError
from ..jobs.policy.state import is_key_error
from ..jobs.request_pool import KEY_RECHECK_INTERVAL
from ..keys import Key
from ..runtime.clock import FOREVER
from ..runtime.thread_pool import start_thread

_log = logging.getLogger(__name__)

MAX_AGE: Final = 60.0
"""Seconds for which an answer stands, and after which a trouble is looked at again."""


class Account(Protocol):
    """What knows the credits: the client."""

    def credits(self) -> Credits:
        """Ask the service; may raise an `OpenFunnelError`."""

    def key(self) -> Key:
        """The key that is sent; may raise a `MissingKeyError`."""

    def reset_key(self) -> None:
        """Look for the key anew."""


def _later(seconds: float, run: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, run)
    timer.daemon = True
    timer.start()


class CreditsCache:
    """The last answer of an account.

    After a trouble whoever shows it is told once more when its time has come, and by looking at it has the service
    asked again; where nobody looks nothing is asked. While a key is refused or missing, another one is looked for.

    Args:
        account: asks the service.
        clock: seconds on a clock that never goes back.
        start: runs its argument on another thread.
        later: does so after some seconds.
        told: called on that thread after every try, and when it is time for another.

    Attributes:
        failures: how often the service gave no credits. Whoever shows them and is calculated after each failure is
            known to be there still: a cell that is gone asks no more.
    """

    def __init__(
        self,
        account: Account,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], object] = lambda run: start_thread("credits", run),
        later: Callable[[float, Callable[[], None]], object] = _later,
        told: Callable[[], object] = lambda: None,
    ) -> None:
        self._account = account
        self._clock = clock
        self._start = start
        self._later = later
        self._told = told
        self._lock = threading.Lock()
        self._due = -FOREVER
        self._asked_at = -FOREVER
        self._refused_key: str | None = None
        self.failures = 0
        self._latest: Credits | OpenFunnelError | None = None

    def latest(self) -> Credits | OpenFunnelError | None:
        """What is known now, None before the first answer; never waits for the service."""
        with self._lock:
            due = self._clock() >= self._due
            if due:
                self._due = FOREVER  # until this try has ended
        if due:
            self._start(self._refresh)
        return self._latest

    def _refresh(self) -> None:
        try:
            wait = self._seconds_without_hope() or self._ask()
        except Exception:
            _log.exception("the credits met something unexpected")
            wait = MAX_AGE
        if wait:
            self._later(wait, self._expire)
        self._told()

    def _expire(self) -> None:
        self._due = -FOREVER  # and no moment, since a timer may be a little early
        self._told()

    def _seconds_without_hope(self) -> float:
        """Seconds before it is any use to ask: 0.0 but for a key that is refused or missing."""
        known = self._latest
        if not isinstance(known, OpenFunnelError) or not is_key_error(known):
            return 0.0
        self._account.reset_key()
        if self._key() in (None, self._refused_key):
            return KEY_RECHECK_INTERVAL
        return max(0.0, self._asked_at + MAX_AGE - self._clock())

    def _ask(self) -> float:
        """Ask the service; gives the seconds until it should be asked again, 0.0 where the answer stands."""
        key, now = self._key(), self._clock()
        try:
            self._latest = self._account.credits()
        except OpenFunnelError as error:
            if not (error.retryable and isinstance(self._latest, Credits)):
                self._latest = error
            self.failures += 1
            if isinstance(error, MissingKeyError):
                self._refused_key = None
                return KEY_RECHECK_INTERVAL
            self._asked_at, self._refused_key = now, key
            wished = min(error.retry_after or 0.0, MAX_RETRY_AFTER)
            return KEY_RECHECK_INTERVAL if is_key_error(error) else max(MAX_AGE, wished)
        self._asked_at, self._due = now, now + MAX_AGE
        return 0.0

    def _key(self) -> str | None:
        """What tells the present key from another; None where there is none."""
        try:
            return self._account.key().fingerprint
        except OpenFunnelError:
            return None
