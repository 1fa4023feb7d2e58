"""The window that asks for the key: what it does, without a display; and that no key leaves its process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.cli.conftest import SECRET, Run, Serve
from xl_openfunnel import AuthenticationError
from xl_openfunnel.cli import key_window
from xl_openfunnel.cli.key_window import KeyDialog
from xl_openfunnel.errors import ConfigurationError, MissingKeyError
from xl_openfunnel.workbook.languages import language_of, languages


@dataclass
class FakeView:
    shown: list[tuple[str, bool]] = field(default_factory=list)
    due: list[Callable[[], object]] = field(default_factory=list)
    closed: bool = False

    def show(self, text: str, *, waiting: bool) -> None:
        self.shown.append((text, waiting))

    def later(self, function: Callable[[], object]) -> None:
        self.due.append(function)

    def close(self) -> None:
        self.closed = True

    def wait(self) -> None:
        due, self.due = self.due, []
        for function in due:
            function()


class Threads:
    """Runs what was started when told to."""

    def __init__(self) -> None:
        self.started: list[Callable[[], None]] = []

    def start(self, name: str, run: Callable[[], None]) -> None:
        self.started.append(run)

    def run(self) -> None:
        while self.started:
            self.started.pop()()


def keep(typed: str) -> str:
    if typed == "of_refused":
        raise AuthenticationError("The API key was refused.", status=401)
    if typed == "of_1 of_2":
        raise MissingKeyError("There are 2 API keys in one text.")
    if typed == "of_unwritable":
        raise ConfigurationError("The key could not be written.")
    if typed == "of_broken":
        raise RuntimeError(f"about {typed}")
    return typed.upper()


@pytest.fixture
def threads() -> Threads:
    return Threads()


@pytest.fixture
def dialog(threads: Threads) -> KeyDialog[str]:
    return KeyDialog(keep, language_of(0).key_window, threads.start)


def test_a_key_that_is_kept_closes_the_window(dialog: KeyDialog[str], threads: Threads) -> None:
    view = FakeView()
    dialog.submit(view, "of_good")
    view.wait()
    assert (view.closed, view.shown[-1][1], dialog.kept) == (False, True, None)
    threads.run()
    view.wait()
    assert (view.closed, dialog.kept) == (True, "OF_GOOD")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("of_refused", "The service refused this key (HTTP 401). It was not kept; a key that was kept before stays."),
        ("of_1 of_2", languages()["en"].key_window.no_key),
        ("of_unwritable", "The key could not be written."),
        ("of_broken", "Something unexpected happened (RuntimeError). Nothing was kept."),
    ],
)
def test_a_key_that_is_not_kept_is_said_so_and_can_be_replaced(
    dialog: KeyDialog[str], threads: Threads, typed: str, said: str
) -> None:
    view = FakeView()
    dialog.submit(view, typed)
    threads.run()
    view.wait()
    assert (view.closed, view.shown[-1], dialog.kept) == (False, (said, False), None)
    dialog.submit(view, "of_good")
    threads.run()
    view.wait()
    assert dialog.kept == "OF_GOOD"


def test_an_empty_field_is_not_tried(dialog: KeyDialog[str], threads: Threads) -> None:
    view = FakeView()
    dialog.submit(view, " \n")
    assert (threads.started, view.shown) == ([], [("Paste the key into the field first.", False)])


@pytest.mark.parametrize(
    ("number", "code"),
    [(0x0409, "en"), (0x0407, "de"), (0x0C07, "de"), (0x0411, "en")],  # 0x0C07 is Austria; Japanese has no file
)
def test_the_window_speaks_the_language_of_windows(number: int, code: str, threads: Threads) -> None:
    view, texts = FakeView(), languages()[code].key_window
    dialog = KeyDialog(keep, language_of(number).key_window, threads.start)
    for typed in ("", "of_refused", "of_1 of_2"):
        dialog.submit(view, typed)
        threads.run()
        view.wait()
    refused = texts.refused.format(status=401)
    assert [text for text, waiting in view.shown if not waiting] == [texts.empty, refused, texts.no_key]


def test_the_language_of_the_display_is_a_number_on_windows_alone() -> None:
    assert (key_window.display_language() > 0) == (sys.platform == "win32")


def test_a_second_press_tries_nothing_twice(dialog: KeyDialog[str], threads: Threads) -> None:
    view = FakeView()
    dialog.submit(view, "of_good")
    dialog.submit(view, "of_good")
    assert len(threads.started) == 1


@pytest.mark.parametrize(("typed", "kept"), [("of_good", "OF_GOOD"), ("of_refused", None)])
def test_a_window_closed_while_a_key_is_tried_ends_with_what_came_of_it(
    dialog: KeyDialog[str], threads: Threads, typed: str, kept: str | None
) -> None:
    view = FakeView()
    dialog.submit(view, typed)
    dialog.cancel(view)
    assert not view.closed
    threads.run()
    view.wait()
    assert (view.closed, dialog.kept) == (True, kept)


def test_a_window_closed_without_a_key_keeps_none(dialog: KeyDialog[str]) -> None:
    view = FakeView()
    dialog.cancel(view)
    assert (view.closed, dialog.kept) == (True, None)


@pytest.mark.parametrize("missing", ["tkinter", "_tkinter"])
def test_a_python_without_tkinter_names_the_command(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tkinter", "_tkinter")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationError, match=r"this Python has no tkinter.*run: xl-openfunnel key set"):
        key_window.ask("https://api.openfunnel.dev", keep)


def test_a_machine_without_a_display_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tkinter")
    if sys.platform == "win32":
        pytest.skip("Windows always has one")
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(ConfigurationError, match=r"No window can be shown here: .*run: xl-openfunnel key set"):
        key_window.ask("https://api.openfunnel.dev", keep)


def typed_into_window(monkeypatch: pytest.MonkeyPatch, *texts: str) -> list[str]:
    """Have these typed into the window, one after the other; gives what the window then says."""
    said: list[str] = []
    assert texts

    def ask(service: str, keep: Callable[[str], Any]) -> Any:
        for text in texts:
            try:
                return keep(text)
            except Exception as error:
                said.append(str(error))
        return None

    monkeypatch.setattr(key_window, "ask", ask)
    return said


def test_the_windows_key_is_tried_and_kept_like_a_typed_one(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(credits=20_000, credits_used=350)
    monkeypatch.delenv("OPENFUNNEL_API_KEY")
    said = typed_into_window(monkeypatch, "of_wrong_key_0123456789", "hunter2", SECRET)
    result = run("key", "set", "--window")
    assert (result.code, result.out) == (0, "")
    assert "It works. The account has 19,400 credits left." in result.err.splitlines()
    assert SECRET[-4:] not in result.err  # Excel's Python shows it in the status bar, and logs it
    assert [text.partition(":")[0] for text in said] == [
        "The API key (just given) was refused (HTTP 401)",
        "That is no API key",
    ]
    assert run("key", "show").out.startswith("…cdef for ")


def test_a_closed_window_keeps_no_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_window, "ask", lambda service, keep: None)
    result = run("key", "set", "--window")
    assert (result.code, result.err) == (1, "The window was closed. No key was kept.\n")
