"""What a function may look at, and what it saw there, so that its cell can be kept up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

from ..api.models import Credits
from ..api.paths import job_id_from
from ..errors import BadJobId, OpenFunnelError
from ..jobs.fetcher import Fetcher
from ..jobs.snapshot import Snapshot
from ..jobs.store import LedgerEntry, Store, StoreBusy
from .balance import Balance

Sight = Callable[[Any], Hashable]
"""What of a thing a cell shows: it needs to be calculated again when this changes."""


@dataclass(frozen=True)
class Seen:
    """What a call saw of one thing.

    Attributes:
        sight: what matters of it.
        value: what that was.
    """

    sight: Sight
    value: Hashable


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
        seen: what the call saw, by job id.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
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
        found = self._desk.fetcher.watch(job_id)
        self.seen[job_id] = Seen(sight, sight(found))
        return found

    def ledger(self) -> list[LedgerEntry]:
        """All jobs ever seen here, the latest first; none while another process holds the store."""
        store = self._desk.store
        try:
            return store.ledger(wait=False) if store else []
        except (StoreBusy, sqlite3.Error):
            return []

    def label(self, job_id: str) -> str | None:
        """The name that the user gave to the job."""
        return next((entry.label for entry in self.ledger() if entry.job_id == job_id), None)

    def credits(self) -> Credits | None:
        """The account's balance; None before the first answer.

        Raises:
            OpenFunnelError: why it is not known.
        """
        found = self._desk.balance.latest()
        if isinstance(found, OpenFunnelError):
            raise found
        return found
