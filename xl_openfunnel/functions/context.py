"""What a function may look at, and what it saw there, so that its cell can be kept up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from ..api.endpoints import job_id_from
from ..api.models import Credits
from ..errors import CELL_UNITS, ConfigurationError, InvalidJobIdError, OpenFunnelError
from ..jobs.fetcher import Fetcher
from ..jobs.snapshot import Snapshot
from ..jobs.store.opening import JobStore
from ..jobs.store.store import LedgerEntry, StoreBusyError
from . import arguments, status_text
from .credits import CreditsCache

JOBS: Final = "*jobs"
"""What stands for the list of jobs among the things seen; no job has such an id."""

CREDITS: Final = "*credits"
"""What stands for the account's credits."""

NO_STORE: Final = "The list of jobs cannot be read on this computer. In a terminal, xl-openfunnel doctor says why."
STORE_BUSY: Final = f"Another program is writing the list of jobs.{status_text.RETRY_HINT}"

_BUSY: Final = f"just now.{status_text.RETRY_HINT}"
_GONE: Final = "on this computer. In a terminal, xl-openfunnel doctor says why."

_MAX_TEXTS: Final = 10_000
"""Texts of which is remembered whether they are labels: a sheet has no more jobs, and half-typed ones come and go."""


_UNREADABLE: Final = (ConfigurationError, OSError, sqlite3.Error)
"""What a store raises that is not there any more, such as one on a network drive, or is unusable."""


@dataclass(frozen=True)
class Dependency:
    """What a call saw of one thing.

    Attributes:
        now: what it would see of it now; never waits for the service.
        value: what it saw.
    """

    now: Callable[[], Hashable]
    value: Hashable

    @property
    def stale(self) -> bool:
        """Whether the call would answer something else now."""
        return self.now() != self.value


@dataclass
class _LastRead:
    """What a store said last: what stands for it while another program writes it."""

    entries: tuple[LedgerEntry, ...] | None = None
    labelled: dict[str, str | None] = field(default_factory=dict)
    labels: dict[str, str | None] = field(default_factory=dict)


_last_read: Final[WeakKeyDictionary[JobStore, _LastRead]] = WeakKeyDictionary()


class Services(Protocol):
    """What the functions of a process stand on."""

    @property
    def fetcher(self) -> Fetcher:
        """The shared fetcher."""

    @property
    def store(self) -> JobStore | None:
        """Labels and the list of jobs."""

    @property
    def credits(self) -> CreditsCache:
        """The account's credits."""


class CallContext:
    """One call's view.

    Attributes:
        seen: what the call saw, by job id, or under `JOBS` or `CREDITS`.
        block_units: the most UTF-16 units of a text in a block, as the calling program takes it.
    """

    def __init__(self, services: Services, block_units: int = CELL_UNITS) -> None:
        self._services = services
        self.block_units = block_units
        self.dependencies: dict[str, Dependency] = {}

    def job_id(self, named: arguments.JobArgument) -> str:
        """The id of the job that is meant: by its label, whatever the case, else by its id or URL.

        A number is a label or nothing: Excel makes one of what looks like one.

        Raises:
            InvalidJobIdError: it is none of these. No request was made.
        """
        given = named.text if isinstance(named, arguments.CellError) else arguments.text(named, "job")
        if given.startswith("#") or isinstance(named, arguments.CellError):
            raise InvalidJobIdError(f"The cell with the job holds {given[:40]}. Fix that cell first.")
        found, unread = self._find_label(given)
        if found:
            return found
        if not isinstance(named, str):
            raise InvalidJobIdError(f"{given[:40]} is no job. Give the job's id, its URL or its label.")
        if given.lower() in status_text.STATUSES:
            raise InvalidJobIdError(
                f"{given!r} is what a cell shows of a job, and no job. Give the cell with the job's id."
            )
        try:
            return job_id_from(given)
        except InvalidJobIdError as error:
            if given.startswith("of_"):
                raise
            shown = given[:40]
            if unread == _BUSY:
                self._mark_stale()
            if unread:
                raise InvalidJobIdError(f"{shown!r} is no job id, and labels cannot be read {unread}") from error
            raise InvalidJobIdError(
                f"{shown!r} is no job id, no job's URL and no label known here. Copy the id from OpenFunnel."
            ) from error

    def _find_label(self, given: str) -> tuple[str | None, str]:
        """The id of the job with this label, if any, and why that cannot be told, ``""`` where it can."""
        store = self._services.store
        if given.startswith("of_"):
            return None, ""
        if store is None:
            return None, _GONE
        known = _last_read.setdefault(store, _LastRead()).labelled
        try:
            found = store.job_id_of(given, wait=False)
        except StoreBusyError:
            if given not in known:
                self._mark_stale()  # it may be a label, also where it can be an id
            return known.get(given), _BUSY
        except UnicodeError:
            return None, ""  # half a surrogate pair, which no label can have
        except _UNREADABLE:
            return None, _GONE  # the fetcher has the job's rows all the same, if an id was given
        _remember(known, given, found)
        return found, ""

    def _mark_stale(self) -> None:
        """The store is busy: the cell shows what is not so, until it is calculated again."""
        self.dependencies[JOBS] = Dependency(now=lambda: True, value=False)

    def snapshot(self, job_id: str, projection: Callable[[Snapshot], Hashable]) -> Snapshot:
        """What is known of a job now; never waits."""
        fetcher = self._services.fetcher
        found = fetcher.watch(job_id)
        self.dependencies[job_id] = Dependency(lambda: projection(fetcher.watch(job_id)), projection(found))
        return found

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """All jobs ever seen here, the latest first.

        Raises:
            ConfigurationError: the store cannot be used, or not just now.
        """
        store = self._services.store
        found = _ledger(store)
        if store is not None and found != NO_STORE:
            known = _last_read.setdefault(store, _LastRead())
            if found == STORE_BUSY:
                self._mark_stale()
                found = STORE_BUSY if known.entries is None else known.entries
            elif not isinstance(found, str):
                known.entries = found
        if isinstance(found, str):
            self.dependencies.setdefault(JOBS, Dependency(lambda: _ledger(store), found))
            raise ConfigurationError(found)

        def now() -> tuple[LedgerEntry, ...] | str:
            read = _ledger(store)
            return found if read == STORE_BUSY else read  # what is shown stays meanwhile

        self.dependencies.setdefault(JOBS, Dependency(now, found))
        return found

    def label(self, job_id: str) -> str | None:
        """The name that the user gave to the job; None also where the store cannot be used."""
        store = self._services.store
        if store is None:
            return None
        known = _last_read.setdefault(store, _LastRead()).labels
        try:
            found = store.label_of(job_id, wait=False)
        except StoreBusyError:
            self._mark_stale()
            return known.get(job_id)
        except _UNREADABLE:
            return None
        _remember(known, job_id, found)
        return found

    def credits(self) -> Credits | None:
        """The account's balance; None before the first answer.

        Raises:
            OpenFunnelError: why it is not known.
        """
        balance = self._services.credits
        found = balance.latest()
        self.dependencies[CREDITS] = Dependency(lambda: (balance.latest(), balance.failures), (found, balance.failures))
        if isinstance(found, OpenFunnelError):
            found.__traceback__ = None  # one error for all calls: each would add its own
            raise found
        return found


def _remember(known: dict[str, str | None], text: str, found: str | None) -> None:
    if len(known) >= _MAX_TEXTS:
        known.clear()
    known[text] = found


def _ledger(store: JobStore | None) -> tuple[LedgerEntry, ...] | str:
    """All jobs ever seen here, or why they cannot be told."""
    if store is None:
        return NO_STORE
    try:
        return tuple(store.ledger(wait=False))
    except StoreBusyError:
        return STORE_BUSY
    except _UNREADABLE:
        return NO_STORE
