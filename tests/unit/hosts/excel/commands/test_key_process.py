"""The process that asks for the key: what it is told, and what is said of its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.excel.commands.key_process import Run, ask_for_key, run_hidden

KEPT = "The key for https://api.openfunnel.dev is in: Windows Credential Manager\nIt works.\n"


def ends(code: int, said: str) -> Run:
    return lambda command: subprocess.CompletedProcess(command, code, stderr=said)


def test_a_key_that_was_kept() -> None:
    asked = ask_for_key(ends(0, KEPT))
    assert (asked.kept, asked.text) == (
        True,
        "The key for https://api.openfunnel.dev is in: Windows Credential Manager. It works",
    )


def test_a_window_that_was_closed() -> None:
    asked = ask_for_key(ends(1, "The window was closed. No key was kept.\n"))
    assert (asked.kept, asked.text) == (False, "The window was closed. No key was kept")


@pytest.mark.parametrize(
    "said", ["", "error: No window can be shown here: x. In a terminal, run: xl-openfunnel key set"]
)
def test_without_a_window_the_command_is_named(said: str) -> None:
    with pytest.raises(ConfigurationError, match=r"No window .*In a terminal, run: xl-openfunnel key set"):
        ask_for_key(ends(2, said))


def test_a_program_that_does_not_start_names_the_command_too() -> None:
    def refuse(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        raise PermissionError(command[0])

    with pytest.raises(ConfigurationError, match="xl-openfunnel key set"):
        ask_for_key(refuse)


def test_the_program_is_isolated_and_gets_no_key() -> None:
    commands: list[Sequence[str]] = []

    def note(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, stderr="")

    ask_for_key(note)
    assert commands == [[sys.executable, "-I", "-B", "-m", "xl_openfunnel", "key", "set", "--window"]]


def test_what_it_says_is_read_and_its_input_is_empty() -> None:
    code = "import sys; sys.stdout.write('no'); sys.stderr.write('…' + sys.stdin.read() + 'end')"
    ended = run_hidden([sys.executable, "-X", "utf8", "-c", code])
    assert (ended.returncode, ended.stderr) == (0, "…end")
