"""Inserting into a table that its user changes during it: Excel takes input between any two of our calls."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.model import Excel
from tests.hosts.excel.fake.sheet import ExcelError
from xl_openfunnel import table
from xl_openfunnel.hosts.excel.ports import HostBusyError, HostError
from xl_openfunnel.hosts.excel.table_merge import plan_merge
from xl_openfunnel.simulator import companies
from xl_openfunnel.workbook.formulas import TABLE_COLUMNS

if TYPE_CHECKING:
    from tests.hosts.excel.fake.sheet import Sheet
    from xl_openfunnel.hosts.excel.ports import TableWritten

ROWS = companies(12, seed=4)
PAGE, NAME = TABLE_COLUMNS.index("linkedin_url"), TABLE_COLUMNS.index("name")
NO_SUCH_NAME = -2147352570  # DISP_E_UNKNOWNNAME


class FakeCaller:
    """Stands for `RetryingCaller`, without COM; calls a function before each call."""

    process_id = 1

    def __init__(self, excel: Excel) -> None:
        from tests.hosts.excel.fake.objects import Application

        self.application = Application(cast("Any", excel))
        self.count = 0
        self.before_call: Callable[[int, str], None] = lambda number, name: None

    def _next(self, name: str) -> None:
        self.count += 1
        self.before_call(self.count, name)

    def get(self, target: Any, name: str, *arguments: object) -> Any:
        self._next(name)
        member = inspect.getattr_static(type(target), name, None)
        if member is None:
            raise HostError(name, NO_SUCH_NAME)
        try:
            value = getattr(target, name)
            if not isinstance(member, property):
                value = value(*arguments)
        except ExcelError as error:
            raise HostError(f"Excel refused: {error}", error.scode) from None
        return tuple(map(tuple, value)) if isinstance(value, list) else value

    def put(self, target: Any, name: str, value: object) -> None:
        self._next(name)
        setattr(target, name, value)

    def get_optional(self, target: Any, name: str, default: object = None) -> Any:
        return self.get(target, name) if hasattr(type(target), name) else default

    def item(self, collection: Any, name: str) -> Any:
        with contextlib.suppress(HostError):
            return self.get(collection, "Item", name)

    def items(self, collection: Any) -> Iterator[Any]:
        for number in range(1, int(self.get(collection, "Count")) + 1):
            yield self.get(collection, "Item", number)

    def retry(self, function: Callable[[], object]) -> object:
        return function()

    @contextlib.contextmanager
    def without_timeout(self) -> Iterator[None]:
        yield


@pytest.fixture(autouse=True)
def settings_without_com(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def temporarily_set(call: FakeCaller, target: Any, name: str, value: object) -> Iterator[None]:
        before = call.get(target, name)
        call.put(target, name, value)
        yield
        call.put(target, name, before)

    monkeypatch.setattr("xl_openfunnel.hosts.excel.com.table_writer.temporarily_set", temporarily_set)


class TableWorkbook:
    """A workbook with a inserted table, to which its user added a column with a note on each company."""

    def __init__(self, rows: list[Any]) -> None:
        excel = Excel()
        vars(excel).update(
            settings={"AutoFillFormulasInLists": True},
            text_cells_take_apostrophes=True,
            spilled_cells_have_formulas=True,
            exported=set(),
        )
        self.book = excel.open("Book.xlsx", "", ("Table",))
        self.sheet: Sheet = self.book.sheets[0]
        self.sheet.type("A4", [list(TABLE_COLUMNS)])
        self.table = self.sheet.table("OpenFunnelRows", "A4:I5")
        self.calls = FakeCaller(excel)
        self.write(rows, "first")
        self.table.area = refs.parse(f"A4:J{4 + len(rows)}")
        self.sheet.type("J4", "Mine")
        for row in range(5, 5 + len(rows)):
            self.sheet.type(f"J{row}", f"of {self.sheet.value(f'B{row}')}")
        self.calls.count = 0

    def write(self, rows: list[Any], state: str = "final") -> TableWritten:
        from tests.hosts.excel.fake.objects import Workbook
        from xl_openfunnel.hosts.excel.com.list_objects import ListObject
        from xl_openfunnel.hosts.excel.com.table_writer import write_table

        block = table.block(table.frame(rows, TABLE_COLUMNS), headers=False)
        fresh = [[None if cell == "" else cell for cell in line] for line in block]
        excel = cast("Any", self.book.excel)
        found = ListObject.find(cast("Any", self.calls), Workbook(excel, self.book), "OpenFunnelRows")
        assert found
        facts = [("job", "a-job"), ("state", state)]
        return write_table(found, TABLE_COLUMNS, lambda standing: plan_merge(standing, TABLE_COLUMNS, fresh), facts)

    def lines(self) -> list[list[Any]]:
        return [[self.sheet.values.get(key) for key in row] for row in self.table.area.rows()][1:]

    @property
    def state(self) -> Any:
        return self.sheet.value(f"D{self.table.area.top - 2}")


def by_name(workbook: TableWorkbook) -> None:
    workbook.sheet.sort(workbook.table.body or workbook.table.area, 2)


def backwards(workbook: TableWorkbook) -> None:
    """As from Z to A; a table that Excel sorts again each time is never as it was."""
    body = workbook.table.body or workbook.table.area
    for row, line in zip(range(body.top, body.bottom + 1), reversed(workbook.lines()), strict=True):
        workbook.sheet.type(f"A{row}", [line])


def line_above(workbook: TableWorkbook) -> None:
    workbook.sheet.insert_rows(2)
    workbook.table.area = refs.parse(f"A{workbook.table.area.top + 1}:J{workbook.table.area.bottom + 1}")


def another_note(workbook: TableWorkbook) -> bool:
    """On the last company of those that are gone, wherever it stands; gives whether it is there."""
    for row in range(workbook.table.area.top + 1, workbook.table.area.bottom + 1):
        if workbook.sheet.value(f"D{row}") == ROWS[7]["linkedin_url"]:
            workbook.sheet.type(f"J{row}", "just now")
            return True
    return False


WITH_CELLS = ("Address", "Value2", "NumberFormat", "Resize", "Hidden", "Sort", "EntireRow")
FEWER = [ROWS[11], ROWS[3], ROWS[9], *ROWS[:3]]  # new ones, and in another order; notes keep 4 to 7


@pytest.mark.parametrize("meddle", [by_name, backwards, line_above])
@pytest.mark.parametrize("notes", [True, False])
def test_whenever_the_table_is_changed_companies_keep_what_is_the_users(
    meddle: Callable[[TableWorkbook], None], notes: bool
) -> None:
    moments, refusals = 0, 0
    while True:
        workbook = TableWorkbook(ROWS[:8])
        if not notes:
            workbook.sheet.clear("J6:J12")
        before = {line[PAGE]: line[9] for line in workbook.lines() if line[9]}
        moments += 1
        happened: list[str] = []

        def at(
            number: int,
            name: str,
            moment: int = moments,
            workbook: TableWorkbook = workbook,
            done: list[str] = happened,
        ) -> None:
            if number == moment:
                done.append(name)
                meddle(workbook)

        workbook.calls.before_call = at
        refused = ""
        try:
            workbook.write(FEWER)
        except HostError as reason:
            refused = reason.text
        if happened and meddle is line_above and happened[0] in WITH_CELLS:
            continue  # in Excel, these cells move along
        if refused:
            refusals += 1
            assert "insert again" in refused.lower(), (moments, refused)
            assert workbook.state != "final"
            workbook.calls.before_call = lambda number, name: None
            workbook.write(FEWER)
        if not happened:
            break
        if happened == ["Delete"]:  # between the last look and the removal itself
            continue
        lines = workbook.lines()
        assert {line[PAGE]: line[9] for line in lines if line[9]} == before, moments
        assert sorted(line[PAGE] for line in lines) == sorted({row["linkedin_url"] for row in FEWER} | before.keys())
        assert {(line[NAME], line[PAGE]) for line in lines} <= {(row["name"], row["linkedin_url"]) for row in ROWS}
    assert moments > 60
    assert refusals < moments / 2


def test_a_note_that_is_made_meanwhile_is_never_removed() -> None:
    for moment in range(1, 200):
        workbook = TableWorkbook(ROWS[:8])
        workbook.sheet.clear("J5:J12")
        happened: list[str] = []

        def at(
            number: int, name: str, moment: int = moment, workbook: TableWorkbook = workbook, done: list[str] = happened
        ) -> None:
            if number == moment and another_note(workbook):
                done.append(name)

        workbook.calls.before_call = at
        with contextlib.suppress(HostError):
            workbook.write(FEWER)
        if workbook.calls.count < moment:
            break
        # But for the calls between the last look and the removal itself there is no moment at which it is lost.
        if happened and happened != ["Delete"]:
            kept = [line for line in workbook.lines() if line[9] == "just now"]
            assert len(kept) == 1, (moment, happened)
    assert moment > 60


def test_a_refused_removal_leaves_a_table_that_says_so_and_ranks_that_are_right() -> None:
    workbook = TableWorkbook(ROWS[:8])
    workbook.sheet.clear("J4:J12")
    workbook.table.area = refs.parse("A4:I12")

    def at(number: int, name: str) -> None:
        if name == "Delete":
            raise HostError("Excel refused: This would move cells in a table.")

    workbook.calls.before_call = at
    with pytest.raises(HostError) as refused:
        workbook.write(FEWER)
    assert refused.value.text == (
        "Excel refused: This would move cells in a table. The table is incomplete: insert again."
    )
    assert workbook.state == "incomplete: insert again"
    assert [(line[0], line[NAME]) for line in workbook.lines()[: len(FEWER)]] == [
        (rank, row["name"]) for rank, row in enumerate(FEWER, 1)
    ]
    workbook.calls.before_call = lambda number, name: None
    workbook.write(FEWER)
    assert workbook.state == "final"
    assert [line[NAME] for line in workbook.lines()] == [row["name"] for row in FEWER]


def test_an_excel_that_lets_nobody_in_any_more_leaves_a_table_that_says_so() -> None:
    workbook = TableWorkbook(ROWS[:8])

    def at(number: int, name: str) -> None:
        if name == "Sort":
            raise HostBusyError

    workbook.calls.before_call = at
    with pytest.raises(HostError, match=r"Excel was busy for too long\. The table is incomplete: insert again\."):
        workbook.write(FEWER)
    assert workbook.state == "incomplete: insert again"


def test_a_table_that_is_never_left_alone_is_left_as_it_is() -> None:
    workbook = TableWorkbook(ROWS[:8])
    turn = iter(range(10_000))

    def at(number: int, name: str) -> None:
        if name == "HeaderRowRange":
            workbook.sheet.type("J4", f"Mine {next(turn)}")

    workbook.calls.before_call = at
    before = workbook.lines()
    with pytest.raises(HostError, match=r"kept changing while it was written\. Insert again\."):
        workbook.write(FEWER)
    assert workbook.lines() == before


def test_a_formula_in_one_line_is_the_users_own_and_one_in_the_whole_column_is_not() -> None:
    workbook = TableWorkbook(ROWS[:8])
    for row in range(5, 13):
        workbook.sheet.enter(f"J{row}", f"=A{row}*2")
    workbook.write(ROWS[:7])
    assert len(workbook.lines()) == 7  # whose column's formula went with it
    workbook.sheet.enter("J11", "=A11*1000")  # of the seventh
    workbook.write(ROWS[:5])
    assert [(line[NAME], line[0]) for line in workbook.lines()[5:]] == [(ROWS[6]["name"], None)]
    assert workbook.sheet.formula("J10") == "=A10*1000"


def links(workbook: TableWorkbook) -> dict[Any, str | None]:
    """The formulas that lead to LinkedIn, by the names of the companies beside them."""
    rows = range(workbook.table.area.top + 1, workbook.table.area.bottom + 1)
    return {workbook.sheet.value(f"B{row}"): workbook.sheet.formula(f"D{row}") for row in rows}


def link_of(row: Any) -> str:
    page = row["linkedin_url"]
    return f'=HYPERLINK("https://www.linkedin.com/company/{page.rstrip("/").rpartition("/")[2]}","{page}")'


def test_links_stay_with_their_companies_and_go_with_them() -> None:
    workbook = TableWorkbook(ROWS[:8])
    workbook.sheet.clear("J5:J12")
    assert links(workbook) == {row["name"]: link_of(row) for row in ROWS[:8]}
    assert workbook.sheet.formula("C5") == f'=HYPERLINK("https://{ROWS[0]["domain"]}","{ROWS[0]["domain"]}")'
    workbook.sheet.sort(workbook.table.body or workbook.table.area, 2)
    assert links(workbook) == {row["name"]: link_of(row) for row in ROWS[:8]}
    workbook.sheet.links[refs.parse("D6").key] = "https://www.linkedin.com/company/typed-by-the-user"
    workbook.write(FEWER)
    assert links(workbook) == {row["name"]: link_of(row) for row in FEWER}
    assert workbook.sheet.links == {}
    assert max(row for row, _ in workbook.sheet.formulas) == 4 + len(FEWER)
    assert workbook.calls.application.AutoCorrect.AutoFillFormulasInLists is True


def test_what_leads_anywhere_else_is_text() -> None:
    wild = [
        {**ROWS[0], "domain": "evil.com/login", "linkedin_url": "https://linkedin.com.evil.com/company/acme"},
        {**ROWS[1], "domain": '=HYPERLINK("https://evil.com")', "linkedin_url": "javascript:alert(1)"},
        {**ROWS[2], "domain": "1-2", "linkedin_url": f"https://linkedin.com/company/{'a' * 300}"},
        {**ROWS[3], "domain": "", "linkedin_url": 'https://linkedin.com/company/acme?"&A1&"'},
    ]
    workbook = TableWorkbook(wild)
    assert [line[2:4] for line in workbook.lines()] == [[row["domain"] or None, row["linkedin_url"]] for row in wild]
    assert [workbook.sheet.formula(f"C{row}") for row in range(5, 9)] == [None] * 4
    assert [workbook.sheet.formula(f"D{row}") for row in range(5, 9)] == [
        *[None] * 3,
        '=HYPERLINK("https://www.linkedin.com/company/acme","https://linkedin.com/company/acme?""&A1&""")',
    ]


def test_ten_thousand_companies_take_no_call_for_each_link() -> None:
    counts = []
    for number in (12, 300):
        workbook = TableWorkbook(ROWS[:1])
        workbook.write(companies(number, seed=4))
        counts.append(workbook.calls.count)
    assert counts[1] < counts[0] + 20


def test_fonts_are_the_users_once_there_are_companies() -> None:
    workbook = TableWorkbook(ROWS[:8])
    assert set(workbook.sheet.colors) == {(row, column) for row in range(5, 13) for column in (3, 4)}
    workbook.sheet.colors.clear()
    workbook.write(FEWER)
    assert workbook.sheet.colors == {}
