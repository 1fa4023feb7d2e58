"""What each command does and reports, with a fake Excel, a real fetcher and a simulated service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.unit.hosts.clocks import JumpingClock
from tests.unit.hosts.excel.commands.workbooks import BOOK, HERE, FakeVisibleJobs, FakeWorkbooks, command_context
from xl_openfunnel import Client, Fetcher, settings
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.functions.registry import TimeCells
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandContext, CommandHandlers
from xl_openfunnel.hosts.excel.commands.key_process import KeyAsked
from xl_openfunnel.hosts.excel.commands.runner import CommandRunner
from xl_openfunnel.hosts.excel.ports import HostError
from xl_openfunnel.hosts.excel.table_merge import TableContent
from xl_openfunnel.hosts.known_list import SelectedCells
from xl_openfunnel.jobs.store.store import Store
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator, companies
from xl_openfunnel.workbook.commands import COMMANDS
from xl_openfunnel.workbook.data_sheets import TABLE_NAME
from xl_openfunnel.workbook.formulas import TABLE_COLUMNS
from xl_openfunnel.workbook.languages import ENGLISH, languages

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


# ---- refresh


def key_handlers(rig: Rig, ask: Callable[[], KeyAsked]) -> CommandHandlers:
    return CommandHandlers(
        rig,
        rig.visible_jobs,
        rig.excel,
        JumpingClock(),
        cancel=rig.cancelled.append,
        open_file=rig.opened_files.append,
        ask_key=ask,
    )


def set_key(handlers: CommandHandlers) -> str:
    return handlers.windows["set key"][1](command_context())


@pytest.mark.parametrize("kept", [True, False])
def test_after_a_new_key_everything_goes_on_at_once_and_only_then(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(rig.fetcher, "key_replaced", lambda: told.append("fetcher"))
    monkeypatch.setattr(rig.credits, "key_replaced", lambda: told.append("credits"))
    assert set_key(key_handlers(rig, lambda: KeyAsked(kept, "what came of it"))) == "what came of it"
    assert told == (["fetcher", "credits"] if kept else [])


def test_one_window_asks_for_the_key_at_a_time(rig: Rig) -> None:
    inner: list[str] = []

    def press_again() -> KeyAsked:
        if not inner:
            inner.append(set_key(handlers))
        return KeyAsked(kept=False, text="closed")

    handlers = key_handlers(rig, press_again)
    assert set_key(handlers) == "closed"
    assert inner == ["The window that asks for the API key is open already."]
    assert set_key(handlers) == "closed"


def test_refresh_counts_refreshed_failed_and_unchanged_jobs(rig: Rig) -> None:
    rig.fetcher.wait(DONE.job_id)
    rig.show(DONE.job_id, RUNNING.job_id, FAILED.job_id, "no-such-job")
    status = rig.run("refresh book", command_context())
    assert status.startswith(
        "2 refreshed, 1 failed, 1 unchanged: There is no job no-such-job for this API key (HTTP 404)"
    )
    assert set(rig.excel.calculated) == {CELLS[1], CELLS[2], CELLS[3]}


def test_a_final_job_is_read_again_only_by_refresh_final(rig: Rig) -> None:
    rig.fetcher.wait(DONE.job_id)
    rig.show(DONE.job_id)
    before = rig.requests(DONE.job_id)
    assert rig.run("refresh book", command_context()) == "0 refreshed, 0 failed, 1 unchanged"
    assert (rig.requests(DONE.job_id), rig.excel.calculated) == (before, [])
    rig.visible_jobs.outdated_cells = {CELLS[0], CELLS[4]}  # while cells were paused it became final
    assert rig.run("refresh book", command_context()) == "0 refreshed, 0 failed, 1 unchanged"
    assert (rig.requests(DONE.job_id), rig.excel.calculated) == (before, CELLS[:1])
    rig.visible_jobs.outdated_cells, rig.excel.calculated = set(), []
    assert rig.run("refresh final", command_context()) == "1 refreshed, 0 failed, 0 unchanged"
    assert (rig.requests(DONE.job_id), rig.excel.calculated) == (before + 1, CELLS[:1])


def test_refresh_reports_the_error_of_a_failing_service(rig: Rig) -> None:
    rig.show(RUNNING.job_id)
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: seen.status is not None)
    rig.service.faults = [Fault("status", status=503)]
    status = rig.run("refresh cell", command_context(cell=CELLS[0]))
    assert status.startswith("0 refreshed, 1 failed, 0 unchanged: The service is in trouble (HTTP 503)")


def test_refresh_of_a_final_job_that_fails_tells_why_each_time_and_keeps_its_rows(rig: Rig) -> None:
    rig.fetcher.wait(DONE.job_id)
    rig.show(DONE.job_id)
    for status in (401, 401, 422, 503):
        rig.service.faults = [Fault("status", status=status)]
        message = rig.run("refresh final", command_context())
        assert message.startswith("0 refreshed, 1 failed, 0 unchanged: ")
        assert f"HTTP {status}" in message
        assert rig.fetcher.watch(DONE.job_id).final
    rig.service.faults = []
    assert rig.run("refresh final", command_context()) == "1 refreshed, 0 failed, 0 unchanged"


def test_cells_that_have_not_called_yet_are_calculated_first(rig: Rig) -> None:
    rig.excel.cells[CELLS[0]] = f'=OF_STATUS("{OTHER.job_id}")'
    rig.visible_jobs.late[CELLS[0]] = {OTHER.job_id}
    assert rig.run("refresh book", command_context()) == "1 refreshed, 0 failed, 0 unchanged"
    assert rig.excel.calculated == [CELLS[0], CELLS[0]]


def test_the_jobs_of_two_thousand_cells_are_read_together(rig: Rig) -> None:
    places = [CellRef(BOOK, "Start", f"$B${row}") for row in range(1, 2_001)]
    rig.excel.cells = dict.fromkeys(places, f'=OF_LOOKUP("{OTHER.job_id}",1,"name")')
    rig.visible_jobs.jobs = {place: {OTHER.job_id} for place in places}
    assert rig.run("refresh book", command_context()) == "1 refreshed, 0 failed, 0 unchanged"
    assert rig.visible_jobs.calls <= 3  # each time for all cells


@pytest.mark.parametrize(("action", "formatted"), [("refresh book", CELLS[:2]), ("refresh cell", CELLS[:1])])
def test_refresh_formats_the_times(rig: Rig, action: str, formatted: list[CellRef]) -> None:
    rig.show(OTHER.job_id, OTHER.job_id, OTHER.job_id)
    times = {cell: TimeCells((number,)) for number, cell in enumerate(CELLS[:2])}
    rig.visible_jobs.shown_times = times | {CellRef("Other.xlsx", "Start", "$A$1"): TimeCells(None)}
    rig.run(action, command_context(cell=CELLS[0]))
    assert rig.excel.times == {cell: times[cell] for cell in formatted}


def test_the_times_of_the_list_of_jobs_are_formatted_although_it_names_no_job(rig: Rig) -> None:
    rig.excel.cells[CELLS[0]] = "=OF_JOBS()"
    rig.visible_jobs.shown_times = {CELLS[0]: TimeCells((7, 8), 1)}
    assert rig.run("refresh book", command_context()) == "No cell of this book shows a job."
    assert rig.excel.times == rig.visible_jobs.shown_times


def test_refresh_of_a_sheet_leaves_other_sheets_alone(rig: Rig) -> None:
    rig.show(OTHER.job_id)
    elsewhere = CellRef(BOOK, "Second", "$A$1")
    assert rig.run("refresh sheet", command_context(cell=elsewhere)) == "No cell of this sheet shows a job."
    assert (
        rig.run("refresh cell", command_context("Acme", elsewhere))
        == "The selected cell neither holds a job nor shows one."
    )
    assert rig.service.received == []


def test_a_chart_sheet_has_nothing_to_refresh(rig: Rig) -> None:
    rig.show(OTHER.job_id)
    assert rig.run("refresh sheet", command_context(cell=None)) == "There are no cells on this sheet."
    assert rig.service.received == []


# ---- which job a cell means


def test_a_cells_text_is_a_job_if_it_names_a_known_one(rig: Rig) -> None:
    rig.fetcher.wait(OTHER.job_id)
    rig.store.label(OTHER.job_id, "autumn list")
    assert rig.handlers.job_here(command_context(OTHER.job_id)) == OTHER.job_id
    assert rig.handlers.job_here(command_context("Autumn List")) == OTHER.job_id
    assert rig.handlers.job_here(command_context(DONE.job_id)) == DONE.job_id  # never seen, but a UUID
    assert rig.handlers.job_here(command_context(f"https://app.openfunnel.dev/jobs/{DONE.job_id}")) == DONE.job_id
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
        assert rig.handlers.job_here(command_context(word)) == ""


def test_a_cell_of_a_block_shows_the_job_of_the_cell_that_spills(rig: Rig) -> None:
    rig.show(OTHER.job_id)
    within = CellRef(BOOK, "Start", "$D$9")
    rig.excel.formula_cells[within] = CELLS[0]
    assert rig.handlers.job_here(command_context("Acme", within)) == OTHER.job_id


def test_several_jobs_count_as_none(rig: Rig) -> None:
    rig.visible_jobs.jobs[HERE] = {OTHER.job_id, DONE.job_id}
    assert rig.handlers.job_here(command_context()) == ""
    with pytest.raises(ConfigurationError, match="shows 2 jobs"):
        rig.run("insert table", command_context())


def test_job_here_does_not_wait_for_a_busy_excel(rig: Rig) -> None:
    rig.excel.busy = True
    assert rig.handlers.job_here(command_context(DONE.job_id)) == DONE.job_id


# ---- table


def test_writing_the_table_reports_all_that_happened(rig: Rig) -> None:
    assert rig.write_table(DONE.job_id) == "30 companies inserted on the sheet Table; 1 pivot refreshed"
    (plan,) = rig.excel.plans
    assert (plan.final_height, plan.columns) == (30, TABLE_COLUMNS)
    facts = dict(rig.excel.facts)
    assert (facts["job"], facts["state"], facts["rows"], facts["credits"]) == (DONE.job_id, "final", 30.0, 30.0)
    rig.excel.tables[TABLE_NAME] = TableContent(["name", "linkedin_url", "Mine"], [["Old", "gone", "x"]])
    rig.excel.write_result = {"sheet": "My table", "filter_removed": True, "facts_written": False}
    rig.excel.pivots = HostError("Excel refused: protected")
    assert rig.write_table(DONE.job_id) == (
        "30 companies inserted on the sheet My table; 1 no longer in the job kept at the end, for what you have there; "
        "without rank, domain, headquarters, employee_count, match_reason, country, employee_band, which the table "
        "does not have; the table's filter was taken off; no room above the table to say what job it is; "
        "the pivots could not be refreshed (Excel refused: protected)"
    )


def test_line_breaks_in_the_table_are_line_feeds_and_long_numbers_texts(rig: Rig) -> None:
    rig.fetcher.wait(ODD.job_id)
    rig.write_table(ODD.job_id)
    shown = dict(zip(TABLE_COLUMNS, rig.excel.plans[-1].rows[0], strict=True))
    assert (shown["match_reason"], shown["employee_count"]) == ("a\nb\nc", "9007199254740993")


def test_the_content_hash_depends_on_the_rows(rig: Rig) -> None:
    contents = []
    for job in (DONE.job_id, OTHER.job_id, DONE.job_id):
        rig.fetcher.wait(job)
        rig.write_table(job)
        contents.append(dict(rig.excel.facts)["content"])
    assert contents[0] == contents[2] != contents[1]


def test_a_running_jobs_companies_are_provisional(rig: Rig) -> None:
    rig.time.sleep(700)
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: len(seen.rows) > 0)
    assert "; provisional: insert again once the job is final; " in rig.write_table(RUNNING.job_id)
    assert dict(rig.excel.facts)["state"] == "provisional: rows may still change"


def test_without_a_job_in_the_cell_the_workbooks_job_is_used(rig: Rig) -> None:
    with pytest.raises(ConfigurationError, match="Select one that does"):
        rig.run("insert table", command_context("Acme"))
    rig.excel.names["job"] = OTHER.job_id
    assert rig.run("insert table", command_context("Acme")).startswith("7 companies")
    assert rig.run("insert table", command_context("", None)).startswith("7 companies")


def test_a_failed_jobs_companies_are_written_with_the_reason(rig: Rig) -> None:
    assert rig.write_table(FAILED.job_id) == (
        "0 companies inserted on the sheet Table; The job failed: no seeds; 1 pivot refreshed"
    )


def test_the_warnings_of_a_job_are_told(rig: Rig) -> None:
    warned = replace(rig.fetcher.wait(DONE.job_id), warnings=("Page 1 holds Acme twice: another may be missing.",))
    rig.fetcher = cast("Fetcher", SimpleNamespace(watch=lambda job: warned))
    assert rig.write_table(DONE.job_id) == (
        "30 companies inserted on the sheet Table; Page 1 holds Acme twice: another may be missing; 1 pivot refreshed"
    )


def keep(rig: Rig, name: str, *domains: str | None) -> None:
    rig.known = rig.known or KnownLists(rig.store.path.parent / "known")
    rig.known.set(make_list(name, [["Website"], *([domain] for domain in domains)]))


def known_cells(rig: Rig, name: str) -> list[object]:
    plan = rig.excel.plans[-1]
    return [row[plan.columns.index(name)] for row in plan.rows]


def test_a_table_gets_a_column_for_each_known_list(rig: Rig) -> None:
    keep(rig, "CRM", ROWS[0]["domain"], ROWS[1]["domain"])
    keep(rig, "partners", ROWS[1]["domain"])
    counts = [sum(row["domain"] in {ROWS[at]["domain"] for at in known} for row in ROWS) for known in ((0, 1), (1,))]
    blank = sum(not row["domain"] for row in ROWS)
    crm, partners = (
        f'{30 - each - blank} of 30 are new to "{name}"' for each, name in zip(counts, ("CRM", "partners"), strict=True)
    )
    said = rig.write_table(DONE.job_id)
    assert said.startswith("30 companies inserted on the sheet Table; ")
    assert crm in said
    assert partners in said
    assert rig.excel.tables[TABLE_NAME].columns == [*TABLE_COLUMNS, "known:crm", "known:partners"]
    assert known_cells(rig, "known:crm")[:2] == ["host", "host"]
    assert [row["domain"] for row, cell in zip(ROWS, known_cells(rig, "known:partners"), strict=True) if cell == "host"]
    assert set(known_cells(rig, "known:crm")) <= {"host", None, "not comparable"}


def test_a_table_that_is_there_gets_the_column_at_its_right(rig: Rig) -> None:
    rig.excel.tables[TABLE_NAME] = TableContent([*TABLE_COLUMNS, "Mine"], [[None] * (len(TABLE_COLUMNS) + 1)])
    keep(rig, "crm", ROWS[0]["domain"])
    assert "which the table does not have" not in rig.write_table(DONE.job_id)
    assert rig.excel.tables[TABLE_NAME].columns == [*TABLE_COLUMNS, "Mine", "known:crm"]
    assert known_cells(rig, "known:crm")[0] == "host"
    rig.write_table(DONE.job_id)
    assert rig.excel.tables[TABLE_NAME].columns == [*TABLE_COLUMNS, "Mine", "known:crm"]


def test_the_column_of_a_list_that_is_gone_is_emptied_and_holds_no_company(rig: Rig) -> None:
    keep(rig, "crm", ROWS[0]["domain"])
    rig.write_table(DONE.job_id)
    plan = rig.excel.plans[-1]
    rig.excel.tables[TABLE_NAME] = TableContent(plan.columns, plan.rows)
    assert rig.known
    rig.known.remove("crm")
    assert "crm" not in rig.write_table(OTHER.job_id)
    assert rig.excel.plans[-1].kept_rows == 0
    assert set(known_cells(rig, "known:crm")[:7]) == {None}


def test_a_job_without_companies_does_not_empty_the_table(rig: Rig) -> None:
    full = TableContent(TABLE_COLUMNS, [[1.0, *[None] * (len(TABLE_COLUMNS) - 1)]])
    rig.excel.tables[TABLE_NAME] = full
    with pytest.raises(ConfigurationError) as refused:
        rig.write_table(FAILED.job_id)
    assert refused.value.message == (
        "The job has no companies (The job failed: no seeds). The table keeps those that it has."
    )
    assert rig.excel.plans == []


def test_a_job_without_companies_yet_is_refused(rig: Rig) -> None:
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: seen.status is not None)
    with pytest.raises(ConfigurationError, match="There is nothing to insert yet: running"):
        rig.write_table(RUNNING.job_id)
    with pytest.raises(ConfigurationError, match="nothing to insert yet: There is no job no-such-job"):
        rig.write_table("no-such-job")


def test_refreshing_pivots_without_a_table(rig: Rig) -> None:
    assert rig.run("refresh pivots", command_context()) == "1 pivot refreshed."
    rig.excel.pivots = 0
    with pytest.raises(ConfigurationError, match="No companies were inserted"):
        rig.run("refresh pivots", command_context())


# ---- the rest


def test_a_copy_gets_the_facts_of_every_job_in_the_workbook(rig: Rig) -> None:
    rig.show(DONE.job_id, RUNNING.job_id)
    rig.fetcher.wait(DONE.job_id)
    status = rig.run("save values copy", command_context())
    assert status == "The copy is Book (values).xlsx. 1 job in it still provisional."
    assert {dict(facts)["job_id"]: dict(facts)["state"] for facts in rig.excel.copied} == {
        DONE.job_id: "final",
        RUNNING.job_id: "provisional: rows may still change",
    }


def test_a_copy_waits_for_what_is_being_calculated(rig: Rig) -> None:
    rig.show(DONE.job_id, RUNNING.job_id, DONE.job_id)
    rig.fetcher.wait(DONE.job_id)
    done, running, other = CELLS[:3]
    first, older = False, True
    rig.visible_jobs.calculated = [{done: first, running: first}, {running: first}, {other: older}, {running: older}]
    rig.visible_jobs.outdated_cells = {done, CELLS[4]}
    assert rig.run("save values copy", command_context()).endswith("(values).xlsx. 1 job in it still provisional.")
    assert rig.visible_jobs.calculated == [{running: older}]  # while its job runs, another answer follows
    assert rig.excel.calculated == [done]


@pytest.mark.parametrize("older", [False, True])
def test_a_copy_says_what_took_too_long(rig: Rig, older: bool) -> None:
    rig.show(DONE.job_id)
    rig.fetcher.wait(DONE.job_id)
    rig.visible_jobs.calculated = [{CELLS[0]: older}]
    assert rig.run("save values copy", command_context()).endswith(
        "(values).xlsx. 1 formula in it still being calculated: save it again later."
    )


def test_links_that_remain_in_a_copy_are_reported(rig: Rig) -> None:
    rig.excel.links = ("Prices.xlsx", "Rates.xlsx")
    assert rig.run("save values copy", command_context()) == (
        "The copy is Book (values).xlsx. Links to Prices.xlsx, Rates.xlsx are left in it: look for them in names, data "
        "validation and protected sheets."
    )


def test_a_copy_leaves_out_what_tells_of_known_companies_and_says_so(rig: Rig) -> None:
    rig.visible_jobs.known_cells = {CELLS[0]}
    said = rig.run("save values copy", command_context())
    assert said == "The copy is Book (values).xlsx. It does not say which companies you know."


def test_only_the_job_that_the_user_was_asked_about_is_cancelled(rig: Rig) -> None:
    rig.show(OTHER.job_id, DONE.job_id)
    _, cancel = rig.handlers.urgent["cancel job"]
    assert "Nothing was cancelled" in cancel(command_context(cell=CELLS[0]))  # nobody asked
    asked = replace(command_context(cell=CELLS[1]), given=OTHER.job_id)
    for _ in range(2):  # context twice in a row
        assert cancel(asked).startswith("Job other-job stops")
    assert rig.cancelled == [OTHER.job_id] * 2


def test_selected_cells_are_kept_as_a_known_list_and_the_log_says_nothing_of_them(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig.known = KnownLists(tmp_path / "known")
    rig.excel.selected[HERE, "$A:$B"] = SelectedCells([["info@gmail.com", None], ["confidential.com", 1.0]])
    runner = CommandRunner(rig.handlers, rig.excel, JumpingClock())
    with caplog.at_level(logging.INFO):
        assert runner.act("keep list", replace(command_context("$A:$B"), given="crm")) == ""
        runner.loop.step()
    assert rig.excel.bar == 'OpenFunnel: 1 company: 1 by info@gmail.com. Use it as =OF_NEW(A2,"crm")'
    assert [known.name for known in rig.known.all()] == ["crm"]
    assert caplog.messages == ["keep list: done"]


def test_on_a_sheet_without_cells_no_list_is_kept(rig: Rig) -> None:
    assert rig.run("keep list", command_context(cell=None)) == "There are no cells on this sheet."


def test_the_log_is_opened_if_it_exists(rig: Rig) -> None:
    assert rig.run("open log", command_context()).startswith("There is no log yet.")
    log = settings.log_path()
    log.parent.mkdir()
    log.touch()
    rig.run("open log", command_context())
    assert rig.opened_files == [log]


def test_the_help_has_every_function_and_every_button(rig: Rig) -> None:
    rig.run("open help", command_context())
    (path,) = rig.opened_files
    page = path.read_text(encoding="utf-8")
    assert all(function.signature in page for function in CATALOG)
    captions = languages()[ENGLISH].commands
    assert all(f"<dt>{captions[command.action].caption}</dt>" in page for command in COMMANDS)
    assert "&quot;latest&quot;" in page
