"""What cells of Calc show, kept up to date: one answer for all cells that call a function with the same arguments.

Calc takes an answer as an object that tells when it changes. Calc then calls the function again for each cell that
shows it, and that is also how one learns which cells are still there: Calc itself says so only when a document closes.

A call from a cell takes an answer that is there, or ``loading``; one thread of ours makes the answers. It works with
the program's cells from the program's own thread, where nothing else can calculate them at the same time.
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
from ...functions import implementations
from ...functions.catalog import Function
from ...functions.context import CREDITS, JOBS, Dependency
from ...jobs.snapshot import Snapshot
from ...runtime.clock import Clock
from ...runtime.event_loop import EventLoop
from ..topics import LEDGER_DELAY, JobChanged, Subscription, TopicChanged, TopicRegistry
from .array_formulas import ArrayTracker
from .results import CalcHost, Result, ResultSource, SizedResult, Tell, outdated, stale

_log = logging.getLogger(__name__)

MIN_INTERVAL: Final = 0.5
"""Seconds between two answers for the same cells: faster than that nobody reads."""

BUDGET_DIVISOR: Final = 20
"""Of the time one part in so many is for what is large: making it, and handing it over."""

MAX_CHARGED_SECONDS: Final = 5.0
"""Seconds that making and handing over count at the most: what takes longer has waited for something else."""

LIVENESS_INTERVAL: Final = 20.0
"""Seconds after which somebody is looked for who still shows a job that runs."""


@dataclass(frozen=True)
class ResultCalled:
    """Cells of unknown size ask for a result."""

    result: Result = field(repr=False)


@dataclass(frozen=True)
class ListenerAdded:
    """Cells listen to a result, and were shown ``block``."""

    sized: SizedResult = field(repr=False)
    block: Block = field(repr=False)


@dataclass(frozen=True)
class ListenerRemoved:
    """Cells no longer listen to a result, because their document was closed."""


Event = ResultCalled | ListenerAdded | ListenerRemoved | JobChanged | TopicChanged


class ResultUpdater:
    """All answers of a process.

    Args:
        bodies: what answers each function, by its name.
        desk: opens what answers are made from; called on the thread, where there is something to answer.
        program: the program whose cells these are.
        clock: what time is and how to wait.
    """

    def __init__(
        self,
        bodies: Mapping[str, Callable[..., Block]],
        desk: Callable[[], ResultSource],
        program: CalcHost,
        clock: Clock,
    ) -> None:
        self._bodies = bodies
        self._open = desk
        self._program = program
        self._clock = clock
        self.loop = EventLoop[Event]("calc", clock, self._handle, self._run_due)
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, tuple[object, ...]], Result] = {}
        self._collected: dict[Result, None] | None = None
        self.arrays = ArrayTracker(program)
        self._desk: ResultSource | None = None
        self._topics: TopicRegistry[Result] = TopicRegistry(self._subscribe)
        self._looked_at = float("-inf")
        self._noted_at: float | None = None

    # ---- on any thread -------------------------------------------------------------------------------------

    def asked(self, function: Function, arguments: tuple[object, ...]) -> SizedResult:
        """A cell calls a function; never waits."""
        key = function.name, arguments
        with self._lock:
            answer = self._answers.get(key)
            if answer is None:
                answer = self._answers[key] = Result(function, arguments)
            answer.asked = True
            if self._collected is not None:
                self._collected[answer] = None
            size, known = self.arrays.size_for(answer)
            view = answer.views.setdefault(size, SizedResult(answer, size))
            view.asked = True
        if not known:
            self.loop.post(ResultCalled(answer))
        return view

    def listens(self, view: SizedResult, tell: Tell) -> None:
        """Cells want to be told of an answer; they are told at once what there is."""
        told = view.block
        with self.arrays.notifying(view):
            tell(told)
        view.tells.append(tell)
        self.loop.post(ListenerAdded(view, told))

    def left(self, view: SizedResult, tell: Tell) -> None:
        """A document was closed: its cells show the answer no more."""
        with contextlib.suppress(ValueError):
            view.tells.remove(tell)
        self.loop.post(ListenerRemoved())

    def moved(self, topic: str) -> None:
        """Something that answers are made from may have changed."""
        self.loop.post(TopicChanged(topic))

    def called_by(self, calculate: Callable[[], object]) -> list[Result]:
        """The answers that cells ask for meanwhile. Only from within `Program.inside`."""
        self._collected = called = dict[Result, None]()
        try:
            calculate()
        finally:
            self._collected = None
        return list(called)

    def once_known(self, answer: Result, then: Callable[[Result], object]) -> None:
        """Have something done on the program's own thread as soon as there is something to show. Only from there."""
        answer.then = lambda: then(answer)
        self.loop.post(ResultCalled(answer))

    # ---- on the one thread ---------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case ResultCalled(result):
                self._called(result, unsized=True)
            case ListenerAdded(sized, block):
                self._listened(sized, block)
            case ListenerRemoved():
                self._tidy()
            case JobChanged(snapshot):
                self._changed(snapshot)
            case TopicChanged(topic):
                self._moved(topic)

    def _run_due(self) -> float | None:
        self.loop.handle_pending()
        now = self._clock.monotonic()
        if self._noted_at is not None and now >= self._noted_at:
            self._noted_at = None
            self._judge(JOBS)
        self._make_due()
        self._look_around()
        return self._seconds_left()

    def _listened(self, view: SizedResult, told: Block) -> None:
        if view.block != told:  # it changed before they were among those who are told
            self.arrays.notify_sized(view)
        self._called(view.answer, unsized=view.size is None)

    def _called(self, answer: Result, *, unsized: bool) -> None:
        with self._lock:  # it may just have been dropped, and asked for anew by other cells
            held = self._answers.setdefault((answer.function.name, answer.arguments), answer)
        if held is not answer:
            _unite(answer, held)
            self.arrays.notify(held)
            answer = held
        answer.unsized |= unsized
        if outdated(answer):
            self._want(answer)
        if unsized and answer.spreads and not answer.fresh:  # it shows a part without a word until it is fitted
            soon = max(self._clock.monotonic(), answer.fitted_at + MIN_INTERVAL)
            answer.due = soon if answer.due is None else min(answer.due, soon)

    def _changed(self, snapshot: Snapshot) -> None:
        if snapshot.job_id not in self._topics:
            return
        self._topics.note_settled(snapshot)
        self._judge(snapshot.job_id)
        if self._noted_at is None:
            self._noted_at = self._clock.monotonic() + LEDGER_DELAY
        if snapshot.settled:
            self._judge(CREDITS)

    def _moved(self, topic: str) -> None:
        answers = self._topics.dependents(topic)
        if topic == CREDITS and answers:  # judging asks the service again, once a minute while it fails
            with self._lock:
                for answer in answers:
                    answer.asked = False
            self._drop_unshown(answers)
        self._judge(topic)

    def _judge(self, topic: str) -> None:
        for answer in self._topics.dependents(topic):
            if stale(answer):
                self._want(answer)

    def _want(self, answer: Result) -> None:
        if answer.due is None:
            answer.due = max(self._clock.monotonic(), answer.free_at)

    # ---- making answers ------------------------------------------------------------------------------------

    def _make_due(self) -> None:
        """All small ones, then the large one that waits longest."""
        now = self._clock.monotonic()
        due = [answer for answer in self._answers.copy().values() if answer.due is not None and answer.due <= now]
        for answer in due:
            if not answer.function.large:
                self._make(answer)
        if large := [answer for answer in due if answer.function.large]:
            self._make(min(large, key=lambda answer: answer.due or now))

    def _make(self, answer: Result) -> None:
        made, cost = outdated(answer) and answer.free_at <= self._clock.monotonic(), 0.0
        if made:
            spread = answer.spreads
            block, answer.seen, cost = self._answered(answer)
            changed = answer.fresh or block != answer.block
            answer.block, answer.fresh = block, False
            self._topics.set(answer, answer.seen.keys())
            if spread or answer.spreads:
                answer.changed |= changed
            elif changed:
                self.arrays.notify(answer)
        if answer.changed or (answer.unsized and answer.spreads):
            cost += self._hand_over(answer)  # if that fails, it is due again
        if answer.known and (then := answer.then) is not None:
            answer.then = None
            self._program.run_on_main_thread(lambda: _attempt(then))
        answer.changed, answer.unsized, answer.due = False, False, None
        answer.fitted_at = self._clock.monotonic()
        part = min(cost, MAX_CHARGED_SECONDS) * (BUDGET_DIVISOR - 1) if answer.spreads else 0.0
        answer.free_at = max(answer.free_at, answer.fitted_at + max(MIN_INTERVAL, part))
        if (outdated(answer) and not made) or stale(answer):
            self._want(answer)

    def _answered(self, answer: Result) -> tuple[Block, Mapping[str, Dependency], float]:
        """What it is now, what that was made from, and the seconds it cost: what is done only once counts for none."""
        try:
            source = self._source()
        except OpenFunnelError as error:
            return [[error.cell_text]], {}, 0.0
        source.prepare(answer.function)
        begun = self._clock.monotonic()
        look, name = source.look(), answer.function.name
        block = implementations.evaluate(name, self._bodies[name], look, *answer.arguments)
        return block, look.dependencies, self._clock.monotonic() - begun

    def _source(self) -> ResultSource:
        """What results are made from, opened at the first call and after the last result was dropped."""
        if self._desk is None:
            self._desk = self._open()
        return self._desk

    def _hand_over(self, answer: Result) -> float:
        """Fit its cells; gives the seconds that this took, without those until the program had time for it."""
        took = 0.0

        def run() -> None:
            nonlocal took
            begun = self._clock.monotonic()
            self.arrays.fit(answer)
            took = self._clock.monotonic() - begun

        self._program.run_on_main_thread(run)
        return took

    # ---- what answers are made from, and whether anybody shows them ----------------------------------------

    def _subscribe(self, job_id: str) -> Subscription:
        return self._source().follow(job_id, lambda snapshot: self.loop.post(JobChanged(snapshot)))

    def _tidy(self) -> None:
        """Let go of all that nothing listens to, such as what was tried in the function wizard."""
        for answer in [answer for answer in self._answers.copy().values() if not answer.shown]:
            self._drop(answer)

    def _drop(self, answer: Result) -> None:
        """Nobody shows it any more."""
        with self._lock:
            self._answers.pop((answer.function.name, answer.arguments), None)
        self._topics.set(answer, ())
        if not self._answers and self._desk is not None:
            self._desk.close()
            self._desk = None

    def _look_around(self) -> None:
        """Let go of jobs that run and that nobody shows."""
        now = self._clock.monotonic()
        running = self._topics.unsettled()
        if not running or now < self._looked_at + LIVENESS_INTERVAL:
            return
        while silent := [job_id for job_id in running if not any(r.asked for r in self._topics.dependents(job_id))]:
            # One of each job's is enough, the smallest first: Calc asks for it if a cell shows it.
            suspects = [min(self._topics.dependents(job_id), key=lambda answer: len(answer.block)) for job_id in silent]
            if not self._drop_unshown(suspects):
                break
            running = [job_id for job_id in self._topics.unsettled() if job_id in silent]
        with self._lock:
            for job_id in self._topics.unsettled():
                for answer in self._topics.dependents(job_id):
                    answer.asked = False
        self._looked_at = self._clock.monotonic()

    def _drop_unshown(self, suspects: list[Result]) -> bool:
        """Let go of those that no cell asks for when told of them; gives whether that can be known."""
        for answer in suspects:
            self.arrays.notify(answer)
        if not self._program.calculate():
            return False
        for answer in suspects:
            if not answer.asked:
                self._drop(answer)
        return True

    def _seconds_left(self) -> float | None:
        moments: list[float] = [answer.due for answer in self._answers.copy().values() if answer.due is not None]
        if self._noted_at is not None:
            moments.append(self._noted_at)
        if self._topics.unsettled():
            moments.append(self._looked_at + LIVENESS_INTERVAL)
        return max(0.0, min(moments) - self._clock.monotonic()) if moments else None


def _unite(answer: Result, held: Result) -> None:
    """Have the cells that show an answer show another one for the same arguments."""
    for size, view in answer.views.items():
        other = held.views.setdefault(size, SizedResult(held, size))
        other.tells += view.tells
        view.answer, view.tells = held, other.tells


def _attempt(then: Callable[[], object]) -> None:
    """Do what a user wanted a while ago, unless the document is closed meanwhile."""
    try:
        then()
    except Exception:
        _log.debug("what was to be done later could not be done", exc_info=True)
