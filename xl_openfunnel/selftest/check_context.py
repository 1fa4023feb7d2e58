"""What a check works with: an Excel, a workbook with the functions, and jobs that the check moves on.

Excel is its Application object, called over COM. Nothing here imports modules that only Windows has.
"""

from __future__ import annotations

import itertools
import re
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ..hosts.excel.com.hresults import error_text
from ..simulator import ManualClock, SimulatedJob, Simulator, companies
from ..workbook.names import JOB

TIMEOUT: Final = 30.0
"""Seconds that a check waits for one thing; the first call of a session starts Python, which may take ten."""

UNCHANGED_FOR: Final = 6.0
"""Seconds during which something must not change; live cells are updated every two."""

_POLL_INTERVAL: Final = 0.2

_PENDING, _RUNNING = 100.0, 1_000.0
_BOLD: Final = "Bold"

LONG_TEXT: Final = "An account of many words, " * 20
"""Longer than 255 characters: one such text used to turn a whole block into ``#VALUE!`` (xlwings issue 456)."""

NUMBER_LIKE_TEXTS: Final = ("=1+1", "TRUE", "2-10", "+Oscar", "007")
"""Names that Excel tends to convert to something else."""


class CheckFailedError(Exception):
    """Excel does not do what it should; the message says what it does."""


class CheckSkippedError(Exception):
    """The check cannot be made here; the message says why."""


def awkward_companies() -> list[dict[str, Any]]:
    """250 invented companies; the first ones have awkward names, the very first also a long text."""
    rows = [dict(row) for row in companies(250)]
    for row, name in zip(rows, NUMBER_LIKE_TEXTS, strict=False):
        row["name"] = name
    rows[0]["match_reason"] = LONG_TEXT
    return rows


def external_links(file: Path) -> list[str]:
    """The targets of links to other workbooks in a file saved by Excel."""
    with zipfile.ZipFile(file) as parts:
        names = [name for name in parts.namelist() if name.startswith("xl/externalLinks/_rels/")]
        return [link for name in names for link in re.findall(r'Target="([^"]*)"', parts.read(name).decode())]


class Job:
    """A simulated job that makes progress only when the check moves it on."""

    def __init__(self, service: Simulator, clock: ManualClock, job: SimulatedJob) -> None:
        self._clock = clock
        self._service = service
        self.job_id = job.job_id
        self.rows: Sequence[Any] = job.rows
        service.add(job)

    def run(self, share: float = 0.5) -> None:
        """Move on from pending to this share of its running time."""
        self._clock.sleep(_PENDING + _RUNNING * share)

    def end(self) -> None:
        """Move on to its end."""
        self._clock.sleep(_PENDING + _RUNNING)

    def poll_count(self) -> int:
        """How often the service was asked for the job's state."""
        return sum(request.job_id == self.job_id and request.cursor is None for request in self._service.received)


class CheckContext:
    """Everything that a check needs.

    Attributes:
        excel: the Application object.
        book: the workbook in which formulas are entered; None until the first check has opened it.
        file: the workbook's file; the checks write beside it.
        service: the simulator that the functions call; its time is the clock's.
        timeout: seconds to wait for one thing.
    """

    def __init__(
        self,
        excel: Any,
        service: Simulator,
        clock: ManualClock,
        file: Path,
        *,
        python_processes: Callable[[], set[int]] | None = None,
        unchanged_for: float = UNCHANGED_FOR,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.excel = excel
        self.book: Any = None
        self.service = service
        self.file = file
        self._clock = clock
        self._python_processes = python_processes
        self.timeout = TIMEOUT
        self._unchanged_for = unchanged_for
        self._now = now
        self._sleep = sleep
        self._numbers = itertools.count(1)

    def job(self, *, ended: bool = False) -> Job:
        """Add a job that is pending or completed."""
        name = f"selftest-{next(self._numbers)}"
        pending, running = (0.0, 0.0) if ended else (_PENDING, _RUNNING)
        job = SimulatedJob(awkward_companies(), job_id=name, pending=pending, running=running)
        return Job(self.service, self._clock, job)

    def sheet(self) -> Any:
        """Add a sheet, which becomes the active one."""
        return self.book.Worksheets.Add()

    def python_processes(self) -> set[int]:
        """The ids of the Python processes that this Excel started.

        Raises:
            CheckSkippedError: they are unknown.
        """
        if self._python_processes is None:
            raise CheckSkippedError("the processes of this system cannot be looked at")
        return self._python_processes()

    def macro(self, name: str) -> None:
        """Run a macro of the workbook, as its button does."""
        self.excel.Run(f"'{self.book.Name}'!{name}")

    def wait_until(self, read: Callable[[], object], expected: object, what: str) -> None:
        """Wait until something has the expected value. Errors of reading are ignored until then: Excel may be busy.

        Raises:
            CheckFailedError: it did not have the value in time.
        """
        deadline = self._now() + self.timeout
        while True:
            try:
                value = read()
            except Exception as error:  # a busy Excel's COM error; any other error lasts until the timeout
                value = f"{type(error).__name__}: {error}"
            if value == expected:
                return
            if self._now() >= deadline:
                raise CheckFailedError(f"after {self.timeout:.0f} s {what} is {value!r} and not {expected!r}")
            self._sleep(_POLL_INTERVAL)

    def check_unchanged(self, read: Callable[[], object], expected: object, what: str) -> None:
        """Check for some seconds that something keeps its value.

        Raises:
            CheckFailedError: it did not.
        """
        deadline = self._now() + self._unchanged_for
        while True:
            value = read()
            if value != expected:
                raise CheckFailedError(f"{what} became {value!r}, it was {expected!r}")
            if self._now() >= deadline:
                return
            self._sleep(_POLL_INTERVAL)

    def make_undoable_change(self, sheet: Any) -> bool:
        """Do something that a user could undo, as the button *Bold* does; returns whether Excel offers to undo it."""
        try:
            sheet.Activate()
            sheet.Range("H20").Select()
            self.excel.CommandBars.ExecuteMso(_BOLD)
        except Exception:  # this Excel does not let other processes use its buttons
            return False
        try:
            self.wait_until(self.can_undo, expected=True, what="Undo")
        except CheckFailedError:
            return False
        return True

    def can_undo(self) -> bool:
        """Whether Excel offers to undo something."""
        return bool(self.excel.CommandBars.GetEnabledMso("Undo"))


def check_equal(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise CheckFailedError(f"{what}: {actual!r} and not {expected!r}")


def displayed(value: Any) -> Any:
    """What the cell with a value shows."""
    return (error_text(value) if type(value) is int else None) or value


def put_job(context: CheckContext, job: Job) -> None:
    """Write a job into the workbook's cell for it."""
    cell = context.book.Names.Item(JOB).RefersToRange
    cell.Worksheet.Activate()
    cell.Select()
    cell.Value2 = job.job_id


def wait_until_shows(context: CheckContext, cell: Any, word: str) -> None:
    """Wait until a cell shows a text."""
    context.wait_until(lambda: displayed(cell.Value2), word, "the cell")
