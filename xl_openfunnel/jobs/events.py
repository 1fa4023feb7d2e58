"""The events of the scheduler's loop: what callers ask for, and what requests and the store answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ..api.models import Page
from ..errors import OpenFunnelError
from .policy.state import JobState, PageRequest
from .snapshot import Rows
from .tracked_job import TrackedJob, Waiter


@dataclass(frozen=True)
class Touched:
    """The job was watched; ``state`` is what the store said of a job that was not tracked before."""

    job_id: str
    state: JobState | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RefreshRequested:
    job_id: str


@dataclass(frozen=True)
class WaiterAdded:
    job_id: str
    waiter: Waiter = field(repr=False)


@dataclass(frozen=True)
class WaiterRemoved:
    job_id: str
    waiter: Waiter = field(repr=False)


@dataclass(frozen=True)
class ForgetRequested:
    """The job is to be removed from memory and from the store; ``done`` is set after that."""

    job_id: str
    done: threading.Event = field(repr=False)


@dataclass(frozen=True)
class Forgotten:
    """The store has removed the job."""

    job_id: str


@dataclass(frozen=True)
class SlotReleased:
    """Another job may be downloaded."""


@dataclass(frozen=True)
class PageAnswered:
    """A request came back, with a page or an error; with None if it was not sent, because all requests are held back.

    ``epoch`` is that of the `TrackedJob` when it was sent, ``fingerprint`` that of the key.
    """

    job_id: str
    epoch: int
    request: PageRequest
    outcome: Page | OpenFunnelError | None = field(repr=False)
    fingerprint: str | None = field(repr=False)


@dataclass(frozen=True)
class KeyRechecked:
    """The settings were read again; they have the key with this fingerprint, or None."""

    fingerprint: str | None = field(repr=False)


@dataclass(frozen=True)
class KeyReplaced:
    """The user has put another key into the settings."""


@dataclass(frozen=True)
class StoreAnswered:
    """The store has looked a job up, or saved its result; ``change`` gives the job's next state."""

    job_id: str
    tracked: TrackedJob = field(repr=False)
    epoch: int
    change: Callable[[JobState], JobState] = field(repr=False)


@dataclass(frozen=True)
class RowsLost:
    """Rows that the store had are gone: another process replaced or removed them."""

    job_id: str
    rows: Rows = field(repr=False)


Event = (
    Touched
    | RefreshRequested
    | WaiterAdded
    | WaiterRemoved
    | ForgetRequested
    | Forgotten
    | SlotReleased
    | PageAnswered
    | KeyRechecked
    | KeyReplaced
    | StoreAnswered
    | RowsLost
)
