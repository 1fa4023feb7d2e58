"""What each button does and says, with a fake program, a real fetcher and a simulated service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.unit.hosts.clocks import Passing
from tests.unit.hosts.excel.commands.workbooks import BOOK, HERE, FakeVisibleJobs, FakeWorkbooks, pressed
from xl_openfunnel import Client, Fetcher, settings
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands import help_page
from xl_openfunnel.hosts.excel.commands.handlers import CommandContext, CommandHandlers
from xl_openfunnel.hosts.excel.ports import HostError
from xl_openfunnel.hosts.excel.table_merge import TableContent
from xl_openfunnel.jobs.store.store import Store
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator, companies
from xl_openfunnel.workbook.cached_values import TABLE_COLUMNS
from xl_openfunnel.workbook.data_sheets import TABLE_NAME

ROWS = companies(30)
DONE = SimulatedJob(ROWS)
OTHER = SimulatedJob(ROWS[:7], job_id="other-job")
RUNNING = SimulatedJob(ROWS, job_id="running-job", running=1_000, page_size=10)
FAILED = SimulatedJob(ROWS, job_id="failed-job", ending="failed", error_message="no seeds")
CELLS = [CellRef(BOOK, "Start", f"$B${row}") for row in range(1, 6)]


@dataclass
class Rig:
    """The actions, and everything around them."""

    service: Simulator
    time: ManualClock
    fetcher: Fetcher
    store: Store
    credits: CreditsCache
    office: FakeWorkbooks
    shown: FakeVisibleJobs
    cancelled: list[str]
    opened_files: list[Path]
    actions: CommandHandlers

    def do(self, action: str, pressed: CommandContext) -> str:
        return self.actions.handlers[action][1](self.office, pressed)

    def land(self, job: str) -> str:
        """Land the workbook's own job."""
        self.office.names["job"] = job
        return self.do("land table", pressed("Acme"))

    def show(self, *jobs: str) -> None:
        """Have cells show these jobs, one each."""
        for place, job in zip(CELLS, jobs, strict=False):
            self.office.cells[place] = f'=OF_STATUS("{job}")'
            self.shown.jobs[place] = {job}

    def requests(self, job: str) -> int:
        return sum(received.job_id == job for received in self.service.received)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    time = ManualClock()
    with (
        Simulator([DONE, OTHER, RUNNING, FAILED], clock=time) as service,
        Client(service.base_url, service.api_key) as client,
    ):
        store = Store(tmp_path / "store.sqlite3", client.origin)
        with Fetcher(client, store=store) as fetcher:
            office, shown = FakeWorkbooks(), FakeVisibleJobs()
            made = Rig(service, time, fetcher, store, CreditsCache(client), office, shown, [], [], None)  # type: ignore[arg-type]
            made.actions = CommandHandlers(
                made,
                shown,
                office,
                Passing(),
                cancel=made.cancelled.append,
                open_file=made.opened_files.append,
            )
            yield made
        store.close()


# ---- refresh


def test_refresh_counts_what_answered_what_did_not_and_what_cannot_change(rig: Rig) -> None:
    rig.fetcher.wait(DONE.job_id)
    rig.show(DONE.job_id, RUNNING.job_id, FAILED.job_id, "no-such-job")
    said = rig.do("refresh book", pressed())
    assert said.startswith(
        "2 refreshed, 1 failed, 1 unchanged: There is no job no-such-job for this API key (HTTP 404)"
    )
    assert set(rig.office.calculated) == {CELLS[1], CELLS[2], CELLS[3]}


def test_a_final_job_is_read_anew_only_where_that_is_asked_for(rig: Rig) -> None:
    rig.fetcher.wait(DONE.job_id)
    rig.show(DONE.job_id)
    before = rig.requests(DONE.job_id)
    assert rig.do("refresh book", pressed()) == "0 refreshed, 0 failed, 1 unchanged"
    assert (rig.requests(DONE.job_id), rig.office.calculated) == (before, [])
    rig.shown.old = {CELLS[0], CELLS[4]}  # while cells were paused it became final
    assert rig.do("refresh book", pressed()) == "0 refreshed, 0 failed, 1 unchanged"
    assert (rig.requests(DONE.job_id), rig.office.calculated) == (before, CELLS[:1])
    rig.shown.old, rig.office.calculated = set(), []
    assert rig.do("refresh final", pressed()) == "1 refreshed, 0 failed, 0 unchanged"
    assert (rig.requests(DONE.job_id), rig.office.calculated) == (before + 1, CELLS[:1])


def test_a_failing_service_is_told_in_its_words(rig: Rig) -> None:
    rig.show(RUNNING.job_id)
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: seen.status is not None)
    rig.service.faults = [Fault("status", status=503)]
    said = rig.do("refresh cell", pressed(place=CELLS[0]))
    assert said.startswith("0 refreshed, 1 failed, 0 unchanged: The service is in trouble (HTTP 503)")


def test_cells_that_have_not_called_yet_are_calculated_first(rig: Rig) -> None:
    rig.office.cells[CELLS[0]] = f'=OF_STATUS("{OTHER.job_id}")'
    rig.shown.late[CELLS[0]] = {OTHER.job_id}
    assert rig.do("refresh book", pressed()) == "1 refreshed, 0 failed, 0 unchanged"
    assert rig.office.calculated == [CELLS[0], CELLS[0]]


def test_two_thousand_cells_are_known_at_once(rig: Rig) -> None:
    places = [CellRef(BOOK, "Start", f"$B${row}") for row in range(1, 2_001)]
    rig.office.cells = dict.fromkeys(places, f'=OF_LOOKUP("{OTHER.job_id}",1,"name")')
    rig.shown.jobs = {place: {OTHER.job_id} for place in places}
    assert rig.do("refresh book", pressed()) == "1 refreshed, 0 failed, 0 unchanged"
    assert rig.shown.asked <= 3  # each time for all cells


def test_refresh_of_a_sheet_leaves_other_sheets_alone(rig: Rig) -> None:
    rig.show(OTHER.job_id)
    elsewhere = CellRef(BOOK, "Second", "$A$1")
    assert rig.do("refresh sheet", pressed(place=elsewhere)) == "No cell of this sheet shows a job."
    assert rig.do("refresh cell", pressed("Acme", elsewhere)) == "The selected cell neither holds a job nor shows one."
    assert rig.service.received == []


def test_a_chart_sheet_has_nothing_to_refresh(rig: Rig) -> None:
    rig.show(OTHER.job_id)
    assert rig.do("refresh sheet", pressed(place=None)) == "There are no cells on this sheet."
    assert rig.service.received == []


# ---- which job a cell means


def test_a_cell_holds_a_job_where_its_text_is_a_known_one(rig: Rig) -> None:
    rig.fetcher.wait(OTHER.job_id)
    rig.store.label(OTHER.job_id, "autumn list")
    assert rig.actions.job_here(pressed(OTHER.job_id)) == OTHER.job_id
    assert rig.actions.job_here(pressed("Autumn List")) == OTHER.job_id
    assert rig.actions.job_here(pressed(DONE.job_id)) == DONE.job_id  # never seen, but a UUID
    assert rig.actions.job_here(pressed(f"https://app.openfunnel.dev/jobs/{DONE.job_id}")) == DONE.job_id
    for word in (
        "completed",
        "Acme",
        "acme2",
        "99",
        "",
        "#N/A",
        "https://www.linkedin.com/company/acme2",
        "of_" + "k" * 20,
    ):
        assert rig.actions.job_here(pressed(word)) == ""


def test_a_cell_of_a_block_shows_the_job_of_the_cell_that_spills(rig: Rig) -> None:
    rig.show(OTHER.job_id)
    within = CellRef(BOOK, "Start", "$D$9")
    rig.office.owners[within] = CELLS[0]
    assert rig.actions.job_here(pressed("Acme", within)) == OTHER.job_id


def test_several_jobs_are_none(rig: Rig) -> None:
    rig.shown.jobs[HERE] = {OTHER.job_id, DONE.job_id}
    assert rig.actions.job_here(pressed()) == ""
    with pytest.raises(ConfigurationError, match="shows 2 jobs"):
        rig.do("land table", pressed())


def test_a_busy_program_is_not_waited_for_while_it_waits(rig: Rig) -> None:
    rig.office.busy = True
    assert rig.actions.job_here(pressed(DONE.job_id)) == DONE.job_id


# ---- landing


def test_landing_says_what_it_did_and_what_it_could_not(rig: Rig) -> None:
    assert rig.land(DONE.job_id) == "30 companies landed on the sheet Table; 1 pivot refreshed"
    (made,) = rig.office.plans
    assert (made.final_height, made.columns) == (30, TABLE_COLUMNS)
    facts = dict(rig.office.facts)
    assert (facts["job"], facts["state"], facts["rows"], facts["credits"]) == (DONE.job_id, "final", 30.0, 30.0)
    rig.office.tables[TABLE_NAME] = TableContent(["name", "linkedin_url", "Mine"], [["Old", "gone", "x"]])
    rig.office.landed = {"sheet": "My table", "filter_removed": True, "facts_written": False}
    rig.office.pivots = HostError("Excel refused: protected")
    assert rig.land(DONE.job_id) == (
        "30 companies landed on the sheet My table; 1 no longer in the job kept at the end, for what you have there; "
        "without rank, domain, headquarters, employee_count, match_reason, country, employee_band, which the table "
        "does not have; the table's filter was taken off; no room above the table to say what job it is; "
        "the pivots could not be refreshed (Excel refused: protected)"
    )


def test_the_same_rows_have_the_same_content_and_others_another(rig: Rig) -> None:
    told = []
    for job in (DONE.job_id, OTHER.job_id, DONE.job_id):
        rig.fetcher.wait(job)
        rig.land(job)
        told.append(dict(rig.office.facts)["content"])
    assert told[0] == told[2] != told[1]


def test_a_running_job_is_landed_as_provisional(rig: Rig) -> None:
    rig.time.sleep(700)
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: len(seen.rows) > 0)
    assert "; provisional: land again when the job is over; " in rig.land(RUNNING.job_id)
    assert dict(rig.office.facts)["state"] == "provisional: rows may still change"


def test_the_workbooks_own_job_is_landed_where_the_cell_has_none(rig: Rig) -> None:
    with pytest.raises(ConfigurationError, match="Select one that does"):
        rig.do("land table", pressed("Acme"))
    rig.office.names["job"] = OTHER.job_id
    assert rig.do("land table", pressed("Acme")).startswith("7 companies")
    assert rig.do("land table", pressed("", None)).startswith("7 companies")


def test_what_a_failed_job_delivered_is_landed_with_the_reason(rig: Rig) -> None:
    assert rig.land(FAILED.job_id) == (
        "0 companies landed on the sheet Table; The job failed: no seeds; 1 pivot refreshed"
    )


def test_a_job_without_companies_empties_no_table(rig: Rig) -> None:
    full = TableContent(TABLE_COLUMNS, [[1.0, *[None] * (len(TABLE_COLUMNS) - 1)]])
    rig.office.tables[TABLE_NAME] = full
    with pytest.raises(ConfigurationError) as refused:
        rig.land(FAILED.job_id)
    assert refused.value.message == (
        "The job has no companies (The job failed: no seeds). The table keeps those that it has."
    )
    assert rig.office.plans == []


def test_without_any_company_there_is_nothing_to_land(rig: Rig) -> None:
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: seen.status is not None)
    with pytest.raises(ConfigurationError, match="There is nothing to land yet: running"):
        rig.land(RUNNING.job_id)
    with pytest.raises(ConfigurationError, match="nothing to land yet: There is no job no-such-job"):
        rig.land("no-such-job")


def test_pivots_of_a_book_without_a_table(rig: Rig) -> None:
    assert rig.do("refresh pivots", pressed()) == "1 pivot refreshed."
    rig.office.pivots = 0
    with pytest.raises(ConfigurationError, match="No companies were landed"):
        rig.do("refresh pivots", pressed())


# ---- the rest


def test_a_copy_tells_of_every_job_in_the_book(rig: Rig) -> None:
    rig.show(DONE.job_id, RUNNING.job_id)
    rig.fetcher.wait(DONE.job_id)
    said = rig.do("send copy", pressed())
    assert said == "The copy is Book (values).xlsx. 1 job in it still provisional."
    assert {dict(facts)["job_id"]: dict(facts)["state"] for facts in rig.office.copied} == {
        DONE.job_id: "final",
        RUNNING.job_id: "provisional: rows may still change",
    }


def test_links_that_are_left_in_a_copy_are_said(rig: Rig) -> None:
    rig.office.links = ("Prices.xlsx", "Rates.xlsx")
    assert rig.do("send copy", pressed()) == (
        "The copy is Book (values).xlsx. Links to Prices.xlsx, Rates.xlsx are left in it: look for them in names, data "
        "validation and protected sheets."
    )


def test_the_job_that_was_asked_about_is_cancelled_and_no_other(rig: Rig) -> None:
    rig.show(OTHER.job_id, DONE.job_id)
    _, cancel = rig.actions.urgent["cancel job"]
    assert "Nothing was cancelled" in cancel(pressed(place=CELLS[0]))  # nobody asked
    asked = replace(pressed(place=CELLS[1]), job=OTHER.job_id)
    for _ in range(2):  # pressed twice in a row
        assert cancel(asked).startswith("Job other-job stops")
    assert rig.cancelled == [OTHER.job_id] * 2


def test_the_log_is_opened_where_there_is_one(rig: Rig) -> None:
    assert rig.do("open log", pressed()).startswith("There is no log yet.")
    log = settings.log_path()
    log.parent.mkdir()
    log.touch()
    rig.do("open log", pressed())
    assert rig.opened_files == [log]


def test_the_help_has_every_function_and_every_button(rig: Rig) -> None:
    rig.do("open help", pressed())
    (path,) = rig.opened_files
    page = path.read_text(encoding="utf-8")
    assert all(function.signature in page for function in CATALOG)
    assert all(f"<dt>{name}</dt>" in page for name in help_page.BUTTONS)
    assert "&quot;latest&quot;" in page
