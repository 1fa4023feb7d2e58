"""Commands run one after the other, and the status bar shows their outcomes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from tests.unit.hosts.clocks import JumpingClock
from tests.unit.hosts.excel.commands.workbooks import WINDOW, FakeWorkbooks, command_context
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandContext, Handler
from xl_openfunnel.hosts.excel.commands.runner import BUSY_RETRY_DELAY, STATUS_SECONDS, CommandRunner
from xl_openfunnel.hosts.excel.ports import HostBusyError, HostError, HostGoneError, WorkbookCommands
from xl_openfunnel.workbook.commands import EARLIER_ACTIONS


class Rig:
    """A runner with one command and one urgent one, and a clock that the test moves."""

    def __init__(self, handler: Handler, action: str = "do it") -> None:
        self.workbooks, self.clock = FakeWorkbooks(), JumpingClock()
        self.stopped: list[str] = []
        self.threads: list[Callable[[], None]] = []  # not started: the test runs them
        handlers: Any = SimpleNamespace(
            handlers={action: ("Doing it ...", handler)},
            urgent={"stop it": ("Stopping it ...", self.stop)},
            windows={"ask for it": ("A window asks for it ...", self.stop)},
            job_here=lambda pressed: "a-job",
        )
        self.runner = CommandRunner(handlers, self.workbooks, self.clock, lambda _, run: self.threads.append(run))

    def stop(self, pressed: CommandContext) -> str:
        self.stopped.append(pressed.given)
        return "It is stopped."

    def request(self) -> None:
        """Request the command, as a macro does."""
        assert self.runner.act("do it", command_context()) == ""

    def advance(self, seconds: float) -> None:
        end = self.clock.now + seconds
        left = self.runner.loop.step()
        while left is not None and self.clock.now + left <= end:
            self.clock.now += left
            left = self.runner.loop.step()
        self.clock.now = max(self.clock.now, end)


def failing(error: Exception) -> Handler:
    def handler(work: WorkbookCommands, pressed: CommandContext) -> str:
        raise error

    return handler


def test_the_outcome_is_shown_for_a_while_and_then_cleared() -> None:
    bars: list[str | bool] = []

    def handler(work: WorkbookCommands, pressed: CommandContext) -> str:
        bars.append(rig.workbooks.bar)
        return "It is done."

    rig = Rig(handler)
    rig.request()
    rig.advance(0)
    assert [*bars, rig.workbooks.bar] == ["OpenFunnel: Doing it ...", "OpenFunnel: It is done."]
    rig.advance(STATUS_SECONDS - 1)
    assert rig.workbooks.bar == "OpenFunnel: It is done."
    rig.advance(1)
    assert not rig.workbooks.bar
    assert rig.runner.loop.step() is None


def test_a_text_that_something_else_shows_in_the_meantime_stays() -> None:
    rig = Rig(lambda work, pressed: "It is done.")
    rig.request()
    rig.advance(0)
    rig.workbooks.bar = "mine"
    rig.advance(STATUS_SECONDS)
    assert rig.workbooks.bar == "mine"


def test_the_next_command_replaces_the_outcome_of_the_last_one() -> None:
    said = iter(["first", "second"])
    rig = Rig(lambda work, pressed: next(said))
    rig.request()
    rig.advance(STATUS_SECONDS - 1)
    rig.request()
    rig.advance(STATUS_SECONDS - 1)
    assert rig.workbooks.bar == "OpenFunnel: second"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigurationError("Do this first."), "Do this first."),
        (HostError("The sheet is protected."), "The sheet is protected."),
        (
            HostBusyError(),
            "Excel is busy: a cell is being edited, or a dialog is open. Press again when it is done.",
        ),
        (PermissionError(13, "no", "x.xlsx"), "A file could not be written or opened: [Errno 13] no: 'x.xlsx'"),
        (KeyError("x"), "Something unexpected happened. The log says what; please report it."),
    ],
)
def test_every_failure_has_a_text(error: Exception, said: str, caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(failing(error))
    with caplog.at_level(logging.ERROR):
        rig.request()
        rig.advance(0)
    assert rig.workbooks.bar == f"OpenFunnel: {said}"
    assert bool(caplog.records) == isinstance(error, KeyError)


def test_an_outcome_that_cannot_be_shown_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(failing(HostGoneError()))
    rig.workbooks.gone = True
    with caplog.at_level(logging.INFO):
        rig.request()
        rig.advance(0)
    assert rig.runner.loop.step() is None
    assert [record.message for record in caplog.records] == [
        "do it: Excel, or the workbook's window, was closed before it was done.",
        "an outcome could not be shown: HostGoneError",
    ]


def test_an_outcome_whose_showing_fails_unexpectedly_is_not_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(window: int, timeout: float) -> NoReturn:
        raise KeyError("unexpected")

    rig = Rig(lambda work, pressed: "")
    monkeypatch.setattr(rig.workbooks, "connect", connect)
    rig.runner.show_status(WINDOW, "It is done.")
    rig.advance(10 * BUSY_RETRY_DELAY)
    assert [record.message for record in caplog.records] == ["commands: timed work failed unexpectedly"]
    assert rig.runner.loop.step() is None


@pytest.mark.parametrize("state", ["busy", "gone"])
def test_an_urgent_command_runs_even_if_excel_is_busy_or_gone(state: str, caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(lambda work, pressed: "")
    setattr(rig.workbooks, state, True)
    with caplog.at_level(logging.INFO):
        assert rig.runner.act("stop it", CommandContext(WINDOW, None, "", "a-job")) == ""
        rig.threads.pop()()
    assert rig.stopped == ["a-job"]
    assert "stop it: It is stopped." in caplog.messages
    rig.advance(3 * BUSY_RETRY_DELAY)
    rig.workbooks.busy = False
    rig.advance(BUSY_RETRY_DELAY)
    assert rig.workbooks.bar == ("OpenFunnel: It is stopped." if state == "busy" else False)
    assert ("an outcome could not be shown: HostGoneError" in caplog.messages) == (state == "gone")


def test_the_end_of_python_waits_for_urgent_commands_and_no_others() -> None:
    rig = Rig(lambda work, pressed: "")
    rig.request()
    assert rig.runner.finish_urgent(0.0)
    rig.runner.act("stop it", CommandContext(WINDOW, None, "", "a-job"))
    assert not rig.runner.finish_urgent(0.0)
    ending = threading.Thread(target=rig.runner.finish_urgent, args=(60.0,))
    ending.start()
    assert ending.is_alive()
    rig.threads.pop()()
    ending.join(60)
    assert not ending.is_alive()
    assert rig.stopped == ["a-job"]


def test_a_window_shows_its_outcome_and_is_not_waited_for() -> None:
    rig = Rig(failing(AssertionError()))
    assert rig.runner.act("ask for it", command_context("x")) == ""
    rig.advance(0.0)
    assert rig.workbooks.bar == "OpenFunnel: A window asks for it ..."
    assert rig.runner.finish_urgent(0.0)
    rig.threads.pop()()
    rig.advance(0.0)
    assert rig.workbooks.bar == "OpenFunnel: It is stopped."


def test_an_urgent_command_that_fails_is_not_waited_for_ever() -> None:
    rig = Rig(lambda work, pressed: "")
    rig.stop = failing(ValueError("x"))  # type: ignore[method-assign, assignment]
    rig.runner.act("stop it", CommandContext(WINDOW, None, "", "a-job"))
    assert not rig.runner.finish_urgent(0.0)
    rig.threads.pop()()
    assert rig.runner.finish_urgent(0.0)


def test_an_urgent_command_does_not_wait_for_a_running_one() -> None:
    stopped_before: list[str] = []

    def handler(work: WorkbookCommands, pressed: CommandContext) -> str:
        rig.runner.act("stop it", CommandContext(WINDOW, None, "", "a-job"))
        rig.threads.pop()()
        stopped_before.extend(rig.stopped)
        return "It is done."

    rig = Rig(handler)
    rig.request()
    rig.advance(0)
    assert (stopped_before, rig.workbooks.bar) == (["a-job"], "OpenFunnel: It is done.")
    rig.advance(0)
    assert rig.workbooks.bar == "OpenFunnel: Stopping it ..."
    rig.advance(0)
    assert rig.workbooks.bar == "OpenFunnel: It is stopped."


def test_a_busy_excel_is_shown_the_outcome_later() -> None:
    rig = Rig(lambda work, pressed: "It is done.")
    rig.request()
    rig.workbooks.busy = True
    rig.advance(3 * BUSY_RETRY_DELAY)
    assert not rig.workbooks.bar
    rig.workbooks.busy = False
    rig.advance(BUSY_RETRY_DELAY)
    assert str(rig.workbooks.bar).startswith("OpenFunnel: Excel is busy: a cell is being edited")


def test_a_long_text_fits_the_status_bar() -> None:
    rig = Rig(lambda work, pressed: "word " * 100)
    rig.request()
    rig.advance(0)
    assert len(str(rig.workbooks.bar)) == 255


def test_a_command_that_only_a_newer_package_knows_says_so() -> None:
    rig = Rig(lambda work, pressed: "")
    assert "newer than the installed package" in rig.runner.act("dance", command_context())
    assert rig.runner.job_here(command_context()) == "a-job"


@pytest.mark.parametrize(("earlier", "action"), EARLIER_ACTIONS.items())
def test_a_workbook_of_version_0_1_finds_commands_that_were_renamed(earlier: str, action: str) -> None:
    rig = Rig(lambda work, pressed: "inserted", action)
    assert rig.runner.act(earlier, command_context()) == ""
    rig.advance(0)
    assert rig.workbooks.bar == "OpenFunnel: inserted"


def test_another_status_text_is_shown_for_a_while_too() -> None:
    rig = Rig(lambda work, pressed: "")
    rig.runner.show_status(WINDOW, "Cells stay as they are.")
    rig.advance(STATUS_SECONDS - 1)
    assert rig.workbooks.bar == "OpenFunnel: Cells stay as they are."
    rig.advance(1)
    assert not rig.workbooks.bar


def test_commands_run_until_the_loop_is_closed_and_no_longer() -> None:
    done: list[int] = []

    def handler(work: WorkbookCommands, pressed: CommandContext) -> str:
        done.append(pressed.window)
        rig.runner.loop.close()
        return ""

    rig = Rig(handler)
    rig.request()
    rig.runner.loop.run()
    assert done == [WINDOW]


def test_without_excel_or_with_a_bad_setting_a_button_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udfs, "excel_host", lambda: SimpleNamespace(commands=None))
    assert udfs.act("7", "insert table", "[Book.xlsm]Start!$A$1", "", "") == udfs.NO_EXCEL
    assert udfs.job_here("7", "", "") == ""
    monkeypatch.undo()
    monkeypatch.setenv("OPENFUNNEL_BASE_URL", "http://elsewhere.example")
    assert udfs.act("7", "insert table", "", "", "").startswith("The base URL 'http://elsewhere.example' would")
    assert udfs.job_here("7", "", "") == ""


def test_live_pauses_cells_at_once_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rig, told = Rig(failing(HostBusyError())), []
    live = SimpleNamespace(pause=lambda window, *, paused: told.append((window, paused)))
    monkeypatch.setattr(udfs, "excel_host", lambda: SimpleNamespace(commands=rig.runner, live=live))
    for on, said in ((False, "Cells stay as they are"), (True, "Cells keep themselves up to date")):
        udfs.live(str(WINDOW), on)
        assert told.pop() == (WINDOW, not on)
        rig.advance(0)
        assert str(rig.workbooks.bar).startswith(f"OpenFunnel: {said}")


def test_the_selected_cell_is_parsed_as_vba_sends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[CommandContext] = []

    def act(action: str, pressed: CommandContext) -> str:
        told.append(pressed)
        return action

    rig = SimpleNamespace(act=act, job_here=lambda pressed: "a-job")
    monkeypatch.setattr(udfs, "excel_host", lambda: SimpleNamespace(commands=rig))
    assert udfs.act("7", "cancel job", "'[It''s.xlsm]My rows'!$B$8", "running", "a-job") == "cancel job"
    assert udfs.act("7", "open help", "", "", "") == "open help"
    assert told == [
        CommandContext(7, CellRef("It's.xlsm", "My rows", "$B$8"), "running", "a-job"),
        CommandContext(7, None, ""),
    ]
    assert udfs.job_here("7", "", "") == "a-job"
