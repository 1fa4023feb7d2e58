"""Calls the callbacks of subscriptions: all on one thread, with the latest snapshot rather than each one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..runtime.thread_pool import start_thread
from .snapshot import Snapshot

_log = logging.getLogger(__name__)

Callback = Callable[[Snapshot], object]


class Subscription:
    """A callback that receives the snapshots of one job until the subscription is closed."""

    def __init__(self, hub: SubscriptionHub, job_id: str, callback: Callback) -> None:
        self.job_id = job_id
        self._hub = hub
        self._callback = callback

    def close(self) -> None:
        """End the subscription, without waiting for a call that runs."""
        self._hub.remove(self)

    def __call__(self, snapshot: Snapshot) -> None:
        """Call the callback; its exceptions are logged."""
        try:
            self._callback(snapshot)
        except BaseException:  # even sys.exit: the thread serves other subscriptions
            _log.exception("a callback for job %s failed", self.job_id)


class SubscriptionHub:
    """All subscriptions of a fetcher, and the thread that calls their callbacks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._pending: dict[Subscription, Snapshot] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, job_id: str, callback: Callback, current: Callable[[], Snapshot]) -> Subscription:
        """Add a subscription, whose first call receives ``current()``.

        ``current`` is called after the subscription is registered: so no snapshot published from then on is missed,
        and none is replaced by an older one.
        """
        subscription = Subscription(self, job_id, callback)
        with self._changed:
            self._subscriptions.setdefault(job_id, []).append(subscription)
            self._pending[subscription] = current()
            if self._thread is None and not self._closed:
                self._thread = start_thread("callbacks", self._run)
            self._changed.notify()
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Make no further call for this subscription."""
        with self._changed:
            self._pending.pop(subscription, None)
            of_job = self._subscriptions.get(subscription.job_id, [])
            if subscription in of_job:
                of_job.remove(subscription)
            if not of_job:
                self._subscriptions.pop(subscription.job_id, None)

    def __contains__(self, job_id: object) -> bool:
        """Whether the job has a subscription."""
        return job_id in self._subscriptions

    def publish(self, snapshot: Snapshot) -> None:
        """Queue the snapshot for the job's subscriptions, without waiting for a callback."""
        if snapshot.job_id not in self._subscriptions:
            return
        with self._changed:
            for subscription in self._subscriptions.get(snapshot.job_id, ()):
                self._pending[subscription] = snapshot
            self._changed.notify()

    def close(self) -> None:
        """End the thread after the call in progress."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed)
                if self._closed:
                    return
                subscription = next(iter(self._pending))
                snapshot = self._pending.pop(subscription)
            subscription(snapshot)
            del subscription, snapshot  # free their rows before waiting for the next one
