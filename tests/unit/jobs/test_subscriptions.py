"""Who subscribes while something happens is told what is newest last."""

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
def callbacks() -> Iterator[SubscriptionHub]:
    made = SubscriptionHub()
    yield made
    made.close()


def all_told(callbacks: SubscriptionHub) -> None:
    """Return when everything pending was told: the newcomer's turn comes last."""
    done = threading.Event()
    callbacks.add("nobody else's", lambda _: done.set(), lambda: Snapshot("nobody else's"))
    assert done.wait(30)


def test_what_is_told_while_the_present_is_looked_up_is_told_last(callbacks: SubscriptionHub) -> None:
    told: list[Snapshot] = []
    telling = threading.Thread(target=callbacks.publish, args=[NEW])

    def present() -> Snapshot:
        assert "job1" in callbacks  # from here on everything new is told
        telling.start()
        return OLD

    callbacks.add("job1", told.append, present)
    telling.join()
    all_told(callbacks)
    assert told[-1] is NEW


def test_a_subscriber_is_told_the_end_last_however_late_its_thread_runs(serve: MakeService, fetch: MakeFetcher) -> None:
    fetcher = fetch(serve(job := SimulatedJob(companies(50))))
    callbacks = fetcher._scheduler.subscriptions
    told: list[Snapshot] = []
    add, tell, here = callbacks.add, callbacks.publish, threading.current_thread()

    def slow_add(*given: object) -> object:
        subscription = add(*given)  # type: ignore[arg-type]
        fetcher.wait(job.job_id, until=lambda seen: seen.status is not None)
        return subscription

    def slow_tell(seen: Snapshot) -> None:
        if threading.current_thread() is here:
            fetcher.wait(job.job_id)
            all_told(callbacks)
        tell(seen)

    callbacks.add, callbacks.publish = slow_add, slow_tell  # type: ignore[assignment,method-assign]
    fetcher.subscribe(job.job_id, told.append)
    callbacks.add = add  # type: ignore[method-assign]
    fetcher.wait(job.job_id)
    all_told(callbacks)
    assert told[-1].final
