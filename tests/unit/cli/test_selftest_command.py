"""The command that tries a real Excel, where there is none, and what it prints where there is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from xl_openfunnel.cli import selftest
from xl_openfunnel.selftest import Outcome, OutcomeState, runner

HELD = Outcome("a cell changes by itself", OutcomeState.PASSED)
SEEN = Outcome("companies spill", OutcomeState.PASSED, "251 lines")
WRONG = Outcome("undo survives", OutcomeState.FAILED, "there is\nnothing to undo")
LEFT = Outcome("the copy opens", OutcomeState.SKIPPED, "no copy was made")


@pytest.mark.skipif(sys.platform == "win32", reason="there it would be tried")
@pytest.mark.parametrize("call", [("selftest",), ("selftest", "--json")])
def test_elsewhere_than_on_windows_it_says_so(run: Run, call: tuple[str, ...]) -> None:
    ran = run(*call)
    assert (ran.code, ran.out) == (2, "")
    assert "real Excel on Windows" in ran.err
    assert "xl-openfunnel doctor" in ran.err


def trying(monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome) -> None:
    """Have an Excel and its Python be there, and these come of the checks."""

    def perform(program: str, interpreter: str, **_: Any) -> Iterator[Outcome]:
        assert (program, interpreter) == ("excel.exe", "pythonw.exe")
        yield from outcomes

    monkeypatch.setattr(selftest, "_find_excel_and_python", lambda: ("excel.exe", "pythonw.exe"))
    monkeypatch.setattr(runner, "run_checks", perform)


def test_a_line_for_each_check_and_one_that_failed_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trying(monkeypatch, HELD, SEEN, WRONG, LEFT)
    ran = run("selftest")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "held: a cell changes by itself",
        "held: companies spill (251 lines)",
        "FAILED: undo survives (there is nothing to undo)",
        "not tried: the copy opens (no copy was made)",
    ]
    assert "2 of 4 hold, 1 failed, 1 not tried." in ran.err


def test_what_was_not_tried_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trying(monkeypatch, HELD, LEFT)
    assert run("selftest").code == 0


def test_json_for_other_programs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trying(monkeypatch, HELD, WRONG)
    ran = run("selftest", "--json")
    told = json.loads(ran.out)
    assert ran.code == 1
    assert told["well"] is False
    assert told["checks"] == [
        {"check": "a cell changes by itself", "state": "held", "what": None},
        {"check": "undo survives", "state": "failed", "what": "there is\nnothing to undo"},
    ]
