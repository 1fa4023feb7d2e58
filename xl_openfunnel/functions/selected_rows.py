"""The companies that ``OF_ROWS`` and ``OF_PIVOT`` are asked for by criteria, sort and top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from .. import criteria
from ..cell_values import Block
from ..errors import CELL_UNITS
from ..jobs.snapshot import Rows, Snapshot
from ..near_values import did_you_mean
from ..selection import Selection
from ..text import clip, utf16_units
from . import derived_tables
from .context import CallContext

_NO_MATCH = "no company matches "
_YET = " yet"


def selected_rows(
    context: CallContext,
    contents: Sequence[tuple[str, Rows | str]],
    as_of: Mapping[str, datetime | None],
    columns: tuple[str, ...] | None,
    selection: Selection,
    *,
    stacked: bool,
) -> Block:
    """The chosen companies of all jobs, sorted as one, below the names of the columns.

    Args:
        context: of this call.
        contents: the jobs, each with its rows or why there are none; at least one has rows.
        as_of: when the service confirmed the rows.
        columns: as of `table.frame`.
        selection: what is shown.
        stacked: whether a column with the job's id comes first.

    Returns:
        A block. In place of companies, one row says that none matches; a row for each job without companies comes last.
    """
    rows_by_job = {job_id: rows for job_id, rows in contents if isinstance(rows, Rows)}
    units, files = context.block_units, context.columns
    block = derived_tables.selected_block(
        rows_by_job, columns, selection, units, stacked=stacked, files=files, as_of=as_of
    )
    width = len(block[0])
    without_rows = [(job_id, reason) for job_id, reason in contents if isinstance(reason, str)]
    lines: Block = (
        [[no_match(context, selection, rows_by_job, as_of, stacked=stacked), *[""] * (width - 1)]]
        if len(block) == 1
        else []
    )
    lines += [[job_id, reason, *[""] * (width - 2)] for job_id, reason in without_rows]
    return [*block, *lines]


def no_match(
    context: CallContext,
    selection: Selection,
    rows_by_job: Mapping[str, Rows],
    as_of: Mapping[str, datetime | None],
    *,
    stacked: bool,
) -> str:
    """What a cell shows where no company of these jobs matches, with ``yet`` as long as more may come.

    Once no more come, it asks whether a similar value was meant. ``as_of`` and ``stacked`` are as of `selected_rows`.
    """

    def projection(snapshot: Snapshot) -> tuple[Rows, bool]:
        return snapshot.rows, snapshot.settled

    snapshots = [context.snapshot(job_id, projection) for job_id in rows_by_job]
    text, end = criteria.shown(selection.criteria), _YET
    if all(snapshot.settled for snapshot in snapshots):
        count = sum(map(len, rows_by_job.values()))
        derived = Selection(derived=selection.derived)
        meant = did_you_mean(
            selection.criteria,
            count,
            lambda question: derived_tables.pivot_block(
                rows_by_job, question, derived, context.columns, as_of, stacked=stacked
            ),
        )
        end = meant and f".{meant}"
    return f"{_NO_MATCH}{clip(text, CELL_UNITS - utf16_units(_NO_MATCH + end))}{end}"
