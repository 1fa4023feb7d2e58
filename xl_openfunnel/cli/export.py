"""The command that keeps a folder of Parquet files for other programs up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigurationError, FileWriteError, JobFailedError, OpenFunnelError
from ..jobs.waiting import about_job
from ..settings import shown_origin
from ..text import companies, count, first_of
from . import terminal
from .options import Json, SomeJobs
from .progress import Progress
from .session import Session, session

if TYPE_CHECKING:
    from ..columns.exporting import Report
    from ..columns.job_list import ListedJob
    from ..jobs.store.ledger import LedgerEntry

_MAX_NAMED = 10
"""Jobs that one message names."""


def _date(text: str | datetime) -> datetime:
    """A day, or a time, in UTC unless it says otherwise.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        moment = text if isinstance(text, datetime) else datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigurationError(f"--since takes a date such as 2026-01-31, and not {text!r}.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False, help="The folder; it is made.")],
    jobs: SomeJobs = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", metavar="DATE", parser=_date, help="Only those read on that day (UTC) or later."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the companies of final jobs as Parquet, for other programs: a file a job, only what is new.

    Takes what is stored here, and asks no service. Files of jobs that were forgotten are removed, and named.
    """
    from ..columns.exporting import Exporter
    from ..columns.folder import ColumnFolder

    run = session(context)
    job_ids = _wanted(run, jobs or (), since)
    with Progress() as progress:
        progress.step("looking for what is new")
        exporter = Exporter(folder, run.store, ColumnFolder.beside(run.store.path, run.store.origin))
        report = exporter.export(job_ids, lambda number: progress.step(f"job {number} of {len(job_ids)}"))
    unfinished = [] if jobs else _unfinished(run)
    try:
        if as_json:
            terminal.print_json(_as_json(folder, report, unfinished))
    finally:  # also where the reader of stdout wants no more
        _print_report(run, folder, report)
        errors = [
            about_job(error, job_id)
            for job_id, error in report.left_out
            if jobs or not isinstance(error, JobFailedError)
        ]
        if not jobs:
            _print_left_out(run, report, unfinished)
        if report.locked:
            files = count(len(report.locked), "file")
            open_elsewhere = f"{files} in {folder} could not be removed: open in another program. Close it there."
            errors.append(FileWriteError(f"{open_elsewhere} The next export removes what is left.", locked=True))
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ExceptionGroup("", errors)


def _wanted(run: Session, jobs: Sequence[str], since: datetime | None) -> list[str]:
    """The ids of the jobs that are asked for: without any, of those that are stored."""
    job_ids = run.known_job_ids(jobs)
    if not jobs:
        job_ids = sorted(job_id for origin, job_id in run.store.stored() if origin == run.store.origin)
    if since is None:
        return job_ids
    results = {job_id: run.store.find(job_id) for job_id in job_ids}
    return [job_id for job_id, result in results.items() if result is None or result.as_of >= since]


def _print_report(run: Session, folder: Path, report: Report) -> None:
    """Say what was written and removed."""
    number, there = sum(job.rows for job in report.written), len(report.unchanged)
    was_there = f"{count(there, 'job')} {'was' if there == 1 else 'were'} there already"
    if report.written:
        text = f"{count(len(report.written), 'job')} ({companies(number)}) exported to {folder}"
        text += f"; {was_there}." if there else "."
    else:
        text = f"Nothing new for {folder}" + (f": {was_there}." if there else ".")
    terminal.print_message(text, event="written", file=str(folder), rows=number, jobs=len(report.written))
    for job_id, name in report.removed:
        terminal.print_message(f"Removed {name}, of job {job_id}.", event="removed", file=name, job=job_id)
    if report.kept:
        files = count(len(report.kept), "file")
        terminal.print_warning(
            f"{files} of jobs that are not stored here stay: a damaged store lies beside {run.store.path}, and they "
            "may have been lost with it. Delete it, and the next export removes the files."
        )


def _unfinished(run: Session) -> list[LedgerEntry]:
    """The jobs that were seen here and are not stored."""
    stored = set(run.store.stored())
    return [entry for entry in run.store.ledger() if (run.store.origin, entry.job_id) not in stored]


def _print_left_out(run: Session, report: Report, unfinished: Sequence[LedgerEntry]) -> None:
    """Say of which jobs there is nothing to export, where all were asked for."""
    for job_id, error in report.left_out:
        if isinstance(error, JobFailedError):
            terminal.print_note(error.message, job=job_id)
    if unfinished:
        names = [f"{entry.label or entry.job_id} ({entry.status or 'unknown'})" for entry in unfinished]
        jobs = first_of(names, _MAX_NAMED)
        terminal.print_note(f"Not final here, so not exported: {jobs}. xl-openfunnel rows JOB waits until one is.")
    for origin in sorted({origin for origin, _ in run.store.stored()} - {run.store.origin}):
        terminal.print_note(f"Those of {shown_origin(origin)} need --base-url {shown_origin(origin)}.")


def _as_json(folder: Path, report: Report, unfinished: Iterable[LedgerEntry]) -> dict[str, Any]:
    from ..columns.exporting import not_final_error

    def shown(job: ListedJob) -> dict[str, Any]:
        return {"job_id": job.job_id, "label": job.label, "rows": job.rows, "file": job.file}

    def reason(job_id: str, error: OpenFunnelError) -> dict[str, Any]:
        return {"job_id": job_id, "kind": error.kind, "reason": error.message}

    return {
        "folder": str(folder),
        "written": list(map(shown, report.written)),
        "unchanged": list(map(shown, report.unchanged)),
        "removed": [{"job_id": job_id, "file": name} for job_id, name in report.removed],
        "not_removed": [*report.locked, *report.kept],
        "not_exported": [
            *(reason(*each) for each in report.left_out),
            *(reason(entry.job_id, not_final_error(entry.job_id)) for entry in unfinished),
        ],
    }
