"""The command run in this process against a simulator, and whole processes of it."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.flying import FlyingClock
from xl_openfunnel import Client, Fetcher, Store
from xl_openfunnel.cli import main
from xl_openfunnel.settings import Settings
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

SECRET = "of_live_s3cr3t_0123456789abcdef"
ROWS = companies(250, seed=5, shape="narrow")
DONE = SimulatedJob(ROWS)


@dataclass(frozen=True)
class Ran:
    code: int | str | None
    out: str
    err: str


Run = Callable[..., Ran]
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
    """A simulator that the environment points to, with a key that is looked for afterwards."""

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
    """Fetchers of the command whose time flies, and which end with the test."""

    def shared(base_url: str | None = None) -> Fetcher:
        client = stack.enter_context(Client(base_url))
        clock = FlyingClock(time)
        store = Store(Settings.load(base_url).store_path, client.origin)
        fetcher = clock.of(Fetcher(client, store=store, clock=clock, jitter=lambda: 0.5))
        clock.has_waiters = lambda: True  # watch subscribes, and waits by itself
        return stack.enter_context(fetcher)

    monkeypatch.setattr("xl_openfunnel.cli.session.shared_fetcher", shared)


@pytest.fixture
def run(fetchers: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command in this process, with no terminal."""
    root = logging.getLogger()
    before = root.level, list(root.handlers)

    def run(*arguments: object, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as end:
            main(list(map(str, arguments)))
        out, err = capsys.readouterr()
        assert SECRET not in out + err
        assert "Traceback" not in err
        return Ran(end.value.code, out, err)

    yield run
    root.setLevel(before[0])
    root.handlers[:] = before[1]


@pytest.fixture
def process(stack: ExitStack) -> Callable[..., subprocess.Popen[str]]:
    """The command in a process of its own."""

    def process(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        # A parent that ignores Ctrl-C, such as a shell's background job, must not hand that down.
        code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        code += "from xl_openfunnel.cli import main; main(sys.argv[1:])"
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        started = stack.enter_context(subprocess.Popen(command, text=True, encoding="utf-8", **(pipes | options)))
        stack.callback(started.kill)  # first, then waited for
        return started

    return process
