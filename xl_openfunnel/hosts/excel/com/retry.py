"""Calls into Excel for what its user asked for: they wait while Excel lets nobody in, and a refusal has words.

A call that Excel turns away has had no effect, so it is made again, and work of many calls goes on where it was.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import pythoncom
import pywintypes

from ....runtime.clock import Clock
from ..ports import HostBusyError, HostError
from . import dispatch, hresults

_MIN_DELAY: Final = 0.25
_MAX_DELAY: Final = 4.0
"""Seconds after which Excel is tried again, at first and at last."""

_ENDLESS: Final = float("inf")

OMITTED: Final = pythoncom.ArgNotFound
"""In place of an argument that is left out."""

_T = TypeVar("_T")


class RetryingCaller:
    """Makes the calls of one piece of work.

    Members raise `HostBusyError` when Excel let nobody in for too long, `HostGoneError` when it has ended, and
    `HostError`.

    Args:
        program: Excel's process id.
        clock: how to wait.
        patience: the seconds to wait, all calls together.
    """

    def __init__(self, program: int, clock: Clock, patience: float) -> None:
        self.program = program
        self._clock = clock
        self._left = patience

    @property
    def application(self) -> Any:
        """Excel itself, found anew each time: held while something else is waited for, it could not end."""
        return self.retry(lambda: dispatch.application(self.program))

    @contextlib.contextmanager
    def without_timeout(self) -> Iterator[None]:
        """Wait without end: for what has to be put back whatever happened. That takes nothing of the patience."""
        left, self._left = self._left, _ENDLESS
        try:
            yield
        finally:
            self._left = left

    def get(self, target: Any, name: str, *arguments: object) -> Any:
        """A property, or what a method gives."""
        return self.retry(lambda: dispatch.get(target, name, *arguments))

    def put(self, target: Any, name: str, value: object) -> None:
        """Set a property."""
        self.retry(lambda: dispatch.put(target, name, value))

    def get_optional(self, target: Any, name: str, otherwise: object = None) -> Any:
        """A property that an older Excel does not have, which then gives ``otherwise``."""
        return self.retry(lambda: dispatch.get_optional(target, name, otherwise))

    def item(self, collection: Any, name: str) -> Any:
        """The item of that name; None where there is none."""
        return self.retry(lambda: dispatch.item(collection, name))

    def items(self, collection: Any) -> Iterator[Any]:
        """All items."""
        for number in range(1, int(self.get(collection, "Count")) + 1):
            yield self.get(collection, "Item", number)

    def retry(self, do: Callable[[], _T]) -> _T:
        """What ``do`` gives, which is tried again as long as Excel lets nobody in."""
        delay = _MIN_DELAY
        while True:
            try:
                return do()
            except HostBusyError:
                if self._left <= 0:
                    raise
            except pywintypes.com_error as error:
                words = (error.excepinfo and error.excepinfo[2]) or error.strerror
                raise HostError(f"Excel refused: {words}", hresults.code(error) or 0) from None
            self._left -= delay
            self._clock.receive(queue.SimpleQueue(), delay)
            if self._left < _ENDLESS:  # what has to be put back is missed every moment
                delay = min(delay * 2, _MAX_DELAY)
