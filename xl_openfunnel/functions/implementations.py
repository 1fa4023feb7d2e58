"""What each OF_ function computes, and `evaluate`, which turns its result or its error into cells."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from datetime import datetime
from itertools import chain
from typing import Final

from ..cell_values import MAX_CELL_UNITS, Block, Cell, NotAvailable, clip_cells, excel_date, to_cell, to_short_cell
from ..company_key import looks_blank
from ..errors import CELL_PREFIX, CELL_UNITS, ConfigurationError, OpenFunnelError, unexpected
from ..fields import ALL_COLUMNS
from ..jobs import job_text
from ..jobs.snapshot import Rows, Snapshot
from ..pivot_rules import Question
from ..selection import ALL, Selection
from ..text import clip
from . import arguments, derived_tables, info
from .context import CallContext
from .job_rows import header_without_rows, job_blocks, own_columns, rows_or_reason, stack, unique_jobs, visible_rows
from .limits import LimitError, check_count
from .registry import Argument, TimeCells, of_function, optional
from .selected_rows import no_match, selected_rows

_log = logging.getLogger(__name__)

MAX_ROWS: Final = 100_000
"""Companies that one formula shows: this many rows block Excel for some five seconds. A sheet has 1,048,576, and a
formula takes 1,000 jobs of 10,000."""

MAX_SEARCHED_ROWS: Final = 500_000
"""Companies among which one formula chooses those that it shows."""

UNEXPECTED: Final = CELL_PREFIX + unexpected()
"""What a cell shows after an error that is not an `OpenFunnelError`."""


_NA: Final = "#N/A"

_EXPORT: Final = "In a terminal, xl-openfunnel rows JOB -o FILE.xlsx writes the companies into a workbook"

_JOBS_COLUMNS: Final = ("job_id", "label", "status", "rows", "credits", "query", "seeds", "first_seen", "last_seen")

_JOB: Final = Argument("job", "The job's id, its URL or its label; or a cell with one.")
_JOBS: Final = Argument("job", "The job's id, its URL or its label; or a range of these.")

_CRITERIA: Final = optional(
    "criteria",
    'Which companies, like "country=Germany|Austria; employee_count>=50"; or a range of two columns, with names and '
    "what SUMIFS takes.",
)


def evaluate(
    name: str,
    function: Callable[..., Block],
    context: CallContext,
    *values: object,
    timer: Callable[[], float] = time.perf_counter,
) -> Block:
    """Call one of the functions below for a host; without `limits` it never raises.

    Args:
        name: of the function, for the log.
        function: computes a block, or raises an `OpenFunnelError`.
        context: of this call.
        values: the arguments, as the host converted them.
        timer: seconds, for the log.

    Returns:
        At least one cell. Instead of a result, one cell says what went wrong.

    Raises:
        LimitError: one of the caller's own `limits`.
    """
    started = timer()
    try:
        block = function(context, *values) or [[""]]
    except OpenFunnelError as error:
        block = [[error.cell_text]]
    except LimitError:
        raise
    except Exception:
        _log.exception("%s failed", name)
        block = [[UNEXPECTED]]
    _log.debug("%s: %d x %d cells in %.1f ms", name, len(block), len(block[0]), (timer() - started) * 1000)
    return block


@of_function(
    "OF_STATUS",
    "The job's status in the service's own word: pending, running, completed ... It keeps itself up to date.",
    _JOBS,
    without_spill="Give one job per formula.",
)
def status(context: CallContext, job: object) -> Block:
    """``OF_STATUS``: the service's word for each job, in the shape of the range that names them."""
    return _map_jobs(job, lambda named: job_text.status(context.snapshot(context.job_id(named), job_text.status)))


@of_function(
    "OF_ROWS",
    "The job's companies, one row each, in the service's order. The block grows while the job runs.",
    _JOBS,
    optional("columns", 'Their names, like "name,domain,country", or a range with them; "*" for all.'),
    optional("include_headers", "FALSE for no row of names above the companies."),
    optional("state", '"latest" (also what may still change) or "final" (nothing before the job is over).'),
    _CRITERIA,
    optional("sort", 'The columns to sort by, with - before those that go down, like "-employee_count,name".'),
    optional("top", "How many companies at most, a number: the first ones of the sort."),
    large=True,
    without_spill=f"{_EXPORT}.",
    telling_known=lambda _, columns=None, _headers=None, _state=None, criteria=None, sort=None, *__: (
        arguments.telling_known(columns, chosen_by=criteria, sorted_by=sort)
    ),
)
def rows(
    context: CallContext,
    job: object,
    columns: object = None,
    include_headers: object = None,
    state: object = None,
    criteria: object = None,
    sort: object = None,
    top: object = None,
) -> Block:
    """``OF_ROWS``: the companies, one row each; of several jobs, each once, behind a ``job_id``."""
    several = arguments.is_range(job)
    column_names = own_columns(arguments.columns(columns), stacked=several)
    headers = arguments.yes_or_no(include_headers, "include_headers")
    only_final = arguments.one_of(state, "state", ("latest", "final")) == "final"
    selection = Selection(arguments.criteria(criteria), arguments.sort(sort), arguments.top(top))
    selection = context.with_known_columns(selection, column_names)
    jobs = unique_jobs(context, job)
    if not jobs:
        return [[""]]
    contents: list[tuple[str, Rows | str]] = []
    as_of: dict[str, datetime | None] = {}
    for job_id, error in jobs:
        visible, as_of[job_id] = (error, None) if error else visible_rows(context, job_id, only_final=only_final)
        contents.append((job_id, visible))
    rows_by_job = {job_id: rows for job_id, rows in contents if isinstance(rows, Rows)}
    check_count(sum(map(len, rows_by_job.values())), MAX_SEARCHED_ROWS if selection else MAX_ROWS)
    context.width = several + len(header_without_rows(column_names))
    if selection and rows_by_job:
        block = selected_rows(context, contents, as_of, column_names, selection, stacked=several)
        check_count(len(block) - 1, MAX_ROWS)
    else:
        blocks = list(job_blocks(contents, column_names, rows_by_job, context.block_units, selection))
        block = stack([job_id for job_id, _ in jobs], blocks) if several else blocks[0]
    if not headers:
        return block[1:]
    return [clip_cells(block[0], CELL_UNITS), *block[1:]]  # only now: cut names could be equal


@of_function(
    "OF_INFO",
    "What is known of the job: one field, several in a row, or without a field all of them with their names.",
    _JOBS,
    optional("fields", ", ".join(info.INFO_FIELDS)),
    without_spill='Give one job and one field per formula, like OF_INFO(A2,"progress").',
    times=lambda _, fields=None: info.time_cells(arguments.columns(fields, "field")),
)
def information(context: CallContext, job: object, fields: object = None) -> Block:
    """``OF_INFO``: one field in the shape of the jobs, several as a row per job, without any a list of all."""
    requested = arguments.columns(fields, "field")
    names = info.field_names(requested)

    def job_fields(named: arguments.JobArgument) -> list[Cell]:
        job_id = context.job_id(named)
        label = context.label(job_id) if "label" in names else None

        def projection(snapshot: Snapshot) -> Hashable:
            return tuple(info.value(name, snapshot, label) for name in names)

        snapshot = context.snapshot(job_id, projection)
        return [info.value(name, snapshot, label, times_as_text=requested is None) for name in names]

    if len(names) == 1:
        return _map_jobs(job, lambda named: job_fields(named)[0])
    lines = [_job_row(job_fields, named, len(names)) for named in chain.from_iterable(arguments.jobs(job))]
    if requested is not None or len(lines) > 1:
        return lines
    return [list(pair) for pair in zip(names, lines[0], strict=True)]


@of_function(
    "OF_LOOKUP",
    "One value of one company of the job, as full text.",
    _JOB,
    Argument("key", "The company: its rank (a number), its domain or its linkedin_url; or a range of these."),
    Argument("column", 'The name of the column, like "name" or "match_reason".'),
    optional("if_not_found", "What to show where the job has no such company, in place of #N/A."),
    without_spill="Give one company per formula.",
    not_available=True,
    telling_known=lambda _, __, column, *___: arguments.telling_known(column),
)
def lookup(context: CallContext, job: object, key: object, column: object, if_not_found: object = None) -> Block:
    """``OF_LOOKUP``: one value of one company as full text; of a range of keys, a block of its shape.

    A company that a final job does not have is `NotAvailable`.
    """
    named = arguments.job(arguments.reject_error(arguments.one_value(job, "job"), "job"))
    columns = arguments.columns(column)
    if named == "":
        return [[""]]
    if columns is None or len(columns) != 1 or columns[0] == ALL_COLUMNS:
        raise ConfigurationError('Give the name of one column, for example "name".')
    job_id = context.job_id(named)
    snapshot = context.snapshot(job_id, _lookup_projection)
    rows, pending, final = _lookup_projection(snapshot)
    if isinstance(rows, str):
        return [[rows for _ in line] for line in arguments.grid(key)]
    units = context.block_units if arguments.is_range(key) else MAX_CELL_UNITS
    selection = context.with_known_columns(ALL, columns)
    index = derived_tables.company_index(job_id, rows)
    cells = derived_tables.column_cells(job_id, rows, columns[0], units, selection)
    default = _default_cell(arguments.one_value(if_not_found, "if_not_found"), units)

    def value_of(company: object) -> Cell:
        if company is None or (isinstance(company, str) and looks_blank(company)):
            return ""
        position = index.position(arguments.valid_cell(company, "key"))
        if position is not None:
            return cells[position]
        if default is not None:
            return default
        if not rows:
            return NotAvailable(rows_or_reason(snapshot))
        message = f"The job has no company {arguments.text(company, 'key')[:60]!r}"
        error = ConfigurationError(f"{message} yet: {pending}." if pending else f"{message}.")
        return NotAvailable(error.cell_text) if final else error.cell_text

    def cell(company: object) -> Cell:
        try:
            return value_of(company)
        except ConfigurationError as error:
            return error.cell_text

    return [[cell(company) for company in line] for line in arguments.grid(key)]


@of_function(
    "OF_PIVOT",
    "The job's companies counted or summed by one or more columns, the largest first, with totals.",
    _JOBS,
    Argument("row_fields", 'Columns whose values become rows, like "country" or "country,employee_band".'),
    optional("col_fields", 'Columns whose values become columns, like "employee_band".'),
    optional("values", 'The column to calculate with, like "employee_count"; without one companies count.'),
    optional("function", "count, companies (each once over all jobs), sum, mean, median, min, max or nunique."),
    _CRITERIA,
    large=True,
    without_spill=f"{_EXPORT} for Excel's own PivotTable.",
    telling_known=lambda _, rows, columns=None, _values=None, _function=None, criteria=None: arguments.telling_known(
        rows, columns, chosen_by=criteria
    ),
)
def pivot(
    context: CallContext,
    job: object,
    row_fields: object,
    col_fields: object = None,
    values: object = None,
    function: object = None,
    criteria: object = None,
) -> Block:
    """``OF_PIVOT``: companies counted or summed by columns, with totals; several jobs together, each once.

    A last row names the jobs that are left out because they have no companies yet.
    """
    row_columns, col_columns = arguments.columns(row_fields) or (), arguments.columns(col_fields) or ()
    value_columns = arguments.columns(values) or ()
    function_name = arguments.text(arguments.valid_value(function, "function"), "function")
    if len(value_columns) > 1:
        raise ConfigurationError("Give one column as values: a pivot calculates with one.")
    value_column = value_columns[0] if value_columns else None
    question = Question.of(row_columns, col_columns, value_column, function_name)  # raises before any job is looked up
    selection = context.with_known_columns(Selection(arguments.criteria(criteria)), question.needed_columns)
    jobs = unique_jobs(context, job)
    if not jobs:
        return [[""]]
    rows_by_job: dict[str, Rows] = {}
    as_of: dict[str, datetime | None] = {}
    reasons, excluded = [], []
    for job_id, error in jobs:
        if error:
            reasons.append(error)
            excluded.append(error.removeprefix(CELL_PREFIX))
            continue
        snapshot = context.snapshot(job_id, rows_or_reason)
        rows = rows_or_reason(snapshot)
        if isinstance(rows, Rows):
            rows_by_job[job_id], as_of[job_id] = rows, snapshot.as_of
            continue
        reasons.append(rows)
        if reason := job_text.excluded_reason(snapshot):
            excluded.append(f"{job_id}: {reason.removeprefix(CELL_PREFIX)}")
    if not rows_by_job:
        return [[reasons[0]]]
    stacked = arguments.is_range(job)
    block = derived_tables.pivot_block(rows_by_job, question, selection, context.columns, as_of, stacked=stacked)
    block = block or [[no_match(context, selection, rows_by_job, as_of, stacked=stacked)]]
    return [*block, *_excluded_row(excluded, len(jobs), len(block[0]))]


@of_function(
    "OF_JOBS",
    "The jobs seen on this computer, the latest first, with their status and rows.",
    without_spill="In a terminal, xl-openfunnel jobs lists them.",
    times=lambda: TimeCells((_JOBS_COLUMNS.index("first_seen"), _JOBS_COLUMNS.index("last_seen")), first_row=1),
)
def jobs_table(context: CallContext) -> Block:
    """``OF_JOBS``: the jobs seen on this computer, the latest first, below the names of the columns."""
    block: Block = [list(_JOBS_COLUMNS)]
    for entry in context.ledger():
        values = (
            *(entry.job_id, entry.label, entry.status, entry.row_count, entry.credits, entry.query),
            *(entry.seeds, excel_date(entry.first_seen), excel_date(entry.last_seen)),
        )
        block.append(list(map(to_short_cell, values)))
    return block


@of_function(
    "OF_CREDITS",
    "The account's credits. Asked for at most once a minute.",
    optional("field", '"left" (the default), "used" or "total".'),
)
def credits_table(context: CallContext, field: object = None) -> Block:
    """``OF_CREDITS``: one figure of the account's balance; ``loading`` before the first response."""
    name = arguments.one_of(field, "field", ("left", "used", "total"))
    balance = context.credits()
    return [[job_text.LOADING if balance is None else to_short_cell(getattr(balance, name))]]


# --- one or several jobs -------------------------------------------------------------------------------------


def _map_jobs(job: object, cell: Callable[[arguments.JobArgument], Cell]) -> Block:
    """A cell for each job, in the shape of the range that names them; an error takes the place of its job's cell."""
    return [[_job_row(lambda job: [cell(job)], named, 1)[0] for named in line] for line in arguments.jobs(job)]


def _job_row(
    cells: Callable[[arguments.JobArgument], list[Cell]], named: arguments.JobArgument, width: int
) -> list[Cell]:
    """The cells of one job; blanks for a blank job cell, an error in the first cell where one is raised."""
    if named == "":
        return [""] * width
    try:
        return cells(named)
    except OpenFunnelError as error:
        return [error.cell_text, *[""] * (width - 1)]


def _excluded_row(excluded: list[str], job_count: int, width: int) -> Block:
    """The row below a pivot that says which jobs are not in it; none where all are."""
    if not excluded:
        return []
    are = "is" if len(excluded) == 1 else "are"
    text = f"{CELL_PREFIX}{len(excluded):,} of {job_count:,} jobs {are} not counted: {'; '.join(excluded)}"
    return [[clip(text, CELL_UNITS), *[""] * (width - 1)]]


def _lookup_projection(snapshot: Snapshot) -> tuple[Rows | str, str, bool]:
    """The rows or why there are none, why more may come, and whether a company that is not among them is missing."""
    found_nothing = snapshot.final and not job_text.excluded_reason(snapshot)
    return (
        snapshot.rows if found_nothing else rows_or_reason(snapshot),
        job_text.pending_reason(snapshot),
        snapshot.final,
    )


def _default_cell(if_not_found: object, units: int) -> Cell | None:
    """What ``OF_LOOKUP`` shows for a company that is not found; None where no default was given."""
    if if_not_found is None:
        return None
    if isinstance(if_not_found, arguments.CellError):
        return NotAvailable(_NA) if if_not_found.text == _NA else if_not_found.text
    return clip_cells([to_cell(if_not_found)], units)[0]
