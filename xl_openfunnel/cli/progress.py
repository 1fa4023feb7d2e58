"""The progress of commands on stderr: a bar that is redrawn, or lines."""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..text import one_line
from . import terminal
from .log_format import messages
from .progress_lines import LINE_INTERVAL, ProgressLines

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from ..jobs.snapshot import Snapshot


class Progress:
    """The progress of jobs on stderr: a bar that is redrawn; without a terminal `ProgressLines`.

    Args:
        now: seconds on a monotonic clock.
        beside_lines: stdout gets a line for each change, so that stderr needs none: `print_line` writes it.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, *, beside_lines: bool = False) -> None:
        self._beside_lines = beside_lines
        self._line = "asking the service"
        self._snapshots: dict[str, Snapshot] = {}
        self._started = time.monotonic()
        self._next_step = LINE_INTERVAL
        self._live: Live | None = None
        self._lines = ProgressLines(functools.partial(terminal.print_message, event="progress"), now)

    def __enter__(self) -> Self:
        plain = messages.json or messages.quiet or (self._beside_lines and not terminal.is_terminal(sys.stdout))
        if not plain and terminal.is_terminal(sys.stderr) and not terminal.stderr_console().is_dumb_terminal:
            from rich.live import Live

            self._live = Live(
                console=terminal.stderr_console(),
                get_renderable=self._render,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        if self._live is not None:
            with contextlib.suppress(OSError, ValueError):
                self._live.stop()

    def __call__(self, snapshot: Snapshot) -> None:
        """Show the state of the job, beside those of others."""
        if self._live is None:
            if not self._beside_lines:
                self._lines(snapshot)
            return
        self._snapshots |= {snapshot.job_id: snapshot}
        self._line = ""

    def update(self, line: str) -> None:
        self._line = line
        if self._live is None:
            terminal.print_message(line)

    def step(self, line: str) -> None:
        """Show this line of many; without a terminal at most one in `LINE_INTERVAL` seconds."""
        if self._live is not None:
            self._line = line
        elif self.seconds >= self._next_step:
            self._next_step = self.seconds + LINE_INTERVAL
            terminal.print_message(line, event="progress")

    def print_line(self, line: str, status: str) -> None:
        """Print a line of data on stdout; above the bar, where there is one, with the job's status coloured."""
        if self._live is None:
            terminal.print_line(
                terminal.wrapped(line, terminal.new_console().width) if terminal.is_terminal(sys.stdout) else line
            )
            return
        from rich.text import Text

        from .table_output import status_style

        text = Text(terminal.wrapped(line, self._live.console.width))
        text.highlight_words([status], status_style(status))
        self._live.console.print(text, soft_wrap=True)  # stdout is this terminal too

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._started

    def _render(self) -> RenderableType:  # for every refresh: it counts down to the next try
        from rich.console import Group
        from rich.text import Text

        from .progress_bar import headline, progress_bar

        frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if terminal.can_print_unicode(terminal.stderr_console()) else "|/-\\"
        frame = (f"{frames[int(self.seconds * 8) % len(frames)]} ", "cyan")
        if line := self._line:
            return Text.assemble(frame, (f"{self.seconds:.0f} s ", "dim"), one_line(line))
        snapshots = list(self._snapshots.values())
        bar = progress_bar(snapshots, self.seconds, terminal.stderr_console().width)
        return Group(Text.assemble(frame, headline(snapshots)), bar)  # an error and its remedy are wrapped
