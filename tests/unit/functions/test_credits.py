"""Credits for cells: asked for in the background, at most once a minute, and again by itself after a trouble."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.hosts.excel.live_cells.books import WINDOW, Rig, _place
from xl_openfunnel import ServerError
from xl_openfunnel.api.models import Credits
from xl_openfunnel.errors import AuthenticationError, DnsError, MissingKeyError, OpenFunnelError, RateLimitError
from xl_openfunnel.functions import implementations
from xl_openfunnel.functions.context import CREDITS, CallContext
from xl_openfunnel.functions.credits import MAX_AGE, CreditsCache
from xl_openfunnel.jobs.request_pool import KEY_RECHECK_INTERVAL
from xl_openfunnel.keys import Key
from xl_openfunnel.simulator import ManualClock

RICH = Credits(total=100.0, used=40.0, left=60.0)
POOR = Credits(total=100.0, used=90.0, left=10.0)


class Service:
    """An account that answers as the test says, and counts; with time that passes when the test says so."""

    def __init__(self) -> None:
        self.answer: Credits | Exception = RICH
        self.kept_key: str | None = "of_first_key"
        self.good_keys: set[str] | None = None  # all
        self.asked = self.told = self.looks = 0
        self.tell: Callable[[], object] = lambda: None
        self.clock = ManualClock()
        self._found: str | None = None
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def balance(self) -> CreditsCache:
        def told() -> None:
            self.told += 1
            self.tell()

        return CreditsCache(self, clock=self.clock, start=lambda run: run(), call_later=self._later, on_change=told)

    def credits(self) -> Credits:
        key = self.key().value
        self.asked += 1
        if self.good_keys is not None and key not in self.good_keys:
            self.reset_key()  # as the client does
            raise AuthenticationError("The API key was refused.")
        if isinstance(self.answer, Exception):
            raise copy.copy(self.answer)  # another one each time, as a client's
        return self.answer

    def key(self) -> Key:
        self._found = self._found or self.kept_key
        if self._found is None:
            raise MissingKeyError("There is no API key.")
        return Key(self._found, "the test")

    def reset_key(self) -> None:
        self.looks += 1
        self._found = None

    def _later(self, seconds: float, run: Callable[[], None]) -> None:
        self._timers.append((self.clock() + seconds, run))

    def pass_(self, seconds: float) -> None:
        """Let time pass, with whatever is to happen meanwhile."""
        end = self.clock() + seconds
        while due := [timer for timer in self._timers if timer[0] <= end]:
            at, run = timer = min(due, key=lambda timer: timer[0])
            self._timers.remove(timer)
            self.clock.sleep(at - self.clock())
            run()
        self.clock.sleep(end - self.clock())


@pytest.fixture
def service() -> Service:
    return Service()


def test_however_many_ask_the_service_is_asked_once_a_minute(service: Service) -> None:
    balance = service.balance()
    assert [balance.latest() for _ in range(50)] == [RICH] * 50
    assert (service.asked, service.told) == (1, 1)
    service.pass_(MAX_AGE)
    balance.latest()
    assert (service.asked, service.told) == (2, 2)


def test_nobody_waits_for_the_answer(service: Service) -> None:
    begun: list[Callable[[], None]] = []
    balance = CreditsCache(service, clock=service.clock, start=begun.append)
    assert balance.latest() is None
    service.clock.sleep(2 * MAX_AGE)
    assert balance.latest() is None
    (run,) = begun  # an answer that takes long is waited for, and not asked for twice
    run()
    assert balance.latest() == RICH


def test_a_passing_trouble_leaves_what_is_known_and_a_refused_key_does_not(service: Service) -> None:
    balance = service.balance()
    balance.latest()
    for trouble, known in ((ServerError("down"), Credits), (AuthenticationError("no"), AuthenticationError)):
        service.answer = trouble
        service.pass_(MAX_AGE)
        balance.latest()
        assert isinstance(balance.latest(), known)


def test_while_somebody_looks_a_trouble_is_looked_at_again_once_a_minute(service: Service) -> None:
    balance = service.balance()
    service.tell = balance.latest  # as a cell does that is told
    service.answer = DnsError("offline")
    assert isinstance(balance.latest() or balance.latest(), DnsError)
    service.pass_(10 * MAX_AGE - 1)
    assert service.asked == 10
    service.answer = POOR
    service.pass_(MAX_AGE)
    assert balance.latest() == POOR
    service.pass_(10 * MAX_AGE)
    assert service.asked == 11  # what was answered stands until somebody asks


def test_where_nobody_looks_nothing_is_asked(service: Service) -> None:
    service.answer = DnsError("offline")
    service.balance().latest()
    service.pass_(1_000 * MAX_AGE)
    assert (service.asked, service.looks) == (1, 0)


@pytest.mark.parametrize(("wished", "kept"), [(200.0, 200), (86_400.0, 300), (1.0, 60)])
def test_a_service_that_wants_to_be_left_alone_for_longer_is_within_reason(
    service: Service, wished: float, kept: int
) -> None:
    balance = service.balance()
    service.tell = balance.latest
    service.answer = RateLimitError("slowly", retry_after=wished)
    balance.latest()
    service.pass_(kept - 1)
    assert service.asked == 1
    service.pass_(1)
    assert service.asked == 2


def test_a_missing_key_is_noticed_within_seconds_once_it_is_there(service: Service) -> None:
    service.kept_key = None
    balance = service.balance()
    service.tell = balance.latest
    balance.latest()
    service.pass_(1_000 * MAX_AGE)
    assert service.asked == 0
    assert isinstance(balance.latest(), MissingKeyError)
    service.kept_key = "of_another_key"
    service.pass_(KEY_RECHECK_INTERVAL)
    assert balance.latest() == RICH


def test_a_refused_key_is_not_sent_again_and_another_one_is_noticed(service: Service) -> None:
    service.good_keys = {"of_another_key"}
    balance = service.balance()
    service.tell = balance.latest
    balance.latest()
    service.pass_(1_000 * MAX_AGE)
    assert service.asked == 1
    assert isinstance(balance.latest(), AuthenticationError)
    service.kept_key = "of_another_key"
    service.pass_(KEY_RECHECK_INTERVAL)
    assert balance.latest() == RICH


def test_another_key_is_no_reason_to_ask_twice_a_minute(service: Service) -> None:
    service.good_keys = {"of_another_key"}
    balance = service.balance()
    service.tell = balance.latest
    balance.latest()
    service.kept_key = "of_another_key"
    service.pass_(MAX_AGE - 1)
    assert service.asked == 1
    service.pass_(1)
    assert balance.latest() == RICH


def test_what_no_service_should_do_ends_no_asking(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    balance = service.balance()
    service.tell = balance.latest
    service.answer = ZeroDivisionError()
    assert balance.latest() is None
    assert "requesting the credits failed unexpectedly" in caplog.text
    service.answer = RICH
    service.pass_(MAX_AGE)
    assert balance.latest() == RICH


# ---- in a cell of Excel


@dataclass
class Desk:
    credits: CreditsCache
    fetcher: Any = None
    store: Any = None


@pytest.fixture
def rig(service: Service) -> Rig:
    """Live cells over a sheet whose `OF_CREDITS` asks the service."""
    rig = Rig()
    desk = Desk(service.balance())

    def cell(name: str, given: list[Any], where: Any) -> Any:
        look, began = CallContext(desk), rig.live.now()
        block = implementations.evaluate(name, implementations.credits_table, look)
        rig.live.called(WINDOW, _place(where), name, look.dependencies, large=False, began=began)
        return block

    rig.office.excel.functions["OF_CREDITS"] = cell
    service.tell = lambda: rig.live.topic_changed(CREDITS)
    return rig


def minutes(rig: Rig, service: Service, number: int) -> None:
    for _ in range(number * 60):
        rig.pass_(1)
        service.pass_(1)
    rig.pass_(5)


@pytest.mark.parametrize("trouble", [DnsError("Are you online (VPN)?"), AuthenticationError("no")])
def test_a_cell_that_shows_why_there_are_no_credits_becomes_right_by_itself(
    rig: Rig, service: Service, trouble: OpenFunnelError
) -> None:
    service.answer = trouble
    rig.sheet.enter("A1", "=OF_CREDITS()")
    minutes(rig, service, 2)
    assert rig.sheet.value("A1") == trouble.cell_text
    service.answer, service.kept_key = RICH, "of_another_key"
    minutes(rig, service, 1)
    assert rig.sheet.value("A1") == RICH.left


def test_for_a_cell_that_is_gone_the_service_is_not_asked_on(rig: Rig, service: Service) -> None:
    service.answer = DnsError("Are you online (VPN)?")
    rig.sheet.enter("A1", "=OF_CREDITS()")
    minutes(rig, service, 2)
    assert service.asked == 3
    rig.sheet.type("A1", None)
    minutes(rig, service, 10)
    assert service.asked <= 4


def test_for_a_cell_that_is_gone_the_service_is_not_asked_on_where_credits_were_known(
    rig: Rig, service: Service
) -> None:
    rig.sheet.enter("A1", "=OF_CREDITS()")
    minutes(rig, service, 2)
    service.answer = DnsError("Are you online (VPN)?")
    rig.live.topic_changed(CREDITS)  # as when a job is over
    minutes(rig, service, 2)
    assert service.asked == 4
    assert rig.sheet.value("A1") == RICH.left
    rig.sheet.type("A1", None)
    minutes(rig, service, 10)
    assert service.asked <= 5
