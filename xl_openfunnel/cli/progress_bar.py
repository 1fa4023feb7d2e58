"""The progress of jobs on a terminal: the state, and a bar of the rows read so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ..text import companies, count
from .table_output import status_style

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from ..jobs.snapshot import Snapshot

_MAX_BAR: Final = 40
_MIN_BAR: Final = 12
"""Terminal columns of the bar; where fewer are left beside the numbers, it has a line of its own."""


def progress_bar(snapshots: Sequence[Snapshot], seconds: float, width: int) -> RenderableType:
    """The bar, with companies, pages and time.

    Args:
        snapshots: the jobs.
        seconds: since the command began to wait.
        width: columns of the terminal.
    """
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    read = sum(len(snapshot.rows) for snapshot in snapshots)
    total = max(read, sum(map(_delivered, snapshots)))
    numbers = Text(_numbers(snapshots, read, total, seconds))
    room = width - len(numbers) - 1
    narrow = room < _MIN_BAR
    bar = ProgressBar(
        total=total or None,  # without a total it pulses
        completed=read,
        width=min(_MAX_BAR, width - 1 if narrow else room - 1),
        animation_time=seconds,
    )
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_row(*((bar,) if narrow else (bar, numbers)))
    return Group(line, numbers) if narrow else line


def headline(snapshots: Sequence[Snapshot]) -> Text:
    """The state of a job, with its status coloured, or of several."""
    from rich.text import Text

    from ..jobs import job_text

    if len(snapshots) > 1:
        return Text(job_text.jobs_line(snapshots))
    text = Text(job_text.state(snapshots[0]))
    status = str(snapshots[0].status or "")
    text.stylize(status_style(status), 0, len(status))
    return text


def _delivered(snapshot: Snapshot) -> int:
    """Companies that the service has of the job, as far as it says."""
    stated = (snapshot.manifest or {}).get("count")
    return stated if isinstance(stated, int) else snapshot.processed or 0


def _numbers(snapshots: Sequence[Snapshot], read: int, total: int, seconds: float) -> str:
    pages = [snapshot.pages for snapshot in snapshots]
    stated = [(snapshot.manifest or {}).get("pages") for snapshot in snapshots]
    of_pages = [number for number in stated if isinstance(number, int)]
    parts = [f"{read:,} of {companies(total)}"] if total else []
    if sum(pages):
        known = len(of_pages) == len(pages) and sum(of_pages) >= sum(pages)
        parts.append(f"{sum(pages):,} of {count(sum(of_pages), 'page')}" if known else count(sum(pages), "page"))
    minutes, rest = divmod(int(seconds), 60)
    return " · ".join(
        [*parts, f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"]
    )
