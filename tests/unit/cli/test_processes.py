"""The command in processes of its own: exit codes, pipes, Ctrl-C, imports, streams."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import DONE, ROWS, SECRET, Run, Serve
from xl_openfunnel.simulator import SimulatedJob, companies

Process = Callable[..., subprocess.Popen[str]]

FOREVER = SimulatedJob(ROWS, running=1e6)


def test_it_also_runs_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xl_openfunnel", "rows"]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert "JOB" in result.stderr


def test_commands_without_a_table_never_import_pandas(serve: Serve) -> None:
    serve()
    job = DONE.job_id
    commands = [["status", job], ["status", job, "--json"], ["jobs"], ["key", "show"], ["credits"], ["--help"]]
    code = (
        "import json, sys; from xl_openfunnel.cli import main\n"
        "for command in json.loads(sys.argv[1]):\n"
        "  try: main(command)\n"
        "  except SystemExit as end:\n"
        "    print('exit', end.code, sorted({'pandas', 'numpy', 'xlsxwriter'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, json.dumps(commands)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    exits = [line for line in result.stdout.splitlines() if line.startswith("exit ")]
    assert exits == ["exit 0 []"] * len(commands)


def test_pandas_is_not_imported_to_build_the_workbook_and_the_add_in(tmp_path: Path) -> None:
    code = (
        "import sys; from xl_openfunnel.cli import main\n"
        "for command in (['-o', 'Book.xlsm'], ['--add-in', '-o', 'Book.xlam']):\n"
        "  try: main(['workbook', *command])\n"
        "  except SystemExit as end:\n"
        "    print('exit', end.code, sorted({'pandas', 'numpy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=tmp_path)
    assert [line for line in result.stdout.splitlines() if line.startswith("exit ")] == ["exit 0 []"] * 2


@pytest.mark.parametrize("terminal", [{"TERM": "dumb", "NO_COLOR": "1"}, {"FORCE_COLOR": "1"}, {}])
def test_without_a_terminal_data_has_no_colour_and_nothing_moves(
    serve: Serve, process: Process, terminal: dict[str, str]
) -> None:
    serve()
    out, err = process("rows", DONE.job_id, env={**os.environ, **terminal}).communicate()
    assert "\x1b" not in out
    assert len(out.splitlines()) == 251
    assert all(control not in err for control in ("\r", "\x1b[?25l", "\x1b[2K"))


def test_names_in_any_script_pass_a_pipe_in_any_code_page(serve: Serve) -> None:
    job = SimulatedJob([{"name": "Алматы 阿里巴巴 🚀 São", "domain": ""}])
    serve(job)
    # As pipes on Windows: the streams start in an old code page.
    code = (
        "import sys; from xl_openfunnel.cli import main\n"
        "for encoding in ('cp1252', 'ascii'):\n"
        "  sys.stdout.reconfigure(encoding=encoding); sys.stderr.reconfigure(encoding=encoding)\n"
        "  try: main(sys.argv[1:])\n"
        "  except SystemExit as end: assert end.code == 0"
    )
    command = [sys.executable, "-c", code, "rows", job.job_id, "--columns", "name"]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 0
    assert result.stdout.decode("utf-8").splitlines() == ["name", "Алматы 阿里巴巴 🚀 São"] * 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp1252", "koi8-r"])
def test_what_we_draw_ourselves_has_a_stand_in_on_any_terminal(encoding: str) -> None:
    code = (
        "import sys; from xl_openfunnel.cli import table_output, terminal\n"
        "terminal.configure_streams()\n"
        "table_output.print_table(['name'], [['companies of any size'], ['a · b – c’d']])\n"
        "terminal.print_message('a · b – c’d…')"
    )
    variables = {"PYTHONIOENCODING": encoding, "COLUMNS": "12"}
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, check=True
    )
    out, err = result.stdout.decode(encoding), result.stderr.decode(encoding)
    assert "?" not in out + err
    assert {len(line) for line in out.splitlines()[1:2]} == {12}


def test_a_warning_of_python_is_a_line_of_json_too() -> None:
    code = (
        "import sys, warnings; from xl_openfunnel.cli import completion, main\n"
        "completion._scripts = lambda: warnings.warn('odd\\nand long')\n"
        "main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "--log-format", "json", "completion", "bash"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [json.loads(line)["level"] for line in result.stderr.splitlines()] == ["warning", "error"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_closes_the_pipe_is_no_error(serve: Serve, process: Process) -> None:
    job = SimulatedJob(companies(600, seed=2))  # more than a pipe holds
    serve(job)
    started = process("rows", job.job_id, "--columns", "*")
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.readline()
    started.stdout.close()
    assert started.wait(60) == 0
    assert [line for line in started.stderr.read().splitlines() if " · " not in line] == [
        "waiting for the first answer"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        (["watch", FOREVER.job_id], "stdout"),
        (["watch", FOREVER.job_id, "-o", "rows.csv"], "stderr"),
        (["rows", FOREVER.job_id], "stderr"),
        (["demo", "--seconds", "1000"], "stderr"),
        (["simulate", "--port", "0"], "stderr"),
    ],
    ids=" ".join,
)
def test_ctrl_c_ends_with_one_line_and_130(
    serve: Serve, process: Process, tmp_path: Path, arguments: list[str], after: str
) -> None:
    serve(FOREVER)
    started = process(*arguments, cwd=tmp_path)
    getattr(started, after).readline()
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert err.splitlines()[-1] == "Stopped."
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".part", ".xlsx")] == []


def test_ctrl_c_is_ignored_once_the_command_is_ending(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xl_openfunnel.cli.app", interrupted)
    assert run("jobs").err == "Stopped.\n"
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_debug_logs_the_requests_and_never_the_key(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    result = run("-v", "rows", DONE.job_id, "-o", tmp_path / "rows.xlsx")
    assert "/api/v1/account/search-lookalikes-bulk/" in result.err
    assert SECRET not in result.out + result.err
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        assert SECRET.encode() not in path.read_bytes()


def test_an_unexpected_exception_is_one_line_and_exit_code_1(serve: Serve, tmp_path: Path) -> None:
    serve()
    code = "import sys, xl_openfunnel.cli.session as session; session.Session.job_id = lambda *_: 1 / 0\n"
    code += "from xl_openfunnel.cli import main; main(['status', 'x'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert result.stderr.startswith("error: Something unexpected happened (ZeroDivisionError")


def test_simulate_serves_what_it_prints(process: Process, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started = process("simulate", "--port", 0, "--rows", 120, "--latency", 0, "--fault", "503:once")
    assert started.stdout is not None
    printed: dict[str, str] = {}
    for line in started.stdout:
        name, _, value = line.rstrip("\n").partition("  ")
        printed[name] = value.strip()
        if line.startswith("xl-openfunnel watch "):
            break
    for name in printed:
        if match := re.fullmatch("(?:export |set -x |set |[$]env:)(OPENFUNNEL_\\w+)(?:=| = '| )(.*?)'?", name):
            monkeypatch.setenv(*match.groups())
    assert os.environ["OPENFUNNEL_BASE_URL"] == printed["base URL"]
    assert f"xl-openfunnel watch {printed['running job']}" in printed
    done = run("rows", printed["completed job"], "--columns", "linkedin_url")
    assert done.out.splitlines()[1:] == [row["linkedin_url"] for row in companies(120)]
    failed = run("status", printed["failed job"])
    assert "failed" in failed.out
    assert failed.code == 1


@pytest.mark.parametrize(
    "arguments",
    [["--fault", "nonsense"], ["--from", "nowhere.jsonl"], ["--port", "99999"]],
    ids=lambda arguments: arguments[0],
)
def test_simulate_refuses_wrong_arguments(run: Run, arguments: list[str]) -> None:
    result = run("simulate", *arguments)
    assert (result.code, result.out) == (2, "")


@pytest.mark.parametrize("size", ["0", "-1", "1", "x", "", "²", "9" * 12, "99999999999999999999"])
def test_a_size_that_no_terminal_has_counts_as_unknown(run: Run, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    monkeypatch.setenv("COLUMNS", size)
    monkeypatch.setenv("LINES", size)
    refused = run("status", "a b")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("error: 'a b' is no job id")
    assert max(map(len, run("--help").out.splitlines())) in range(40, 81)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
@pytest.mark.parametrize("size", [(0, 0), (1, 1), (24, 100)], ids=str)
def test_messages_are_shown_on_a_terminal_of_any_size(size: tuple[int, int], process: Process) -> None:
    assert sys.platform != "win32"  # for mypy
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    started = process("status", "a b", stderr=theirs, stdout=theirs, env=env)
    assert started.wait(60) == 2
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    assert b"'a b' is no job id, no job's URL and no label known here." in shown
