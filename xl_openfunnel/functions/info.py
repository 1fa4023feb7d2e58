"""The fields of ``OF_INFO``: each says one thing about a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from ..cell_values import Cell, excel_date, to_short_cell
from ..errors import CELL_UNITS, ConfigurationError
from ..jobs import job_text
from ..jobs.snapshot import Snapshot
from ..text import alternatives, clip, local_time
from ..version import version
from .registry import TimeCells

INFO_FIELDS: Final[Mapping[str, str]] = {
    "status": "the service's word",
    "stage": "what the service is doing, in its own word",
    "processed": "the companies that the service has",
    "rows": "the companies that were read",
    "pages": "the pages that were read",
    "progress": "how far the job is, in words, like `400 of 437 read`",
    "as_of": "when the service last answered, in your local time: in the full list a text, else a number that "
    "*Refresh* gives a date format where the cell has none",
    "final": "TRUE: nothing more will come. All companies are there only if `problem` and `warnings` are empty: a "
    "failed job is final with what it delivered",
    "provisional": "TRUE: the companies shown are those so far. More may come, and their order and ranks may change",
    "credits_consumed": "the credits the job cost; blank until it has ended, like the next four",
    "derived_query": "the query that the service made from the seeds",
    "partial": "TRUE: not everything that was asked for, certainly after a cancellation",
    "rerank_degraded": "TRUE: the final ranking did not run properly, so the order is weaker",
    "unresolved_seed_domains": "the seeds that the service did not find",
    "problem": "what went wrong last and what to do; the companies that were read stay",
    "warnings": "what is odd about companies that agree with the service's total: one of them is there twice, so "
    "another may be missing",
    "next_try": "when the service is asked again, as `as_of`",
    "source": "whether final companies came from the `service` or from the `store` on this computer",
    "label": "your label of the job",
    "version": "the version of XL OpenFunnel",
}
"""The fields of ``OF_INFO`` with their meanings for the guide (Markdown), in the order of the full list."""


def field_names(names: tuple[str, ...] | None) -> tuple[str, ...]:
    """The fields of these names, in any case; all of them where none is named.

    Raises:
        ConfigurationError: there is no such field.
    """
    for name in names or ():
        if name.casefold() not in INFO_FIELDS:
            close = get_close_matches(name.casefold(), INFO_FIELDS, n=3)
            hint = f"Did you mean {alternatives(close)}?" if close else f"There are {', '.join(INFO_FIELDS)}."
            raise ConfigurationError(f"There is no field {name[:20]!r}. {hint}")
    return tuple(name.casefold() for name in names) if names else tuple(INFO_FIELDS)


def value(name: str, snapshot: Snapshot, label: str | None, *, times_as_text: bool = False) -> Cell:
    """One field of a job; ``""`` where it is unknown.

    Before the first response, a field of `_NEEDS_RESPONSE` shows the status or the problem instead. A time is the
    local one: a number that Excel shows as a date where the cell has a date format, or a text such as
    ``2026-06-18 14:03:59``.
    """
    if name in _NEEDS_RESPONSE and snapshot.status is None:
        return job_text.status(snapshot)
    if name == "label":
        return clip(label or "", CELL_UNITS)
    if name in _MANIFEST:
        return to_short_cell((snapshot.manifest or {}).get(name))
    if name in _TIMES:
        moment = _TIMES[name](snapshot)
        return to_short_cell(local_time(moment) if times_as_text else excel_date(moment))
    return to_short_cell(_FROM_SNAPSHOT[name](snapshot))


def time_cells(requested: tuple[str, ...] | None) -> TimeCells | None:
    """Which cells are times when these fields are asked for; the full list has them as texts."""
    columns = tuple(column for column, name in enumerate(field_names(requested)) if name in _TIMES)
    if requested is None or not columns:
        return None
    return TimeCells(None if len(requested) == 1 else columns)  # one field has the shape of the jobs


_NEEDS_RESPONSE: Final = ("rows", "pages", "final", "provisional")
"""Fields whose 0 or FALSE would claim something before the first response: no rows, or not final."""

_MANIFEST: Final = ("credits_consumed", "derived_query", "partial", "rerank_degraded", "unresolved_seed_domains")

_TIMES: Final[Mapping[str, Callable[[Snapshot], datetime | None]]] = {
    "as_of": lambda snapshot: snapshot.as_of,
    "next_try": lambda snapshot: snapshot.next_try,
}

_FROM_SNAPSHOT: Final[Mapping[str, Callable[[Snapshot], object]]] = {
    "status": job_text.status,
    "stage": lambda snapshot: snapshot.stage,
    "processed": lambda snapshot: snapshot.processed,
    "rows": lambda snapshot: len(snapshot.rows),
    "pages": lambda snapshot: snapshot.pages,
    "progress": job_text.progress,
    "final": lambda snapshot: snapshot.final,
    "provisional": lambda snapshot: snapshot.provisional,
    "problem": lambda snapshot: snapshot.problem and snapshot.problem.message,
    "warnings": lambda snapshot: " ".join(snapshot.warnings),
    "source": lambda snapshot: snapshot.source,
    "version": lambda _: version(),
}
