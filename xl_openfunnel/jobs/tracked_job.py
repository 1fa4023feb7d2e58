"""What the scheduler holds of one job, and of those who wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..runtime.clock import FOREVER
from .policy.state import JobState
from .snapshot import Snapshot


@dataclass(eq=False)
class Waiter:
    """Somebody who waits for ``until`` to hold, and no longer than to ``deadline`` on the steady clock.

    What ended the waiting is kept for the one who waits: the snapshot, which may be followed by another one before he
    looks, and what ``until`` raised.
    """

    until: Callable[[Snapshot], bool]
    deadline: float
    seen: Snapshot | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def is_over(self, seen: Snapshot, now: float) -> bool:
        """Whether there is nothing more to wait for."""
        try:
            over = now >= self.deadline or self.until(seen)
        except Exception as error:
            self.error, over = error, True
        if over:
            self.seen = seen
        return over


@dataclass(eq=False)
class TrackedJob:
    """What the scheduler holds of one job; the epoch tells answers to earlier efforts apart.

    It was wanted last at one moment, and when things were last tidied up it was cared for until another.
    """

    state: JobState
    epoch: int
    touched_at: float
    tracked_until: float
    wake_at: float = FOREVER
    store_busy: bool = False
    recorded: tuple[object, ...] = ()
    waiters: list[Waiter] = field(default_factory=list)


def change_key(snapshot: Snapshot) -> tuple[object, ...]:
    """What somebody could see change: everything but when it was last confirmed and when it is asked next."""
    problem = snapshot.problem and (snapshot.problem.kind, snapshot.problem.message)
    return (replace(snapshot, as_of=None, next_try=None, problem=None), problem, snapshot.rows)
