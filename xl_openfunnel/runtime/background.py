"""Lets other threads have the GIL while one calculates for long."""

from __future__ import annotations

import gc
import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SWITCH_INTERVAL: Final = 0.0005
"""Seconds after which a thread must release the GIL to the one that answers cells, which releases it several times per
call."""

_KEEP_INTERVAL: Final = 0.0045
"""The same while that one calculates an answer, which takes some milliseconds: each release costs it as many."""

_lock = threading.Lock()
_intervals: Final[list[float]] = []
_was_enabled: Final[list[bool]] = []
"""One entry of each per open block: what it found, and restores; the first found the process's own."""


def yield_often() -> None:
    """Have each thread release the GIL sooner than by default."""
    sys.setswitchinterval(_SWITCH_INTERVAL)


def keep_python(*, keep: bool) -> None:
    """Have threads release the GIL less often, or often again, in a process that called `yield_often`."""
    before, after = (_SWITCH_INTERVAL, _KEEP_INTERVAL) if keep else (_KEEP_INTERVAL, _SWITCH_INTERVAL)
    if math.isclose(sys.getswitchinterval(), before):
        sys.setswitchinterval(after)


@contextmanager
def in_background() -> Iterator[None]:
    """For a long calculation: the thread that answers cells gets the GIL soon, and no garbage collection stops it."""
    with _lock:
        keep_python(keep=False)
        _intervals.append(sys.getswitchinterval())
        yield_often()
    try:
        with without_garbage_collection():
            yield
    finally:
        with _lock:
            sys.setswitchinterval(_intervals.pop())


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Within this no thread collects garbage: among millions of values that takes seconds."""
    with _lock:
        _was_enabled.append(gc.isenabled())
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            if _was_enabled.pop():
                if not gc.get_freeze_count():  # else the process has frozen something, to be left so
                    gc.freeze()
                    gc.unfreeze()  # what was made counts as old: it is not searched until all is
                gc.enable()


def _forked() -> None:
    """A new process has none of the threads that calculated in the old one, to undo what they set."""
    global _lock
    _lock = threading.Lock()
    if _intervals:
        sys.setswitchinterval(_intervals[0])
    if any(_was_enabled):
        gc.enable()
    _intervals.clear()
    _was_enabled.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
