"""What buttons and the ribbon need of a program with workbooks, however it is reached."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from .addresses import CellRef
from .table_merge import MergePlan, TableContent

Fact: TypeAlias = tuple[str, str | float]
"""The name of something that is known, and what is known."""


COMMAND_TIMEOUT: Final = 30.0
"""Seconds that one piece of work waits for a program, all its calls together: as long as its user may edit a cell."""


class HostError(Exception):
    """The program does not do what it was asked for.

    Attributes:
        text: why, and what to do, for a person.
        code: the program's own number of it.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


@dataclass(frozen=True)
class TableWritten:
    """How landing went.

    Attributes:
        sheet: the name of the sheet with the table.
        plan: what was carried out.
        unfiltered: whether a filter had to be taken off the table.
        described: whether there was room above the table for what is known of the job.
    """

    sheet: str
    plan: MergePlan
    unfiltered: bool = False
    described: bool = True


@dataclass(frozen=True)
class CopySaved:
    """A copy to send.

    Attributes:
        path: where it is: beside the book, or among the user's documents.
        links: the names of files to which links are left in it.
    """

    path: Path
    links: tuple[str, ...] = ()


class WorkbookCommands(Protocol):
    """A program that somebody has pressed a button in.

    Members wait while the program is busy. They raise `sheets.HostBusyError` when it stayed busy too long,
    `sheets.HostGoneError` when it has ended, and `HostError`. Use nothing of it afterwards.
    """

    def book(self) -> str | None:
        """The name of the workbook in front."""

    def set_status(self, text: str) -> None:
        """Show a text in the status bar."""

    def clear_status(self, text: str) -> None:
        """Give the status bar back, if it still shows this text."""

    def owner(self, place: CellRef) -> CellRef:
        """The cell whose formula fills this one: itself, unless it is one of a block."""

    def formulas(self, book: str, sheet: str | None) -> Mapping[CellRef, str]:
        """Where in the sheet, or in all sheets of the book, formulas call our functions."""

    def recalculate(self, places: Collection[CellRef]) -> None:
        """Calculate these cells now, also where the program calculates only when its user says so."""

    def text_named(self, book: str, name: str) -> str:
        """What the cell of that name holds; ``""`` where there is no such cell, or nothing in it."""

    def has_table(self, book: str, name: str) -> bool:
        """Whether the book has a table of that name."""

    def add_table(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        """A new table with one blank line, on a new sheet.

        Args:
            book: where.
            name: the table's.
            columns: their names, and how wide they are to be shown.
        """

    def write_table(
        self,
        book: str,
        name: str,
        ours: Sequence[str],
        planned: Callable[[TableContent], MergePlan],
        facts: Sequence[Fact],
    ) -> TableWritten:
        """Carry out a plan for the table of that name, and write what is known of its job above it.

        Args:
            book: where.
            name: the table's.
            ours: the names of our columns.
            planned: makes the plan; again, where the table is changed before it is carried out.
            facts: what is known of the job.
        """

    def refresh_pivots(self, book: str, table: str) -> int:
        """Have the pivots that stand on a table read it anew; how many there are."""

    def save_copy(self, book: str, facts: Iterable[Sequence[Fact]]) -> CopySaved:
        """Save a copy of the book without macros, with values in place of our formulas.

        Args:
            book: which.
            facts: of each job in the book what is known, for a sheet that is added to the copy.
        """


class WorkbookAccess(Protocol):
    """The running programs."""

    def at(self, window: int, patience: float = COMMAND_TIMEOUT) -> AbstractContextManager[WorkbookCommands]:
        """The program with that window, which is waited for so many seconds.

        Raises:
            HostBusyError: it lets nobody in, and was waited for in vain.
            HostGoneError: it has nothing open, or has ended.
        """


class HostBusyError(Exception):
    """The program lets nobody in at the moment: a cell is being edited, a dialog is open, it calculates."""


class HostGoneError(Exception):
    """The program has no workbook open, or has ended."""


class ExcelSession(Protocol):
    """An Excel that accepts calls. Every member may raise `HostBusyError`; use nothing of it after the visit."""

    @property
    def accepts_calls(self) -> bool:
        """Whether a calculation disturbs nobody: nothing is being copied, and the program takes input."""

    @property
    def automatic(self) -> bool:
        """Whether the program calculates by itself; if not, it waits for its user to say so."""

    def formula(self, place: CellRef) -> str | None:
        """The formula in a cell; None where there is none, or no such cell any more."""

    def formulas(self, book: str | None) -> Mapping[CellRef, str] | None:
        """Where in the book, or in all books, formulas call our functions; None where there is no such book."""

    def mark_dirty(self, places: Iterable[CellRef]) -> None:
        """Have cells calculated at the next calculation; those that are not there any more are passed over."""

    def calculate(self) -> None:
        """Calculate everything that is marked."""

    def calculate_cell(self, place: CellRef) -> None:
        """Calculate one cell, marked or not."""

    def reenter(self, place: CellRef, formula: str) -> None:
        """Enter a formula into a cell."""

    def preserving_state(self) -> AbstractContextManager[None]:
        """What happens inside leaves books as saved as they were, unless the user does something meanwhile."""


class ExcelProcesses(Protocol):
    """The running programs."""

    def process_of(self, window: int) -> int | None:
        """The number of the program that a window belongs to."""

    def connect(self, program: int) -> AbstractContextManager[ExcelSession]:
        """A visit to a program.

        Raises:
            HostBusyError: it lets nobody in now.
            HostGoneError: it has nothing open, or has ended.
        """
