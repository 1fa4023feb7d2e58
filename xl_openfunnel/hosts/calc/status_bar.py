"""Shows an action's message in the status bar for a while, where Calc otherwise shows the sum of the selection."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any, Final

DISPLAY_SECONDS: Final = 10.0


def show(
    document: Any,
    text: str,
    run_on_main_thread: Callable[[Callable[[], None]], object],
    timer: Callable[[float, Callable[[], None]], threading.Timer] = threading.Timer,
) -> None:
    """Show a text in the status bar of a document's window, if it has one, and clear it after `DISPLAY_SECONDS`.

    Args:
        document: the document, None for none.
        text: what to show.
        run_on_main_thread: runs a function on LibreOffice's main thread.
        timer: creates the timer that clears the text.
    """
    controller = document.CurrentController if document is not None else None
    indicator = controller.getStatusIndicator() if controller is not None else None
    if indicator is None:
        return
    indicator.start(text, 0)

    def clear() -> None:
        with contextlib.suppress(Exception):  # the window is closed, or LibreOffice shows a dialog
            run_on_main_thread(indicator.end)

    clear_timer = timer(DISPLAY_SECONDS, clear)
    clear_timer.daemon = True
    clear_timer.start()
