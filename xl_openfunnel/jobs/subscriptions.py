"""Telling those who asked to be told: all callbacks on one thread, the latest snapshot instead of every one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from .snapshot import Snapshot

_log = logging.getLogger(__name__)

Callback = Callable[[Snapshot], object]


class Subscription:
    """A callback that is told of one job until it is closed."""

    def __init__(self, hub: SubscriptionHub, job_id: str, callback: Callback) -> None:
        self.job_id = job_id
        self._hub = hub
        self._callback = callback

    def close(self) -> None:
        """End it. A call that is under way is not waited for."""
        self._hub.remove(self)

    def __call__(self, snapshot: Snapshot) -> None:
        """Call back; an exception is logged and goes no further."""
        try:
            self._callback(snapshot)
        except BaseException:  # sys.exit included: this thread serves others too
            _log.exception("a callback for job %s failed", self.job_id)


class SubscriptionHub:
    """All subscriptions of a fetcher, and the thread that serves them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._pending: dict[Subscription, Snapshot] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, job_id: str, callback: Callback, current: Callable[[], Snapshot]) -> Subscription:
        """A new subscription, told of the present snapshot first.

        ``present`` is asked once the subscription is there: what is published later is told by `tell`, so nothing
        is missed and nothing newer replaced.
        """
        subscription = Subscription(self, job_id, callback)
        with self._changed:
            self._subscriptions.setdefault(job_id, []).append(subscription)
            self._pending[subscription] = current()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="openfunnel-callbacks", daemon=True)
                self._thread.start()
            self._changed.notify()
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """No further call for this subscription."""
        with self._changed:
            self._pending.pop(subscription, None)
            of_job = self._subscriptions.get(subscription.job_id, [])
            if subscription in of_job:
                of_job.remove(subscription)
            if not of_job:
                self._subscriptions.pop(subscription.job_id, None)

    def __contains__(self, job_id: object) -> bool:
        """Whether anybody wants to be told of this job."""
        return job_id in self._subscriptions

    def publish(self, snapshot: Snapshot) -> None:
        """Have everybody told who subscribed to this job; never waits for a callback."""
        if snapshot.job_id not in self._subscriptions:
            return
        with self._changed:
            for subscription in self._subscriptions.get(snapshot.job_id, ()):
                self._pending[subscription] = snapshot
            self._changed.notify()

    def close(self) -> None:
        """End the thread after the call that is under way."""
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
            del subscription, snapshot  # and all its rows, however long the next one is waited for
