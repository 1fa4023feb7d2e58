"""The bridge's VBA, run: by LibreOffice's Basic, with stand-ins for Windows, the DLL and Python."""

from __future__ import annotations

import re

import pytest

from tests.hosts.basic.book import Book
from tests.hosts.basic.libreoffice import BasicError, LibreOffice, project
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.registry import CATEGORY, Function
from xl_openfunnel.workbook.vba import wrappers


@pytest.fixture
def book(book: Book) -> Book:
    """One whose Python serves."""
    book.start()
    return book


def test_a_call_only_asks(book: Book) -> None:
    assert book.cell() == "answer"
    assert book.lines() == [
        f'call xl_openfunnel.hosts.excel call_cell [{wrappers.VERSION};"";"OF_STATUS";"job_1"] Nothing Nothing',
    ]


def test_an_error_of_python_is_one_line_and_not_tried_again(book: Book) -> None:
    book.set(plan="broken")
    shown = str(book.cell())
    assert shown.startswith("#OF! Python did not answer.")
    assert shown.endswith("KeyError: 'x'")
    assert len(book.noted("call")) == 1


@pytest.mark.parametrize("function", CATALOG, ids=lambda function: function.name)
def test_each_wrapper_passes_its_arguments_in_order(book: Book, function: Function) -> None:
    given = [f"value {number}" for number, _ in enumerate(function.arguments)]
    assert book.call(f"{wrappers.MODULE}.{function.name}", *given) == "answer"
    values = ";".join(f'"{value}"' for value in ["", function.name, *given])
    assert book.noted("call") == [f"xl_openfunnel.hosts.excel call_cell [{wrappers.VERSION};{values}] Nothing Nothing"]


NA, TEXT = str(wrappers.NOT_AVAILABLE), "#OF! The job has no company 'x'."


@pytest.mark.parametrize(
    ("function", "answered", "shown"),
    [
        ("OF_LOOKUP", [[NA]], "[[Error 2042]]"),
        ("OF_LOOKUP", [[NA, TEXT], ["#N/A", NA]], f'[[Error 2042;"{TEXT}"]["#N/A";Error 2042]]'),
        ("OF_LOOKUP", [["3.5", TEXT, NA], [NA, "", "x"]], f'[[3.5;"{TEXT}";Error 2042][Error 2042;"";"x"]]'),
        ("OF_LOOKUP", NA, "Error 2042"),
        ("OF_LOOKUP", TEXT, f'"{TEXT}"'),
        ("OF_STATUS", [[NA]], f"[[{NA}]]"),
    ],
)
def test_a_company_that_is_not_there_is_not_available_in_excel(
    book: Book, function: str, answered: list[list[str]] | str, shown: str
) -> None:
    rows = [[answered]] if isinstance(answered, str) else answered
    book.call("Fakes.AnsweringCells", "\n".join("\t".join(row) for row in rows), isinstance(answered, list))
    assert book.call("Fakes.ShownBy", function) == shown


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("B3", '"a"'),
        ("B3:C4", '[["a";Empty][Empty;7.5]]'),
        ("B4:B5", '[[Empty]["b"]]'),
        ("B:B", '[[Empty][Empty]["a"][Empty]["b"]]'),
        ("4:4", "[[Empty;Empty;7.5]]"),
        ("C4:F9", "[[7.5][Empty]]"),
        ("C4:F4", "7.5"),
        ("E:F", "Empty"),
        ("A7:A9", "Empty"),
        ("Z99", "Empty"),
    ],
)
def test_a_range_is_passed_as_values_cut_at_the_last_used_cell(book: Book, address: str, values: str) -> None:
    assert book.passed(address) == f'xl_openfunnel.hosts.excel call_cell [1;"";"OF_STATUS";{values}] Nothing Nothing'


def test_several_areas_are_refused(book: Book) -> None:
    assert book.call("Fakes.CellOver", "OF_STATUS", "B3:B4,C4:C5") == "#OF! Give one block of cells, not several."
    assert book.noted("call") == []


@pytest.mark.parametrize(
    ("first", "size", "last_used", "kept"),
    [(1, 1048576, 5, 5), (3, 10, 7, 5), (3, 2, 7, 2), (7, 1, 7, 1), (8, 3, 7, 0), (100, 3, 1, 0)],
)
def test_how_much_of_a_range_is_kept(book: Book, first: int, size: int, last_used: int, kept: int) -> None:
    assert book.call("OpenFunnel.KeptCount", first, size, last_used) == kept


def test_the_calling_cell_as_text_keeps_blanks_and_apostrophes(book: Book) -> None:
    address = "'[Meier''s list.xlsx]Sheet 1'!$A$1"
    assert book.call("OpenFunnel.WhereText", 4242, "spill", address) == f"4242 spill {address}"


@pytest.mark.parametrize(
    ("number", "gone"),
    [
        (462, True),
        (0x800706BA - (1 << 32), True),
        (0x800706BE - (1 << 32), True),
        (0x80010007 - (1 << 32), True),
        (0x80010108 - (1 << 32), True),
        (0x80020009 - (1 << 32), False),
        (1000, False),
    ],
)
def test_which_errors_mean_that_the_server_is_gone(book: Book, number: int, gone: bool) -> None:
    assert bool(book.call("OpenFunnel.HasGone", number)) is gone


@pytest.mark.parametrize("key", [0, 1, 2])  # xlDisabled, xlInterrupt, xlErrorHandler
def test_esc_during_a_call_is_shown_as_words_and_does_what_it_did_afterwards(book: Book, key: int) -> None:
    book.call("Fakes.SetCancelKey", key)
    for plan, shown in (
        ("answer", "answer"),
        ("broken", "#OF! Python did not answer."),
        ("escape", "#OF! You pressed Esc before Python answered. Press Ctrl+Alt+F9 to ask it again."),
    ):
        book.set_plan(plan)
        assert str(book.cell()).startswith(shown)
        assert book.call("Fakes.CancelKeyIs") == key


def test_where_a_cell_may_not_set_what_esc_does_it_is_answered_all_the_same(book: Book) -> None:
    book.call("Fakes.LockCancelKey")
    assert book.cell() == "answer"


def test_two_texts_as_strings_for_the_selftest(book: Book) -> None:
    assert book.call("OpenFunnel.OpenFunnelTexts", 300) == [["x" * 300, "y"]]


@pytest.mark.parametrize("number", [51300, 462, 1000])
def test_an_error_text_fits_into_a_cell_and_names_the_remedy_first(book: Book, number: int) -> None:
    shown = str(book.call("OpenFunnel.ErrorText", number, "x" * 1000))
    assert shown.startswith("#OF! ")
    assert len(shown) <= 255
    assert number == 51300 or "`xl-openfunnel doctor`" in shown


def test_opening_registers_help_once_and_tells_python_which_books(running: LibreOffice) -> None:
    book = Book(running)
    for name in ("Book 1.xlsm", "Book 2.xlsx"):
        book.call("OpenFunnel.OpenFunnelLater", name)
    assert all(re.fullmatch(r"(not )?later '.+'!OpenFunnelReady(\|0)?", line) for line in book.lines())
    book.look()
    helps = [line.split("!", 1)[1] for line in book.noted("help")]
    assert helps == [f"{each.name}|{CATEGORY}|{each.help}|{len(each.arguments)}" for each in CATALOG]
    book.call("FakeWindows.Serve")
    book.look()
    noted = book.lines()
    assert [line for line in noted if line.startswith("help ")] == []
    first, second = (line for line in noted if line.startswith("call "))
    assert first == 'call xl_openfunnel.hosts.excel opened ["4242";"Book 1.xlsm"] Nothing Nothing'
    assert '"Book 2.xlsx"' in second
    book.look()
    assert book.noted("call") == []


def test_an_add_in_whose_help_excel_does_not_register_goes_on(running: LibreOffice) -> None:
    book = Book(running)
    book.call("Fakes.HideBook")
    book.call("OpenFunnel.OpenFunnelLater", "Book 1.xlsx")
    book.look()
    assert book.noted("help") == []
    book.call("FakeWindows.Serve")
    book.look()
    assert len(book.noted("call")) == 1


@pytest.mark.parametrize("saved", [True, False])
def test_registering_help_does_not_make_excel_ask_to_save(running: LibreOffice, saved: bool) -> None:
    assert Book(running).call("Fakes.SavedAfterOpening", saved) is saved


def test_the_live_switch_is_passed_to_python(book: Book) -> None:
    book.call("OpenFunnelButtons.OpenFunnelLive", False)
    assert book.noted("call") == ['xl_openfunnel.hosts.excel live ["4242";False] Nothing Nothing']


def test_a_button_calls_python_and_shows_a_message_only_if_nothing_was_done(book: Book) -> None:
    book.call("Fakes.Answering", "")
    book.call("OpenFunnelMacros.OpenFunnelInsertTable")
    noted = str(book.call("Fakes.Noted"))
    assert 'call xl_openfunnel.hosts.excel act ["4242";"insert table";"' in noted
    assert "box " not in noted
    book.call("Fakes.Answering", "This macro is newer.")
    book.call("OpenFunnelMacros.OpenFunnelInsertTable")
    assert book.noted("box") == ["This macro is newer.|48|OpenFunnel"]


@pytest.mark.parametrize(("chart", "cell", "text"), [(False, "'[My book.xlsx]Rows 1'!$A$1", "job_1"), (True, "", "")])
def test_a_button_passes_the_selected_cell_and_what_it_holds(book: Book, chart: bool, cell: str, text: str) -> None:
    book.call("Fakes.TypeIntoCell", "job_1")
    book.call("Fakes.Lack", chart, False)  # a chart sheet has no cells
    book.call("Fakes.Answering", "")
    book.call("OpenFunnelMacros.OpenFunnelRefreshCell")
    assert book.noted("call") == [
        f'xl_openfunnel.hosts.excel act ["4242";"refresh cell";"{cell}";"{text}";""] Nothing Nothing'
    ]


YES, NO = 6, 7


@pytest.mark.parametrize(("button", "calls"), [(YES, ["job_here", "act"]), (NO, ["job_here"])])
def test_cancel_asks_first_with_job_and_billing_and_then_passes_that_job(
    book: Book, button: int, calls: list[str]
) -> None:
    book.call("Fakes.Answering", "job-7")
    book.call("Fakes.Press", button)
    book.call("OpenFunnelMacros.OpenFunnelCancelJob")
    noted = str(book.call("Fakes.Noted")).splitlines()
    asked = next(line for line in noted if line.startswith("box "))
    assert "Cancel the job job-7?" in asked
    assert "the companies delivered so far are billed" in asked
    made = [line for line in noted if line.startswith("call ")]
    assert [line.split()[2] for line in made] == calls
    assert all(';"job-7"]' in line for line in made[1:])


def test_without_a_job_cancel_says_which_cell_to_select(book: Book) -> None:
    book.call("Fakes.Answering", "")
    book.call("OpenFunnelMacros.OpenFunnelCancelJob")
    assert book.noted("box") == ["First select a cell that holds or shows one job.|48|OpenFunnel"]
    assert book.noted("call") == []


@pytest.mark.parametrize(("error", "spills"), [("", "spill"), ("2029", "nospill")])
def test_the_calling_cell_is_passed_as_text_and_spilling_is_tested_once(book: Book, error: str, spills: str) -> None:
    book.call("Fakes.Calling", "D7:E9", error)
    book.cell()
    (first,) = book.noted("call")
    assert f'[{wrappers.VERSION};"4242 {spills} ' in first
    assert first.endswith('$D$7";"OF_STATUS";"job_1"] Nothing Nothing')
    book.cell()
    assert book.noted("evaluate") == []


def test_spilling_is_tested_again_if_excel_could_not_evaluate(book: Book) -> None:
    book.call("Fakes.Calling", "D7", "2015")
    book.cell()
    assert '"4242 spill ' in book.noted("call")[0]
    book.call("Fakes.Calling", "D7", "2029")
    book.cell()
    assert '"4242 nospill ' in book.noted("call")[0]


def test_on_a_mac_the_cell_says_that_it_needs_windows(running: LibreOffice) -> None:
    running.open(project(mac=True))
    shown = running.call("OpenFunnelFunctions.OF_STATUS", "job_1")
    assert shown == "#OF! The functions need Excel on Windows."
    running.call("OpenFunnelTasks.OpenFunnelReady")
    assert running.call("OpenFunnelTasks.OpenFunnelWait", 5) is False


def test_a_module_that_does_not_compile_is_an_error(running: LibreOffice) -> None:
    with pytest.raises(BasicError):
        running.open(project() | {"Broken": "Sub Broken(\nEnd If\n"})
