"""A fake Excel for commands: it records what they ask for and has no real sheets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xl_openfunnel.functions.registry import TimeCells
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.commands.handlers import CommandContext
from xl_openfunnel.hosts.excel.live_cells.updater import VisibleJobs
from xl_openfunnel.hosts.excel.ports import (
    COMMAND_TIMEOUT,
    CopySaved,
    Fact,
    HostBusyError,
    HostError,
    HostGoneError,
    TableWritten,
)
from xl_openfunnel.hosts.excel.table_merge import MergePlan, TableContent
from xl_openfunnel.hosts.known_list import SelectedCells
from xl_openfunnel.known.columns import Telling

WINDOW = 7
BOOK = "Book.xlsm"
HERE = CellRef(BOOK, "Start", "$A$1")


def command_context(text: str = "", cell: CellRef | None = HERE) -> CommandContext:
    return CommandContext(WINDOW, cell, text)


class FakeWorkbooks:
    """Implements `ports.WorkbookAccess` and `ports.WorkbookCommands`."""

    def __init__(self) -> None:
        self.busy = self.gone = False
        self.bar: str | bool = False
        self.active: str | None = BOOK
        self.formula_cells: dict[CellRef, CellRef] = {}
        self.cells: dict[CellRef, str] = {}
        self.names: dict[str, str] = {}
        self.tables: dict[str, TableContent] = {}
        self.write_result: dict[str, Any] = {"sheet": "Table"}
        self.pivots: int | HostError = 1
        self.calculated: list[CellRef] = []
        self.times: dict[CellRef, TimeCells] = {}
        self.plans: list[MergePlan] = []
        self.facts: list[Fact] = []
        self.links: tuple[str, ...] = ()
        self.copied: list[Sequence[Fact]] = []
        self.selected: dict[tuple[CellRef, str], SelectedCells] = {}

    @contextlib.contextmanager
    def connect(self, window: int, timeout: float = COMMAND_TIMEOUT) -> Iterator[FakeWorkbooks]:
        assert window == WINDOW
        if self.gone:
            raise HostGoneError
        if self.busy:
            raise HostBusyError
        yield self

    def active_workbook(self) -> str | None:
        return self.active

    def set_status(self, text: str) -> None:
        self.bar = text

    def clear_status(self, text: str) -> None:
        if self.bar == text:
            self.bar = False

    def formula_cell(self, place: CellRef) -> CellRef:
        return self.formula_cells.get(place, place)

    def formulas(self, book: str, sheet: str | None) -> Mapping[CellRef, str]:
        return {cell: text for cell, text in self.cells.items() if cell.book == book and sheet in (None, cell.sheet)}

    def recalculate(self, cells: Collection[CellRef]) -> None:
        self.calculated += cells

    def format_times(self, times: Mapping[CellRef, TimeCells]) -> None:
        self.times |= times

    def named_cell_text(self, book: str, name: str) -> str:
        return self.names.get(name, "")

    def table_columns(self, book: str, name: str) -> Sequence[str]:
        return self.tables[name].columns if name in self.tables else []

    def add_columns(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        before = self.tables[name]
        rows = [[*row, *[None] * len(columns)] for row in before.rows]
        self.tables[name] = replace(before, columns=[*before.columns, *columns], rows=rows)

    def add_table(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        self.tables[name] = TableContent(list(columns), [[None] * len(columns)])

    def write_table(
        self,
        book: str,
        name: str,
        columns: Sequence[str],
        make_plan: Callable[[TableContent], MergePlan],
        facts: Sequence[Fact],
    ) -> TableWritten:
        self.plans.append(make_plan(self.tables[name]))
        self.facts = list(facts)
        return TableWritten(plan=self.plans[-1], **self.write_result)

    def refresh_pivots(self, book: str, table: str) -> int:
        if isinstance(self.pivots, HostError):
            raise self.pivots
        return self.pivots

    def save_copy(
        self, book: str, facts: Iterable[Sequence[Fact]], telling_known: Mapping[CellRef, Telling]
    ) -> CopySaved:
        self.copied = list(facts)
        return CopySaved(Path("Book (values).xlsx"), self.links, left_out=bool(telling_known))

    def selected_cells(self, cell: CellRef, area: str) -> SelectedCells:
        return self.selected[cell, area]


class FakeVisibleJobs(VisibleJobs):
    """The jobs that a test says the cells show."""

    def __init__(self) -> None:
        self.jobs: dict[CellRef, set[str]] = {}
        self.shown_times: dict[CellRef, TimeCells] = {}
        self.outdated_cells: set[CellRef] = set()
        self.known_cells: dict[CellRef, Telling] = {}
        self.calculated: list[dict[CellRef, bool]] = [{}]  # at each question, the last for good
        self.calls = 0
        self.late: dict[CellRef, set[str]] = {}  # what is known only after catch_up()

    def by_cell(self, window: int) -> Mapping[CellRef, frozenset[str]]:
        self.calls += 1
        return {cell: frozenset(jobs) for cell, jobs in self.jobs.items()}

    def times(self, window: int) -> Mapping[CellRef, TimeCells]:
        return self.shown_times

    def telling_known(self, window: int) -> Mapping[CellRef, Telling]:
        return self.known_cells

    def outdated(self, window: int) -> frozenset[CellRef]:
        return frozenset(self.outdated_cells)

    def calculating(self, window: int) -> Mapping[CellRef, bool]:
        return self.calculated.pop(0) if len(self.calculated) > 1 else self.calculated[0]

    def catch_up(self) -> None:
        self.jobs |= self.late
