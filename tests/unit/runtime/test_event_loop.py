"""One thread, one inbox, timed work, and a log of the traffic that holds no data of the user."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

import pytest

from tests.unit.hosts.clocks import JumpingClock
from xl_openfunnel.runtime.clock import SystemClock
from xl_openfunnel.runtime.event_loop import MAX_WAIT, RETRY_DELAY, EventLoop


@dataclass(frozen=True)
class Arrived:
    number: int
    secret: str = field(default="of_secret", repr=False)


class Owner:
    """Notes what its loop does; timed work is due at the times in ``due``."""

    def __init__(self, *due: float) -> None:
        self.clock = JumpingClock()
        self.start = self.clock.now
        self.due = list(due)
        self.log: list[object] = []
        self.loop = EventLoop[Arrived]("test", self.clock, self.handle, self.run_due)

    def handle(self, event: Arrived) -> None:
        self.log.append(event.number)
        if event.number < 0:
            raise ValueError("a negative number")

    def run_due(self) -> float | None:
        now = self.clock.now - self.start
        while self.due and self.due[0] <= now:
            self.log.append(f"due at {self.due.pop(0):g}")
        return self.due[0] - now if self.due else None


def test_events_are_handled_in_the_order_in_which_they_were_posted() -> None:
    owner = Owner()
    for number in range(3):
        owner.loop.post(Arrived(number))
    owner.loop.when_handled(owner.loop.close)
    owner.loop.run()
    assert owner.log == [0, 1, 2]


def test_timed_work_is_done_when_it_is_due_however_far_away_that_is() -> None:
    owner = Owner(5.0, 10 * MAX_WAIT)
    run_due = owner.run_due

    def stop_at_the_end() -> float | None:
        seconds = run_due()
        if not owner.due:
            owner.loop.close()
        return seconds

    owner.loop._run_due = stop_at_the_end
    owner.loop.when_handled(lambda: None)
    owner.loop.run()
    assert owner.log == ["due at 5", f"due at {10 * MAX_WAIT:g}"]
    assert owner.clock.now - owner.start == 10 * MAX_WAIT


def test_a_step_handles_one_event_and_says_when_more_is_due() -> None:
    owner = Owner(5.0)
    owner.loop.post(Arrived(1))
    owner.loop.post(Arrived(2))
    assert owner.loop.step() == 5.0
    assert owner.log == [1]
    owner.loop.step()
    owner.clock.now += 5.0
    assert owner.loop.step() is None
    assert owner.log == [1, 2, "due at 5"]


def test_an_exception_in_a_handler_is_logged_and_the_loop_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    owner = Owner(0.0)
    owner.loop.post(Arrived(-1))
    owner.loop.step()
    owner.loop.post(Arrived(1))
    owner.loop.step()
    assert owner.log == [-1, "due at 0", 1]
    assert [record.message for record in caplog.records] == ["test: Arrived failed unexpectedly"]
    assert "a negative number" in caplog.text


def test_timed_work_that_raises_is_logged_and_tried_again_a_little_later(caplog: pytest.LogCaptureFixture) -> None:
    owner = Owner()
    run_due = owner.run_due

    def fail_once() -> float | None:
        owner.loop._run_due = run_due
        raise ValueError("once")

    owner.loop._run_due = fail_once
    assert owner.loop.step() == RETRY_DELAY
    assert owner.loop.step() is None
    assert [record.message for record in caplog.records] == ["test: timed work failed unexpectedly"]


def test_a_callback_is_called_once_all_events_before_it_are_handled() -> None:
    owner = Owner()
    owner.loop.post(Arrived(1))
    owner.loop.when_handled(lambda: owner.log.append("handled"))
    owner.loop.post(Arrived(2))
    owner.loop.handle_pending()
    assert owner.log == [1, "handled", 2]


def test_the_traffic_is_logged_without_the_fields_that_hold_data(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    owner = Owner()
    owner.loop.post(Arrived(7))
    owner.loop.step()
    assert [record.message for record in caplog.records] == ["test: Arrived(number=7)"]


def test_closing_ends_the_thread_after_the_event_in_hand() -> None:
    begun, go, handled = threading.Event(), threading.Event(), []

    def handle(event: Arrived) -> None:
        handled.append(event.number)
        begun.set()
        assert go.wait(30)

    loop = EventLoop[Arrived]("test", SystemClock(), handle, lambda: None)
    loop.start()
    loop.post(Arrived(1))
    assert begun.wait(30)
    loop.post(Arrived(2))
    loop.close()
    go.set()
    loop.close(30)
    assert handled == [1]
    assert "openfunnel-test" not in {thread.name for thread in threading.enumerate()}
