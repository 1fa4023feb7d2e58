"""Excel's objects with pywin32's attributes, for scripts that read like VBA, and in English as VBA.

pywin32 itself makes these calls with locale 0: see `dispatch.ENGLISH`.
"""

from __future__ import annotations

from typing import Any

import win32com.client.dynamic

from .dispatch import ENGLISH


def english_object(dispatch: Any) -> Any:
    """The object behind a PyIDispatch. All objects that its attributes and methods give speak English too."""
    return win32com.client.dynamic.Dispatch(dispatch, None, _EnglishObject)


class _EnglishObject(win32com.client.dynamic.CDispatch):  # type: ignore[misc]
    def __init__(self, dispatch: Any, *positional: Any, **named: Any) -> None:
        super().__init__(_EnglishCalls(dispatch), *positional, **named)

    def _wrap_dispatch_(self, dispatch: Any, *_: Any) -> Any:
        return english_object(dispatch)


class _EnglishCalls:
    """A PyIDispatch whose calls have another locale than the one they were given."""

    def __init__(self, dispatch: Any) -> None:
        self.dispatch = dispatch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dispatch, name)

    def Invoke(self, dispid: int, _: int, *more: Any) -> Any:  # noqa: N802 - pywin32's name
        return self.dispatch.Invoke(dispid, ENGLISH, *map(_argument, more))

    def InvokeTypes(self, dispid: int, _: int, *more: Any) -> Any:  # noqa: N802
        return self.dispatch.InvokeTypes(dispid, ENGLISH, *map(_argument, more))


def _argument(value: Any) -> Any:
    return value._oleobj_.dispatch if isinstance(value, _EnglishObject) else value
