"""doctor: its output on a terminal, in a pipe and as JSON, and its exit code."""

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

REQUEST = "Allow it. It is set here: HKLM\\X"
BLOCKED = CheckResult(CheckState.WRONG, "blocked [by HKLM\\X]", "Ask IT.", REQUEST)


@pytest.fixture(autouse=True)
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system without Excel, also where the tests run on Windows."""
    monkeypatch.setattr(Machine, "here", classmethod(lambda cls: cls(os.environ, None, "utf-8")))


def test_exit_code_is_0_if_nothing_is_wrong(serve: Serve, run: Run) -> None:
    serve()
    result = run("doctor")
    assert result.code == 0
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert rows[0] == ["state", "check", "what", "cure"]
    assert {row[0] for row in rows[1:-1]} == {"ok"}
    assert (rows[-1][0], rows[-1][2].startswith("only on Windows: Python for Excel, ")) == ("not here", True)
    assert result.err == "All is well, as far as can be seen from here.\n"


def test_a_wrong_key_is_exit_code_1_and_is_in_the_json(serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    monkeypatch.setenv("OPENFUNNEL_API_KEY", SECRET[::-1])
    result = run("doctor", "--json")
    report = json.loads(result.out)
    assert (result.code, report["well"], report["for_it"]) == (1, False, None)
    (wrong,) = [finding for finding in report["findings"] if finding["state"] == "wrong"]
    assert (wrong["part"], wrong["check"]) == ("Service", "key accepted")
    assert wrong["cure"] == "Change or unset OPENFUNNEL_API_KEY."
    assert SECRET[::-1] not in result.out + result.err
    assert result.err == "1 of these is wrong.\n"


@pytest.mark.parametrize(
    "arguments", [["no-such-file.xlsm"], ["--base-url", "http://api.openfunnel.dev"], ["--base-url", "nonsense"]]
)
def test_a_wrong_argument_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    result = run("doctor", *arguments)
    assert (result.code, result.out) == (2, "")


def test_a_workbook_is_checked_too(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    book = tmp_path / "Book.xlsm"
    book.touch()
    result = run("doctor", book)
    assert ", mark of Book.xlsm, " in result.out  # only Windows sets it
    assert "unknown\tversion of Book.xlsm\t" in result.out  # it is an empty file


def test_a_check_that_fails_unexpectedly_stops_no_other(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> CheckResult:
        raise ZeroDivisionError("division by [zero]")

    serve()
    monkeypatch.setattr("xl_openfunnel.doctor.python.xlwings", broken)
    result = run("doctor")
    assert result.code == 0
    assert "unknown\txlwings\tcould not be looked at (ZeroDivisionError: division by [zero])" in result.out
    assert "ok\tkey accepted" in result.out


def test_a_policy_adds_a_text_for_the_it_department(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "xl_openfunnel.doctor.run_checks", lambda *_, **__: iter([("Policies", "child processes", BLOCKED)])
    )
    result = run("doctor")
    assert result.code == 1
    assert "1. Allow it. It is set here: HKLM\\X\n" in result.out
    assert "set here: HKLM\\X" in json.loads(run("doctor", "--json").out)["for_it"]


@pytest.mark.parametrize(("encoding", "mark", "arrow"), [("utf-8", "✗", "→"), ("cp1252", "X", "->")])
def test_a_terminal_shows_aligned_tables_with_cures_below(
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
    policies = lines.index("Policies")
    assert lines[0] == "Python"
    assert lines[1].endswith("  3.11")
    assert "Excel" not in lines  # a part without checks for this system
    assert "Only on Windows: xlwings DLL, Excel" in lines
    assert lines[policies + 1].startswith(f"{mark}  child processes")
    assert lines[policies + 1].endswith("blocked [by HKLM\\X]")
    assert lines[policies + 2].strip() == f"{arrow} Ask IT."
    assert lines[policies + 1].index("blocked") == lines[1].index("3.11") == lines[policies + 2].index(arrow)
