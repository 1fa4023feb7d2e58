"""Several jobs in one call, and what was delivered of jobs that did not become final."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from tests.unit.cli.conftest import DONE, ENDLESS, FAILED, OTHER, ROWS, SHORT, SLOW, Run, Serve
from xl_openfunnel.cli import watch
from xl_openfunnel.simulator import Fault, SimulatedJob

pytestmark = pytest.mark.dependencies


def test_the_rows_of_several_jobs_are_stacked_under_the_id_of_their_job(serve: Serve, run: Run, tmp_path: Path) -> None:
    service = serve(DONE, OTHER, SLOW)
    run("status", "other")
    run("label", "other", "Texas jobs")
    url = f"{service.base_url}/api/v1/account/search-lookalikes-bulk/{DONE.job_id}"
    result = run("rows", "slow", url, "texas JOBS", "other", "-o", tmp_path / "rows.jsonl")
    assert result.code == 0
    written = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert [list(row)[:2] for row in written] == [["job_id", "rank"]] * 420
    expected = [("slow", SLOW.rows), (DONE.job_id, ROWS), ("other", OTHER.rows)]
    assert [(row["job_id"], row["rank"], row["name"]) for row in written] == [
        (job_id, rank, row["name"]) for job_id, rows in expected for rank, row in enumerate(rows, 1)
    ]
    assert "420 companies written to" in result.err


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"])
def test_every_format_takes_several_jobs(serve: Serve, run: Run, tmp_path: Path, suffix: str) -> None:
    serve(DONE, OTHER)
    assert run("rows", DONE.job_id, "other", "-o", tmp_path / f"rows.{suffix}").code == 0
    assert (tmp_path / f"rows.{suffix}").stat().st_size > 1000


def test_a_workbook_of_several_jobs_has_their_ids_and_sums_them_up(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(DONE, OTHER)
    run("status", "other")
    run("label", "other", "Texas jobs")
    assert run("rows", DONE.job_id, "other", "-o", tmp_path / "rows.xlsx").code == 0
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    assert f"2 jobs: {DONE.job_id}; Texas jobs" in [cell for row in book["Summary"].values for cell in row]
    (table,) = (sheet for sheet in book if "Companies" in sheet.tables)
    values = list(table.iter_rows(values_only=True))
    assert values[0][:3] == ("job_id", "rank", "name")
    assert [row[0] for row in values[1:]] == [DONE.job_id] * 250 + ["other"] * 120
    texts = [str(cell) for row in book["Summary"].iter_rows(values_only=True) for cell in row if cell is not None]
    assert any("370" in text for text in texts)


@pytest.mark.parametrize("where", [["-o", "rows.csv"], ["--format", "csv"], []])
def test_several_jobs_say_if_they_share_companies(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    serve(DONE, OTHER, SimulatedJob(ROWS[120:130], job_id="apart"))
    shared = "The jobs share companies: {} are different."
    assert shared.format("250 of the 370") in run("rows", DONE.job_id, "other", *where).err
    chosen = ("--criteria", "rank<=10")
    assert shared.format("10 of the 20") in run("rows", DONE.job_id, "other", *chosen, *where).err
    for jobs in (["other", "apart"], ["other", "other"], ["other"]):
        assert "share companies" not in run("rows", *jobs, *where).err


def test_a_pipe_of_several_jobs_has_the_column_too(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER)
    lines = run("rows", DONE.job_id, "other", "--columns", "linkedin_url").out.splitlines()
    assert lines[:2] == ["job_id\tlinkedin_url", f"{DONE.job_id}\t{ROWS[0]['linkedin_url']}"]
    assert len(lines) == 371


@pytest.mark.parametrize(
    ("bad", "code"), [(["no-seeds"], 1), (["short"], 1), (["unknown"], 1), (["endless"], 3), (["endless", "short"], 1)]
)
@pytest.mark.parametrize("command", ["rows", "watch"])
def test_nothing_is_written_unless_all_jobs_are_final_and_complete(
    serve: Serve, run: Run, tmp_path: Path, command: str, bad: list[str], code: int
) -> None:
    serve(DONE, OTHER, FAILED, SHORT, ENDLESS)
    result = run(command, DONE.job_id, *bad, "other", "--timeout", 120, "-o", tmp_path / "rows.csv")
    assert result.code == code
    assert not (tmp_path / "rows.csv").exists()
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == len(bad)
    assert [name for name in bad if not any(name in line for line in errors)] == []


def test_what_is_wrong_with_every_job_is_told_once(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER, faults=[Fault("status", status=401)])
    result = run("rows", DONE.job_id, "other")
    assert result.code == 4
    assert result.err.count("was refused") == 1


def test_a_text_that_is_no_job_sends_no_request(serve: Serve, run: Run) -> None:
    service = serve(DONE)
    assert run("rows", DONE.job_id, "not a job!").code == 2
    assert service.received == []


def test_status_of_several_jobs_is_a_table(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER, FAILED)
    run("status", "other")
    run("label", "other", "Texas")
    result = run("status", DONE.job_id, "Texas", "no-seeds", "other")
    head, *rows = [line.split("\t") for line in result.out.splitlines()]
    assert head == ["label", "job", "status", "companies", "credits", "as of"]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("", DONE.job_id, "completed"),
        ("Texas", "other", "completed"),
        ("", "no-seeds", "failed"),
    ]
    assert result.code == 1
    assert "error: no-seeds: The job failed: No seed could be read." in result.err


def test_status_of_several_jobs_as_json_is_a_list_and_of_one_an_object(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER)
    assert [report["job_id"] for report in json.loads(run("status", "other", DONE.job_id, "--json").out)] == [
        "other",
        DONE.job_id,
    ]
    assert [report["job_id"] for report in json.loads(run("status", "other", "other", "--json").out)] == ["other"]
    assert json.loads(run("status", "other", "--json").out)["job_id"] == "other"


def test_status_tells_what_is_known_of_the_other_jobs(serve: Serve, run: Run) -> None:
    serve(DONE)
    result = run("status", "unknown", DONE.job_id, "--json")
    first, second = json.loads(result.out)
    assert (result.code, first["problem"]["kind"], second["status"]) == (1, "JobNotFoundError", "completed")


def test_watch_of_several_jobs_names_the_job_in_each_line(serve: Serve, run: Run) -> None:
    serve(DONE, SLOW)
    run("label", DONE.job_id, "Texas")
    result = run("watch", "slow", "Texas")
    assert result.code == 0
    lines = result.out.splitlines()
    assert {line.partition(": ")[0] for line in lines} == {"slow", "Texas"}
    assert lines[-1].startswith("slow: completed")


def test_watch_writes_the_file_of_several_jobs_once_all_are_final(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITE_INTERVAL", 0.0)
    serve(DONE, SLOW)
    result = run("watch", "slow", DONE.job_id, "-o", tmp_path / "rows.tsv", "--columns", "name")
    assert result.code == 0
    assert len((tmp_path / "rows.tsv").read_text("utf-8").splitlines()) == 301


def test_watch_gives_up_at_its_timeout(serve: Serve, run: Run) -> None:
    serve(ENDLESS)
    result = run("watch", "endless", "--timeout", 120)
    assert (result.code, result.out.splitlines()[-1].split(" · ")[0]) == (3, "running")
    assert "the 120 seconds given to it are over" in result.err


@pytest.mark.parametrize(("job", "count"), [(FAILED, 100), (SHORT, 250)], ids=["failed", "incomplete"])
def test_partial_takes_what_was_delivered_with_a_warning(
    serve: Serve, run: Run, tmp_path: Path, job: SimulatedJob, count: int
) -> None:
    serve(job)
    refused = run("rows", job.job_id, "-o", tmp_path / "rows.tsv")
    assert (refused.code, (tmp_path / "rows.tsv").exists()) == (1, False)
    assert f"To take the {count} companies delivered before, add --partial to this command." in refused.err
    result = run("-q", "rows", job.job_id, "--partial", "-o", tmp_path / "rows.tsv")
    assert (result.code, len((tmp_path / "rows.tsv").read_text("utf-8").splitlines())) == (0, count + 1)
    assert result.err.startswith(f"warning: {job.job_id} is not complete: {count} companies delivered.")


def test_partial_takes_what_was_read_of_a_job_with_a_page_that_stays_missing(
    serve: Serve, run: Run, tmp_path: Path
) -> None:
    serve().faults = (Fault("status", status=404, cursor="page_0002"),)
    refused = run("rows", DONE.job_id, "-o", tmp_path / "rows.parquet")
    assert (refused.code, list(tmp_path.glob("rows*"))) == (1, [])
    assert "names page page_0002 and does not find it" in refused.err
    assert "To take the 200 companies delivered before, add --partial to this command." in refused.err
    result = run("-q", "rows", DONE.job_id, "--partial", "-o", tmp_path / "rows.tsv")
    assert (result.code, len((tmp_path / "rows.tsv").read_text("utf-8").splitlines())) == (0, 201)
    assert result.err.startswith(f"warning: {DONE.job_id} is not complete: 200 companies delivered. OpenFunnel names")


def test_partial_takes_no_job_that_still_runs(serve: Serve, run: Run) -> None:
    serve(ENDLESS)
    assert run("rows", "endless", "--partial", "--timeout", 60).code == 3


def test_partial_of_several_jobs(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(FAILED, DONE)
    refused = run("rows", "no-seeds", DONE.job_id, "-o", tmp_path / "rows.tsv")
    assert "add --partial to this command." in refused.err
    assert "xl-openfunnel rows" not in refused.err  # which would leave out the other job
    assert run("rows", "no-seeds", DONE.job_id, "--partial", "-o", tmp_path / "rows.tsv").code == 0
    assert len((tmp_path / "rows.tsv").read_text("utf-8").splitlines()) == 351


def test_the_errors_of_several_jobs_come_in_the_order_of_the_jobs(serve: Serve, run: Run) -> None:
    serve(DONE, FAILED, SHORT)
    lines = run("-q", "rows", "no-seeds", DONE.job_id, "nojob", "short").err.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert [name for line in errors for name in ("no-seeds", "nojob", "short") if name in line] == [
        "no-seeds",
        "nojob",
        "short",
    ]
