"""Which cells of Calc ask for an answer, and having them show it in their size. Calc tells neither.

What is on the screen is calculated as soon as it is told, and so is known by what it showed. Everything else is found
out by having it calculated, from the program's own thread, where nothing else can be calculated at the same time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator

from ...functions.catalog import Function
from .array_size import Size
from .results import Array, CalcHost, RecalcProbe, Result, SizedResult, fits


class ArrayTracker:
    """The arrays of a program that show answers.

    Args:
        program: the program.
    """

    def __init__(self, host: CalcHost) -> None:
        self._host = host
        self._current_probe: RecalcProbe | None = None
        self._notifying = threading.local()  # what Calc calculates meanwhile it calculates on the same thread
        self._fitted: dict[Hashable, SizedResult] = {}

    def size_for(self, answer: Result) -> tuple[Size | None, bool]:
        """The size of the array that asks for an answer now, None for no array; and whether that is known."""
        told: SizedResult | None = getattr(self._notifying, "view", None)
        if told is not None:
            return (told.size, True) if told.answer is answer else (None, False)
        size = self._current_probe.asks(answer) if self._current_probe is not None else None
        return size, size is not None

    def notify(self, answer: Result) -> None:
        """Have all cells show an answer."""
        for view in list(answer.views.values()):
            self.notify_sized(view)

    @contextlib.contextmanager
    def notifying(self, view: SizedResult) -> Iterator[None]:
        """What is asked for meanwhile on this thread is asked for by cells that showed this view."""
        before = getattr(self._notifying, "view", None)
        self._notifying.view = view
        try:
            yield
        finally:
            self._notifying.view = before

    def notify_sized(self, view: SizedResult) -> None:
        """Have its cells show it."""
        with self.notifying(view):
            view.tell(view.block)

    def result_in(self, array: Array) -> Result | None:
        """The answer that an array shows, None if it calls for none now. Only from within `Program.inside`."""
        known = self._fitted.get(array.key)
        own = known.answer if known is not None else None
        return self._probe(RecalcProbe(array.size, own), array.calculate) or self._enter_and_probe(array, own)

    def _probe(self, asking: RecalcProbe, calculate: Callable[[], object]) -> Result | None:
        """The answer that is asked for last: a formula that is nothing but a call has all arguments by then."""
        self._current_probe = asking
        try:
            calculate()
        finally:
            self._current_probe = None
        return asking.last

    def _enter_and_probe(self, array: Array, own: Result | None, each: Function | None = None) -> Result | None:
        """The answer that an array shows after it was entered once more, None where it may not be."""
        asked = self._probe(RecalcProbe(array.size, own, each), array.enter)
        return asked if asked in (None, own) or each else self._probe(RecalcProbe(array.size, asked), array.enter)

    def fit(self, answer: Result) -> None:
        """Have its cells calculated with their sizes known; on the program's own thread.

        What is on the screen is calculated as soon as it is told, without saying which cells these are: an array that
        was not known is entered once more.
        """
        sized = [view for view in answer.views.values() if view.size is not None]
        for view in sized:
            view.asked = False
        if answer.changed:
            self.notify(answer)
        known_now: dict[Hashable, SizedResult] = {}
        for array in self._host.arrays(answer.function.name):
            known = self._fitted.get(array.key)
            own = known.answer if known else answer if array.plain else None
            each = answer.function if array.single else None
            asked = self._probe(RecalcProbe(array.size, own, each), array.calculate)
            if asked not in (None, own) and not each:
                asked = self._enter_and_probe(array, asked)
            elif asked is None and (known is None or (own is answer and not fits(array, answer))):
                asked = self._enter_and_probe(array, own, each)
                if asked is None:  # its sheet is protected
                    self.notify(answer)
                    asked = self._probe(RecalcProbe(array.size, answer, each), array.calculate)
            if asked is not None:
                known = asked.views.get(array.size)
            if known is not None:
                known_now[array.key] = known
        others = {key: view for key, view in self._fitted.items() if view.answer.function is not answer.function}
        self._fitted = others | known_now
        for view in sized:
            if answer.changed and not view.asked:  # though it was told: the array is gone, or has another size
                answer.views.pop(view.size, None)
