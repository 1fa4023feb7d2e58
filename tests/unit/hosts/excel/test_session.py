"""What Excel adds to the shared session."""

from __future__ import annotations

from typing import Any

import pytest

from xl_openfunnel.hosts.excel import session
from xl_openfunnel.hosts.excel.session import ExcelHost

UNUSED: Any = None


class Runner:
    """Commands that note how long they were waited for."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def finish_urgent(self, timeout: float) -> None:
        self.waited.append(timeout)


def test_the_requests_under_way_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    runner: Any = Runner()
    monkeypatch.setattr(session, "_hosts", [ExcelHost(UNUSED, commands=runner)])
    session.finish_requests(90.0)
    assert runner.waited == [90.0]
    monkeypatch.setattr(session, "_hosts", [ExcelHost(UNUSED)])  # on other systems than Windows
    session.finish_requests(90.0)
