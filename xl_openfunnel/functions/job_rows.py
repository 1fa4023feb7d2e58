"""The rows of one or several jobs as ``OF_ROWS`` shows them: which are visible, and as one block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from ..cell_values import Block, Cell
from ..errors import ConfigurationError, InvalidJobIdError, UnknownColumnError
from ..fields import ALL_COLUMNS, DEFAULT_COLUMNS, JOB_COLUMN
from ..jobs import job_text
from ..jobs.snapshot import Rows, Snapshot
from ..selection import ALL, Selection
from . import arguments, derived_tables, limits
from .context import CallContext


def unique_jobs(context: CallContext, job: object) -> list[tuple[str, str]]:
    """The named jobs, each once however it is named: its id and ``""``, or ``""`` and why it is not a job."""
    unique: dict[tuple[str, str], None] = {}
    for named in chain.from_iterable(arguments.jobs(job)):
        try:
            if named != "":
                unique[context.job_id(named), ""] = None
        except InvalidJobIdError as error:
            unique["", error.cell_text] = None
    return list(unique)


def rows_or_reason(snapshot: Snapshot) -> Rows | str:
    """The job's rows, or why there are none."""
    return snapshot.rows if len(snapshot.rows) else job_text.no_rows_reason(snapshot)


def visible_rows(context: CallContext, job_id: str, *, only_final: bool) -> tuple[Rows | str, datetime | None]:
    """The rows that ``OF_ROWS`` shows, or why there are none; and when the service confirmed them.

    ``only_final`` hides what may still change.
    """

    def projection(snapshot: Snapshot) -> Rows | str:
        hidden = only_final and not snapshot.final
        return job_text.no_rows_reason(snapshot) if hidden else rows_or_reason(snapshot)

    snapshot = context.snapshot(job_id, projection)
    return projection(snapshot), snapshot.as_of


def own_columns(columns: tuple[str, ...] | None, *, stacked: bool) -> tuple[str, ...] | None:
    """The columns that are asked for beside the leading ``job_id`` of several jobs, which may be named too.

    Raises:
        ConfigurationError: there is none.
    """
    if not stacked or columns is None or JOB_COLUMN not in columns:
        return columns
    if own := tuple(name for name in columns if name != JOB_COLUMN):
        return own
    raise ConfigurationError(f"The column {JOB_COLUMN} comes first anyway. Name another one, for example name.")


def header_without_rows(columns: tuple[str, ...] | None, selection: Selection = ALL) -> list[Cell]:
    """The titles of the columns of a job whose rows are not known; ``*`` then stands for those shown by default."""
    requested = columns or DEFAULT_COLUMNS
    return list(
        dict.fromkeys(
            each
            for name in requested
            for each in (DEFAULT_COLUMNS if name == ALL_COLUMNS else (selection.title(name),))
        )
    )


def job_blocks(
    contents: Iterable[tuple[str, Rows | str]],
    columns: tuple[str, ...] | None,
    rows_by_job: dict[str, Rows],
    units: int,
    selection: Selection,
) -> Iterator[Block]:
    """A block for each job, with a row of column names on top, while all of them fit into one table.

    All rows are shown; ``selection`` only has further columns that may be named.
    """
    names: set[object] = set()
    count = 0
    for job_id, rows in contents:
        block = _job_block(job_id, rows, columns, rows_by_job, units, selection)
        names.update(block[0])
        count += len(block) - 1
        if isinstance(rows, Rows):  # else there are too few to check, and a cell must not wait for pandas
            from .. import table

            table.check_size(len(names), count)
        yield block


def _job_block(
    job_id: str,
    rows: Rows | str,
    columns: tuple[str, ...] | None,
    rows_by_job: dict[str, Rows],
    units: int,
    selection: Selection,
) -> Block:
    """The names of the columns, then the job's rows, or one that says why there are none.

    A column that none of its rows has is blank if another of the jobs has it.
    """
    if isinstance(rows, str):
        header = header_without_rows(columns, selection)
        return [header, [rows, *[""] * (len(header) - 1)]]
    try:
        return derived_tables.rows_block(job_id, rows, columns, units, selection)
    except UnknownColumnError:
        if len(rows_by_job) == 1:
            raise
        derived_tables.check_columns(rows_by_job, columns, selection)
        return derived_tables.rows_block(job_id, rows, columns, units, selection, strict=False)


def stack(job_ids: list[str], blocks: list[Block]) -> Block:
    """The blocks of several jobs as one; a column that only some have is blank for the others."""
    limits.count_copied(sum(map(len, blocks)))
    first = blocks[0][0]
    if all(list(map(_casefolded, block[0])) == list(map(_casefolded, first)) for block in blocks):
        stacked: Block = [[JOB_COLUMN, *first]]
        for job_id, block in zip(job_ids, blocks, strict=True):
            stacked += [[job_id, *row] for row in block[1:]]
        return stacked
    names: list[Cell] = list(dict.fromkeys(name for block in blocks for name in block[0]))
    stacked = [[JOB_COLUMN, *names]]
    for job_id, block in zip(job_ids, blocks, strict=True):
        position_of = {name: position for position, name in enumerate(block[0])}
        positions = list(map(position_of.get, names))
        stacked += [[job_id, *("" if at is None else row[at] for at in positions)] for row in block[1:]]
    return stacked


def _casefolded(name: Cell) -> str:
    """A column's name for comparison: jobs may spell a field in different cases."""
    return str(name).casefold()
