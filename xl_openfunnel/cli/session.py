"""What the commands share: the settings of this call, the store, the fetcher, and the job that an argument names."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

import typer

from .. import Client, Fetcher, Store
from ..api.endpoints import find_job_id
from ..errors import ConfigurationError, InvalidJobIdError
from ..jobs.fetch_rows import shared_fetcher
from ..jobs.store.store import known_names
from ..pasted import holds_key, refusal
from ..settings import Settings, origin_of

_log = logging.getLogger(__name__)

SHORT_ID: Final = 8
"""Characters of an id that name its job, where no other one begins so: a UUID's first group."""


@dataclass
class Session:
    """One call of the command.

    Attributes:
        base_url: the service's address from the command line; None for the one of the settings.
    """

    base_url: str | None = None

    @cached_property
    def settings(self) -> Settings:
        return Settings.load(self.base_url)

    @property
    def origin(self) -> str:
        """The service's origin, under which keys and jobs are stored."""
        return origin_of(self.settings.base_url)

    @cached_property
    def store(self) -> Store:
        """The user's store.

        Raises:
            ConfigurationError: it cannot be used.
        """
        return Store(self.settings.store_path, self.origin)

    @cached_property
    def store_if_usable(self) -> Store | None:
        """The user's store; None, with a warning, where it cannot be used, for commands that can do without."""
        _ = self.settings  # wrong settings are an error, not a warning
        try:
            return self.store
        except ConfigurationError as error:
            _log.warning("%s", error.message)
            return None

    def client(self) -> Client:
        """A new client with the key of the settings."""
        return Client(self.base_url)

    def fetcher(self) -> Fetcher:
        """The process's fetcher."""
        return shared_fetcher(self.base_url)

    def job_id(self, job: str) -> str:
        """The id of the job with this label, in any case, or else the one that the text names.

        The beginning of an id will do: at least `SHORT_ID` characters, of one job in the ledger.

        Raises:
            InvalidJobIdError: it names none.
        """
        store = self.store_if_usable
        if store and not holds_key(job):
            with contextlib.suppress(UnicodeError):  # what the terminal's encoding cannot decode is no label
                if job_id := store.job_id_of(job.strip()):
                    return job_id
        if job_id := find_job_id(job):
            return self._whole_id(job_id)
        names = known_names(store.ledger()) if store else ()
        raise InvalidJobIdError(
            refusal(
                job,
                "is no job id, no job's URL and no label known here.",
                names,
                remedy="xl-openfunnel jobs lists the jobs seen on this computer.",
            )
        )

    def _whole_id(self, job_id: str) -> str:
        """The id in the ledger that begins so; else the id itself.

        Raises:
            InvalidJobIdError: several begin so.
        """
        store = self.store_if_usable
        if store is None or len(job_id) < SHORT_ID:
            return job_id
        known = [entry.job_id for entry in store.ledger()]
        whole = [known_id for known_id in known if known_id.lower().startswith(job_id.lower())]
        if job_id in known or not whole:
            return job_id
        if len(whole) > 1:
            raise InvalidJobIdError(f"{job_id[:60]!r} begins the ids of {len(whole)} jobs. Give more of the id.")
        return whole[0]

    def job_ids(self, jobs: Iterable[str]) -> list[str]:
        """The ids of jobs as `job_id` gives them, each once."""
        return list(dict.fromkeys(map(self.job_id, jobs)))

    def name_of(self, job_id: str) -> str:
        """What a message calls the job: its label, else its id."""
        return self.label_of(job_id) or job_id

    def label_of(self, job_id: str) -> str | None:
        store = self.store_if_usable
        return store.label_of(job_id) if store else None


def short_ids(job_ids: Sequence[str]) -> list[str]:
    """The beginnings of the ids, of at least `SHORT_ID` characters, by which no two are taken for each other."""
    lengths = range(SHORT_ID, max([SHORT_ID, *map(len, job_ids)]) + 1)
    distinct = len({job_id.lower() for job_id in job_ids})
    length = next(n for n in lengths if len({job_id[:n].lower() for job_id in job_ids}) == distinct)
    return [job_id[:length] for job_id in job_ids]


def session(context: typer.Context) -> Session:
    """The session of a command's context."""
    return cast("Session", context.obj)
