"""Keeps the results that cells of Calc show up to date: one for all cells that call a function with the same arguments.

Calc takes a result as an object that notifies it of changes. It then calls the function again for each cell that shows
the result, and that is also how we learn which cells still exist: Calc itself says so only when a document closes.

A call from a cell gets the result that there is, or ``loading``, at once. The thread of the updater's loop computes
results. It works with Calc's cells on LibreOffice's main thread, where nothing else can calculate them at the same
time.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ...cell_values import Block
from ...errors import OpenFunnelError
from ...functions.context import CREDITS, JOBS, KNOWN, Dependency, is_call
from ...functions.registry import Function
from ...jobs import job_text
from ...jobs.snapshot import Snapshot
from ...runtime.clock import Clock
from ...runtime.event_loop import EventLoop
from ..topics import KNOWN_INTERVAL, LEDGER_DELAY, JobChanged, Subscription, TopicChanged, TopicRegistry
from .array_formulas import ArrayTracker
from .results import CalcHost, Listener, Result, ResultSource, SizedResult

_log = logging.getLogger(__name__)

MIN_INTERVAL: Final = 0.5
"""Seconds between two computations of a result: no person reads faster than that."""

BUDGET_DIVISOR: Final = 20
"""Each large result may take one part in so many of the time: to be computed, and to be shown."""

MAX_CHARGED_SECONDS: Final = 5.0
"""Seconds that this is charged at most: what took longer has waited for something else."""

MAX_STRETCH: Final = 0.01
"""Seconds after which fitting leaves the main thread to LibreOffice, once the array in hand is done."""

LIVENESS_INTERVAL: Final = 20.0
"""Seconds after which it is checked again that a cell shows each job that runs: if none does, polling ends."""


@dataclass(frozen=True)
class ResultRequested:
    """Cells of unknown size have requested a result."""

    result: Result = field(repr=False)


@dataclass(frozen=True)
class ListenerAdded:
    """Cells listen to a result; ``block`` is what they show now."""

    sized: SizedResult = field(repr=False)
    block: Block = field(repr=False)


@dataclass(frozen=True)
class ListenerRemoved:
    """A document was closed, and its cells no longer listen to a result."""


Event = ResultRequested | ListenerAdded | ListenerRemoved | JobChanged | TopicChanged


class ResultUpdater:
    """All results of a process.

    ``open_source`` is called on the loop's thread, when results are first computed.

    Attributes:
        loop: the thread that computes results; to be started by the owner.
        arrays: the array formulas that show results.
    """

    def __init__(self, open_source: Callable[[], ResultSource], host: CalcHost, clock: Clock) -> None:
        self.loop = EventLoop[Event]("calc", clock, self._handle, self._run_due)
        self.arrays = ArrayTracker(host)
        self._open_source = open_source
        self._source: ResultSource | None = None
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._results: dict[tuple[str, tuple[object, ...]], Result] = {}
        self._collected: dict[Result, None] | None = None
        self._topics: TopicRegistry[Result] = TopicRegistry(
            self._subscribe, lambda topic: self._opened_source().calculations.subscribe(topic)
        )
        self._checked_at = float("-inf")
        self._ledger_due_at: float | None = None
        self._known_due_at = float("-inf")

    # ---- on any thread -------------------------------------------------------------------------------------

    def result_for(self, function: Function, arguments: tuple[object, ...]) -> SizedResult:
        """The result that a cell shows which calls this function; never waits."""
        key = function.name, arguments
        with self._lock:
            result = self._results.get(key)
            if result is None:
                result = self._results[key] = Result(function, arguments)
            result.requested = True
            if self._collected is not None:
                self._collected[result] = None
            size, known = self.arrays.size_for(result)
            sized = result.sized.setdefault(size, SizedResult(result, size))
            sized.requested = True
        if not known:
            self.loop.post(ResultRequested(result))
        return sized

    def add_listener(self, sized: SizedResult, listener: Listener) -> None:
        """Notify ``listener`` of a result, now and whenever it changes."""
        block = sized.block
        with self.arrays.notifying(sized):
            listener(block)
        sized.listeners.append(listener)
        self.loop.post(ListenerAdded(sized, block))

    def remove_listener(self, sized: SizedResult, listener: Listener) -> None:
        """Notify ``listener`` no more: its document was closed."""
        with contextlib.suppress(ValueError):
            sized.listeners.remove(listener)
        self.loop.post(ListenerRemoved())

    def topic_changed(self, topic: str) -> None:
        """Something that results are computed from may have changed."""
        self.loop.post(TopicChanged(topic))

    def results_called_by(self, calculate: Callable[[], object]) -> list[Result]:
        """The results that cells request while ``calculate`` runs. Only on the main thread."""
        self._collected = collected = dict[Result, None]()
        try:
            calculate()
        finally:
            self._collected = None
        return list(collected)

    def is_behind(self, result: Result) -> bool:
        """Whether a result is about to be another: nothing is known, something has changed, or it is calculated now."""
        return not result.known or result.stale or any(map(self._is_calculated_now, result.dependencies))

    def when_known(self, result: Result, callback: Callable[[Result], object]) -> None:
        """Call ``callback`` on the main thread as soon as a result is not behind. Only on the main thread."""
        result.on_known = lambda: callback(result)
        self.loop.post(ResultRequested(result))

    # ---- on the loop's thread ------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case ResultRequested(result):
                self._requested(result, unsized=True)
            case ListenerAdded(sized, block):
                if sized.block != block:  # it changed before the listener was in the list
                    self.arrays.notify_sized(sized)
                self._requested(sized.result, unsized=sized.size is None)
            case ListenerRemoved():
                self._drop_unheard()
            case JobChanged(snapshot):
                self._job_changed(snapshot)
            case TopicChanged(topic):
                self._topic_changed(topic)

    def _run_due(self) -> float | None:
        self.loop.handle_pending()
        now = self._clock.monotonic()
        if self._ledger_due_at is not None and now >= self._ledger_due_at:
            self._ledger_due_at = None
            self._schedule_stale(JOBS)
        if KNOWN in self._topics and now >= self._known_due_at:
            self._known_due_at = now + KNOWN_INTERVAL
            self._schedule_stale(KNOWN)
        self._compute_due()
        self._check_liveness()
        return self._seconds_to_next()

    def _requested(self, result: Result, *, unsized: bool) -> None:
        with self._lock:  # it may just have been dropped, and requested by other cells since
            kept = self._results.setdefault((result.function.name, result.arguments), result)
        if kept is not result:
            _merge(result, kept)
            self.arrays.notify(kept)
            result = kept
        result.unsized |= unsized
        if result.outdated:
            self._schedule(result)
        if unsized and result.multi_cell and not result.initial:  # until it is fitted it shows a part without saying so
            at = max(self._clock.monotonic(), result.fitted_at + MIN_INTERVAL)
            result.due_at = at if result.due_at is None else min(result.due_at, at)

    def _job_changed(self, snapshot: Snapshot) -> None:
        if snapshot.job_id not in self._topics:
            return
        self._topics.note_settled(snapshot)
        self._schedule_stale(snapshot.job_id)
        if self._ledger_due_at is None:
            self._ledger_due_at = self._clock.monotonic() + LEDGER_DELAY
        if snapshot.settled:
            self._schedule_stale(CREDITS)

    def _topic_changed(self, topic: str) -> None:
        results = self._topics.dependents(topic)
        if topic == CREDITS and results:  # to check them asks the service again, once a minute while it fails
            with self._lock:
                for result in results:
                    result.requested = False
            self._drop_unshown(results)
        self._schedule_stale(topic)

    def _schedule_stale(self, topic: str) -> None:
        for result in self._topics.dependents(topic):
            if result.stale:
                self._schedule(result)

    def _schedule(self, result: Result) -> None:
        at = max(self._clock.monotonic(), self._computable_at(result))
        result.due_at = at if result.due_at is None else min(result.due_at, at)

    @staticmethod
    def _computable_at(result: Result) -> float:
        """The last answers of jobs that have ended do not wait for the result's share of the time."""
        soonest = result.fitted_at + MIN_INTERVAL
        return soonest if result.not_before > soonest and result.settled else result.not_before

    # ---- computing results ---------------------------------------------------------------------------------

    def _compute_due(self) -> None:
        """Compute all small results that are due, then the large one that has waited longest."""
        now = self._clock.monotonic()
        due = [result for result in self._all_results() if result.due_at is not None and result.due_at <= now]
        for result in due:
            if not result.function.large:
                self._compute(result)
        if large := [result for result in due if result.function.large]:
            self._compute(min(large, key=lambda result: result.due_at or now))

    def _compute(self, result: Result) -> None:
        computes, cost = result.outdated and self._computable_at(result) <= self._clock.monotonic(), 0.0
        if computes:
            was_multi_cell = result.multi_cell
            block, result.dependencies, cost = self._evaluate(result)
            self._topics.set(result, result.dependencies.keys())
            if block[0][0] == job_text.LOADING and any(map(is_call, result.dependencies)):
                changed = False  # cells keep what they show until the calculation is over
            else:
                changed = result.initial or block != result.block
                result.block, result.initial = block, False
            if was_multi_cell or result.multi_cell:
                result.changed |= changed
            elif changed:
                self.arrays.notify(result)
        if result.changed or (result.unsized and result.multi_cell and not result.initial):
            cost += self._fit(result)  # if that fails, the result stays due
        if (on_known := result.on_known) is not None and not self.is_behind(result):
            result.on_known = None
            self._host.run_on_main_thread(lambda: _call(on_known))
        result.changed, result.unsized, result.due_at = False, False, None
        result.fitted_at = self._clock.monotonic()
        pause = min(cost, MAX_CHARGED_SECONDS) * (BUDGET_DIVISOR - 1) if result.multi_cell else 0.0
        result.not_before = max(result.not_before, result.fitted_at + max(MIN_INTERVAL, pause))
        if (result.outdated and not computes) or result.stale:
            self._schedule(result)

    def _evaluate(self, result: Result) -> tuple[Block, Mapping[str, Dependency], float]:
        """The new block, what it depends on, and the seconds it cost, without what was calculated elsewhere."""
        try:
            source = self._opened_source()
        except OpenFunnelError as error:
            return [[error.cell_text]], {}, 0.0
        began = self._clock.monotonic()
        context, function = source.new_call(), result.function
        block = source.calculations.answer(function.name, function.compute, context, result.arguments)
        return block, context.dependencies, self._clock.monotonic() - began

    def _fit(self, result: Result) -> float:
        """Fit the result's cells; returns the seconds that took, without the waits for the main thread."""
        steps, seconds, more = self.arrays.fit(result), 0.0, True

        def run() -> None:
            nonlocal seconds, more
            began = self._clock.monotonic()
            more = any(self._clock.monotonic() >= began + MAX_STRETCH for _ in steps)
            seconds += self._clock.monotonic() - began

        while more:
            self._host.run_on_main_thread(run)
        return seconds

    # ---- what results are computed from, and whether any cell shows them -----------------------------------

    def _is_calculated_now(self, topic: str) -> bool:
        return is_call(topic) and self._source is not None and self._source.calculations.is_pending(topic)

    def _opened_source(self) -> ResultSource:
        if self._source is None:
            self._source = self._open_source()
        return self._source

    def _subscribe(self, job_id: str) -> Subscription:
        return self._opened_source().subscribe(job_id, lambda snapshot: self.loop.post(JobChanged(snapshot)))

    def _all_results(self) -> list[Result]:
        return list(self._results.copy().values())  # cells may request new ones at the same time

    def _drop_unheard(self) -> None:
        """Drop all results without listeners, such as those tried in the function wizard."""
        for result in self._all_results():
            if not result.has_listeners:
                self._drop(result)

    def _drop(self, result: Result) -> None:
        with self._lock:
            self._results.pop((result.function.name, result.arguments), None)
        self._topics.set(result, ())
        result.dependencies = {}  # cells that get it just now have it computed again, which follows its topics again
        if not self._results and self._source is not None:
            self._source.close()
            self._source = None

    def _check_liveness(self) -> None:
        """From time to time, drop the results of jobs that run and that no cell shows."""
        unsettled = self._topics.unsettled()
        if not unsettled or self._clock.monotonic() < self._checked_at + LIVENESS_INTERVAL:
            return
        while silent := [job_id for job_id in unsettled if not self._is_requested(job_id)]:
            # One result of each job is enough, the smallest: Calc requests it if a cell shows it.
            suspects = [min(self._topics.dependents(job_id), key=lambda result: len(result.block)) for job_id in silent]
            if not self._drop_unshown(suspects):
                break
            unsettled = [job_id for job_id in self._topics.unsettled() if job_id in silent]
        with self._lock:
            for job_id in self._topics.unsettled():
                for result in self._topics.dependents(job_id):
                    result.requested = False
        self._checked_at = self._clock.monotonic()

    def _is_requested(self, job_id: str) -> bool:
        return any(result.requested for result in self._topics.dependents(job_id))

    def _drop_unshown(self, suspects: list[Result]) -> bool:
        """Drop the results that no cell requests when notified of them; returns whether that can be known."""
        for result in suspects:
            self.arrays.notify(result)
        if not self._host.calculate():
            return False
        for result in suspects:
            if not result.requested:
                self._drop(result)
        return True

    def _seconds_to_next(self) -> float | None:
        times: list[float] = [result.due_at for result in self._all_results() if result.due_at is not None]
        if self._ledger_due_at is not None:
            times.append(self._ledger_due_at)
        if KNOWN in self._topics:
            times.append(self._known_due_at)
        if self._topics.unsettled():
            times.append(self._checked_at + LIVENESS_INTERVAL)
        return max(0.0, min(times) - self._clock.monotonic()) if times else None


def _merge(result: Result, kept: Result) -> None:
    """Have the cells that show a dropped result show the one kept for the same arguments."""
    for size, sized in result.sized.items():
        other = kept.sized.setdefault(size, SizedResult(kept, size))
        other.listeners += sized.listeners
        sized.result, sized.listeners = kept, other.listeners


def _call(on_known: Callable[[], object]) -> None:
    """Do what a user asked for a while ago; this fails if the document was closed since."""
    try:
        on_known()
    except Exception:
        _log.debug("what was to be done later could not be done", exc_info=True)
