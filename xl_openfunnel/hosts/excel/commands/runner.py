"""Runs commands one after the other on a thread of their own, and shows their outcome in the status bar.

Excel waits only until a command is queued, so its user goes on working. Urgent commands wait neither for other commands
nor for Excel: each has a thread of its own, and only its outcome is queued. So has what asks in a window, for which
Excel's end does not wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ....errors import CELL_UNITS, OpenFunnelError, unexpected
from ....runtime.clock import Clock
from ....runtime.event_loop import EventLoop
from ....runtime.thread_pool import start_thread
from ....text import clip
from ....workbook.commands import EARLIER_ACTIONS
from ...known_list import KeptText
from ..ports import HostBusyError, HostError, HostGoneError, WorkbookAccess
from .handlers import CommandContext, CommandHandlers

_log = logging.getLogger(__name__)

STATUS_SECONDS: Final = 10.0
"""Seconds for which the status bar shows an outcome."""

BUSY_RETRY_DELAY: Final = 5.0
"""Seconds after which an outcome is shown to a busy Excel again."""

_PREFIX: Final = "OpenFunnel: "
_BUSY: Final = "Excel is busy: a cell is being edited, or a dialog is open. Press again when it is done."
_GONE: Final = "Excel, or the workbook's window, was closed before it was done."
_UNEXPECTED: Final = unexpected()
_UNKNOWN: Final = "This macro is newer than the installed package. Update it: xl-openfunnel install --repair."


@dataclass(frozen=True)
class CommandRequested:
    """A user asks for a command."""

    action: str
    context: CommandContext = field(repr=False)


@dataclass(frozen=True)
class StatusRequested:
    """The status bar of an Excel is to show a text for a while."""

    window: int
    text: str = field(repr=False)


@dataclass(frozen=True)
class _StatusMessage:
    """A status-bar message.

    Attributes:
        text: the message.
        due_at: when to show it or, if it is shown, to clear it.
        shown: whether it is shown.
    """

    text: str
    due_at: float
    shown: bool = False


class CommandRunner:
    """The queue of commands.

    Attributes:
        loop: the thread of the commands; to be started and closed by the owner.
    """

    def __init__(
        self,
        handlers: CommandHandlers,
        workbooks: WorkbookAccess,
        clock: Clock,
        start: Callable[[str, Callable[[], None]], object] = start_thread,
    ) -> None:
        self.loop = EventLoop[CommandRequested | StatusRequested]("commands", clock, self._handle, self._run_due)
        self._handlers = handlers
        self._workbooks = workbooks
        self._clock = clock
        self._start = start
        self._messages: dict[int, _StatusMessage] = {}
        self._urgent: set[threading.Event] = set()

    # ---- on any thread -------------------------------------------------------------------------------------

    def act(self, action: str, context: CommandContext) -> str:
        """Queue a command; returns why that is not possible, or ``""``."""
        action = EARLIER_ACTIONS.get(action, action)
        at_once = {**self._handlers.urgent, **self._handlers.windows}
        if action in at_once:
            begun, do = at_once[action]
            self.show_status(context.window, begun)
            done = threading.Event()
            if action in self._handlers.urgent:
                self._urgent.add(done)

            def run() -> None:
                try:
                    self.show_status(context.window, _outcome(action, lambda: do(context)))
                finally:
                    self._urgent.discard(done)
                    done.set()

            self._start("urgent", run)
            return ""
        if action not in self._handlers.handlers:
            return _UNKNOWN
        self.loop.post(CommandRequested(action, context))
        return ""

    def show_status(self, window: int, text: str) -> None:
        """Have the status bar show a text for a while."""
        self.loop.post(StatusRequested(window, text))

    def job_here(self, context: CommandContext) -> str:
        """The job that the selected cell holds or shows."""
        return self._handlers.job_here(context)

    def finish_urgent(self, timeout: float) -> bool:
        """Wait for the urgent commands that have begun, for each at most so many seconds; whether all ended."""
        ended = [done.wait(timeout) for done in list(self._urgent)]
        return all(ended)

    # ---- on the loop's thread ------------------------------------------------------------------------------

    def _handle(self, event: CommandRequested | StatusRequested) -> None:
        match event:
            case CommandRequested(action, context):
                self._run(action, context)
            case StatusRequested(window, text):
                self._set_message(window, text)

    def _run(self, action: str, context: CommandContext) -> None:
        self._messages.pop(context.window, None)
        begun, handler = self._handlers.handlers[action]

        def run() -> str:
            with self._workbooks.connect(context.window) as workbook:
                workbook.set_status(_PREFIX + begun)
                return handler(workbook, context)

        self._set_message(context.window, _outcome(action, run))

    def _set_message(self, window: int, text: str) -> None:
        self._messages[window] = _StatusMessage(clip(_PREFIX + text, CELL_UNITS), self._clock.monotonic())

    def _run_due(self) -> float | None:
        now = self._clock.monotonic()
        for window, message in list(self._messages.items()):
            if message.due_at <= now:
                self._update_status_bar(window, message)
        if not self._messages:
            return None
        return max(min(message.due_at for message in self._messages.values()) - self._clock.monotonic(), 0.0)

    def _update_status_bar(self, window: int, message: _StatusMessage) -> None:
        """Show a message or, if it is shown, clear it."""
        try:
            with self._workbooks.connect(window, 0.0) as workbook:
                if message.shown:
                    workbook.clear_status(message.text)
                else:
                    workbook.set_status(message.text)
        except HostBusyError:
            retry_at = self._clock.monotonic() + BUSY_RETRY_DELAY
            self._messages[window] = _StatusMessage(message.text, retry_at, message.shown)
            return
        except (HostGoneError, HostError) as error:
            if not message.shown:
                _log.warning("an outcome could not be shown: %s", type(error).__name__)
            del self._messages[window]
            return
        except Exception:
            del self._messages[window]  # each try would fail, and be logged, again
            raise
        if message.shown:
            del self._messages[window]
        else:
            clear_at = self._clock.monotonic() + STATUS_SECONDS
            self._messages[window] = _StatusMessage(message.text, clear_at, shown=True)


def _outcome(action: str, run: Callable[[], str]) -> str:
    """Run a command; returns a text about its outcome, which is logged unless it is for the user alone."""
    try:
        text = run()
    except OpenFunnelError as error:
        text = error.message
    except HostError as error:
        text = error.text
    except HostBusyError:
        text = _BUSY
    except HostGoneError:
        text = _GONE
    except OSError as error:  # about files: COM errors are no OSErrors
        text = f"A file could not be written or opened: {error}"
    except Exception:
        _log.exception("%s failed", action)
        text = _UNEXPECTED
    _log.info("%s: %s", action, "done" if isinstance(text, KeptText) else text)
    return text
