"""All checks in their order, and the Excel and the simulator in which they are made."""

from __future__ import annotations

import contextlib
import enum
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..hosts.excel.ports import HostBusyError
from ..settings import ENV_API_KEY, ENV_BASE_URL, ENV_CACHE_DIR
from ..simulator import ManualClock, Simulator
from ..text import one_line
from ..workbook.builder import WORKBOOK_FILE_NAME
from . import checks
from .check_context import CheckContext, CheckFailedError, CheckSkippedError
from .excel_process import SpawnedExcel, processes_running

STARTS: Final = "Excel starts, beside others that are open"
CLOSES: Final = "Excel and its Python end when it is closed"


class OutcomeState(enum.StrEnum):
    """What came of a check."""

    PASSED = "held"
    FAILED = "failed"
    SKIPPED = "not tried"


@dataclass(frozen=True)
class Outcome:
    """A check that was made, or not.

    Attributes:
        check: its name, which says what holds when it holds.
        state: what came of it.
        what: why it failed or was not tried, or what was seen besides.
    """

    check: str
    state: OutcomeState
    detail: str = ""


@dataclass(frozen=True)
class Check:
    """A check, not made yet.

    Attributes:
        make: makes it; what it answers was seen besides.
        decides: whether none of those after it can be made if it fails.
    """

    run: Callable[[CheckContext], str | None]
    required: bool = False

    @property
    def name(self) -> str:
        """What holds when it holds."""
        return (self.run.__doc__ or self.run.__name__).strip().removesuffix(".")


CHECKS: Final = (
    Check(checks.opens, required=True),
    Check(checks.answers, required=True),
    Check(checks.live),
    Check(checks.live_behind),
    Check(checks.keeps_undo),
    Check(checks.spills),
    Check(checks.long_text),
    Check(checks.text_stays),
    Check(checks.typed_over),
    Check(checks.stays_saved),
    Check(checks.keeps_copying),
    Check(checks.manual),
    Check(checks.pauses),
    Check(checks.refreshes),
    Check(checks.moved),
    Check(checks.opens_up_to_date),
    Check(checks.shows_saved),
    Check(checks.one_python),
    Check(checks.names_no_folder),
    Check(checks.lands),
    Check(checks.pivots),
    Check(checks.sends_copy),
)
"""Those made in an Excel that runs, the workbook's opening first."""


def run_each(
    wanted: Iterable[Check], stage: CheckContext, *, about_to: Callable[[str], object] = lambda _: None
) -> Iterator[Outcome]:
    """Make checks one after the other, whatever comes of each.

    Args:
        wanted: the checks.
        stage: what they act on.
        about_to: told the name of each before it is made.
    """
    missing = ""
    for check in wanted:
        if missing:
            yield Outcome(check.name, OutcomeState.SKIPPED, f"this did not hold: {missing}")
            continue
        about_to(check.name)
        outcome = outcome_of(check.name, lambda make=check.run: make(stage))  # type: ignore[misc]
        if check.required and outcome.state is not OutcomeState.PASSED:
            missing = check.name
        yield outcome


def outcome_of(name: str, make: Callable[[], str | None]) -> Outcome:
    """What comes of a check; one that ends unexpectedly has failed."""
    try:
        return Outcome(name, OutcomeState.PASSED, make() or "")
    except CheckSkippedError as reason:
        return Outcome(name, OutcomeState.SKIPPED, str(reason))
    except (CheckFailedError, HostBusyError) as reason:
        return Outcome(name, OutcomeState.FAILED, str(reason))
    except Exception as trouble:
        return Outcome(name, OutcomeState.FAILED, f"{type(trouble).__name__}: {one_line(str(trouble))}")


def run_checks(
    program: str, interpreter: str, *, about_to: Callable[[str], object] = lambda _: None
) -> Iterator[Outcome]:
    """Start an Excel, make all checks in it, and close it.

    Args:
        program: the path of Excel.
        interpreter: the Python that the workbook's setting names.
        about_to: told the name of each check before it is made.
    """
    clock = ManualClock()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="openfunnel-", ignore_cleanup_errors=True))
        )
        service = stack.enter_context(Simulator(clock=clock))
        environ = {
            **os.environ,
            ENV_BASE_URL: service.base_url,
            ENV_API_KEY: service.api_key,
            ENV_CACHE_DIR: str(folder),
        }
        before = processes_running(interpreter)

        def pythons() -> set[int]:
            return processes_running(interpreter) - before

        own = stack.enter_context(SpawnedExcel(program, environ, folder))
        found: list[Any] = []
        about_to(STARTS)
        started = outcome_of(STARTS, lambda: found.append(own.application()))
        yield started
        if started.state is not OutcomeState.PASSED:
            missing = f"this did not hold: {STARTS}"
            yield from (Outcome(name, OutcomeState.SKIPPED, missing) for name in (*(c.name for c in CHECKS), CLOSES))
            return
        stage = CheckContext(found[0], service, clock, folder / WORKBOOK_FILE_NAME, pythons=pythons)
        yield from run_each(CHECKS, stage, about_to=about_to)
        about_to(CLOSES)
        stage.excel = stage.book = None  # what is held here keeps Excel alive
        yield outcome_of(CLOSES, lambda: own.close(found, pythons))
