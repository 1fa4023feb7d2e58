"""What ``OF_NEW`` compares companies with: ranges of a sheet, lists of known companies, other jobs, or a mix."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Final

from ..cell_values import to_text
from ..company_key import looks_blank
from ..errors import ConfigurationError
from ..jobs import job_text
from ..jobs.snapshot import Rows, Snapshot
from ..known.reading import company_name, find_columns, keys_in
from ..known.tables import keys_of_rows
from ..known.tiers import KnownCompanies
from ..pasted import job_name, refusal
from ..shared_hosts import is_shared
from . import arguments, derived_tables, limits
from .context import CallContext
from .job_rows import rows_or_reason

MAX_NAMES: Final = 100
"""Texts of a range that may name jobs: of more only lists are looked for."""

NOTHING_TO_COMPARE: Final = (
    "The known companies have no LinkedIn pages, domains or e-mail addresses, by which companies are compared. Give "
    "columns that have, the name of a known list, or a job."
)
"""Says nothing of what the cells hold."""

_NO_SUCH_NAME: Final = "is no known list and no job seen here."
_NAMES_ELSEWHERE: Final = (
    "In a terminal, xl-openfunnel known list lists the lists. Or give a range with domains or LinkedIn pages."
)

_KEPT_RANGES: Final = 8
_HOST: Final = "openfunnel"
"""In the URLs of jobs."""


def job_view(snapshot: Snapshot) -> Hashable:
    """What the companies of a job, or why there are none, depend on."""
    return rows_or_reason(snapshot), snapshot.settled, job_text.excluded_reason(snapshot), _unread_reason(snapshot)


def _unread_reason(snapshot: Snapshot) -> str:
    """Why a job is not compared with yet: what it has not delivered so far would count as new."""
    return job_text.excluded_reason(snapshot) or (
        job_text.no_rows_reason(snapshot) if job_text.pending_reason(snapshot) else ""
    )


def known_companies(context: CallContext, known: object, *, names: bool) -> KnownCompanies | str | None:
    """The companies that the argument tells; None for a blank, or why a job of it is not read yet.

    Args:
        context: of this call.
        known: the argument.
        names: whether names are compared.

    Raises:
        ConfigurationError: it tells of no company.
    """
    if not arguments.is_range(known):
        cell = arguments.valid_value(known, "known companies")
        text = "" if cell is None else to_text(cell).strip()
        return None if looks_blank(text) else _all_of(context, [text], KnownCompanies(), names=names, only=True)
    limits.count_read(arguments.cell_count(known))
    keys, texts = _of_range(known) if isinstance(known, tuple) and _hashable(known) else _read_range(known)
    return _all_of(context, texts, keys, names=names)


def _all_of(
    context: CallContext, texts: Sequence[str], keys: KnownCompanies, *, names: bool, only: bool = False
) -> KnownCompanies | str:
    """The keys of a range, with those of the lists and jobs that these texts name, or that the ``only`` text names."""
    sources: list[KnownCompanies | Snapshot] = [keys] if keys.linkedin or keys.hosts else []
    in_range = bool(sources)
    unknown: list[str] = []
    if len(texts) > MAX_NAMES:  # names or notes, and not those of jobs
        texts = context.named_lists(texts)
    for text in texts:
        known = context.known_list(text)
        if known is not None:
            sources.append(known.keys)
        elif job_id := _seen_job(context, text):
            snapshot = context.snapshot(job_id, job_view)
            if reason := _unread_reason(snapshot):
                return reason
            sources.append(snapshot)
        elif not in_range:
            own = keys_in(text)
            if not own:
                unknown.append(text)
                continue
            alone = KnownCompanies()
            alone.add(own.linkedin, own.hosts)
            sources.append(alone)
    if unknown and (sources or only):
        raise ConfigurationError(refusal(unknown[0], _NO_SUCH_NAME, remedy=_NAMES_ELSEWHERE))
    if not sources:
        raise ConfigurationError(NOTHING_TO_COMPARE)
    # Before any is read: all that the call depends on is looked up by now.
    read = sum(len(each.rows) for each in sources if isinstance(each, Snapshot))
    joined = sum(each.size for each in sources if isinstance(each, KnownCompanies)) if len(sources) > 1 else 0
    limits.count_read(read + joined, looked_up=True)
    found = [
        job_companies(context, each.job_id, each.rows, each, names=names) if isinstance(each, Snapshot) else each
        for each in sources
    ]
    if len(found) == 1:
        return found[0]
    together = KnownCompanies()
    for companies in found:
        together.update(companies)
    return together


def _seen_job(context: CallContext, text: str) -> str | None:
    """As `CallContext.seen_job`, also for the URL of a job whose id is no UUID."""
    name = job_name(text) if _HOST in text.lower() else None
    return context.seen_job(text) or (context.seen_job(name) if name and name != text else None)


def job_companies(context: CallContext, job_id: str, rows: Rows, snapshot: Snapshot, *, names: bool) -> KnownCompanies:
    """The companies of a job as known ones, each noted with the job's id."""
    known = KnownCompanies()
    for slug, host, name in derived_tables.company_keys(job_id, rows, context.columns, snapshot.as_of, names=names):
        hosts = () if host is None or is_shared(host) else (host,)
        known.add(() if slug is None else (slug,), hosts, company_name(name) if name else "", job_id)
    return known


@lru_cache(maxsize=_KEPT_RANGES)
def _of_range(cells: tuple[object, ...]) -> tuple[KnownCompanies, list[str]]:
    return _read_range(cells)


def _read_range(cells: object) -> tuple[KnownCompanies, list[str]]:
    """The keys of a range, and the texts that may name lists and jobs: each stands alone in its row, without keys."""
    rows = arguments.grid(cells)
    columns = find_columns(rows)
    keys, _ = keys_of_rows(rows[columns.headers :], columns, columns.name, limits.cancellation().check)
    texts: dict[str, None] = {}
    for row in rows:
        filled = [cell for cell in row if isinstance(cell, str) and not looks_blank(cell)]
        if len(filled) == 1 or len(rows) == 1:
            # Of many, what has no key is not looked for, which takes long: the name of a list never has one.
            many = len(texts) > MAX_NAMES
            new = (cell for cell in filled if cell.strip() not in texts)
            texts.update((cell.strip(), None) for cell in new if many or _HOST in cell.lower() or not keys_in(cell))
    return keys, list(texts)


def _hashable(value: tuple[object, ...]) -> bool:
    try:
        hash(value)
    except Exception:
        return False
    return True
