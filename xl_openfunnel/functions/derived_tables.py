"""Tables made from jobs' rows, cached for all cells. pandas is imported when the first one is made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from .. import pivot
from ..api.models import Row
from ..cell_values import Block, Cell
from ..columns import pivot as column_pivot
from ..columns import rows as column_rows
from ..columns.companies import JobFile
from ..columns.conditions import can_judge
from ..columns.connection import UnavailableError
from ..columns.maker import ColumnMaker
from ..columns.parquet import read_keys
from ..columns.schema import IrregularError
from ..company_key import CompanyKeys, comparable, keys_of
from ..errors import OpenFunnelError
from ..fields import DEFAULT_COLUMNS
from ..jobs.snapshot import Rows
from ..known import in_columns
from ..known.counts import Counts
from ..known.selection import Compared, unique_companies
from ..known.tiers import Matcher, Tier, deepest
from ..pivot_rules import Question
from ..selection import Selection
from . import limits
from .cache import DerivedCache
from .company_index import KEY_COLUMNS, CompanyIndex
from .limits import LimitError

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

MAX_PIVOT_ROWS: Final = 500_000
"""Companies of one pivot from rows: this many take some five seconds. From columns it is far quicker."""

MAX_FRAME_ROWS: Final = 20_000
"""Rows of one table from which columns are preferred at any cost: pandas and what sorts its values hold Python
for 2 ms per thousand rows at a time, in which no cell is answered."""

_ROWS_PER_CHECK: Final = 1_000

T = TypeVar("T")

_cache: Final = DerivedCache()


def rows_block(
    job_id: str,
    rows: Rows,
    columns: tuple[str, ...] | None,
    units: int,
    selection: Selection,
    *,
    strict: bool = True,
) -> Block:
    """The rows as cells, texts cut to so many UTF-16 units, below the full names of their columns."""

    def make() -> Block:
        from .. import table

        frame = table.frame(rows, columns or DEFAULT_COLUMNS, strict=strict, selection=selection)
        return [list(map(str, frame.columns)), *table.block(frame, headers=False, text_limit=units)]

    return _cache.get_or_make(("block", columns, strict, units, selection.key), {job_id: rows}, make, _cell_count)


def selected_block(
    rows_by_job: Mapping[str, Rows],
    columns: tuple[str, ...] | None,
    selection: Selection,
    units: int,
    *,
    stacked: bool,
    files: ColumnMaker | None,
    as_of: Mapping[str, datetime | None],
) -> Block:
    """The chosen rows of all these jobs, sorted as one, as `rows_block` has those of one.

    With ``stacked`` a column with the job's id comes first. ``files`` and ``as_of`` are as of `pivot_block`.
    """
    names = columns or DEFAULT_COLUMNS
    in_files = _asks_columns(rows_by_job, files) and column_rows.can_show(names, selection, stacked=stacked)

    def ask(folder: Path, found: list[JobFile]) -> Block:
        return column_rows.selected_block(
            folder, found, names, selection, units, stacked=stacked, cancellation=limits.cancellation()
        )

    def make() -> Block:
        if in_files and (block := _from_columns(rows_by_job, files, as_of, ask)) is not None:
            return block
        from .. import table  # not before: columns need no pandas

        frame = _frame(rows_by_job, names, selection, stacked=stacked)
        return [list(map(str, frame.columns)), *table.block(frame, headers=False, text_limit=units)]

    return _cache.get_or_make(("selected", columns, selection.key, units, stacked), rows_by_job, make, _cell_count)


def check_columns(rows_by_job: Mapping[str, Rows], columns: tuple[str, ...] | None, selection: Selection) -> None:
    """Refuse a column that none of the jobs has.

    Raises:
        UnknownColumnError: there is one.
    """

    def make() -> None:
        from .. import table

        table.frame(_all_rows(rows_by_job), columns, selection=selection)

    _cache.get_or_make(("known", columns, selection.key), rows_by_job, make, lambda _: 0)


def company_index(job_id: str, rows: Rows) -> CompanyIndex:
    """Finds a job's companies by their keys."""

    def make() -> CompanyIndex:
        from .. import table

        return CompanyIndex(table.frame(rows, KEY_COLUMNS))

    return _cache.get_or_make("index", {job_id: rows}, make, lambda _: len(rows) * len(KEY_COLUMNS))


def company_keys(
    job_id: str, rows: Rows, columns: ColumnMaker | None, as_of: datetime | None, *, names: bool
) -> list[CompanyKeys]:
    """What the companies of a job are compared by; their names only where ``names`` says so.

    They are read from the job's file of columns if it has one, else from its rows.
    """

    def make() -> list[CompanyKeys]:
        try:
            path = None if columns is None else columns.find(job_id, rows, as_of)
            if path is not None:
                found = read_keys(path, names=names)
                if not names:
                    return list(map(CompanyKeys._make, found))
                return [
                    CompanyKeys(slug, host, (comparable(name) or None) if name else None) for slug, host, name in found
                ]
        except (UnavailableError, OSError) as error:
            _log.warning("keys are read from the rows, not from the columns: %s", error)
        return list(map(keys_of, _all_rows({job_id: rows})))

    return _cache.get_or_make(("keys", names), {job_id: rows}, make, lambda keys: len(keys))


def compared(
    rows_by_job: Mapping[str, Rows],
    matcher: Matcher | None,
    weakest: Tier,
    shown: Collection[Tier],
    max_shown: int,
    columns: ColumnMaker | None,
    as_of: Mapping[str, datetime | None],
    *,
    hints: bool,
) -> Compared:
    """The companies of all these jobs, each once, compared with known ones, as `in_columns.compare`.

    They are read from the files of columns if all jobs have one, else from the rows. ``columns`` and ``as_of`` are as
    of `pivot_block`.
    """
    in_files = bool(rows_by_job) and _asks_columns(rows_by_job, columns)
    depth = deepest(weakest, hints=hints)
    unread = 0 if matcher is None else matcher.unread(depth)
    limits.count_read(sum(map(len, rows_by_job.values())) + unread, slow=in_files, looked_up=True)

    def ask(folder: Path, files: list[JobFile]) -> Compared:
        cancellation = limits.cancellation()
        return in_columns.compare(folder, files, matcher, weakest, shown, max_shown, cancellation, hints=hints)

    if in_files and (found := _from_columns(rows_by_job, columns, as_of, ask)) is not None:
        return found
    keys: list[CompanyKeys] = []
    ranks: list[int] = []
    for job_id, rows in rows_by_job.items():
        keys += company_keys(job_id, rows, columns, as_of[job_id], names=depth is Tier.NAME)
        ranks += range(len(rows))
    companies = unique_companies(keys, ranks, matcher, weakest, hints=hints)
    counts = Counts.of((each.match for each in companies), weakest)
    return Compared(counts, [each for each in companies if each.match.tier in shown])


def column_cells(job_id: str, rows: Rows, name: str, units: int, selection: Selection) -> list[Cell]:
    """One column as cells, texts cut to so many UTF-16 units."""

    def make() -> list[Cell]:
        from .. import table

        block = table.block(table.frame(rows, [name], selection=selection), headers=False, text_limit=units)
        return [cell for (cell,) in block]

    return _cache.get_or_make(("column", name, units, selection.key), {job_id: rows}, make, len)


def pivot_block(
    rows_by_job: Mapping[str, Rows],
    question: Question,
    selection: Selection,
    columns: ColumnMaker | None,
    as_of: Mapping[str, datetime | None],
    *,
    stacked: bool,
) -> Block:
    """A pivot table of the companies of all these jobs: from files of columns if all can have one, else from rows.

    It has no line at all where there is a selection, and it has no company.

    Args:
        rows_by_job: the rows of each job.
        question: what is asked.
        selection: of which companies; its criteria count.
        columns: the files. Those that are missing are made in the background, or first where the rows are many.
        as_of: when the service confirmed the rows.
        stacked: whether they have a column with the job's id.

    Raises:
        ConfigurationError: the jobs have too many companies, or the pivot is refused.
    """
    in_files = column_pivot.can_answer(question, job_column=stacked) and _asks_columns(rows_by_job, columns)
    in_files = in_files and can_judge(selection.criteria, job_column=stacked)
    limits.check_count(sum(map(len, rows_by_job.values())), column_pivot.MAX_COMPANIES if in_files else MAX_PIVOT_ROWS)

    def ask(folder: Path, files: list[JobFile]) -> Block:
        return column_pivot.pivot(folder, files, question, selection.criteria, limits.cancellation())

    def make() -> Block:
        if in_files and (block := _from_columns(rows_by_job, columns, as_of, ask)) is not None:
            return block
        limits.check_count(sum(map(len, rows_by_job.values())), MAX_PIVOT_ROWS)
        frame = _frame(rows_by_job, question.needed_columns, selection, stacked=stacked)
        if selection and not len(frame):
            return []
        return pivot.pivot(frame, question)

    return _cache.get_or_make((question, selection.key, stacked), rows_by_job, make, _cell_count, slow=True)


def _frame(
    rows_by_job: Mapping[str, Rows], columns: Sequence[str], selection: Selection, *, stacked: bool
) -> pd.DataFrame:
    from .. import table

    rows = _all_rows(rows_by_job)
    if not stacked:
        return table.frame(rows, columns, selection=selection)
    jobs = [(job_id, len(rows)) for job_id, rows in rows_by_job.items()]
    return table.stacked_frame(rows, jobs, columns, selection=selection)


def _asks_columns(rows_by_job: Mapping[str, Rows], columns: ColumnMaker | None) -> bool:
    """Whether files are asked first: all rows are in the store, or they are many.

    A cell never decodes those in the store at once, nor asks their files.
    """
    return columns is not None and (
        all(rows.content is not None for rows in rows_by_job.values()) or _are_many(rows_by_job)
    )


def _are_many(rows_by_job: Mapping[str, Rows]) -> bool:
    return sum(map(len, rows_by_job.values())) > MAX_FRAME_ROWS


def _from_columns(
    rows_by_job: Mapping[str, Rows],
    columns: ColumnMaker | None,
    as_of: Mapping[str, datetime | None],
    ask: Callable[[Path, list[JobFile]], T],
) -> T | None:
    """What the files of all these jobs answer; None where not all have one, or where they cannot be read."""
    if columns is None:
        return None
    try:
        with ExitStack() as temporary:
            files = _column_files(rows_by_job, columns, as_of, temporary)
            return ask(columns.folder.path, files) if files else None
    except (OpenFunnelError, LimitError):
        raise
    except Exception as error:  # also what a file causes that was damaged after it was checked
        columns.folder.check_again()
        expected = isinstance(error, (UnavailableError, OSError))
        _log.warning("rows are used in place of their columns: %s", error, exc_info=not expected)
        return None


def _column_files(
    rows_by_job: Mapping[str, Rows],
    columns: ColumnMaker,
    as_of: Mapping[str, datetime | None],
    temporary: ExitStack,
) -> list[JobFile] | None:
    """The file of each job; None where not all have one.

    Where the rows are many, those that are missing are made: of jobs that are not stored, for this question only.
    """
    cancellation, folder, many = limits.cancellation(), columns.folder, _are_many(rows_by_job)
    contents = {job_id: rows.content for job_id, rows in rows_by_job.items()}
    if any(content is not None and folder.is_irregular(job_id, content) for job_id, content in contents.items()):
        return None
    paths: dict[str, Path | None] = {}
    for job_id, rows in rows_by_job.items():
        cancellation.check()
        try:
            if not many:
                paths[job_id] = columns.find(job_id, rows, as_of[job_id])
            elif rows.content is None:
                paths[job_id] = temporary.enter_context(folder.temporary(job_id, rows))
            else:
                paths[job_id] = folder.make(job_id, rows, as_of[job_id])
        except IrregularError:
            return None
    files = [JobFile(job_id, path, len(rows_by_job[job_id])) for job_id, path in paths.items() if path is not None]
    return files if len(files) == len(rows_by_job) else None


def _all_rows(rows_by_job: Mapping[str, Rows]) -> Iterator[Row]:
    """The rows of all jobs, as long as the calculation is not given up."""
    cancellation = limits.cancellation()
    for rows in rows_by_job.values():
        for number, row in enumerate(rows):
            if number % _ROWS_PER_CHECK == 0:
                cancellation.check()
            yield row


def _cell_count(block: Block) -> int:
    return sum(map(len, block))
