"""One call from a job to a DataFrame, for notebooks and scripts."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .api.client import Client
from .api.endpoints import LABELS_ELSEWHERE, job_id_from
from .errors import ConfigurationError, IncompleteResultError, InvalidJobIdError, JobNotFoundError
from .fields import parse_columns
from .jobs.fetcher import Fetcher
from .jobs.snapshot import Snapshot
from .jobs.waiting import Outcome, naming_job, wait_for_all, with_message
from .parameters import check, check_function, check_seconds
from .pasted import job_ids

if TYPE_CHECKING:
    import pandas as pd

    from .known.lists import KnownLists
    from .selection import Selection

shared_fetchers: dict[tuple[str, str], Fetcher] = {}
"""The fetchers of this process, by base URL and the fingerprint of an explicit key."""

_lock = threading.Lock()


def fetch_rows(
    job_id: str | Iterable[str],
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    columns: Sequence[str] | str | None = None,
    criteria: str | Mapping[str, object] | None = None,
    new_against: str | Iterable[str] | None = None,
    timeout: float | None = None,
    refresh: bool = False,
    progress: Callable[[Snapshot], object] | None = None,
) -> pd.DataFrame:
    """Wait until a job is final and return its companies, one row each, in the service's order.

    All calls in a process share one fetcher per service and key, and final jobs come from the disk store of the
    settings, so each job is requested only once, for any number of calls and threads.

    Args:
        job_id: the job's id or URL, or a list of these: their companies are stacked in the order of the list, after a
            column ``job_id``, and a job that is named twice comes once. Labels work in cells and in the command only.
        api_key: the key; None for the one of the settings.
        base_url: the service's address; None for the one of the settings.
        columns: names in the desired order; None for ``rank`` and every field that the service sent. The derived
            ``country``, ``city`` and ``employee_band`` are only included by name, and so is ``known:crm``, the tier
            by which each company is in the known list ``crm``: missing for one that is new. Its name in the frame has
            the list's as it was set, such as ``known:CRM``.
        criteria: which companies, in the words of SUMIFS: ``"country=Germany|Austria; employee_count>=50"``, or
            ``{"country": "Germany|Austria", "employee_count": ">=50"}``; None for all. Its columns need not be among
            ``columns``.
        new_against: the name of a known list (``xl-openfunnel known set``), or several, also between commas: only
            companies that none of them has, each once, then those that cannot be compared. A last column ``tier`` tells
            these apart.
        timeout: seconds to wait, for all jobs together; None to wait as long as the service answers, but at most 5
            minutes without any answer.
        refresh: read the job from the service again, even if it is stored. Where that fails, the error is raised, and
            the stored rows stay.
        progress: called with a `Snapshot` now and at each change, on a thread of the fetcher, and with the last one
            at the end.

    Returns:
        A frame with ``attrs`` job_id, status, manifest, as_of and warnings as plain JSON values, for a list of jobs
        lists of these. A cancelled job gives the companies delivered until then. Each of ``attrs["warnings"]`` is
        also given as Python's warning. So is a problem of a final job, such as that the service gave no manifest to
        check against; it is ``attrs["problem"]``.

    Raises:
        JobFailedError: with the service's own message.
        IncompleteResultError: the rows differ from the manifest, and it names both numbers; or a company is there
            twice, and each reading had other companies.
        JobTimeoutError: the time ran out.
        OpenFunnelError: any other error of the tree that waiting cannot solve. Of several jobs it is the error of the
            first that has one, once all are waited for; its notes (``__notes__``) tell those of the others.
    """
    fetcher = shared_fetcher(base_url, api_key)
    return fetch_with(
        fetcher, job_id, columns, timeout, progress, refresh=refresh, criteria=criteria, new_against=new_against
    )


def fetch_with(
    fetcher: Fetcher,
    job_id: str | Iterable[str],
    columns: Sequence[str] | str | None = None,
    timeout: float | None = None,
    progress: Callable[[Snapshot], object] | None = None,
    *,
    refresh: bool = False,
    criteria: str | Mapping[str, object] | None = None,
    new_against: str | Iterable[str] | None = None,
) -> pd.DataFrame:
    """As `fetch_rows`, with the given fetcher."""
    from .known.columns import with_columns

    check("criteria", criteria, (str, Mapping), 'a text, such as "country=Germany", or a dictionary')
    check("new_against", new_against, (str, Iterable), "the name of a known list, or a list of names")
    check_seconds("timeout", timeout)
    check("refresh", refresh, (bool,), "True or False", optional=False)
    check_function("progress", progress)
    selection = with_columns(_selection(criteria), parse_columns(columns), _known_lists)  # refused before a long wait
    choose = None if new_against is None else _new_against(new_against)
    several = isinstance(job_id, Iterable) and not isinstance(job_id, (str, bytes))
    jobs = list(dict.fromkeys(map(job_id_from, job_id if several else [job_id])))  # type: ignore[arg-type]
    if not jobs:
        raise InvalidJobIdError("The list names no job. Give the ids or URLs of one or more.")

    def frame_of(snapshots: list[Snapshot]) -> pd.DataFrame:
        own = selection if choose is None else choose(snapshots, selection)
        if not several:
            return replace(snapshots[0], selection=own).frame(columns)
        from .jobs.stacking import stacked_frame  # which one job does not need

        return stacked_frame(snapshots, columns, own)

    snapshots = _final_snapshots(wait_for_all(fetcher, jobs, timeout, progress, refresh=refresh))
    try:
        frame = frame_of(snapshots)
    except IncompleteResultError:  # another process replaced the stored rows: the fetcher loads them again
        snapshots = _final_snapshots(wait_for_all(fetcher, jobs, timeout, progress))
        frame = frame_of(snapshots)
    if criteria is not None and not len(frame) and (hint := _did_you_mean(snapshots, selection)):
        warnings.warn(hint, stacklevel=3)
    for each in snapshots:
        for text in each.warnings:
            warnings.warn(f"{each.job_id}: {text}" if several else text, stacklevel=3)
    with_problems = [snapshot for snapshot in snapshots if snapshot.problem is not None]
    if with_problems:
        problem = " ".join(f"{each.job_id}: {each.problem}" if several else str(each.problem) for each in with_problems)
        warnings.warn(problem, stacklevel=3)
        frame.attrs["problem"] = problem
    return frame


def _did_you_mean(snapshots: list[Snapshot], selection: Selection) -> str:
    from .jobs.stacking import stacked_snapshot

    together = snapshots[0] if len(snapshots) == 1 else stacked_snapshot(snapshots)
    hint = replace(together, selection=selection).did_you_mean()
    return hint and f"No company matches the criteria.{hint}"


def _selection(criteria: str | Mapping[str, object] | None) -> Selection:
    from .criteria import parse, parse_pairs
    from .selection import ALL, Selection

    if criteria is None:
        return ALL
    return Selection(parse(criteria) if isinstance(criteria, str) else parse_pairs(criteria.items()))


def _known_lists() -> KnownLists:
    from .known.lists import KnownLists
    from .settings import store_path

    return KnownLists.beside(store_path())


def _new_against(names: str | Iterable[str]) -> Callable[[Sequence[Snapshot], Selection], Selection]:
    """Chooses the companies of snapshots that are new to these lists, which are read before a long wait."""
    from .known.lists import split_names
    from .known.selection import new_among

    listed = split_names(names) if isinstance(names, str) else list(names)
    for name in listed:
        check("Each of new_against", name, (str,), "a text", optional=False)
    if isinstance(names, str) and not listed:
        raise ConfigurationError('new_against names no list. Say for example "crm".')
    lists = _known_lists()
    known, names_of = lists.together(listed), [lists.get(name).name for name in listed]
    return lambda snapshots, selection: new_among(snapshots, selection, known, names_of)


def _final_snapshots(outcomes: Sequence[Outcome]) -> list[Snapshot]:
    """The snapshots of jobs that are final.

    Raises:
        OpenFunnelError: the error of the first job that is not, with those of the others as notes.
    """
    errors = [(outcome.snapshot.job_id, outcome.error) for outcome in outcomes if outcome.error is not None]
    if errors:
        (job_id, first), *others = errors
        for other_id, other in others:
            first.add_note(naming_job(other, other_id).message)
        if isinstance(first, JobNotFoundError) and not job_ids(job_id):
            first = with_message(first, f"{first} {LABELS_ELSEWHERE}")
        raise first if len(outcomes) == 1 else naming_job(first, job_id)
    return [outcome.snapshot for outcome in outcomes]


def shared_fetcher(base_url: str | None = None, api_key: str | None = None) -> Fetcher:
    """The fetcher that this process uses for a service and key.

    Raises:
        ConfigurationError: an unusable base URL or key.
    """
    client = Client(base_url, api_key)
    identity = (client.base_url, "" if api_key is None else client.key().fingerprint)
    with _lock:
        if identity not in shared_fetchers:
            fetcher = shared_fetchers[identity] = Fetcher.from_settings(client)
            from .columns import maker  # which importing the package does not need

            maker.connect(fetcher.store)
        return shared_fetchers[identity]


def _forked() -> None:
    """A new process has none of the threads of the old one: neither fetchers' nor one that would release the lock."""
    global _lock
    _lock = threading.Lock()
    shared_fetchers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
