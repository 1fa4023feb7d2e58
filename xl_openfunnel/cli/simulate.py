"""The command that runs a simulated service in the foreground."""

from __future__ import annotations

import functools
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigurationError
from ..settings import ENV_API_KEY, ENV_BASE_URL
from . import table_output, terminal
from .options import SourceFile, company_count_parser, seconds_parser

if TYPE_CHECKING:
    from ..simulator import Fault, SimulatedJob, Simulator

PORT = 8737
"""The port where it is free, so that pasted lines stay right: no well-known service has it."""

_MAX_RECEIVED = 1_000  # requests to remember, since it may run for weeks
_POLL_INTERVAL = 0.2  # seconds; on Windows, Ctrl-C takes effect only between two waits


def simulate(
    rows: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            parser=company_count_parser(0),
            help="Companies per job. (default: 600, or all of --from)",
        ),
    ] = None,
    source: SourceFile = None,
    seconds: Annotated[
        float,
        typer.Option(metavar="SECONDS", parser=seconds_parser("--seconds"), help="How long the running job takes."),
    ] = 60.0,
    latency: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Before each answer.")] = 0.05,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="FAULT", help='What goes wrong, for example "503:2%" or "cut:once". May be repeated.'),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=0,
            max=65535,
            help=f"0 takes a free one. (default: {PORT}, or a free one if it is taken)",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Which companies, and which requests go wrong.")] = 0,
) -> None:
    """Run a simulated service on this computer until Ctrl+C: no account, no credits, nothing leaves the computer."""
    from ..simulator import Simulator

    companies = load_companies(source, rows, seed)
    later = companies if source else load_companies(None, len(companies) + len(companies) // 6, seed)[-len(companies) :]
    jobs = _jobs(companies, later, seconds)
    simulator = functools.partial(
        Simulator,
        list(jobs.values()),
        latency=latency,
        faults=_faults(fault or ()),
        seed=seed,
        max_received=_MAX_RECEIVED,
    )
    service = _started(simulator, port)
    try:
        table_output.print_pairs(
            [
                ("base URL", service.base_url),
                ("key", service.api_key),
                *((f"{name} job", job.job_id) for name, job in jobs.items()),
            ]
        )
        terminal.print_message("\nIn another terminal, paste:\n")
        terminal.print_lines(
            [
                *settings_lines(
                    shell_of(os.environ, windows=os.name == "nt"),
                    {ENV_BASE_URL: service.base_url, ENV_API_KEY: service.api_key},
                ),
                f"xl-openfunnel watch {jobs['running'].job_id}",
            ]
        )
        terminal.print_message("")
        terminal.print_message("Ctrl+C ends it.")
        wait_for_ever()
    finally:
        service.stop()


def wait_for_ever() -> None:
    """Wait until Ctrl-C."""
    never_set = threading.Event()
    while not never_set.wait(_POLL_INTERVAL):
        pass


def _started(simulator: Callable[..., Simulator], port: int | None) -> Simulator:
    """A simulator on the port; with None on `PORT`, or on a free one if another program has that.

    Raises:
        ConfigurationError: the port cannot be used.
    """
    service = simulator(port=PORT if port is None else port)
    try:
        service.start()
    except OSError as error:
        if port is not None:
            raise ConfigurationError(f"Port {port} cannot be used: {error.strerror}. Take another one.") from None
        service = simulator(port=0)
        service.start()
        terminal.print_note(f"Port {PORT} is taken, so this one has another address.")
    return service


def shell_of(environment: Mapping[str, str], *, windows: bool) -> str:
    """The shell that the command was called from: ``sh``, ``fish``, ``cmd`` or ``PowerShell``.

    On Windows, Git Bash sets ``MSYSTEM``, cmd ``PROMPT``, and PowerShell puts the user's own modules into
    ``PSModulePath``, whose other folders every program sees.
    """
    if not windows:
        return "fish" if environment.get("SHELL", "").endswith("/fish") else "sh"
    if "MSYSTEM" in environment:
        return "sh"
    modules = environment.get("PSModulePath", "").split(";")
    own = any("\\documents\\" in f"{folder}\\".lower() for folder in modules)
    return "cmd" if "PROMPT" in environment and not own else "PowerShell"


def settings_lines(shell: str, settings: Mapping[str, str]) -> list[str]:
    """The lines that set these environment variables in the shell."""
    line = {
        "sh": "export {}={}",
        "fish": "set -x {} {}",
        "cmd": "set {}={}",
        "PowerShell": "$env:{} = '{}'",
    }[shell]
    return [line.format(name, value) for name, value in settings.items()]


def load_companies(source: Path | None, count: int | None, seed: int = 0) -> Sequence[dict[str, Any]]:
    """The first `count` rows of the file; without a file, invented companies.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    from ..simulator import companies, load_rows

    if source is None:
        return companies(600 if count is None else count, seed)
    try:
        return load_rows(source, count)
    except (OSError, ValueError) as error:
        reason = f"{source}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigurationError(f"The rows could not be read. {reason}") from None


def _jobs(rows: Sequence[dict[str, Any]], later: Sequence[dict[str, Any]], seconds: float) -> dict[str, SimulatedJob]:
    """A job that is running, with the ``later`` companies, one that is completed and one that failed."""
    from ..simulator import SimulatedJob

    return {
        "running": SimulatedJob(
            later,
            pending=seconds / 20,
            running=seconds,
            job_id=str(uuid.uuid4()),  # what is stored here of an earlier run's job, at the same address, is final
        ),
        "completed": SimulatedJob(rows),
        "failed": SimulatedJob(rows, ending="failed"),
    }


def _faults(texts: Sequence[str]) -> list[Fault]:
    from ..simulator import Fault

    try:
        return [Fault.parse(text) for text in texts]
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
