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
"""Without a timeout: after this time without any answer the last error is raised."""

shared_fetchers: dict[tuple[str, str], Fetcher] = {}
"""The fetchers of this process, by base URL and the fingerprint of an explicit key."""

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
    settings, so each job is requested only once, for any number of calls and threads.

    Args:
        job_id: the job's id or URL. Labels work in cells and in the command only.
        api_key: the key; None for the one of the settings.
        base_url: the service's address; None for the one of the settings.
        columns: names in the desired order; None for ``rank`` and every field that the service sent. The derived
            ``country``, ``city`` and ``employee_band`` are only included by name.
        timeout: seconds to wait; None to wait as long as the service answers, but at most 5 minutes without any
            answer.
        progress: called with a `Snapshot` now and at each change, on a thread of the fetcher, and with the last one
            at the end.

    Returns:
        A frame with ``attrs`` job_id, status, manifest and as_of as plain JSON values. A cancelled job gives the
        companies delivered until then. Where the service gave no manifest to check against, there is a warning,
        and ``attrs["problem"]`` says so.

    Raises:
        JobFailedError: with the service's own message.
        IncompleteResultError: the rows differ from the manifest; names both numbers.
        JobTimeoutError: the time ran out.
        OpenFunnelError: any other error of the tree that waiting cannot solve.
    """
    return fetch_with(shared_fetcher(base_url, api_key), job_id, columns, timeout, progress)


def fetch_with(
    fetcher: Fetcher,
    job: str,
    columns: Sequence[str] | str | None = None,
    timeout: float | None = None,
    progress: Callable[[Snapshot], object] | None = None,
) -> pd.DataFrame:
    """As `fetch_rows`, with the given fetcher."""
    snapshot = final_snapshot(fetcher, job, timeout, progress)
    try:
        frame = snapshot.frame(columns)
    except IncompleteResultError:  # another process replaced the stored rows: the fetcher loads them again
        snapshot = final_snapshot(fetcher, job, timeout, progress)
        frame = snapshot.frame(columns)
    if snapshot.problem is not None:
        warnings.warn(snapshot.problem.message, stacklevel=3)
        frame.attrs["problem"] = snapshot.problem.message
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
    snapshot = fetcher.watch(job)
    if snapshot.settled and not snapshot.final:
        fetcher.refresh(job)  # it has an old problem: try again
    subscription = fetcher.subscribe(job, progress) if progress else None
    try:
        snapshot = fetcher.wait(job, timeout, until=_should_give_up if timeout is None else None)
    finally:
        if subscription:
            subscription.close()
    if progress:
        progress(snapshot)  # the closed subscription may have missed the last one
    error = snapshot.problem.error if snapshot.problem else None
    if snapshot.final and (snapshot.status is None or snapshot.status.lower() != "failed"):
        return snapshot
    if error is not None and (snapshot.settled or timeout is None):
        raise copy.copy(error)  # several threads may raise the error of one snapshot
    state = "has not answered"
    if snapshot.status:
        state = f"is {snapshot.status}, {progress_text(len(snapshot.rows), snapshot.processed)}"
    if timeout is None:
        raise JobTimeoutError(
            f"Job {snapshot.job_id} {state}; it was forgotten, or the fetcher closed, while it was waited for."
        )
    time_is_up = f"the {timeout:g} seconds given to it are over"
    if error is not None:
        raise JobTimeoutError(f"{error.message} Job {snapshot.job_id} {state}, and {time_is_up}.")
    raise JobTimeoutError(f"Job {snapshot.job_id} {state}; {time_is_up}. Ask again with a longer timeout.")


def shared_fetcher(base_url: str | None = None, api_key: str | None = None) -> Fetcher:
    """The fetcher that this process uses for a service and key.

    Raises:
        ConfigurationError: an unusable base URL or key.
    """
    client = Client(base_url, api_key)
    identity = (client.base_url, "" if api_key is None else client.key().fingerprint)
    with _lock:
        if identity not in shared_fetchers:
            shared_fetchers[identity] = Fetcher.from_settings(client)
        return shared_fetchers[identity]


def _should_give_up(snapshot: Snapshot) -> bool:
    """Whether the job is settled, or nothing has answered for longer than `NO_ANSWER_TIMEOUT`."""
    if snapshot.settled or snapshot.problem is None or snapshot.next_try is None:
        return snapshot.settled
    answered = max(snapshot.problem.since, snapshot.as_of or snapshot.problem.since)
    return snapshot.next_try - answered > NO_ANSWER_TIMEOUT


if hasattr(os, "register_at_fork"):  # a forked process has no threads
    os.register_at_fork(after_in_child=shared_fetchers.clear)
