"""Commands for the local list of jobs."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC
from typing import Annotated, Any

import typer

from .. import ConfigurationError, LedgerEntry, Store
from ..api.endpoints import find_job_id
from ..cell_values import to_cell, to_text
from ..jobs.store.ledger import SHORT_ID
from ..known.lists import KnownLists
from ..pasted import holds_key, job_ids
from ..settings import shown_origin, store_path
from ..text import count, one_line, size
from . import table_output, terminal
from .known import LIST_FIRST
from .options import Job, Json, OptionalJob
from .session import Session, session

_MAX_LABEL_LENGTH = 80
_HEADERS = ["label", "job", "status", "rows", "credits", "last seen (UTC)", "query or seeds"]


def jobs(context: typer.Context, as_json: Json = False) -> None:
    """List the jobs that this computer has seen at the service in use, the latest first."""
    store = session(context).store
    entries = store.ledger()
    if as_json:
        terminal.print_json([_as_json(entry) for entry in entries])
        return
    lines = [_as_texts(entry) for entry in entries]
    if not terminal.is_terminal(sys.stdout):
        terminal.print_lines("\t".join(line) for line in [_HEADERS, *lines])
    elif entries:
        table_output.print_jobs(
            _HEADERS,
            lines,
            numbers=("rows", "credits"),
            drop=("credits", "last seen (UTC)", "query or seeds", "rows"),
        )
    service = shown_origin(store.origin)
    if entries:
        file = f"Kept in {store.path} ({size(store.path.stat().st_size)})."
        terminal.print_message(f"{count(len(entries), 'job')} of {service}. {file}")
    else:
        terminal.print_message(
            f"This computer has seen no job of {service} yet. xl-openfunnel status JOB takes one up."
        )
    for origin, number in store.job_counts().items():
        if origin != store.origin:
            other = shown_origin(origin)
            terminal.print_message(f"{count(number, 'job')} of {other}: xl-openfunnel jobs --base-url {other}")


def label(
    context: typer.Context,
    job: Job,
    name: Annotated[str | None, typer.Argument(metavar="LABEL", show_default=False, help="Its new label.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take its label away.")] = False,
) -> None:
    """Give a job a label, which every command then takes for the job."""
    if remove == (name is not None):
        raise ConfigurationError("Give a LABEL, or --remove to take the label away.")
    run = session(context)
    store = run.store  # before `job_id` warns that it can do without
    text = None if name is None else _check_label(run, run.job_id(job), name)  # first: it may be the job
    job_id = run.known_job_id(job)
    if text is None:
        had = store.label_of(job_id)
        if had:
            store.label(job_id, None)
        terminal.print_message(
            f"Job {job_id} no longer has the label {had!r}." if had else f"Job {job_id} has no label."
        )
        return
    known = any(entry.job_id == job_id for entry in store.ledger())
    store.label(job_id, text)
    terminal.print_message(
        f"Job {job_id} has the label {run.label_of(job_id)!r}." + ("" if known else " It was not seen here before.")
    )
    if KnownLists.beside(store_path()).version(text) is not None:
        terminal.print_message(LIST_FIRST.format(text))


def forget(
    context: typer.Context,
    job: OptionalJob = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All jobs of all services, with their labels, and all known lists.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --all: do not ask.")] = False,
) -> None:
    """Remove what is stored here of a job, or of all. The service keeps what it has."""
    if everything == (job is not None):
        raise ConfigurationError("Give a JOB, or --all for everything.")
    from ..columns.folder import ColumnFolder  # which no other command needs

    if job is not None:
        run = session(context)
        job_id = run.known_job_id(job)
        had = run.store.label_of(job_id)
        known = run.store.forget(job_id)
        ColumnFolder.beside(run.store.path, run.store.origin).forget(job_id)
        forgotten = f"Job {job_id} is forgotten" + (f", and so is its label {had!r}." if had else ".")
        terminal.print_message(forgotten if known else f"Nothing was known here of job {job_id}.")
        return
    if not yes and not terminal.confirm(
        "Remove all stored rows, all known lists, and the list of jobs with its labels?"
    ):
        terminal.print_message("Nothing was removed.")
        raise typer.Exit(1)
    path, no_one = store_path(), ""  # of all services: the address of one does not matter
    with contextlib.closing(Store(path, no_one)) as store:
        store.forget_all()
    ColumnFolder.beside(path, no_one).forget_all()
    KnownLists.beside(path).remove_all()
    terminal.print_message("All jobs and known lists are forgotten.")


def _check_label(run: Session, job_id: str, name: str) -> str:
    """The label, without surrounding white space.

    Raises:
        ConfigurationError: it is empty, long, not printable, holds an API key, or means another job.
    """
    text = name.strip()
    if holds_key(text):
        raise ConfigurationError("That holds an API key, and is not kept or shown. Choose another label.")
    if not text or len(text) > _MAX_LABEL_LENGTH or not text.isprintable():
        raise ConfigurationError(f"A label has 1 to {_MAX_LABEL_LENGTH} printable characters.")
    if job_ids(text) not in ([], [job_id]):
        raise ConfigurationError(f"{text!r} looks like a job's id. The job comes first: xl-openfunnel label JOB LABEL.")
    named = (find_job_id(text) or text).casefold()
    others = [entry.job_id for entry in run.store.ledger() if entry.job_id != job_id]
    if any(other[: max(len(named), SHORT_ID)].casefold() == named for other in others):
        raise ConfigurationError(
            f"{text!r} is the id of another job, or begins it: it would hide that one. Choose another label."
        )
    return text


def _as_texts(entry: LedgerEntry) -> list[str]:
    return [
        entry.label or "",
        entry.job_id,
        str(entry.status or ""),
        "" if entry.row_count is None else str(entry.row_count),
        "" if entry.credits is None else f"{entry.credits:.12g}",
        f"{entry.last_seen.astimezone(UTC):%Y-%m-%d %H:%M}",
        one_line(entry.query or to_text(to_cell(entry.seeds))),
    ]


def _as_json(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "job_id": entry.job_id,
        "label": entry.label,
        "status": entry.status,
        "rows": entry.row_count,
        "credits": entry.credits,
        "query": entry.query,
        "seeds": list(entry.seeds),
        "requested": None,  # never known; kept for programs that read it
        "first_seen": entry.first_seen.isoformat(),
        "last_seen": entry.last_seen.isoformat(),
    }
