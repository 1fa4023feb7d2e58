"""What the commands share: the settings of this call, the store, the fetcher, and the job that an argument names."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import typer

from .. import Client, Fetcher, Store
from ..api.endpoints import find_job_id
from ..errors import ConfigurationError, InvalidJobIdError, JobNotFoundError, OpenFunnelError
from ..fetch_rows import shared_fetcher
from ..jobs.store.ledger import SHORT_ID, known_names
from ..jobs.waiting import about_job, with_message
from ..log import CAUSE
from ..pasted import NO_JOB_KNOWN, did_you_mean, holds_key, job_ids, refusal, similar_names
from ..settings import Settings, origin_of, store_path

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
        return Store(store_path(), self.origin)

    @cached_property
    def store_if_usable(self) -> Store | None:
        """The user's store; None, with a warning, where it cannot be used, for commands that can do without."""
        _ = self.settings  # wrong settings are an error, not a warning
        try:
            return self.store
        except ConfigurationError as error:
            _log.warning("%s", error.message, extra={CAUSE: error.message})
            return None

    def client(self) -> Client:
        """A new client with the key of the settings."""
        return Client(self.base_url)

    def fetcher(self) -> Fetcher:
        """The process's fetcher."""
        return shared_fetcher(self.base_url)

    def job_id(self, job: str) -> str:
        """The id of the job with this label, in any case, or else the one that the text names.

        The beginning of an id will do: see `Store.whole_id`.

        Raises:
            InvalidJobIdError: it names none.
        """
        store = self.store_if_usable
        if store and not holds_key(job):
            with contextlib.suppress(UnicodeError):  # what the terminal's encoding cannot decode is no label
                if job_id := store.job_id_of(job.strip()):
                    return job_id
        given = find_job_id(job)
        if job_id := (store and store.whole_id(given or job)) or given:
            return job_id
        raise self._no_job(job)

    def _no_job(self, job: str) -> InvalidJobIdError:
        store = self.store_if_usable
        return InvalidJobIdError(
            refusal(
                job,
                NO_JOB_KNOWN,
                known_names(store.ledger()) if store else (),
                remedy="xl-openfunnel jobs lists the jobs seen on this computer.",
            )
        )

    def explained(self, error: OpenFunnelError, job_id: str) -> OpenFunnelError:
        """The error; where the service does not know a job whose id is no UUID, with what may have been meant."""
        if not isinstance(error, JobNotFoundError) or job_ids(job_id):
            return error
        entries = self.store_if_usable.ledger() if self.store_if_usable else []
        if any(entry.job_id.lower().startswith(job_id.lower()) for entry in entries):
            hint = f"If it is the beginning of an id: at least {SHORT_ID} characters are needed."
        elif similar := similar_names(job_id, known_names(entries)):
            hint = did_you_mean(similar)
        else:
            hint = "If you meant a label: none of that name is known here (xl-openfunnel jobs)."
        return with_message(error, f"{error.message} {hint}")

    @contextlib.contextmanager
    def explaining(self, job_id: str) -> Iterator[None]:
        """Raise errors as `explained` gives them, with the job's id."""
        try:
            yield
        except OpenFunnelError as error:
            raise about_job(self.explained(error, job_id), job_id) from None

    def job_ids(self, jobs: Iterable[str]) -> list[str]:
        """The ids of jobs as `job_id` gives them, each once."""
        return list(dict.fromkeys(map(self.job_id, jobs)))

    def known_job_id(self, job: str) -> str:
        """As `job_id`, for a command that asks no service: what may be a short id is more likely a label.

        Raises:
            InvalidJobIdError: the text names no job known here, and holds no UUID.
        """
        store = self.store  # before `job_id` warns that it can do without
        job_id = self.job_id(job)
        if job_ids(job_id) or any(job_id == entry.job_id for entry in store.ledger()):
            return job_id
        if (store.origin, job_id) in store.stored():
            return job_id
        raise self._no_job(job)

    def known_job_ids(self, jobs: Iterable[str]) -> list[str]:
        """The ids of jobs as `known_job_id` gives them, each once."""
        return list(dict.fromkeys(map(self.known_job_id, jobs)))

    def name_of(self, job_id: str) -> str:
        """What a message calls the job: its label, else its id."""
        return self.label_of(job_id) or job_id

    def label_of_all(self, job_ids: Sequence[str]) -> str | None:
        """The labels of one or more jobs, with the ids of those that have none; None where none has one."""
        return "; ".join(map(self.name_of, job_ids)) if any(map(self.label_of, job_ids)) else None

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
