"""Credits for cells: requested in the background, at most once a minute, and again after an error."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.hosts.excel.live_cells.books import WINDOW, Rig, calling_ref
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


class Account:
    """An account whose responses, time and timers the test controls; counts what happens."""

    def __init__(self) -> None:
        self.response: Credits | Exception = RICH
        self.stored_key: str | None = "of_first_key"
        self.good_keys: set[str] | None = None  # all
        self.requests = self.notifications = self.key_resets = 0
        self.on_change: Callable[[], object] = lambda: None
        self.clock = ManualClock()
        self._found: str | None = None
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def cache(self) -> CreditsCache:
        def notify() -> None:
            self.notifications += 1
            self.on_change()

        return CreditsCache(self, clock=self.clock, start=lambda run: run(), call_later=self._later, on_change=notify)

    def credits(self) -> Credits:
        key = self.key().value
        self.requests += 1
        if self.good_keys is not None and key not in self.good_keys:
            self.reset_key()  # as the client does
            raise AuthenticationError("The API key was refused.")
        if isinstance(self.response, Exception):
            raise copy.copy(self.response)  # a new one each time, as the client does
        return self.response

    def key(self) -> Key:
        self._found = self._found or self.stored_key
        if self._found is None:
            raise MissingKeyError("There is no API key.")
        return Key(self._found, "the test")

    def reset_key(self) -> None:
        self.key_resets += 1
        self._found = None

    def _later(self, seconds: float, run: Callable[[], None]) -> None:
        self._timers.append((self.clock() + seconds, run))

    def advance(self, seconds: float) -> None:
        """Advance the clock and run the timers that are due."""
        end = self.clock() + seconds
        while due := [timer for timer in self._timers if timer[0] <= end]:
            at, run = timer = min(due, key=lambda timer: timer[0])
            self._timers.remove(timer)
            self.clock.sleep(at - self.clock())
            run()
        self.clock.sleep(end - self.clock())


@pytest.fixture
def account() -> Account:
    return Account()


def test_credits_are_requested_at_most_once_a_minute(account: Account) -> None:
    cache = account.cache()
    assert [cache.latest() for _ in range(50)] == [RICH] * 50
    assert (account.requests, account.notifications) == (1, 1)
    account.advance(MAX_AGE)
    cache.latest()
    assert (account.requests, account.notifications) == (2, 2)


def test_latest_does_not_wait_for_the_response(account: Account) -> None:
    started: list[Callable[[], None]] = []
    cache = CreditsCache(account, clock=account.clock, start=started.append)
    assert cache.latest() is None
    account.clock.sleep(2 * MAX_AGE)
    assert cache.latest() is None
    (run,) = started  # a slow response does not cause a second request
    run()
    assert cache.latest() == RICH


def test_a_retryable_error_keeps_the_known_credits_and_a_refused_key_does_not(account: Account) -> None:
    cache = account.cache()
    cache.latest()
    for error, known in ((ServerError("down"), Credits), (AuthenticationError("no"), AuthenticationError)):
        account.response = error
        account.advance(MAX_AGE)
        cache.latest()
        assert isinstance(cache.latest(), known)


def test_a_failed_request_is_repeated_once_a_minute_while_a_cell_depends_on_it(account: Account) -> None:
    cache = account.cache()
    account.on_change = cache.latest  # as a cell does that is calculated again
    account.response = DnsError("offline")
    assert isinstance(cache.latest() or cache.latest(), DnsError)
    account.advance(10 * MAX_AGE - 1)
    assert account.requests == 10
    account.response = POOR
    account.advance(MAX_AGE)
    assert cache.latest() == POOR
    account.advance(10 * MAX_AGE)
    assert account.requests == 11  # a response is used until a cell asks again


def test_without_dependent_cells_nothing_is_requested(account: Account) -> None:
    account.response = DnsError("offline")
    account.cache().latest()
    account.advance(1_000 * MAX_AGE)
    assert (account.requests, account.key_resets) == (1, 0)


@pytest.mark.parametrize(("retry_after", "waited"), [(200.0, 200), (86_400.0, 300), (1.0, 60)])
def test_retry_after_is_honoured_within_limits(account: Account, retry_after: float, waited: int) -> None:
    cache = account.cache()
    account.on_change = cache.latest
    account.response = RateLimitError("slowly", retry_after=retry_after)
    cache.latest()
    account.advance(waited - 1)
    assert account.requests == 1
    account.advance(1)
    assert account.requests == 2


def test_a_key_that_was_missing_is_noticed_within_seconds(account: Account) -> None:
    account.stored_key = None
    cache = account.cache()
    account.on_change = cache.latest
    cache.latest()
    account.advance(1_000 * MAX_AGE)
    assert account.requests == 0
    assert isinstance(cache.latest(), MissingKeyError)
    account.stored_key = "of_another_key"
    account.advance(KEY_RECHECK_INTERVAL)
    assert cache.latest() == RICH


def test_a_refused_key_is_not_sent_again_and_a_new_key_is_noticed(account: Account) -> None:
    account.good_keys = {"of_another_key"}
    cache = account.cache()
    account.on_change = cache.latest
    cache.latest()
    account.advance(1_000 * MAX_AGE)
    assert account.requests == 1
    assert isinstance(cache.latest(), AuthenticationError)
    account.stored_key = "of_another_key"
    account.advance(KEY_RECHECK_INTERVAL)
    assert cache.latest() == RICH


@pytest.mark.parametrize("stored", ["of_another_key", "of_first_key"])
def test_a_key_that_was_replaced_is_used_at_once(account: Account, stored: str) -> None:
    account.good_keys = {"of_another_key"}
    cache = account.cache()
    account.on_change = cache.latest
    cache.latest()
    account.stored_key = stored
    account.good_keys = {stored}  # the same key may be accepted by now
    cache.key_replaced()
    assert cache.latest() == RICH
    assert account.requests == 2


def test_a_new_key_does_not_cause_a_second_request_within_a_minute(account: Account) -> None:
    account.good_keys = {"of_another_key"}
    cache = account.cache()
    account.on_change = cache.latest
    cache.latest()
    account.stored_key = "of_another_key"
    account.advance(MAX_AGE - 1)
    assert account.requests == 1
    account.advance(1)
    assert cache.latest() == RICH


def test_an_unexpected_exception_does_not_stop_later_requests(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    cache = account.cache()
    account.on_change = cache.latest
    account.response = ZeroDivisionError()
    assert cache.latest() is None
    assert "requesting the credits failed unexpectedly" in caplog.text
    account.response = RICH
    account.advance(MAX_AGE)
    assert cache.latest() == RICH


# ---- in a cell of Excel


@dataclass
class Services:
    credits: CreditsCache
    fetcher: Any = None
    store: Any = None
    columns: Any = None
    known: Any = None


@pytest.fixture
def rig(account: Account) -> Rig:
    """Live cells over a sheet whose `OF_CREDITS` asks the service."""
    rig = Rig()
    services = Services(account.cache())

    def cell(name: str, given: list[Any], where: Any) -> Any:
        context, began = CallContext(services), rig.updater.now()
        block = implementations.evaluate(name, implementations.credits_table, context)
        rig.updater.called(WINDOW, calling_ref(where), name, context.dependencies, large=False, began=began)
        return block

    rig.host.excel.functions["OF_CREDITS"] = cell
    account.on_change = lambda: rig.updater.topic_changed(CREDITS)
    return rig


def pass_minutes(rig: Rig, account: Account, number: int) -> None:
    for _ in range(number * 60):
        rig.advance(1)
        account.advance(1)
    rig.advance(5)


@pytest.mark.parametrize("error", [DnsError("Are you online (VPN)?"), AuthenticationError("no")])
def test_a_cell_with_an_error_shows_the_credits_once_they_are_known(
    rig: Rig, account: Account, error: OpenFunnelError
) -> None:
    account.response = error
    rig.sheet.enter("A1", "=OF_CREDITS()")
    pass_minutes(rig, account, 2)
    assert rig.sheet.value("A1") == error.cell_text
    account.response, account.stored_key = RICH, "of_another_key"
    pass_minutes(rig, account, 1)
    assert rig.sheet.value("A1") == RICH.left


def test_a_deleted_cell_causes_no_further_requests(rig: Rig, account: Account) -> None:
    account.response = DnsError("Are you online (VPN)?")
    rig.sheet.enter("A1", "=OF_CREDITS()")
    pass_minutes(rig, account, 2)
    assert account.requests == 3
    rig.sheet.type("A1", None)
    pass_minutes(rig, account, 10)
    assert account.requests <= 4


def test_a_deleted_cell_causes_no_further_requests_after_known_credits(rig: Rig, account: Account) -> None:
    rig.sheet.enter("A1", "=OF_CREDITS()")
    pass_minutes(rig, account, 2)
    account.response = DnsError("Are you online (VPN)?")
    rig.updater.topic_changed(CREDITS)  # as when a job is over
    pass_minutes(rig, account, 2)
    assert account.requests == 4
    assert rig.sheet.value("A1") == RICH.left
    rig.sheet.type("A1", None)
    pass_minutes(rig, account, 10)
    assert account.requests <= 5
