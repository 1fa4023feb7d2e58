"""The command that runs a simulated service in the foreground."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigurationError
from . import table_output, terminal
from .options import SourceFile, company_count_parser, seconds_parser

if TYPE_CHECKING:
    from ..simulator import Fault, SimulatedJob

_MAX_RECEIVED = 1_000  # requests to remember, since it may run for weeks
_POLL_INTERVAL = 0.2  # seconds; on Windows, Ctrl-C takes effect only between two waits


def simulate(
    rows: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            parser=company_count_parser("--rows", 0),
            help="Companies per job. (default: 600, or all of --from)",
        ),
    ] = None,
    source: SourceFile = None,
    seconds: Annotated[
        float,
        typer.Option(metavar="SECONDS", parser=seconds_parser("--seconds"), help="How long the running job takes."),
    ] = 60.0,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before each answer.")] = 0.05,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="FAULT", help='What goes wrong, for example "503:2%" or "cut:once". May be repeated.'),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Which companies, and which requests go wrong.")] = 0,
    opaque_cursors: Annotated[bool, typer.Option("--opaque-cursors", help="Page names that can't be guessed.")] = False,
) -> None:
    """Run a stand-in service on this machine until Ctrl-C: no account, no credits, nothing leaves the machine."""
    from ..simulator import Simulator

    companies = load_companies(source, rows, seed)
    jobs = _jobs(companies, seconds, opaque_cursors=opaque_cursors)
    service = Simulator(
        list(jobs.values()),
        latency=latency,
        faults=_faults(fault or ()),
        port=port,
        seed=seed,
        max_received=_MAX_RECEIVED,
    )
    try:
        service.start()
    except OSError as error:
        raise ConfigurationError(f"Port {port} cannot be used: {error.strerror}. Take another one.") from None
    try:
        table_output.print_pairs([("base URL", service.base_url), ("key", service.api_key)])
        table_output.print_pairs([(f"{name} job", job.job_id) for name, job in jobs.items()])
        terminal.print_line(
            f"\nsh:         export OPENFUNNEL_BASE_URL={service.base_url} OPENFUNNEL_API_KEY={service.api_key}"
        )
        terminal.print_line(
            f"PowerShell: $env:OPENFUNNEL_BASE_URL = '{service.base_url}'; "
            f"$env:OPENFUNNEL_API_KEY = '{service.api_key}'\n"
        )
        terminal.print_message("Ctrl-C ends it.")
        never_set = threading.Event()
        while not never_set.wait(_POLL_INTERVAL):
            pass
    finally:
        service.stop()


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


def _jobs(rows: Sequence[dict[str, Any]], seconds: float, *, opaque_cursors: bool) -> dict[str, SimulatedJob]:
    """A job that is running, one that is completed and one that failed."""
    from ..simulator import SimulatedJob

    return {
        "running": SimulatedJob(rows, pending=seconds / 20, running=seconds, opaque_cursors=opaque_cursors),
        "completed": SimulatedJob(rows, opaque_cursors=opaque_cursors),
        "failed": SimulatedJob(rows, ending="failed", opaque_cursors=opaque_cursors),
    }


def _faults(texts: Sequence[str]) -> list[Fault]:
    from ..simulator import Fault

    try:
        return [Fault.parse(text) for text in texts]
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
