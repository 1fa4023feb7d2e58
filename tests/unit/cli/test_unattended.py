"""What a script relies on: refreshes that fail, and quiet or JSON logs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import DONE, ENDLESS, FAILED, OTHER, ROWS, SECRET, SHORT, SLOW, Run, Serve
from xl_openfunnel.cli import progress_lines, terminal, watch
from xl_openfunnel.cli.log_format import json_line
from xl_openfunnel.cli.progress_lines import ProgressLines
from xl_openfunnel.errors import JobNotFoundError
from xl_openfunnel.jobs.snapshot import Problem, Snapshot
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator

pytestmark = pytest.mark.dependencies

DOWN = "down"
FAILURES = {
    DOWN: 3,
    "401": 4,
    "403": 4,
    "404": 1,
    "429": 3,
    "503": 3,
    "402": 1,
}


def fail(service: Simulator, how: str) -> None:
    if how == DOWN:
        service.stop()
    else:
        service.faults = [Fault("status", status=int(how))]


# --- a refresh that fails ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", FAILURES)
@pytest.mark.parametrize("command", ["rows", "watch", "status"])
def test_a_refresh_that_fails_has_its_exit_code_and_leaves_the_file_alone(
    serve: Serve, run: Run, tmp_path: Path, how: str, command: str
) -> None:
    service = serve()
    run("rows", DONE.job_id, "-o", tmp_path / "rows.csv")
    (tmp_path / "rows.csv").write_text("mine")
    fail(service, how)
    options = ["-o", tmp_path / "rows.csv"] if command != "status" else []
    result = run(command, DONE.job_id, "--refresh", *options)
    assert (result.code, result.out) == (FAILURES[how], "")
    assert (tmp_path / "rows.csv").read_text() == "mine"
    assert result.err.splitlines()[-1].startswith("error: ")
    assert run("rows", DONE.job_id, "-o", tmp_path / "rows.csv").code == 0  # what was stored is still there


@pytest.mark.parametrize("how", FAILURES)
def test_allow_stale_takes_the_stored_rows_and_says_that_they_are_old_and_why(
    serve: Serve, run: Run, tmp_path: Path, how: str
) -> None:
    service = serve()
    run("rows", DONE.job_id, "-o", tmp_path / "rows.csv")
    before = (tmp_path / "rows.csv").read_bytes()
    fail(service, how)
    result = run("-q", "rows", DONE.job_id, "--refresh", "--allow-stale", "-o", tmp_path / "again.csv")
    assert (result.code, (tmp_path / "again.csv").read_bytes()) == (0, before)
    (warning,) = result.err.splitlines()
    assert warning.startswith(f"warning: The rows of {DONE.job_id} are of 20")
    assert "reading them again failed" in warning


def test_allow_stale_helps_nothing_where_nothing_is_stored(serve: Serve, run: Run) -> None:
    serve().stop()
    assert run("rows", DONE.job_id, "--refresh", "--allow-stale").code == 3


def test_allow_stale_without_refresh_is_a_wrong_call(serve: Serve, run: Run) -> None:
    serve()
    assert run("rows", DONE.job_id, "--allow-stale").code == 2


def test_a_refresh_waits_no_longer_than_its_timeout(serve: Serve, run: Run) -> None:
    service = serve()
    run("rows", DONE.job_id)
    service.stop()
    result = run("rows", DONE.job_id, "--refresh", "--timeout", 20)
    assert result.code == 3
    assert "was not read again, and the 20 seconds given to it are over" in result.err
    assert "\nTo take the 250 companies read on " in result.err
    assert "add --allow-stale to this command." in result.err


def test_a_column_is_checked_no_longer_than_the_service_may_be_silent(serve: Serve, run: Run) -> None:
    serve().stop()
    assert run("rows", DONE.job_id, "--columns", "name").code == 3  # it ends


def test_a_refreshed_job_is_read_again(serve: Serve, run: Run) -> None:
    service = serve()
    run("rows", DONE.job_id)
    sent = len(service.received)
    assert "Read again from the service." in run("rows", DONE.job_id, "--refresh").err
    assert len(service.received) == sent + DONE.page_count
    report = json.loads(run("status", DONE.job_id, "--refresh", "--json").out)
    assert (report["status"], report["stale"], len(service.received)) == (
        "completed",
        False,
        sent + DONE.page_count + 1,
    )
    assert run("watch", DONE.job_id, "--refresh").out.splitlines()[-1].endswith("final")


def test_status_as_json_tells_the_stored_state_beside_the_problem(serve: Serve, run: Run) -> None:
    service = serve()
    run("rows", DONE.job_id)
    service.stop()
    result = run("status", DONE.job_id, "--refresh", "--json")
    report = json.loads(result.out)
    assert (result.code, report["stale"], report["rows"], report["problem"]["kind"]) == (3, True, 250, "ConnectError")


def test_a_reader_that_wants_no_more_hides_no_error_that_is_known(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object, **__: object) -> None:
        raise terminal.StdoutClosedError

    serve(DONE, FAILED)
    for name in ("print_lines", "print_json"):
        monkeypatch.setattr(terminal, name, closed)
    for options in ([], ["--json"]):
        assert run("status", DONE.job_id, *options).code == 0
        assert run("status", "no-seeds", *options).code == 1
        assert run("status", "no-seeds", DONE.job_id, *options).code == 1


# --- quiet, JSON and few lines -------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 2])
def test_quiet_leaves_out_all_but_warnings_and_errors(serve: Serve, run: Run, tmp_path: Path, place: int) -> None:
    job = SimulatedJob(ROWS, job_id="weak", manifest={"rerank_degraded": True})
    serve(job, DONE)
    words: list[object] = ["rows", DONE.job_id, "-o", tmp_path / "rows.csv", "--raw"]
    words.insert(place, "-q")
    assert (run(*words).code, run(*words).err) == (0, "")
    assert "the order is weaker" in run("rows", "weak", "--quiet", "-o", tmp_path / "rows.csv").err
    assert run("-q", "rows", "unknown").err.startswith("error: ")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["rows", DONE.job_id, "-o", "rows.csv"], 0),
        (["rows", DONE.job_id, "slow", "-o", "rows.xlsx", "--debug"], 0),
        (["rows", "no-seeds"], 1),
        (["rows", "unknown", "short", "--timeout", "60"], 1),
        (["status", "not a job!"], 2),
        (["watch", "endless", "--timeout", "60"], 3),
        (["nonsense"], 2),
        (["label", DONE.job_id, "Texas"], 0),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else str(value),
)
def test_the_json_log_is_an_object_with_a_time_per_line(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    serve(DONE, SLOW, FAILED, SHORT, ENDLESS)
    result = run(*words, "--log-format", "json")
    assert result.code == code
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert lines
    for line in lines:
        assert datetime.fromisoformat(line["time"]).utcoffset() is not None
        assert line["time"].endswith("Z")
        assert line["level"] in ("debug", "info", "warning", "error")
        assert line["event"]
        assert line["message"]
    errors = [line for line in lines if line["level"] == "error"]
    assert [line["exit_code"] for line in errors] == [code] * len(errors)
    assert bool(errors) == bool(code)


def test_the_json_log_tells_progress_in_fields(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(SLOW)
    lines = [
        json.loads(line)
        for line in run("--log-format=json", "rows", "slow", "-o", tmp_path / "rows.csv").err.splitlines()
    ]
    progress = [line for line in lines if line["event"] == "progress"]
    assert [line["job"] for line in progress] == ["slow"] * len(progress)
    assert (progress[-1]["status"], progress[-1]["rows"], progress[-1]["final"]) == ("completed", 50, True)
    (written,) = (line for line in lines if line["event"] == "written")
    assert (written["file"], written["rows"]) == (str(tmp_path / "rows.csv"), 50)


ABOUT_ONE_JOB = [
    *(["rows", "no-seeds"], ["rows", "short"], ["rows", "endless", "--timeout", "60"], ["rows", "unknown"]),
    *(["rows", "no-seeds", "--partial"], ["status", "no-seeds"], ["status", "unknown"], ["watch", "no-seeds"]),
    *(["cancel", "other", "--yes"], ["cancel", "unknown", "--yes"], ["export", "out", "no-seeds"]),
    *(["sql", "from companies", "--job", "no-seeds"], ["rows", "other", "no-seeds"], ["status", "other", "unknown"]),
]


@pytest.mark.parametrize("words", ABOUT_ONE_JOB, ids=" ".join)
def test_an_error_or_a_warning_about_a_job_has_its_id(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    serve(OTHER, FAILED, SHORT, ENDLESS)
    run("rows", "no-seeds")
    run("label", "no-seeds", "mine")
    named = [word for word in words if word in ("no-seeds", "short", "endless", "unknown", "other")][-1]
    lines = map(json.loads, run("--log-format", "json", *words).err.splitlines())
    told = [line for line in lines if line["level"] in ("warning", "error")]
    assert {line.get("job") for line in told} == {named}, told


@pytest.mark.parametrize(
    "words", [["rows", "other", "no-seeds"], ["credits"], ["rows", "not a job!"], ["known", "show", "a"]]
)
def test_an_error_about_no_single_job_has_none(serve: Serve, run: Run, words: list[str]) -> None:
    serve(OTHER, FAILED, faults=[Fault("status", status=401, on="any")])
    (line,) = [json.loads(line) for line in run("--log-format", "json", *words).err.splitlines() if "error" in line]
    assert "job" not in line


def test_no_key_is_in_a_json_log_whatever_is_logged() -> None:
    line = json_line("error", "message", f"Key {SECRET}", {"more": [SECRET], "other": ValueError(SECRET)})
    assert SECRET not in line
    assert json.loads(line)["message"] == "Key of_…"


def test_the_json_log_has_one_name_for_whether_a_job_is_final_and_one_for_how_many_are(serve: Serve, run: Run) -> None:
    serve(SLOW, OTHER)
    result = run("--log-format=json", "rows", "slow", "other", "--columns", "name")
    progress = [line for line in map(json.loads, result.err.splitlines()) if line["event"] == "progress"]
    assert progress[-1]["final_jobs"] == 2
    assert {type(line["final"]) for line in progress if "final" in line} <= {bool}


def test_ctrl_c_while_a_file_is_kept_up_to_date_says_that_it_stays(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = watch._try_write
    written: list[object] = []

    def write_once(*arguments: Any) -> int | None:
        if written:
            raise KeyboardInterrupt
        written.append(arguments[0])
        return write(*arguments)

    monkeypatch.setattr(watch, "_try_write", write_once)
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    serve(SLOW)
    file = tmp_path / "rows.csv"
    result = run("watch", "slow", "-o", file)
    companies = len(file.read_text().splitlines()) - 1
    assert result.code == 130
    said = re.search(r"rows.csv stays, with (\d+) compan(?:y|ies), provisional: .*\nStopped\.$", result.err.strip())
    assert said is not None
    assert int(said[1]) == companies


@pytest.mark.parametrize("command", ["watch", "rows"])
def test_what_is_written_of_a_cancelled_job_is_told_as_such(
    serve: Serve, run: Run, tmp_path: Path, command: str
) -> None:
    serve(SimulatedJob(ROWS[:50], job_id="over", ending="cancelled"))
    assert " companies (cancelled) written to" in run(command, "over", "-o", tmp_path / "rows.csv").err


def test_a_wrong_log_format_is_a_wrong_call(run: Run) -> None:
    assert run("--log-format", "xml", "jobs").code == 2


def test_there_is_at_most_one_progress_line_in_30_seconds(serve: Serve, run: Run, time: ManualClock) -> None:
    long = SimulatedJob(ROWS, job_id="long", pending=2.0, running=600.0)
    serve(long, SLOW)
    for words in (["long"], ["long", "slow", "--refresh"]):
        started = time()
        result = run("rows", *words, "--columns", "name")
        lines = [line for line in result.err.splitlines() if " · " in line or line.startswith("waiting")]
        assert 2 <= len(lines) <= (time() - started) / progress_lines.LINE_INTERVAL + 2


class Timers:
    """Timers that fire when the test says so, and the lines that were printed."""

    def __init__(self) -> None:
        self.now = 0.0
        self.callbacks: list[tuple[float, object]] = []
        self.lines: list[str] = []

    def start(self, seconds: float, callback: object) -> Timers:
        self.callbacks.append((self.now + seconds, callback))
        return self

    def cancel(self) -> None:
        self.callbacks.clear()

    def progress(self) -> ProgressLines:
        return ProgressLines(lambda text, **_: self.lines.append(text), lambda: self.now, self.start)


def test_a_change_within_the_interval_is_printed_when_it_ends() -> None:
    timers = Timers()
    progress = timers.progress()
    for processed in range(5):
        progress(Snapshot("job", processed=processed))
        timers.now += 1.0
    assert (len(timers.lines), [at for at, _ in timers.callbacks]) == (1, [30.0])
    timers.now = 30.0
    timers.callbacks.pop()[1]()  # type: ignore[operator]
    assert len(timers.lines) == 2
    assert timers.lines[-1] != timers.lines[0]
    timers.now = 61.0
    progress(Snapshot("job", processed=4))  # nothing new
    assert len(timers.lines) == 2
    progress(Snapshot("job", processed=9))
    progress(Snapshot("job", processed=10))
    progress.close()
    assert (len(timers.lines), timers.callbacks) == (4, [])
    progress(Snapshot("job", processed=11))
    assert len(timers.lines) == 4


@pytest.mark.parametrize("options", [[], ["--quiet"]])
def test_a_question_is_a_line_of_json_too(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    serve(ENDLESS)
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    for command in (("cancel", "endless"), ("forget", "--all")):
        result = run("--log-format", "json", *options, *command, stdin="n\n")
        records = list(map(json.loads, result.err.splitlines()))
        assert (result.code, [record["event"] for record in records].count("question")) == (1, 1)


def test_a_line_of_watch_is_wrapped_on_every_terminal(serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "40")
    for options in ([], ["--quiet"]):
        lines = run("watch", DONE.job_id, *options).out.splitlines()
        assert max(map(len, lines)) <= 40
        assert " · final" in " ".join(lines)


def test_a_job_that_cannot_be_read_is_not_waited_for_any_more(serve: Serve, run: Run) -> None:
    timers = Timers()
    progress = timers.progress()
    progress(Snapshot("nojob"))
    missing = Problem(JobNotFoundError("There is no such job."), datetime(2026, 7, 1, tzinfo=UTC))
    progress(Snapshot("nojob", settled=True, problem=missing))
    progress.close()
    assert timers.lines == ["waiting for the first answer", "could not be read"]

    serve()
    *lines, error = run("rows", "nojob").err.splitlines()
    states = [line.partition(" · ")[0] for line in lines]
    assert states in (timers.lines, timers.lines[:1], timers.lines[1:])  # a late first line tells the trouble already
    assert error.startswith("error: There is no job nojob for this API key (HTTP 404).")
