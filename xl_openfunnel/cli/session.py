"""What the commands share: the settings of this call, and finding the job that is meant."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, cast

import typer

from .. import Client, Fetcher, Store
from ..api.endpoints import KEY_PREFIX, job_id_from
from ..errors import ConfigurationError, InvalidJobIdError
from ..jobs.fetch_rows import shared_fetcher
from ..settings import BASE_URL, Settings, origin_of

_log = logging.getLogger(__name__)

BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help=f"The service's address. (default: {BASE_URL})")
]
Job = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, its URL or its label.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


@dataclass
class Session:
    """One call of the command.

    Attributes:
        base_url: the service's address as given; None for the one of the settings.
    """

    base_url: str | None

    @cached_property
    def settings(self) -> Settings:
        """The settings of this call."""
        return Settings.load(self.base_url)

    @property
    def origin(self) -> str:
        """What keys and stored jobs are kept under."""
        return origin_of(self.settings.base_url)

    @cached_property
    def store(self) -> Store:
        """The user's own store.

        Raises:
            ConfigurationError: it cannot be used.
        """
        return Store(self.settings.store_path, self.origin)

    @cached_property
    def store_if_usable(self) -> Store | None:
        """The user's own store, or None with a warning: what does not depend on it goes on without."""
        settings = self.settings  # what is wrong with them is said as an error, not as a warning
        try:
            return Store(settings.store_path, self.origin)
        except ConfigurationError as trouble:
            _log.warning("%s", trouble.message)
            return None

    def client(self) -> Client:
        """A client with the key of the settings."""
        return Client(self.base_url)

    def fetcher(self) -> Fetcher:
        """The process's fetcher."""
        return shared_fetcher(self.base_url)

    def job_id(self, job: str) -> str:
        """The id of the job that is meant: by its label, whatever the case, else by its id or URL.

        Raises:
            InvalidJobIdError: it is none of these.
        """
        store = self.store_if_usable
        name = job.strip()
        # Every label is printable; what is no text in the terminal's encoding is not, and the store cannot take it.
        found = store.job_id_of(name) if store and name.isprintable() else None
        if found:
            return found
        try:
            return job_id_from(job)
        except InvalidJobIdError:
            if name.startswith(KEY_PREFIX):
                raise  # its words do not show what was given
            raise InvalidJobIdError(
                f"{name[:60]!r} is no job id, no job's URL and no label known here. "
                "xl-openfunnel jobs lists the jobs seen on this computer."
            ) from None

    def label_of(self, job_id: str) -> str | None:
        """The label of a job, if it has one."""
        store = self.store_if_usable
        return next((entry.label for entry in store.ledger() if entry.job_id == job_id), None) if store else None


def session(context: typer.Context) -> Session:
    """The session of a command's context."""
    return cast("Session", context.obj)
