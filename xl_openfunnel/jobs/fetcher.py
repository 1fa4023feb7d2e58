"""The public interface of the shared fetcher.

Methods read published snapshots and post events to the scheduler, so only those that say so wait. All threads are
daemons: the process ends when its main thread does.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..api.client import Client
from ..api.endpoints import job_id_from
from ..parameters import check, check_function, check_seconds
from ..runtime.clock import FOREVER, Clock, SystemClock
from .events import KeyReplaced, RefreshRequested, Touched, WaiterAdded, WaiterRemoved
from .scheduler import WATCH_TTL, JobScheduler
from .snapshot import Snapshot
from .store.opening import JobStore, UnavailableStore, open_store
from .store.store import Store
from .subscriptions import Callback, Subscription
from .tracked_job import Waiter

_WAIT_INTERVAL = 0.2
"""Seconds after which a waiting thread wakes up, so that Ctrl-C reaches it on Windows."""


class Fetcher:
    """Polls jobs and reads their pages, once for all callers.

    A job is an id or a URL; anything else raises `InvalidJobIdError` without a request.

    Attributes:
        clock: tells the time and waits.
        store: keeps final jobs and the list of jobs on disk, if there is one.

    Args:
        client: sends the requests, at most ``client.concurrency`` at once.
        store: keeps final jobs and the list of jobs on disk; without one nothing outlives this object.
        clock: tells the time and waits; the system's own by default.
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
        check("client", client, (Client,), "a Client", optional=False)
        check("store", store, (Store, UnavailableStore), "a Store")
        check_function("jitter", jitter)
        check_seconds("watch_ttl", watch_ttl, optional=False)
        self._client = client
        self._owns_client = self._owns_store = False
        self.store = store
        self.clock = clock or SystemClock()
        # Not the module's own generator, which the user may have seeded.
        random_number = jitter or random.Random().random  # noqa: S311
        self._scheduler = JobScheduler(client, store, self.clock, random_number, watch_ttl)

    @classmethod
    def from_settings(cls, client: Client | None = None) -> Self:
        """A fetcher with the disk store of the settings. Without one, every final job has a problem that says why."""
        check("client", client, (Client,), "a Client")
        own = client is None
        client = client or Client()
        fetcher = cls(client, store=open_store(client))
        fetcher._owns_client, fetcher._owns_store = own, True
        return fetcher

    def watch(self, job: str) -> Snapshot:
        """The job's current snapshot; keeps the job tracked for another 10 minutes (``watch_ttl`` seconds).

        Never touches the network and never waits. The first call for a job looks it up in the store.

        Raises:
            InvalidJobIdError: ``job`` is neither a job id nor a job's URL.
        """
        job_id = job_id_from(job)
        snapshot = self._scheduler.published.get(job_id)
        if snapshot is None:
            return self._scheduler.track(job_id)
        if not (snapshot.final and snapshot.settled):
            self._scheduler.loop.post(Touched(job_id))
        return snapshot

    def is_tracked(self, job_id: str) -> bool:
        """Whether `watch` has the job's snapshot in memory, and need not look into the store."""
        return job_id in self._scheduler.published

    def refresh(self, job: str) -> Snapshot:
        """As `watch`, and read the job again. The old rows stay until the new result is final.

        Until then, and where reading fails, the job's snapshots are ``stale``.
        """
        snapshot = self.watch(job)
        self._scheduler.loop.post(RefreshRequested(snapshot.job_id))
        return snapshot

    def wait(
        self, job: str, timeout: float | None = None, *, until: Callable[[Snapshot], bool] | None = None
    ) -> Snapshot:
        """Wait until the job is final, has a problem that waiting cannot solve, or ``timeout`` seconds are over.

        Does not raise the job's errors: they are in the snapshot.

        Args:
            job: the job.
            timeout: seconds, 0 or more; None for no limit.
            until: another condition to wait for; called on the fetcher's own thread, so it must not block.
        """
        job_id = job_id_from(job)
        check_seconds("timeout", timeout)
        check_function("until", until)
        deadline = self.clock.monotonic() + (FOREVER if timeout is None else timeout)
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
        """Call ``callback`` with the job's snapshot now and at each change, until the subscription is closed.

        Callbacks run one at a time on a thread of the fetcher. If changes come faster than a callback returns, it
        receives only the latest snapshot. Its exceptions are logged.
        """
        check_function("callback", callback, optional=False)
        snapshot = self.watch(job)
        published = self._scheduler.published
        subscription = self._scheduler.subscriptions.add(
            snapshot.job_id, callback, lambda: published.get(snapshot.job_id, snapshot)
        )
        self._scheduler.loop.post(Touched(snapshot.job_id))
        return subscription

    def key_replaced(self) -> None:
        """Use the key that the settings have now, and go on at once where the one before was refused."""
        self._scheduler.loop.post(KeyReplaced())

    def forget(self, job: str) -> None:
        """Remove all data of the job from memory and from the store."""
        done = self._scheduler.forget(job_id_from(job))
        while not done.wait(_WAIT_INTERVAL) and not self._scheduler.loop.closed:
            pass

    def close(self) -> None:
        """Stop, after pending results are stored. Requests in flight are not waited for."""
        self._scheduler.close()
        if self._owns_store and self.store is not None:
            self.store.close()
        if self._owns_client:
            self._client.close()

    @property
    def busy(self) -> bool:
        """Whether a request is in flight or about to be sent, or a job is being stored."""
        return self._scheduler.tasks_under_way > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
