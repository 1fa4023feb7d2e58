"""Calculates on threads of its own what takes longer than a cell may wait, and tells when it is done."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from types import NoneType
from typing import Final

from ..cell_values import Block
from ..jobs import job_text
from ..runtime.background import in_background
from ..runtime.clock import FOREVER
from ..runtime.thread_pool import DaemonPool, start_timer
from . import limits
from .cache import MAX_CELLS
from .context import CallContext, Dependency, call_topic
from .implementations import evaluate
from .limits import Cancellation, GivenUpError, TakesLongError, at_once, until
from .shared_call import CallState, Dependencies, SharedCall, values

_log = logging.getLogger(__name__)

WORKERS: Final = 2
"""Calculations at the same time: while a long one runs, others are not held up."""

PAUSE_FACTOR: Final = 3
"""The same call pauses for so many times the seconds that it took: while its jobs run, it leaves time for others."""

MAX_PAUSE: Final = 30.0
"""Seconds of such a pause at most."""

MAX_CALLS: Final = 10_000
"""Calls whose last answers are kept although no cell is known to show them."""

_DIFFERENT: Final = frozenset((str, float, NoneType))
"""Types of which no value is equal to one of another of them."""

Compute = Callable[..., Block]
"""A function, as `registry.Function.compute`."""


class Calculations:
    """All calculations of a process.

    A cell calls `answer`, and its host subscribes to the call's topic, like to a job, for as long as a cell shows it:
    without a subscription a calculation that waits is dropped, and one that runs is given up.

    Args:
        on_change: called with the topic of a call that has another answer, on the calculation's thread.
        clock: monotonic seconds.
        start: runs its argument on another thread.
        call_later: runs its second argument on another thread, after so many seconds.
        max_cells: how many cells of answers are kept. Answers that cells still wait for are kept beyond that, and
            nothing more is calculated before they are fetched.
    """

    def __init__(
        self,
        on_change: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], object] | None = None,
        call_later: Callable[[float, Callable[[], None]], object] = start_timer,
        max_cells: int = MAX_CELLS,
    ) -> None:
        self._on_change = on_change
        self._clock = clock
        self._pool = DaemonPool("calculation", WORKERS)
        self._start = start or self._pool.submit
        self._call_later = call_later
        self._max_cells = max_cells
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._calls: OrderedDict[Hashable, SharedCall] = OrderedDict()
        """By name and arguments; the one used last comes last."""
        self._by_topic: dict[str, SharedCall] = {}
        self._queues: tuple[dict[SharedCall, None], dict[SharedCall, None]] = ({}, {})
        """The calls without an answer, which go first, and the others."""
        self._running = 0
        self._timer_at = FOREVER
        self._cells = 0
        self._sweep_at = MAX_CALLS
        self._closed = False

    # ---- for cells and their hosts -------------------------------------------------------------------------

    def answer(self, name: str, compute: Compute, context: CallContext, arguments: tuple[object, ...]) -> Block:
        """As `evaluate`, for a cell that can be told of changes: never goes on for long.

        What may take long is calculated elsewhere. Until that is there, the block is the last answer to the same call,
        or ``loading``. ``context.dependencies`` then has a topic that changes when it is there.
        """
        key = name, context.block_units, arguments, tuple(map(_types, arguments))
        try:
            with at_once(), context.looking_up():
                block = evaluate(name, compute, context, *arguments)
        except TakesLongError as long:
            looked_up = long.looked_up
        else:
            self._note_newer(key, block, context.dependencies)
            return block
        asked = dict(context.dependencies)
        with self._lock:
            call = self._call(key, name, compute, context, arguments)
            if not looked_up or not call.answers(asked):  # what it would find now is not known
                self._request(call, asked, looked_up=looked_up, at_once=looked_up and call.settled(asked))
            last, version = call.block, call.version
            call.delivered |= last is not None
            topics = [*call.dependencies, *asked, call.topic]
        self._start_due()
        context.dependencies = {topic: self._dependency(call, topic, version) for topic in topics}
        return [[job_text.LOADING, *[""] * (context.width - 1)]] if last is None else last

    def subscribe(self, topic: str) -> Subscription:
        """Keep a call wanted until the subscription is closed."""
        with self._lock:
            call = self._by_topic.get(topic)
            if call is not None:
                call.subscriptions += 1
                if call.missing:
                    self._request(call)
        self._start_due()
        return Subscription(self, call)

    def is_pending(self, topic: str) -> bool:
        """Whether a call is being calculated, or is about to be."""
        with self._lock:
            call = self._by_topic.get(topic)
            return call is not None and call.state is not CallState.IDLE

    def has_answer(self, topic: str) -> bool:
        """Whether a call has an answer, be it an older one."""
        with self._lock:
            call = self._by_topic.get(topic)
            return call is not None and call.block is not None

    def close(self) -> None:
        """Give everything up."""
        with self._lock:
            self._closed = True
            calls = list(self._by_topic.values())
            self._calls.clear()
            self._by_topic.clear()
            for queue in self._queues:
                queue.clear()
        for call in calls:
            call.cancellation.cancel()
        self._pool.close(finish=False)

    # ---- what is known of calls ----------------------------------------------------------------------------

    def _call(
        self, key: Hashable, name: str, compute: Compute, context: CallContext, arguments: tuple[object, ...]
    ) -> SharedCall:
        """The call with this key, which counts as used now."""
        call = self._calls.get(key)
        if call is None:
            renew = context.renewed

            def run() -> tuple[Block, Dependencies]:
                renewed = renew()
                with renewed.looking_up():
                    return evaluate(name, compute, renewed, *arguments), renewed.dependencies

            self._forget_unused()
            call = self._calls[key] = SharedCall(call_topic(next(self._numbers)), name, run)
            self._by_topic[call.topic] = call
        self._calls.move_to_end(key)
        return call

    def _note_newer(self, key: Hashable, block: Block, dependencies: Dependencies) -> None:
        """A cell got this at once: no older answer may follow it, and other cells that call the same show it too."""
        with self._lock:
            call = self._calls.get(key)
            if call is None:
                return
            newer = values(dependencies) != values(call.dependencies)
            call.version += newer
            self._keep(call, block, dependencies)
        if newer:
            self._on_change(call.topic)

    def _keep(self, call: SharedCall, block: Block, dependencies: Dependencies) -> None:
        self._cells -= call.cells
        call.block, call.dependencies = block, dependencies
        self._cells += call.cells

    def _dependency(self, call: SharedCall, topic: str, version: int) -> Dependency:
        """Stale as soon as there is another answer, and not before: the cell would be calculated for nothing."""

        def now() -> int:
            seen = call.looked_up(topic)
            if seen is not None and call.state is not CallState.RUNNING and seen.stale:
                self._request_present(call)
            return call.version

        def settled() -> bool:
            seen = call.looked_up(topic)
            return seen is None or seen.settled()

        return Dependency(now, version, settled)

    def _request_present(self, call: SharedCall) -> None:
        """Have a call calculated because something that it depends on has changed."""
        paused = call.due_at > self._clock()
        at_once = paused and call.settled(call.asked or call.dependencies)
        if call.state is CallState.QUEUED and not at_once:
            return
        with self._lock:
            self._request(call, at_once=at_once)
        self._start_due()

    def _request(
        self, call: SharedCall, asked: Dependencies | None = None, *, looked_up: bool = True, at_once: bool = False
    ) -> None:
        """Have a call calculated, unless that is under way; ``at_once`` without a pause."""
        if self._closed or call.topic not in self._by_topic:
            return
        call.missing = False
        if at_once:
            call.due_at = float("-inf")
        if call.state is CallState.IDLE:
            call.state = CallState.QUEUED
            self._queues[call.block is not None][call] = None
        elif call.state is CallState.RUNNING:
            call.again |= not looked_up or call.cancellation.cancelled
        call.asked = asked or call.asked

    def _unsubscribe(self, call: SharedCall) -> None:
        with self._lock:
            call.subscriptions -= 1
            unwanted = not call.subscriptions and call.state is not CallState.IDLE
            if unwanted:
                call.missing, call.again = True, False
                if call.state is CallState.QUEUED:
                    call.state = CallState.IDLE
                    for queue in self._queues:
                        queue.pop(call, None)
        if unwanted:
            call.cancellation.cancel()
        self._start_due()  # others may have waited for its answer to be fetched

    def _forget_unused(self) -> None:
        """Forget calls that no cell shows, once there are many: cells may be calculated again, or be gone."""
        if len(self._calls) < self._sweep_at:
            return
        for key, call in list(self._calls.items()):
            if not call.subscriptions and call.state is CallState.IDLE:
                self._forget_answer(call)
                del self._calls[key], self._by_topic[call.topic]
                call.version += 1  # a cell that shows it all the same asks again
        self._sweep_at = max(MAX_CALLS, 2 * len(self._calls))

    def _forget_answers(self) -> None:
        """Keep no more cells than may be kept: forget the answers used longest ago, but none that a cell awaits."""
        if self._cells > self._max_cells:
            for call in self._calls.values():
                if not call.awaited:
                    self._forget_answer(call)
                if self._cells <= self._max_cells:
                    break

    def _forget_answer(self, call: SharedCall) -> None:
        self._cells -= call.cells
        call.block = None

    # ---- calculating ---------------------------------------------------------------------------------------

    def _start_due(self) -> None:
        """Start what is due, as long as there are workers and room; set a timer for what is not due yet."""
        while (call := self._next()) is not None:
            self._start(lambda call=call: self._run(call))  # type: ignore[misc]

    def _next(self) -> SharedCall | None:
        with self._lock:
            if self._closed or self._running >= WORKERS or not any(self._queues) or self._waits_for_cells:
                return None
            now, soonest = self._clock(), FOREVER
            for queue in self._queues:
                for call in queue:
                    if call.due_at <= now:
                        del queue[call]
                        self._running += 1
                        call.state, call.cancellation = CallState.RUNNING, Cancellation()
                        call.again, call.asked = False, {}
                        return call
                    soonest = min(soonest, call.due_at)
            if soonest >= self._timer_at:
                return None
            self._timer_at = soonest
        self._call_later(soonest - now, self._timer_fired)
        return None

    @property
    def _waits_for_cells(self) -> bool:
        """Whether cells have so many answers to fetch that no more are made."""
        return self._cells > self._max_cells < sum(call.cells for call in self._calls.values() if call.awaited)

    def _timer_fired(self) -> None:
        self._timer_at = FOREVER
        self._start_due()

    def _run(self, call: SharedCall) -> None:
        loaded, began, answer = limits.tables_loaded(), self._clock(), None
        try:
            with until(call.cancellation), in_background():
                call.cancellation.check()
                answer = call.run()
        except GivenUpError:
            _log.debug("%s was given up", call.name)
        finally:
            # To load pandas takes long only once.
            seconds = self._clock() - began if loaded == limits.tables_loaded() else 0.0
            if self._finished(call, answer, seconds):
                self._on_change(call.topic)
            self._start_due()

    def _finished(self, call: SharedCall, answer: tuple[Block, Dependencies] | None, seconds: float) -> bool:
        """Note an answer; None if the calculation was given up. Returns whether it is another one than before."""
        # Before the lock, which cells may wait for. A cell that does not know of a job is not told when that changes.
        changed = answer is not None and (answer[0] != call.block or not answer[1].keys() <= call.dependencies.keys())
        with self._lock:
            self._running -= 1
            call.state, call.due_at = CallState.IDLE, self._clock() + min(seconds * PAUSE_FACTOR, MAX_PAUSE)
            if self._closed:
                return False
            if answer is not None:
                self._keep(call, *answer)
                # A label may have been moved, and back, since the calculation looked it up.
                call.again |= bool(call.asked) and values(call.asked) != values(call.dependencies)
                call.asked = call.asked if call.again else {}
            if changed:
                call.version += 1
                call.delivered = False
            call.missing |= answer is None
            if call.again or (call.missing and call.subscriptions):
                self._request(call)
            self._forget_answers()
        # From here on each cell that looks has what changed calculated. What changed before is noted only here.
        if any(seen.stale for seen in call.dependencies.values()):
            with self._lock:
                call.missing = not call.subscriptions
            if not call.missing:
                self._request_present(call)
        return changed


class Subscription:
    """Keeps a call wanted."""

    def __init__(self, calculations: Calculations, call: SharedCall | None) -> None:
        self._calculations = calculations
        self._call = call

    def close(self) -> None:
        """The host has no cell any more that shows the call."""
        call, self._call = self._call, None
        if call is not None:
            self._calculations._unsubscribe(call)


def _types(value: object) -> object:
    """The types in an argument, which may be a range of many cells: 1 and TRUE are equal, and not the same."""
    if not isinstance(value, tuple):
        return type(value)
    cells = itertools.chain.from_iterable(value) if set(map(type, value)) == {tuple} else value
    if _DIFFERENT.issuperset(map(type, cells)):
        return None
    return tuple(_types(each) if isinstance(each, tuple) else type(each) for each in value)
