"""How VBA starts Python and finds it, run by LibreOffice's Basic, with stand-ins for Windows' functions.

The same steps with real calls of Windows, in Python, are in tests/hosts/excel/windows/test_start.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.basic.book import ENVIRONMENT, PYTHON, SCRIPTS, Book, waits
from tests.hosts.basic.libreoffice import LibreOffice
from tests.hosts.shipped import ARGUMENTS, DLL
from tests.unit.workbook import examples

CELLS = 14
"""Formulas of a fresh workbook."""

INSTALL = "Run `xl-openfunnel install` in a terminal, then press Ctrl+Alt+F9."
DOCTOR = "Run `xl-openfunnel doctor` in a terminal."

GUIDS = [f"{{00000000-0000-0000-0000-{number:012}}}" for number in range(10)]


def errors(number: int) -> str:
    """The file for the errors of the n-th Python."""
    return f"C:\\Temp\\xl-openfunnel-{GUIDS[number][1:-1]}.log"


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
    variables = book.call("FakeWindows.Variables")
    other = Book(running)
    other.call("FakeWindows.TakeOver", variables)
    assert str(other.cell()).startswith("#OF! Python ended while it started")
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
