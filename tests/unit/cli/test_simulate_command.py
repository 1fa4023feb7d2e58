"""simulate: where it listens and what it prints to be pasted."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from xl_openfunnel.cli import simulate
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.simulator import SimulatedJob


def test_it_takes_its_own_port_and_another_where_that_is_taken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, bool]] = []

    class Simulator:
        def __init__(self, *_: object, port: int, **__: Any) -> None:
            self.port = port
            self.base_url = f"http://127.0.0.1:{port or 50_000}"
            self.api_key = "of_simulated"

        def start(self) -> None:
            taken.append((self.port, self.port in busy))
            if self.port in busy:
                raise OSError(98, "Address already in use")

        def stop(self) -> None:
            pass

    monkeypatch.setattr("xl_openfunnel.simulator.Simulator", Simulator)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xl_openfunnel.cli.simulate.wait_for_ever", interrupt)
    busy: set[int] = set()
    result = run("simulate", "--rows", 3)
    assert (result.code, taken) == (130, [(simulate.PORT, False)])
    assert f"http://127.0.0.1:{simulate.PORT}" in result.out
    busy = {simulate.PORT, 4711}
    result = run("simulate", "--rows", 3)
    assert (result.code, taken[1:]) == (130, [(simulate.PORT, True), (0, False)])
    assert f"note: Port {simulate.PORT} is taken" in result.err
    refused = run("simulate", "--port", 4711)
    assert (refused.code, refused.out) == (2, "")
    assert "Port 4711 cannot be used" in refused.err


@pytest.mark.parametrize(("rows", "new"), [(600, 100), (7, 1), (3, 0), (0, 0)])
def test_a_sixth_of_the_running_job_is_new_to_the_completed_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, rows: int, new: int
) -> None:
    def check(jobs: list[SimulatedJob], *, max_received: int, **_: object) -> None:
        assert max_received == 1_000  # it may run for weeks
        running, completed, failed = jobs
        assert len(running.rows) == len(completed.rows) == rows
        known = {row["linkedin_url"] for row in completed.rows}
        assert sum(row["linkedin_url"] not in known for row in running.rows) == new
        assert list(failed.rows) == list(completed.rows)
        raise ConfigurationError("seen")

    monkeypatch.setattr("xl_openfunnel.simulator.Simulator", check)
    assert "seen" in run("simulate", "--rows", rows).err


SYSTEM_MODULES = r"C:\Program Files\WindowsPowerShell\Modules;C:\WINDOWS\system32\WindowsPowerShell\v1.0\Modules"
OWN_MODULES = rf"C:\Users\ann\Documents\PowerShell\Modules;{SYSTEM_MODULES}"


@pytest.mark.parametrize(
    ("environment", "windows", "shell"),
    [
        ({}, False, "sh"),
        ({"SHELL": "/bin/zsh"}, False, "sh"),
        ({"SHELL": "/usr/bin/fish"}, False, "fish"),
        ({"PSModulePath": SYSTEM_MODULES, "PROMPT": "$P$G"}, True, "cmd"),
        ({"PSModulePath": OWN_MODULES}, True, "PowerShell"),
        ({"PSModulePath": OWN_MODULES, "PROMPT": "$P$G"}, True, "PowerShell"),  # started from cmd
        ({"PSModulePath": SYSTEM_MODULES}, True, "PowerShell"),
        ({"MSYSTEM": "MINGW64", "PSModulePath": SYSTEM_MODULES}, True, "sh"),
    ],
)
def test_the_shell_is_recognised_by_its_environment(environment: dict[str, str], windows: bool, shell: str) -> None:
    assert simulate.shell_of(environment, windows=windows) == shell


def test_the_lines_can_be_pasted_whole() -> None:
    settings = {"OPENFUNNEL_BASE_URL": "http://127.0.0.1:8737", "OPENFUNNEL_API_KEY": "of_simulated_1"}
    lines = {shell: simulate.settings_lines(shell, settings) for shell in ("sh", "fish", "cmd", "PowerShell")}
    assert [shlex.split(line) for line in lines["sh"]] == [["export", f"{n}={v}"] for n, v in settings.items()]
    assert lines["cmd"] == [f"set {name}={value}" for name, value in settings.items()]
    assert lines["PowerShell"] == [f"$env:{name} = '{value}'" for name, value in settings.items()]
    assert lines["fish"] == [f"set -x {name} {value}" for name, value in settings.items()]
    assert max(len(line) for each in lines.values() for line in each) <= 80
