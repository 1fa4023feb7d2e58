"""The command that follows a job to its end."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from .. import ConfigurationError, Fetcher, FileWriteError, Snapshot
from ..jobs import job_text
from ..jobs.stacking import stacked_snapshot
from ..jobs.waiting import NO_ANSWER_TIMEOUT, error_of
from ..runtime.clock import FOREVER
from ..text import companies
from . import terminal
from .jobs import parse_column_names, raise_errors
from .options import Columns, Jobs, Output, Raw, Refresh, Separator, Timeout
from .output import Target
from .progress import Progress
from .session import session

WRITE_INTERVAL = 2.0
"""Seconds between two versions of a file, so that programs have time to read it to its end."""

FILE_LOCK_TIMEOUT = 300.0
"""Seconds to wait for another program to close the file before the last version is given up."""

_POLL_INTERVAL = 0.2
"""Seconds of one wait: on Windows, Ctrl-C takes effect only between two waits."""


def watch(
    context: typer.Context,
    jobs: Jobs,
    output: Output = None,
    columns: Columns = None,
    separator: Separator = None,
    raw: Raw = False,
    timeout: Timeout = None,
    refresh: Refresh = False,
) -> None:
    """Follow jobs until they are final: a line for each change, or a file that is kept up to date.

    The file of several jobs is written once all of them are final and complete.
    """
    run = session(context)
    target = Target.of(output, None, separator, raw=raw)
    if output is not None and target.path is None:
        raise ConfigurationError("watch rewrites a file while the job runs: give one. rows JOB -o - waits for the end.")
    job_ids, fetcher = run.job_ids(jobs), run.fetcher()
    latest = {job_id: Snapshot(job_id) for job_id in job_ids}
    changes = _changes(fetcher, job_ids, timeout, refresh=refresh)
    if target.path is None:
        names = {job_id: f"{run.name_of(job_id)}: " if len(jobs) > 1 else "" for job_id in job_ids}
        printed: dict[str, object] = {}
        with Progress(beside_lines=True) as progress:
            for snapshot in filter(None, changes):
                progress(snapshot)
                latest[snapshot.job_id] = snapshot
                if (key := job_text.change_key(snapshot)) != printed.get(snapshot.job_id):
                    printed[snapshot.job_id] = key
                    progress.print_line(names[snapshot.job_id] + job_text.line(snapshot), str(snapshot.status or ""))
    else:
        labelled = replace(target, label=run.label_of_all(job_ids))
        _update_file(changes, latest, target.path, labelled, parse_column_names(columns), stacked=len(jobs) > 1)
    for snapshot in latest.values():
        terminal.print_warnings(snapshot)
    raise_errors(run, [(each, error_of(each, timeout, refresh=refresh)) for each in latest.values()])


def _changes(
    fetcher: Fetcher, job_ids: Sequence[str], timeout: float | None, *, refresh: bool
) -> Iterator[Snapshot | None]:
    """Yield each new snapshot until all jobs are settled or the time is over, and None every `_POLL_INTERVAL`."""
    snapshots: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
    deadline = FOREVER if timeout is None else fetcher.clock.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        for job_id in job_ids:
            if refresh:
                fetcher.refresh(job_id)
            fetcher.wait(job_id, 0)  # sends the first request at once, without the delay for half-typed ids
            stack.callback(fetcher.subscribe(job_id, snapshots.put).close)
        waiting = set(job_ids)
        while waiting and fetcher.clock.monotonic() < deadline:
            try:
                snapshot = snapshots.get(timeout=_POLL_INTERVAL)
            except queue.Empty:
                # A refresh that nothing answers ends as that of rows does; a running job is followed on.
                earliest = fetcher.clock.utcnow() - NO_ANSWER_TIMEOUT
                given_up = [
                    now
                    for now in map(fetcher.watch, waiting)
                    if now.stale and now.problem and now.problem.since < earliest
                ]
                waiting -= {now.job_id for now in given_up}
                yield from given_up
                yield None
            else:
                if snapshot.settled:
                    waiting.discard(snapshot.job_id)
                yield snapshot
        yield from map(fetcher.watch, waiting)  # the time is over


def _update_file(
    changes: Iterator[Snapshot | None],
    latest: dict[str, Snapshot],
    path: Path,
    target: Target,
    columns: Sequence[str] | None,
    *,
    stacked: bool,
) -> None:
    """Write the file after each change, and keep the latest snapshot of each job in ``latest``.

    The file is first written with the first company, or at the end of the job: before, its columns are not known.
    """
    from .. import files

    unwritten: Snapshot | None = None
    written: Snapshot | None = None
    reported: set[Path] = set()
    next_write = 0.0
    guarded = 0
    try:
        with Progress() as progress:
            for snapshot in changes:
                if snapshot is not None:
                    progress(snapshot)
                    latest[snapshot.job_id] = snapshot
                    unwritten = _content(latest, stacked=stacked) or unwritten
                if unwritten is None or time.monotonic() < next_write:
                    continue
                next_write = time.monotonic() + WRITE_INTERVAL
                if (changed := _try_write(unwritten, path, target, columns, reported)) is not None:
                    guarded, written, unwritten = changed, unwritten, None
            deadline = time.monotonic() + FILE_LOCK_TIMEOUT
            while unwritten is not None:
                if time.monotonic() >= deadline:
                    files.check(path)  # raises with the reason
                if (changed := _try_write(unwritten, path, target, columns, reported)) is not None:
                    guarded, written = changed, unwritten
                    break
                time.sleep(_POLL_INTERVAL)
    except KeyboardInterrupt:
        if written is not None:
            may_change = ", provisional: the service may still change them" if written.provisional else ""
            terminal.print_message(f"{path} stays, with {companies(len(written.rows))}{may_change}.")
        raise
    if written is not None:
        target.report(written, guarded)


def _content(latest: Mapping[str, Snapshot], *, stacked: bool) -> Snapshot | None:
    """What the file should have now; None for nothing new."""
    snapshots = list(latest.values())
    if any(snapshot.stale for snapshot in snapshots):  # it is being read again
        return None
    if not stacked:
        return snapshots[0] if len(snapshots[0].rows) or snapshots[0].final else None
    complete = all(error_of(each, None, refresh=True) is None for each in snapshots if each.settled)
    return stacked_snapshot(snapshots) if complete and all(each.settled for each in snapshots) else None


def _try_write(
    snapshot: Snapshot, path: Path, target: Target, columns: Sequence[str] | None, reported: set[Path]
) -> int | None:
    """Write the file, see `Target.write`; None, with a warning the first time, where another program has it open."""
    try:
        guarded = target.write(snapshot, columns)
    except FileWriteError as error:
        if not error.locked:
            raise
        if path not in reported:
            terminal.print_warning(f"{error.message} Until then it is tried again and again.")
        reported.add(path)
        return None
    reported.discard(path)
    return guarded
