"""Tracks which array formulas show which result, and makes each show it in its own size.

Calc tells an add-in neither which cell calls a function nor the size of its array. Two observations replace that:
while a listener is notified, Calc recalculates the cells on the screen that showed the result; and while the main
thread calculates one known array (a probe), no other cell can call.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator

from ...functions.registry import Function
from .array_size import ONE, Size
from .results import Array, CalcHost, RecalcProbe, Result, SizedResult, fits


class ArrayTracker:
    """The array formulas of Calc that show results."""

    def __init__(self, host: CalcHost) -> None:
        self._host = host
        self._current_probe: RecalcProbe | None = None
        self._notifying = threading.local()  # Calc recalculates on the thread that notifies it
        self._fitted: dict[Hashable, SizedResult] = {}

    def size_for(self, result: Result) -> tuple[Size | None, bool]:
        """The size of the array that is calling for a result (None if it is no array), and whether that is known."""
        notified: SizedResult | None = getattr(self._notifying, "view", None)
        if notified is not None:
            return (notified.size, True) if notified.result is result else (None, False)
        size = self._current_probe.size_for(result) if self._current_probe is not None else None
        return size, size is not None

    def notify(self, result: Result) -> None:
        """Make all cells show a result."""
        for view in list(result.sized.values()):
            self.notify_sized(view)

    @contextlib.contextmanager
    def notifying(self, view: SizedResult) -> Iterator[None]:
        """During the block, calls on this thread come from cells that showed this result in this size."""
        outer = getattr(self._notifying, "view", None)
        self._notifying.view = view
        try:
            yield
        finally:
            self._notifying.view = outer

    def notify_sized(self, view: SizedResult) -> None:
        """Make the cells of one size show their result."""
        with self.notifying(view):
            view.notify(view.block)

    def result_in(self, array: Array) -> Result | None:
        """The result that an array shows; None if it calls for none. Only on the main thread."""
        known = self._fitted.get(array.key)
        own = known.result if known is not None else None
        return self._probe(RecalcProbe(array.size, own), array.calculate) or self._enter_and_probe(array, own)

    def _probe(self, probe: RecalcProbe, calculate: Callable[[], object]) -> Result | None:
        """The last result called for: in a formula that is nothing but a call, calls among its arguments come first."""
        self._current_probe = probe
        try:
            calculate()
        finally:
            self._current_probe = None
        return probe.last_requested

    def _enter_and_probe(self, array: Array, own: Result | None, each: Function | None = None) -> Result | None:
        """Enter an array again; the result that it then shows, None if it may not be entered."""
        requested = self._probe(RecalcProbe(array.size, own, each), array.enter)
        return (
            requested
            if requested in (None, own) or each
            else self._probe(RecalcProbe(array.size, requested), array.enter)
        )

    def fit(self, result: Result) -> Iterator[None]:
        """Make Calc recalculate the cells of a result with their sizes known. Each step only on the main thread.

        Calc recalculates cells on the screen as soon as it is notified, without saying which cells these are. So an
        array that is not known yet is entered again.

        Yields:
            Where Calc may do something else before the next step. That is never between a notification and the
            calculation of the arrays that it makes dirty: whatever else calculated them could not tell their size.
        """
        arrays: dict[Hashable, Array] = {}
        for array in self._host.arrays(result.function.name):
            arrays[array.key] = array
            yield
        # Single cells, and arrays that are known to show another result, may be calculated by others first.
        known = ((key, self._fitted.get(key)) for key in arrays)
        can_wait = {key for key, view in known if view is not None and view.result is not result}
        can_wait |= {key for key, array in arrays.items() if array.size == ONE}
        sized = [view for view in result.sized.values() if view.size is not None]
        for view in sized:
            view.requested = False
        if result.changed:
            self.notify(result)
        fitted_now: dict[Hashable, SizedResult] = {}
        for key in sorted(arrays, key=can_wait.__contains__):
            if key in can_wait:
                yield
            if (fitted := self._fit_array(arrays[key], result)) is not None:
                fitted_now[key] = fitted
        others = {key: view for key, view in self._fitted.items() if view.result.function is not result.function}
        self._fitted = others | fitted_now
        for view in sized:
            if result.changed and not view.requested:  # notified in vain: the array is gone, or has another size
                result.sized.pop(view.size, None)

    def _fit_array(self, array: Array, result: Result) -> SizedResult | None:
        """Calculate an array that may show a result; what it shows then, None if that is not known."""
        known = self._fitted.get(array.key)
        own = known.result if known else result if array.plain else None
        each = result.function if array.single else None
        requested = self._probe(RecalcProbe(array.size, own, each), array.calculate)
        if requested not in (None, own) and not each:
            requested = self._enter_and_probe(array, requested)
        elif requested is None and (known is None or (own is result and not fits(array, result))):
            requested = self._enter_and_probe(array, own, each)
            if requested is None:  # its sheet is protected
                self.notify(result)
                requested = self._probe(RecalcProbe(array.size, result, each), array.calculate)
        return known if requested is None else requested.sized.get(array.size)
