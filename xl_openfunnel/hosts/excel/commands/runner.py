"""Runs actions one after the other on a thread of their own, and says in the status bar what came of them.

Excel waits only until an action is noted: whoever presses a button goes on working. What is urgent waits for no other
action and for no program: it has a thread of its own, and only what came of it is told in turn.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ....errors import CELL_UNITS, OpenFunnelError
from ....runtime.clock import Clock, LoopEvent
from ....runtime.thread_pool import start_thread
from ....text import clip
from ..ports import HostBusyError, HostError, HostGoneError, WorkbookAccess
from .handlers import CommandContext, CommandHandlers, Handler

_log = logging.getLogger(__name__)

SHOWN: Final = 10.0
"""Seconds that the status bar shows what came of an action."""

AGAIN: Final = 5.0
"""Seconds after which a program that let nobody in is told again."""

_PREFIX: Final = "OpenFunnel: "
_BUSY: Final = "Excel let nobody in: a cell is being edited, or a dialog is open. Press again when it is done."
_NOBODY: Final = "Excel, or the workbook's window, was closed before it was done."
_UNEXPECTED: Final = "Something unexpected happened. The log says what; please report it."
_UNKNOWN: Final = "This macro is newer than the installed package. Update it: xl-openfunnel install --repair."


@dataclass(frozen=True)
class _StatusMessage:
    """What a program is told, from then on; and when it is taken back, None before it was shown."""

    text: str
    at: float
    until: float | None = None


class CommandRunner:
    """The queue of what was asked for.

    Args:
        actions: what can be asked for.
        workplace: reaches the programs.
        clock: what time is and how to wait.
        begin: begins a thread of that name.
    """

    def __init__(
        self,
        actions: CommandHandlers,
        workplace: WorkbookAccess,
        clock: Clock,
        begin: Callable[[str, Callable[[], None]], object] = start_thread,
    ) -> None:
        self._actions = actions
        self._workplace = workplace
        self._clock = clock
        self._begin = begin
        self._inbox: queue.SimpleQueue[LoopEvent] = queue.SimpleQueue()
        self._said: dict[int, _StatusMessage] = {}
        self._closed = False

    def act(self, action: str, pressed: CommandContext) -> str:
        """Have something done, or give at once why not; ``""`` where it will be done. On any thread."""
        if action in self._actions.urgent:
            begun, do = self._actions.urgent[action]
            self.show_status(pressed.window, begun)
            self._begin("urgent", lambda: self.show_status(pressed.window, _outcome(action, lambda: do(pressed))))
            return ""
        if action not in self._actions.handlers:
            return _UNKNOWN
        begun, deed = self._actions.handlers[action]
        self._inbox.put(lambda: self._do(action, begun, deed, pressed))
        return ""

    def show_status(self, window: int, text: str) -> None:
        """Have a program show for a while what came of something else. On any thread."""
        self._inbox.put(lambda: self._note(window, text))

    def job_here(self, pressed: CommandContext) -> str:
        """The job that the selected cell holds or shows."""
        return self._actions.job_here(pressed)

    def close(self) -> None:
        """Do nothing any more."""
        self._closed = True
        self._inbox.put(lambda: None)

    # ---- on the one thread -----------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until `close`."""
        seconds: float | None = None
        while not self._closed:
            seconds = self.step(self._clock.receive(self._inbox, seconds))

    def step(self, message: LoopEvent = None) -> float | None:
        """Do what is to be done now; gives the seconds until there is more, None if nothing is foreseen."""
        if message is not None:
            message()
        now = self._clock.monotonic()
        for window, said in list(self._said.items()):
            if said.at <= now:
                self._tell(window, said)
        times = [said.at for said in self._said.values()]
        return max(min(times) - self._clock.monotonic(), 0.0) if times else None

    def _do(self, action: str, begun: str, deed: Handler, pressed: CommandContext) -> None:
        self._said.pop(pressed.window, None)

        def done() -> str:
            with self._workplace.connect(pressed.window) as work:
                work.set_status(_PREFIX + begun)
                return deed(work, pressed)

        self._note(pressed.window, _outcome(action, done))

    def _note(self, window: int, text: str) -> None:
        self._said[window] = _StatusMessage(clip(_PREFIX + text, CELL_UNITS), self._clock.monotonic())

    def _tell(self, window: int, said: _StatusMessage) -> None:
        """Show what came of an action or, later, give the status bar back."""
        try:
            with self._workplace.connect(window, 0.0) as work:
                if said.until is None:
                    work.set_status(said.text)
                else:
                    work.clear_status(said.text)
        except HostBusyError:
            self._said[window] = _StatusMessage(said.text, self._clock.monotonic() + AGAIN, said.until)
            return
        except (HostGoneError, HostError) as reason:
            if said.until is None:
                _log.warning("nobody could be told (%s): %s", type(reason).__name__, said.text)
            del self._said[window]
            return
        if said.until is None:
            until = self._clock.monotonic() + SHOWN
            self._said[window] = _StatusMessage(said.text, until, until)
        else:
            del self._said[window]


def _outcome(action: str, do: Callable[[], str]) -> str:
    """What came of an action, in words, which the log has in any case."""
    try:
        said = do()
    except OpenFunnelError as error:
        said = error.message
    except HostError as refused:
        said = refused.text
    except HostBusyError:
        said = _BUSY
    except HostGoneError:
        said = _NOBODY
    except OSError as error:  # of files: Excel's own errors are none
        said = f"A file could not be written or opened: {error}"
    except Exception:
        _log.exception("%s failed", action)
        said = _UNEXPECTED
    _log.info("%s: %s", action, said)
    return said
