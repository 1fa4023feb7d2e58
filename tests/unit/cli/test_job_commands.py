"""status, rows, watch, cancel and credits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.unit.cli.conftest import DONE, ROWS, Run, Serve
from xl_openfunnel import Snapshot, files
from xl_openfunnel.cli import watch
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob

pytestmark = pytest.mark.dependencies

GOING = SimulatedJob(ROWS, pending=2.0, running=20.0)
FAILED = SimulatedJob(ROWS, ending="failed", error_message="No seed could be read.")


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_status_sends_one_request_and_prints_what_is_known(serve: Serve, run: Run, time: ManualClock) -> None:
    service = serve(GOING)
    time.sleep(15.0)
    result = run("status", GOING.job_id)
    assert (result.code, len(service.received)) == (0, 1)
    details = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert details["status"] == "running"
    assert details["stage"] == "qualifying companies"
    assert details["companies"].endswith("companies so far")
    assert details["rows"] == "provisional while the job runs"


def test_status_of_a_finished_job_reads_one_page_only(serve: Serve, run: Run) -> None:
    service = serve()
    result = run("status", DONE.job_id, "--json")
    assert (result.code, len(service.received)) == (0, 1)
    report = json.loads(result.out)
    assert (report["status"], report["final"], report["manifest"]["count"]) == ("completed", False, 250)


def test_status_of_a_stored_job_sends_no_request(serve: Serve, run: Run) -> None:
    service = serve()
    run("rows", DONE.job_id, "--columns", "name")
    service.stop()
    sent = len(service.received)
    report = json.loads(run("status", DONE.job_id, "--json").out)
    assert (report["final"], report["source"], report["rows"], len(service.received)) == (True, "store", 250, sent)


def test_a_company_on_two_pages_is_a_warning_on_stderr(serve: Serve, run: Run, tmp_path: Path) -> None:
    job = SimulatedJob([*ROWS[:120], *ROWS[:1]])
    serve(job)
    warning = f"Pages 1 and 2 both hold {ROWS[0]['name']} (linkedin.com/company/"
    for command in ("rows", "rows", "watch", "status"):  # read from the service, then from the store
        result = run(command, job.job_id)
        assert result.code == 0
        assert [line for line in result.err.splitlines() if line.startswith(f"warning: {warning}")] != []
        assert warning not in result.out
    report = json.loads(run("status", job.job_id, "--json").out)
    assert [text.startswith(warning) for text in report["warnings"]] == [True]
    run("rows", job.job_id, "-o", tmp_path / "rows.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Summary"]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert [text.startswith(warning) for text in texts].count(True) == 2  # below the figures, and among the facts


def test_a_workbook_shows_the_label_of_its_job(serve: Serve, run: Run, tmp_path: Path) -> None:
    job = SimulatedJob(ROWS[:5], seeds=())
    serve(job)
    run("label", job.job_id, "Pumps in Spain")
    for command in ("rows", "watch"):
        run(command, job.job_id, "-o", tmp_path / f"{command}.xlsx")
        sheet = openpyxl.load_workbook(tmp_path / f"{command}.xlsx")["Summary"]
        assert [str(sheet[f"B{row}"].value).partition(" · ")[0] for row in (2, 3)] == ["Pumps in Spain"] * 2


def test_status_shows_the_flags_of_the_manifest(serve: Serve, run: Run) -> None:
    flags = {"partial": True, "rerank_degraded": True}
    job = SimulatedJob(ROWS, manifest=flags, unresolved_seeds=["nowhere.example"])
    serve(job)
    out = run("status", job.job_id).out
    assert all(word in out for word in ("partial:", "ranking did not run", "seeds not found: nowhere.example"))


def test_status_of_a_failed_job_exits_with_1_and_the_services_message(serve: Serve, run: Run) -> None:
    serve(FAILED)
    result = run("status", FAILED.job_id)
    assert result.code == 1
    assert ["status", "failed"] in [line.split() for line in result.out.splitlines()]
    assert result.err == "error: The job failed: No seed could be read.\n"


@pytest.mark.parametrize(
    ("job", "faults", "code", "kind"),
    [
        ("nobody-knows-me", [], 1, "JobNotFoundError"),
        (DONE.job_id, [Fault("status", status=401)], 4, "AuthenticationError"),
        (DONE.job_id, [Fault("status", status=503)], 3, "ServerError"),
        ("not a job!", [], 2, None),
    ],
)
def test_status_without_an_answer_prints_the_reason(
    serve: Serve, run: Run, job: str, faults: list[Fault], code: int, kind: str | None
) -> None:
    serve(faults=faults)
    result = run("status", job, "--json")
    assert result.code == code
    assert result.err.startswith("error: ")
    assert (json.loads(result.out)["problem"]["kind"] if result.out else None) == kind


@pytest.mark.parametrize("command", ["status", "rows", "watch", "credits"])
def test_without_a_key_the_exit_code_is_4_and_the_error_says_how_to_set_one(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    serve()
    monkeypatch.delenv("OPENFUNNEL_API_KEY")
    result = run(command, *([DONE.job_id] if command != "credits" else []))
    assert result.code == 4
    assert "xl-openfunnel key set" in result.err


def test_rows_waits_for_a_running_job_and_prints_progress_on_stderr(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, pending=2.0, running=200.0)
    serve(job)
    result = run("rows", job.job_id, "--columns", "linkedin_url")
    assert result.out.splitlines() == ["linkedin_url", *(row["linkedin_url"] for row in ROWS)]
    assert " companies read · 1 page, provisional" in result.err
    assert result.err.splitlines()[-1] == "completed · 250 companies · 3 pages read · final"


def test_rows_writes_a_file_with_all_columns_and_prints_its_name(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    result = run("rows", DONE.job_id, "-o", tmp_path / "rows.jsonl")
    assert (result.code, result.out) == (0, "")
    assert result.err.endswith(f"250 companies written to {tmp_path / 'rows.jsonl'}\n")
    written = [json.loads(line) for line in lines(tmp_path / "rows.jsonl")]
    assert written == [{"rank": rank, **row} for rank, row in enumerate(ROWS, 1)]


def test_rows_of_a_failed_job_exits_with_1_and_the_services_message(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(FAILED)
    result = run("rows", FAILED.job_id, "-o", tmp_path / "rows.csv")
    assert (result.code, result.out) == (1, "")
    assert "No seed could be read." in result.err.splitlines()[-1]
    assert not (tmp_path / "rows.csv").exists()


def test_rows_gives_up_at_its_timeout(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    serve(job)
    result = run("rows", job.job_id, "--timeout", 30)
    assert result.code == 3
    assert "the 30 seconds given to it are over" in result.err


def test_a_short_result_is_an_error_that_names_both_numbers(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, manifest={"count": 251})
    serve(job)
    result = run("rows", job.job_id)
    assert (result.code, result.out) == (1, "")
    assert all(number in result.err for number in ("250", "251"))


def test_rows_prints_the_quality_notes_of_the_service(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, manifest={"rerank_degraded": True})
    serve(job)
    result = run("rows", job.job_id)
    assert result.code == 0
    assert "warning: the final ranking did not run properly" in result.err


def test_watch_prints_a_line_for_each_change_and_ends_with_the_job(serve: Serve, run: Run) -> None:
    serve(GOING)
    result = run("watch", GOING.job_id)
    printed = result.out.splitlines()
    assert result.code == 0
    assert printed[-1] == "completed · 250 companies · 3 pages read · final"
    assert [line.split(" · ")[0] for line in printed if line.startswith("running")]
    assert len(set(printed)) == len(printed)


def test_watch_keeps_a_file_up_to_date(serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    serve(GOING)
    result = run("watch", GOING.job_id, "-o", tmp_path / "rows.tsv", "--columns", "linkedin_url")
    assert (result.code, result.out) == (0, "")
    assert lines(tmp_path / "rows.tsv")[1:] == [row["linkedin_url"] for row in ROWS]
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_watch_writes_no_file_before_its_columns_are_known(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    write, heads = files.write, []

    def recording_write(snapshot: Snapshot, path: Path, columns: Sequence[str] | None, **options: Any) -> int:
        guarded = write(snapshot, path, columns, **options)
        heads.append(lines(path)[0])
        return guarded

    monkeypatch.setattr(files, "write", recording_write)
    serve(GOING)
    assert run("watch", GOING.job_id, "-o", tmp_path / "rows.tsv").code == 0
    assert len(heads) > 1
    assert len(set(heads)) == 1


def test_watch_writes_the_names_of_the_columns_of_a_job_that_found_nothing(
    serve: Serve, run: Run, tmp_path: Path
) -> None:
    nothing = SimulatedJob([])
    serve(nothing)
    result = run("watch", nothing.job_id, "-o", tmp_path / "rows.tsv")
    assert (result.code, len(lines(tmp_path / "rows.tsv"))) == (0, 1)
    assert "0 companies written to" in result.err


def test_watch_of_a_failed_job_writes_the_delivered_rows_and_exits_with_1(
    serve: Serve, run: Run, tmp_path: Path
) -> None:
    serve(FAILED)
    result = run("watch", FAILED.job_id, "-o", tmp_path / "rows.tsv")
    assert result.code == 1
    assert "No seed could be read." in result.err
    assert len(lines(tmp_path / "rows.tsv")) == 101


def test_a_failed_job_is_described_as_over_and_not_as_final(serve: Serve, run: Run) -> None:
    serve(FAILED)
    last = run("watch", FAILED.job_id).out.splitlines()[-1]
    assert last == "failed · 100 companies before it failed · 1 page read · nothing more will come"
    again = run("watch", FAILED.job_id).out.splitlines()[-1]
    assert again == f"{last}, stored here"
    assert ["rows", "nothing more will come, stored here"] in [
        line.split(maxsplit=1) for line in run("status", FAILED.job_id).out.splitlines()
    ]


def test_watch_keeps_an_old_file_if_no_state_could_be_read(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    old = tmp_path / "rows.tsv"
    old.write_text("old")
    result = run("watch", "nobody-knows-me", "-o", old)
    assert (result.code, old.read_text()) == (1, "old")


def test_watch_tries_again_while_another_program_has_the_file_open(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    replace, refusals = Path.replace, [1, 2, 3]

    def locked_at_first(self: Path, target: Path) -> Path:
        if target.name == "rows.tsv" and refusals:
            refusals.pop()
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", locked_at_first)
    serve()
    result = run("watch", DONE.job_id, "-o", tmp_path / "rows.tsv")
    assert (result.code, len(lines(tmp_path / "rows.tsv"))) == (0, 251)
    assert result.err.count("open in another program") == 1
    assert list(tmp_path.glob(".*part")) == []


def test_cancel_prints_the_cost_and_does_nothing_without_yes(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    service = serve(job)
    result = run("cancel", job.job_id)
    assert (result.code, [request.method for request in service.received]) == (2, ["GET"])
    assert "are billed" in result.err
    assert "--yes" in result.err


@pytest.mark.parametrize(("answer", "code", "posts"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0)])
def test_cancel_asks_on_a_terminal(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, posts: int
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    job = SimulatedJob(ROWS, running=1e6)
    service = serve(job)
    result = run("cancel", job.job_id, stdin=answer)
    assert (result.code, [request.method for request in service.received].count("POST")) == (code, posts)


@pytest.mark.parametrize("at_a_terminal", [True, False])
def test_a_job_that_is_over_is_not_cancelled_and_no_question_is_asked(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, at_a_terminal: bool
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: at_a_terminal)
    monkeypatch.setenv("TERM", "dumb")
    serve()
    result = run("cancel", DONE.job_id, stdin="y\n")
    assert result.code == 1
    assert "is over already: there is nothing to cancel." in result.err
    assert "billed" not in result.err


def test_a_job_with_an_unreadable_page_can_be_cancelled(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    job = SimulatedJob(ROWS, running=1e9)
    serve(job, faults=[Fault("envelope", envelope={"rows": "x"})])
    assert "cancelling" in run("cancel", job.job_id, stdin="y\n").out


def test_a_cancel_without_a_response_says_that_its_result_is_unknown(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    serve(job, faults=[Fault("reset", on="cancel")])
    result = run("cancel", job.job_id, "--yes")
    assert result.code == 3
    assert "Whether it was cancelled is not known" in result.err


@pytest.mark.parametrize(
    "arguments", [["status"], ["rows"], ["watch"], ["cancel", "--yes"], ["forget"]], ids=lambda arguments: arguments[0]
)
def test_an_undecodable_job_argument_is_refused(serve: Serve, run: Run, arguments: list[str]) -> None:
    service = serve()
    result = run(*arguments, "Zo\udceb")  # Zoë in Latin-1, where Python expects UTF-8
    assert result.code == 2
    assert "is no job id, no job's URL and no label known here" in result.err
    assert service.received == []


def test_cancel_with_yes_sends_the_request_and_prints_the_response(serve: Serve, run: Run) -> None:
    job = SimulatedJob(ROWS, running=1e6)
    service = serve(job)
    result = run("cancel", job.job_id, "--yes")
    assert (result.code, result.out.startswith("cancelling")) == (0, True)
    assert [request.method for request in service.received] == ["POST"]
    assert "are billed" in result.err
    over = run("cancel", DONE.job_id, "--yes")
    assert (over.code, "billed" in over.err) == (1, False)


def test_credits_shows_the_balance(serve: Serve, run: Run) -> None:
    serve(credits=200, credits_used=37.5)
    report = json.loads(run("credits", "--json").out)
    assert (report["total"], report["left"]) == (200, 200 - report["used"])
    assert run("credits").out.splitlines()[0] == f"left   {report['left']:g}"


@pytest.mark.parametrize("more", [[], ["--columns", "name"]])
def test_a_job_that_stays_incomplete_is_read_three_times(serve: Serve, run: Run, more: list[str]) -> None:
    job = SimulatedJob(ROWS, manifest={"count": len(ROWS) + 1})
    service = serve(job)
    assert run("rows", job.job_id, *more).code == 1
    assert sum(request.cursor is None for request in service.received) == 3


def test_a_stored_job_stays_stored_if_the_service_still_says_the_same_of_it(
    serve: Serve, run: Run, tmp_path: Path
) -> None:
    def status() -> dict[str, Any]:
        report: dict[str, Any] = json.loads(run("status", DONE.job_id, "--json", "--refresh").out)
        return report

    service = serve()
    assert (status()["final"], status()["rows"]) == (False, None)
    assert run("rows", DONE.job_id, "-o", str(tmp_path / "rows.csv")).code == 0
    stored, before = json.loads(run("status", DONE.job_id, "--json").out), len(service.received)
    refreshed = status()
    assert len(service.received) == before + 1
    assert refreshed["as_of"] >= stored["as_of"]
    assert refreshed | {"as_of": stored["as_of"]} == stored
    assert (stored["final"], stored["rows"]) == (True, len(DONE.rows))
    serve(SimulatedJob(DONE.rows, DONE.job_id, manifest={"count": len(DONE.rows) + 1}))
    assert (status()["final"], status()["rows"]) == (False, None)


def test_the_error_of_a_failed_job_says_how_to_get_the_delivered_rows(serve: Serve, run: Run, tmp_path: Path) -> None:
    job = SimulatedJob(ROWS, ending="failed", error_message="No seed")
    serve(job)
    result = run("rows", job.job_id)
    assert result.code == 1
    assert "delivered before, add --partial to this command." in result.err
    assert result.err.count("No seed") == 1
    assert run("watch", job.job_id, "-o", str(tmp_path / "rows.csv")).code == 1
    assert (tmp_path / "rows.csv").exists()


def test_a_pasted_job_is_understood_and_a_misspelt_one_answered_with_similar_ones(serve: Serve, run: Run) -> None:
    service = serve(DONE)
    for text in (f"Job\u200b {DONE.job_id.upper()},", f"{service.base_url}/jobs/{DONE.job_id}/page_2"):
        assert "completed" in run("status", text).out
    run("label", DONE.job_id, "Germany Q3")
    assert "completed" in run("status", "\u200bgermany\u00a0q3").out
    result = run("status", "Germny\u200b Q3")
    assert (result.code, "Did you mean 'Germany Q3'?" in result.err) == (2, True)
    assert "'Germny[U+200B] Q3' is no job id" in result.err
    assert {request.path.rpartition("/")[2].partition("?")[0] for request in service.received} == {DONE.job_id}
