"""The state of a tracked job, as immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Literal

from ...api.models import Page
from ...errors import AuthenticationError, JobFailedError, MissingKeyError, OpenFunnelError
from ..snapshot import NO_ROWS, Problem, Result, Rows, Source
from .pagination import PageWalk

MIN_INTERVAL = 2.0
"""Seconds between polls when something moved: neighbouring endpoints recommend 2 to 5."""


@dataclass(frozen=True)
class Moment:
    """Now: seconds on the monotonic clock, the time of day, and a random number from 0 to 1 that spreads retries."""

    now: float
    utc: datetime
    jitter: float = 0.5


@dataclass(frozen=True)
class RequestGate:
    """What pauses the requests of all jobs.

    Attributes:
        key_problem: why the service refuses the key; None as long as it does not.
        closed_until: the service asked to wait until this moment of the monotonic clock.
    """

    key_problem: Problem | None = None
    closed_until: float = 0.0


class Phase(Enum):
    LOADING = auto()  # from the store
    POLLING = auto()
    DOWNLOADING = auto()  # all pages, once the status is terminal
    SAVING = auto()  # in the store
    IDLE = auto()  # until a refresh


@dataclass(frozen=True)
class PageRequest:
    """A request for one page.

    Attributes:
        cursor: the requested page; None for the first.
        kind: part of a poll, a page that the page before it names, or a page whose name the manifest predicts.
    """

    cursor: str | None
    kind: Literal["poll", "named", "predicted"]


@dataclass(frozen=True)
class RetryState:
    """A cursor that failed: how often in a row, and the moment before which it is not retried."""

    failures: int
    not_before: float


@dataclass(frozen=True)
class JobState:
    """All that is known of a tracked job.

    Attributes:
        phase: what is being done for the job.
        result: the final result, if there is one.
        source: where ``result`` came from.
        unsaved: a result to be stored, with its pages.
        first_page: the latest first page, which tells the job's state while there is no result.
        as_of: when ``first_page`` was read.
        pages: the pages of a running job in page order, each with the cursor that it was requested by.
        rows: the rows to show while there is no result.
        next_cursor: the cursor to request next within this poll.
        walk: the pages read since the status became terminal.
        force_refresh: whether to read the job from the service even if it is stored.
        rechecks: how often a result that differs from its manifest or repeats a company was read again.
        readings: the fingerprints of those readings that only repeat a company.
        in_flight: requests that have not been answered.
        due: the moment of the next request.
        interval: seconds between polls.
        last_progress: what the last poll showed; the interval starts over when it changes.
        failures: how often in a row polling failed; ``same_kind_failures`` counts those of the last kind.
        retries: the cursors of the walk that failed.
    """

    job_id: str
    phase: Phase = Phase.LOADING
    result: Result | None = None
    source: Source | None = None
    unsaved: tuple[Result, tuple[Page, ...]] | None = None
    first_page: Page | None = None
    as_of: datetime | None = None
    pages: tuple[tuple[str | None, Page], ...] = ()
    rows: Rows = NO_ROWS
    next_cursor: str | None = None
    walk: PageWalk | None = None
    force_refresh: bool = False
    rechecks: int = 0
    readings: tuple[str, ...] = ()
    in_flight: frozenset[PageRequest] = frozenset()
    due: float = 0.0
    interval: float = MIN_INTERVAL
    last_progress: tuple[object, ...] = ()
    problem: Problem | None = None
    failures: int = 0
    same_kind_failures: int = 0
    retries: Mapping[str, RetryState] = field(default_factory=dict)


def restart_polling(state: JobState) -> JobState:
    """The state about to poll, with nothing in flight. The rows that are shown stay."""
    return replace(
        state, phase=Phase.POLLING, unsaved=None, next_cursor=None, walk=None, in_flight=frozenset(), retries={}
    )


def is_key_error(error: OpenFunnelError) -> bool:
    """Whether every request of every job fails until the key is replaced."""
    return isinstance(error, (AuthenticationError, MissingKeyError))


def failed_problem(seen: Page | Result, as_of: datetime) -> Problem | None:
    """The problem of a failed job, in the service's words; None for any other."""
    if not seen.status.failed:
        return None
    return Problem(JobFailedError(f"The job failed: {seen.error_message or 'the service gave no reason'}"), as_of)


def with_problem(state: JobState, error: OpenFunnelError, moment: Moment) -> JobState:
    """The state with this error as its problem, which dates from the first of the failures in a row."""
    before = state.problem if state.failures else None
    return replace(
        state,
        problem=Problem(error.with_traceback(None), moment.utc if before is None else before.since),
        failures=state.failures + 1,
        same_kind_failures=state.same_kind_failures + 1 if before is not None and before.kind == error.kind else 1,
    )
