"""What a function may look at, and what it saw there, so that its cell can be kept up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Protocol

from ..api.models import Credits
from ..api.paths import job_id_from
from ..errors import BadJobId, OpenFunnelError
from ..jobs.fetcher import Fetcher
from ..jobs.snapshot import Snapshot
from ..jobs.store import LedgerEntry, Store, StoreBusy
from .balance import Balance

JOBS: Final = "*jobs"
"""What stands for the list of jobs among the things seen; no job has such an id."""

CREDITS: Final = "*credits"
"""What stands for the account's credits."""


@dataclass(frozen=True)
class Seen:
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


class Desk(Protocol):
    """What the functions of a process stand on."""

    @property
    def fetcher(self) -> Fetcher:
        """The shared fetcher."""

    @property
    def store(self) -> Store | None:
        """Labels and the list of jobs."""

    @property
    def balance(self) -> Balance:
        """The account's credits."""


class Look:
    """One call's view.

    Attributes:
        seen: what the call saw, by job id, or under `JOBS` or `CREDITS`.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger: list[LedgerEntry] | None = None
        self.seen: dict[str, Seen] = {}

    def job_id(self, named: str) -> str:
        """The id of the job that is meant: by its label, whatever the case, else by its id or URL.

        Raises:
            BadJobId: it is none of these. No request was made.
        """
        if named.startswith("#"):
            raise BadJobId(f"The cell with the job holds {named[:40]}. Mend that first.")
        store = self._desk.store
        try:
            found = store.labelled(named, wait=False) if store and not named.startswith("of_") else None
        except (StoreBusy, sqlite3.Error):
            found = None  # a label is looked for again at the next calculation
        if found:
            return found
        try:
            return job_id_from(named)
        except BadJobId as error:
            if named.startswith("of_"):
                raise
            shown = named[:40]
            raise BadJobId(
                f"{shown!r} is no job id, no job's URL and no label known here. Copy the id from OpenFunnel."
            ) from error

    def snapshot(self, job_id: str, sight: Callable[[Snapshot], Hashable]) -> Snapshot:
        """What is known of a job now; never waits."""
        fetcher = self._desk.fetcher
        found = fetcher.watch(job_id)
        self.seen[job_id] = Seen(lambda: sight(fetcher.watch(job_id)), sight(found))
        return found

    def ledger(self) -> list[LedgerEntry]:
        """All jobs ever seen here, the latest first; none while another process holds the store."""
        store = self._desk.store
        found = self._entries()
        self.seen[JOBS] = Seen(lambda: tuple(_ledger(store)), tuple(found))
        return found

    def label(self, job_id: str) -> str | None:
        """The name that the user gave to the job."""
        return next((entry.label for entry in self._entries() if entry.job_id == job_id), None)

    def credits(self) -> Credits | None:
        """The account's balance; None before the first answer.

        Raises:
            OpenFunnelError: why it is not known.
        """
        balance = self._desk.balance
        found = balance.latest()
        self.seen[CREDITS] = Seen(balance.latest, found)
        if isinstance(found, OpenFunnelError):
            raise found.with_traceback(None)  # one object for all calls: each would add its own
        return found

    def _entries(self) -> list[LedgerEntry]:
        if self._ledger is None:
            self._ledger = _ledger(self._desk.store)
        return self._ledger


def _ledger(store: Store | None) -> list[LedgerEntry]:
    try:
        return store.ledger(wait=False) if store else []
    except (StoreBusy, sqlite3.Error):
        return []
