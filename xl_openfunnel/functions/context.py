"""Per-call context: resolves jobs and records the call's dependencies, so that its cell can be kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from ..api.endpoints import find_job_id
from ..api.models import Credits
from ..columns.maker import ColumnMaker
from ..errors import CELL_PREFIX, CELL_UNITS, ConfigurationError, InvalidJobIdError, OpenFunnelError
from ..jobs import job_text
from ..jobs.fetcher import Fetcher
from ..jobs.snapshot import Snapshot
from ..jobs.store.database import StoreBusyError
from ..jobs.store.ledger import LedgerEntry, known_names
from ..jobs.store.opening import JobStore
from ..known.columns import listed, with_columns
from ..known.lists import KnownList, KnownLists
from ..pasted import NO_JOB_KNOWN, job_ids, refusal
from ..selection import Selection
from . import arguments, limits
from .credits import CreditsCache
from .job_names import BUSY, UNREADABLE, LastRead, NameLookup, last_read

JOBS: Final = "*jobs"
"""The key of the list of jobs among the dependencies; no job has such an id."""

CREDITS: Final = "*credits"
"""The key of the account's credits."""

KNOWN: Final = "*known"
"""The key of what names known companies: lists, and labels or ids that no job has yet."""

_CALL: Final = "*call "
"""The keys of calculations that a cell waits for begin so."""

NO_STORE: Final = "The list of jobs cannot be read on this computer. In a terminal, xl-openfunnel doctor says why."
STORE_BUSY: Final = f"Another program is writing the list of jobs.{job_text.RETRY_HINT}"

_MAX_COMPARED: Final = 3
"""Texts of one call that are compared with the jobs known here: each takes some milliseconds."""

_MAX_NAMED: Final = 20
"""Texts of one call that may name a job, or another one later: they are looked up every two seconds, and take 0.3 ms
each."""


def call_topic(number: int) -> str:
    """The key of a calculation among the dependencies."""
    return f"{_CALL}{number}"


def is_call(topic: str) -> bool:
    """Whether a key is that of a calculation."""
    return topic.startswith(_CALL)


def is_job(topic: str) -> bool:
    """Whether a key is the id of a job."""
    return not topic.startswith("*")


@dataclass(frozen=True)
class Dependency:
    """One thing that a call's result depends on.

    Attributes:
        now: gives what the call would use now; never waits for the service.
        value: what the call used.
        settled: whether that is not expected to change any more: the job has ended. What only people change is settled.
    """

    now: Callable[[], Hashable]
    value: Hashable
    settled: Callable[[], bool] = lambda: False

    @property
    def stale(self) -> bool:
        """Whether the call would give another result now."""
        return self.now() != self.value


class Services(Protocol):
    """What all functions of a process share. Without a store there are no columns and no known lists."""

    @property
    def fetcher(self) -> Fetcher: ...

    @property
    def store(self) -> JobStore | None: ...

    @property
    def credits(self) -> CreditsCache: ...

    @property
    def columns(self) -> ColumnMaker | None: ...

    @property
    def known(self) -> KnownLists | None: ...


class CallContext:
    """The context of one call.

    Args:
        services: shared by all calls.
        block_units: the most UTF-16 units of a text in a block that the host can take.

    Attributes:
        width: the cells in a row of the result, as far as that is known while it is calculated.
        dependencies: of the call's result, by job id, or under `JOBS`, `CREDITS`, `KNOWN` or a `call_topic`.
    """

    def __init__(self, services: Services, block_units: int = CELL_UNITS) -> None:
        self._services = services
        self.block_units = block_units
        self.width = 1
        self.dependencies: dict[str, Dependency] = {}
        self._names: tuple[str, ...] | None = None
        self._refused = 0
        self._lookup = NameLookup(services.store, self._mark_stale)
        self._versions: dict[str, Hashable] = {}
        self._named: dict[str, str | None] = {}

    def renewed(self) -> CallContext:
        """A context for the same call at another time."""
        return CallContext(self._services, self.block_units)

    @property
    def columns(self) -> ColumnMaker | None:
        """The files with the columns of final jobs; None without a store."""
        return self._services.columns

    def looking_up(self) -> AbstractContextManager[None]:
        """Within this, jobs are looked up quickly: for a call that does not go on for long."""
        return self._lookup.quickly()

    def job_id(self, named: arguments.JobArgument) -> str:
        """The id of a job that is named by its label, in any case, or else by its id, URL or a text with its UUID.

        A number can only be a label: Excel turns a label that looks like a number into one.

        Raises:
            InvalidJobIdError: it is none of these. No request was made.
        """
        text = named.text if isinstance(named, arguments.CellError) else arguments.text(named, "job")
        is_error = text.startswith(CELL_PREFIX) or (text.startswith("#") and not job_ids(text))
        if is_error or isinstance(named, arguments.CellError):
            raise InvalidJobIdError(f"The cell with the job holds {text[:40]}. Fix that cell first.")
        job_id, unreadable = self._lookup.find_label(text)
        if job_id:
            return job_id
        if not isinstance(named, str):
            raise InvalidJobIdError(f"{text[:40]} is no job. Give the job's id, its URL or its label.")
        if text.lower() in job_text.STATUSES:
            raise InvalidJobIdError(
                f"{text!r} is what a cell shows of a job, and no job. Give the cell with the job's id."
            )
        given = find_job_id(text)
        if job_id := self._lookup.whole_id(given or text) or given:
            return job_id
        if unreadable:
            if unreadable == BUSY:
                self._mark_stale()
            raise InvalidJobIdError(refusal(text, "is no job id, and labels cannot be read", remedy=unreadable))
        raise InvalidJobIdError(refusal(text, NO_JOB_KNOWN, self._known_names(), remedy="Copy the id from OpenFunnel."))

    def _known_names(self) -> tuple[str, ...]:
        """Labels and ids of the latest jobs, to which a wrong one may be similar. Nothing depends on them."""
        self._refused += 1
        if self._refused > _MAX_COMPARED:
            return ()
        if self._names is None:
            entries = _ledger(self._services.store)
            self._names = () if isinstance(entries, str) else known_names(entries)
        return self._names

    def _mark_stale(self) -> None:
        """Have the cell calculated again: the store is busy, so that the result may be wrong."""
        self.dependencies[JOBS] = Dependency(now=lambda: True, value=False)

    def known_list(self, name: str) -> KnownList | None:
        """The list of known companies with this name; None where there is none.

        Raises:
            ConfigurationError: its file cannot be read.
            TakesLongError: it must be read first.
        """
        lists = self._services.known
        if lists is None:
            return None
        self._versions[name] = lists.version(name)
        self._depend_on_names(lists)
        limits.count_read(0, slow=not lists.is_loaded(name), looked_up=False)
        return None if lists.version(name) is None else lists.get(name)

    def named_lists(self, texts: Iterable[str]) -> list[str]:
        """Those of many texts that are names of known lists now."""
        return [] if self._services.known is None else self._services.known.named(texts)

    def with_known_columns(self, selection: Selection, columns: Iterable[str] | None) -> Selection:
        """The selection, with the columns of known lists that it or ``columns`` name.

        Raises:
            ConfigurationError: there is no list of such a name.
            TakesLongError: a list must be read first.
        """

        def lists() -> KnownLists:
            if self._services.known is None:
                raise ConfigurationError(NO_STORE)
            for name in listed(columns, selection):
                self.known_list(name)
            return self._services.known

        return with_columns(selection, columns, lists)

    def seen_job(self, text: str) -> str | None:
        """The id of a job that was seen here, by its label or id, or of any by its URL or a text with its UUID.

        None for any other text, which is not asked for at the service. The call's result depends on whether another job
        is seen later, or labelled, that has it.
        """
        found = self._seen(text)
        if len(self._named) < _MAX_NAMED and self._services.known is not None:
            self._named[text] = found
            self._depend_on_names(self._services.known)
        return found

    def _depend_on_names(self, lists: KnownLists) -> None:
        """Depend on the known lists that were asked for, and on the jobs that texts name."""
        versions, named, later = tuple(self._versions.items()), tuple(self._named.items()), self.renewed()

        def now() -> Hashable:
            return (
                tuple((name, lists.version(name)) for name, _ in versions),
                tuple((text, later._seen(text)) for text, _ in named),
            )

        self.dependencies[KNOWN] = Dependency(now, (versions, named), settled=lambda: True)

    def _seen(self, text: str) -> str | None:
        try:
            found = self._lookup.find_label(text)[0] or self._lookup.whole_id(text)
        except InvalidJobIdError:
            return None
        return found or (job_ids(text)[0] if len(job_ids(text)) == 1 else None)

    def snapshot(self, job_id: str, projection: Callable[[Snapshot], Hashable]) -> Snapshot:
        """What is known of a job now; never waits.

        Args:
            job_id: the job.
            projection: the part of a snapshot that the call's result depends on. Only where it changes is the cell
                calculated again.
        """
        fetcher = self._services.fetcher
        if not fetcher.is_tracked(job_id):
            limits.count_jobs(1)
        snapshot = fetcher.watch(job_id)
        self.dependencies[job_id] = Dependency(
            lambda: projection(fetcher.watch(job_id)), projection(snapshot), lambda: fetcher.watch(job_id).settled
        )
        return snapshot

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """All jobs ever seen here, the latest first.

        Raises:
            ConfigurationError: the store cannot be used, or not just now.
        """
        store = self._services.store
        if store is not None:
            limits.count_entries(None if (known := last_read.get(store)) is None else known.entries[1])
        entries = _ledger(store)
        limits.has_read()
        if store is not None and entries == STORE_BUSY:
            self._mark_stale()
            if (known := last_read.get(store)) is not None and known.entries[1] is not None:
                entries = known.entries[1]
        if isinstance(entries, str):
            self.dependencies.setdefault(JOBS, Dependency(lambda: _ledger(store), entries))
            raise ConfigurationError(entries)

        def now() -> tuple[LedgerEntry, ...] | str:
            latest = _ledger(store)
            return entries if latest == STORE_BUSY else latest  # a busy store is no reason to recalculate

        self.dependencies.setdefault(JOBS, Dependency(now, entries))
        return entries

    def label(self, job_id: str) -> str | None:
        """The job's label; None also where the store cannot be used."""
        return self._lookup.label(job_id)

    def credits(self) -> Credits | None:
        """The account's balance; None before the first response.

        Raises:
            OpenFunnelError: why it is not known.
        """
        cache = self._services.credits
        balance = cache.latest()
        self.dependencies[CREDITS] = Dependency(lambda: (cache.latest(), cache.failures), (balance, cache.failures))
        if isinstance(balance, OpenFunnelError):
            balance.__traceback__ = None  # all calls raise the same error: each would add to its traceback
            raise balance
        return balance


def _ledger(store: JobStore | None) -> tuple[LedgerEntry, ...] | str:
    """All jobs ever seen here, or why they cannot be read."""
    if store is None:
        return NO_STORE
    last, version = last_read.setdefault(store, LastRead()), store.version()
    of, entries = last.entries
    if entries is None or version is None or version != of:
        try:
            entries = tuple(store.ledger(wait=False))
        except StoreBusyError:
            return STORE_BUSY
        except UNREADABLE:
            return NO_STORE
        last.entries = version, entries
    return entries
