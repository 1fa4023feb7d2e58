"""Tables made from jobs' rows, cached for all cells. pandas is imported when the first one is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from .. import pivot
from ..api.models import Row
from ..cell_values import Block, Cell
from ..fields import DEFAULT_COLUMNS
from ..jobs.snapshot import Rows
from ..pivot_rules import Question
from . import limits
from .cache import DerivedCache
from .company_index import KEY_COLUMNS, CompanyIndex

_ROWS_PER_CHECK: Final = 1_000

_cache: Final = DerivedCache()


def rows_block(job_id: str, rows: Rows, columns: tuple[str, ...] | None, units: int, *, strict: bool = True) -> Block:
    """The rows as cells, texts cut to so many UTF-16 units, below the full names of their columns."""

    def make() -> Block:
        from .. import table

        frame = table.frame(rows, columns or DEFAULT_COLUMNS, strict=strict)
        return [list(map(str, frame.columns)), *table.block(frame, headers=False, text_limit=units)]

    return _cache.get_or_make(("block", columns, strict, units), {job_id: rows}, make, _cell_count)


def check_columns(rows_by_job: Mapping[str, Rows], columns: tuple[str, ...] | None) -> None:
    """Refuse a column that none of the jobs has.

    Raises:
        UnknownColumnError: there is one.
    """

    def make() -> None:
        from .. import table

        table.frame(_all_rows(rows_by_job), columns)

    _cache.get_or_make(("known", columns), rows_by_job, make, lambda _: 0)


def company_index(job_id: str, rows: Rows) -> CompanyIndex:
    """Finds a job's companies by their keys."""

    def make() -> CompanyIndex:
        from .. import table

        return CompanyIndex(table.frame(rows, KEY_COLUMNS))

    return _cache.get_or_make("index", {job_id: rows}, make, lambda _: len(rows) * len(KEY_COLUMNS))


def column_cells(job_id: str, rows: Rows, name: str, units: int) -> list[Cell]:
    """One column as cells, texts cut to so many UTF-16 units."""

    def make() -> list[Cell]:
        from .. import table

        block = table.block(table.frame(rows, [name]), headers=False, text_limit=units)
        return [cell for (cell,) in block]

    return _cache.get_or_make(("column", name, units), {job_id: rows}, make, len)


def pivot_block(rows_by_job: Mapping[str, Rows], question: Question) -> Block:
    """A pivot table of the companies of all these jobs."""

    def make() -> Block:
        from .. import table

        frame = table.frame(_all_rows(rows_by_job), question.needed_columns)
        return pivot.pivot(frame, question.rows, question.columns, question.values, question.function)

    return _cache.get_or_make(question, rows_by_job, make, _cell_count, slow=True)


def _all_rows(rows_by_job: Mapping[str, Rows]) -> Iterator[Row]:
    """The rows of all jobs, as long as the calculation is not given up."""
    cancellation = limits.cancellation()
    for rows in rows_by_job.values():
        for number, row in enumerate(rows):
            if number % _ROWS_PER_CHECK == 0:
                cancellation.check()
            yield row


def _cell_count(block: Block) -> int:
    return len(block) * len(block[0])
