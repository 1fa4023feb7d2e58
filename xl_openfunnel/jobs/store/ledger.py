"""An entry of the ledger, and the names by which a person gives its job: label, id, or the beginning of the id."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ...api.models import JobStatus
from ...company_key import comparable
from ...errors import InvalidJobIdError
from ...pasted import is_job_id, stripped

SHORT_ID: Final = 8
"""Characters of an id that name its job, where no other one begins so: a UUID's first group."""

_MAX_COMPARED = 100
"""Jobs whose names are compared with a wrong one: comparing takes some 20 µs each."""


@dataclass(frozen=True)
class LedgerEntry:
    """A job in the list of jobs; None for what is unknown."""

    job_id: str
    label: str | None
    query: str | None
    seeds: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    status: JobStatus | None
    row_count: int | None
    credits: float | None


def known_names(entries: Iterable[LedgerEntry]) -> tuple[str, ...]:
    """The labels and ids of the latest jobs, to which a wrong one may be similar."""
    latest = itertools.islice(entries, _MAX_COMPARED)
    return tuple(name for entry in latest for name in (entry.label, entry.job_id) if name)


def comparable_label(label: str) -> str:
    """The label in the one form that all share which look alike, with any number of blanks between words."""
    return " ".join(comparable(label).split())


def beginning_of(text: str) -> str | None:
    """The beginning of an id that the text is, without an ellipsis after it; None where it is none."""
    begin = stripped(text).rstrip("….")
    return begin if is_job_id(begin) else None


def whole_id(begin: str, found: Sequence[str]) -> str | None:
    """The id that is meant, of those that begin so; None where there are none, or too little of it is given.

    Raises:
        InvalidJobIdError: there are several, and none is the text itself.
    """
    if begin in found:
        return begin
    if len(begin) < SHORT_ID:
        return None
    if len(found) > 1:
        raise InvalidJobIdError(f"{begin[:60]!r} begins the ids of {len(found)} jobs. Give more of the id.")
    return found[0] if found else None
