"""Commands for one job: its state, its rows, its end; and the account's balance."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .. import ConfigurationError, InvalidResponseError, JobFailedError, OpenFunnelError, Problem, Snapshot
from ..jobs.fetch_rows import final_snapshot
from ..jobs.snapshot import NO_ROWS
from ..jobs.snapshot_builder import snapshot_of_page, snapshot_of_result
from ..text import companies, one_line
from . import job_text, option_types, table_output, terminal
from .session import Job, Json, Session, Yes, session

SHOWN = 100
"""Companies that a terminal shows: more would push the first ones out of sight, and a file or a pipe takes all."""

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write .xlsx, .csv, .tsv, .json, .jsonl or .parquet; a file of that name is replaced.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="NAMES", help='For example "name,domain,country"; "*" for all, the default for files.'
    ),
]
Raw = Annotated[bool, typer.Option("--raw", help="Leave text in .csv and .tsv as it is, even if it is a formula.")]


def status(context: typer.Context, job: Job, as_json: Json = False) -> None:
    """Show the state of a job: one question to the service, or none where the job is stored here."""
    run = session(context)
    job_id = run.job_id(job)
    try:
        seen = _state(run, job_id)
    except OpenFunnelError as error:
        if not as_json:
            raise
        seen = Snapshot(job_id, problem=Problem(error, datetime.now(UTC)))
    label = run.label_of(job_id)
    if as_json:
        terminal.put_json(job_text.as_json(seen, label, read=seen.final))
    else:
        table_output.put_pairs(job_text.details(seen, label))
    if seen.problem is not None:
        raise seen.problem.error


def _state(run: Session, job_id: str) -> Snapshot:
    """What is known of the job: from the store if it is final there, else from one answer of the service."""
    store = run.store_if_usable
    stored = store.find(job_id) if store else None
    if stored is not None:
        return snapshot_of_result(job_id, stored, "store")
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
    raw: Raw = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="SECONDS", parser=option_types.seconds("--timeout"), help="Give up after this time."
        ),
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Read it anew, even if it is stored here.")] = False,
) -> None:
    """Wait until a job is final, then write its companies to a file, or show them."""
    from .. import files

    run = session(context)
    if output is not None:
        files.check(output)
    wanted = chosen(columns)
    job_id, fetcher = run.job_id(job), run.fetcher()
    if refresh:
        fetcher.refresh(job_id)
    with terminal.Progress() as progress:
        if wanted is not None:  # a misspelt one is said at the first page, not at the end
            with contextlib.closing(fetcher.subscribe(job_id, progress)):
                fetcher.wait(job_id, timeout, until=lambda seen: len(seen.rows) > 0 or seen.settled).frame(wanted)
        try:
            seen = final_snapshot(fetcher, job_id, timeout, progress)
        except JobFailedError:
            if delivered := len(fetcher.watch(job_id).rows):
                file = output or "FILE.xlsx"
                terminal.say(
                    f"To write the {companies(delivered)} delivered before: xl-openfunnel watch {job_id} -o {file}"
                )
            raise
    if refresh and seen.source == "service":
        terminal.say("Read anew from the service.")
    for note in job_text.flags(seen.manifest or {}):
        terminal.say(note, mark="note: ", style="yellow")
    if seen.problem is not None:
        terminal.say(seen.problem.message, mark="warning: ", style="yellow")
    if output is not None:
        files.write(seen, output, wanted, raw=raw)
        terminal.say(f"{companies(len(seen.rows))} written to {output}")
    elif terminal.is_terminal(sys.stdout):
        _show(seen, wanted)
    else:
        from ..files.delimited import tsv_lines

        terminal.put_lines(tsv_lines(seen.frame(wanted or _default_columns()), raw=True))


def chosen(columns: str | None) -> Sequence[str] | None:
    """The names in the text of ``--columns``.

    Raises:
        ConfigurationError: there are none in it.
    """
    if columns is None:
        return None
    from ..table import parse_columns  # imports pandas

    names = parse_columns(columns)
    if names is None:
        raise ConfigurationError('--columns names no column. Say for example --columns name,domain, or "*" for all.')
    return names


def _default_columns() -> Sequence[str]:
    from ..table import DEFAULT_COLUMNS

    return DEFAULT_COLUMNS


def _show(seen: Snapshot, columns: Sequence[str] | None) -> None:
    frame = seen.frame(columns or table_output.COLUMNS)
    table_output.put_frame(frame.head(SHOWN))
    if len(frame) > SHOWN:
        terminal.say(f"The first {SHOWN} of {len(frame):,} companies. A pipe gets all of them, and so does -o FILE.")
    else:
        terminal.say(f"{companies(len(frame))}.")


def cancel(context: typer.Context, job: Job, yes: Yes = False) -> None:
    """Ask the service to stop a job. The companies delivered until then are billed."""
    run = session(context)
    job_id = run.job_id(job)
    billed = f"Companies that job {job_id} has delivered until it stops are billed, and stay readable."
    with run.client() as client:
        if not yes:
            now = None
            with contextlib.suppress(
                InvalidResponseError
            ):  # a page that makes no sense keeps no job from being stopped
                now = client.page(job_id).status
            if now is not None and now.terminal:
                terminal.say_error(f"Job {job_id} is over already ({now}): there is nothing to cancel.")
                raise typer.Exit(1)
            terminal.say(billed)
            if not terminal.confirmed("Cancel it?"):
                terminal.say("Nothing was cancelled.")
                raise typer.Exit(1)
        try:
            answer = client.cancel(job_id)
        except OpenFunnelError as error:
            if error.retryable:
                terminal.say("Whether it was cancelled is not known: xl-openfunnel status JOB tells.")
            raise
    terminal.put(f"{answer.status}: {one_line(answer.message)}" if answer.message else answer.status)
    if yes:
        terminal.say(billed)


def credits_(context: typer.Context, as_json: Json = False) -> None:
    """Show the account's balance."""
    with session(context).client() as client:
        balance = client.credits()
    if as_json:
        terminal.put_json(asdict(balance))
        return
    amounts = {"left": balance.left, "used": balance.used, "total": balance.total}
    table_output.put_pairs(
        [(name, "not told" if amount is None else f"{amount:,.12g}") for name, amount in amounts.items()]
    )
