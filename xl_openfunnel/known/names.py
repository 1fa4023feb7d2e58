"""The rule that a name means one thing: no known list is called as a job is, since ``OF_NEW`` takes both.

A name that the other kind has is refused where it is given. Two of one name can still come together, from an earlier
version or with a job that is first seen later: then neither is chosen, and an error names both.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError
from ..jobs.store.ledger import comparable_label
from ..jobs.store.opening import JobStore
from ..pasted import job_ids, refusal
from ..text import clip

if TYPE_CHECKING:
    from .lists import KnownLists

_ONE_NAME: Final = "OF_NEW takes the names of both."
_RENAME: Final = (
    "Give the job another label (xl-openfunnel label JOB LABEL), or the list another name (xl-openfunnel known set)."
)
_SHOWN_ID: Final = 40


def is_called(job_id: str, label: str | None, text: str) -> bool:
    """Whether a text is the job's label or its whole id, and not only the beginning of it."""
    return comparable_label(text) in map(comparable_label, (job_id, label or job_id))


def job_called(store: JobStore | None, text: str) -> str | None:
    """The id of the job that has this label or id; None where there is none, or the store cannot be read."""
    ids = job_ids(text)
    try:
        found = store and (store.job_id_of(text) or store.whole_id(text))
        label = store.label_of(found) if store and found else None
    except (ConfigurationError, OSError, sqlite3.Error, UnicodeError):
        found = label = None
    found = found or (ids[0] if len(ids) == 1 else None)
    return found if found and is_called(found, label, text) else None


def check_list_name(name: str, store: JobStore | None) -> None:
    """Refuse the name of a job for a list.

    Raises:
        ConfigurationError: a job seen here has it as its label or id, or it is the form of an id.
    """
    if job_id := job_called(store, name):
        reason = f"names the job {clip(job_id, _SHOWN_ID)}, and {_ONE_NAME}"
        raise ConfigurationError(refusal(name, reason, remedy="Give the list another name."))


def check_label(label: str, lists: KnownLists) -> None:
    """Refuse the name of a list for a job.

    Raises:
        ConfigurationError: a list has it.
    """
    if lists.version(label) is not None:
        raise ConfigurationError(refusal(label, f"is a known list, and {_ONE_NAME}", remedy="Choose another label."))


def ambiguous(name: str, job_id: str) -> ConfigurationError:
    """The error for a name that a list and a job have."""
    reason = f"is a known list, and names the job {clip(job_id, _SHOWN_ID)} too."
    return ConfigurationError(refusal(name, reason, remedy=_RENAME))
