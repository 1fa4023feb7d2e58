"""Results that cells of Calc show, each in the sizes of the arrays that show it; and what results need of Calc."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ...cell_values import Block
from ...functions.calculations import Calculations
from ...functions.context import CallContext, Dependency
from ...functions.registry import Function
from ...jobs import job_text
from ...jobs.snapshot import Snapshot
from ..topics import Subscription
from .array_size import ONE, Size, fit

_log = logging.getLogger(__name__)

Listener = Callable[[Block], object]
"""Has the cells that share a listener of Calc show a block."""


class ResultSource(Protocol):
    """What results are computed from."""

    def new_call(self) -> CallContext:
        """The context of one call of a function."""

    @property
    def calculations(self) -> Calculations:
        """Calculates what takes long, so that other results do not wait for it."""

    def subscribe(self, job_id: str, callback: Callable[[Snapshot], object]) -> Subscription:
        """Call ``callback`` whenever the job changes."""

    def close(self) -> None:
        """Stop everything: no cell shows a result any more."""


class Array(Protocol):
    """Cells into which a formula was entered that is a call of one of our functions and nothing else."""

    @property
    def size(self) -> Size:
        """Its rows and columns."""

    @property
    def single(self) -> bool:
        """Whether these are several cells with a plain formula each."""

    @property
    def plain(self) -> bool:
        """Whether no argument of the call contains another call of our functions."""

    @property
    def key(self) -> Hashable:
        """Identifies its place and its formula."""

    def shows(self, row: int, cells: list[str | float | bool]) -> bool:
        """Whether that row shows these cells; the last row is -1."""

    def calculate(self) -> None:
        """Calculate the formula, if it is dirty."""

    def enter(self) -> None:
        """Enter the formula again, which calculates it; does nothing where that is not allowed."""


class CalcHost(Protocol):
    """The LibreOffice whose cells these are."""

    def arrays(self, name: str) -> Iterable[Array]:
        """The arrays whose formula is a call of that function. Only on the main thread."""

    def calculate(self) -> bool:
        """Calculate every dirty cell; returns whether all documents calculate automatically."""

    def run_on_main_thread(self, run: Callable[[], None]) -> None:
        """Run something on LibreOffice's main thread, and wait until it is done."""


@dataclass(eq=False)
class SizedResult:
    """A result in cells of one size.

    Attributes:
        result: the result.
        size: that of the array; None where a formula computes with the result, or the cells are not known yet.
        listeners: those of Calc; each has its cells show a block.
        handle: the object that Calc holds of it.
        requested: whether a cell has requested it since arrays were last fitted.
    """

    result: Result
    size: Size | None
    listeners: list[Listener] = field(default_factory=list)
    handle: object = None
    requested: bool = True

    @property
    def block(self) -> Block:
        """What its cells show."""
        block = self.result.block
        return block if self.size is None or self.result.initial else fit(block, self.size)

    def notify(self, block: Block) -> None:
        """Have its cells show a block."""
        for listener in list(self.listeners):
            try:
                listener(block)
            except Exception:  # its document is being closed
                _log.debug("a listener is gone", exc_info=True)
                with contextlib.suppress(ValueError):  # the document may have removed it already
                    self.listeners.remove(listener)


@dataclass(eq=False)
class Result:
    """What all cells show that call a function with the same arguments. Times are of the monotonic clock.

    Attributes:
        function: the function.
        arguments: the arguments.
        block: what the cells show.
        initial: whether it was never computed: ``block`` is ``loading``, which Calc repeats in every cell of an array.
        sized: the result in cells of each size.
        dependencies: what it was computed from, by topic.
        requested: whether a cell has requested it since this was last reset.
        changed: whether ``block`` is another one since its cells were fitted.
        unsized: whether cells of unknown size have requested it since then.
        due_at: when it is to be computed; None while it is up to date.
        not_before: when it may be computed again, unless it is settled.
        fitted_at: when its cells were last fitted.
        on_known: called once it is known and not behind.
    """

    function: Function
    arguments: tuple[object, ...]
    block: Block = field(default_factory=lambda: [[job_text.LOADING]])
    initial: bool = True
    sized: dict[Size | None, SizedResult] = field(default_factory=dict)
    dependencies: Mapping[str, Dependency] = field(default_factory=dict)
    requested: bool = True
    changed: bool = False
    unsized: bool = True
    due_at: float | None = None
    not_before: float = float("-inf")
    fitted_at: float = float("-inf")
    on_known: Callable[[], object] | None = None

    @property
    def known(self) -> bool:
        """Whether there is something to show, rows or an error."""
        return not self.initial and self.block[0][0] != job_text.LOADING

    @property
    def multi_cell(self) -> bool:
        """Whether it may need more than one cell."""
        return self.function.large or Size.of(self.block) != ONE

    @property
    def has_listeners(self) -> bool:
        return any(sized.listeners for sized in self.sized.values())

    @property
    def stale(self) -> bool:
        """Whether something that it was computed from has changed."""
        return any(dependency.stale for dependency in self.dependencies.values())

    @property
    def settled(self) -> bool:
        """Whether nothing that it was computed from will change any more."""
        return bool(self.dependencies) and all(dependency.settled() for dependency in self.dependencies.values())

    @property
    def outdated(self) -> bool:
        """Whether it is to be computed: for the first time, because it is stale, or because it depended on nothing.

        Without dependencies its arguments named no job, or the settings could not be used, which may have changed.
        """
        return self.initial or not self.dependencies or self.stale


@dataclass
class RecalcProbe:
    """Notes which results the formula of an array requests while it is calculated.

    Attributes:
        size: the array's.
        known: the result that the array is known to show.
        function: the function that each of several formulas in single cells calls once.
        last_requested: the last result requested.
    """

    size: Size
    known: Result | None = None
    function: Function | None = None
    last_requested: Result | None = None

    def size_for(self, result: Result) -> Size | None:
        """The size of the cells that request a result; None where a formula computes with it."""
        self.last_requested = result
        return self.size if result is self.known or result.function is self.function else None


def fits(array: Array, result: Result) -> bool:
    """Whether an array has the result in its size, as its first and last rows show; a single cell may not show it."""
    if array.size == ONE:
        return not result.unsized
    block = fit(result.block, array.size)
    return all(array.shows(row, block[row]) for row in (0, -1))
