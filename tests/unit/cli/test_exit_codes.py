"""What scripts can tell from an exit code."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest

from tests.unit.cli.conftest import DONE, Run, Serve
from xl_openfunnel import FileWriteError, InstallError, ProxyError, TransportError, errors
from xl_openfunnel.cli import EXIT_CODES
from xl_openfunnel.cli.exit_codes import CODE_OF, PRECEDENCE, exit_code, report
from xl_openfunnel.errors import JobFailedError, JobTimeoutError, MissingKeyError, OpenFunnelError, UnknownColumnError
from xl_openfunnel.simulator import Fault

ERRORS = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.OpenFunnelError)
]


def test_every_error_has_an_exit_code_that_is_documented() -> None:
    assert set(CODE_OF) == set(ERRORS)
    for error in ERRORS:
        code = exit_code(error("It did not work."))
        assert code == CODE_OF[error]
        assert code in EXIT_CODES
        assert (code == 3) == error.retryable
    assert set(PRECEDENCE) < set(EXIT_CODES)


def test_an_error_that_waiting_does_not_mend_is_never_code_3() -> None:
    for error in ERRORS:
        unmended = error("It did not work.")
        unmended.retryable = False
        assert exit_code(unmended) == (2 if CODE_OF[error] == 3 else CODE_OF[error])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileWriteError("Open elsewhere.", locked=True), 3),
        (FileWriteError("Disk full."), 1),
        (InstallError("Excel runs.", retryable=True), 3),
        (ProxyError("The setting names no proxy.", retryable=False), 2),
        (TransportError("Broke off."), 3),
        (sqlite3.OperationalError("database is locked"), 3),
        (sqlite3.DatabaseError("file is not a database"), 1),
        (OSError(28, "No space left on device"), 1),
        (ZeroDivisionError(), 1),
    ],
)
def test_an_error_may_say_that_trying_again_helps_or_does_not(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_of_several_errors_the_one_that_needs_a_person_decides() -> None:
    later, failed, wrong, key = JobTimeoutError("."), JobFailedError("."), UnknownColumnError("."), MissingKeyError(".")
    several: list[OpenFunnelError] = []
    for error, code in ((later, 3), (failed, 1), (wrong, 2), (key, 4)):
        several.append(error)
        assert exit_code(ExceptionGroup("", several)) == code
        assert exit_code(ExceptionGroup("", several[::-1])) == code


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ([Fault("status", status=status, on="any")], code)
        for status, code in [(401, 4), (403, 4), (402, 1), (400, 1), (422, 1), (429, 3), (500, 3), (503, 3), (408, 3)]
    ]
    + [([Fault(kind, on="any")], 3) for kind in ("reset", "cut", "html")]
    + [
        ([Fault("status", status=407, on="any")], 2),
        *(([Fault("redirect", status=status, location="/elsewhere", on="any")], 2) for status in (301, 302, 307)),
    ],
)
@pytest.mark.parametrize("command", ["status", "credits"])
def test_what_the_service_answers_decides_the_exit_code(
    serve: Serve, run: Run, faults: list[Fault], code: int, command: str
) -> None:
    serve(faults=faults)
    result = run(command, *([DONE.job_id] if command == "status" else []))
    assert (result.code, "Try again" in result.err or "Wait a while" in result.err) == (code, code == 3)


@pytest.mark.parametrize("command", ["rows", "watch"])
def test_a_service_that_a_person_must_unblock_is_not_waited_for(serve: Serve, run: Run, command: str) -> None:
    serve(faults=[Fault("status", status=407, on="any")])
    result = run(command, DONE.job_id)
    assert (result.code, "asks for a password" in result.err) == (2, True)


def test_a_service_that_is_down_is_code_3(serve: Serve, run: Run) -> None:
    serve().stop()
    assert run("status", DONE.job_id).code == 3


@pytest.mark.parametrize("words", [["--nonsense"], ["rows"], ["rows", "--timeout"], ["status", "a", "--nonsense"], []])
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_wrong_call_is_code_2_in_both_formats(run: Run, words: list[str], log_format: str) -> None:
    result = run("--log-format", log_format, *words)
    assert (result.code, result.out) == (2, "")
    if log_format == "json":
        (line,) = map(json.loads, result.err.splitlines())
        assert (line["level"], line["exit_code"]) == ("error", 2)
        assert line["message"].endswith("--help tells more.")
    else:
        assert result.err.startswith("error: ")
        assert result.err.endswith("--help tells more.\n")


@pytest.mark.parametrize("words", [[], ["key"]])
def test_a_call_without_a_command_is_answered_with_help(run: Run, words: list[str]) -> None:
    result = run(*words)
    assert (result.code, result.err.startswith("Usage: xl-openfunnel")) == (2, True)
    (line,) = map(json.loads, run(*words, "--log-format", "json").err.splitlines())
    assert line["message"].startswith("Missing command")


def test_a_wrong_choice_is_answered_with_the_choices_and_no_internal_word(run: Run) -> None:
    err = run("completion", "ksh").err
    assert err.startswith("error: Invalid value for 'SHELL': 'ksh' is not one of 'bash', ")


def test_the_help_tells_the_exit_codes(run: Run) -> None:
    out = " ".join(run("--help").out.split())
    for code, meaning in EXIT_CODES.items():
        assert re.search(rf"Exit code {code}: {re.escape(meaning)}", out)


@pytest.mark.parametrize("error", [sqlite3.OperationalError("database is locked"), OSError(11, "busy")])
def test_a_store_in_use_is_not_to_be_forgotten(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    report(error)
    assert "forget" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=503),
        *(Fault("json", body=body, on="any") for body in (b"{}", b"<html>", b"", b"[1]", b"{")),
    ],
)
def test_what_to_do_is_said_once(serve: Serve, run: Run, fault: Fault) -> None:
    serve(faults=[fault])
    result = run("status", DONE.job_id)
    assert (result.code, len(re.findall("[Tt]ry again|Wait a while", result.err))) == (3, 1)
