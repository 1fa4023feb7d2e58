"""status, rows, watch, cancel and credits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.cli.conftest import DONE, ROWS, Run, Serve
from xl_openfunnel import Snapshot, files
from xl_openfunnel.cli import watch
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob

GOING = SimulatedJob(ROWS, pending=2.0, running=20.0)
FAILED = SimulatedJob(ROWS, ending="failed", error_message="No seed could be read.")


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_status_asks_once_and_says_in_words_what_is_known(serve: Serve, run: Run, time: ManualClock) -> None:
    service = serve(GOING)
    time.sleep(15.0)
    ran = run("status", GOING.job_id)
    assert (ran.code, len(service.received)) == (0, 1)
    said = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert said["status"] == "running"
    assert said["stage"] == "qualifying companies"
    assert said["companies"].endswith("companies so far")
    assert said["rows"] == "provisional while the job is going"


def test_status_of_a_finished_job_reads_one_page_only(serve: Serve, run: Run) -> None:
    service = serve()
    ran = run("status", DONE.job_id, "--json")
    assert (ran.code, len(service.received)) == (0, 1)
    told = json.loads(ran.out)
    assert (told["status"], told["final"], told["manifest"]["count"]) == ("completed", False, 250)


def test_status_of_a_stored_job_asks_for_nothing(serve: Serve, run: Run) -> None:
    service = serve()
    run("rows", DONE.job_id, "--columns", "name")
    service.stop()
    asked = len(service.received)
    told = json.loads(run("status", DONE.job_id, "--json").out)
    assert (told["final"], told["source"], told["rows"], len(service.received)) == (True, "store", 250, asked)


def test_status_shows_the_flags_of_the_manifest(serve: Serve, run: Run) -> None:
    flags = {"partial": True, "rerank_degraded": True}
    job = SimulatedJob(ROWS, manifest=flags, unresolved_seeds=["nowhere.example"])
    serve(job)
    out = run("status", job.job_id).out
    assert all(word in out for word in ("partial:", "ranking did not run", "seeds not found: nowhere.example"))


def test_status_of_a_failed_job_ends_with_one_and_the_services_words(serve: Serve, run: Run) -> None:
    serve(FAILED)
    ran = run("status", FAILED.job_id)
    assert ran.code == 1
    assert ["status", "failed"] in [line.split() for line in ran.out.splitlines()]
    assert ran.err == "error: The job failed: No seed could be read.\n"


@pytest.mark.parametrize(
    ("job", "faults", "code", "kind"),
    [
        ("nobody-knows-me", [], 1, "JobNotFoundError"),
        (DONE.job_id, [Fault("status", status=401)], 1, "AuthenticationError"),
        (DONE.job_id, [Fault("status", status=503)], 1, "ServerError"),
        ("not a job!", [], 2, None),
    ],
)
def test_status_that_learns_nothing_says_why(
    serve: Serve, run: Run, job: str, faults: list[Fault], code: int, kind: str | None
) -> None:
    serve(faults=faults)
    ran = run("status", job, "--json")
    assert ran.code == code
    assert ran.err.startswith("error: ")
    assert (json.loads(ran.out)["problem"]["kind"] if ran.out else None) == kind


def test_a_trouble_that_passes_is_waited_for_once(serve: Serve, run: Run) -> None:
    serve(faults=[Fault("status", status=503)])
    said = run("status", DONE.job_id).err
    assert said.endswith("Wait a while.\n")
    assert said.count("while") == 1


@pytest.mark.parametrize("command", ["status", "rows", "watch", "credits"])
def test_without_a_key_the_call_is_wrong_and_says_how_to_set_one(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    serve()
    monkeypatch.delenv("OPENFUNNEL_API_KEY")
    ran = run(command, *([DONE.job_id] if command != "credits" else []))
    assert ran.code == 2
    assert "xl-openfunnel key set" in ran.err


def test_rows_without_a_terminal_are_tab_separated_with_whole_texts(serve: Serve, run: Run) -> None:
    serve()
    ran = run("rows", DONE.job_id)
    head, *rows = ran.out.rstrip("\n").split("\n")
    assert head.split("\t") == [
        *("rank", "name", "domain", "linkedin_url", "headquarters", "employee_count", "match_reason")
    ]
    assert [row.split("\t")[3] for row in rows] == [row["linkedin_url"] for row in ROWS]
    assert ran.code == 0


def test_rows_waits_for_a_running_job_and_tells_its_progress_on_stderr(serve: Serve, run: Run) -> None:
    serve(GOING)
    ran = run("rows", GOING.job_id, "--columns", "linkedin_url")
    assert ran.out.splitlines() == ["linkedin_url", *(row["linkedin_url"] for row in ROWS)]
    assert " companies read · 1 page, provisional" in ran.err
    assert ran.err.splitlines()[-1] == "completed · 250 companies · 3 pages read · final"


def test_rows_writes_a_file_with_all_columns_and_says_so(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    ran = run("rows", DONE.job_id, "-o", tmp_path / "rows.jsonl")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith(f"250 companies written to {tmp_path / 'rows.jsonl'}\n")
    written = [json.loads(line) for line in lines(tmp_path / "rows.jsonl")]
    assert written == [{"rank": rank, **row} for rank, row in enumerate(ROWS, 1)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "rows.pdf"], ".xlsx, .csv, .tsv, .json, .jsonl, .parquet"),
        (["-o", "nowhere/rows.csv"], "nowhere is not there"),
        (["-o", "."], ". is a folder. Give the name of a file in it, for example companies.xlsx."),
        (["--timeout", "-1"], "--timeout takes a number of seconds, for example --timeout 600, and not '-1'."),
        (["--timeout", "x"], "--timeout takes a number of seconds, for example --timeout 600, and not 'x'."),
        (["--timeout", "nan"], "--timeout takes a number of seconds, for example --timeout 600, and not 'nan'."),
        (["--columns", ""], "--columns names no column"),
        (["--columns", " , "], "--columns names no column"),
    ],
)
def test_a_wrong_call_asks_the_service_for_nothing(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    service = serve()
    ran = run("rows", DONE.job_id, *arguments)
    assert (ran.code, ran.out, service.received) == (2, "", [])
    assert says in ran.err


def test_an_unknown_column_is_a_wrong_call_that_names_the_likely_one(serve: Serve, run: Run) -> None:
    serve()
    ran = run("rows", DONE.job_id, "--columns", "nmae")
    assert ran.code == 2
    assert "Did you mean name?" in ran.err


def test_rows_of_a_failed_job_end_with_one_and_the_services_words(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(FAILED)
    ran = run("rows", FAILED.job_id, "-o", tmp_path / "rows.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "No seed could be read." in ran.err.splitlines()[-1]
    assert not (tmp_path / "rows.csv").exists()


def test_rows_gives_up_when_its_time_is_over(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    serve(job)
    ran = run("rows", job.job_id, "--timeout", 30)
    assert ran.code == 1
    assert "the 30 seconds given to it are over" in ran.err


def test_a_short_result_is_an_error_that_names_both_numbers(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, manifest={"count": 251})
    serve(job)
    ran = run("rows", job.job_id)
    assert (ran.code, ran.out) == (1, "")
    assert all(number in ran.err for number in ("250", "251"))


def test_rows_warns_of_what_the_service_itself_finds_less_than_perfect(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, manifest={"rerank_degraded": True})
    serve(job)
    ran = run("rows", job.job_id)
    assert ran.code == 0
    assert "note: the final ranking did not run properly" in ran.err


def test_watch_prints_a_line_for_each_change_and_ends_with_the_job(serve: Serve, run: Run) -> None:
    serve(GOING)
    ran = run("watch", GOING.job_id)
    told = ran.out.splitlines()
    assert ran.code == 0
    assert told[-1] == "completed · 250 companies · 3 pages read · final"
    assert [line.split(" · ")[0] for line in told if line.startswith("running")]
    assert len(set(told)) == len(told)


def test_watch_keeps_a_file_up_to_date(serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    serve(GOING)
    ran = run("watch", GOING.job_id, "-o", tmp_path / "rows.tsv", "--columns", "linkedin_url")
    assert (ran.code, ran.out) == (0, "")
    assert lines(tmp_path / "rows.tsv")[1:] == [row["linkedin_url"] for row in ROWS]
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_watch_writes_no_file_before_its_columns_are_known(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    write, heads = files.write, []

    def noted(seen: Snapshot, path: Path, columns: Sequence[str] | None, *, raw: bool) -> None:
        write(seen, path, columns, raw=raw)
        heads.append(lines(path)[0])

    monkeypatch.setattr(files, "write", noted)
    serve(GOING)
    assert run("watch", GOING.job_id, "-o", tmp_path / "rows.tsv").code == 0
    assert len(heads) > 1
    assert len(set(heads)) == 1


def test_watch_writes_the_names_of_the_columns_of_a_job_that_found_nothing(
    serve: Serve, run: Run, tmp_path: Path
) -> None:
    nothing = SimulatedJob([])
    serve(nothing)
    ran = run("watch", nothing.job_id, "-o", tmp_path / "rows.tsv")
    assert (ran.code, len(lines(tmp_path / "rows.tsv"))) == (0, 1)
    assert "0 companies written to" in ran.err


def test_watch_of_a_failed_job_writes_what_there_is_and_ends_with_one(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(FAILED)
    ran = run("watch", FAILED.job_id, "-o", tmp_path / "rows.tsv")
    assert ran.code == 1
    assert "No seed could be read." in ran.err
    assert len(lines(tmp_path / "rows.tsv")) == 101


def test_a_failed_job_is_told_as_over_and_not_as_final(serve: Serve, run: Run) -> None:
    serve(FAILED)
    last = run("watch", FAILED.job_id).out.splitlines()[-1]
    assert last == "failed · 100 companies before it failed · 1 page read · nothing more will come"
    again = run("watch", FAILED.job_id).out.splitlines()[-1]
    assert again == f"{last}, stored here"
    assert ["rows", "nothing more will come, stored here"] in [
        line.split(maxsplit=1) for line in run("status", FAILED.job_id).out.splitlines()
    ]


def test_watch_leaves_an_old_file_alone_where_nothing_could_be_learnt(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    old = tmp_path / "rows.tsv"
    old.write_text("old")
    ran = run("watch", "nobody-knows-me", "-o", old)
    assert (ran.code, old.read_text()) == (1, "old")


def test_watch_tries_again_where_another_program_holds_the_file(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    replace, refusals = Path.replace, [1, 2, 3]

    def held(self: Path, target: Path) -> Path:
        if target.name == "rows.tsv" and refusals:
            refusals.pop()
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held)
    serve()
    ran = run("watch", DONE.job_id, "-o", tmp_path / "rows.tsv")
    assert (ran.code, len(lines(tmp_path / "rows.tsv"))) == (0, 251)
    assert ran.err.count("open in another program") == 1
    assert list(tmp_path.glob(".*part")) == []


def test_cancel_says_what_it_costs_and_does_nothing_without_a_yes(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    service = serve(job)
    ran = run("cancel", job.job_id)
    assert (ran.code, [request.method for request in service.received]) == (2, ["GET"])
    assert "are billed" in ran.err
    assert "--yes" in ran.err


@pytest.mark.parametrize(("answer", "code", "asked"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0)])
def test_cancel_asks_a_person(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, asked: int
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    job = SimulatedJob(ROWS, running=1e6)
    service = serve(job)
    ran = run("cancel", job.job_id, stdin=answer)
    assert (ran.code, [request.method for request in service.received].count("POST")) == (code, asked)


@pytest.mark.parametrize("at_a_terminal", [True, False])
def test_nobody_is_asked_whether_to_cancel_what_is_over(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, at_a_terminal: bool
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: at_a_terminal)
    monkeypatch.setenv("TERM", "dumb")
    serve()
    ran = run("cancel", DONE.job_id, stdin="y\n")
    assert ran.code == 1
    assert "is over already (completed)" in ran.err
    assert "billed" not in ran.err


def test_a_job_whose_page_makes_no_sense_can_be_cancelled(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    job = SimulatedJob(ROWS, running=1e9)
    serve(job, faults=[Fault("envelope", envelope={"rows": "x"})])
    assert "cancelling" in run("cancel", job.job_id, stdin="y\n").out


def test_a_cancel_without_an_answer_says_that_nothing_is_known(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    serve(job, faults=[Fault("reset", on="cancel")])
    ran = run("cancel", job.job_id, "--yes")
    assert ran.code == 1
    assert "Whether it was cancelled is not known" in ran.err


@pytest.mark.parametrize(
    "arguments", [["status"], ["rows"], ["watch"], ["cancel", "--yes"], ["forget"]], ids=lambda words: words[0]
)
def test_a_job_that_is_no_text_at_all_is_a_wrong_call(serve: Serve, run: Run, arguments: list[str]) -> None:
    service = serve()
    ran = run(*arguments, "Zo\udceb")  # Zoë in Latin-1, where Python expects UTF-8
    assert ran.code == 2
    assert "is no job id, no job's URL and no label known here" in ran.err
    assert service.received == []


def test_cancel_with_yes_asks_the_service_and_shows_its_answer(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    service = serve(job)
    ran = run("cancel", job.job_id, "--yes")
    assert (ran.code, ran.out.startswith("cancelling")) == (0, True)
    assert [request.method for request in service.received] == ["POST"]
    assert "are billed" in ran.err
    over = run("cancel", DONE.job_id, "--yes")
    assert (over.code, "billed" in over.err) == (1, False)


def test_credits_shows_the_balance(serve: Serve, run: Run) -> None:
    serve(credits=200, credits_used=37.5)
    told = json.loads(run("credits", "--json").out)
    assert (told["total"], told["left"]) == (200, 200 - told["used"])
    assert run("credits").out.splitlines()[0] == f"left   {told['left']:g}"


def test_a_misspelt_column_is_said_at_the_first_page_and_not_at_the_end(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, ending="paused")
    serve(job)
    ran = run("rows", job.job_id, "--columns", "nme")
    assert ran.code == 2
    assert "Did you mean name?" in ran.err


def test_rows_can_be_read_anew(serve: Serve, run: Run, tmp_path: Path) -> None:
    service = serve()
    for _ in range(2):
        assert run("rows", DONE.job_id, "-o", str(tmp_path / "rows.csv")).code == 0
    before = len(service.received)
    ran = run("rows", DONE.job_id, "--refresh", "-o", str(tmp_path / "rows.csv"))
    assert (ran.code, len(service.received) > before) == (0, True)
    assert "Read anew from the service.\n" in ran.err


def test_the_error_of_a_failed_job_tells_how_to_get_what_it_delivered(serve: Serve, run: Run, tmp_path: Path) -> None:
    job = SimulatedJob(ROWS, ending="failed", error_message="No seed")
    serve(job)
    ran = run("rows", job.job_id)
    assert ran.code == 1
    assert f"xl-openfunnel watch {job.job_id} -o FILE.xlsx" in " ".join(ran.err.split())
    assert ran.err.count("No seed") == 1
    assert run("watch", job.job_id, "-o", str(tmp_path / "rows.csv")).code == 1
    assert (tmp_path / "rows.csv").exists()
