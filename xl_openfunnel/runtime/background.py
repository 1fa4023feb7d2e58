"""Lets the other threads of this process go on while one calculates for long."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SWITCH_INTERVAL: Final = 0.0005
"""Seconds after which a thread must yield Python to the one that answers cells, which gives it away several times in
each call."""

_lock: Final = threading.Lock()
_calculating: Final[list[None]] = []


def yield_often() -> None:
    """Have each thread yield Python to the others sooner than Python itself would."""
    sys.setswitchinterval(_SWITCH_INTERVAL)


@contextmanager
def in_background() -> Iterator[None]:
    """Within this, Python does not search all values for garbage: among millions that stops all threads for seconds."""
    with _lock:
        yield_often()
        _calculating.append(None)
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _calculating.pop()
            if not _calculating:
                gc.enable()
