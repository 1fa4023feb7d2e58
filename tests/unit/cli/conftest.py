"""Fixtures that run the command in this process or in a new one, with a simulated service."""

from __future__ import annotations

import io
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.flying import FlyingClock
from xl_openfunnel import Client, Fetcher
from xl_openfunnel.cli import log_format, main
from xl_openfunnel.jobs.store.opening import open_store
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

SECRET = "of_live_s3cr3t_0123456789abcdef"
ROWS = companies(250, seed=5, shape="narrow")
DONE = SimulatedJob(ROWS)
OTHER = SimulatedJob(ROWS[:120], job_id="other")
SLOW = SimulatedJob(ROWS[:50], job_id="slow", pending=2.0, running=200.0)
FAILED = SimulatedJob(ROWS, job_id="no-seeds", ending="failed", error_message="No seed could be read.")
SHORT = SimulatedJob(ROWS, job_id="short", manifest={"count": 251})
ENDLESS = SimulatedJob(ROWS, job_id="endless", running=1e6)


@dataclass(frozen=True)
class Result:
    code: int | str | None
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def console_of_today() -> Iterator[None]:
    """Wine's console is like that of old Windows: rich draws one column less there, and no colours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rich.console.detect_legacy_windows", lambda: False)
        yield


@pytest.fixture(autouse=True)
def all_messages() -> Iterator[None]:
    """A command's choices of messages are those of the process, so that no test may leave any to the next."""
    yield
    log_format.configure(())


Run = Callable[..., Result]
Serve = Callable[..., Simulator]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def time() -> ManualClock:
    return ManualClock()


@pytest.fixture
def serve(stack: ExitStack, time: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Start a simulator that the environment variables point to; its key must appear in no output."""

    def serve(*jobs: SimulatedJob, **options: Any) -> Simulator:
        service = stack.enter_context(
            Simulator(jobs or [DONE], api_key=SECRET, clock=time, sleep=time.sleep, **options)
        )
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", SECRET)
        return service

    return serve


@pytest.fixture
def fetchers(stack: ExitStack, time: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command fetchers on a fast clock, which are closed after the test."""

    def shared(base_url: str | None = None) -> Fetcher:
        client = stack.enter_context(Client(base_url))
        clock = FlyingClock(time)
        fetcher = clock.of(Fetcher(client, store=open_store(client), clock=clock, jitter=lambda: 0.5))
        clock.has_waiters = lambda: True  # watch subscribes, and waits by itself
        return stack.enter_context(fetcher)

    monkeypatch.setattr("xl_openfunnel.cli.session.shared_fetcher", shared)


@pytest.fixture
def run(fetchers: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the command in this process, without a terminal."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    on_interrupt = signal.getsignal(signal.SIGINT)

    def run(*arguments: object, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as end:
            main(list(map(str, arguments)))
        out, err = capsys.readouterr()
        assert SECRET not in out + err
        assert "Traceback" not in err
        return Result(end.value.code, out, err)

    yield run
    root.setLevel(level)
    root.handlers[:] = handlers
    signal.signal(signal.SIGINT, on_interrupt)  # an interrupted command ignores it


@pytest.fixture
def process(stack: ExitStack) -> Callable[..., subprocess.Popen[str]]:
    """Start the command in a new process."""

    def process(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        # A parent that ignores Ctrl-C, such as a shell's background job, must not pass that on.
        code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        code += "from xl_openfunnel.cli import main; main(sys.argv[1:])"
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        started = stack.enter_context(subprocess.Popen(command, text=True, encoding="utf-8", **(pipes | options)))
        stack.callback(started.kill)  # Popen's exit then waits for its end
        return started

    return process
