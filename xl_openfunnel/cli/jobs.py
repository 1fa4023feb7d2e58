"""Commands for one job: status, rows, cancel; and the account's credits."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from .. import ConfigurationError, InvalidResponseError, JobFailedError, OpenFunnelError, Problem, Snapshot
from ..fields import parse_columns
from ..jobs import job_text
from ..jobs.snapshot import NO_ROWS
from ..jobs.snapshot_builder import snapshot_of_page, snapshot_of_result
from ..jobs.waiting import final_snapshot
from ..text import companies, one_line
from . import table_output, terminal
from .options import Columns, Format, Job, Json, Output, Raw, Separator, Yes, seconds_parser
from .output import Target
from .session import Session, session


def status(context: typer.Context, job: Job, as_json: Json = False) -> None:
    """Show the state of a job: one question to the service, or none where the job is stored here."""
    run = session(context)
    job_id = run.job_id(job)
    try:
        snapshot = _current_snapshot(run, job_id)
    except OpenFunnelError as error:
        if not as_json:
            raise
        snapshot = Snapshot(job_id, problem=Problem(error, datetime.now(UTC)))
    label = run.label_of(job_id)
    if as_json:
        terminal.print_json(job_text.as_json(snapshot, label, read=snapshot.final))
    else:
        table_output.print_pairs(job_text.details(snapshot, label))
        terminal.print_warnings(snapshot)
    if snapshot.problem is not None:
        raise snapshot.problem.error


def _current_snapshot(run: Session, job_id: str) -> Snapshot:
    """The stored result if there is one, else the state from one request to the service."""
    store = run.store_if_usable
    result = store.find(job_id) if store else None
    if result is not None:
        return snapshot_of_result(job_id, result, "store")
    with run.client() as client:
        page = client.page(job_id)
    now = datetime.now(UTC)
    if store is not None:
        store.record(job_id, page.status, None, page.manifest, now)
    return snapshot_of_page(job_id, page, NO_ROWS, now)


def rows(
    context: typer.Context,
    job: Job,
    output: Output = None,
    columns: Columns = None,
    file_format: Format = None,
    separator: Separator = None,
    raw: Raw = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="SECONDS", parser=seconds_parser("--timeout"), help="Give up after this time."
        ),
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Read it again, even if it is stored here.")] = False,
) -> None:
    """Wait until a job is final, then write its companies to a file, or show them."""
    run = session(context)
    target = Target.of(output, file_format, separator, raw=raw)
    names = parse_column_names(columns)
    job_id, fetcher = run.job_id(job), run.fetcher()
    if refresh:
        fetcher.refresh(job_id)
    with terminal.Progress(fetcher.clock.monotonic) as progress:
        if names is not None:  # reports a misspelt column at the first page instead of at the end
            with contextlib.closing(fetcher.subscribe(job_id, progress)):
                fetcher.wait(job_id, timeout, until=lambda current: bool(current.rows) or current.settled).frame(names)
        try:
            snapshot = final_snapshot(fetcher, job_id, timeout, progress)
        except JobFailedError:
            if delivered := len(fetcher.watch(job_id).rows):
                file = target.path or "FILE.xlsx"
                terminal.print_message(
                    f"To write the {companies(delivered)} delivered before: xl-openfunnel watch {job_id} -o {file}"
                )
            raise
    if refresh and snapshot.source == "service":
        terminal.print_message("Read again from the service.")
    for note in job_text.manifest_notes(snapshot.manifest or {}):
        terminal.print_message(note, mark="note: ", style="yellow")
    terminal.print_warnings(snapshot)
    if snapshot.problem is not None:
        terminal.print_warning(snapshot.problem.message)
    guarded = replace(target, label=run.label_of(job_id)).write(snapshot, names)
    target.report(len(snapshot.rows), guarded)


def parse_column_names(columns: str | None) -> Sequence[str] | None:
    """The column names in the text of ``--columns``.

    Raises:
        ConfigurationError: it has none.
    """
    if columns is None:
        return None
    names = parse_columns(columns)
    if names is None:
        raise ConfigurationError('--columns names no column. Say for example --columns name,domain, or "*" for all.')
    return names


def cancel(context: typer.Context, job: Job, yes: Yes = False) -> None:
    """Ask the service to stop a job. The companies delivered until then are billed."""
    run = session(context)
    job_id = run.job_id(job)
    billed = f"Companies that job {job_id} has delivered until it stops are billed, and stay readable."
    with run.client() as client:
        if not yes:
            current = None
            with contextlib.suppress(InvalidResponseError):  # an unreadable page must not prevent cancelling
                current = client.page(job_id).status
            if current is not None and current.terminal:
                terminal.print_error(f"Job {job_id} is over already ({current}): there is nothing to cancel.")
                raise typer.Exit(1)
            terminal.print_message(billed)
            if not terminal.confirm("Cancel it?"):
                terminal.print_message("Nothing was cancelled.")
                raise typer.Exit(1)
        try:
            cancellation = client.cancel(job_id)
        except OpenFunnelError as error:
            if error.retryable:
                terminal.print_message("Whether it was cancelled is not known: xl-openfunnel status JOB tells.")
            raise
    terminal.print_line(
        f"{cancellation.status}: {one_line(cancellation.message)}" if cancellation.message else cancellation.status
    )
    if yes:
        terminal.print_message(billed)


def show_credits(context: typer.Context, as_json: Json = False) -> None:
    """Show the account's balance."""
    with session(context).client() as client:
        balance = client.credits()
    if as_json:
        terminal.print_json(asdict(balance))
        return
    amounts = {"left": balance.left, "used": balance.used, "total": balance.total}
    table_output.print_pairs(
        [(name, "not told" if amount is None else f"{amount:,.12g}") for name, amount in amounts.items()]
    )
