"""Settings of Excel that are switched for a while, and put back whatever happens.

Across processes Excel puts none of them back by itself, and a user relies on them: on being asked before an unsaved
workbook is closed, say, and on macros that start by themselves.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ..ports import HostError
from . import dispatch
from .dispatch import RetryingCaller

_log = logging.getLogger(__name__)

QUIET: Final = {"EnableEvents": False, "DisplayAlerts": False}
"""No macro of the user's starts, and Excel asks nothing. The last is what must be off for the shortest time."""

_T = TypeVar("_T")


@dataclass
class _Switch:
    """A setting that is switched: by how many at the moment, and what it was before the first; None is not known."""

    by: int = 0
    before: object = None


_switches: dict[tuple[int, str], _Switch] = {}
_lock = threading.Lock()


@contextlib.contextmanager
def temporarily_set(call: RetryingCaller, target: Any, name: str, value: object) -> Iterator[None]:
    """A setting has another value. It is asked for once, and put back as soon as Excel lets anybody in.

    Live cells and buttons have a thread each, so both may have switched the same: the last puts back what the first has
    met. The lock is not held during calls.

    Args:
        call: of which Excel, and how to wait for it.
        target: the object with the setting.
        name: the setting's.
        value: what it is to be meanwhile.

    Raises:
        HostBusyError: Excel let nobody in to switch it.
    """
    key = call.process_id, name
    with _lock:
        switch = _switches.setdefault(key, _Switch())
        switch.by += 1
    try:
        if switch.before is None:
            before = dispatch.get(target, name)
            with _lock:
                switch.before = before if switch.before is None else switch.before
        if switch.before != value:
            dispatch.put(target, name, value)
        yield
    finally:
        with _lock:
            switch.by -= 1
            last = not switch.by
        try:
            if last and switch.before not in (None, value):
                with call.without_timeout():
                    call.put(target, name, switch.before)
        except HostError as refused:  # the other settings have their turn
            _log.warning("Excel did not take %s back: %s", name, refused.text)
        finally:
            with _lock:  # only now: who switches it meanwhile is not to take our value for the user's
                if not switch.by and _switches.get(key) is switch:
                    del _switches[key]


def with_settings(call: RetryingCaller, settings: Mapping[str, object], do: Callable[[], _T]) -> _T:
    """What one call gives, which is tried again as long as Excel lets nobody in.

    Args:
        call: of which Excel, and how to wait for it.
        settings: what the application's settings are to be while the call is made, and not between two tries.
        do: makes the call, once.
    """

    def once() -> _T:
        excel = dispatch.application(call.process_id)
        with contextlib.ExitStack() as meanwhile:
            for name, value in settings.items():
                meanwhile.enter_context(temporarily_set(call, excel, name, value))
            return do()

    return call.retry(once)
