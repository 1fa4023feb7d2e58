"""What cells of Calc show: answers, each in views for cells of one size; and what answers need of the program."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ...cell_values import Block
from ...functions.catalog import Function
from ...functions.context import CallContext, Dependency
from ...jobs import job_text
from ...jobs.snapshot import Snapshot
from ..topics import Subscription
from .array_size import ONE, Size, fit

_log = logging.getLogger(__name__)

Tell = Callable[[Block], object]


class ResultSource(Protocol):
    """What answers are made from."""

    def look(self) -> CallContext:
        """A view for one call."""

    def prepare(self, function: Function) -> None:
        """Load what a function needs, which takes seconds the first time."""

    def follow(self, job_id: str, told: Callable[[Snapshot], object]) -> Subscription:
        """Have a callback told of a job whenever it changes."""

    def close(self) -> None:
        """Stop everything: nobody shows anything any more."""


class Array(Protocol):
    """Cells into which one formula was entered that is nothing but a call of ours."""

    @property
    def size(self) -> Size:
        """How many cells these are."""

    @property
    def single(self) -> bool:
        """Whether these are several cells with a plain formula each."""

    @property
    def plain(self) -> bool:
        """Whether the formula calls nothing of ours among its arguments."""

    @property
    def key(self) -> Hashable:
        """Where it stands and what its formula is."""

    def shows(self, row: int, cells: list[str | float | bool]) -> bool:
        """Whether that row shows this; the last one is -1."""

    def calculate(self) -> None:
        """Have the formula calculated, if it has to be."""

    def enter(self) -> None:
        """Enter the formula once more, which has it calculated; where that may not be done, nothing."""


class CalcHost(Protocol):
    """The program whose cells these are."""

    def arrays(self, name: str) -> Iterable[Array]:
        """Where a formula is a call of that function and nothing else. Only from within `inside`."""

    def calculate(self) -> bool:
        """Have every cell calculated that has to be; gives whether no document waits for its user to say so."""

    def run_on_main_thread(self, run: Callable[[], None]) -> None:
        """Run something on the program's own thread, and wait until it is done."""


@dataclass(eq=False)
class SizedResult:
    """An answer in cells of one size.

    Attributes:
        answer: whose it is.
        size: that of the array; None where the formula uses the answer further, or the cells are not known yet.
        tells: has cells show a block, one for each listener.
        handle: what the program holds of it.
        asked: whether it was asked for while arrays were looked at last.
    """

    answer: Result
    size: Size | None
    tells: list[Tell] = field(default_factory=list)
    handle: object = None
    asked: bool = True

    @property
    def block(self) -> Block:
        """What its cells show."""
        block = self.answer.block
        return block if self.size is None or self.answer.fresh else fit(block, self.size)

    def tell(self, block: Block) -> None:
        """Have its cells show a block."""
        for tell in list(self.tells):
            try:
                tell(block)
            except Exception:  # its document is being closed
                _log.debug("a listener is gone", exc_info=True)
                with contextlib.suppress(ValueError):  # its document has said so meanwhile
                    self.tells.remove(tell)


@dataclass(eq=False)
class Result:
    """What all cells show that call a function with the same arguments.

    Attributes:
        function: the function.
        arguments: the arguments.
        block: what is shown.
        fresh: whether it was never answered: the block is ``loading``, which Calc repeats in every cell of an array.
        views: it in cells of several sizes.
        seen: what it was made from.
        asked: whether it was asked for since that was last forgotten.
        changed: whether the block is another one since its cells were fitted.
        unsized: whether cells asked for it since then whose size is not known.
        due: when it is to be made; None while it holds.
        free_at: when it may be made again.
        fitted_at: when its cells were fitted last.
        then: what is to be done once it is known.
    """

    function: Function
    arguments: tuple[object, ...]
    block: Block = field(default_factory=lambda: [[job_text.LOADING]])
    fresh: bool = True
    views: dict[Size | None, SizedResult] = field(default_factory=dict)
    seen: Mapping[str, Dependency] = field(default_factory=dict)
    asked: bool = True
    changed: bool = False
    unsized: bool = True
    due: float | None = None
    free_at: float = float("-inf")
    fitted_at: float = float("-inf")
    then: Callable[[], object] | None = None

    @property
    def known(self) -> bool:
        """Whether there is something to show, or to be told of."""
        return not self.fresh and self.block[0][0] != job_text.LOADING

    @property
    def spreads(self) -> bool:
        """Whether it may need more than one cell."""
        return self.function.large or Size.of(self.block) != ONE

    @property
    def shown(self) -> bool:
        """Whether any listener is left."""
        return any(view.tells for view in self.views.values())


@dataclass
class RecalcProbe:
    """What an array's formula asks for while it is calculated.

    Attributes:
        size: the array's.
        own: the answer that it is known to show.
        each: the function that each of several formulas in single cells calls once.
        last: what was asked for last.
    """

    size: Size
    own: Result | None = None
    each: Function | None = None
    last: Result | None = None

    def asks(self, answer: Result) -> Size | None:
        """The size of the cells for which an answer is asked for; None where it is used further."""
        self.last = answer
        return self.size if answer is self.own or answer.function is self.each else None


def fits(array: Array, answer: Result) -> bool:
    """Whether an array has the answer in its size, which shows at both ends; a single cell may not show it."""
    if array.size == ONE:
        return not answer.unsized
    wanted = fit(answer.block, array.size)
    return all(array.shows(row, wanted[row]) for row in (0, -1))


def stale(answer: Result) -> bool:
    """Whether it was made from what is no longer so."""
    return any(seen.stale for seen in answer.seen.values())


def outdated(answer: Result) -> bool:
    """Whether it is to be made: for the first time, from what has changed, or from nothing, which may be there now."""
    return answer.fresh or not answer.seen or stale(answer)
