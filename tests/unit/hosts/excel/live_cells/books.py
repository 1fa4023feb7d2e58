"""Fake workbooks for live cells: the books and the recalculation of the fake Excel, without COM."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.formulas import ERRORS
from tests.hosts.excel.fake.model import MANUAL, Book, Cells, Excel
from tests.hosts.excel.fake.sheet import ExcelError, Sheet
from tests.unit.calculating import ManualCalculations
from tests.unit.hosts.clocks import FrozenClock
from xl_openfunnel import Snapshot
from xl_openfunnel.functions import context, limits
from xl_openfunnel.functions.catalog import CATALOG, REGISTRY, called_in
from xl_openfunnel.functions.context import Dependency
from xl_openfunnel.hosts.excel.addresses import CellRef
from xl_openfunnel.hosts.excel.live_cells.updater import CellUpdater
from xl_openfunnel.hosts.excel.ports import HostBusyError, HostGoneError

CREDITS = REGISTRY["OF_CREDITS"]
JOBS = REGISTRY["OF_JOBS"]
NEW = REGISTRY["OF_NEW"]

WINDOW = 7
PID = 42


class FakeExcel:
    """The fake Excel as `ExcelProcesses`, and as the `ExcelSession` of a connection to it.

    Attributes:
        windowless_visits: so many connections find no window.
        running: whether the process has not ended.
        takes_foreground: whether it comes to the front whenever a cell is calculated.
        breaks: whether its VBA is in break mode, where functions give #VALUE! and call nothing.
        unmarkable_sheets: sheets where marking a cell dirty has no effect.
        uncalculable_sheets: sheets where calculating a single cell has no effect.
        calls: how often each method was called.
    """

    def __init__(self) -> None:
        self.excel = Excel()
        self.busy = False
        self.windowless_visits = 0
        self.running = True
        self.takes_foreground = False
        self.breaks = False
        self.unmarkable_sheets: set[str] = set()
        self.uncalculable_sheets: set[str] = set()
        self.calls: Counter[str] = Counter()

    def process_of(self, window: int) -> int | None:
        return PID if window == WINDOW else None

    def is_running(self, pid: int) -> bool:
        assert pid == PID
        return self.running

    @contextlib.contextmanager
    def connect(self, pid: int) -> Iterator[FakeExcel]:
        assert pid == PID
        self.calls["visit"] += 1
        if self.busy:
            raise HostBusyError
        if not self.excel.books or self.windowless_visits:
            self.windowless_visits = max(0, self.windowless_visits - 1)
            raise HostGoneError
        yield self

    @property
    def came_to_front(self) -> bool:
        return self.takes_foreground

    def shows_value_error(self, ref: CellRef) -> bool:
        sheet = self._sheet(ref)
        return sheet is not None and sheet.value(ref.cell) == ERRORS["#VALUE!"]

    @property
    def accepts_calls(self) -> bool:
        return not self.excel.copying

    @property
    def calculates_automatically(self) -> bool:
        return self.excel.calculation != MANUAL

    def formula(self, ref: CellRef) -> str | None:
        self.calls["formula"] += 1
        sheet = self._sheet(ref)
        return None if sheet is None else sheet.formula(ref.cell)

    def formulas(self, book: str | None) -> Mapping[CellRef, str] | None:
        self.calls["formulas"] += 1
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
        for ref in places:
            self.calls["mark"] += 1
            sheet = self._sheet(ref)
            if sheet is not None and sheet.name not in self.unmarkable_sheets:
                self.excel.mark_dirty(sheet, refs.parse(ref.cell))

    def calculate(self) -> None:
        self.calls["calculate"] += 1
        self.excel.calculate()

    def calculate_cell(self, ref: CellRef) -> None:
        self.calls["calculate cell"] += 1
        sheet = self._sheet(ref)
        if sheet is not None and sheet.name not in self.uncalculable_sheets:
            self.excel.calculate_cells(sheet, refs.parse(ref.cell))

    def reenter(self, ref: CellRef, formula: str) -> None:
        self.calls["enter"] += 1
        sheet = self._sheet(ref)
        if sheet is not None:
            with contextlib.suppress(ExcelError):
                sheet.enter(ref.cell, formula)

    @contextlib.contextmanager
    def preserving_state(self) -> Iterator[None]:
        saved = [book for book in self.excel.books if book.saved]
        yield
        for book in saved:
            book.saved = True

    def _sheet(self, ref: CellRef) -> Sheet | None:
        sheets = (sheet for book in self.excel.books if book.name == ref.book for sheet in book.sheets)
        return next((sheet for sheet in sheets if sheet.name == ref.sheet), None)


@dataclass
class FakeSubscription:
    """A subscription of `FakeFetcher`."""

    fetcher: FakeFetcher
    job_id: str
    callback: Callable[[Snapshot], object]

    def close(self) -> None:
        self.fetcher.subscriptions.remove(self)


class FakeFetcher:
    """The statuses of jobs, and the subscriptions to them."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.subscriptions: list[FakeSubscription] = []

    def status_of(self, job_id: str) -> str:
        return self.statuses.setdefault(job_id, "loading")

    def subscribe(self, job_id: str, callback: Callable[[Snapshot], object]) -> FakeSubscription:
        subscription = FakeSubscription(self, job_id, callback)
        self.subscriptions.append(subscription)
        callback(self._snapshot(job_id))
        return subscription

    def report(self, job_id: str, status: str) -> None:
        self.statuses[job_id] = status
        for subscription in self.subscriptions:
            if subscription.job_id == job_id:
                subscription.callback(self._snapshot(job_id))

    def _snapshot(self, job_id: str) -> Snapshot:
        return Snapshot(job_id, settled=self.statuses.get(job_id) == "completed")


class FakeCall:
    """The context of a call."""

    block_units, width = 255, 1
    looking_up = staticmethod(nullcontext)

    def __init__(self, fetcher: FakeFetcher) -> None:
        self.fetcher = fetcher
        self.dependencies: dict[str, Dependency] = {}

    def renewed(self) -> FakeCall:
        return FakeCall(self.fetcher)

    def depend_on(self, job: str) -> None:
        self.dependencies[job] = Dependency(
            lambda: self.fetcher.status_of(job),
            self.fetcher.status_of(job),
            lambda: self.fetcher.status_of(job) == "completed",
        )


class Rig:
    """Live cells in a fake Excel, and a clock that the test moves.

    Attributes:
        values: what `OF_JOBS`, `OF_CREDITS` and `OF_NEW` return.
        small_seconds: how long it takes to calculate a small cell.
        large_seconds: how long it takes to calculate a large block.
        job_seconds: the same for cells that show these jobs.
        takes_long: whether blocks are calculated elsewhere, when the test runs ``calculations``.
        long_seconds: how long that takes.
    """

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.fetcher = FakeFetcher()
        self.calculations = ManualCalculations(self._calculated, self.clock.monotonic)
        self.host = FakeExcel()
        self.values = {JOBS.name: 1.0, CREDITS.name: 7.0, NEW.name: 9.0}
        self.takes_long = False
        self.long_seconds = 0.0
        self.small_seconds = 0.0
        self.large_seconds = 0.0
        self.job_seconds: dict[str, float] = {}
        for function in CATALOG:
            self.host.excel.functions[function.name] = self._function(large=function.large)
        self.start()
        self.book: Book = self.host.excel.open("Book.xlsx", sheets=("One", "Two"))
        self.sheet = self.book.sheet("One")

    def start(self) -> None:
        """Start with no known cells, as in a new process."""
        self.updater = CellUpdater(self.fetcher.subscribe, self.host, self.clock, self.calculations.subscribe)

    def _calculated(self, topic: str) -> None:
        self.updater.topic_changed(topic)

    def _function(self, *, large: bool) -> Callable[[str, list[Any], Cells], Any]:
        def cell(name: str, args: list[Any], caller: Cells) -> Any:
            if self.host.breaks:
                return ERRORS["#VALUE!"]
            if name in self.values:
                return self._number(name, caller)
            argument = args[0].sheet.read(args[0].area) if isinstance(args[0], Cells) else args[0]
            job = argument if isinstance(argument, str) else ""
            ref = calling_ref(caller)
            call = FakeCall(self.fetcher)
            began = self.updater.now()
            if self.takes_long and large:
                block = self.calculations.answer(name, self._long_answer, call, (job,))  # type: ignore[arg-type]
                self.updater.called(WINDOW, ref, (name, job), call.dependencies, large=large, began=began)
                return block
            dependencies = call.dependencies
            if job:
                call.depend_on(job)
            self.clock.now += self.job_seconds.get(job, self.large_seconds if large else self.small_seconds)
            self.updater.called(WINDOW, ref, (name, job), dependencies, large=large, began=began)
            return [[self.fetcher.status_of(job) if job else ""]]

        return cell

    def _long_answer(self, call: Any, job: str) -> Any:
        call.depend_on(job)
        if self.takes_long:
            limits.count_table([], slow=True)
        self.clock.now += self.long_seconds
        return [[self.fetcher.status_of(job)]]

    def _number(self, name: str, caller: Cells) -> list[list[float]]:
        topic = {JOBS.name: context.JOBS, CREDITS.name: context.CREDITS, NEW.name: context.KNOWN}[name]
        dependencies = {topic: Dependency(lambda: self.values[name], self.values[name])}
        self.updater.called(WINDOW, calling_ref(caller), name, dependencies, large=False, began=self.updater.now())
        return [[self.values[name]]]

    def subscribed_jobs(self) -> list[str]:
        """The jobs that live cells subscribe to."""
        return sorted(subscription.job_id for subscription in self.fetcher.subscriptions)

    def advance(self, seconds: float) -> None:
        """Let time pass, and run the updater whenever something is due."""
        end = self.clock.now + seconds
        for _ in range(10_000):
            left = self.updater.loop.step()
            if left is None or self.clock.now + left > end:
                self.clock.now = max(self.clock.now, end)
                return
            self.clock.now += left
        raise AssertionError("the updater never rests")


def calling_ref(caller: Cells) -> CellRef:
    return CellRef(caller.sheet.book.name, caller.sheet.name, caller.area.address().partition(":")[0])
