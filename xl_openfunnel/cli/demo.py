"""The command that demonstrates the package, without an account."""

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
from ..atomic import check_writable
from ..errors import ConfigurationError
from ..jobs.waiting import wait_for_all
from ..text import companies, count
from . import table_output, terminal
from .options import SourceFile, company_count_parser, seconds_parser
from .progress import Progress
from .simulate import load_companies

_FIRST_ROWS = 8
_LATENCY = 0.05  # seconds, as of a nearby service


def demo(
    source: SourceFile = None,
    rows: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            parser=company_count_parser(1),
            help="Companies. (default: 600, or all of --from)",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE.xlsx", help="The workbook; one of that name is replaced."),
    ] = Path("openfunnel-demo.xlsx"),
    seconds: Annotated[
        float,
        typer.Option(metavar="SECONDS", parser=seconds_parser("--seconds"), help="How long the simulated job takes."),
    ] = 6.0,
) -> None:
    """Watch a simulated job to its end and write its companies to a workbook: no account, no credits."""
    from .. import files

    check_writable(output)
    if output.suffix.lower() != ".xlsx":
        raise ConfigurationError(f"The demonstration writes a workbook: end {output.name!r} in .xlsx.")
    simulated = load_companies(source, rows)
    if not simulated:
        raise ConfigurationError(f"{source} holds no row: one JSON object a line is wanted.")
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    terminal.print_message("A simulated service on this computer: no account, no credits, nothing leaves the computer.")
    with _simulated_job(simulated, seconds) as (fetcher, job_id):
        with Progress() as progress:
            (outcome,) = wait_for_all(fetcher, [job_id], progress=progress)
            if outcome.error is not None:
                raise outcome.error
            snapshot = outcome.snapshot
            progress.update(f"{companies(len(snapshot.rows))} · writing {output.name}")
            files.write(snapshot, output)
            duration = progress.seconds
        table_output.print_frame(snapshot.frame(table_output.TERMINAL_COLUMNS).head(_FIRST_ROWS))
    terminal.print_message(
        f"The first {min(_FIRST_ROWS, len(snapshot.rows))} of {companies(len(snapshot.rows))} in "
        f"{count(snapshot.pages, 'page')}, {duration:.1f} s from the first question to the file."
    )
    terminal.print_open(output, on_stdout=True)


@contextlib.contextmanager
def _simulated_job(companies: Sequence[dict[str, Any]], seconds: float) -> Iterator[tuple[Fetcher, str]]:
    """A simulated service with one job that starts now, and a fetcher with a temporary store."""
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
    """Import what writing needs, which is slow, while the job is running.

    These are the modules that the main thread asks for first. If two threads enter XlsxWriter, which imports itself in
    a circle, by different modules, the import fails.
    """
    for module in ("pandas", "xl_openfunnel.files.xlsx"):
        importlib.import_module(module)
