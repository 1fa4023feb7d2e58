"""What live cells and commands need of Excel, as protocols: tests run them without an Excel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from ...functions.registry import TimeCells
from ...known.columns import Telling
from ..known_list import SelectedCells
from .addresses import CellRef
from .table_merge import MergePlan, TableContent

Fact: TypeAlias = tuple[str, str | float]
"""A name and a value to write beside results, such as the job's id."""

COMMAND_TIMEOUT: Final = 30.0
"""Seconds that all calls of one command together wait for a busy Excel, such as while its user edits a cell."""


class HostBusyError(Exception):
    """Excel accepts no calls at the moment: its user edits a cell, a dialog is open, or it calculates."""


class HostGoneError(Exception):
    """Excel shows no workbook, or has ended."""


class HostError(Exception):
    """Excel refuses what it was asked to do; ``text`` says why, and what to do, for the user."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


# ---- live cells ----------------------------------------------------------------------------------------------


class ExcelProcesses(Protocol):
    """The running Excels."""

    def process_of(self, window: int) -> int | None:
        """The id of the process that a window belongs to."""

    def is_running(self, process_id: int) -> bool:
        """Whether the process has not ended."""

    def connect(self, process_id: int) -> AbstractContextManager[ExcelSession]:
        """Connect to an Excel.

        Raises:
            HostBusyError: it accepts no calls now.
            HostGoneError: it shows no workbook, or has ended.
        """


class ExcelSession(Protocol):
    """An Excel that accepts calls. Every member may raise `HostBusyError`; use none outside the ``with`` block."""

    @property
    def accepts_calls(self) -> bool:
        """Whether a calculation disturbs no user: nothing is being copied, and Excel takes input."""

    @property
    def calculates_automatically(self) -> bool:
        """Whether Excel is not in manual calculation mode."""

    @property
    def came_to_front(self) -> bool:
        """Whether Excel is in front now and was not when it was connected to."""

    def shows_value_error(self, cell: CellRef) -> bool:
        """Whether a cell shows #VALUE!."""

    def formula(self, cell: CellRef) -> str | None:
        """The formula in a cell; None where there is none, or where the cell no longer exists."""

    def formulas(self, book: str | None) -> Mapping[CellRef, str] | None:
        """The formulas of a workbook, or of all, that call our functions; None if the workbook is not open."""

    def mark_dirty(self, cells: Iterable[CellRef]) -> None:
        """Have the next calculation include these cells; those that no longer exist are skipped."""

    def calculate(self) -> None:
        """Calculate all cells that are dirty."""

    def calculate_cell(self, cell: CellRef) -> None:
        """Calculate one cell, dirty or not."""

    def reenter(self, cell: CellRef, formula: str) -> None:
        """Enter a formula into a cell."""

    def preserving_state(self) -> AbstractContextManager[None]:
        """Keep workbooks marked as saved if they were, unless the user changes something inside the ``with`` block."""


# ---- commands ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TableWritten:
    """The result of writing a job's companies into a table.

    Attributes:
        sheet: the name of the table's sheet.
        plan: what was carried out.
        filter_removed: whether a filter had to be removed from the table.
        facts_written: whether there was room above the table for the job's facts.
    """

    sheet: str
    plan: MergePlan
    filter_removed: bool = False
    facts_written: bool = True


@dataclass(frozen=True)
class CopySaved:
    """A copy of a workbook to send.

    Attributes:
        path: where it is: beside the workbook, or in the user's documents folder.
        links: the names of the files that it still links to.
        without_links: the sheets whose companies got no links, because they are more than Excel takes.
        left_out: whether what says which companies are in a known list was left out.
    """

    path: Path
    links: tuple[str, ...] = ()
    without_links: tuple[str, ...] = ()
    left_out: bool = False


class WorkbookAccess(Protocol):
    """The running Excels, by their windows."""

    def connect(self, window: int, timeout: float = COMMAND_TIMEOUT) -> AbstractContextManager[WorkbookCommands]:
        """Connect to the Excel with that window.

        The timeout is how many seconds all calls together wait while Excel is busy.

        Raises:
            HostBusyError: it stayed busy.
            HostGoneError: it has no workbook open, or has ended.
        """


class WorkbookCommands(Protocol):
    """An Excel whose user has pressed a button.

    Members wait while Excel is busy. They raise `HostBusyError` if it stays busy, `HostGoneError` if it has ended, and
    `HostError` if it refuses. Not to be used outside its ``with`` block.
    """

    def active_workbook(self) -> str | None:
        """The name of the active workbook."""

    def set_status(self, text: str) -> None:
        """Show a text in the status bar."""

    def clear_status(self, text: str) -> None:
        """Give the status bar back to Excel if it still shows this text."""

    def formula_cell(self, cell: CellRef) -> CellRef:
        """The cell whose formula fills this one: itself, unless it belongs to a spilled block or an array."""

    def formulas(self, book: str, sheet: str | None) -> Mapping[CellRef, str]:
        """The formulas of a sheet, or of all sheets of the workbook, that call our functions."""

    def recalculate(self, cells: Collection[CellRef]) -> None:
        """Calculate these cells now; in manual calculation mode no others."""

    def format_times(self, times: Mapping[CellRef, TimeCells]) -> None:
        """Give the times that these cells' calls return a date format, where the cells that show them have none.

        A formula that computes with the block is left alone.
        """

    def named_cell_text(self, book: str, name: str) -> str:
        """The text in the cell of that name; ``""`` where there is no such cell, or no text in it."""

    def table_columns(self, book: str, name: str) -> Sequence[str]:
        """The names of a table's columns; none where the workbook has no such table."""

    def add_table(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        """Add a table with one blank row on a new sheet.

        ``columns`` has their widths in characters.
        """

    def add_columns(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        """Add columns at the right of a table: widths in characters, by name."""

    def write_table(
        self,
        book: str,
        name: str,
        columns: Sequence[str],
        make_plan: Callable[[TableContent], MergePlan],
        facts: Sequence[Fact],
    ) -> TableWritten:
        """Merge companies into a table, and write facts about their job above it.

        ``make_plan`` is called again if the user changes the table before the plan is carried out.
        """

    def refresh_pivots(self, book: str, table: str) -> int:
        """Refresh the PivotTables that read a table; returns how many there are."""

    def selected_cells(self, cell: CellRef, area: str) -> SelectedCells:
        """The values of cells, as far as the sheet is used; of a single cell those of the list that it stands in.

        ``area`` is an address such as ``$A$1:$C$9`` or ``$A:$C``.

        Raises:
            ConfigurationError: they are too many, or several areas.
        """

    def save_copy(
        self, book: str, facts: Iterable[Sequence[Fact]], telling_known: Mapping[CellRef, Telling]
    ) -> CopySaved:
        """Save a copy of the workbook without macros, with values in place of our formulas.

        What says which companies are in a known list is left out: the columns known:NAME of tables and of blocks, and
        what else these cells show.
        """
