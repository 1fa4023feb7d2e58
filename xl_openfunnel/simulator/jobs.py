"""A simulated job: its script, its state at a given time, and its pages as bytes.

`SimulatedJob` is a pure function of the seconds since the start; `JobRun` adds the start, a cancel and a cache.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from .responses import encode

Row = Mapping[str, Any]

TERMINAL: Final = frozenset({"completed", "cancelled", "failed"})
"""The final statuses; with any other, unknown ones included, the job is still running."""

RETRIEVING, QUALIFYING, RERANKING = "retrieving_companies", "qualifying_companies", "reranking_companies"

_RETRIEVED = 0.15
"""Share of the running time after which the first companies are qualified."""

_QUALIFIED = 0.85
"""Share of the running time after which all are qualified and only the rerank remains."""

_JOB_IDS = uuid.UUID("6f9a5c1e-2b74-5d0e-9c3b-8f1d20a7e4b6")


@dataclass(frozen=True, slots=True)
class JobState:
    """The state of a job as a poll reports it: ``pages`` can be read, in their final order if ``reranked``."""

    status: str
    stage: str | None = None
    processed: int | None = None
    pages: int = 0
    reranked: bool = False
    manifest: dict[str, Any] | None = None
    error_message: str | None = None

    @property
    def terminal(self) -> bool:
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedJob:
    """The script of one bulk lookalike job.

    The status goes ``pending`` -> ``running`` (retrieving, qualifying, reranking) -> ``ending``. Pages appear
    one by one while companies are qualified, in a provisional order, which the rerank at the end changes.
    With ``pending`` and ``running`` both 0 the job has ended before the first request.

    Attributes:
        rows: the companies, in final order.
        job_id: by default a UUID derived from the script, the same in every run.
        pending: seconds in ``pending``.
        running: seconds in ``running``.
        ending: the last status: ``completed``, ``cancelled``, ``failed``, or one that is not final, such as
            ``paused`` or ``running``.
        delivered: share of the rows that is delivered when ``ending`` is not ``completed``; only full pages
            of these can be read.
        cancelling: seconds from a cancel to ``cancelled``.
        error_message: the message of a failed job.
        page_size: rows in a page.
        rerank: whether rows are in another order until the job is completed; a job that ends otherwise is
            never reranked.
        opaque_cursors: give all pages except ``page_0000`` names that cannot be guessed.
        manifest: keys to replace or add in the manifest; with None it stays null.
        derived_query: the query that the service derived from the seeds.
        seeds: resolved seed domains; without these and ``unresolved_seeds`` it is a query-only job, whose
            manifest has null for the query and both lists of seeds.
        unresolved_seeds: seed domains that could not be resolved.
        extra: further top-level keys of every poll's body.
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
        """Pages of the whole result."""
        return -(-len(self.rows) // self.page_size)

    def page_names(self) -> list[str]:
        """The cursor name of each page; ``page_0000`` is always the first."""
        if not self.opaque_cursors:
            return [f"page_{index:04d}" for index in range(max(1, self.page_count))]
        rng = random.Random(f"cursors of {self.job_id}")  # noqa: S311 - stable, not secret
        return ["page_0000", *(f"{rng.getrandbits(64):016x}" for _ in range(1, self.page_count))]

    def page_rows(self, index: int, *, reranked: bool) -> list[Row]:
        """The rows of one page, in the final or the provisional order."""
        positions = range(index * self.page_size, min(len(self.rows), (index + 1) * self.page_size))
        if reranked or not self.rerank:
            return [self.rows[position] for position in positions]
        order = _provisional_order(self.job_id, len(self.rows))
        return [self.rows[order[position]] for position in positions]

    def state_at(self, elapsed: float, cancelled: float | None = None) -> JobState:
        """The state ``elapsed`` seconds after the start, with a cancel that was accepted at ``cancelled`` seconds."""
        if cancelled is None or elapsed < cancelled:
            return self._state_without_cancel(elapsed)
        at_cancel = self._state_without_cancel(cancelled)
        if elapsed < cancelled + self.cancelling:
            return JobState("cancelling", at_cancel.stage, at_cancel.processed, at_cancel.pages)
        return self._final_state("cancelled", at_cancel.pages)

    def _state_without_cancel(self, elapsed: float) -> JobState:
        if elapsed < self.pending:
            return JobState("pending")
        if elapsed < self.pending + self.running:
            return self._running_state("running", (elapsed - self.pending) / self.running)
        if self.ending not in TERMINAL:
            return self._running_state(self.ending, 1.0)
        if self.ending == "completed":
            return self._final_state("completed", self.page_count)
        return self._final_state(self.ending, self._written_pages(int(len(self.rows) * self.delivered)))

    def _running_state(self, status: str, share: float) -> JobState:
        if share < _RETRIEVED:
            return JobState(status, RETRIEVING)
        if self.ending == "completed":
            qualified = min(1.0, (share - _RETRIEVED) / (_QUALIFIED - _RETRIEVED))
        else:
            qualified = self.delivered * (share - _RETRIEVED) / (1 - _RETRIEVED)
        processed = int(len(self.rows) * qualified)
        stage = RERANKING if qualified >= 1 else QUALIFYING
        return JobState(status, stage, processed or None, self._written_pages(processed))

    def _written_pages(self, processed: int) -> int:
        """Pages written once ``processed`` companies are delivered: only whole pages are written."""
        return self.page_count if processed == len(self.rows) else processed // self.page_size

    def _final_state(self, status: str, pages: int) -> JobState:
        count = min(len(self.rows), pages * self.page_size)
        if status == "failed":
            message = self.error_message or "The search failed while companies were being qualified."
            return JobState(status, "failed", count, pages, error_message=message)
        return JobState(
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
    """The provisional order, as positions in the final one."""
    order = list(range(count))
    random.Random(f"order of {job_id}").shuffle(order)  # noqa: S311 - stable, not secret
    return order


class JobRun:
    """A started job: when it started, whether it was cancelled, and its pages as bytes.

    Rendered rows are cached, so that only the first request for a page is slow.
    """

    def __init__(self, job: SimulatedJob, started: float) -> None:
        self.job = job
        self._started = started
        self._cancelled: float | None = None
        self._lock = threading.Lock()
        self._page_names = job.page_names()
        self._page_indexes = {name: position for position, name in enumerate(self._page_names)}
        self._rendered: dict[tuple[int, bool], tuple[bytes, int]] = {}

    def state_at(self, now: float) -> JobState:
        """The job's state at ``now``, a time of the same clock as ``started``."""
        cancelled = None if self._cancelled is None else self._cancelled - self._started
        return self.job.state_at(now - self._started, cancelled)

    def cancel(self, now: float) -> JobState:
        """Cancel the job unless it has ended; returns the state before."""
        with self._lock:
            state = self.state_at(now)
            if self._cancelled is None and not state.terminal:
                self._cancelled = now
            return state

    def page(self, now: float, cursor: str | None) -> bytes | None:
        """The body of a poll, without a cursor for the first page; None for one that cannot be read, or not yet."""
        state = self.state_at(now)
        index = self._page_indexes.get(cursor or "page_0000")
        if index is None or (index and index >= state.pages):
            return None
        if state.pages == 0:
            return self._envelope(state, b"[]", 0, self._page_names[0], None)
        rows, count = self._rows(index, reranked=state.reranked)
        next_cursor = self._page_names[index + 1] if index + 1 < state.pages else None
        return self._envelope(state, rows, count, self._page_names[index], next_cursor)

    def empty_page(self, now: float, cursor: str) -> bytes:
        """The body of a poll for a page that does not exist, where the service answers with no rows."""
        return self._envelope(self.state_at(now), b"[]", 0, cursor, None)

    def render_pages(self) -> None:
        """Render every page that the job can show."""
        for reranked in {False, True} if self.job.running else {self.job.ending == "completed"}:
            for index in range(self.job.page_count):
                self._rows(index, reranked=reranked)

    def _rows(self, index: int, *, reranked: bool) -> tuple[bytes, int]:
        """A page's rows as JSON, and their count."""
        key = (index, reranked)
        if key not in self._rendered:
            rows = self.job.page_rows(index, reranked=reranked)
            self._rendered[key] = encode(rows), len(rows)
        return self._rendered[key]

    def _envelope(self, state: JobState, rows: bytes, count: int, page: str, next_cursor: str | None) -> bytes:
        before: dict[str, Any] = {
            "job_id": self.job.job_id,
            "status": state.status,
            "manifest": state.manifest,
            "error_message": state.error_message,
        }
        after = {
            "page": page,
            "next_cursor": next_cursor,
            "count": count,
            "processed": state.processed,
            "progress_message": state.stage,
            **self.job.extra,
        }
        return b"".join((encode(before)[:-1], b',"rows":', rows, b",", encode(after)[1:]))
