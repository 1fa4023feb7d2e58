"""What each command does and reports, with a fake Excel, a real fetcher and a simulated service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.hosts.clocks import JumpingClock
from tests.unit.hosts.excel.commands.conftest import CELLS, DONE, FAILED, OTHER, RUNNING, Rig
from tests.unit.hosts.excel.commands.workbooks import BOOK, HERE, command_context
from xl_openfunnel import settings
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.registry import TimeCells
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandHandlers
from xl_openfunnel.hosts.excel.commands.key_process import KeyAsked
from xl_openfunnel.hosts.excel.commands.runner import CommandRunner
from xl_openfunnel.hosts.known_list import SelectedCells
from xl_openfunnel.known.columns import Telling
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.simulator import Fault
from xl_openfunnel.workbook.commands import COMMANDS
from xl_openfunnel.workbook.languages import ENGLISH, languages


@pytest.fixture(scope="module", autouse=True)
def called() -> Iterator[set[str]]:
    """The actions whose handlers the tests of this file have called so far."""
    actions: set[str] = set()
    make = CommandHandlers.__init__

    def noted(action: str, handler: Callable[..., str]) -> Callable[..., str]:
        def call(*arguments: object) -> str:
            actions.add(action)
            return handler(*arguments)

        return call

    def made(self: CommandHandlers, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        for kind in ("handlers", "urgent", "windows"):
            found = getattr(self, kind).items()
            setattr(self, kind, {action: (text, noted(action, handler)) for action, (text, handler) in found})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CommandHandlers, "__init__", made)
        yield actions


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
    rig.visible_jobs.known_cells = {CELLS[0]: Telling.COLUMNS}
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


def test_every_button_with_a_handler_has_a_test_here(
    rig: Rig, called: set[str], request: pytest.FixtureRequest
) -> None:
    """The last test of the file, of what the others have called."""
    ran = {item.name.partition("[")[0] for item in request.session.items if item.path == request.path}
    if request.session.testsfailed or not {name for name in vars(request.module) if name.startswith("test_")} <= ran:
        pytest.skip("not all tests of this file have run")
    handlers = rig.handlers
    missing = {*handlers.handlers, *handlers.urgent, *handlers.windows} - called
    assert not missing, f"write tests in this file of {', '.join(sorted(missing))}"
