"""Changes settings of Excel for a short time and always restores them.

Excel restores none of them by itself for another process, and its user relies on them: on being asked before an unsaved
workbook is closed, for example, and on macros that start by themselves.
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
"""No macro of the user's starts, and Excel asks nothing. The second is to be off for as short a time as possible."""

_T = TypeVar("_T")


@dataclass
class _ChangedSetting:
    """A setting that is changed at the moment.

    Attributes:
        users: how many have changed it.
        original: its value before the first did; None while unknown.
    """

    users: int = 0
    original: object = None


_changed: dict[tuple[int, str], _ChangedSetting] = {}
_lock = threading.Lock()


@contextlib.contextmanager
def temporarily_set(call: RetryingCaller, target: Any, name: str, value: object) -> Iterator[None]:
    """Change a setting; restore it afterwards, however long Excel is busy. The change itself is tried only once.

    Live cells and commands have a thread each, so both may change the same setting at the same time: the last one
    restores the value that the first one found. The lock is not held during calls.

    Raises:
        HostBusyError: Excel was too busy to change it.
    """
    key = call.process_id, name
    with _lock:
        setting = _changed.setdefault(key, _ChangedSetting())
        setting.users += 1
    try:
        if setting.original is None:
            original = dispatch.get(target, name)
            with _lock:
                setting.original = original if setting.original is None else setting.original
        if setting.original != value:
            dispatch.put(target, name, value)
        yield
    finally:
        with _lock:
            setting.users -= 1
            is_last = not setting.users
        try:
            if is_last and setting.original not in (None, value):
                with call.without_timeout():
                    call.put(target, name, setting.original)
        except HostError as error:  # go on and restore the other settings
            _log.warning("Excel did not take %s back: %s", name, error.text)
        finally:
            with _lock:  # not before: the other thread must not mistake our value for the user's
                if not setting.users and _changed.get(key) is setting:
                    del _changed[key]


def with_settings(call: RetryingCaller, settings: Mapping[str, object], function: Callable[[], _T]) -> _T:
    """Make one call while settings of the application are changed, again while Excel is busy.

    Between two attempts the settings are restored.
    """

    def attempt() -> _T:
        excel = dispatch.application(call.process_id)
        with contextlib.ExitStack() as changed_settings:
            for name, value in settings.items():
                changed_settings.enter_context(temporarily_set(call, excel, name, value))
            return function()

    return call.retry(attempt)
