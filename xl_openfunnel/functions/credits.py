"""The account's credits for cells: requested in the background, at most once a minute for all cells together."""

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
from ..runtime.thread_pool import start_thread, start_timer

_log = logging.getLogger(__name__)

MAX_AGE: Final = 60.0
"""Seconds for which a response is used, and after which a failed request is repeated."""


class Account(Protocol):
    """The part of the client that credits need."""

    def credits(self) -> Credits:
        """Request the balance; may raise an `OpenFunnelError`."""

    def key(self) -> Key:
        """The key that is sent; may raise a `MissingKeyError`."""

    def reset_key(self) -> None:
        """Look up the key again at the next request."""


class CreditsCache:
    """The last known credits of an account, or why they are unknown.

    `latest` starts a request when one is due; without calls of it there are no requests. After a failure,
    ``on_change`` is called again when the next request is due, so that cells that still show the credits call
    `latest`. While the key is refused or missing, the settings are checked for another one.

    Args:
        account: sends the requests.
        clock: monotonic seconds.
        start: runs its argument on another thread.
        call_later: runs its second argument on another thread, after so many seconds.
        on_change: called on that thread after every request, and when a failed one may be repeated.

    Attributes:
        failures: the number of failed requests. Cells depend on it, so that each failure has them calculated again:
            a deleted cell is not, and causes no further requests.
    """

    def __init__(
        self,
        account: Account,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], object] = lambda run: start_thread("credits", run),
        call_later: Callable[[float, Callable[[], None]], object] = start_timer,
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self._account = account
        self._clock = clock
        self._start = start
        self._call_later = call_later
        self._on_change = on_change
        self._lock = threading.Lock()
        self._refresh_at = -FOREVER
        self._requested_at = -FOREVER
        self._refused_key: str | None = None
        self.failures = 0
        self._latest: Credits | OpenFunnelError | None = None

    def latest(self) -> Credits | OpenFunnelError | None:
        """What is known now, None before the first response; never waits for the service."""
        with self._lock:
            due = self._clock() >= self._refresh_at
            if due:
                self._refresh_at = FOREVER  # until this request has ended
        if due:
            self._start(self._refresh)
        return self._latest

    def key_replaced(self) -> None:
        """Have the next `latest` send a request with the key that the settings have now."""
        self._account.reset_key()
        self._refused_key = None
        self._requested_at = -FOREVER
        self._expire()

    def _refresh(self) -> None:
        try:
            wait = self._seconds_until_retry() or self._request()
        except Exception:
            _log.exception("requesting the credits failed unexpectedly")
            wait = MAX_AGE
        if wait:
            self._call_later(wait, self._expire)
        self._on_change()

    def _expire(self) -> None:
        self._refresh_at = -FOREVER  # not the present time: the timer may be a little early
        self._on_change()

    def _seconds_until_retry(self) -> float:
        """Seconds before a request can succeed: 0.0 unless the key is refused or missing."""
        if not isinstance(self._latest, OpenFunnelError) or not is_key_error(self._latest):
            return 0.0
        self._account.reset_key()
        if self._key() in (None, self._refused_key):
            return KEY_RECHECK_INTERVAL
        return max(0.0, self._requested_at + MAX_AGE - self._clock())

    def _request(self) -> float:
        """Request the credits; the seconds until a failed request may be repeated, 0.0 after a successful one."""
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
            self._requested_at, self._refused_key = now, key
            retry_after = min(error.retry_after or 0.0, MAX_RETRY_AFTER)
            return KEY_RECHECK_INTERVAL if is_key_error(error) else max(MAX_AGE, retry_after)
        self._requested_at, self._refresh_at = now, now + MAX_AGE
        return 0.0

    def _key(self) -> str | None:
        """The fingerprint of the present key; None where there is none."""
        try:
            return self._account.key().fingerprint
        except OpenFunnelError:
            return None
