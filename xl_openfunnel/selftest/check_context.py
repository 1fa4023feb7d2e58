"""What a check acts on: an Excel, a workbook with the functions, and jobs that wait for the check to go on.

Excel is its Application object, asked over COM by name. Nothing here imports what there is on Windows only.
"""

from __future__ import annotations

import itertools
import re
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ..simulator import ManualClock, SimulatedJob, Simulator, companies

TIMEOUT: Final = 30.0
"""Seconds that a check waits for one thing; the first call of a session starts Python and may take ten."""

UNCHANGED_FOR: Final = 6.0
"""Seconds in which nothing may change; a live cell would be written every two."""

_LOOK: Final = 0.2
"""Seconds between two looks."""

_PENDING, _RUNNING = 100.0, 1_000.0
_BOLD: Final = "Bold"

LONG_TEXT: Final = "An account of many words, " * 20
"""Longer than the 255 characters above which one text used to spoil a whole block."""

NUMBER_LIKE_TEXTS: Final = ("=1+1", "TRUE", "2-10", "+Oscar", "007")
"""Names that Excel would gladly take for something else."""


class CheckFailedError(Exception):
    """Excel does something else than it should; the text says what."""


class CheckSkippedError(Exception):
    """It cannot be tried here; the text says why."""


def rows(count: int = 250) -> list[dict[str, Any]]:
    """Invented companies, the first with awkward names and a long text."""
    made = [dict(row) for row in companies(count)]
    for row, name in zip(made, NUMBER_LIKE_TEXTS, strict=False):
        row["name"] = name
    made[0]["match_reason"] = LONG_TEXT
    return made


def external_links(file: Path) -> list[str]:
    """What the links to other workbooks name, in a file that Excel has saved."""
    with zipfile.ZipFile(file) as parts:
        names = [name for name in parts.namelist() if name.startswith("xl/externalLinks/_rels/")]
        return [link for name in names for link in re.findall(r'Target="([^"]*)"', parts.read(name).decode())]


class Job:
    """A simulated job that stays where it is until it is told to go on."""

    def __init__(self, service: Simulator, clock: ManualClock, job: SimulatedJob) -> None:
        self._clock = clock
        self._service = service
        self.job_id = job.job_id
        self.rows: Sequence[Any] = job.rows
        service.add(job)

    def run(self, share: float = 0.5) -> None:
        """Go on from pending to this share of its running time."""
        self._clock.sleep(_PENDING + _RUNNING * share)

    def end(self) -> None:
        """Go on to its end."""
        self._clock.sleep(_PENDING + _RUNNING)

    def polls(self) -> int:
        """How often the service was asked how far it is."""
        return sum(one.job_id == self.job_id and one.cursor is None for one in self._service.received)


class CheckContext:
    """Everything that a check needs.

    Attributes:
        excel: the Application object.
        book: the workbook in which formulas are entered; None before the first check has opened it.
        file: the workbook's file, and beside it what the checks write.
        service: the simulator that the functions ask; it has the clock's time.
        limit: seconds to wait for one thing.
    """

    def __init__(
        self,
        excel: Any,
        service: Simulator,
        clock: ManualClock,
        file: Path,
        *,
        book: Any = None,
        pythons: Callable[[], set[int]] | None = None,
        limit: float = TIMEOUT,
        quiet: float = UNCHANGED_FOR,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Set the stage.

        Args:
            excel: the Application object.
            service: the simulator.
            clock: the simulator's time.
            file: the workbook's file.
            book: the workbook, where it is open already.
            pythons: the process ids of the Pythons that this Excel started; None where nobody can tell.
            limit: seconds to wait for one thing.
            quiet: seconds in which what has to stay is looked at.
            now: the time in seconds.
            sleep: waits so many seconds.
        """
        self.excel = excel
        self.book = book
        self.service = service
        self.file = file
        self._clock = clock
        self._pythons = pythons
        self.limit = limit
        self._quiet = quiet
        self._now = now
        self._sleep = sleep
        self._numbers = itertools.count(1)

    def job(self, *, ended: bool = False) -> Job:
        """A new job, pending or over."""
        name = f"selftest-{next(self._numbers)}"
        pending, running = (0.0, 0.0) if ended else (_PENDING, _RUNNING)
        return Job(self.service, self._clock, SimulatedJob(rows(), job_id=name, pending=pending, running=running))

    def sheet(self) -> Any:
        """A new sheet, in front."""
        return self.book.Worksheets.Add()

    def python_processes(self) -> set[int]:
        """The process ids of the Pythons that this Excel started.

        Raises:
            CheckSkippedError: nobody can tell.
        """
        if self._pythons is None:
            raise CheckSkippedError("the processes of this system cannot be looked at")
        return self._pythons()

    def macro(self, name: str) -> None:
        """Run a macro of the workbook, as its button does."""
        self.excel.Run(f"'{self.book.Name}'!{name}")

    def wait_until(self, look: Callable[[], object], wanted: object, what: str) -> None:
        """Wait for what a look sees.

        Args:
            look: what is looked at; an Excel that is busy may fail it.
            wanted: what is to be seen.
            what: what is looked at, in words.

        Raises:
            CheckFailedError: it was not seen in time.
        """
        end = self._now() + self.limit
        while True:
            try:
                seen = look()
            except Exception as trouble:  # COM's errors of a busy Excel; any other one stays until the end
                seen = f"{type(trouble).__name__}: {trouble}"
            if seen == wanted:
                return
            if self._now() >= end:
                raise CheckFailedError(f"after {self.limit:.0f} s {what} is {seen!r} and not {wanted!r}")
            self._sleep(_LOOK)

    def check_unchanged(self, look: Callable[[], object], wanted: object, what: str) -> None:
        """Look for some seconds whether something stays as it is.

        Raises:
            CheckFailedError: it did not.
        """
        end = self._now() + self._quiet
        while True:
            seen = look()
            if seen != wanted:
                raise CheckFailedError(f"{what} became {seen!r}, it was {wanted!r}")
            if self._now() >= end:
                return
            self._sleep(_LOOK)

    def make_undoable_change(self, sheet: Any) -> bool:
        """Do something that a user could undo, as the button *Bold* does; whether Excel then offers to undo it."""
        try:
            sheet.Activate()
            sheet.Range("H20").Select()
            bars = self.excel.CommandBars
            bars.ExecuteMso(_BOLD)
        except Exception:  # an Excel that has no such buttons for others
            return False
        try:
            self.wait_until(self.can_undo, wanted=True, what="Undo")
        except CheckFailedError:
            return False
        return True

    def can_undo(self) -> bool:
        """Whether Excel offers to undo something."""
        return bool(self.excel.CommandBars.GetEnabledMso("Undo"))
