"""Runs all checks in order, in an Excel of their own and against a simulator."""

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
from . import checks, table_checks
from .check_context import CheckContext, CheckFailedError, CheckSkippedError
from .excel_process import SpawnedExcel, processes_running

STARTS: Final = "Excel starts, beside others that are open"
CLOSES: Final = "Excel and its Python end when it is closed"


class OutcomeState(enum.StrEnum):
    """The outcome of a check, in the words that the command prints."""

    PASSED = "held"
    FAILED = "failed"
    SKIPPED = "not tried"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check, whose name is what is true if it passes."""

    check: str
    state: OutcomeState
    detail: str = ""


@dataclass(frozen=True)
class Check:
    """A check to run.

    Attributes:
        run: runs it; may return a detail for the outcome.
        required: whether all checks after it are skipped unless it passes.
    """

    run: Callable[[CheckContext], str | None]
    required: bool = False

    @property
    def name(self) -> str:
        """What is true if it passes: the docstring of its function."""
        return (self.run.__doc__ or self.run.__name__).strip().removesuffix(".")


CHECKS: Final = (
    Check(checks.opens, required=True),
    Check(checks.leaves_loading, required=True),
    Check(checks.waits_for_values),
    Check(checks.updates_live),
    Check(checks.updates_in_background),
    Check(checks.keeps_undo),
    Check(checks.spills),
    Check(checks.cuts_long_text),
    Check(checks.measures_texts),
    Check(checks.keeps_text),
    Check(checks.keeps_typed_values),
    Check(checks.stays_saved),
    Check(checks.keeps_copying),
    Check(checks.respects_manual_mode),
    Check(checks.pauses),
    Check(checks.refreshes),
    Check(checks.finds_moved_cell),
    Check(checks.opens_up_to_date),
    Check(checks.shows_cached_values),
    Check(checks.one_python),
    Check(checks.leaks_no_path),
    Check(table_checks.writes_table),
    Check(table_checks.refreshes_pivot),
    Check(table_checks.saves_values_copy),
)
"""The checks that run in a started Excel; the first one opens the workbook."""


def run_each(
    selected: Iterable[Check], context: CheckContext, *, before_each: Callable[[str], object] = lambda _: None
) -> Iterator[Outcome]:
    """Run checks one after the other."""
    missing = ""
    for check in selected:
        if missing:
            yield Outcome(check.name, OutcomeState.SKIPPED, f"this did not hold: {missing}")
            continue
        before_each(check.name)
        outcome = outcome_of(check.name, lambda run=check.run: run(context))  # type: ignore[misc]
        if check.required and outcome.state is not OutcomeState.PASSED:
            missing = check.name
        yield outcome


def outcome_of(name: str, run: Callable[[], str | None]) -> Outcome:
    """Run a check; one that raises an unexpected error has failed."""
    try:
        return Outcome(name, OutcomeState.PASSED, run() or "")
    except CheckSkippedError as error:
        return Outcome(name, OutcomeState.SKIPPED, str(error))
    except (CheckFailedError, HostBusyError) as error:
        return Outcome(name, OutcomeState.FAILED, str(error))
    except Exception as error:
        return Outcome(name, OutcomeState.FAILED, f"{type(error).__name__}: {one_line(str(error))}")


def run_checks(
    program: str, interpreter: str, *, before_each: Callable[[str], object] = lambda _: None
) -> Iterator[Outcome]:
    """Start an Excel, run all checks in it, and close it.

    The interpreter is the one that the workbook's setting names.
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

        def python_processes() -> set[int]:
            return processes_running(interpreter) - before

        process = stack.enter_context(SpawnedExcel(program, environ, folder))
        application: list[Any] = []
        before_each(STARTS)
        started = outcome_of(STARTS, lambda: application.append(process.application()))
        yield started
        if started.state is not OutcomeState.PASSED:
            reason = f"this did not hold: {STARTS}"
            yield from (Outcome(name, OutcomeState.SKIPPED, reason) for name in (*(c.name for c in CHECKS), CLOSES))
            return
        context = CheckContext(
            application[0], service, clock, folder / WORKBOOK_FILE_NAME, python_processes=python_processes
        )
        yield from run_each(CHECKS, context, before_each=before_each)
        before_each(CLOSES)
        context.excel = context.book = None  # a reference would keep Excel running
        yield outcome_of(CLOSES, lambda: process.close(application, python_processes))
