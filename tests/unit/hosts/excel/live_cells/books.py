"""Workbooks in this process for live cells: the fake Excel's own books and recalculation, without COM."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.model import MANUAL, Book, Cells, Excel
from tests.hosts.excel.fake.sheet import ExcelError, Sheet
from tests.unit.hosts.clocks import Time
from xl_openfunnel import Snapshot
from xl_openfunnel.functions import context
from xl_openfunnel.functions.catalog import CATALOG, CREDITS, JOBS, called_in
from xl_openfunnel.functions.context import Dependency
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.live_cells.updater import CellUpdater
from xl_openfunnel.hosts.excel.ports import HostBusyError, HostGoneError

WINDOW = 7
PROGRAM = 42


class FakeExcel:
    """The fake Excel as `Sheets`, and as the `Visit` to it."""

    def __init__(self) -> None:
        self.excel = Excel()
        self.busy = False
        self.windowless = 0  # so many visits find no window
        self.deaf: set[str] = set()  # sheets where marking a cell has no effect
        self.stubborn: set[str] = set()  # sheets where calculating a single cell has none either
        self.asked: Counter[str] = Counter()

    def process_of(self, window: int) -> int | None:
        return PROGRAM if window == WINDOW else None

    @contextlib.contextmanager
    def connect(self, program: int) -> Iterator[FakeExcel]:
        assert program == PROGRAM
        self.asked["visit"] += 1
        if self.busy:
            raise HostBusyError
        if not self.excel.books or self.windowless:
            self.windowless = max(0, self.windowless - 1)
            raise HostGoneError
        yield self

    @property
    def accepts_calls(self) -> bool:
        return not self.excel.copying

    @property
    def calculates_automatically(self) -> bool:
        return self.excel.calculation != MANUAL

    def formula(self, place: CellRef) -> str | None:
        self.asked["formula"] += 1
        sheet = self._sheet(place)
        return None if sheet is None else sheet.formula(place.cell)

    def formulas(self, book: str | None) -> Mapping[CellRef, str] | None:
        self.asked["formulas"] += 1
        books = [one for one in self.excel.books if book in (None, one.name)]
        if not books:
            return None
        return {
            CellRef(found.name, sheet.name, refs.Area.at(key).address()): formula.text
            for found in books
            for sheet in found.sheets
            for key, formula in sheet.formulas.items()
            if called_in(formula.text)
        }

    def mark_dirty(self, places: Iterable[CellRef]) -> None:
        for place in places:
            self.asked["mark"] += 1
            sheet = self._sheet(place)
            if sheet is not None and sheet.name not in self.deaf:
                self.excel.mark_dirty(sheet, refs.parse(place.cell))

    def calculate(self) -> None:
        self.asked["calculate"] += 1
        self.excel.calculate()

    def calculate_cell(self, place: CellRef) -> None:
        self.asked["calculate cell"] += 1
        sheet = self._sheet(place)
        if sheet is not None and sheet.name not in self.stubborn:
            self.excel.calculate_cells(sheet, refs.parse(place.cell))

    def reenter(self, place: CellRef, formula: str) -> None:
        self.asked["enter"] += 1
        sheet = self._sheet(place)
        if sheet is not None:
            with contextlib.suppress(ExcelError):
                sheet.enter(place.cell, formula)

    @contextlib.contextmanager
    def preserving_state(self) -> Iterator[None]:
        saved = [book for book in self.excel.books if book.saved]
        yield
        for book in saved:
            book.saved = True

    def _sheet(self, place: CellRef) -> Sheet | None:
        sheets = (sheet for book in self.excel.books if book.name == place.book for sheet in book.sheets)
        return next((sheet for sheet in sheets if sheet.name == place.sheet), None)


@dataclass
class Told:
    """A subscription of the desk below."""

    desk: FakeFetcher
    job_id: str
    callback: Callable[[Snapshot], object]

    def close(self) -> None:
        self.desk.subscriptions.remove(self)


class FakeFetcher:
    """Stands for the fetcher: what is known of jobs, and who wants to be told."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.subscriptions: list[Told] = []

    def word(self, job_id: str) -> str:
        return self.known.setdefault(job_id, "loading")

    def subscribe(self, job_id: str, callback: Callable[[Snapshot], object]) -> Told:
        told = Told(self, job_id, callback)
        self.subscriptions.append(told)
        callback(self._snapshot(job_id))
        return told

    def say(self, job_id: str, word: str) -> None:
        self.known[job_id] = word
        for told in self.subscriptions:
            if told.job_id == job_id:
                told.callback(self._snapshot(job_id))

    def _snapshot(self, job_id: str) -> Snapshot:
        return Snapshot(job_id, settled=self.known.get(job_id) == "completed")


class Rig:
    """Live cells over the office, and time that passes when it is told to."""

    def __init__(self) -> None:
        self.time = Time()
        self.desk = FakeFetcher()
        self.office = FakeExcel()
        self.numbers = {JOBS.name: 1.0, CREDITS.name: 7.0}  # of jobs in the list, and of credits
        self.small_cost = 0.0  # and a small one
        self.cost = 0.0  # seconds that calculating a large block takes
        self.costs: dict[str, float] = {}  # and what shows these jobs
        for function in CATALOG:
            self.office.excel.functions[function.name] = self._function(large=function.large)
        self.start()
        self.book: Book = self.office.excel.open("Book.xlsx", sheets=("One", "Two"))
        self.sheet = self.book.sheet("One")

    def start(self) -> None:
        """Live cells that know nothing yet, as in a process that has just begun."""
        self.live = CellUpdater(self.desk.subscribe, self.office, self.time)

    def _function(self, *, large: bool) -> Callable[[str, list[Any], Cells], Any]:
        def cell(name: str, args: list[Any], caller: Cells) -> Any:
            if name in self.numbers:
                return self._number(name, caller)
            given = args[0].sheet.read(args[0].area) if isinstance(args[0], Cells) else args[0]
            job = given if isinstance(given, str) else ""
            place = _place(caller)
            seen = {}
            if job:
                seen = {job: Dependency(lambda: self.desk.word(job), self.desk.word(job))}
            began = self.live.now()
            self.time.now += self.costs.get(job, self.cost if large else self.small_cost)
            self.live.called(WINDOW, place, (name, job), seen, large=large, began=began)
            return [[self.desk.word(job) if job else ""]]

        return cell

    def _number(self, name: str, caller: Cells) -> list[list[float]]:
        topic = context.JOBS if name == JOBS.name else context.CREDITS
        seen = {topic: Dependency(lambda: self.numbers[name], self.numbers[name])}
        self.live.called(WINDOW, _place(caller), name, seen, large=False, began=self.live.now())
        return [[self.numbers[name]]]

    def followed(self) -> list[str]:
        """The jobs that live cells want to be told of."""
        return sorted(told.job_id for told in self.desk.subscriptions)

    def pass_(self, seconds: float) -> None:
        """Let time pass, and live cells do what is theirs whenever they asked for it."""
        end = self.time.now + seconds
        for _ in range(10_000):
            left = self.live.loop.step()
            if left is None or self.time.now + left > end:
                self.time.now = max(self.time.now, end)
                return
            self.time.now += left
        raise AssertionError("live cells never rest")


def _place(caller: Cells) -> CellRef:
    return CellRef(caller.sheet.book.name, caller.sheet.name, caller.area.address().partition(":")[0])
