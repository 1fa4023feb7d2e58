"""What the cells of a host depend on, and the events that say it has changed.

A topic is the id of a job, `JOBS` (the list of jobs), `CREDITS`, `KNOWN` (the lists of known
companies), or a calculation that cells wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from ..functions.context import is_call, is_job
from ..jobs.snapshot import Snapshot

LEDGER_DELAY: Final = 2.0
"""Seconds after which the list of jobs shows what changed with a job: the fetcher writes it a little later."""


KNOWN_INTERVAL: Final = 2.0
"""Seconds between two looks at the lists of known companies, which another process may set, while cells use them."""


@dataclass(frozen=True, repr=False)
class JobChanged:
    """A job that cells depend on has another snapshot."""

    snapshot: Snapshot

    def __repr__(self) -> str:
        return f"JobChanged({self.snapshot.job_id!r})"


@dataclass(frozen=True)
class TopicChanged:
    """A topic may have changed, for another reason than a new snapshot."""

    topic: str


class Subscription(Protocol):
    """A subscription to one job, or one calculation."""

    def close(self) -> None: ...


Dependent = TypeVar("Dependent")


@dataclass
class _Topic(Generic[Dependent]):
    """A topic that has dependents.

    Attributes:
        subscription: for a job or a calculation.
        dependents: in the order in which they came.
        settled: whether nothing more is to come from the job; None before its first snapshot.
    """

    subscription: Subscription | None
    dependents: dict[Dependent, None] = field(default_factory=dict)
    settled: bool | None = None


class TopicRegistry(Generic[Dependent]):
    """Which dependents (cells, or results that cells share) depend on which topics.

    Subscribes to each job and calculation once, as long as it has dependents. `of` may be called on any thread,
    everything else on one.
    """

    def __init__(self, subscribe: Callable[[str], Subscription], subscribe_call: Callable[[str], Subscription]) -> None:
        self._subscribe = subscribe
        self._subscribe_call = subscribe_call
        self._topics: dict[str, _Topic[Dependent]] = {}
        self._topics_of: dict[Dependent, frozenset[str]] = {}

    def __contains__(self, topic: object) -> bool:
        """Whether anything depends on the topic."""
        return topic in self._topics

    def of(self, dependent: Dependent) -> frozenset[str]:
        """The topics that this one depends on."""
        return self._topics_of.get(dependent, frozenset())

    def dependents(self, topic: str) -> list[Dependent]:
        return list(self._topics[topic].dependents) if topic in self._topics else []

    def set(self, dependent: Dependent, topics: Collection[str]) -> None:
        """Let these be the topics that ``dependent`` depends on, in place of those set before."""
        before, now = self.of(dependent), frozenset(topics)
        for name in now - before:
            topic = self._topics.get(name)
            if topic is None:
                topic = self._topics[name] = _Topic(self._subscription(name))
            topic.dependents[dependent] = None
        for name in before - now:
            topic = self._topics[name]
            del topic.dependents[dependent]
            if not topic.dependents:
                del self._topics[name]
                if topic.subscription is not None:
                    topic.subscription.close()
        if now:
            self._topics_of[dependent] = now
        else:
            self._topics_of.pop(dependent, None)

    def note_settled(self, snapshot: Snapshot) -> bool:
        """Note whether more is to come from the job; returns whether that was so before and is no longer."""
        topic = self._topics.get(snapshot.job_id)
        if topic is None:
            return False
        before, topic.settled = topic.settled, snapshot.settled
        return snapshot.settled and before is False

    def unsettled(self) -> list[str]:
        """The jobs with dependents from which more is to come, or of which nothing is known yet."""
        return [name for name, topic in self._topics.items() if is_job(name) and not topic.settled]

    def _subscription(self, topic: str) -> Subscription | None:
        if is_call(topic):
            return self._subscribe_call(topic)
        return self._subscribe(topic) if is_job(topic) else None
