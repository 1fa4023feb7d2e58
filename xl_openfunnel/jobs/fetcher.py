"""The shared fetcher: what everybody may ask of it.

Whoever asks only reads published snapshots and leaves a message, so nobody waits who does not say so. All threads
behind it are daemons: the process ends when its main thread does.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..api.client import Client
from ..api.endpoints import job_id_from
from ..runtime.clock import FOREVER, Clock, SystemClock
from .events import RefreshRequested, Touched, WaiterAdded, WaiterRemoved
from .scheduler import WATCH_TTL, JobScheduler, SchedulerStats
from .snapshot import Snapshot
from .store.opening import JobStore, open_store
from .subscriptions import Callback, Subscription
from .tracked_job import Waiter

_WAIT_INTERVAL = 0.2
"""Seconds after which a waiting thread looks up, so that Ctrl-C reaches it on Windows."""


class Fetcher:
    """Polls jobs and reads their pages, once for everybody who asks.

    A job is given as its id or its URL; anything else raises `InvalidJobIdError` without a request.

    Args:
        client: sends the requests; its concurrency bounds how many at once.
        store: keeps final jobs and the ledger on disk; without one nothing outlives this object.
        clock: what time is and how to wait for it.
        jitter: returns numbers from 0 to 1, which spread retries.
        watch_ttl: seconds for which a job without a subscription is polled after the last `watch`.
    """

    def __init__(
        self,
        client: Client,
        *,
        store: JobStore | None = None,
        clock: Clock | None = None,
        jitter: Callable[[], float] | None = None,
        watch_ttl: float = WATCH_TTL,
    ) -> None:
        self._client = client
        self._owns_client = self._owns_store = False
        self._store = store
        self._clock = clock or SystemClock()
        # Numbers of our own: those of the module belong to the user, who may have seeded them.
        spread = jitter or random.Random().random  # noqa: S311
        self._scheduler = JobScheduler(client, store, self._clock, spread, watch_ttl)

    @classmethod
    def from_settings(cls, client: Client | None = None) -> Self:
        """A fetcher with the disk store of the settings; where that is unusable, every job that is final says so."""
        own = client is None
        client = client or Client()
        fetcher = cls(client, store=open_store(client))
        fetcher._owns_client, fetcher._owns_store = own, True
        return fetcher

    def watch(self, job: str) -> Snapshot:
        """The job's present snapshot; keeps the job tracked for another 10 minutes (``watch_ttl`` seconds).

        Never touches the network and never waits. The first time a job is seen its head is read from the store.

        Raises:
            InvalidJobIdError: ``job`` is neither a job id nor a job's URL.
        """
        job_id = job_id_from(job)
        seen = self._scheduler.published.get(job_id)
        if seen is None:
            return self._scheduler.track(job_id)
        if not (seen.final and seen.settled):
            self._scheduler.loop.post(Touched(job_id))
        return seen

    def refresh(self, job: str) -> Snapshot:
        """As `watch`, and everything is read anew. What is there stays until the new result is final."""
        seen = self.watch(job)
        self._scheduler.loop.post(RefreshRequested(seen.job_id))
        return seen

    def wait(
        self, job: str, timeout: float | None = None, *, until: Callable[[Snapshot], bool] | None = None
    ) -> Snapshot:
        """Wait until the job is final, at a problem that waiting cannot mend, or ``timeout`` seconds are over.

        Does not raise for what happens to the job: the snapshot tells.

        Args:
            job: the job.
            timeout: seconds; None for no limit.
            until: another condition to wait for; asked on the fetcher's own thread, so it must not wait itself.
        """
        job_id = job_id_from(job)
        seconds = FOREVER if timeout is None else timeout if timeout >= 0 else 0.0  # what is no number is no time
        deadline = self._clock.monotonic() + seconds
        waiter = Waiter(until or (lambda snapshot: snapshot.settled), deadline)
        self._scheduler.loop.post(WaiterAdded(job_id, waiter))
        try:
            while not waiter.done.wait(_WAIT_INTERVAL) and not self._scheduler.loop.closed:
                pass
        finally:
            self._scheduler.loop.post(WaiterRemoved(job_id, waiter))
        if waiter.error is not None:
            raise waiter.error
        if self._scheduler.loop.closed:
            return waiter.snapshot or self.watch(job_id)
        return waiter.snapshot or self._scheduler.published.get(job_id) or Snapshot(job_id)

    def subscribe(self, job: str, callback: Callback) -> Subscription:
        """Have ``callback`` told of the job now and whenever it changes, until the subscription is closed.

        Callbacks run one at a time on a thread of the fetcher. Changes that come faster than a callback returns
        are told as one. A callback's exception is logged.
        """
        seen = self.watch(job)
        published = self._scheduler.published
        subscription = self._scheduler.subscriptions.add(
            seen.job_id, callback, lambda: published.get(seen.job_id, seen)
        )
        self._scheduler.loop.post(Touched(seen.job_id))
        return subscription

    def forget(self, job: str) -> None:
        """Remove all that is known of the job, from memory and from the store."""
        done = self._scheduler.forget(job_id_from(job))
        while not done.wait(_WAIT_INTERVAL) and not self._scheduler.loop.closed:
            pass

    def close(self) -> None:
        """Stop. Requests under way are not waited for; what is to be stored is."""
        self._scheduler.close()
        if self._owns_store and self._store is not None:
            self._store.close()
        if self._owns_client:
            self._client.close()

    def stats(self) -> SchedulerStats:
        """What is in memory now, for tests and diagnostics; keeps no job tracked."""
        return self._scheduler.stats()

    @property
    def busy(self) -> bool:
        """Whether a request is sent or about to be sent, or a job is being stored."""
        return self._scheduler.tasks_under_way > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
