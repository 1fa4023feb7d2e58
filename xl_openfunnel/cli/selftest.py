"""The command that tries in a real Excel what only that can show."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import ConfigurationError
from ..text import one_line
from . import terminal
from .session import Json

if TYPE_CHECKING:
    from ..selftest import Outcome


def selftest(as_json: Json = False) -> None:
    """Try the functions in a new Excel, against a simulated service: no account, no credits. Hands off meanwhile."""
    program, interpreter = _there()
    from ..selftest import OutcomeState
    from ..selftest.runner import run_checks

    terminal.say("A new Excel opens and closes by itself, within some minutes. Do not type or click in it.")
    outcomes: list[Outcome] = []
    with terminal.Progress() as progress:
        for outcome in run_checks(program, interpreter, about_to=lambda name: progress.tell(f"trying: {name}")):
            outcomes.append(outcome)
            if not as_json:
                terminal.put(line(outcome))
    failed = sum(outcome.state is OutcomeState.FAILED for outcome in outcomes)
    held = sum(outcome.state is OutcomeState.PASSED for outcome in outcomes)
    if as_json:
        terminal.put_json(plain(outcomes))
    terminal.say(f"{held} of {len(outcomes)} hold, {failed} failed, {len(outcomes) - held - failed} not tried.")
    if failed:
        raise typer.Exit(1)


def line(outcome: Outcome) -> str:
    """A check in one line: held, FAILED or not tried, its name, and what there is to say."""
    from ..selftest import OutcomeState

    state = "FAILED" if outcome.state is OutcomeState.FAILED else str(outcome.state)
    return f"{state}: {outcome.check}" + (f" ({one_line(outcome.what)})" if outcome.what else "")


def plain(outcomes: list[Outcome]) -> dict[str, object]:
    """The checks for other programs."""
    from ..selftest import OutcomeState
    from ..version import version

    return {
        "version": version(),
        "well": all(outcome.state is not OutcomeState.FAILED for outcome in outcomes),
        "checks": [{"check": one.check, "state": str(one.state), "what": one.what or None} for one in outcomes],
    }


def _there() -> tuple[str, str]:
    """The paths of Excel and of its Python.

    Raises:
        ConfigurationError: one of them is not there.
    """
    if sys.platform != "win32":
        raise ConfigurationError(
            "This tries a real Excel on Windows, the only system where its cells can call Python. "
            "What can be looked at here, xl-openfunnel doctor looks at."
        )
    from ..detect import registry
    from ..detect.excel import find_excel
    from ..install.setting import RegistrySetting

    program, interpreter = find_excel(registry.windows), RegistrySetting().read()
    if program is None or not Path(program.path).is_file():
        raise ConfigurationError("No Excel was found here. xl-openfunnel doctor tells where it was looked for.")
    if not interpreter or not Path(interpreter).is_file():
        raise ConfigurationError("Excel has no Python yet: xl-openfunnel install, then try again.")
    return program.path, interpreter
