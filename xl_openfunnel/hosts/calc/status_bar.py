"""What an action says in a window's status bar: for a while, for Calc shows there what selected cells are in sum."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any, Final

SHOWN: Final = 10.0
"""Seconds in which a line can be read."""


def say(
    document: Any,
    text: str,
    inside: Callable[[Callable[[], None]], object],
    timer: Callable[[float, Callable[[], None]], threading.Timer] = threading.Timer,
) -> None:
    """Show a text in the status bar of a document's window, if it has one, and let go of it later.

    Args:
        document: the document, None for none.
        text: what to show.
        timer: what lets time pass.
        inside: runs something on the office's own thread.
    """
    controller = document.CurrentController if document is not None else None
    indicator = controller.getStatusIndicator() if controller is not None else None
    if indicator is None:
        return
    indicator.start(text, 0)

    def let_go() -> None:
        with contextlib.suppress(Exception):  # the window is closed, or the office asks its user something
            inside(indicator.end)

    ending = timer(SHOWN, let_go)
    ending.daemon = True
    ending.start()
