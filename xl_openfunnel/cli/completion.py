"""Completion of commands, options and jobs in shells."""

from __future__ import annotations

import importlib
import os
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from . import terminal

_NAME: Final = "xl-openfunnel"
_VARIABLE: Final = "_XL_OPENFUNNEL_COMPLETE"
"""Under which a shell's script asks for completions: typer derives it from the command's name."""


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


def _scripts() -> Any:
    return importlib.import_module("typer.completion")  # does not name them as exported
