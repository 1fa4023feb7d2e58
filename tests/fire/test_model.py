"""The model that lies in wait, for a moment: the same runs every time, so that a gate fails for what was changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xl_openfunnel import OpenFunnelError
from xl_openfunnel.jobs import plan
from xl_openfunnel.jobs.snapshot import NO_ROWS
from xl_openfunnel.jobs.state import Moment, State, troubled

from . import model


def test_whatever_happens_in_whatever_order_the_promises_hold() -> None:
    runs, steps = model.run(runs=60, steps=25)
    assert runs >= 60
    assert steps >= 600


def test_the_model_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(state: State, error: OpenFunnelError, moment: Moment) -> State:
        return replace(troubled(state, error, moment), shown=NO_ROWS, pages=())

    monkeypatch.setattr(plan, "troubled", forgetful)
    with pytest.raises(AssertionError, match="rows in"):
        model.run(runs=100, steps=25)
