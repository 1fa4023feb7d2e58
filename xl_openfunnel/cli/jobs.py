"""Commands for one job: its state, its rows, its end; and the account's balance."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .. import Fetcher, JobFailed, OpenFunnelError, Problem, Snapshot
from ..jobs.fetch_rows import final_snapshot
from ..text import one_line
from . import tables, terminal, words
from .session import Job, Json, Session, Yes, session

SHOWN = 100
"""Companies that a terminal shows: more would push the first ones out of sight, and a file or a pipe takes all."""

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write .xlsx, .csv, .tsv, .json, .jsonl or .parquet."),
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
        seen = Snapshot(job_id, problem=Problem(error, datetime.now(UTC)))
    label = run.label_of(job_id)
    if as_json:
        terminal.put(json.dumps(words.as_json(seen, label, read=seen.final), ensure_ascii=False))
    elif seen.status is not None:
        tables.put_pairs(words.details(seen, label))
    if seen.problem is not None:
        raise seen.problem.error.with_traceback(None)


def _state(run: Session, job_id: str) -> Snapshot:
    """What is known of the job: from the store if it is final there, else from one answer of the service."""
    store = run.store_if_usable
    with run.client() as client:
        with Fetcher(client, store=store) as fetcher:  # closed before it asks: it would go on to read every page
            seen = fetcher.watch(job_id)
        if seen.final:
            return seen
        page = client.page(job_id)
    now = datetime.now(UTC)
    if store is not None:
        told = (page.manifest or {}).get("count", page.processed)
        count = told if isinstance(told, int) else page.row_count
        store.note(job_id, status=page.status, row_count=count, manifest=page.manifest, now=now)
    failed = page.status.lower() == "failed"
    why = page.error_message or "the service does not say why."
    return Snapshot(
        job_id,
        status=page.status,
        stage=page.stage,
        processed=page.processed,
        manifest=page.manifest,
        provisional=not page.status.terminal,
        source="service",
        as_of=now,
        problem=Problem(JobFailed(f"The job failed: {why}"), now) if failed else None,
    )


def rows(
    context: typer.Context,
    job: Job,
    output: Output = None,
    columns: Columns = None,
    raw: Raw = False,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0, help="Give up after this time.")
    ] = None,
) -> None:
    """Wait until a job is final, then write its companies to a file, or show them."""
    from .. import files

    run = session(context)
    if output is not None:
        files.check(output)
    job_id, fetcher = run.job_id(job), run.fetcher()
    with terminal.Progress() as progress:
        seen = final_snapshot(fetcher, job_id, timeout, progress)
    for note in words.flags(seen.manifest or {}):
        terminal.say(note, mark="note: ", style="yellow")
    if seen.problem is not None:
        terminal.say(seen.problem.message, mark="warning: ", style="yellow")
    if output is not None:
        files.write(seen, output, chosen(columns), raw=raw)
        terminal.say(f"{len(seen.rows):,} companies written to {output}")
    elif terminal.is_terminal(sys.stdout):
        _show(seen, chosen(columns))
    else:
        from ..files.delimited import tsv_lines

        terminal.put_lines(tsv_lines(seen.frame(chosen(columns) or _default_columns()), raw=True))


def chosen(columns: str | None) -> Sequence[str] | None:
    """The names in the text of ``--columns``."""
    from ..table import parse_columns  # imports pandas

    return parse_columns(columns)


def _default_columns() -> Sequence[str]:
    from ..table import DEFAULT_COLUMNS

    return DEFAULT_COLUMNS


def _show(seen: Snapshot, columns: Sequence[str] | None) -> None:
    frame = seen.frame(columns or _default_columns())
    tables.put_frame(frame.head(SHOWN))
    if len(frame) > SHOWN:
        terminal.say(f"The first {SHOWN} of {len(frame):,} companies. A pipe gets all of them, and so does -o FILE.")
    else:
        terminal.say(f"{len(frame):,} companies.")


def cancel(context: typer.Context, job: Job, yes: Yes = False) -> None:
    """Ask the service to stop a job. The companies delivered until then are billed."""
    run = session(context)
    job_id = run.job_id(job)
    terminal.say(f"Companies that job {job_id} has delivered until it stops are billed, and stay readable.")
    if not yes and not terminal.confirmed("Cancel it?"):
        terminal.say("Nothing was cancelled.")
        raise typer.Exit(1)
    with run.client() as client:
        answer = client.cancel(job_id)
    terminal.put(f"{answer.status}: {one_line(answer.message)}" if answer.message else answer.status)


def credits_(context: typer.Context, as_json: Json = False) -> None:
    """Show the account's balance."""
    with session(context).client() as client:
        balance = client.credits()
    if as_json:
        terminal.put(json.dumps(asdict(balance)))
        return
    amounts = {"left": balance.left, "used": balance.used, "total": balance.total}
    tables.put_pairs([(name, "not told" if amount is None else f"{amount:,.12g}") for name, amount in amounts.items()])
