"""Which cells depend on which topics, and to which jobs a host subscribes for them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from xl_openfunnel import Snapshot
from xl_openfunnel.functions.context import CREDITS, JOBS
from xl_openfunnel.hosts.topics import JobChanged, TopicChanged, TopicRegistry


@dataclass
class Subscribed:
    """A subscription that leaves the list of open ones when it is closed."""

    job_id: str
    open: list[str]

    def close(self) -> None:
        self.open.remove(self.job_id)


@pytest.fixture
def subscriptions() -> list[str]:
    """The jobs subscribed to."""
    return []


@pytest.fixture
def registry(subscriptions: list[str]) -> TopicRegistry[str]:
    def subscribe(job_id: str) -> Subscribed:
        subscriptions.append(job_id)
        return Subscribed(job_id, subscriptions)

    return TopicRegistry(subscribe, subscribe)


def test_each_topic_knows_its_dependents_in_the_order_in_which_they_came(registry: TopicRegistry[str]) -> None:
    registry.set("B1", ["one", "two"])
    registry.set("A1", ["one", JOBS])
    assert registry.dependents("one") == ["B1", "A1"]
    assert registry.dependents("two") == ["B1"]
    assert registry.dependents(JOBS) == ["A1"]
    assert registry.dependents("three") == []
    assert registry.of("A1") == {"one", JOBS}
    assert registry.of("C1") == frozenset()


def test_a_job_is_subscribed_to_once_and_as_long_as_anything_depends_on_it(
    registry: TopicRegistry[str], subscriptions: list[str]
) -> None:
    registry.set("A1", ["job"])
    registry.set("A2", ["job"])
    assert subscriptions == ["job"]
    registry.set("A1", [])
    assert subscriptions == ["job"]
    assert "job" in registry
    registry.set("A2", ["other"])
    assert subscriptions == ["other"]
    assert "job" not in registry


def test_topics_that_stay_keep_their_subscription(registry: TopicRegistry[str], subscriptions: list[str]) -> None:
    registry.set("A1", ["stays", "goes"])
    registry.note_settled(Snapshot("stays", settled=True))
    registry.set("A1", ["stays", "comes"])
    assert subscriptions == ["stays", "comes"]
    assert registry.unsettled() == ["comes"]


def test_the_list_of_jobs_and_the_credits_are_no_jobs(registry: TopicRegistry[str], subscriptions: list[str]) -> None:
    registry.set("A1", [JOBS, CREDITS])
    assert subscriptions == []
    assert registry.unsettled() == []
    registry.set("A1", [])
    assert JOBS not in registry


def test_only_a_job_that_was_known_to_go_on_becomes_settled(registry: TopicRegistry[str]) -> None:
    registry.set("A1", ["job"])
    assert registry.unsettled() == ["job"]
    assert not registry.note_settled(Snapshot("job", settled=True))  # its first snapshot
    assert registry.unsettled() == []
    assert not registry.note_settled(Snapshot("job", settled=False))
    assert registry.unsettled() == ["job"]
    assert registry.note_settled(Snapshot("job", settled=True))
    assert not registry.note_settled(Snapshot("nobody's", settled=True))


def test_a_job_that_comes_back_is_unknown_again(registry: TopicRegistry[str]) -> None:
    registry.set("A1", ["job"])
    registry.note_settled(Snapshot("job", settled=True))
    registry.set("A1", [])
    registry.set("A1", ["job"])
    assert registry.unsettled() == ["job"]


def test_events_show_nothing_of_a_job_but_its_id() -> None:
    assert repr(JobChanged(Snapshot("job", stage="secret"))) == "JobChanged('job')"
    assert repr(TopicChanged(CREDITS)) == f"TopicChanged(topic={CREDITS!r})"
