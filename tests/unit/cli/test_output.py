"""Where companies go: files, pipes and the screen, and what is said of it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import DONE, ROWS, Run, Serve
from xl_openfunnel.files import TEXT_FORMATS
from xl_openfunnel.simulator import SimulatedJob, companies

pytestmark = pytest.mark.dependencies

NAMES = ["+Oscar", '"quoted" name', "=1+1", "Алматы 阿里巴巴 🚀", "a;b,c|d", "two\nlines", "99", "tab\there", "'x'"]
ODD = SimulatedJob(
    [{**row, "name": name} for row, name in zip(companies(len(NAMES), seed=3), NAMES, strict=True)],
)


@pytest.mark.parametrize("file_format", TEXT_FORMATS)
def test_stdout_is_the_file_of_the_format_with_all_texts_unchanged(
    serve: Serve, run: Run, tmp_path: Path, file_format: str
) -> None:
    serve(ODD)
    piped = run("rows", ODD.job_id, "--format", file_format)
    assert piped.code == 0
    assert "note" not in piped.err
    file = tmp_path / f"rows.{file_format}"
    run("rows", ODD.job_id, "-o", file, "--raw")
    assert piped.out.encode() == file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    assert all(column in piped.out for column in ODD.rows[0])
    assert run("rows", ODD.job_id, "--format", file_format, "-o", "-").out == piped.out


@pytest.mark.parametrize("separator", [";", "|", ":", "\\t", "\t", "¦"])
def test_a_separator_of_a_csv_is_read_back_with_it(serve: Serve, run: Run, tmp_path: Path, separator: str) -> None:
    serve(ODD)
    result = run("rows", ODD.job_id, "--format", "csv", "--separator", separator, "--columns", "name,domain")
    sign = "\t" if separator == "\\t" else separator
    head, *rows = csv.reader(io.StringIO(result.out, newline=""), delimiter=sign)
    assert head == ["name", "domain"]
    flat = [name.replace("\n", " ").replace("\t", " ") for name in NAMES] if sign == "\t" else NAMES
    assert [row[0] for row in rows] == flat
    file = tmp_path / "rows.csv"
    run("rows", ODD.job_id, "-o", file, "--raw", "--separator", separator, "--columns", "name,domain")
    assert file.read_bytes().decode("utf-8-sig") == result.out


def test_a_csv_is_the_default_of_stdout_as_a_file(serve: Serve, run: Run) -> None:
    serve(ODD)
    assert run("rows", ODD.job_id, "-o", "-").out == run("rows", ODD.job_id, "--format", "csv").out


def test_a_pipe_without_a_format_has_seven_columns_and_says_so_once(serve: Serve, run: Run) -> None:
    serve()
    result = run("rows", DONE.job_id)
    head, *rows = (line.split("\t") for line in result.out.splitlines())
    assert head == ["rank", "name", "domain", "linkedin_url", "headquarters", "employee_count", "match_reason"]
    assert [row[3] for row in rows] == [row["linkedin_url"] for row in ROWS]
    assert result.err.count("Not all columns") == result.err.count("--format csv") == 1
    assert "columns" not in run("rows", DONE.job_id, "--columns", "name").err
    assert run("rows", DONE.job_id, "--quiet").err == ""


@pytest.mark.parametrize(("names", "says"), [(["a"], None), (["+a"], "1 value got"), (["+a", "=b"], "2 values got")])
@pytest.mark.parametrize("command", ["rows", "watch"])
def test_a_file_says_how_many_values_got_an_apostrophe(
    serve: Serve, run: Run, tmp_path: Path, names: list[str], says: str | None, command: str
) -> None:
    job = SimulatedJob([{"name": name, "domain": ""} for name in names])
    serve(job)
    err = run(command, job.job_id, "-o", tmp_path / "rows.csv").err
    assert (says or "written to") in err
    assert ("--raw" in err) == (says is not None)
    assert "--raw" not in run(command, job.job_id, "-o", tmp_path / "rows.csv", "--raw").err
    assert "--raw" not in run(command, job.job_id, "-o", tmp_path / "rows.json").err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "xml"], "--format takes csv, tsv, json or jsonl, and not 'xml'."),
        (["--format", "xlsx"], "For .xlsx give a file: -o companies.xlsx"),
        (["--format", "parquet", "-o", "-"], "For .parquet give a file"),
        (["--format", "json", "-o", "rows.csv"], "rows.csv is a .csv file, and --format says json."),
        (["--separator", ";"], "--separator is for CSV: add --format csv, or -o FILE.csv."),
        (["--separator", ";", "--format", "json"], "--separator is for CSV"),
        (["--separator", ";", "-o", "rows.xlsx"], "--separator is for CSV"),
        *(
            (["--format", "csv", "--separator", wrong], "--separator takes one sign")
            for wrong in ["", "ab", '"', "'", "a", "7", ".", "-", "=", "\n", "\x1b"]
        ),
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
def test_options_that_are_wrong_or_contradict_each_other_are_explained_before_any_request(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    service = serve()
    result = run("rows", DONE.job_id, *arguments)
    assert (result.code, result.out, service.received) == (2, "", [])
    assert says in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_format_gives_a_name_without_a_suffix_its_format(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    assert run("rows", DONE.job_id, "--format", "jsonl", "-o", tmp_path / "rows.txt").code == 0
    assert len((tmp_path / "rows.txt").read_text("utf-8").splitlines()) == len(ROWS)
    assert run("rows", DONE.job_id, "--format", "csv", "-o", tmp_path / "rows.csv").code == 0


def test_watch_writes_no_growing_file_to_stdout(serve: Serve, run: Run) -> None:
    service = serve()
    result = run("watch", DONE.job_id, "-o", "-")
    assert (result.code, result.out, service.received) == (2, "", [])
    assert "rows JOB -o -" in result.err


def test_a_pipe_is_utf_8_in_every_locale(serve: Serve, run: Run) -> None:
    serve(ODD)
    run("rows", ODD.job_id)
    code = (
        "import sys; from xl_openfunnel.cli import main\n"
        "sys.stdout.reconfigure(encoding='cp1252', newline='\\r\\n')  # as a pipe on Windows\n"
        "main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "rows", ODD.job_id, "--format", "jsonl"]
    piped = subprocess.run(command, capture_output=True, check=True).stdout
    assert b"\r" not in piped
    assert [json.loads(line)["name"] for line in piped.splitlines()] == NAMES


def test_the_file_is_named_for_opening_at_a_terminal_only(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    file = tmp_path / "rows.csv"
    assert "Open:" not in run("rows", DONE.job_id, "-o", file).err
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    assert f"Open: {file}" in run("rows", DONE.job_id, "-o", file).err
