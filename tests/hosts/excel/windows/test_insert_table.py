"""*Insert as table* and *Refresh pivots*, through the real xlwings DLL and COM server, cell by cell."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.files import load
from tests.hosts.excel.fake.message_filter import Busy
from tests.hosts.excel.fake.sheet_objects import Pivot
from tests.hosts.excel.windows.pressing import LONG, ROWS, add_job, cell, cells_of, lines, outcome, press_and_wait
from xl_openfunnel.files.links import LINKS
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.settings import store_path
from xl_openfunnel.simulator import ManualClock, Simulator, companies
from xl_openfunnel.workbook.formulas import TABLE_COLUMNS
from xl_openfunnel.workbook.pivot import PIVOT_NAME

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.model import Book


def test_landing_fills_the_table_exactly_and_refreshes_its_pivot(
    bridge: Bridge, book: Book, service: Simulator
) -> None:
    start, inserted, pivot = book.sheets
    job = add_job(service, ROWS)
    start.type("B8", job.job_id)
    said = press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert said == "OpenFunnel: 300 companies inserted on the sheet Table; 1 pivot refreshed"
    assert lines(inserted) == [list(TABLE_COLUMNS), *cells_of(ROWS)]
    assert {column for _, column in inserted.formulas} == {TABLE_COLUMNS.index(name) + 1 for name in LINKS}
    assert all(formula.text.startswith("=HYPERLINK(") for formula in inserted.formulas.values())
    assert [list(row) for row in pivot.pivots[0].shows] == lines(inserted)


def test_what_looks_like_something_else_stays_text(bridge: Bridge, book: Book, service: Simulator) -> None:
    names = [
        "=1+1 Holdings",
        "TRUE",
        "2-10",
        "99",
        "+Oscar",
        "@home",
        "'t Hof",
        "''Quoted",
        "#N/A",
        "-5",
        "1e5",
        "\tTab",
    ]
    rows = [{**ROWS[0], "name": name, "linkedin_url": f"page/{name}", "match_reason": name} for name in names]
    older = {key: value for key, value in ROWS[1].items() if key != "employee_count"}
    rows += [{**older, "company_size": "2-10"}, {**ROWS[2], "match_reason": "long " * 6_000, "name": None}]
    start, inserted, _ = book.sheets
    start.type("B8", add_job(service, rows).job_id)
    for takes in (True, False):
        bridge.excel.text_cells_take_apostrophes = takes
        press_and_wait(bridge, "insert table", cell(start, "A1"))
        assert lines(inserted)[1:] == cells_of(rows)
        assert inserted.value("F17") == "2-10"
        assert (inserted.value("B18"), len(str(inserted.value("G18")))) == (None, 30_000)
        assert not inserted.formats  # cells in the format of text show #### for more than 255 characters


def test_what_excel_refuses_in_an_array_is_written_in_halves(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    rows = [{**row, "match_reason": LONG if number % 100 == 7 else "short"} for number, row in enumerate(ROWS)]
    start, inserted, _ = book.sheets
    start.type("B8", add_job(service, rows).job_id)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert lines(inserted)[1:] == cells_of(rows)
    assert excel.members["Range.Value2"] < 300


def test_our_pivot_is_saved_with_its_data_once_there_is_some(bridge: Bridge, book: Book, service: Simulator) -> None:
    """Read again at each opening, it would make the workbook ask to be saved each time it is closed."""
    start, _, sheet = book.sheets
    ours = Pivot("OpenFunnelRows", 1, name=PIVOT_NAME, saves_data=False, refreshed_on_open=True)
    theirs = Pivot("OpenFunnelRows", 2, saves_data=False, refreshed_on_open=True)
    sheet.pivots[:] = [ours, theirs]
    start.type("B8", add_job(service, ROWS[:3]).job_id)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert (ours.saves_data, ours.refreshed_on_open) == (True, False)
    assert (theirs.saves_data, theirs.refreshed_on_open) == (False, True)


def test_landing_again_keeps_what_is_the_users_with_its_company(bridge: Bridge, book: Book, service: Simulator) -> None:
    start, inserted, _ = book.sheets
    start.type("B8", add_job(service, ROWS[:20]).job_id)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    # A user's column with values and formulas, a note, a filter, another order of lines.
    inserted.tables[0].area = refs.parse("A4:J24")
    inserted.type("J4", "Mine")
    for row in range(5, 25):
        inserted.enter(f"J{row}", f"=A{row}*2")
    inserted.type("J7", "call them")  # the third company
    inserted.type("J14", "gone, but mine")  # the tenth
    inserted.type("J8", LONG)
    inserted.notes[refs.parse("B6").key] = "a note on the second"
    inserted.sort(refs.parse("A5:J24"), 2)
    inserted.hidden, inserted.tables[0].filtered = {6, 7, 8}, True
    reordered = [*ROWS[100:110], *reversed(ROWS[:9]), *ROWS[20:40]]
    start.type("B8", add_job(service, reordered).job_id)
    said = press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert said == (
        "OpenFunnel: 39 companies inserted on the sheet Table; 1 no longer in the job kept at the end, for what you "
        "have there; the table's filter was taken off; 1 pivot refreshed"
    )
    assert inserted.tables[0].area == refs.parse("A4:J44")
    kept = [None, *cells_of(ROWS[:20])[9][1:]]
    assert [line[:9] for line in lines(inserted)[1:]] == [*cells_of(reordered), kept]
    third, second, last = 5 + reordered.index(ROWS[2]), 5 + reordered.index(ROWS[1]), 44
    mine = {row: inserted.value(f"J{row}") for row in range(5, 45)}
    assert (mine.pop(third), mine.pop(last)) == ("call them", "gone, but mine")
    assert mine.pop(5 + reordered.index(ROWS[3])) == LONG
    known = [5 + reordered.index(company) for company in ROWS[:9] if company not in (ROWS[2], ROWS[3])]
    assert {row: value for row, value in mine.items() if value is not None} == {row: (row - 4) * 2.0 for row in known}
    assert {inserted.formula(f"J{row}") for row in known} == {f"=A{row}*2" for row in known}
    assert inserted.notes == {refs.parse(f"B{second}").key: "a note on the second"}
    assert inserted.used().bottom == 44


def test_a_table_at_the_end_of_the_sheet_stays_as_it_is(
    bridge: Bridge, excel: FakeExcel, service: Simulator, folder: Path
) -> None:
    made = excel.open("Low.xlsx", str(folder), ("Start", "Table"))
    start, low = made.sheets
    low.type("A1048574", [list(TABLE_COLUMNS)])
    low.table("OpenFunnelRows", "A1048574:I1048575")
    start.type("A1", add_job(service, ROWS[:5]).job_id)
    start.enter("A2", "=OF_STATUS(A1)")
    said = press_and_wait(bridge, "insert table", cell(start, "A2"))
    assert said == "OpenFunnel: The sheet ends before the companies do. Move the table up, then insert again."
    assert lines(low)[1:] == [[None] * 9]


def test_fewer_companies_leave_nothing_below_the_table(bridge: Bridge, book: Book, service: Simulator) -> None:
    start, inserted, _ = book.sheets
    start.type("B8", add_job(service, ROWS[:50]).job_id)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    inserted.type("A60", "my text below")
    inserted.tables[0].totals = True
    inserted.type("A55", "Total")
    start.type("B8", add_job(service, ROWS[40:45]).job_id)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert lines(inserted)[1:] == cells_of(ROWS[40:45])
    assert inserted.value("A10") == "Total"
    assert [inserted.values[key] for key in sorted(inserted.values) if key[0] > 10] == ["my text below"]


def test_what_stands_below_the_table_is_not_written_over(bridge: Bridge, book: Book, service: Simulator) -> None:
    start, inserted, _ = book.sheets
    inserted.type("C8", "mine")
    start.type("B8", add_job(service, ROWS[:5]).job_id)
    said = press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert said == "OpenFunnel: There is something below the table, where it needs lines. Move it, then insert again."
    assert (inserted.value("C8"), lines(inserted)[1:]) == ("mine", [[None] * 9])


def test_what_is_known_of_the_job_stands_above_the_table_and_provisional_rows_are_said(
    bridge: Bridge, book: Book, service: Simulator, clock: ManualClock
) -> None:
    start, inserted, _ = book.sheets
    job = add_job(service, ROWS, pending=100, running=1_000, page_size=100)
    start.type("B8", job.job_id)
    assert (
        press_and_wait(bridge, "insert table", cell(start, "A1"))
        == "OpenFunnel: There is nothing to insert yet: pending"
    )
    clock.sleep(600)
    start.enter("C8", "=OF_STATUS(B8)")
    bridge.excel.pump(lambda: start.value("C8") == "running")
    said = press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert "; provisional: insert again once the job is final; " in said
    names = ["as of", "job", "state", "rows", "content", "credits"]
    assert inserted.block_of("C1:H1") == [names]
    ((_, named, state, rows, content, billed),) = inserted.block_of("C2:H2")
    assert (named, state, rows) == (job.job_id, "provisional: rows may still change", float(len(lines(inserted)) - 1))
    assert billed is None
    assert inserted.value("A2") == "Inserted by XL OpenFunnel"
    clock.sleep(2_000)
    bridge.excel.pump(lambda: start.value("C8") == "completed")
    assert "provisional" not in press_and_wait(bridge, "insert table", cell(start, "A1"))
    ((_, _, state, rows, final, billed),) = inserted.block_of("C2:H2")
    assert (state, rows, billed) == ("final", 300.0, 300.0)
    assert str(final).startswith("sha256:")
    assert final != content
    assert lines(inserted)[1:] == cells_of(ROWS)


def test_another_workbook_gets_a_sheet_with_a_table_of_the_selected_cells_job(
    bridge: Bridge, excel: FakeExcel, service: Simulator, folder: Path
) -> None:
    sheet = excel.open("Plain.xlsx", str(folder)).sheet("Sheet1")
    job = add_job(service, ROWS[:30])
    sheet.type("A1", job.job_id)
    sheet.enter("A3", "=OF_ROWS(A1)")
    excel.pump(lambda: len(sheet.block("A3")) == 31)
    sheet.book.structure_protected = True
    assert "a sheet for the table cannot be added" in press_and_wait(bridge, "insert table", cell(sheet, "C9"))
    sheet.book.structure_protected = False
    said = press_and_wait(bridge, "insert table", cell(sheet, "C9"))  # within the spill
    assert said == "OpenFunnel: 30 companies inserted on the sheet OpenFunnel; 0 pivots refreshed"
    made = sheet.book.sheet("OpenFunnel")
    assert made.tables[0].area == refs.parse("A4:I34")
    assert lines(made) == [list(TABLE_COLUMNS), *cells_of(ROWS[:30])]
    assert made.value("D2") == job.job_id


def test_ten_thousand_companies_are_landed_with_few_calls(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    many = companies(10_000)
    start, inserted, _ = book.sheets
    start.type("B8", add_job(service, many).job_id)
    excel.reset_counts()
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert lines(inserted)[1:] == cells_of(many)
    assert excel.members["Range.Value2"] <= 45  # a third of it to see that the table was not sorted in between
    assert excel.members.total() <= 240  # and not one for each company, of which there are ten thousand


def test_a_busy_excel_is_waited_for_in_the_middle_of_it(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    start, inserted, _ = book.sheets
    start.type("B8", add_job(service, ROWS).job_id)
    excel.reset_counts()
    bridge.press("insert table", cell(start, "A1"))
    excel.pump(lambda: excel.members["Range.NumberFormat"] >= 1)
    excel.busy = Busy.REJECTING
    excel.pump(lambda: excel.refused >= 3)
    assert lines(inserted)[1:] != cells_of(ROWS)
    excel.busy = Busy.NO
    excel.pump(lambda: outcome(excel))
    assert lines(inserted)[1:] == cells_of(ROWS)


@pytest.fixture
def crm() -> Iterator[KnownLists]:
    """The known list crm, with the first of ROWS."""
    lists = KnownLists.beside(store_path())
    lists.set(make_list("crm", [["Website", "Owner"], [ROWS[0]["domain"], "Confidential"]], note_column="Owner"))
    yield lists
    lists.remove_all()


def test_a_known_list_has_a_column_in_the_table_and_none_in_a_copy(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel, folder: Path, crm: KnownLists
) -> None:
    start, inserted, pivot = book.sheets
    start.type("B8", add_job(service, ROWS[:12]).job_id)
    said = press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert 'are new to "crm"' in said
    assert [line[-1] for line in lines(inserted)][:2] == ["known:crm", "host"]
    assert [list(row) for row in pivot.pivots[0].shows] == lines(inserted)
    formulas = {
        "D1": '=OF_ROWS(B8,"name,known:crm,domain")',
        "H1": '=OF_ROWS(B8,"known:crm",FALSE)',
        "J1": '=OF_NEW(B8,"crm","name",,"why")',
        "N1": '=OF_PIVOT(B8,"known:crm")',
        "R1": '=OF_LOOKUP(B8,1,"known:crm")',
        "S1": '=OF_NEW(B8,"crm","name")',
        "V1": '=OF_ROWS(B8,"name",FALSE,,"known:crm=")',
    }
    for place, formula in formulas.items():
        start.enter(place, formula)
    excel.pump(
        lambda: start.value("R1") == "host" and start.value("J1") == "name" and start.value("V1") == ROWS[1]["name"]
    )
    excel.pump(
        lambda: start.value("E1") == "known:crm" and start.value("N1") == "known:crm" and start.value("S1") == "name"
    )
    said = press_and_wait(bridge, "save values copy", None)
    assert said.endswith("It does not say which companies you know.")
    file = folder / f"{book.name.removesuffix('.xlsm')} (values).xlsx"
    copy = load(excel, str(file), macros=False)
    values = {sheet.name: sheet.values for sheet in copy.sheets}
    shown = {str(value) for cells in values.values() for value in cells.values()}
    assert not shown & {"host", "known:crm", "Confidential", "known"}
    start = copy.sheet("Start")
    assert [start.value(place) for place in ("D2", "F2", "H1", "J2", "R1", "S1", "V1")] == [
        *(ROWS[0]["name"], ROWS[0]["domain"], None, ROWS[0]["name"], None, "name", ROWS[1]["name"]),
    ]
    assert lines(copy.sheet("Table")) == [list(TABLE_COLUMNS), *cells_of(ROWS[:12])]
    assert list(copy.sheet("Pivot").pivots[0].shows[0]) == list(TABLE_COLUMNS)
    with zipfile.ZipFile(file) as package:
        everything = b"".join(map(package.read, package.namelist()))
    assert b"Confidential" not in everything
    assert b"known:" not in everything


def test_the_column_of_a_list_that_is_removed_is_emptied(
    bridge: Bridge, book: Book, service: Simulator, crm: KnownLists
) -> None:
    start, inserted, _ = book.sheets
    inserted.type("J4", "Mine")
    inserted.tables[0].area = refs.parse("A4:J5")
    start.type("B8", add_job(service, ROWS[:5]).job_id)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert lines(inserted)[0] == [*TABLE_COLUMNS, "Mine", "known:crm"]
    assert lines(inserted)[1][-2:] == [None, "host"]
    crm.remove("crm")
    start.type("B8", add_job(service, ROWS[1:4]).job_id)
    said = press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert said == "OpenFunnel: 3 companies inserted on the sheet Table; 1 pivot refreshed"
    assert {line[-1] for line in lines(inserted)[1:]} == {None}
    inserted.protected = True
    crm.set(make_list("more", [["a.de"], ["b.de"]]))
    said = press_and_wait(bridge, "insert table", cell(start, "A1"))
    assert said == "OpenFunnel: The sheet Table is protected. Unprotect it (Review), then insert again."


def test_pivots_on_the_table_are_refreshed_and_no_others(bridge: Bridge, book: Book) -> None:
    start, inserted, pivot = book.sheets
    pivot.pivots += [Pivot("OpenFunnelRows", 1), Pivot("Other!A1:B2", 2), Pivot("", 3, kind=2)]
    inserted.type("A5", 1)
    assert press_and_wait(bridge, "refresh pivots", cell(start, "A1")) == "OpenFunnel: 2 pivots refreshed."
    assert [len(one.shows) for one in pivot.pivots] == [2, 2, 0, 0]
    assert bridge.excel.members["PivotCache.Refresh"] == 1
    start.pivots.append(Pivot("OpenFunnelRows", 4))
    start.protected = True
    inserted.type("A5", 2)
    assert press_and_wait(bridge, "refresh pivots", cell(start, "A1")).startswith(
        "OpenFunnel: Excel refused: The cell or chart"
    )
    assert pivot.pivots[0].shows[1][0] == 2.0  # which stands behind the one that refused
    start.pivots.clear()
    pivot.pivots.clear()
    assert "No pivot of this workbook" in press_and_wait(bridge, "refresh pivots", cell(start, "A1"))
    inserted.tables.clear()
    assert "No companies were inserted" in press_and_wait(bridge, "refresh pivots", cell(start, "A1"))
