"""The command that runs a stand-in service in the foreground."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigurationError
from . import option_types, table_output, terminal

if TYPE_CHECKING:
    from ..simulator import Fault, SimulatedJob

_REMEMBERED = 1_000  # requests: it may run for weeks
_SLICE = 0.2  # a longer wait would keep Ctrl-C away on Windows

From = Annotated[
    Path | None, typer.Option("--from", metavar="FILE.jsonl", help="Real rows: a file with one JSON object a line.")
]


def simulate(
    rows: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            parser=option_types.companies("--rows", 0),
            help="Companies per job. (default: 600, or all of --from)",
        ),
    ] = None,
    source: From = None,
    seconds: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", parser=option_types.seconds("--seconds"), help="How long the running job takes."
        ),
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

    companies = load(source, rows, seed)
    jobs = _jobs(companies, seconds, opaque_cursors=opaque_cursors)
    service = Simulator(
        list(jobs.values()),
        latency=latency,
        faults=_faults(fault or ()),
        port=port,
        seed=seed,
        max_received=_REMEMBERED,
    )
    try:
        service.start()
    except OSError as trouble:
        raise ConfigurationError(f"Port {port} cannot be used: {trouble.strerror}. Take another one.") from None
    try:
        table_output.put_pairs([("base URL", service.base_url), ("key", service.api_key)])
        table_output.put_pairs([(f"{name} job", job.job_id) for name, job in jobs.items()])
        terminal.put(
            f"\nsh:         export OPENFUNNEL_BASE_URL={service.base_url} OPENFUNNEL_API_KEY={service.api_key}"
        )
        terminal.put(
            f"PowerShell: $env:OPENFUNNEL_BASE_URL = '{service.base_url}'; "
            f"$env:OPENFUNNEL_API_KEY = '{service.api_key}'\n"
        )
        terminal.say("Ctrl-C ends it.")
        forever = threading.Event()
        while not forever.wait(_SLICE):
            pass
    finally:
        service.stop()


def load(source: Path | None, count: int | None, seed: int = 0) -> Sequence[dict[str, Any]]:
    """Rows from the file, at most so many; without a file invented companies.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    from ..simulator import companies, load_rows

    if source is None:
        return companies(600 if count is None else count, seed)
    try:
        return load_rows(source, count)
    except (OSError, ValueError) as trouble:
        reason = f"{source}: {trouble.strerror}" if isinstance(trouble, OSError) and trouble.strerror else str(trouble)
        raise ConfigurationError(f"The rows could not be read. {reason}") from None


def _jobs(rows: Sequence[dict[str, Any]], seconds: float, *, opaque_cursors: bool) -> dict[str, SimulatedJob]:
    """A job to watch, one that is done, and one that went wrong."""
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
    except ValueError as trouble:
        raise ConfigurationError(str(trouble)) from None
