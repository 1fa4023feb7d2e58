"""Actions one after the other, and the status bar that says what came of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.hosts.clocks import Passing
from tests.unit.hosts.excel.commands.workbooks import WINDOW, FakeWorkbooks, command_context
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandContext, Handler
from xl_openfunnel.hosts.excel.commands.runner import BUSY_RETRY_DELAY, STATUS_SECONDS, CommandRunner
from xl_openfunnel.hosts.excel.ports import HostBusyError, HostError, HostGoneError, WorkbookCommands


class Desk:
    """Errands with one action, and time that passes when it is told to."""

    def __init__(self, deed: Handler) -> None:
        self.office, self.clock = FakeWorkbooks(), Passing()
        self.stopped: list[str] = []
        self.threads: list[Callable[[], None]] = []  # begun, and run when the test says so
        actions: Any = SimpleNamespace(
            handlers={"do it": ("Doing it ...", deed)},
            urgent={"stop it": ("Stopping it ...", self.stop)},
            job_here=lambda pressed: "a-job",
        )
        self.commands = CommandRunner(actions, self.office, self.clock, lambda _, run: self.threads.append(run))

    def stop(self, pressed: CommandContext) -> str:
        self.stopped.append(pressed.job)
        return "It is stopped."

    def press(self) -> None:
        """What a macro does."""
        assert self.commands.act("do it", command_context()) == ""

    def pass_(self, seconds: float) -> None:
        end = self.clock.now + seconds
        left = self.commands.loop.step()
        while left is not None and self.clock.now + left <= end:
            self.clock.now += left
            left = self.commands.loop.step()
        self.clock.now = max(self.clock.now, end)


def failing(error: Exception) -> Handler:
    def deed(work: WorkbookCommands, pressed: CommandContext) -> str:
        raise error

    return deed


def test_what_came_of_it_is_shown_for_a_while_and_the_bar_given_back() -> None:
    shown: list[str | bool] = []

    def deed(work: WorkbookCommands, pressed: CommandContext) -> str:
        shown.append(desk.office.bar)
        return "It is done."

    desk = Desk(deed)
    desk.press()
    desk.pass_(0)
    assert [*shown, desk.office.bar] == ["OpenFunnel: Doing it ...", "OpenFunnel: It is done."]
    desk.pass_(STATUS_SECONDS - 1)
    assert desk.office.bar == "OpenFunnel: It is done."
    desk.pass_(1)
    assert not desk.office.bar
    assert desk.commands.loop.step() is None


def test_what_somebody_else_shows_meanwhile_stays() -> None:
    desk = Desk(lambda work, pressed: "It is done.")
    desk.press()
    desk.pass_(0)
    desk.office.bar = "mine"
    desk.pass_(STATUS_SECONDS)
    assert desk.office.bar == "mine"


def test_the_next_action_takes_the_place_of_what_the_last_one_said() -> None:
    said = iter(["first", "second"])
    desk = Desk(lambda work, pressed: next(said))
    desk.press()
    desk.pass_(STATUS_SECONDS - 1)
    desk.press()
    desk.pass_(STATUS_SECONDS - 1)
    assert desk.office.bar == "OpenFunnel: second"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigurationError("Do this first."), "Do this first."),
        (HostError("The sheet is protected."), "The sheet is protected."),
        (
            HostBusyError(),
            "Excel let nobody in: a cell is being edited, or a dialog is open. Press again when it is done.",
        ),
        (PermissionError(13, "no", "x.xlsx"), "A file could not be written or opened: [Errno 13] no: 'x.xlsx'"),
        (KeyError("x"), "Something unexpected happened. The log says what; please report it."),
    ],
)
def test_every_failure_has_words(error: Exception, said: str, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(failing(error))
    with caplog.at_level(logging.ERROR):
        desk.press()
        desk.pass_(0)
    assert desk.office.bar == f"OpenFunnel: {said}"
    assert bool(caplog.records) == isinstance(error, KeyError)


def test_what_nobody_can_be_told_any_more_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(failing(HostGoneError()))
    desk.office.gone = True
    with caplog.at_level(logging.INFO):
        desk.press()
        desk.pass_(0)
    assert desk.commands.loop.step() is None
    assert [record.message for record in caplog.records] == [
        "do it: Excel, or the workbook's window, was closed before it was done.",
        (
            "the outcome could not be shown (HostGoneError): "
            "OpenFunnel: Excel, or the workbook's window, was closed before it was done."
        ),
    ]


@pytest.mark.parametrize("state", ["busy", "gone"])
def test_what_is_urgent_is_done_whatever_the_program_does(state: str, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(lambda work, pressed: "")
    setattr(desk.office, state, True)
    with caplog.at_level(logging.INFO):
        assert desk.commands.act("stop it", CommandContext(WINDOW, None, "", "a-job")) == ""
        desk.threads.pop()()
    assert desk.stopped == ["a-job"]
    assert "stop it: It is stopped." in caplog.messages
    desk.pass_(3 * BUSY_RETRY_DELAY)
    desk.office.busy = False
    desk.pass_(BUSY_RETRY_DELAY)
    assert desk.office.bar == ("OpenFunnel: It is stopped." if state == "busy" else False)
    assert ("the outcome could not be shown (HostGoneError): OpenFunnel: It is stopped." in caplog.messages) == (
        state == "gone"
    )


def test_what_is_urgent_does_not_wait_for_what_is_being_done() -> None:
    meanwhile: list[str] = []

    def deed(work: WorkbookCommands, pressed: CommandContext) -> str:
        desk.commands.act("stop it", CommandContext(WINDOW, None, "", "a-job"))
        desk.threads.pop()()
        meanwhile.extend(desk.stopped)
        return "It is done."

    desk = Desk(deed)
    desk.press()
    desk.pass_(0)
    assert (meanwhile, desk.office.bar) == (["a-job"], "OpenFunnel: It is done.")
    desk.pass_(0)
    assert desk.office.bar == "OpenFunnel: Stopping it ..."
    desk.pass_(0)
    assert desk.office.bar == "OpenFunnel: It is stopped."


def test_a_program_that_lets_nobody_in_is_told_later() -> None:
    desk = Desk(lambda work, pressed: "It is done.")
    desk.press()
    desk.office.busy = True
    desk.pass_(3 * BUSY_RETRY_DELAY)
    assert not desk.office.bar
    desk.office.busy = False
    desk.pass_(BUSY_RETRY_DELAY)
    assert str(desk.office.bar).startswith("OpenFunnel: Excel let nobody in: a cell is being edited")


def test_a_long_text_fits_the_status_bar() -> None:
    desk = Desk(lambda work, pressed: "word " * 100)
    desk.press()
    desk.pass_(0)
    assert len(str(desk.office.bar)) == 255


def test_a_macro_that_is_newer_than_the_package_says_so() -> None:
    desk = Desk(lambda work, pressed: "")
    assert "newer than the installed package" in desk.commands.act("dance", command_context())
    assert desk.commands.job_here(command_context()) == "a-job"


def test_what_came_of_something_else_is_shown_for_a_while_too() -> None:
    desk = Desk(lambda work, pressed: "")
    desk.commands.show_status(WINDOW, "Cells stay as they are.")
    desk.pass_(STATUS_SECONDS - 1)
    assert desk.office.bar == "OpenFunnel: Cells stay as they are."
    desk.pass_(1)
    assert not desk.office.bar


def test_actions_run_until_the_end_and_no_longer() -> None:
    done: list[int] = []

    def deed(work: WorkbookCommands, pressed: CommandContext) -> str:
        done.append(pressed.window)
        desk.commands.loop.close()
        return ""

    desk = Desk(deed)
    desk.press()
    desk.commands.loop.run()
    assert done == [WINDOW]


def test_without_excel_or_with_a_bad_setting_a_button_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udfs, "excel_host", lambda: SimpleNamespace(commands=None))
    assert udfs.act("7", "land table", "[Book.xlsm]Start!$A$1", "", "") == udfs.NO_EXCEL
    assert udfs.job_here("7", "", "") == ""
    monkeypatch.undo()
    monkeypatch.setenv("OPENFUNNEL_BASE_URL", "http://elsewhere.example")
    assert udfs.act("7", "land table", "", "", "").startswith("The base URL 'http://elsewhere.example' would")
    assert udfs.job_here("7", "", "") == ""


def test_live_pauses_cells_at_once_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, told = Desk(failing(HostBusyError())), []
    live = SimpleNamespace(pause=lambda window, *, paused: told.append((window, paused)))
    monkeypatch.setattr(udfs, "excel_host", lambda: SimpleNamespace(commands=desk.commands, live=live))
    for on, said in ((False, "Cells stay as they are"), (True, "Cells keep themselves up to date")):
        udfs.live(str(WINDOW), on)
        assert told.pop() == (WINDOW, not on)
        desk.pass_(0)
        assert str(desk.office.bar).startswith(f"OpenFunnel: {said}")


def test_what_vba_says_of_the_selected_cell_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[CommandContext] = []

    def act(action: str, pressed: CommandContext) -> str:
        told.append(pressed)
        return action

    desk = SimpleNamespace(act=act, job_here=lambda pressed: "a-job")
    monkeypatch.setattr(udfs, "excel_host", lambda: SimpleNamespace(commands=desk))
    assert udfs.act("7", "cancel job", "'[It''s.xlsm]My rows'!$B$8", "running", "a-job") == "cancel job"
    assert udfs.act("7", "open help", "", "", "") == "open help"
    assert told == [
        CommandContext(7, CellRef("It's.xlsm", "My rows", "$B$8"), "running", "a-job"),
        CommandContext(7, None, ""),
    ]
    assert udfs.job_here("7", "", "") == "a-job"
