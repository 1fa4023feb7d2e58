"""Excel's objects for whoever has time: a call that Excel turns away is made again, but not without end.

xlwings waits for a busy Excel too, for ever and without a pause, also for one that has ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from ..hosts.excel.com import hresults
from .check_context import CheckFailedError

_TRIES: Final = 100
_PAUSE: Final = 0.2


class RetryingComObject:
    """An object, collection or method of pywin32, used as that is. What it gives is patient too."""

    def __init__(self, inner: Any, sleep: Callable[[float], object] = time.sleep) -> None:
        object.__setattr__(self, "_inner", inner)
        object.__setattr__(self, "_sleep", sleep)

    def __getattr__(self, name: str) -> Any:
        return self._made(lambda: getattr(self._inner, name), name)

    def __setattr__(self, name: str, value: object) -> None:
        self._made(lambda: setattr(self._inner, name, value), name)

    def __call__(self, *args: object) -> Any:
        """Call the method, or ask the collection."""
        return self._made(lambda: self._inner(*args))

    def _made(self, do: Callable[[], Any], name: str = "") -> Any:
        """What a call gives.

        Raises:
            CheckFailedError: Excel let nobody in all the time.
        """
        for _ in range(_TRIES):
            try:
                given = do()
            except Exception as error:
                if not self._turned_away(error, name):
                    raise
            else:
                return RetryingComObject(given, self._sleep) if callable(given) else given
            self._sleep(_PAUSE)
        raise CheckFailedError(f"Excel let nobody in for {_TRIES * _PAUSE:.0f} s. Does it show a dialog?")

    def _turned_away(self, error: Exception, name: str) -> bool:
        if isinstance(error, AttributeError) and name:
            # pywin32 says so of every name that Excel did not look up, also because it is busy.
            try:
                self._inner._oleobj_.GetIDsOfNames(name)
            except Exception as reason:
                error = reason
            else:
                return True
        return hresults.code(error) in hresults.BUSY
