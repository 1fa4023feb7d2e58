"""A short run of the model, the same every time, so that a failure is due to a change."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from xl_openfunnel import Page, Rows
from xl_openfunnel.jobs.policy import download, polling

from . import model


def test_the_promises_hold_for_any_events_in_any_order() -> None:
    runs, steps = model.run(runs=40, steps=25)
    assert runs >= 40
    assert steps >= 400


def test_the_model_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_page_less(pages: tuple[Page, ...]) -> Rows:
        return rows_of(pages[:-1] or pages)

    rows_of = Rows.of
    for module in (polling, download):
        monkeypatch.setattr(module, "Rows", SimpleNamespace(of=one_page_less))
    with pytest.raises(AssertionError, match="or others"):
        model.run(runs=400, steps=25)
