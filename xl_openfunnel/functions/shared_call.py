"""One call of a function for all cells that make it, while it takes longer than a cell may wait."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from ..cell_values import Block
from .context import Dependency
from .limits import Cancellation

Dependencies = Mapping[str, Dependency]


class CallState(Enum):
    """Of the next or present calculation of a call."""

    IDLE = auto()
    QUEUED = auto()
    RUNNING = auto()


@dataclass(eq=False)
class SharedCall:
    """A function with its arguments, for all cells that call it so. Changed only under the lock of the `Calculations`.

    Attributes:
        topic: changes when it has another answer.
        name: of the function.
        run: calculates it; returns the block and what it depends on.
        state: of its next or present calculation.
        asked: what the last call looked up that asked for another answer; empty if none did since a calculation began.
        again: whether it must be calculated once more after that.
        missing: whether it was asked for, and then not calculated because no cell seemed to want it.
        block: the last answer; None if there is none, or none any more.
        dependencies: what the last answer was calculated from.
        version: counts the different answers.
        delivered: whether a cell got the last answer.
        subscriptions: of the hosts whose cells show it.
        due_at: when it may be calculated again, unless its jobs have ended before.
        unsettled: one of what it depends on that was not `Dependency.settled` the last time.
        cancellation: ends the present calculation.
    """

    topic: str
    name: str
    run: Callable[[], tuple[Block, Dependencies]]
    state: CallState = CallState.IDLE
    asked: Dependencies = field(default_factory=dict)
    again: bool = False
    missing: bool = False
    block: Block | None = None
    dependencies: Dependencies = field(default_factory=dict)
    version: int = 0
    delivered: bool = True
    subscriptions: int = 0
    due_at: float = float("-inf")
    unsettled: str = ""
    cancellation: Cancellation = field(default_factory=Cancellation)

    @property
    def cells(self) -> int:
        """Of the answer that is kept."""
        return 0 if self.block is None else len(self.block) * len(self.block[0])

    @property
    def awaited(self) -> bool:
        """Whether a cell has not fetched the last answer yet."""
        return self.subscriptions > 0 and not self.delivered

    def settled(self, dependencies: Dependencies) -> bool:
        """Whether what it depends on will not change any more."""
        topics = itertools.chain([self.unsettled] if self.unsettled in dependencies else [], dependencies)
        self.unsettled = next((topic for topic in topics if not dependencies[topic].settled()), "")
        return not self.unsettled

    def looked_up(self, topic: str) -> Dependency | None:
        """What the last answer was calculated from, or else the call looked up that asked for the next one."""
        return self.dependencies.get(topic) or self.asked.get(topic)

    def answers(self, asked: Dependencies) -> bool:
        """Whether a call that has looked up all this would get the last answer."""
        return self.block is not None and values(asked) == values(self.dependencies)


def values(dependencies: Dependencies) -> list[tuple[str, Hashable]]:
    """What a call used, by topic."""
    return [(topic, seen.value) for topic, seen in dependencies.items()]
