"""A simulated job: the script of its life, and what is true of it at one moment.

Everything here is a pure function of the job and the seconds since it started; the server brings the clock.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

Row = Mapping[str, Any]

TERMINAL: Final = frozenset({"completed", "cancelled", "failed"})
"""The words that end a job; any other word means that it is still going."""

RETRIEVING, QUALIFYING, RERANKING = "retrieving_companies", "qualifying_companies", "reranking_companies"

_RETRIEVED = 0.15
"""Share of the running time after which the first companies are qualified."""

_QUALIFIED = 0.85
"""Share of the running time after which all are qualified and only the rerank is left."""

_JOB_IDS = uuid.UUID("6f9a5c1e-2b74-5d0e-9c3b-8f1d20a7e4b6")


@dataclass(frozen=True, slots=True)
class Moment:
    """What is true of a job at one moment, as a poll would tell it.

    Attributes:
        status: the service's word for it.
        stage: the ``progress_message``.
        processed: companies delivered so far; None before the first.
        pages: pages that can be read.
        reranked: whether rows are shown in their final order.
        manifest: the manifest, or None while there is none.
        error_message: why the job failed, or None.
    """

    status: str
    stage: str | None = None
    processed: int | None = None
    pages: int = 0
    reranked: bool = False
    manifest: dict[str, Any] | None = None
    error_message: str | None = None

    @property
    def terminal(self) -> bool:
        """Whether the job has ended."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedJob:
    """The script of one bulk lookalike job.

    A life goes ``pending`` -> ``running`` (retrieving, qualifying, reranking) -> ``ending``. Pages appear one
    by one while companies are qualified, in a provisional order; the rerank at the end changes that order.
    With ``pending`` and ``running`` both 0 the job has ended before anyone asks.

    Attributes:
        rows: the companies, in final order.
        job_id: by default a UUID derived from the script, the same in every run.
        pending: seconds in ``pending``.
        running: seconds in ``running``.
        ending: the last status: ``completed``, ``cancelled``, ``failed``, or a word that never ends, like
            ``paused`` or ``running``.
        delivered: share of the rows that is delivered when the ending is not ``completed``; of these only
            full pages can be read.
        cancelling: seconds from a cancel to ``cancelled``.
        error_message: what a failed job says.
        page_size: rows in a page.
        rerank: whether rows stand in another order until the job is completed; one that ends otherwise is
            never reranked.
        opaque_cursors: give all pages but ``page_0000`` names that nobody can guess.
        manifest: keys to replace in the manifest or to add to it; None leaves it null for ever.
        derived_query: the query that the service made from the seeds.
        seeds: seed websites that were found; with none, and none unresolved, it is a query-only job, whose
            manifest has nulls in all three places.
        unresolved_seeds: seed websites that were not found.
        extra: further top-level keys of every answer.
    """

    rows: Sequence[Row]
    job_id: str = ""
    pending: float = 0.0
    running: float = 0.0
    ending: str = "completed"
    delivered: float = 0.5
    cancelling: float = 1.0
    error_message: str | None = None
    page_size: int = 100
    rerank: bool = True
    opaque_cursors: bool = False
    manifest: Mapping[str, Any] | None = field(default_factory=dict)
    derived_query: str | None = "Hosted order management and fulfilment software for mid-sized online retailers"
    seeds: Sequence[str] = ("shopfront.example", "parcelwise.example")
    unresolved_seeds: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.page_size < 1:
            raise ValueError(f"page_size must be 1 or more, not {self.page_size}")
        if not 0 <= self.delivered <= 1:
            raise ValueError(f"delivered is a share between 0 and 1, not {self.delivered}")
        if not self.job_id:
            object.__setattr__(self, "job_id", self._derived_id())

    def _derived_id(self) -> str:
        first, last = (self.rows[0], self.rows[-1]) if self.rows else ({}, {})
        script = (
            *(len(self.rows), sorted(first.items()), sorted(last.items()), self.pending, self.running),
            *(self.ending, self.delivered, self.cancelling, self.error_message, self.page_size),
            *(self.rerank, self.opaque_cursors, self.manifest, self.extra),
        )
        return str(uuid.uuid5(_JOB_IDS, repr(script)))

    @property
    def page_count(self) -> int:
        """How many pages the whole result has."""
        return -(-len(self.rows) // self.page_size)

    def page_names(self) -> list[str]:
        """The cursor name of each page, ``page_0000`` always among them."""
        if not self.opaque_cursors:
            return [f"page_{index:04d}" for index in range(max(1, self.page_count))]
        names = random.Random(f"cursors of {self.job_id}")  # noqa: S311 - stable, not secret
        return ["page_0000", *(f"{names.getrandbits(64):016x}" for _ in range(1, self.page_count))]

    def page_rows(self, index: int, *, reranked: bool) -> list[Row]:
        """The rows of one page, in the final order or in the one shown before the rerank."""
        here = range(index * self.page_size, min(len(self.rows), (index + 1) * self.page_size))
        if reranked or not self.rerank:
            return [self.rows[position] for position in here]
        order = _provisional_order(self.job_id, len(self.rows))
        return [self.rows[order[position]] for position in here]

    def at(self, elapsed: float, cancelled: float | None = None) -> Moment:
        """What a poll answers ``elapsed`` seconds after the job started.

        Args:
            elapsed: seconds since the start.
            cancelled: seconds from the start to an accepted cancel, if there was one.
        """
        if cancelled is None or elapsed < cancelled:
            return self._undisturbed(elapsed)
        stopped = self._undisturbed(cancelled)
        if elapsed < cancelled + self.cancelling:
            return Moment("cancelling", stopped.stage, stopped.processed, stopped.pages)
        return self._ended("cancelled", stopped.pages)

    def _undisturbed(self, elapsed: float) -> Moment:
        if elapsed < self.pending:
            return Moment("pending")
        if elapsed < self.pending + self.running:
            return self._running("running", (elapsed - self.pending) / self.running)
        if self.ending not in TERMINAL:
            return self._running(self.ending, 1.0)
        if self.ending == "completed":
            return self._ended("completed", self.page_count)
        return self._ended(self.ending, self._pages(int(len(self.rows) * self.delivered)))

    def _running(self, status: str, share: float) -> Moment:
        if share < _RETRIEVED:
            return Moment(status, RETRIEVING)
        if self.ending == "completed":
            qualified = min(1.0, (share - _RETRIEVED) / (_QUALIFIED - _RETRIEVED))
        else:
            qualified = self.delivered * (share - _RETRIEVED) / (1 - _RETRIEVED)
        processed = int(len(self.rows) * qualified)
        stage = RERANKING if qualified >= 1 else QUALIFYING
        return Moment(status, stage, processed or None, self._pages(processed))

    def _pages(self, processed: int) -> int:
        """Pages written once ``processed`` companies are delivered: a page is written whole."""
        return self.page_count if processed == len(self.rows) else processed // self.page_size

    def _ended(self, status: str, pages: int) -> Moment:
        count = min(len(self.rows), pages * self.page_size)
        if status == "failed":
            why = self.error_message or "The search failed while companies were being qualified."
            return Moment(status, "failed", count, pages, error_message=why)
        return Moment(
            status,
            status,
            count,
            pages,
            reranked=status == "completed",
            manifest=self._manifest(count, pages, partial=status == "cancelled"),
        )

    def _manifest(self, count: int, pages: int, *, partial: bool) -> dict[str, Any] | None:
        if self.manifest is None:
            return None
        seeded = bool(self.seeds or self.unresolved_seeds)
        return {
            "count": count,
            "pages": pages,
            "page_size": self.page_size,
            "credits_consumed": count,
            "derived_query": self.derived_query if seeded else None,
            "resolved_seed_domains": list(self.seeds) if seeded else None,
            "unresolved_seed_domains": list(self.unresolved_seeds) if seeded else None,
            "rerank_degraded": False,
            "partial": partial,
            **self.manifest,
        }


@lru_cache(maxsize=16)
def _provisional_order(job_id: str, count: int) -> list[int]:
    """Final positions of the rows in the order shown before the rerank."""
    order = list(range(count))
    random.Random(f"order of {job_id}").shuffle(order)  # noqa: S311 - stable, not secret
    return order
