"""doctor: what is wrong, on the terminal, as JSON, and by its exit code."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import SECRET, Run, Serve
from xl_openfunnel.cli import terminal
from xl_openfunnel.doctor.result import NOT_HERE, CheckResult, CheckState
from xl_openfunnel.doctor.runner import Machine

WISH = "Allow it. It is set here: HKLM\\X"
BLOCKED = CheckResult(CheckState.WRONG, "blocked [by HKLM\\X]", "Ask IT.", WISH)


@pytest.fixture(autouse=True)
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system without Excel, also where the tests run on Windows."""
    monkeypatch.setattr(Machine, "here", classmethod(lambda cls: cls(os.environ, None, "utf-8")))


def test_all_well_is_exit_code_0(serve: Serve, run: Run) -> None:
    serve()
    ran = run("doctor")
    assert ran.code == 0
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert rows[0] == ["state", "check", "what", "cure"]
    assert {row[0] for row in rows[1:-1]} == {"ok"}
    assert (rows[-1][0], rows[-1][2].startswith("only on Windows: Python for Excel, ")) == ("not here", True)
    assert ran.err == "All is well, as far as can be seen from here.\n"


def test_a_wrong_key_is_exit_code_1_and_said_in_json(serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    monkeypatch.setenv("OPENFUNNEL_API_KEY", SECRET[::-1])
    ran = run("doctor", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["well"], told["for_it"]) == (1, False, None)
    (wrong,) = [finding for finding in told["findings"] if finding["state"] == "wrong"]
    assert (wrong["part"], wrong["check"]) == ("Service", "key accepted")
    assert wrong["cure"] == "Change or unset OPENFUNNEL_API_KEY."
    assert SECRET[::-1] not in ran.out + ran.err
    assert ran.err == "1 of these is wrong.\n"


@pytest.mark.parametrize(
    "arguments", [["no-such-file.xlsm"], ["--base-url", "http://api.openfunnel.dev"], ["--base-url", "nonsense"]]
)
def test_a_wrong_call_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    ran = run("doctor", *arguments)
    assert (ran.code, ran.out) == (2, "")


def test_a_workbook_is_looked_at_as_well(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    book = tmp_path / "Book.xlsm"
    book.touch()
    ran = run("doctor", book)
    assert ", mark of Book.xlsm, " in ran.out  # which only Windows makes
    assert "unknown\tversion of Book.xlsm\t" in ran.out  # it is no workbook at all


def test_a_check_that_fails_unexpectedly_stops_no_other(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> CheckResult:
        raise ZeroDivisionError("division by [zero]")

    serve()
    monkeypatch.setattr("xl_openfunnel.doctor.python.xlwings", broken)
    ran = run("doctor")
    assert ran.code == 0
    assert "unknown\txlwings\tcould not be looked at (ZeroDivisionError: division by [zero])" in ran.out
    assert "ok\tkey accepted" in ran.out


def test_a_policy_ends_with_a_text_for_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "xl_openfunnel.doctor.run_checks", lambda *_, **__: iter([("Policies", "child processes", BLOCKED)])
    )
    ran = run("doctor")
    assert ran.code == 1
    assert "1. Allow it. It is set here: HKLM\\X\n" in ran.out
    assert "set here: HKLM\\X" in json.loads(run("doctor", "--json").out)["for_it"]


@pytest.mark.parametrize(("encoding", "mark", "arrow"), [("utf-8", "✗", "→"), ("cp1252", "X", "->")])
def test_a_terminal_shows_parts_aligned_and_cures_below(
    run: Run, monkeypatch: pytest.MonkeyPatch, encoding: str, mark: str, arrow: str
) -> None:
    findings = [
        ("Python", "Python", CheckResult(CheckState.OK, "3.11")),
        ("Python", "xlwings DLL", NOT_HERE),
        ("Excel", "Excel", NOT_HERE),
        ("Policies", "child processes", BLOCKED),
    ]
    monkeypatch.setattr("xl_openfunnel.doctor.run_checks", lambda *_, **__: iter(findings))
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: stream is sys.stdout)
    monkeypatch.setattr(terminal, "can_print_unicode", lambda _: encoding == "utf-8")
    monkeypatch.setenv("COLUMNS", "100")
    lines = run("doctor").out.splitlines()
    at = lines.index("Policies")
    assert lines[0] == "Python"
    assert lines[1].endswith("  3.11")
    assert "Excel" not in lines  # a part of which nothing is here
    assert "Only on Windows: xlwings DLL, Excel" in lines
    assert lines[at + 1].startswith(f"{mark}  child processes")
    assert lines[at + 1].endswith("blocked [by HKLM\\X]")
    assert lines[at + 2].strip() == f"{arrow} Ask IT."
    assert lines[at + 1].index("blocked") == lines[1].index("3.11") == lines[at + 2].index(arrow)
