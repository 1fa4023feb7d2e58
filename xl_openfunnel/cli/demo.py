"""The command that shows everything at once, without an account."""

from __future__ import annotations

import contextlib
import importlib
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import Client, Fetcher, Store
from ..errors import ConfigurationError
from ..files.atomic import check_writable
from ..jobs.fetch_rows import final_snapshot
from ..text import companies, count
from . import option_types, table_output, terminal
from .simulate import From, load

_FIRST_ROWS = 8
_LATENCY = 0.05  # as a near service has it


def demo(
    source: From = None,
    rows: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            parser=option_types.companies("--rows", 1),
            help="Companies. (default: 600, or all of --from)",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE.xlsx", help="The workbook; one of that name is replaced."),
    ] = Path("openfunnel-demo.xlsx"),
    seconds: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", parser=option_types.seconds("--seconds"), help="How long the simulated job takes."
        ),
    ] = 6.0,
) -> None:
    """Watch a simulated job to its end and write its companies to a workbook: no account, no credits."""
    from .. import files

    check_writable(output)
    if output.suffix.lower() != ".xlsx":
        raise ConfigurationError(f"The demonstration writes a workbook: end {output.name!r} in .xlsx.")
    shown = load(source, rows)
    if not shown:
        raise ConfigurationError(f"{source} holds no row: one JSON object a line is wanted.")
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    terminal.say("A simulated service on this machine: no account, no credits, nothing leaves the machine.")
    with _simulated(shown, seconds) as (fetcher, job_id):
        with terminal.Progress() as progress:
            seen = final_snapshot(fetcher, job_id, progress=progress)
            progress.tell(f"{companies(len(seen.rows))} · writing {output.name}")
            files.write(seen, output)
            took = progress.seconds
        table_output.put_frame(seen.frame(table_output.COLUMNS).head(_FIRST_ROWS))
    terminal.say(
        f"The first {min(_FIRST_ROWS, len(seen.rows))} of {companies(len(seen.rows))} in "
        f"{count(seen.pages, 'page')}, {took:.1f} s from the first question to the file:"
    )
    terminal.put(str(output.resolve()))


@contextlib.contextmanager
def _simulated(companies: Sequence[dict[str, Any]], seconds: float) -> Iterator[tuple[Fetcher, str]]:
    """A service with one job that begins now, and a fetcher for it with a store of its own."""
    from ..simulator import SimulatedJob, Simulator

    job = SimulatedJob(companies, pending=seconds / 12, running=seconds * 11 / 12)
    with (
        tempfile.TemporaryDirectory(prefix="xl-openfunnel-demo-", ignore_cleanup_errors=True) as folder,
        Simulator([job], latency=_LATENCY) as service,
        Client(service.base_url, service.api_key) as client,
        contextlib.closing(Store(Path(folder) / "store.sqlite3", client.origin)) as store,
        Fetcher(client, store=store) as fetcher,
    ):
        yield fetcher, job.job_id


def _warm_up() -> None:
    """Import what the end needs while the job goes on."""
    for module in ("pandas", "xlsxwriter"):
        importlib.import_module(module)
