"""The recipes of the guide, taken from its page and run: shell and pandas as they are, the others as far as they go."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from tests.tools.guide import GUIDE
from xl_openfunnel.cli import EXIT_CODES, app
from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

pytestmark = pytest.mark.dependencies

ROWS = companies(150, seed=3)
SHELL = shutil.which("sh") or ""


def blocks(language: str) -> list[str]:
    page = (GUIDE / "scripts.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator that commands and fetch_rows ask, with the command on the PATH, in an empty folder."""
    jobs = [SimulatedJob(ROWS, job_id="JOB-1"), SimulatedJob(ROWS[:30], job_id="JOB-2")]
    with Simulator(jobs) as service:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.chdir(tmp_path)
        yield service


def check_call(line: str) -> None:
    """Let the command's own parser read a call, which raises where an option or a command is not there."""
    words = shlex.split(line)
    group = typer.main.get_command(app)
    with group.make_context("xl-openfunnel", words[1:]) as context:
        name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])  # type: ignore[attr-defined]
        command.make_context(name, list(rest), parent=context)


@pytest.mark.skipif(os.name == "nt" or not SHELL, reason="a POSIX shell")
def test_the_shell_script_tells_the_kinds_of_failure_apart(service: Simulator, tmp_path: Path) -> None:
    (tmp_path / "nightly.sh").write_text(blocks("sh")[0])

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run([SHELL, "nightly.sh", "JOB-1", "rows.csv"], capture_output=True, text=True, check=False)

    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = (tmp_path / "rows.csv").read_bytes()
    assert written.count(b"linkedin.com/company/") >= 150
    service.faults = [Fault("status", status=401)]
    done = run()
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        4,
        "JOB-1: the API key is missing or refused, as said above",
    )
    assert (tmp_path / "rows.csv").read_bytes() == written


@pytest.mark.skipif(os.name == "nt" or not SHELL, reason="a POSIX shell")
def test_the_script_for_what_is_new_leaves_out_accounts_and_the_earlier_job(service: Simulator, tmp_path: Path) -> None:
    accounts = [row["linkedin_url"] for row in ROWS[30:40]]
    (tmp_path / "accounts.csv").write_text("\n".join(["LinkedIn", *accounts]))
    (tmp_path / "new.sh").write_text(next(code for code in blocks("sh") if "--new-against" in code))
    command = [SHELL, "new.sh", "JOB-1", "JOB-2", "new.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = [json.loads(line) for line in (tmp_path / "new.jsonl").read_text("utf-8").splitlines()]
    assert len(shown) == len(ROWS) - 40
    assert [row["linkedin_url"] for row in shown if row["tier"] == "new"] == [
        row["linkedin_url"] for row in ROWS[40:] if row["linkedin_url"]
    ]
    service.faults = [Fault("status", status=401)]
    assert subprocess.run([*command[:2], "JOB-3", *command[3:]], capture_output=True, check=False).returncode == 4


@pytest.mark.skipif(os.name == "nt" or not SHELL, reason="a POSIX shell")
def test_the_line_for_cron_runs_and_writes_nothing_where_all_is_well(
    service: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment, line = blocks("crontab")[0].splitlines()
    assert comment.startswith("#")
    *times, command = line.split(maxsplit=5)
    assert [bool(re.fullmatch(r"[\d*,/-]+", field)) for field in times] == [True] * 5
    assert "%" not in command  # cron would make it a line break
    home = tmp_path / "home"
    (home / ".local" / "bin").mkdir(parents=True)
    (home / ".local" / "bin" / "xl-openfunnel").symlink_to(shutil.which("xl-openfunnel") or "")
    monkeypatch.setenv("HOME", str(home))
    done = subprocess.run(
        [SHELL, "-c", command.replace("texas ", "JOB-2 ")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (home / "texas.csv").stat().st_size > 1000


def test_the_units_of_systemd_call_the_command_as_it_is(tmp_path: Path) -> None:
    service, timer = blocks("ini")
    (call,) = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    check_call(call.replace("%h", str(tmp_path)))
    (prevented,) = re.findall(r"^RestartPreventExitStatus=(.*)$", service, re.MULTILINE)
    assert {*map(int, prevented.split())} | {0, 3, 130} == set(EXIT_CODES)
    if verify := shutil.which("systemd-analyze"):
        for text in (service, timer):
            (tmp_path / text.splitlines()[0].removeprefix("# ")).write_text(
                text.replace("%h/.local/bin/xl-openfunnel", "/bin/true")
            )
        done = subprocess.run(
            [verify, "verify", "--user", str(tmp_path / "openfunnel.timer")],
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "Unknown" in done.stderr) == (0, False), done.stderr


def test_the_line_for_the_task_scheduler_is_read_as_meant() -> None:
    """Only parsed: schtasks is Windows'. Its /TR takes 261 characters."""
    (line,) = blocks("bat")[0].splitlines()
    words = re.findall(r'"(?:\\"|[^"])*"|\S+', line)
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert (words[:2], list(options)) == (["schtasks", "/Create"], ["/TN", "/SC", "/D", "/ST", "/TR"])
    call = options["/TR"][1:-1].replace('\\"', '"')
    assert len(call) <= 261
    check_call(call.replace("%USERPROFILE%\\", ""))


def test_the_companies_of_several_jobs_land_in_sqlite(service: Simulator, tmp_path: Path) -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    with contextlib.closing(sqlite3.connect(tmp_path / "companies.sqlite3")) as database:
        assert database.execute("SELECT job_id, count(*) FROM companies GROUP BY job_id").fetchall() == [
            ("JOB-1", 150),
            ("JOB-2", 30),
        ]
        industries = sorted({industry for row in ROWS for industry in row["industries"] or []})
        assert [
            row[0]
            for row in database.execute(
                "SELECT DISTINCT value FROM companies, json_each(companies.industries) ORDER BY value"
            )
        ] == industries
    service.stop()
    done = subprocess.run(
        [sys.executable, "-c", code.replace("timeout=3600", "timeout=1")], capture_output=True, text=True, check=False
    )
    assert "JobTimeoutError" in done.stderr
    with contextlib.closing(sqlite3.connect(tmp_path / "companies.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM companies").fetchone() == (180,)


@pytest.mark.parametrize(
    "rows",
    [[], [{"name": "a"}], [{"name": "a", "n": 2**63, "l": None}, {"name": "b", "n": -(10**30), "l": [{"x": 1}]}]],
)
def test_any_companies_land_in_sqlite(service: Simulator, tmp_path: Path, rows: list[dict[str, object]]) -> None:
    service.add(SimulatedJob(rows, job_id="ODD"))
    code = blocks("python")[0].replace('"JOB-1", "JOB-2"', '"ODD"')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    with contextlib.closing(sqlite3.connect(tmp_path / "companies.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM companies").fetchone() == (len(rows),)
        if "n" in (rows or [{}])[-1]:
            expected = [(str(2**63), None), (str(-(10**30)), '[{"x": 1}]')]
            assert database.execute("SELECT n, l FROM companies").fetchall() == expected
