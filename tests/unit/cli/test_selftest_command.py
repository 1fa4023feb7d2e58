"""selftest: refused without Excel, and its output with one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from xl_openfunnel.cli import selftest
from xl_openfunnel.selftest import Outcome, OutcomeState, runner

PASSED = Outcome("a cell changes by itself", OutcomeState.PASSED)
DETAILED = Outcome("companies spill", OutcomeState.PASSED, "251 lines")
FAILED = Outcome("undo survives", OutcomeState.FAILED, "there is\nnothing to undo")
UNTRIED = Outcome("the copy opens", OutcomeState.SKIPPED, "no copy was made")


@pytest.mark.skipif(sys.platform == "win32", reason="it would start Excel")
@pytest.mark.parametrize("call", [("selftest",), ("selftest", "--json")])
def test_other_systems_than_windows_are_refused(run: Run, call: tuple[str, ...]) -> None:
    result = run(*call)
    assert (result.code, result.out) == (2, "")
    assert "real Excel on Windows" in result.err
    assert "xl-openfunnel doctor" in result.err


def fake_checks(monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome) -> None:
    """Pretend that Excel and its Python exist and that the checks give these outcomes."""

    def run_checks(program: str, interpreter: str, **_: Any) -> Iterator[Outcome]:
        assert (program, interpreter) == ("excel.exe", "pythonw.exe")
        yield from outcomes

    monkeypatch.setattr(selftest, "_find_excel_and_python", lambda: ("excel.exe", "pythonw.exe"))
    monkeypatch.setattr(runner, "run_checks", run_checks)


def test_each_check_is_a_line_and_a_failed_one_is_exit_code_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_checks(monkeypatch, PASSED, DETAILED, FAILED, UNTRIED)
    result = run("selftest")
    assert result.code == 1
    assert result.out.splitlines() == [
        "held: a cell changes by itself",
        "held: companies spill (251 lines)",
        "FAILED: undo survives (there is nothing to undo)",
        "not tried: the copy opens (no copy was made)",
    ]
    assert "2 of 4 hold, 1 failed, 1 not tried." in result.err


def test_a_skipped_check_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_checks(monkeypatch, PASSED, UNTRIED)
    assert run("selftest").code == 0


def test_json_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_checks(monkeypatch, PASSED, FAILED)
    result = run("selftest", "--json")
    report = json.loads(result.out)
    assert result.code == 1
    assert report["well"] is False
    assert report["checks"] == [
        {"check": "a cell changes by itself", "state": "held", "what": None},
        {"check": "undo survives", "state": "failed", "what": "there is\nnothing to undo"},
    ]
