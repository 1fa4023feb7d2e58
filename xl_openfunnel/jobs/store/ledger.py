"""An entry of the ledger, and the names by which a person gives its job: label, id, or the beginning of the id."""

from __future__ import annotations

import bisect
import itertools
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
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


class JobNames:
    """The names of all jobs, read at once: the answers of the store, for a call that looks many up.

    It is made of each job's id, its label as SQLite's ``lower`` has it, and its label.
    """

    def __init__(self, entries: Iterable[tuple[str, str | None, str | None]]) -> None:
        self._labels: dict[str, str] = {}
        self._label_of: dict[str, str | None] = {}
        for job_id, lowered, label in entries:
            self._label_of[job_id] = label
            if lowered is not None:
                self._labels[lowered] = job_id

    def label_of(self, job_id: str) -> str | None:
        """As `Store.label_of`."""
        return self._label_of.get(job_id)

    def job_id_of(self, label: str) -> str | None:
        """As `Store.job_id_of`."""
        found = self._labels.get(_lower(label))
        return found if found or _is_plain(label) else self._comparable.get(comparable_label(label))

    def whole_id(self, text: str) -> str | None:
        """As `Store.whole_id`."""
        if (begin := beginning_of(text)) is None:
            return None
        first = bisect.bisect_left(self._ids, (_lower(begin), ""))
        found = itertools.takewhile(lambda each: each[0].startswith(_lower(begin)), self._ids[first:])
        return whole_id(begin, [job_id for _, job_id in found])

    @cached_property
    def _comparable(self) -> dict[str, str]:
        labels = {job_id: label for job_id, label in self._label_of.items() if label is not None}
        return {comparable_label(label): job_id for job_id, label in reversed(labels.items())}

    @cached_property
    def _ids(self) -> list[tuple[str, str]]:
        return sorted((_lower(job_id), job_id) for job_id in self._label_of)


def find_label(db: sqlite3.Connection, origin: str, label: str) -> str | None:
    """The id of the job of this origin whose label looks like this one, or None."""
    found = db.execute(
        "SELECT job_id FROM ledger WHERE origin = ? AND lower(label) = lower(?)", (origin, label)
    ).fetchone()
    if found is None and not _is_plain(label):
        form = comparable_label(label)
        every = db.execute("SELECT job_id, label FROM ledger WHERE origin = ? AND label IS NOT NULL", (origin,))
        found = next((each for each in every if comparable_label(each[1]) == form), None)
    return None if found is None else str(found[0])


def read_names(db: sqlite3.Connection, origin: str, limit: int) -> JobNames | None:
    """The names of all jobs of this origin; None where they are more than so many.

    SQLite takes one step for all: in each, Python goes on with another thread.
    """
    ((found,),) = db.execute(
        "SELECT json_group_array(json_array(job_id, lower(label), label))"
        " FROM (SELECT job_id, label FROM ledger WHERE origin = ? LIMIT ?)",
        (origin, limit + 1),
    )
    entries = json.loads(found)
    return JobNames(entries) if len(entries) <= limit else None


def _is_plain(label: str) -> bool:
    """Whether only its case can make a label differ that looks like this one."""
    return label.isascii() and comparable_label(label) == label.lower()


def _lower(text: str) -> str:
    """As SQLite's ``lower``, which knows the case of ASCII alone."""
    return text.encode().lower().decode()
