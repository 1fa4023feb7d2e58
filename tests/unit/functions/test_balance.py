"""Credits for cells: asked for in the background, at most once a minute."""

from __future__ import annotations

from collections.abc import Callable

from xl_openfunnel import ServerTrouble
from xl_openfunnel.api.models import Credits
from xl_openfunnel.errors import KeyRefused, OpenFunnelError
from xl_openfunnel.functions.balance import FRESH, Balance
from xl_openfunnel.simulator import ManualClock

RICH = Credits(total=100.0, used=40.0, left=60.0)


class Service:
    """Answers as the test says, and counts."""

    def __init__(self) -> None:
        self.answer: Credits | OpenFunnelError = RICH
        self.asked = self.told = 0

    def ask(self) -> Credits:
        self.asked += 1
        if isinstance(self.answer, OpenFunnelError):
            raise self.answer
        return self.answer

    def tell(self) -> None:
        self.told += 1


def test_however_many_ask_the_service_is_asked_once_a_minute() -> None:
    service, clock = Service(), ManualClock()
    balance = Balance(service.ask, clock=clock, start=lambda run: run(), told=service.tell)
    assert [balance.latest() for _ in range(50)] == [RICH] * 50
    assert (service.asked, service.told) == (1, 1)
    clock.sleep(FRESH)
    balance.latest()
    assert (service.asked, service.told) == (2, 2)


def test_nobody_waits_for_the_answer() -> None:
    service = Service()
    begun: list[Callable[[], None]] = []
    balance = Balance(service.ask, clock=ManualClock(), start=begun.append)
    assert balance.latest() is None
    begun[0]()
    assert balance.latest() == RICH


def test_a_passing_trouble_leaves_what_is_known_and_a_refused_key_does_not() -> None:
    service, clock = Service(), ManualClock()
    balance = Balance(service.ask, clock=clock, start=lambda run: run(), told=service.tell)
    balance.latest()
    for trouble, known in ((ServerTrouble("down"), RICH), (refused := KeyRefused("no"), refused)):
        service.answer = trouble
        clock.sleep(FRESH)
        assert balance.latest() == known
    assert service.told == 3
