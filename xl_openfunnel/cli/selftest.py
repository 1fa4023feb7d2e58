"""The command that tries the functions in a real Excel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import ConfigurationError
from ..text import one_line
from . import terminal
from .options import Json
from .progress import Progress

if TYPE_CHECKING:
    from ..selftest import Outcome


def selftest(as_json: Json = False) -> None:
    """Try the functions in a new Excel, against a simulated service. It costs nothing. Do not type until it ends."""
    excel, interpreter = _find_excel_and_python()
    from ..selftest import OutcomeState
    from ..selftest.runner import run_checks

    terminal.print_message("A new Excel opens and closes by itself, within a few minutes. Do not type or click in it.")
    outcomes: list[Outcome] = []
    with Progress() as progress:
        for outcome in run_checks(excel, interpreter, before_each=lambda name: progress.update(f"trying: {name}")):
            outcomes.append(outcome)
            if not as_json:
                terminal.print_line(_as_line(outcome))
    failed = sum(outcome.state is OutcomeState.FAILED for outcome in outcomes)
    passed = sum(outcome.state is OutcomeState.PASSED for outcome in outcomes)
    if as_json:
        terminal.print_json(_as_json(outcomes))
    terminal.print_message(
        f"{passed} of {len(outcomes)} hold, {failed} failed, {len(outcomes) - passed - failed} not tried."
    )
    if failed:
        raise typer.Exit(1)


def _as_line(outcome: Outcome) -> str:
    """One check: its state, its name and details."""
    from ..selftest import OutcomeState

    state = "FAILED" if outcome.state is OutcomeState.FAILED else str(outcome.state)
    return f"{state}: {outcome.check}" + (f" ({one_line(outcome.detail)})" if outcome.detail else "")


def _as_json(outcomes: list[Outcome]) -> dict[str, object]:
    from ..selftest import OutcomeState
    from ..version import version

    return {
        "version": version(),
        "well": all(outcome.state is not OutcomeState.FAILED for outcome in outcomes),
        "checks": [{"check": one.check, "state": str(one.state), "what": one.detail or None} for one in outcomes],
    }


def _find_excel_and_python() -> tuple[str, str]:
    """The paths of Excel and of the Python that ``install`` made for it.

    Raises:
        ConfigurationError: one of them does not exist.
    """
    if sys.platform != "win32":
        raise ConfigurationError(
            "This tries a real Excel on Windows, the only system where its cells can call Python. "
            "What can be looked at here, xl-openfunnel doctor looks at."
        )
    from ..detect.excel import find_excel
    from ..detect.python import configured_interpreter
    from ..detect.registry import read_key

    excel, interpreter = find_excel(read_key), configured_interpreter(read_key)
    if excel is None or not Path(excel.path).is_file():
        raise ConfigurationError("No Excel was found here. xl-openfunnel doctor tells where it was looked for.")
    if not interpreter or not Path(interpreter).is_file():
        raise ConfigurationError("Excel has no Python yet: xl-openfunnel install, then try again.")
    return excel.path, interpreter
