"""What is known of a job, as immutable values: its rows, problem and result, and the snapshot that callers see."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, overload

from ..api.models import JobStatus, Page, Row, read_rows
from ..errors import OpenFunnelError
from ..fields import parse_columns

if TYPE_CHECKING:
    import pandas as pd

    from ..selection import Selection

Source = Literal["service", "store"]
"""Where final rows come from."""

_FRAME_CACHE_SIZE = 4
"""Frames cached for cells that ask again: a few, since one of 10,000 full rows takes some 25 MB."""


class Rows(Sequence[Row]):
    """The rows of a job in the service's order, decoded page by page on access.

    Args:
        counts: the number of rows of each page.
        load: returns the JSON arrays of the pages with these numbers, in order.
        jobs: for the rows of several jobs: the id of each and the number of its rows, in order.
        content: for rows in the store: a digest of their pages, which equal rows share.
        size: for rows in memory: the bytes of their JSON.
    """

    __slots__ = ("content", "counts", "jobs", "load", "size")

    def __init__(
        self,
        counts: Sequence[int],
        load: Callable[[range], Iterable[bytes]],
        jobs: Sequence[tuple[str, int]] | None = None,
        content: str | None = None,
        size: int | None = None,
    ) -> None:
        self.counts = tuple(counts)
        self.load = load
        self.jobs = jobs
        self.content = content
        self.size = size

    @classmethod
    def of(cls, pages: Sequence[Page]) -> Rows:
        """The rows of pages held in memory."""
        bodies = tuple(page.rows_json for page in pages)
        counts, size = [page.row_count for page in pages], sum(map(len, bodies))
        return cls(counts, lambda numbers: bodies[numbers.start : numbers.stop], size=size)

    def __len__(self) -> int:
        return sum(self.counts)

    def __iter__(self) -> Iterator[Row]:
        for body in self.load(range(len(self.counts))):
            yield from read_rows(body)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return list(self)[index]
        position = index + len(self) if index < 0 else index
        start = 0
        for number, count in enumerate(self.counts):
            if start <= position < start + count:
                (body,) = self.load(range(number, number + 1))
                return read_rows(body)[position - start]
            start += count
        raise IndexError(f"row {index} of {len(self)}")

    def __repr__(self) -> str:
        return f"<{len(self)} rows in {len(self.counts)} pages>"


NO_ROWS = Rows((), lambda _: ())


@dataclass(frozen=True)
class Problem:
    """The last error of a job, and when the first of the failures in a row happened, in UTC."""

    error: OpenFunnelError
    since: datetime

    @property
    def kind(self) -> str:
        """The name of the error's class."""
        return self.error.kind

    @property
    def message(self) -> str:
        """What happened and what to do."""
        return self.error.message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Result:
    """A job that is over: all that is known of it, and its rows.

    Attributes:
        rows: its rows, in memory or in the store.
        complete: whether rows and pages were checked against a manifest, or the job failed. Only such a result is
            stored.
        warnings: as `Snapshot.warnings`.
    """

    status: JobStatus
    stage: str | None
    processed: int | None
    manifest: Mapping[str, Any] | None
    error_message: str | None
    as_of: datetime
    rows: Rows
    complete: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """Everything known of one job at one moment.

    Attributes:
        job_id: the job.
        status: the service's word; None before the first answer.
        stage: the service's free text about what the job does.
        processed: companies that the service has delivered so far.
        pages: pages read so far.
        manifest: its summary, once the job is over; plain JSON values.
        rows: the rows read so far, in the service's order.
        provisional: whether there are rows that may still change.
        final: the status is terminal, and every page was read since then and checked. Nothing changes any more.
        settled: nothing changes without a refresh: the job is final, or has a problem that waiting cannot solve.
        stale: final, but a refresh was asked for since: it is under way, or it failed with ``problem``.
        source: where final rows come from.
        as_of: when the service last confirmed this state, in UTC.
        problem: the last error; the rows beside it are the last good ones.
        next_try: when the next request is sent, in UTC; None if none is planned.
        warnings: what is odd about final rows that agree with the manifest all the same, such as a company that is
            there twice: sentences for a person.
        selection: which of the rows its frame has, and in which order; None for all.
    """

    job_id: str
    status: JobStatus | None = None
    stage: str | None = None
    processed: int | None = None
    pages: int = 0
    manifest: Mapping[str, Any] | None = None
    rows: Rows = field(default=NO_ROWS, compare=False)
    provisional: bool = False
    final: bool = False
    settled: bool = False
    stale: bool = False
    source: Source | None = None
    as_of: datetime | None = None
    problem: Problem | None = None
    next_try: datetime | None = None
    warnings: tuple[str, ...] = ()
    selection: Selection | None = None

    def frame(self, columns: Sequence[str] | str | None = None) -> pd.DataFrame:
        """The rows as a DataFrame, one row per company in the service's order, or in that of the selection.

        Args:
            columns: names in the desired order, as a list or as ``"name,domain"``; None for ``rank`` and every field
                that the service sent.

        Returns:
            A new frame with ``attrs`` job_id, status, manifest, as_of and warnings as plain JSON values.

        Raises:
            UnknownColumnError: a name that is neither in the package's list of columns nor in the rows.
        """
        from .. import table  # imports pandas, which is not needed before

        frame = table.deep_copy(_frame(self.rows, parse_columns(columns), self.selection))
        frame.attrs = dict[Any, Any](self.attributes())
        return frame

    def did_you_mean(self) -> str:
        """What may have been meant by the criteria of a selection that has no company: `near_values.did_you_mean`."""
        from .. import near_values, pivot  # where nothing matches only

        criteria = () if self.selection is None else self.selection.criteria
        return near_values.did_you_mean(
            criteria,
            len(self.rows),
            lambda question: pivot.pivot(_frame(self.rows, question.rows, None), question),
        )

    def attributes(self) -> dict[str, Any]:
        """What a frame says of its job: job_id, status, manifest, as_of and warnings as plain JSON values."""
        return {
            "job_id": self.job_id,
            "status": None if self.status is None else str(self.status),
            "manifest": None if self.manifest is None else copy.deepcopy(dict(self.manifest)),
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "warnings": list(self.warnings),
        }


@functools.lru_cache(maxsize=_FRAME_CACHE_SIZE)
def _frame(rows: Rows, columns: tuple[str, ...] | None, selection: Selection | None) -> pd.DataFrame:
    from .. import table
    from ..selection import ALL

    chosen = ALL if selection is None else selection
    if rows.jobs is None:
        return table.frame(rows, columns, selection=chosen)
    return table.stacked_frame(rows, rows.jobs, columns, selection=chosen)
