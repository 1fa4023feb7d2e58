"""The command that follows a job to its end."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from .. import Fetcher, FileWriteError, Snapshot
from ..text import companies
from . import job_text, terminal
from .jobs import Columns, Output, Raw, chosen
from .session import Job, session

PAUSE = 2.0
"""Seconds between two versions of a file: programs that read it want to come to an end."""

PATIENCE = 300.0
"""Seconds that the last version waits for another program to let go of the file."""

_SLICE = 0.2
"""Seconds after which a waiting thread looks up, so that Ctrl-C reaches it on Windows."""


def watch(context: typer.Context, job: Job, output: Output = None, columns: Columns = None, raw: Raw = False) -> None:
    """Follow a job until it is final: a line for each change, or a file that is kept up to date."""
    run = session(context)
    if output is not None:
        from .. import files

        files.check(output)
    job_id, fetcher = run.job_id(job), run.fetcher()
    last = Snapshot(job_id)
    if output is None:
        told: object = None
        for seen in _changes(fetcher, job_id):
            if seen is not None and job_text.change_key(seen) != told:
                last, told = seen, job_text.change_key(seen)
                terminal.put(job_text.line(seen))
    else:
        last = _keep_up_to_date(_changes(fetcher, job_id), output, chosen(columns), raw=raw)
    if last.problem is not None and not (last.final and last.problem.kind != "JobFailedError"):
        raise last.problem.error.with_traceback(None)


def _changes(fetcher: Fetcher, job_id: str) -> Iterator[Snapshot | None]:
    """What changes, as it does, and None now and then while nothing does; ends when nothing more will."""
    told: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
    subscription = fetcher.subscribe(job_id, told.put)
    try:
        fetcher.wait(job_id, 0)  # whoever waits is served at once, without the pause for half-typed ids
        settled = False
        while not settled:
            try:
                seen = told.get(timeout=_SLICE)
            except queue.Empty:
                yield None
            else:
                settled = seen.settled
                yield seen
    finally:
        subscription.close()


def _keep_up_to_date(
    changes: Iterator[Snapshot | None], path: Path, columns: Sequence[str] | None, *, raw: bool
) -> Snapshot:
    """Write the file anew when something changed; the last state.

    There is none before the first company, or the job's end: until then nobody can say which columns it will have.
    """
    from .. import files

    last = Snapshot("")
    unwritten: Snapshot | None = None
    complained: set[Path] = set()
    not_before = 0.0
    with terminal.Progress() as progress:
        for seen in changes:
            if seen is not None:
                progress(seen)
                last = seen
                if len(seen.rows) or seen.final:
                    unwritten = seen
            if unwritten is None or time.monotonic() < not_before:
                continue
            not_before = time.monotonic() + PAUSE
            if _written(unwritten, path, columns, complained, raw=raw):
                unwritten = None
        give_up = time.monotonic() + PATIENCE
        while unwritten is not None:
            if time.monotonic() >= give_up:
                files.check(path)  # says why not
            if _written(unwritten, path, columns, complained, raw=raw):
                break
            time.sleep(_SLICE)
    if len(last.rows) or last.final:
        terminal.say(f"{companies(len(last.rows))} written to {path}")
    return last


def _written(seen: Snapshot, path: Path, columns: Sequence[str] | None, complained: set[Path], *, raw: bool) -> bool:
    """Write the file; False, and a message the first time, where another program holds it."""
    from .. import files

    try:
        files.write(seen, path, columns, raw=raw)
    except FileWriteError as trouble:
        if not trouble.locked:
            raise
        if path not in complained:
            terminal.say(f"{trouble.message} Until then it is tried again and again.", mark="warning: ", style="yellow")
        complained.add(path)
        return False
    complained.discard(path)
    return True
