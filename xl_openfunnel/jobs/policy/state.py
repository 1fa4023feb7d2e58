"""What a scheduler knows of its job, as immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Literal

from ...api.models import JobStatus, Page
from ...errors import AuthenticationError, JobFailedError, MissingKeyError, OpenFunnelError
from ..result import Result
from ..snapshot import NO_ROWS, Problem, Rows, Source
from .pagination import PageWalk

MIN_INTERVAL = 2.0
"""Seconds between polls when something moved: neighbouring endpoints recommend 2 to 5."""


@dataclass(frozen=True)
class Moment:
    """Now: seconds on the steady clock, the time of day, and a number from 0 to 1 by chance."""

    now: float
    utc: datetime
    jitter: float = 0.5


@dataclass(frozen=True)
class RequestGate:
    """What holds up every job at once.

    Attributes:
        refused: why no key is accepted; None while nothing is known against the key.
        closed_until: no request before this moment of the steady clock (the service asked to wait).
    """

    key_problem: Problem | None = None
    closed_until: float = 0.0


class Phase(Enum):
    """What is being done for a job."""

    LOADING = auto()  # into the store
    POLLING = auto()
    DOWNLOADING = auto()
    SAVING = auto()  # into the store
    IDLE = auto()  # until somebody refreshes


@dataclass(frozen=True)
class PageRequest:
    """One request.

    Attributes:
        cursor: the page asked for; None for the first.
        kind: part of a poll, a page that another one names, or a page whose name is guessed.
    """

    cursor: str | None
    kind: Literal["poll", "named", "guess"]


@dataclass(frozen=True)
class RetryState:
    """A cursor that failed: how often in a row, and the moment before which it is not tried again."""

    failures: int
    not_before: float


@dataclass(frozen=True)
class JobState:
    """What a scheduler knows of its job.

    Attributes:
        doing: the stage of its care.
        result: what is final, if anything is.
        fresh: a result that is not yet stored.
        first: the latest first page, which tells the job's state while nothing is final.
        pages: the pages of a running job in page order, each with the cursor it was asked with.
        shown: the rows that everybody sees while nothing is final.
        follow: the cursor to ask for next within this poll.
        again: whether to read it anew even if the store has it.
        rechecks: how often a result that differs from its manifest was read again.
        asking: requests under way.
        due: the moment of the next request.
        failures: how often in a row polling failed, whatever the kind; ``alike`` counts those of the last kind.
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
    in_flight: frozenset[PageRequest] = frozenset()
    due: float = 0.0
    interval: float = MIN_INTERVAL
    last_progress: tuple[object, ...] = ()
    problem: Problem | None = None
    failures: int = 0
    same_kind_failures: int = 0
    retries: Mapping[str, RetryState] = field(default_factory=dict)


def restart_polling(state: JobState) -> JobState:
    """The state about to poll, with nothing under way. What everybody sees stays."""
    return replace(
        state, phase=Phase.POLLING, unsaved=None, next_cursor=None, walk=None, in_flight=frozenset(), retries={}
    )


def is_key_error(error: OpenFunnelError) -> bool:
    """Whether no request of any job has a chance before the key is another."""
    return isinstance(error, (AuthenticationError, MissingKeyError))


def failed_problem(status: JobStatus, error_message: str | None, as_of: datetime) -> Problem | None:
    """The problem of a job that ended as failed."""
    if status.lower() != JobStatus.FAILED:
        return None
    return Problem(JobFailedError(f"The job failed: {error_message or 'the service gave no reason'}"), as_of)


def with_problem(state: JobState, error: OpenFunnelError, moment: Moment) -> JobState:
    """The state with this problem: since when there is trouble, and how often in a row."""
    before = state.problem if state.failures else None
    return replace(
        state,
        problem=Problem(error.with_traceback(None), moment.utc if before is None else before.since),
        failures=state.failures + 1,
        same_kind_failures=state.same_kind_failures + 1 if before is not None and before.kind == error.kind else 1,
    )
