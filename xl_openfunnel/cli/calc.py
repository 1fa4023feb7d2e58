"""What ``install --calc`` and ``uninstall --calc`` do."""

from __future__ import annotations

from . import terminal


def install() -> None:
    """Add the functions to LibreOffice Calc.

    Raises:
        ConfigurationError: there is no LibreOffice that can take them, and why.
    """
    from ..hosts.calc import office

    known = office.found()
    terminal.say("Adding the functions to LibreOffice ...")
    for folder in office.install(known):
        terminal.put(folder)
    terminal.say("Done. Start LibreOffice anew; =OF_STATUS(A2) and the other functions are there in every spreadsheet.")


def uninstall() -> None:
    """Remove them.

    Raises:
        ConfigurationError: LibreOffice refuses.
    """
    from ..hosts.calc import office

    removed = office.uninstall(office.found())
    terminal.say("Removed from LibreOffice." if removed else "LibreOffice does not have the functions.")
