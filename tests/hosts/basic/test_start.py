"""How VBA starts Python and finds it, run by LibreOffice's Basic, with stand-ins for Windows' functions.

The same steps with real calls of Windows, in Python, are in tests/hosts/excel/windows/test_start.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.basic.book import ENVIRONMENT, PYTHON, SCRIPTS, Book
from tests.hosts.basic.libreoffice import LibreOffice
from tests.hosts.shipped import ARGUMENTS, DLL, number
from tests.unit.workbook import examples
from xl_openfunnel.workbook.sources import BRIDGE

CELLS = 14
"""Formulas of a fresh workbook."""

INSTALL = "Run `xl-openfunnel install` in a terminal, then press Ctrl+Alt+F9."
DOCTOR = "Run `xl-openfunnel doctor` in a terminal."

AT_ONCE = number(BRIDGE, "AtOnce")

GUIDS = [f"{{00000000-0000-0000-0000-{number:012}}}" for number in range(10)]


def errors(number: int) -> str:
    """The file for the errors of the n-th Python."""
    return f"C:\\Temp\\xl-openfunnel-{GUIDS[number][1:-1]}.log"


@pytest.fixture
def book(running: LibreOffice) -> Book:
    return Book(running)


def waits(lines: list[str]) -> list[str]:
    """The calls that may take time."""
    return [line for line in lines if line.startswith(("sleep", "wait")) and line != "wait 0"]


def test_a_first_call_starts_python_from_the_setting_alone(book: Book) -> None:
    assert book.cell() == "starting"
    command = f'"{PYTHON}"{ARGUMENTS}{GUIDS[1]} 1234 "{errors(1)}"'
    assert book.lines() == [
        r"setting Software\VB and VBA Program Settings\XL OpenFunnel\Python|Interpreter",
        f"load {SCRIPTS}\\{DLL}",
        f"load {ENVIRONMENT}\\{DLL}",
        f"start {PYTHON}|{command}|{SCRIPTS}|104|77",
        "close 801",
        "close 77",
        "later 'Untitled 1'!OpenFunnelReady|1",
    ]


def test_the_dll_beside_python_is_preferred(book: Book) -> None:
    book.set(dll=SCRIPTS)
    book.cell()
    assert book.noted("load") == [f"{SCRIPTS}\\{DLL}"]


def test_all_cells_wait_for_one_python_and_excel_for_none(book: Book) -> None:
    assert {book.cell() for _ in range(CELLS)} == {"starting"}
    lines = book.lines()
    assert sum(line.startswith("start ") for line in lines) == 1
    assert not waits(lines)
    book.call("FakeWindows.Serve")
    assert book.cell() == "starting"  # it is looked for a few times a second, not by each cell
    book.advance(200)
    assert {book.cell() for _ in range(CELLS)} == {"answer"}
    lines = book.lines()
    assert [line for line in lines if line.startswith(("start ", "activate "))] == [f"activate {GUIDS[1]} 1"]
    assert not waits(lines)


@pytest.mark.parametrize(
    ("fault", "shown", "starts"),
    [
        ("no setting", f"Excel does not know yet where Python is. {INSTALL}", 0),
        ("in the current folder", f"Excel does not know yet where Python is. {INSTALL}", 0),
        ("no file", f"Python is not there any more. {INSTALL} It was {PYTHON}", 0),
        ("no dll", f"{DLL} is missing or blocked, perhaps by an antivirus program.", 0),
        ("denied", f"Python did not start. {DOCTOR} Zugriff verweigert. (5)", 1),
        ("no program", f"Python did not start. {DOCTOR} {PYTHON} is not a valid Win32", 1),
        ("layout", f"Python did not start. {DOCTOR} This Excel has structures of another", 0),
    ],
)
def test_a_start_that_fails_is_tried_once_and_every_cell_says_why(
    book: Book, fault: str, shown: str, starts: int
) -> None:
    book.set(
        python={"no setting": "", "in the current folder": r"Scripts\pythonw.exe"}.get(fault, PYTHON),
        there=fault != "no file",
        dll="x" * (fault == "no dll") or ENVIRONMENT,
    )
    book.call("FakeWindows.RefuseStarts", {"denied": 5, "no program": 193}.get(fault, 0))
    book.call("FakeWindows.LayOutWrongly", "startup" if fault == "layout" else "")
    texts = {str(book.cell()) for _ in range(CELLS)}
    assert len(texts) == 1
    assert min(texts).startswith(f"#OF! {shown}")
    lines = book.lines()
    assert sum(line.startswith("start ") for line in lines) == starts
    assert sum(line.startswith("setting ") for line in lines) == 1
    assert not waits(lines)


@pytest.mark.parametrize(("python", "folder"), [(r"D:\pythonw.exe", "D:"), (r"\\srv\of\pythonw.exe", r"\\srv\of")])
def test_python_may_be_in_the_folder_of_a_drive_or_share(book: Book, python: str, folder: str) -> None:
    book.set(python=python, dll=folder)
    assert book.cell() == "starting"


def test_a_drive_has_no_parent_to_look_into(book: Book) -> None:
    book.set(python=r"D:\pythonw.exe")
    assert str(book.cell()).startswith(f"#OF! {DLL} is missing or blocked")
    assert set(book.noted("load")) == {f"D:\\{DLL}"}


def test_a_python_that_ends_at_once_is_named_with_its_exit_code_and_its_last_words(book: Book) -> None:
    book.cell()
    book.call("FakeWindows.EndPython", 1, "Traceback:\r\n  File x\r\nModuleNotFoundError: No module named 'y'\r\n\r\n")
    book.lines()
    texts = {str(book.cell()) for _ in range(CELLS)}
    [shown] = texts
    assert shown == (
        f"#OF! Python ended while it started (exit code 1). {DOCTOR} ModuleNotFoundError: No module named 'y'"
    )
    lines = book.lines()
    assert [line for line in lines if line.startswith("start ")] == []
    assert [line for line in lines if line.startswith("delete ")] == [f"delete {errors(1)}"]
    assert lines.count("close 701") == 1


def test_of_a_long_last_line_the_end_is_shown(book: Book) -> None:
    book.cell()
    book.call("FakeWindows.EndPython", 1, "x" * 1_000 + " the end")
    shown = str(book.cell())
    assert shown.endswith("x the end")
    assert "..." in shown
    assert len(shown) <= 255


def fail(book: Book) -> None:
    book.cell()
    book.call("FakeWindows.EndPython", 1, "why")
    assert str(book.cell()).startswith("#OF! Python ended")
    book.lines()


def test_after_a_failure_the_first_call_after_fifteen_seconds_tries_again(book: Book) -> None:
    fail(book)
    book.advance(14_999)
    assert str(book.cell()).startswith("#OF! Python ended")
    book.advance(1)
    assert {book.cell() for _ in range(CELLS)} == {"starting"}
    assert len(book.noted("start")) == 1


@pytest.mark.parametrize("macro", ["OpenFunnelRefreshCell", "OpenFunnelRefreshBook", "OpenFunnelRefreshFinal"])
def test_refresh_tries_again_at_once(book: Book, macro: str) -> None:
    fail(book)
    book.call(f"OpenFunnelMacros.{macro}")
    lines = book.lines()
    assert sum(line.startswith("start ") for line in lines) == 1
    assert lines[-1] == "box Python is starting. Try again in a few seconds.|48|OpenFunnel"
    assert not waits(lines)


@pytest.mark.parametrize("macro", ["OpenFunnelInsertTable", "OpenFunnelLivePaused", "OpenFunnelCancelJob"])
def test_another_button_says_the_reason_that_is_remembered(book: Book, macro: str) -> None:
    fail(book)
    book.call(f"OpenFunnelMacros.{macro}")
    lines = book.lines()
    assert [line for line in lines if line.startswith("start ")] == []
    assert lines[-1].startswith("box Python ended while it started (exit code 1).")


def test_ticks_that_begin_again_are_no_hindrance(book: Book) -> None:
    book.advance(2**32 - 1_000 - 5_000)  # five seconds before
    fail(book)
    book.advance(14_000)
    assert str(book.cell()).startswith("#OF! Python ended")
    book.advance(1_000)
    assert book.cell() == "starting"


def test_a_python_that_does_not_answer_for_a_minute_is_said_and_none_is_started_beside_it(book: Book) -> None:
    book.cell()
    book.lines()
    book.advance(60_000)
    assert str(book.cell()).startswith("#OF! Python was started more than a minute ago")
    assert book.noted("start") == []
    book.call("FakeWindows.Serve")
    book.advance(200)
    assert book.cell() == "answer"


def test_another_workbook_and_vba_without_its_variables_find_the_same_python(book: Book, running: LibreOffice) -> None:
    book.start()
    variables = book.call("FakeWindows.Variables")
    other = Book(running)
    other.call("FakeWindows.HandDown", variables)
    assert other.cell() == "answer"
    lines = other.lines()
    assert [line for line in lines if line.startswith(("start ", "activate "))] == [f"activate {GUIDS[1]} 1"]


def test_another_workbook_shows_the_same_failure_and_starts_none(book: Book, running: LibreOffice) -> None:
    fail(book)
    other = Book(running)
    other.call("FakeWindows.HandDown", book.call("FakeWindows.Variables"))
    assert other.noted("start") == []


def test_an_excel_that_another_one_started_has_a_python_of_its_own(book: Book, running: LibreOffice) -> None:
    book.start()
    variables = book.call("FakeWindows.Variables")
    other = Book(running)
    other.call("FakeWindows.HandDown", variables)
    other.call("FakeWindows.InOtherProcess", 99)
    assert other.cell() == "starting"
    (started,) = other.noted("start")
    assert f"{ARGUMENTS}{GUIDS[1]} 99 " in started


def test_a_python_that_was_killed_is_replaced_by_one(book: Book) -> None:
    book.start()
    book.advance(15_000)
    book.set_plan("gone,answer")
    book.call("FakeWindows.EndPython", 1, "")
    assert {book.cell() for _ in range(CELLS)} == {"starting"}
    assert len(book.noted("start")) == 1
    book.call("FakeWindows.Serve")
    book.advance(200)
    assert book.cell() == "answer"


def test_a_python_that_soon_ends_again_is_no_endless_row_of_processes(book: Book) -> None:
    book.start()
    book.set_plan("gone,answer")
    book.call("FakeWindows.EndPython", -1073741819, "Fatal Python error")
    texts = {str(book.cell()) for _ in range(CELLS)}
    assert min(texts).startswith("#OF! Python has stopped (exit code -1073741819).")
    assert len(texts) == 1
    assert book.noted("start") == []


def test_a_server_that_refuses_a_call_and_lives_is_asked_once_more(book: Book) -> None:
    book.start()
    book.set_plan("gone,gone,answer")
    shown = str(book.cell())
    assert shown.startswith("#OF! Python has stopped, and did not start again.")
    assert len(book.noted("call")) == 2
    assert book.cell() == "answer"


# ---- from starting to the value --------------------------------------------------------------------------------


def enter(book: Book, address: str) -> None:
    book.call("Fakes.Calling", address, "")
    assert book.cell() == "starting"


@pytest.mark.parametrize("dirty_calculates", [True, False])
def test_ontime_looks_each_second_and_has_the_waiting_cells_calculated_once(book: Book, dirty_calculates: bool) -> None:
    book.call("Fakes.CalculatesDirty", dirty_calculates)
    enter(book, "D7")
    enter(book, "D8")
    assert [line.partition("|")[2] for line in book.noted("later")] == ["1"]
    for _ in range(3):
        book.look()
        lines = book.lines()
        assert [line.partition("|")[2] for line in lines if line.startswith("later ")] == ["1"]
        assert not [line for line in lines if line.startswith(("dirty ", "calculate ", "shown "))]
    book.call("FakeWindows.Serve")
    book.look()
    lines = book.lines()
    shown = [line for line in lines if line.startswith("shown ")]
    assert shown == ['shown $D$7 "answer"', 'shown $D$8 "answer"']
    assert not [line for line in lines if line.startswith("later ")]
    book.look()
    assert not [line for line in book.lines() if line.startswith(("dirty ", "calculate "))]


def test_cells_that_wait_show_the_reason_when_python_ends(book: Book) -> None:
    enter(book, "D7")
    book.call("FakeWindows.EndPython", 3, "why")
    book.lines()
    book.look()
    lines = book.lines()
    (shown,) = [line for line in lines if line.startswith("shown ")]
    assert "Python ended while it started (exit code 3)" in shown
    assert not [line for line in lines if line.startswith(("start ", "later "))]


@pytest.mark.parametrize(("ended", "shown"), [(True, "Python ended while it"), (False, "more than a minute ago")])
def test_more_cells_than_are_calculated_at_once_all_show_the_reason(book: Book, ended: bool, shown: str) -> None:
    cells = [f"$D${row}" for row in range(1, AT_ONCE + 31)]
    for cell in cells:
        enter(book, cell)
    if ended:
        book.call("FakeWindows.EndPython", 3, "why")
    book.lines()
    told: list[str] = []
    for wait in (60_000 * (not ended), 1_000):
        book.look(wait)
        lines = book.lines()
        told += [line.split()[1] for line in lines if line.startswith("shown ") and shown in line]
        due = [line.partition("|")[2] for line in lines if line.startswith("later ")]
        assert due == (["1"] if len(told) < len(cells) else [] if ended else ["10"])
    assert told == cells


def test_cells_that_show_a_failure_get_their_values_after_a_refresh(book: Book) -> None:
    enter(book, "D7")
    book.call("FakeWindows.EndPython", 3, "why")
    book.look()
    book.call("OpenFunnelMacros.OpenFunnelRefreshBook")
    lines = book.lines()
    assert [line.partition("|")[2] for line in lines if line.startswith("later ")][-1] == "1"
    book.call("FakeWindows.Serve")
    book.look()
    assert [line for line in book.lines() if line.startswith("shown ")] == ['shown $D$7 "answer"']


def test_a_call_that_python_cannot_answer_is_not_repeated_each_second(book: Book) -> None:
    book.start()
    book.set_plan("broken")
    book.call("Fakes.Calling", "D7", "")
    assert str(book.cell()).startswith("#OF! Python did not answer.")
    book.lines()
    book.look()
    assert book.lines() == []


def test_after_a_minute_it_is_looked_for_every_ten_seconds(book: Book) -> None:
    enter(book, "D7")
    book.lines()
    book.look(60_000)
    lines = book.lines()
    assert [line.partition("|")[2] for line in lines if line.startswith("later ")] == ["10"]
    assert "more than a minute ago" in next(line for line in lines if line.startswith("shown "))
    book.look(10_000)
    assert not [line for line in book.lines() if line.startswith("shown ")]
    book.call("FakeWindows.Serve")
    book.look(10_000)
    assert [line for line in book.lines() if line.startswith("shown ")] == ['shown $D$7 "answer"']


@pytest.mark.parametrize("module", ["AtOpening", "AtOpeningAddin"])
def test_a_workbook_that_is_closed_is_not_opened_again_to_look(book: Book, module: str) -> None:
    enter(book, "D7")
    book.lines()
    book.call(f"{module}.Workbook_BeforeClose", False)
    assert [line.partition("!")[2] for line in book.noted("not later")] == ["OpenFunnelReady"]
    book.call(f"{module}.Workbook_BeforeClose", False)
    assert book.lines() == []


def test_no_cell_that_closing_calculates_has_the_closed_workbook_opened_again(book: Book) -> None:
    book.call("AtOpening.Workbook_BeforeClose", False)
    book.call("AtOpening.Workbook_BeforeSave", False, False)
    enter(book, "D7")
    book.call("AtOpening.Workbook_AfterSave", True)
    assert book.noted("later") == []
    book.call("OpenFunnelMacros.OpenFunnelRefreshBook")  # the user has refused to close it
    assert len(book.noted("later")) == 1


def test_a_workbook_that_is_saved_under_another_name_is_not_looked_for_under_the_old_one(book: Book) -> None:
    enter(book, "D7")
    (due,) = book.noted("later")
    book.call("AtOpening.Workbook_BeforeSave", True, False)
    assert book.noted("not later") == [due.partition("|")[0]]
    enter(book, "D8")
    assert book.noted("later") == []
    book.call("AtOpening.Workbook_AfterSave", True)
    assert len(book.noted("later")) == 1
    book.call("AtOpening.Workbook_BeforeSave", True, False)
    book.call("AtOpening.Workbook_AfterSave", False)
    assert len(book.noted("later")) == 1


def test_cells_that_wait_are_found_under_the_workbooks_new_name(book: Book) -> None:
    enter(book, "D7")
    book.call("Fakes.RenameBook")
    book.call("FakeWindows.Serve")
    book.look()
    assert [line for line in book.lines() if line.startswith("shown ")] == ['shown $D$7 "answer"']


def test_saving_makes_no_look_due_where_none_was(book: Book) -> None:
    book.start()
    book.call("AtOpening.Workbook_BeforeSave", True, False)
    book.call("AtOpening.Workbook_AfterSave", True)
    assert book.lines() == []


def test_a_script_waits_until_no_cell_waits(book: Book) -> None:
    book.call("Fakes.Answering", "loading")
    enter(book, "D7")
    book.call("FakeWindows.ServeIn", 3_000)
    assert book.call("OpenFunnel.OpenFunnelWaited", 10) is False  # loading all the time
    assert sum(line.startswith("sleep ") for line in book.lines()) >= 10
    book.call("Fakes.Answering", "answer")
    assert book.call("OpenFunnel.OpenFunnelWaited", 10) is True
    assert 'shown $D$7 "answer"' in book.lines()


@pytest.mark.parametrize(("address", "waits"), [("", True), ("D7", False)])
def test_a_script_may_wait_and_a_cell_may_not(book: Book, address: str, waits: bool) -> None:
    book.call("Fakes.Calling", address, "")
    assert book.call("OpenFunnelTasks.OpenFunnelWait", 2) is False
    assert any(line.startswith("sleep ") for line in book.lines()) is waits


@pytest.mark.parametrize("seconds", [-5, 0, -1e300])
def test_a_script_that_waits_no_time_looks_once(book: Book, seconds: float) -> None:
    book.start()
    assert book.call("OpenFunnelTasks.OpenFunnelWait", seconds) is True
    enter_waiting(book)
    assert book.call("OpenFunnelTasks.OpenFunnelWait", seconds) is False
    assert not waits(book.lines())


@pytest.mark.parametrize("seconds", [1e5, 1e300])
def test_a_script_that_waits_for_ever_returns_once_python_serves(book: Book, seconds: float) -> None:
    enter(book, "D7")
    book.call("Fakes.Calling", "", "")
    book.call("FakeWindows.ServeIn", 1_000)
    assert book.call("OpenFunnelTasks.OpenFunnelWait", seconds) is True


def enter_waiting(book: Book) -> None:
    book.call("Fakes.Answering", "loading")
    book.call("Fakes.Calling", "D7", "")
    assert book.cell() == "loading"
    book.call("Fakes.Calling", "", "")


def test_a_script_does_not_take_a_python_that_is_missing_for_values(book: Book) -> None:
    book.set(python="")
    assert book.call("OpenFunnel.OpenFunnelWaited", 2) is False


# ---- a file whose macros were made for another xlwings ----------------------------------------------------------


@pytest.fixture
def of_another_xlwings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: LibreOffice) -> Book:
    """A workbook that was built when the package needed xlwings 0.38.0."""
    examples.need_xlwings(tmp_path, monkeypatch, "0.38.0")
    return Book(running)


NEEDED = "#OF! These macros were made for xlwings 0.38.0, and Excel's Python has {}. In a terminal, "
RENEW = "run `xl-openfunnel workbook`, and move your own sheets into the new workbook."


@pytest.mark.parametrize(
    ("found", "addin", "remedy"),
    [
        ("0.38.1", False, RENEW),
        ("0.100.0", False, RENEW),
        ("1.0.0rc1", False, RENEW),
        ("0.38.1", True, "run `xl-openfunnel install`, then restart Excel."),
        ("0.37.8", False, "run `xl-openfunnel install` of the newer version, then restart Excel."),
        ("0.5.10", True, "run `xl-openfunnel install` of the newer version, then restart Excel."),
    ],
)
@pytest.mark.parametrize("folder", [SCRIPTS, ENVIRONMENT])
def test_macros_for_another_xlwings_say_how_to_renew_them(
    of_another_xlwings: Book, folder: str, found: str, addin: bool, remedy: str
) -> None:
    book = of_another_xlwings
    book.set(dll=folder)
    book.call("FakeWindows.HaveXlwings", found)
    if addin:
        book.call("Fakes.HideBook")
    assert {book.cell() for _ in range(CELLS)} == {NEEDED.format(found) + remedy}
    assert len(NEEDED.format(found) + remedy) <= 255
    assert set(book.noted("load")) <= {
        f"{SCRIPTS}\\xlwings64-0.38.0.dll",
        f"{ENVIRONMENT}\\xlwings64-0.38.0.dll",
    }


def test_a_file_for_another_xlwings_neither_starts_python_nor_stops_another_file(
    of_another_xlwings: Book, running: LibreOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_another_xlwings.call("FakeWindows.HaveXlwings", "0.38.1")
    of_another_xlwings.cell()
    assert of_another_xlwings.noted("start") == []
    variables = of_another_xlwings.call("FakeWindows.Variables")
    monkeypatch.undo()
    present = Book(running)
    present.call("FakeWindows.TakeOver", variables)
    assert present.cell() == "starting"


def test_a_file_for_another_xlwings_says_so_beside_a_python_that_serves(
    book: Book, running: LibreOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.start()
    variables = book.call("FakeWindows.Variables")
    examples.need_xlwings(tmp_path, monkeypatch, "0.38.0")
    other = Book(running)
    other.call("FakeWindows.HandDown", variables)
    other.call("FakeWindows.HaveXlwings", "0.38.1")
    assert other.cell() == NEEDED.format("0.38.1") + RENEW
    assert other.noted("activate") == []
