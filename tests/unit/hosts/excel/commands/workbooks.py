"""A program with buttons in this process: what actions ask of it is kept, and nothing is a real sheet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

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

WINDOW = 7
BOOK = "Book.xlsm"
HERE = CellRef(BOOK, "Start", "$A$1")


def command_context(text: str = "", place: CellRef | None = HERE) -> CommandContext:
    return CommandContext(WINDOW, place, text)


class FakeWorkbooks:
    """The program, as `Workplace` and as the `Work` in it."""

    def __init__(self) -> None:
        self.busy = self.gone = False
        self.bar: str | bool = False
        self.front: str | None = BOOK
        self.owners: dict[CellRef, CellRef] = {}
        self.cells: dict[CellRef, str] = {}
        self.names: dict[str, str] = {}
        self.tables: dict[str, TableContent] = {}
        self.landed: dict[str, Any] = {"sheet": "Table"}
        self.pivots: int | HostError = 1
        self.calculated: list[CellRef] = []
        self.plans: list[MergePlan] = []
        self.facts: list[Fact] = []
        self.links: tuple[str, ...] = ()
        self.copied: list[Sequence[Fact]] = []

    @contextlib.contextmanager
    def connect(self, window: int, patience: float = COMMAND_TIMEOUT) -> Iterator[FakeWorkbooks]:
        assert window == WINDOW
        if self.gone:
            raise HostGoneError
        if self.busy:
            raise HostBusyError
        yield self

    def active_workbook(self) -> str | None:
        return self.front

    def set_status(self, text: str) -> None:
        self.bar = text

    def clear_status(self, text: str) -> None:
        if self.bar == text:
            self.bar = False

    def formula_cell(self, place: CellRef) -> CellRef:
        return self.owners.get(place, place)

    def formulas(self, book: str, sheet: str | None) -> Mapping[CellRef, str]:
        return {
            place: text for place, text in self.cells.items() if place.book == book and sheet in (None, place.sheet)
        }

    def recalculate(self, places: Collection[CellRef]) -> None:
        self.calculated += places

    def named_cell_text(self, book: str, name: str) -> str:
        return self.names.get(name, "")

    def has_table(self, book: str, name: str) -> bool:
        return name in self.tables

    def add_table(self, book: str, name: str, columns: Mapping[str, float]) -> None:
        self.tables[name] = TableContent(list(columns), [[None] * len(columns)])

    def write_table(
        self,
        book: str,
        name: str,
        ours: Sequence[str],
        planned: Callable[[TableContent], MergePlan],
        facts: Sequence[Fact],
    ) -> TableWritten:
        self.plans.append(planned(self.tables[name]))
        self.facts = list(facts)
        return TableWritten(plan=self.plans[-1], **self.landed)

    def refresh_pivots(self, book: str, table: str) -> int:
        if isinstance(self.pivots, HostError):
            raise self.pivots
        return self.pivots

    def save_copy(self, book: str, facts: Iterable[Sequence[Fact]]) -> CopySaved:
        self.copied = list(facts)
        return CopySaved(Path("Book (values).xlsx"), self.links)


class FakeVisibleJobs(VisibleJobs):
    """The jobs that a test says the cells show."""

    def __init__(self) -> None:
        self.jobs: dict[CellRef, set[str]] = {}
        self.old: set[CellRef] = set()
        self.asked = 0
        self.late: dict[CellRef, set[str]] = {}  # what is known only once live cells have caught up

    def by_cell(self, window: int) -> Mapping[CellRef, frozenset[str]]:
        self.asked += 1
        return {place: frozenset(jobs) for place, jobs in self.jobs.items()}

    def outdated(self, window: int) -> frozenset[CellRef]:
        return frozenset(self.old)

    def catch_up(self) -> None:
        self.jobs |= self.late
