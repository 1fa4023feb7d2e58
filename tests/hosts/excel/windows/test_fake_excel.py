"""The fake has to be right before anything that is tried on it counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.files import load, save
from tests.hosts.excel.fake.formulas import ERRORS
from tests.hosts.excel.fake.model import Cells
from tests.hosts.excel.fake.sheet import ExcelError, as_rows
from tests.hosts.excel.fake.sheet_objects import Button, Pivot
from tests.hosts.excel.windows.conftest import OtherProcess, OtherProcessError

if TYPE_CHECKING:
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet

REFUSED = 0x800A03EC - (1 << 32)
CALL_REJECTED = -2147418111
RETRY_LATER = -2147417846
IGNORED = 0x800AC472 - (1 << 32)
DELETED = 0x800A01A8 - (1 << 32)
BAD_INDEX = -2147352565  # DISP_E_BADINDEX


def grid(name: str, args: list[Any], caller: Cells) -> Any:
    """As many rows and columns as its two arguments say, all of the calling cell's address."""
    # An error is passed on like any value.
    height, width = (as_rows(arg.sheet.read(arg.area) if isinstance(arg, Cells) else arg)[0][0] for arg in args)
    return [[caller.area.address()] * max(int(width or 1), 1)] * max(int(height or 1), 1)


@pytest.fixture(autouse=True)
def functions(excel: FakeExcel) -> None:
    excel.functions["OF_GRID"] = grid


def test_what_stands_in_the_way_stops_the_spill_until_it_is_gone(sheet: Sheet) -> None:
    sheet.type("D4", "mine")
    sheet.enter("C3", "=OF_GRID(2,2)")
    assert sheet.block("C3") == [[ERRORS["#SPILL!"]]]
    sheet.clear("D4")
    assert sheet.block("C3") == [["$C$3"] * 2] * 2
    sheet.type("C4", "typed over")
    assert (sheet.block("C3"), sheet.value("C4"), sheet.value("D3")) == ([[ERRORS["#SPILL!"]]], "typed over", None)


def test_dirty_recalculates_in_automatic_mode_and_makes_the_book_ask(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    """https://learn.microsoft.com/office/vba/api/excel.range.dirty, whose example ends with that question."""
    sheet.enter("A1", "=OF_GRID(2,1)")
    sheet.book.saved = True
    excel.reset_counts()
    other_process.run("sheet.Range('A1').Dirty()")
    assert excel.calls == {"'[My book.xlsx]Rows 1'!$A$1": 1}
    assert other_process.run("excel.CalculationState") == 0
    other_process.run("excel.Workbooks(1).Close()")
    assert excel.asked == ["My book.xlsx"]


def test_what_is_formatted_and_calculated_is_german_unless_a_call_is_english(
    sheet: Sheet, other_process: OtherProcess
) -> None:
    run = other_process.run
    sheet.enter("A1", '=OF_GRID(1,2)&"a,b"')
    assert run("sheet.Range('A1').NumberFormat") == "General"
    assert run("get(sheet.Range('A1'), 'NumberFormat', lcid=0)") == "Standard"
    assert run("get(sheet.Range('A1'), 'Formula2')") == '=OF_GRID(1,2)&"a,b"'
    assert run("get(sheet.Range('A1'), 'Formula2', lcid=0)") == '=OF_GRID(1;2)&"a,b"'
    for name, text in (("NumberFormat", "'General'"), ("Formula2", "'=OF_GRID(1,2)'")):
        run(f"put(sheet.Range('A1'), '{name}', {text})")
        with pytest.raises(OtherProcessError) as refused:
            run(f"put(sheet.Range('A1'), '{name}', {text}, lcid=0)")
        assert refused.value.scode == REFUSED


def test_what_a_program_changes_costs_what_could_be_undone_and_a_calculation_does_not(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    for change, kept in (
        ("sheet.Range('A1').Dirty()", True),
        ("sheet.Range('A1').Calculate()", True),
        ("sheet.Parent.Saved = True", True),
        ("excel.StatusBar = 'text'", True),
        ("sheet.Range('A2').Value2 = 1", False),
        ("sheet.Range('A1').Formula2 = '=OF_GRID(1,1)'", False),
        ("sheet.Range('A2').NumberFormat = '@'", False),
        ("sheet.Range('A2').ClearContents()", False),
    ):
        sheet.enter("A1", "=OF_GRID(1,1)")
        other_process.run(change)
        assert bool(excel.undoable) is kept, change
        excel.undoable.clear()


def test_one_long_text_makes_an_array_fail_as_a_whole(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    """https://github.com/xlwings/xlwings/issues/456, and what is said of arrays that a program writes."""
    for length, fails in ((255, False), (256, True)):
        excel.functions["OF_TEXTS"] = lambda *_, length=length: [["short", "x" * length]]
        sheet.enter("A1", "=OF_TEXTS()")
        assert (sheet.value("A1") == ERRORS["#VALUE!"]) is fails
    excel.functions["OF_TEXTS"] = lambda *_: "x" * 256
    sheet.enter("A3", "=OF_TEXTS()")
    assert sheet.value("A3") == "x" * 256
    other_process.run("sheet.Range('A5:B5').Value2 = (('short', 'x' * 8203),)")
    other_process.run("sheet.Range('A6').Value2 = 'x' * 30000")
    with pytest.raises(OtherProcessError) as refused:
        other_process.run("put(sheet.Range('A7:B7'), 'Value2', (('short', 'x' * 8204),))")
    assert (refused.value.scode, sheet.value("A7")) == (REFUSED, None)


def test_a_pivot_that_is_refreshed_at_opening_makes_the_book_ask(
    sheet: Sheet, excel: FakeExcel, tmp_path: Path
) -> None:
    for refreshed in (True, False):
        sheet.pivots[:] = [Pivot("Rows", 1, refreshed_on_open=refreshed)]
        save(sheet.book, str(tmp_path / f"{refreshed}.xlsx"))
        opened = load(excel, str(tmp_path / f"{refreshed}.xlsx"), macros=True)
        opened.close()
    assert excel.asked == ["True.xlsx"]


def test_where_dirty_only_marks_calculate_calculates_what_is_marked(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    sheet.enter("A1", "=OF_GRID(2,1)")
    sheet.enter("C1", "=OF_GRID(1,1)")
    excel.dirty_recalculates = False
    excel.reset_counts()
    other_process.run("excel.Calculate()")
    assert not excel.calls
    other_process.run("sheet.Range('A2').Dirty()")
    assert not excel.calls
    other_process.run("excel.Calculate()")
    assert excel.calls == {"'[My book.xlsx]Rows 1'!$A$1": 1}
    other_process.run("sheet.Range('C1').Calculate()")
    assert excel.calls == {"'[My book.xlsx]Rows 1'!$A$1": 1, "'[My book.xlsx]Rows 1'!$C$1": 1}


def test_a_recalculation_that_shows_something_else_makes_the_book_unsaved(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    counted = iter(range(10))
    excel.functions["OF_NEXT"] = lambda name, args, caller: float(next(counted))
    sheet.enter("A1", "=OF_NEXT()")
    other_process.run("sheet.Parent.Saved = True")
    assert sheet.book.saved
    other_process.run("sheet.Range('A1').Calculate()")
    assert not other_process.run("sheet.Parent.Saved")


def test_inserted_and_deleted_rows_move_cells_and_references(sheet: Sheet, excel: FakeExcel) -> None:
    sheet.type("A2", 2)
    sheet.enter("A4", '=OF_GRID($A2,1)&"A2"')
    sheet.enter("B4", "=OF_GRID(A2,1)")
    sheet.book.sheet("Other").enter("A1", "=SUM('Rows 1'!A1:A3)")
    excel.reset_counts()
    sheet.insert_rows(2, 3)
    assert (sheet.formula("A7"), sheet.formula("B4")) == ('=OF_GRID($A5,1)&"A2"', None)
    assert sheet.book.sheet("Other").formula("A1") == "=SUM('Rows 1'!A1:A6)"
    assert not excel.calls  # and still the block knows the place it was calculated at
    assert sheet.block("B7") == [["$B$4"], ["$B$4"]]
    sheet.insert_rows(8)
    assert (sheet.block("B7"), sheet.value("B9")) == ([["$B$4"], ["$B$4"]], None)
    sheet.delete_rows(5)
    assert (sheet.formula("A6"), sheet.formula("B6")) == ('=OF_GRID(#REF!,1)&"A2"', "=OF_GRID(#REF!,1)")


def test_sheets_and_books_are_renamed_deleted_and_closed(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    other = sheet.book.sheet("Other")
    other.enter("A1", "='Rows 1'!A1")
    sheet.rename("It's")
    assert other.formula("A1") == "='It''s'!A1"
    other_process.run(
        "named = lambda r: r._oleobj_.Invoke(r._oleobj_.GetIDsOfNames('Address'), 0, 2, 1, True, True, 1, True)"
    )
    address = "named(sheet.Range('A5'))"
    assert other_process.run(address) == "'[My book.xlsx]It''s'!$A$5"
    sheet.book.save_as("New.xlsx")
    sheet.rename("Plain")
    assert other_process.run(address) == "[New.xlsx]Plain!$A$5"
    sheet.delete()
    assert (other.value("A1"), other.formula("A1")) == (ERRORS["#REF!"], "=#REF!")
    with pytest.raises(OtherProcessError) as gone:
        other_process.run("sheet.Range('A1')")
    assert gone.value.scode == DELETED
    other_process.run("excel.Workbooks('new.xlsx').Close(False)")
    assert other_process.run("excel.Workbooks.Count") == 0
    with pytest.raises(OtherProcessError):
        other_process.run("excel.Workbooks('New.xlsx')")


def test_a_protected_sheet_refuses_writes_but_not_recalculation(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    sheet.enter("A1", "=OF_GRID(1,1)")
    sheet.protected = True
    excel.reset_counts()
    for attempt in (
        "put(sheet.Range('A1'), 'Value2', 1)",
        "put(sheet.Range('A1'), 'Formula2', '=A2')",
        "sheet.Cells.SpecialCells(-4123)",
    ):
        with pytest.raises(OtherProcessError) as refused:
            other_process.run(attempt)
        assert refused.value.scode == REFUSED
    with pytest.raises(ExcelError):
        sheet.type("A1", 1)
    other_process.run("sheet.Range('A1').Dirty()")
    other_process.run("excel.Calculate()")
    assert list(excel.calls.values()) == [1]
    assert other_process.run("sheet.ProtectContents")


def test_the_older_formula_property_shows_one_value_only(sheet: Sheet, other_process: OtherProcess) -> None:
    other_process.run("sheet.Range('A1').Formula = '=OF_GRID(2,2)'")
    assert sheet.block("A1") == [["$A$1"]]
    assert other_process.run("[sheet.Range('A1').Formula, sheet.Range('A1').Formula2]") == [
        "=OF_GRID(2,2)",
        "=@OF_GRID(2,2)",
    ]
    other_process.run("sheet.Range('A1').Formula2 = '=OF_GRID(2,2)'")
    assert sheet.block("A1") == [["$A$1"] * 2] * 2
    other_process.run("sheet.Range('D1:E3').FormulaArray = '=OF_GRID(2,2)'")
    assert sheet.block("D1") == [["$D$1:$E$3"] * 2] * 2 + [[ERRORS["#N/A"]] * 2]
    with pytest.raises(OtherProcessError):
        other_process.run("sheet.Range('E2').Value2 = 1")


def test_classic_excel_spills_nothing(sheet: Sheet, excel: FakeExcel) -> None:
    excel.dynamic_arrays = False
    sheet.enter("A1", "=OF_GRID(2,2)")
    assert sheet.block("A1") == [["$A$1"]]


@pytest.mark.parametrize(
    ("busy", "hresult"), [("REJECTING", CALL_REJECTED), ("LATER", RETRY_LATER), ("IGNORING", IGNORED)]
)
def test_a_busy_excel_answers_nothing_and_counts_who_asked(
    busy: str, hresult: int, excel: FakeExcel, other_process: OtherProcess
) -> None:
    from tests.hosts.excel.fake.message_filter import Busy

    excel.busy = Busy[busy]
    with pytest.raises(OtherProcessError) as refused:
        other_process.run("get(excel, 'Ready')")
    assert refused.value.hresult == hresult
    assert (excel.refused > 0) == (busy == "REJECTING")
    assert excel.members["Application.Ready"] == (busy != "REJECTING")  # which never gets so far
    excel.busy = Busy.NO
    assert other_process.run("excel.Ready") is True


def test_writing_and_calculating_end_a_copy(excel: FakeExcel, other_process: OtherProcess) -> None:
    for ending in ("sheet.Range('A1').Value2 = 1", "excel.Calculate()"):
        excel.copying = 1
        assert other_process.run("excel.CutCopyMode") == 1
        other_process.run(ending)
        assert other_process.run("excel.CutCopyMode") == 0


def test_each_book_has_its_window_by_which_others_find_excel(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess
) -> None:
    first = excel.hwnd
    second = excel.open("Second.xlsx", r"C:\Books")
    assert excel.hwnd != first
    assert other_process.run(f"[book.Name for book in application({excel.hwnd}).Workbooks]") == [
        "My book.xlsx",
        "Second.xlsx",
    ]
    sheet.book.close()
    assert other_process.run(f"application({excel.hwnd}).Workbooks(1).FullName") == r"C:\Books\Second.xlsx"
    with pytest.raises(OtherProcessError):
        other_process.run(f"application({first}).Name")
    second.close()
    assert excel.hwnd  # an Excel without any book
    with pytest.raises(OtherProcessError):
        other_process.run(f"application({excel.hwnd}).Name")


def test_it_counts_what_others_hold(excel: FakeExcel, other_process: OtherProcess) -> None:
    before = excel.held_objects
    other_process.run("kept = sheet.Range('A1')")
    assert excel.held_objects == before + 1
    other_process.run("del kept")
    excel.pump(lambda: excel.held_objects == before)


def test_entered_texts_become_what_they_look_like_unless_the_cell_is_for_text(
    sheet: Sheet, other_process: OtherProcess
) -> None:
    given = ["2-10", "TRUE", "99", "=1+1", "'=1+1", "''t Hof", "#N/A", "", "plain", None]
    for cells in ("A1:J1", "A2:J2"):
        other_process.run(f"sheet.Range('A2:J2').NumberFormat = '@'; put(sheet.Range('{cells}'), 'Value2', [{given}])")
    assert sheet.block_of("A1:J1") == [
        [46297.0, True, 99.0, 2.0, "=1+1", "'t Hof", ERRORS["#N/A"], None, "plain", None]
    ]
    assert sheet.block_of("A2:J2") == [["2-10", "TRUE", "99", "=1+1", "=1+1", "'t Hof", "#N/A", None, "plain", None]]
    other_process.run("put(sheet.Range('K2'), 'NumberFormat', '@'); put(sheet.Range('K2'), 'Value2', 7.0)")
    assert sheet.value("K2") == "7"
    assert other_process.run("[sheet.Range(a).NumberFormat for a in ('A1:J1', 'A2:K2', 'A1:A2')]") == [
        "General",
        "@",
        None,
    ]


def test_a_sort_moves_everything_on_a_cell_but_no_hidden_line(sheet: Sheet, other_process: OtherProcess) -> None:
    sheet.type("A1", [[3, "c"], [None, "blank"], [1, "a"], [2, "hidden"]])
    sheet.enter("C1", "=A1*10+$A$3")
    sheet.notes[1, 2] = "of c"
    sheet.hidden = {4}
    other_process.run("sheet.Range('A1:C4').Sort(sheet.Range('A1:A4'), 1, None, None, None, None, None, 2)")
    assert sheet.block_of("A1:B4") == [[1.0, "a"], [3.0, "c"], [None, "blank"], [2.0, "hidden"]]
    assert (sheet.formula("C2"), sheet.notes) == ("=A2*10+$A$3", {(2, 2): "of c"})
    assert other_process.run("[[note.Parent.Address, note.Text()] for note in sheet.Comments]") == [["$B$2", "of c"]]


def test_tables_grow_shrink_and_have_names_of_their_own(sheet: Sheet, other_process: OtherProcess) -> None:
    run = other_process.run
    sheet.type("A1", [["x", "y"], [1, 2], [3, 4]])
    run("table = sheet.ListObjects.Add(1, sheet.Range('A1:B2'), None, 1)")
    run("put(table, 'Name', 'Mine')")
    sheet.book.sheet("Other").table("Theirs", "A1:A2")
    with pytest.raises(OtherProcessError):
        run("put(table, 'Name', 'theirs')")
    with pytest.raises(OtherProcessError) as missing:
        run("sheet.ListObjects('Theirs')")
    assert missing.value.hresult == BAD_INDEX
    assert run("[table.HeaderRowRange.Address, table.DataBodyRange.Address]") == ["$A$1:$B$1", "$A$2:$B$2"]
    run("table.Resize(sheet.Range('A1:B9'))")
    assert run("[table.Range.Address, excel.WorksheetFunction.CountA(table.Range)]") == ["$A$1:$B$9", 6.0]
    sheet.type("A12", "below")
    run("sheet.Range('A2:B5').Delete(-4162)")
    assert (run("table.Range.Address"), sheet.value("A8"), sheet.value("A2")) == ("$A$1:$B$5", "below", None)
    run("put(table, 'ShowTotals', True)")
    assert sheet.value("A6") == "Total"
    with pytest.raises(OtherProcessError):
        run("table.Resize(sheet.Range('A1:B9'))")
    sheet.tables[0].filtered, sheet.hidden = True, {2, 20}
    assert run("table.AutoFilter.FilterMode")
    run("table.AutoFilter.ShowAllData()")
    assert sheet.hidden == {20}
    run("put(sheet.Range('A20').EntireRow, 'Hidden', False)")
    assert sheet.hidden == set()


def test_pivots_show_what_they_read_last(sheet: Sheet, other_process: OtherProcess) -> None:
    sheet.type("A1", [["x"], [1]])
    sheet.table("Mine", "A1:A2")
    sheet.pivots += [Pivot("Mine", 1), Pivot("Mine", 1), Pivot("Other!A1:B2", 2)]
    other_process.run("sheet.PivotTables()(1).PivotCache().Refresh()")
    assert [pivot.shows for pivot in sheet.pivots] == [(("x",), (1.0,))] * 2 + [()]
    sheet.type("A2", 2)
    assert sheet.pivots[0].shows == (("x",), (1.0,))
    assert other_process.run("[p.PivotCache().SourceData for p in sheet.PivotTables()]") == [
        "Mine",
        "Mine",
        "Other!A1:B2",
    ]


def test_a_copy_on_disk_shows_what_was_shown_until_it_is_calculated(
    sheet: Sheet, excel: FakeExcel, other_process: OtherProcess, tmp_path: Path
) -> None:
    run = other_process.run
    sheet.enter("A1", "=OF_GRID(2,2)")
    sheet.book.names["job"] = ("Rows 1", refs.parse("A1"))
    sheet.book.macros, sheet.book.links = True, ["other.xlsx"]
    sheet.buttons.append(Button("[0]!Mine"))
    copies = [str(tmp_path / f"copy {number}.xlsm") for number in range(2)]
    for copy in copies:
        run(f"sheet.Parent.SaveCopyAs({copy!r})")
    run("put(excel, 'AutomationSecurity', 3); put(excel, 'Calculation', -4135)")
    run(f"copy = excel.Workbooks.Open({copies[0]!r}, 0)")
    opened = excel.books[-1]
    assert opened.sheets[0].block("A1") == [["$A$1"] * 2] * 2
    assert run("[copy.Names('job').RefersToRange.Address, copy.LinkSources(1)]") == ["$A$1", ["other.xlsx"]]
    assert run("copy.Worksheets(1).Shapes(1).OnAction") == "[0]!Mine"
    run("put(excel, 'Calculation', -4105)")
    run(f"excel.Workbooks.Open({copies[1]!r}, 0)")  # in automatic mode: as if Excel had seen reason to calculate
    assert excel.books[-1].sheets[0].block("A1") == [[ERRORS["#NAME?"]]]
    target = str(tmp_path / "plain.xlsx")
    with pytest.raises(OtherProcessError):
        run(f"copy.SaveAs({target!r}, 51)")  # Excel asks
    run(f"put(excel, 'DisplayAlerts', False); copy.SaveAs({target!r}, 51)")
    assert (opened.name, opened.macros, sheet.book.name) == ("plain.xlsx", False, "My book.xlsx")
    run("copy.BreakLink('other.xlsx', 1); copy.Worksheets(1).Shapes(1).Delete(); copy.Close(False)")
    assert not any(book.name == "plain.xlsx" for book in excel.books)
