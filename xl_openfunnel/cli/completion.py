"""Completion of commands, options and jobs in shells."""

from __future__ import annotations

import functools
import importlib
import os
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from . import terminal

_NAME: Final = "xl-openfunnel"
_VARIABLE: Final = "_XL_OPENFUNNEL_COMPLETE"
"""Under which a shell's script asks for completions: typer derives it from the command's name."""

_ESCAPED: Final = {
    "BashComplete": (re.compile(r"[^\w+=:,./-]"), "\\"),
    "PowerShellComplete": (re.compile(r"[^\w+=:./-]"), "`"),
}
"""What may mean something to a shell, such as a blank, and the sign before it, for the shells that insert a completion
as it is; zsh and fish quote it themselves."""


class Shell(StrEnum):
    """The shells that typer has a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", show_default=False, help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the script that completes commands, options and jobs in your shell. It changes nothing by itself."""
    terminal.print_line(_scripts().get_completion_script(prog_name=_NAME, complete_var=_VARIABLE, shell=shell.value))


def prepare() -> None:
    """Make ready for a shell that asks for completions."""
    if _VARIABLE in os.environ:
        _scripts().completion_init()
        _escape_completions()


@functools.cache
def _escape_completions() -> None:
    """Make a completion one word in every shell, with any signs in a label; once in a process."""
    completers = importlib.import_module("typer._completion_classes")
    for name, (special, escape) in _ESCAPED.items():
        completer = getattr(completers, name)
        completer.format_completion = _escaping(completer.format_completion, special, escape)


def _escaping(plain: Callable[[Any, Any], str], special: re.Pattern[str], escape: str) -> Callable[[Any, Any], str]:
    def format_completion(self: Any, item: Any) -> str:
        if item.type == "plain":  # a file's name is only marked as one
            item.value = special.sub(lambda sign: escape + sign[0], item.value)
        return plain(self, item)

    return format_completion


def _scripts() -> Any:
    return importlib.import_module("typer.completion")  # does not name them as exported
