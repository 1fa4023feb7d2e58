"""Repeats calls that a busy Excel refuses. Such a call has had no effect, so it can simply be made again.

Imports nothing of pywin32, so that it can be tested on any system.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ....runtime.clock import FOREVER
from ..ports import HostBusyError
from . import hresults

_MIN_DELAY: Final = 0.25
_MAX_DELAY: Final = 4.0
"""Seconds between two attempts: the first delay, which doubles up to the second."""

_OBJECT_TIMEOUT: Final = 20.0

_T = TypeVar("_T")


class BusyRetry:
    """Repeats calls until the delays of all of them add up to a timeout.

    Attributes:
        seconds_left: what is left of the timeout.
    """

    def __init__(self, timeout: float, sleep: Callable[[float], object]) -> None:
        self.seconds_left = timeout
        self._sleep = sleep

    def call(self, function: Callable[[], _T]) -> _T:
        """Call a function until it does not raise `HostBusyError`.

        Raises:
            HostBusyError: Excel stayed busy.
        """
        delay = _MIN_DELAY
        while True:
            try:
                return function()
            except HostBusyError:
                if self.seconds_left <= 0:
                    raise
            delay = min(delay, self.seconds_left)
            self.seconds_left -= delay
            self._sleep(delay)
            if self.seconds_left < FOREVER:  # without a timeout something is being restored, which is urgent
                delay = min(delay * 2, _MAX_DELAY)


class RetryingComObject:
    """Wraps an object, collection or method of pywin32 and is used like it. What its calls return is wrapped too.

    xlwings also waits for a busy Excel, but for ever, without a pause, and even for one that has ended.

    Calls raise `HostBusyError` when Excel stays busy for 20 s.
    """

    def __init__(self, inner: Any, sleep: Callable[[float], object] = time.sleep) -> None:
        object.__setattr__(self, "_inner", inner)
        object.__setattr__(self, "_sleep", sleep)

    def __getattr__(self, name: str) -> Any:
        return self._retry(lambda: getattr(self._inner, name), name)

    def __setattr__(self, name: str, value: object) -> None:
        self._retry(lambda: setattr(self._inner, name, value), name)

    def __call__(self, *args: object) -> Any:
        """Call the method, or get an item of the collection."""
        return self._retry(lambda: self._inner(*args))

    def _retry(self, function: Callable[[], Any], name: str = "") -> Any:
        def attempt() -> Any:
            try:
                return function()
            except Exception as error:
                if self._is_busy(error, name):
                    raise HostBusyError(
                        f"Excel accepted no calls for {_OBJECT_TIMEOUT:.0f} s. Does it show a dialog?"
                    ) from None
                raise

        result = BusyRetry(_OBJECT_TIMEOUT, self._sleep).call(attempt)
        return RetryingComObject(result, self._sleep) if callable(result) else result

    def _is_busy(self, error: Exception, name: str) -> bool:
        if isinstance(error, AttributeError) and name:
            # pywin32 raises this for every name that Excel did not resolve, also because it is busy.
            try:
                self._inner._oleobj_.GetIDsOfNames(name)
            except Exception as reason:
                error = reason
            else:
                return True
        return hresults.is_busy(error)
