"""Commands for one job: status, rows, cancel; and the account's credits."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from .. import (
    ConfigurationError,
    IncompleteResultError,
    InvalidResponseError,
    JobFailedError,
    OpenFunnelError,
    Problem,
    Snapshot,
)
from ..api.client import already_over
from ..fields import parse_columns
from ..jobs import job_text
from ..jobs.snapshot import NO_ROWS
from ..jobs.snapshot_builder import snapshot_of_page, snapshot_of_result
from ..jobs.stacking import stacked_snapshot
from ..jobs.waiting import Outcome, about_job, naming_job, wait_for_all, with_message
from ..known.columns import with_all_columns, with_columns
from ..known.lists import KnownLists
from ..pivot_rules import COMPANY_COLUMNS
from ..settings import store_path
from ..text import companies, format_utc, one_line
from . import table_output, terminal
from .known import parse_new_against
from .log_format import messages
from .options import (
    Columns,
    Criteria,
    Format,
    Job,
    Jobs,
    Json,
    NewAgainst,
    Output,
    Raw,
    Refresh,
    Separator,
    Sort,
    Timeout,
    Top,
    Yes,
)
from .output import Target
from .progress import Progress
from .session import Session, session

if TYPE_CHECKING:
    from ..selection import Selection


def status(context: typer.Context, jobs: Jobs, as_json: Json = False, refresh: Refresh = False) -> None:
    """Show the state of jobs: one question each to the service, or none where a job is stored here."""
    run = session(context)
    snapshots = [_snapshot_or_problem(run, job_id, refresh=refresh) for job_id in run.job_ids(jobs)]
    labels = {snapshot.job_id: run.label_of(snapshot.job_id) for snapshot in snapshots}
    try:
        if as_json:
            reports = [job_text.as_json(each, labels[each.job_id], read=each.final) for each in snapshots]
            terminal.print_json(reports if len(jobs) > 1 else reports[0])
        elif len(jobs) > 1:
            _print_states(snapshots, labels)
        elif snapshots[0].status is not None and not snapshots[0].stale:
            details = job_text.details(snapshots[0], labels[snapshots[0].job_id])
            table_output.print_pairs([(name, messages.with_base_url(text)) for name, text in details])
        if not as_json:
            for snapshot in snapshots:
                terminal.print_warnings(snapshot)
    finally:  # also where the reader of stdout wants no more
        raise_errors(run, [(each, each.problem.error if each.problem else None) for each in snapshots])


def raise_errors(run: Session, outcomes: Sequence[tuple[Snapshot, OpenFunnelError | None]]) -> None:
    """Raise the error of a job, or those of several as a group, each with the name of its job.

    What is wrong with all of them, such as the key, is one error.
    """
    errors = [
        (run.name_of(snapshot.job_id), about_job(run.explained(error, snapshot.job_id), snapshot.job_id))
        for snapshot, error in outcomes
        if error is not None
    ]
    if not errors:
        return
    if len(errors) == len(outcomes) and len({error.message for _, error in errors}) == 1:
        first = errors[0][1].with_traceback(None)
        first.job_id = first.job_id if len(errors) == 1 else None
        raise first from None
    raise ExceptionGroup("", [naming_job(error, name) for name, error in errors]) from None


def _print_states(snapshots: Sequence[Snapshot], labels: Mapping[str, str | None]) -> None:
    """Print a line for each job."""
    names = ("label", "job", "status", "companies", "credits", "as of")
    lines = []
    for snapshot in snapshots:
        known = dict(job_text.details(snapshot, labels[snapshot.job_id]))
        lines.append([known.get(name, "") for name in names])
    if terminal.is_terminal(sys.stdout):
        table_output.print_jobs(names, lines, numbers=("credits",), drop=("as of", "credits", "companies"))
    else:
        terminal.print_lines("\t".join(line) for line in [names, *lines])


def _snapshot_or_problem(run: Session, job_id: str, *, refresh: bool) -> Snapshot:
    """The job as the service knows it now, with the stored rows if these are still its.

    Where the service cannot be asked: what is stored, or nothing, with the problem.
    """
    store = run.store_if_usable
    result = store.find(job_id) if store else None
    stored = None if result is None else snapshot_of_result(job_id, result, "store")
    if stored is not None and not refresh:
        return stored
    try:
        current = _current_snapshot(run, job_id)
    except OpenFunnelError as error:
        problem = Problem(with_message(error, messages.with_base_url(error.message)), datetime.now(UTC))
        return replace(stored or Snapshot(job_id), stale=stored is not None, problem=problem)
    if stored is not None and (current.status, current.manifest) == (stored.status, stored.manifest):
        return replace(stored, as_of=current.as_of)
    return current


def _current_snapshot(run: Session, job_id: str) -> Snapshot:
    """The state of a job from one request to the service."""
    with run.client() as client:
        page = client.page(job_id)
    now = datetime.now(UTC)
    if (store := run.store_if_usable) is not None:
        try:
            store.record(job_id, page.status, None, page.manifest, now)
        except ConfigurationError as error:  # it can be read only
            terminal.print_warning(error.message)
    return snapshot_of_page(job_id, page, NO_ROWS, now)


def rows(
    context: typer.Context,
    jobs: Jobs,
    output: Output = None,
    columns: Columns = None,
    criteria: Criteria = None,
    sort: Sort = None,
    top: Top = None,
    new_against: NewAgainst = None,
    file_format: Format = None,
    separator: Separator = None,
    raw: Raw = False,
    timeout: Timeout = None,
    refresh: Refresh = False,
    allow_stale: Annotated[
        bool,
        typer.Option("--allow-stale", help="With --refresh: where that fails, take the stored rows, with a warning."),
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take what a failed or incomplete job delivered, with a warning.")
    ] = False,
) -> None:
    """Wait until jobs are final, then write their companies to a file, or show them.

    Nothing is written unless all of them are final and complete. Several jobs are stacked under a column job_id.
    """
    if allow_stale and not refresh:
        raise ConfigurationError("--allow-stale goes with --refresh: without it, stored rows are taken as they are.")
    run = session(context)
    target = Target.of(output, file_format, separator, raw=raw)
    names = parse_column_names(columns)
    selection, lists = parse_selection(criteria, sort, top), parse_new_against(new_against)
    all_lists = KnownLists.beside(store_path())
    known = all_lists.together(lists) if lists else None
    selection = with_columns(selection, names, lambda: all_lists)
    if names is None and target.file_format == "xlsx":
        selection = with_all_columns(selection, all_lists, but=lists)
    job_ids, fetcher = run.job_ids(jobs), run.fetcher()
    with Progress(fetcher.clock.monotonic) as progress:
        # reports a misspelt column at the first page
        is_checked = len(job_ids) == 1 and (names is not None or selection)
        on_rows = (lambda snapshot: replace(snapshot, selection=selection).frame(names)) if is_checked else None
        outcomes = wait_for_all(fetcher, job_ids, timeout, progress, refresh=refresh, on_rows=on_rows)
    errors = []
    for outcome in outcomes:
        name = run.name_of(outcome.snapshot.job_id)
        error = _remaining_error(outcome, name, allow_stale=allow_stale, partial=partial)
        if error is not None:
            _print_way_out(outcome.snapshot, error)
        errors.append((outcome.snapshot, error))
    raise_errors(run, errors)
    for outcome in outcomes:
        _print_notes(outcome, run.name_of(outcome.snapshot.job_id) if len(outcomes) > 1 else None, refresh=refresh)
    snapshots = [outcome.snapshot for outcome in outcomes]
    if known is not None:
        from ..known.selection import new_among

        selection = new_among(snapshots, selection, known, [all_lists.get(name).name for name in lists])
    snapshot = replace(stacked_snapshot(snapshots) if len(jobs) > 1 else snapshots[0], selection=selection)
    guarded = replace(target, label=run.label_of_all(job_ids)).write(snapshot, names)
    target.report(snapshot, guarded)
    if known is not None:
        from ..files.metadata import chosen_note

        terminal.print_message(chosen_note(snapshot))
    if snapshot.rows.jobs is not None:
        _print_shared(snapshot)
    if names is None and selection.derived and target.file_format == "xlsx" and len(snapshot.rows):
        derived = ", ".join(column.title for column in selection.derived)
        terminal.print_note(f"It tells who is known to you ({derived}). Name --columns for a file without that.")


def _remaining_error(outcome: Outcome, name: str, *, allow_stale: bool, partial: bool) -> OpenFunnelError | None:
    """The error of a job that the options do not allow; those that they do become warnings."""
    snapshot, error = outcome.snapshot, outcome.error
    if error is not None and snapshot.stale and allow_stale:
        terminal.print_warning(
            f"The rows of {name} are of {format_utc(snapshot.as_of)}: reading them again failed. {error.message}",
            job=snapshot.job_id,
        )
        failed = snapshot.status is not None and snapshot.status.failed
        error = JobFailedError("The job had failed when it was last read.") if failed else None
    elif error is not None and snapshot.stale:
        return error
    if isinstance(error, (JobFailedError, IncompleteResultError)) and partial:
        terminal.print_warning(
            f"{name} is not complete: {companies(len(snapshot.rows))} delivered. {error.message}", job=snapshot.job_id
        )
        return None
    return error


def _print_way_out(snapshot: Snapshot, error: OpenFunnelError) -> None:
    """Say how to get the rows that are there all the same."""
    delivered = companies(len(snapshot.rows))
    if snapshot.stale:
        terminal.print_message(
            f"To take the {delivered} read on {format_utc(snapshot.as_of)}, add --allow-stale to this command."
        )
    elif isinstance(error, (JobFailedError, IncompleteResultError)) and len(snapshot.rows):
        terminal.print_message(f"To take the {delivered} delivered before, add --partial to this command.")


def _print_notes(outcome: Outcome, name: str | None, *, refresh: bool) -> None:
    """Say what there is to know of a job's rows; of several jobs each note names its job."""
    snapshot, prefix = outcome.snapshot, f"{name}: " if name else ""
    if refresh and not snapshot.stale:
        terminal.print_message(f"{prefix}Read again from the service.")
    for note in job_text.manifest_notes(snapshot.manifest or {}):
        terminal.print_warning(prefix + note, job=snapshot.job_id)
    for text in snapshot.warnings:
        terminal.print_warning(prefix + text, job=snapshot.job_id)
    if snapshot.problem is not None and outcome.error is None:
        terminal.print_warning(prefix + snapshot.problem.message, job=snapshot.job_id)


def _print_shared(snapshot: Snapshot) -> None:
    """Say how many different companies several jobs have, if they share some."""
    from ..pivot import count_different

    frame = snapshot.frame(COMPANY_COLUMNS)
    if (different := count_different(frame)) < len(frame):
        terminal.print_note(f"The jobs share companies: {different:,} of the {len(frame):,} are different.")


def parse_column_names(columns: Sequence[str] | None) -> Sequence[str] | None:
    """The column names in the texts of ``--columns``.

    Raises:
        ConfigurationError: they have none.
    """
    if not columns:
        return None
    names = parse_columns(",".join(columns))
    if names is None:
        raise ConfigurationError('--columns names no column. Say for example --columns name,domain, or "*" for all.')
    return names


def parse_selection(criteria: Sequence[str] | None, sort: Sequence[str] | None, top: str | None) -> Selection:
    """What ``--criteria``, ``--sort`` and ``--top`` choose.

    All criteria of all texts must hold; the columns of a second sort decide where those of the first are equal.

    Raises:
        ConfigurationError: one of them cannot be understood, and is named.
    """
    from ..criteria import parse
    from ..selection import Selection, parse_sort, parse_top

    found = tuple(each for text in criteria or () for each in parse(text))
    return Selection(found, parse_sort(",".join(sort or ())), parse_top(top or ""))


def cancel(context: typer.Context, job: Job, yes: Yes = False) -> None:
    """Ask the service to cancel a job. The companies delivered until then are billed."""
    run = session(context)
    job_id = run.job_id(job)
    billed = f"Companies that job {job_id} has delivered until it stops are billed, and stay readable."
    with run.client() as client, run.explaining(job_id):
        if not yes:
            current = None
            with contextlib.suppress(InvalidResponseError):  # an unreadable page must not prevent cancelling
                current = client.page(job_id).status
            if current is not None and current.terminal:
                raise already_over(job_id)
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
    """Show the account's credits."""
    with session(context).client() as client:
        balance = client.credits()
    if as_json:
        terminal.print_json(asdict(balance))
        return
    amounts = {"left": balance.left, "used": balance.used, "total": balance.total}
    table_output.print_pairs(
        [(name, "not told" if amount is None else f"{amount:,.12g}") for name, amount in amounts.items()]
    )
