"""The command that follows a job to its end."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from .. import ConfigurationError, Fetcher, FileWriteError, Snapshot
from ..jobs import job_text
from . import terminal
from .jobs import parse_column_names
from .options import Columns, Job, Output, Raw, Separator
from .output import Target
from .session import session

WRITE_INTERVAL = 2.0
"""Seconds between two versions of a file, so that programs have time to read it to its end."""

FILE_LOCK_TIMEOUT = 300.0
"""Seconds to wait for another program to close the file before the last version is given up."""

_POLL_INTERVAL = 0.2
"""Seconds of one wait: on Windows, Ctrl-C takes effect only between two waits."""


def watch(
    context: typer.Context,
    job: Job,
    output: Output = None,
    columns: Columns = None,
    separator: Separator = None,
    raw: Raw = False,
) -> None:
    """Follow a job until it is final: a line for each change, or a file that is kept up to date."""
    run = session(context)
    target = Target.of(output, None, separator, raw=raw)
    if output is not None and target.path is None:
        raise ConfigurationError("watch rewrites a file while the job runs: give one. rows JOB -o - waits for the end.")
    job_id, fetcher = run.job_id(job), run.fetcher()
    last = Snapshot(job_id)
    if target.path is None:
        printed: object = None
        with terminal.Progress(beside_lines=True) as progress:
            for snapshot in filter(None, _changes(fetcher, job_id)):
                progress(snapshot)
                if job_text.change_key(snapshot) != printed:
                    last, printed = snapshot, job_text.change_key(snapshot)
                    progress.print_line(job_text.line(snapshot), str(snapshot.status or ""))
    else:
        labelled = replace(target, label=run.label_of(job_id))
        last = _update_file(_changes(fetcher, job_id), target.path, labelled, parse_column_names(columns))
    terminal.print_warnings(last)
    if last.problem is not None and not (last.final and last.problem.kind != "JobFailedError"):
        raise last.problem.error.with_traceback(None)


def _changes(fetcher: Fetcher, job_id: str) -> Iterator[Snapshot | None]:
    """Yield each new snapshot until the job is settled, and None every `_POLL_INTERVAL` without one."""
    snapshots: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
    subscription = fetcher.subscribe(job_id, snapshots.put)
    try:
        fetcher.wait(job_id, 0)  # sends the first request at once, without the delay for half-typed ids
        settled = False
        while not settled:
            try:
                snapshot = snapshots.get(timeout=_POLL_INTERVAL)
            except queue.Empty:
                yield None
            else:
                settled = snapshot.settled
                yield snapshot
    finally:
        subscription.close()


def _update_file(
    changes: Iterator[Snapshot | None], path: Path, target: Target, columns: Sequence[str] | None
) -> Snapshot:
    """Write the file after each change and return the last snapshot.

    The file is first written with the first company, or at the end of the job: before, its columns are not known.
    """
    from .. import files

    last = Snapshot("")
    unwritten: Snapshot | None = None
    reported: set[Path] = set()
    next_write = 0.0
    guarded = 0
    with terminal.Progress() as progress:
        for snapshot in changes:
            if snapshot is not None:
                progress(snapshot)
                last = snapshot
                if len(snapshot.rows) or snapshot.final:
                    unwritten = snapshot
            if unwritten is None or time.monotonic() < next_write:
                continue
            next_write = time.monotonic() + WRITE_INTERVAL
            if (written := _try_write(unwritten, path, target, columns, reported)) is not None:
                guarded, unwritten = written, None
        deadline = time.monotonic() + FILE_LOCK_TIMEOUT
        while unwritten is not None:
            if time.monotonic() >= deadline:
                files.check(path)  # raises with the reason
            if (written := _try_write(unwritten, path, target, columns, reported)) is not None:
                guarded = written
                break
            time.sleep(_POLL_INTERVAL)
    if len(last.rows) or last.final:
        target.report(len(last.rows), guarded)
    return last


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
