"""Shows an action's message in the status bar for a while, where Calc otherwise shows the sum of the selection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

from ...runtime.thread_pool import start_timer

DISPLAY_SECONDS: Final = 10.0


def show(
    document: Any,
    text: str,
    run_on_main_thread: Callable[[Callable[[], None]], object],
    call_later: Callable[[float, Callable[[], None]], object] = start_timer,
) -> None:
    """Show a text in the status bar of a document's window, if it has one, and clear it after `DISPLAY_SECONDS`."""
    controller = document.CurrentController if document is not None else None
    indicator = controller.getStatusIndicator() if controller is not None else None
    if indicator is None:
        return
    indicator.start(text, 0)

    def clear() -> None:
        with contextlib.suppress(Exception):  # the window is closed, or LibreOffice shows a dialog
            run_on_main_thread(indicator.end)

    call_later(DISPLAY_SECONDS, clear)
