"""After users, jobs and Excel have done anything in any order, every cell shows the present state."""

from __future__ import annotations

import contextlib
import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.hosts.excel.fake.formulas import ERRORS, Scalar
from tests.hosts.excel.fake.model import AUTOMATIC, MANUAL, Book
from tests.hosts.excel.fake.refs import WHOLE, Area
from tests.hosts.excel.fake.sheet import ExcelError, Sheet
from tests.unit.hosts.excel.live_cells.books import WINDOW, Rig

JOBS = [f"job{number}" for number in range(5)]
job = st.sampled_from(JOBS)
row = st.integers(1, 10)
cell = st.builds(lambda column, row: f"{column}{row}", st.sampled_from("ABC"), row)
formula = st.one_of(
    st.builds('=OF_STATUS("{}")'.format, job),
    st.builds('=OF_STATUS("{}")&OF_STATUS("{}")'.format, job, job),
    st.builds('=OF_ROWS("{}")'.format, job),
    st.builds('=OF_ROWS("{}")&OF_STATUS("{}")'.format, job, job),
    st.builds("=OF_STATUS(F{})".format, st.integers(1, 3)),
    st.builds('=IF(E{},OF_STATUS("{}"),"off")'.format, st.integers(1, 2), job),
    st.builds('=OF_STATUS("{}")&"!"'.format, job),
)
seconds = st.sampled_from([0, 0.1, 0.5, 1.5, 2.5, 5, 20, 45, 90])
which = st.integers(0, 99)
conditions = st.sampled_from([0.0, 1.0, ERRORS["#VALUE!"], ERRORS["#N/A"]])

Content = dict[tuple[int, int], Scalar]
Formulas = dict[tuple[int, int], str]


class CellUpdaterMachine(RuleBasedStateMachine):
    """One Excel, its users and its jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig()
        self.rig.large_seconds = 0.05
        self.excel = self.rig.host.excel
        self.names = itertools.count()
        self.stubborn = False

    @initialize(stubborn=st.booleans())
    def choose_an_excel(self, *, stubborn: bool) -> None:
        """A stubborn one calculates no single cell where it ignores marks, so formulas are entered again."""
        self.stubborn = stubborn

    def sheet(self, number: int) -> Sheet:
        sheets = [sheet for book in self.excel.books for sheet in book.sheets]
        return sheets[number % len(sheets)]

    def book(self, number: int) -> Book:
        return self.excel.books[number % len(self.excel.books)]

    def typed(self) -> list[tuple[Content, Formulas]]:
        """What users typed, in all sheets."""
        return [(content(sheet), formulas(sheet)) for book in self.excel.books for sheet in book.sheets]

    # What the service does.

    @rule(job=job, over=st.booleans())
    def a_job_changes(self, job: str, *, over: bool) -> None:
        self.rig.fetcher.report(job, "completed" if over else f"running {next(self.names)}")

    @rule(seconds=seconds)
    def time_passes(self, seconds: float) -> None:
        before = self.typed()
        self.rig.advance(seconds)
        assert self.typed() == before

    # What a user does.

    @precondition(lambda self: self.excel.books)
    @rule(where=which, cell=cell, formula=formula)
    def enter(self, where: int, cell: str, formula: str) -> None:
        with contextlib.suppress(ExcelError):
            self.sheet(where).enter(cell, formula)

    @precondition(lambda self: self.excel.books)
    @rule(where=which, cell=cell, text=st.sampled_from(["note", 'was OF_STATUS("job1")', None]))
    def type_over(self, where: int, cell: str, text: str | None) -> None:
        self.sheet(where).type(cell, text)

    @precondition(lambda self: self.excel.books)
    @rule(where=which, row=st.integers(1, 3), job=st.none() | job, condition=conditions)
    def change_what_formulas_refer_to(self, where: int, row: int, job: str | None, condition: Scalar) -> None:
        self.sheet(where).type(f"F{row}", job)
        self.sheet(where).type(f"E{row}", condition)

    @precondition(lambda self: self.excel.books)
    @rule(where=which, row=row, insert=st.booleans())
    def move_rows(self, where: int, row: int, *, insert: bool) -> None:
        sheet = self.sheet(where)
        sheet.insert_rows(row) if insert else sheet.delete_rows(row)

    @precondition(lambda self: self.excel.books)
    @rule(where=which)
    def rename_a_sheet(self, where: int) -> None:
        self.sheet(where).rename(f"Sheet {next(self.names)}")

    @precondition(lambda self: self.excel.books)
    @rule(where=which)
    def delete_a_sheet(self, where: int) -> None:
        sheet = self.sheet(where)
        if len(sheet.book.sheets) > 1:
            sheet.delete()

    @precondition(lambda self: self.excel.books)
    @rule(where=which)
    def save_a_book_as(self, where: int) -> None:
        self.book(where).save_as(f"Book {next(self.names)}.xlsx")

    @precondition(lambda self: len(self.excel.books) > 1)
    @rule(where=which)
    def close_a_book(self, where: int) -> None:
        self.book(where).close()

    @precondition(lambda self: len(self.excel.books) < 4)
    @rule(formulas=st.lists(formula, max_size=3))
    def open_a_book_that_was_saved_long_ago(self, formulas: list[str]) -> None:
        book = self.excel.open(f"Book {next(self.names)}.xlsx", sheets=("One", "Two"))
        functions, self.excel.functions = self.excel.functions, dict.fromkeys(self.excel.functions, lambda *_: "old")
        for number, formula in enumerate(formulas, 1):
            book.sheet("One").enter(f"A{number}", formula)
        self.excel.functions = functions
        book.saved = True
        self.rig.updater.opened(WINDOW, book.name)

    @rule(mode=st.sampled_from([AUTOMATIC, MANUAL]), now=st.booleans())
    def choose_how_to_calculate(self, mode: int, *, now: bool) -> None:
        self.excel.calculation = mode
        if now or mode == AUTOMATIC:
            self.excel.calculate()

    @rule(copying=st.integers(0, 1), busy=st.booleans(), paused=st.booleans())
    def be_in_the_way(self, copying: int, *, busy: bool, paused: bool) -> None:
        self.excel.copying = copying
        self.rig.host.busy = busy
        self.rig.updater.pause(WINDOW, paused=paused)

    @precondition(lambda self: self.excel.books)
    @rule(where=which, deaf=st.booleans())
    def heed_marks_or_not(self, where: int, *, deaf: bool) -> None:
        self.rig.host.unmarkable_sheets = {self.sheet(where).name} if deaf else set()
        self.rig.host.uncalculable_sheets = self.rig.host.unmarkable_sheets if self.stubborn else set()

    @precondition(lambda self: self.stubborn and any(sheet.formulas for b in self.excel.books for sheet in b.sheets))
    @rule(where=which, text=st.sampled_from(["note", "=1+1", None]))
    def type_over_a_cell_whose_formula_is_entered_again(self, where: int, text: str | None) -> None:
        found = [(sheet, key) for book in self.excel.books for sheet in book.sheets for key in sheet.formulas]
        sheet, key = found[where % len(found)]
        self.be_in_the_way(0, busy=False, paused=False)
        self.excel.calculation = AUTOMATIC
        self.rig.host.unmarkable_sheets = self.rig.host.uncalculable_sheets = {sheet.name}
        for job in JOBS:
            self.a_job_changes(job, over=False)
        self.time_passes(10)
        cell = Area.at(key).address()
        sheet.enter(cell, text) if text == "=1+1" else sheet.type(cell, text)
        for job in JOBS:
            self.a_job_changes(job, over=False)
        self.time_passes(10)

    # What must hold in the end.

    def teardown(self) -> None:
        rig, excel = self.rig, self.excel
        excel.copying, rig.host.busy = 0, False
        rig.host.unmarkable_sheets = rig.host.uncalculable_sheets = set()
        excel.calculation = AUTOMATIC
        rig.updater.pause(WINDOW, paused=False)
        for book in excel.books if self.stubborn else ():
            # No formula is entered again that has not called and whose call may be behind a condition.
            rig.updater.opened(WINDOW, book.name)
        excel.calculate()
        sheets = [sheet for book in excel.books for sheet in book.sheets]
        typed = self.typed()
        rig.advance(200)
        assert self.typed() == typed

        shown = [dict(sheet.values) for sheet in sheets]
        for sheet in sheets:
            excel.mark_dirty(sheet, WHOLE)
        excel.calculate()
        assert [dict(sheet.values) for sheet in sheets] == shown

        named = " ".join(
            text for sheet in sheets for text in (*formulas(sheet).values(), *map(str, content(sheet).values()))
        )
        # Nothing is done for a final job, not even a check whether a cell still shows it.
        assert all(job in named for job in rig.subscribed_jobs() if rig.fetcher.statuses[job] != "completed")

        for job in JOBS:
            rig.fetcher.report(job, "completed")
        rig.advance(4_000)
        rig.host.calls.clear()
        rig.advance(10_000)
        assert not rig.host.calls
        assert rig.updater.loop.step() is None


def content(sheet: Sheet) -> Content:
    """What was typed into a sheet."""
    return {key: value for key, value in sheet.values.items() if sheet.owner(key) is None}


def formulas(sheet: Sheet) -> Formulas:
    """The formulas of a sheet."""
    return {key: formula.text for key, formula in sheet.formulas.items()}


CellUpdaterMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestWhateverHappens = CellUpdaterMachine.TestCase
