"""The VBA module with a macro for each command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..commands import COMMANDS, Command

MODULE: Final = "OpenFunnelMacros"

_HEAD: Final = f"""\
Attribute VB_Name = "{MODULE}"
' Written by the package's builder from its commands: edit those, not this.
' What buttons, the ribbon and the macro list do. Python does the work and says in the status bar when it is done.
Option Explicit
#Const LibreOffice = False ' LibreOffice passes over this, and runs what VBA leaves out
"""


def macros_module(commands: Iterable[Command] = COMMANDS) -> str:
    """The text of the module."""
    subs = (f"Public Sub {command.macro}()\n{command.vba}\nEnd Sub\n" for command in commands)
    return "\n".join([_HEAD, *subs])
