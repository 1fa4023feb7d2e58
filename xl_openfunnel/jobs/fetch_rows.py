"""One call from a job to a DataFrame, for notebooks and scripts."""

from __future__ import annotations

import copy
import os
import threading
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from ..api.client import Client
from ..errors import IncompleteResultError, JobTimeoutError
from ..text import progress_text
from .fetcher import Fetcher
from .snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

NO_ANSWER_TIMEOUT = timedelta(minutes=5)
"""Without a timeout: how long no answer at all may come before the last trouble is raised."""

shared_fetchers: dict[tuple[str, str], Fetcher] = {}
"""The fetchers of this process, by base URL and the fingerprint of a key that was given."""

_lock = threading.Lock()


def fetch_rows(
    job_id: str,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    columns: Sequence[str] | str | None = None,
    timeout: float | None = None,
    progress: Callable[[Snapshot], object] | None = None,
) -> pd.DataFrame:
    """Wait until a job is final and return its companies, one row each, in the service's order.

    All calls in a process share one fetcher per service and key, and final jobs come from the disk store of the
    settings: a job is paid for in requests once, however often and from however many threads it is asked for.

    Args:
        job_id: the job's id or URL; no label, which only cells and the command know.
        api_key: the key; None for the one of the settings.
        base_url: the service's address; None for the one of the settings.
        columns: names in the wanted order; None for ``rank`` and every field the service sent. The derived
            ``country``, ``city`` and ``employee_band`` are had by name.
        timeout: seconds to wait; None to wait as long as the service answers, and at most 5 minutes without any
            answer.
        progress: called with a `Snapshot` now and at every change, on a thread of the fetcher, and at the end with
            the last one.

    Returns:
        A frame with ``attrs`` job_id, status, manifest and as_of as plain JSON values. A cancelled job gives the
        companies delivered until then. Where the service gave no manifest to check against, there is a warning,
        and ``attrs["problem"]`` says so.

    Raises:
        JobFailedError: with the service's own words.
        IncompleteResultError: what could be read differs from the manifest; names both numbers.
        JobTimeoutError: the time ran out.
        OpenFunnelError: any other error of the tree, where waiting cannot mend it.
    """
    return fetch_with(shared_fetcher(base_url, api_key), job_id, columns, timeout, progress)


def fetch_with(
    fetcher: Fetcher,
    job: str,
    columns: Sequence[str] | str | None = None,
    timeout: float | None = None,
    progress: Callable[[Snapshot], object] | None = None,
) -> pd.DataFrame:
    """As `fetch_rows`, with a fetcher of one's own."""
    seen = final_snapshot(fetcher, job, timeout, progress)
    try:
        frame = seen.frame(columns)
    except IncompleteResultError:  # another process replaced what is stored: the fetcher looks again
        seen = final_snapshot(fetcher, job, timeout, progress)
        frame = seen.frame(columns)
    if seen.problem is not None:
        warnings.warn(seen.problem.message, stacklevel=3)
        frame.attrs["problem"] = seen.problem.message
    return frame


def final_snapshot(
    fetcher: Fetcher,
    job: str,
    timeout: float | None = None,
    progress: Callable[[Snapshot], object] | None = None,
) -> Snapshot:
    """Wait until a job is final.

    Raises:
        OpenFunnelError: as `fetch_rows`.
    """
    seen = fetcher.watch(job)
    if seen.settled and not seen.final:
        fetcher.refresh(job)  # an old problem stands: give it another chance
    subscription = fetcher.subscribe(job, progress) if progress else None
    try:
        seen = fetcher.wait(job, timeout, until=_should_give_up if timeout is None else None)
    finally:
        if subscription:
            subscription.close()
    if progress:
        progress(seen)  # the last word, which a subscription that is closed may not have been told
    error = seen.problem.error if seen.problem else None
    if seen.final and (seen.status is None or seen.status.lower() != "failed"):
        return seen
    if error is not None and (seen.settled or timeout is None):
        raise copy.copy(error)  # many threads may raise the problem of one snapshot
    state = f"is {seen.status}, {progress_text(len(seen.rows), seen.processed)}" if seen.status else "has not answered"
    if timeout is None:
        raise JobTimeoutError(
            f"Job {seen.job_id} {state}; it was forgotten, or the fetcher closed, while it was waited for."
        )
    over = f"the {timeout:g} seconds given to it are over"
    if error is not None:
        raise JobTimeoutError(f"{error.message} Job {seen.job_id} {state}, and {over}.")
    raise JobTimeoutError(f"Job {seen.job_id} {state}; {over}. Ask again with a longer timeout.")


def shared_fetcher(base_url: str | None = None, api_key: str | None = None) -> Fetcher:
    """The fetcher that everybody in this process shares for a service and key.

    Raises:
        ConfigurationError: an unusable base URL or key.
    """
    client = Client(base_url, api_key)
    name = (client.base_url, "" if api_key is None else client.key().fingerprint)
    with _lock:
        if name not in shared_fetchers:
            shared_fetchers[name] = Fetcher.from_settings(client)
        return shared_fetchers[name]


def _should_give_up(snapshot: Snapshot) -> bool:
    """Settled, or without any answer for longer than our patience."""
    if snapshot.settled or snapshot.problem is None or snapshot.next_try is None:
        return snapshot.settled
    answered = max(snapshot.problem.since, snapshot.as_of or snapshot.problem.since)
    return snapshot.next_try - answered > NO_ANSWER_TIMEOUT


if hasattr(os, "register_at_fork"):  # threads do not live on in a forked process
    os.register_at_fork(after_in_child=shared_fetchers.clear)
