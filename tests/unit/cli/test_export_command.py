"""The command export: what it says, on which stream, and with which exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.cli.conftest import DONE, Run, Serve
from xl_openfunnel import FileWriteError, JobStatus
from xl_openfunnel.cli.session import Session
from xl_openfunnel.simulator import Fault, SimulatedJob, companies

OTHER = SimulatedJob(companies(120, seed=6, shape="narrow"), job_id="other")
ODD = SimulatedJob([{"name": 5}], job_id="odd")
FAILED = SimulatedJob(companies(20, seed=7), job_id="failed", ending="failed", error_message="no seeds")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def test_all_stored_jobs_are_exported_and_then_only_what_is_new(serve: Serve, run: Run, target: Path) -> None:
    service = serve(DONE, OTHER)
    run("rows", DONE.job_id)
    result = run("export", target)
    assert (result.code, result.out) == (0, "")
    assert f"1 job (250 companies) exported to {target}." in result.err
    assert "Nothing new" in run("export", target).err
    run("rows", "other")
    service.faults = [Fault("status", status=401)]  # the service is not asked
    assert "1 job (120 companies) exported to" in run("export", target).err
    assert len(list((target / "companies").iterdir())) == 2


def test_jobs_are_named_by_id_or_label(serve: Serve, run: Run, target: Path) -> None:
    serve(DONE, OTHER)
    run("rows", DONE.job_id, "other")
    run("label", "other", "Texas jobs")
    result = run("export", target, "texas jobs", "--json")
    written = json.loads(result.out)["written"]
    assert [(job["job_id"], job["label"], job["rows"]) for job in written] == [("other", "Texas jobs", 120)]
    assert run("export", target, "nonsense id").code == 2


def test_since_takes_jobs_that_were_read_then_or_later(serve: Serve, run: Run, target: Path) -> None:
    serve(DONE)
    run("rows", DONE.job_id)
    as_of = datetime.now(UTC).date()
    assert json.loads(run("export", target, "--since", "2999-01-01", "--json").out)["written"] == []
    assert (
        len(json.loads(run("export", target, "--since", f"{as_of.replace(year=2020)}", "--json").out)["written"]) == 1
    )
    result = run("export", target, "--since", "yesterday")
    assert result.code == 2
    assert "--since takes a date such as 2026-01-31" in result.err


def test_what_was_forgotten_is_removed_and_named(serve: Serve, run: Run, target: Path) -> None:
    serve(DONE)
    run("rows", DONE.job_id)
    run("export", target)
    (file,) = (target / "companies").iterdir()
    run("forget", DONE.job_id)
    result = run("export", target, "--json")
    assert json.loads(result.out)["removed"] == [{"job_id": DONE.job_id, "file": file.name}]
    assert f"Removed {file.name}, of job {DONE.job_id}." in result.err


def test_jobs_that_are_irregular_failed_or_not_final_are_named(serve: Serve, run: Run, target: Path) -> None:
    serve(DONE, ODD, FAILED)
    run("rows", DONE.job_id, "odd")
    run("rows", "failed")
    Session().store.record("running", JobStatus.RUNNING, None, None, datetime.now(UTC))
    result = run("export", target)
    assert result.code == 1
    assert "Job odd is not exported, since no column can hold name of row 1: 5." in result.err
    assert "note: Job failed failed" in result.err
    assert "note: Not final here, so not exported: running (running)." in result.err
    assert "1 job (250 companies) exported" in result.err
    left_out = json.loads(run("export", target, "--json").out)["not_exported"]
    assert [(job["job_id"], job["kind"]) for job in left_out] == [
        *(("failed", "JobFailedError"), ("odd", "IncompleteResultError"), ("running", "IncompleteResultError"))
    ]
    named = json.loads(run("export", target, "running", "--json").out)["not_exported"]
    assert named == [job for job in left_out if job["job_id"] == "running"]
    quiet = run("export", target, DONE.job_id, "running", "failed", "-q")
    assert quiet.code == 1
    assert [line[:17] for line in quiet.err.splitlines()] == ["error: Job running", "error: Job failed "][
        :2
    ] or quiet.err


def test_all_but_failed_and_running_jobs_is_all_there_is(serve: Serve, run: Run, target: Path) -> None:
    serve(DONE, FAILED)
    run("rows", DONE.job_id)
    run("rows", "failed")
    assert run("export", target).code == 0


def test_a_file_that_is_held_open_ends_with_3(
    serve: Serve, run: Run, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(DONE)
    run("rows", DONE.job_id)

    def locked(*_: object) -> None:
        raise FileWriteError("jobs.parquet is open in another program.", locked=True)

    monkeypatch.setattr("xl_openfunnel.columns.exporting.Exporter._retry", locked)
    assert run("export", target).code == 3
