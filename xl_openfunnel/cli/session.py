"""What the commands share: the settings of this call, the store, the fetcher, and the job that an argument names."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import typer

from .. import Client, Fetcher, Store
from ..api.endpoints import find_job_id
from ..errors import ConfigurationError, InvalidJobIdError
from ..jobs.fetch_rows import shared_fetcher
from ..jobs.store.store import known_names
from ..pasted import holds_key, refusal
from ..settings import Settings, origin_of

_log = logging.getLogger(__name__)


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

        Raises:
            InvalidJobIdError: it names none.
        """
        store = self.store_if_usable
        if store and not holds_key(job):
            with contextlib.suppress(UnicodeError):  # what the terminal's encoding cannot decode is no label
                if job_id := store.job_id_of(job.strip()):
                    return job_id
        if job_id := find_job_id(job):
            return job_id
        names = known_names(store.ledger()) if store else ()
        raise InvalidJobIdError(
            refusal(
                job,
                "is no job id, no job's URL and no label known here.",
                names,
                remedy="xl-openfunnel jobs lists the jobs seen on this computer.",
            )
        )

    def label_of(self, job_id: str) -> str | None:
        store = self.store_if_usable
        return store.label_of(job_id) if store else None


def session(context: typer.Context) -> Session:
    """The session of a command's context."""
    return cast("Session", context.obj)
