"""The handlers of commands with a fake Excel, a real fetcher and a simulated service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.hosts.clocks import JumpingClock
from tests.unit.hosts.excel.commands.workbooks import BOOK, FakeVisibleJobs, FakeWorkbooks, command_context
from xl_openfunnel import Client, Fetcher
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandContext, CommandHandlers
from xl_openfunnel.jobs.store.store import Store
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

ROWS = companies(30)
DONE = SimulatedJob(ROWS)
OTHER = SimulatedJob(ROWS[:7], job_id="other-job")
RUNNING = SimulatedJob(ROWS, job_id="running-job", running=1_000, page_size=10)
ODD = SimulatedJob([{**ROWS[0], "match_reason": "a\r\nb\rc\x07", "employee_count": 2**53 + 1}], job_id="odd-job")
FAILED = SimulatedJob(ROWS, job_id="failed-job", ending="failed", error_message="no seeds")
CELLS = [CellRef(BOOK, "Start", f"$B${row}") for row in range(1, 6)]


@dataclass
class Rig:
    """The handlers and everything that they use."""

    service: Simulator
    time: ManualClock
    fetcher: Fetcher
    store: Store
    credits: CreditsCache
    excel: FakeWorkbooks
    visible_jobs: FakeVisibleJobs
    cancelled: list[str]
    opened_files: list[Path]
    handlers: CommandHandlers
    columns: None = None
    known: KnownLists | None = None

    def run(self, action: str, context: CommandContext) -> str:
        return self.handlers.handlers[action][1](self.excel, context)

    def write_table(self, job: str) -> str:
        """Write the workbook's own job into its table."""
        self.excel.names["job"] = job
        return self.run("insert table", command_context("Acme"))

    def show(self, *jobs: str) -> None:
        """Have cells show these jobs, one job each."""
        for place, job in zip(CELLS, jobs, strict=False):
            self.excel.cells[place] = f'=OF_STATUS("{job}")'
            self.visible_jobs.jobs[place] = {job}

    def requests(self, job: str) -> int:
        return sum(received.job_id == job for received in self.service.received)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    time = ManualClock()
    with (
        Simulator([DONE, OTHER, RUNNING, FAILED, ODD], clock=time) as service,
        Client(service.base_url, service.api_key) as client,
    ):
        store = Store(tmp_path / "store.sqlite3", client.origin)
        with Fetcher(client, store=store) as fetcher:
            office, shown = FakeWorkbooks(), FakeVisibleJobs()
            made = Rig(service, time, fetcher, store, CreditsCache(client), office, shown, [], [], None)  # type: ignore[arg-type]
            made.handlers = CommandHandlers(
                made,
                shown,
                office,
                JumpingClock(),
                cancel=made.cancelled.append,
                open_file=made.opened_files.append,
            )
            yield made
        store.close()
