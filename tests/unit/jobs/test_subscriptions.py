"""A subscription receives the newest snapshot last, however its threads are scheduled."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.unit.jobs.conftest import MakeFetcher, MakeService
from xl_openfunnel import Snapshot
from xl_openfunnel.jobs.subscriptions import SubscriptionHub
from xl_openfunnel.simulator import SimulatedJob, companies

OLD, NEW = Snapshot("job1"), Snapshot("job1", processed=1)


@pytest.fixture
def hub() -> Iterator[SubscriptionHub]:
    hub = SubscriptionHub()
    yield hub
    hub.close()


def wait_for_callbacks(hub: SubscriptionHub) -> None:
    """Return when all pending callbacks were called: that of a new subscription is called last."""
    done = threading.Event()
    hub.add("another job", lambda _: done.set(), lambda: Snapshot("another job"))
    assert done.wait(30)


def test_snapshot_published_while_subscribing_is_delivered_last(hub: SubscriptionHub) -> None:
    received: list[Snapshot] = []
    publishing = threading.Thread(target=hub.publish, args=[NEW])

    def current() -> Snapshot:
        assert "job1" in hub  # from here on new snapshots are delivered
        publishing.start()
        return OLD

    hub.add("job1", received.append, current)
    publishing.join()
    wait_for_callbacks(hub)
    assert received[-1] is NEW


def test_final_snapshot_is_delivered_last_even_if_threads_are_delayed(serve: MakeService, fetch: MakeFetcher) -> None:
    fetcher = fetch(serve(job := SimulatedJob(companies(50))))
    hub = fetcher._scheduler.subscriptions
    received: list[Snapshot] = []
    add, publish, main_thread = hub.add, hub.publish, threading.current_thread()

    def slow_add(*arguments: object) -> object:
        subscription = add(*arguments)  # type: ignore[arg-type]
        fetcher.wait(job.job_id, until=lambda seen: seen.status is not None)
        return subscription

    def slow_publish(seen: Snapshot) -> None:
        if threading.current_thread() is main_thread:
            fetcher.wait(job.job_id)
            wait_for_callbacks(hub)
        publish(seen)

    hub.add, hub.publish = slow_add, slow_publish  # type: ignore[assignment,method-assign]
    fetcher.subscribe(job.job_id, received.append)
    hub.add = add  # type: ignore[method-assign]
    fetcher.wait(job.job_id)
    wait_for_callbacks(hub)
    assert received[-1].final
