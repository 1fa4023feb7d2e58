"""The fields of ``OF_INFO``: each says one thing of a job, as a cell shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Final, TypeAlias

from ..api.models import number
from ..errors import CELL_UNITS, ConfigurationError
from ..jobs.snapshot import Snapshot
from ..text import clip, companies, joined, one_line, progress_text
from ..version import version
from . import status_text
from .catalog import INFO_FIELDS

Value: TypeAlias = str | float | bool

_EXCEL_EPOCH: Final = datetime(1899, 12, 30)


def field_names(named: tuple[str, ...] | None) -> tuple[str, ...]:
    """The fields that are meant, in Excel's spelling or ours; all of them where none is named.

    Raises:
        ConfigurationError: there is no such field.
    """
    for name in named or ():
        if name.casefold() not in INFO_FIELDS:
            close = get_close_matches(name.casefold(), INFO_FIELDS, n=3)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(INFO_FIELDS)}."
            raise ConfigurationError(f"There is no field {name[:20]!r}. {hint}")
    return tuple(name.casefold() for name in named) if named else INFO_FIELDS


def value(name: str, snapshot: Snapshot, label: str | None) -> Value:
    """One field of a job; ``""`` where nothing is known, or why, where ``""`` or a number would say too much."""
    if name in _OF_AN_ANSWER and snapshot.status is None:
        return status_text.status(snapshot)
    if name == "label":
        return clip(label or "", CELL_UNITS)
    if name in _MANIFEST:
        return cell((snapshot.manifest or {}).get(name))
    return cell(_OF_SNAPSHOT[name](snapshot))


def excel_date(moment: datetime | None) -> float | None:
    """Local time as Excel counts it: days since the end of 1899, the time of day as a fraction."""
    if moment is None:
        return None
    return (moment.astimezone().replace(tzinfo=None) - _EXCEL_EPOCH).total_seconds() / 86_400


def cell(found: object) -> Value:
    """A value as a cell shows it: finite numbers as floats, lists joined with ``; ``, nothing as ``""``."""
    if found is None:
        return ""
    if isinstance(found, bool):
        return found
    if isinstance(found, (int, float)) and (shown := number(found)) is not None:
        return shown
    if isinstance(found, (list, tuple)):
        return clip(joined(found), CELL_UNITS)
    return clip(one_line(str(found)), CELL_UNITS)


def _progress(snapshot: Snapshot) -> str:
    """How far the job is, in words."""
    if snapshot.status is None:
        return status_text.status(snapshot)
    rows = len(snapshot.rows)
    counted = companies(rows)
    if snapshot.final and snapshot.status.lower() == "failed":
        return f"failed after {counted}"
    if snapshot.final:
        return f"{counted}, {snapshot.status}"
    if snapshot.status.terminal:
        pages = (snapshot.manifest or {}).get("pages")
        return f"{snapshot.status}, reading page {snapshot.pages:,}" + (
            f" of {pages:,}" if isinstance(pages, int) else ""
        )
    stage = "" if snapshot.stage in (None, snapshot.status) else str(snapshot.stage).replace("_", " ")
    known = progress_text(rows, snapshot.processed)
    if "companies" in stage:  # once is enough: the column of the sheet Start is narrow
        known = known.replace(" companies read", " read")
    return ", ".join(part for part in (str(snapshot.status), stage, known) if part)


_OF_AN_ANSWER: Final = ("rows", "pages", "final", "provisional")
"""Fields that would claim something before there is an answer: that there are no rows, or that they are not final."""

_MANIFEST: Final = ("credits_consumed", "derived_query", "partial", "rerank_degraded", "unresolved_seed_domains")

_OF_SNAPSHOT: Final[Mapping[str, Callable[[Snapshot], object]]] = {
    "status": status_text.status,
    "stage": lambda snapshot: snapshot.stage,
    "processed": lambda snapshot: snapshot.processed,
    "rows": lambda snapshot: len(snapshot.rows),
    "pages": lambda snapshot: snapshot.pages,
    "progress": _progress,
    "as_of": lambda snapshot: excel_date(snapshot.as_of),
    "final": lambda snapshot: snapshot.final,
    "provisional": lambda snapshot: snapshot.provisional,
    "problem": lambda snapshot: snapshot.problem and snapshot.problem.message,
    "next_try": lambda snapshot: excel_date(snapshot.next_try),
    "source": lambda snapshot: snapshot.source,
    "version": lambda _: version(),
}
