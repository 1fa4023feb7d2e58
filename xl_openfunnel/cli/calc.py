"""What ``install --calc`` and ``uninstall --calc`` do."""

from __future__ import annotations

import os
from typing import Final

from . import terminal

_ELSEWHERE: Final = (
    "Start it from the menu, or from another terminal: in this one a Python environment is activated, which "
    "LibreOffice's own Python would take for its own, and crash."
)


def install() -> None:
    """Add the functions to LibreOffice Calc.

    Raises:
        ConfigurationError: there is no LibreOffice that can take them, and why.
        InstallError: LibreOffice has another Python, for which no environment could be made.
    """
    from ..install import calc

    known = calc.found()
    terminal.say("Adding the functions to LibreOffice ...")
    for folder in calc.install(known):
        terminal.put(folder)
    terminal.say("Done. Start LibreOffice anew; =OF_STATUS(A2) and the other functions are there in every spreadsheet.")
    if "VIRTUAL_ENV" in os.environ:
        terminal.say(_ELSEWHERE, mark="note: ")


def uninstall() -> None:
    """Remove them.

    Raises:
        ConfigurationError: there is no LibreOffice, or it refuses.
    """
    from ..install import calc

    removed = calc.uninstall()
    terminal.say("Removed from LibreOffice." if removed else "LibreOffice does not have the functions.")
