"""What the ribbon shows and does, run by LibreOffice's Basic with stand-ins for Excel and Python."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.hosts.basic.book import Book
from tests.hosts.basic.libreoffice import LibreOffice
from xl_openfunnel.workbook import ribbon
from xl_openfunnel.workbook.commands import COMMANDS
from xl_openfunnel.workbook.languages import languages, texts_of

ENGLISH, GERMAN = (languages()[code] for code in ("en", "de"))
GONE = -2147023174


@pytest.fixture
def book(book: Book) -> Book:
    """One whose Python serves, in the add-in."""
    book.start()
    return book


@pytest.fixture
def starting(running: LibreOffice) -> Book:
    """One whose Python starts, and does not serve yet."""
    made = Book(running)
    made.call("OpenFunnel.OpenFunnelLook")
    made.lines()
    return made


def asked(book: Book, callback: str, tag: str = "|") -> object:
    return book.call("Fakes.Asked", callback, tag)


def shown(book: Book, file: str = ribbon.ADDIN) -> dict[str, object]:
    """Every text that the ribbon asks for, by the key that it has in a language's file."""
    kinds = {"Group": "group", "Label": "label", "Screentip": "tip", "Supertip": "supertip", "Keytip": "keytip"}
    kinds["Caption"] = "caption"
    found = {}
    for element in ET.fromstring(ribbon.ribbon(file)).iter():  # noqa: S314 - our own
        tag = element.get("tag", "")
        for name, callback in element.attrib.items():
            kind = kinds.get(callback.removeprefix(file)) if name.startswith("get") else None
            if kind:
                found[f"{kind} {tag.partition('|')[2]}"] = asked(book, callback.removeprefix(file), tag)
    return found


# ---- languages


@pytest.mark.parametrize(
    ("language", "spoken"), [(1033, ENGLISH), (2057, ENGLISH), (1031, GERMAN), (3079, GERMAN), (1036, ENGLISH)]
)
def test_the_ribbon_speaks_excels_language_else_english(book: Book, language: int, spoken: object) -> None:
    """1033 and 2057 are English, 1031 and 3079 German (Germany, Austria), 1036 is French."""
    book.call("Fakes.Speak", language)
    found = shown(book)
    wanted = texts_of(spoken)  # type: ignore[arg-type]
    assert found == {key: wanted[key] for key in found}
    assert {key.partition(" ")[0] for key in found} == {"group", "label", "caption", "tip", "supertip", "keytip"}


# ---- what can be pressed


@pytest.mark.parametrize("lacks_cells", [False, True])
@pytest.mark.parametrize("lacks_books", [False, True])
def test_a_button_is_grey_where_it_can_do_nothing(book: Book, *, lacks_cells: bool, lacks_books: bool) -> None:
    book.call("Fakes.Lack", lacks_cells, lacks_books)
    usable = {command.action: bool(asked(book, "Enabled", f"{command.needs}|{command.action}")) for command in COMMANDS}
    there = {"cell": not lacks_cells, "workbook": not lacks_books, "": True}
    assert usable == {command.action: there[command.needs] for command in COMMANDS}
    assert usable["set key"]
    assert book.lines() == []  # Python is not asked


def test_a_button_in_a_menu_of_cells_runs_the_same_macro(book: Book) -> None:
    for name in ("OpenFunnelRefreshCell", "OpenFunnelRefreshCellContextMenuCell"):
        book.call("Fakes.PressButton", name, "cell|refresh cell")
        (ran,) = book.noted("run")
        assert ran.endswith("!OpenFunnelRefreshCell")


def test_the_ribbon_is_drawn_again_when_another_workbook_comes_to_the_front(book: Book) -> None:
    book.call("Fakes.LoadRibbon")
    for comes in (True, False):
        book.call("Fakes.ActivateBook", comes)
        assert book.lines() == ["redraw"]
    events = ("AtOpeningAddin.host_SheetActivate", "x"), ("AtOpening.Workbook_SheetActivate", "x")
    for event, *given in (*events, ("AtOpening.Workbook_Activate",)):
        book.call(event, *given)
        assert book.lines() == ["redraw"]


def test_a_workbook_has_a_tab_of_its_own_only_without_the_addin(book: Book) -> None:
    assert asked(book, "Visible") is True
    book.call("Fakes.OpenAddin")
    assert asked(book, "Visible") is False


def test_after_a_reset_of_vba_nothing_breaks(book: Book) -> None:
    book.call("Fakes.LoadRibbon")
    book.call("Fakes.LoseRibbon")
    book.call("Fakes.ActivateBook", True)
    book.call("Fakes.Answering", "paused")
    book.call("Fakes.PressToggle", False)
    assert [line for line in book.lines() if line.startswith(("redraw", "box"))] == []
    assert asked(book, "Pressed") is False
    assert asked(book, "Enabled", "cell|enter job") is True
    book.call("Fakes.LoadRibbon")  # as when the file is opened again
    book.call("Fakes.PressToggle", True)
    assert "redraw" in book.lines()


# ---- Live


def told(book: Book, function: str) -> list[str]:
    """What Python was told, by the arguments."""
    return re.findall(rf"call \S+ {function} (\[.*\]) Nothing", "\n".join(book.lines()))


def test_the_toggle_tells_python_and_shows_the_state(book: Book) -> None:
    book.call("Fakes.LoadRibbon")
    book.call("Fakes.Answering", "on")
    assert asked(book, "Pressed") is True
    book.lines()
    book.call("Fakes.PressToggle", False)
    lines = book.lines()
    assert [line.split()[2] for line in lines if line.startswith("call ")] == ["live"]
    assert lines[-1] == "redraw"
    book.call("Fakes.Answering", "paused")
    assert asked(book, "Pressed") is False


def test_another_workbooks_macro_is_shown_too(book: Book) -> None:
    """Workbooks of version 0.1 tell Python alone."""
    book.call("Fakes.Answering", "paused")
    assert asked(book, "Pressed") is False
    book.call("Fakes.Answering", "on")
    assert asked(book, "Pressed") is True


def test_an_earlier_python_cannot_tell_and_the_last_press_counts(book: Book) -> None:
    book.call("Fakes.PressToggle", False)
    book.set_plan("broken")
    assert asked(book, "Pressed") is False
    assert book.noted("box") == []


def test_before_python_serves_the_state_is_kept_for_it(starting: Book) -> None:
    assert asked(starting, "Pressed") is True
    assert starting.noted("call") == []
    starting.call("Fakes.PressToggle", False)
    assert asked(starting, "Pressed") is False
    assert starting.noted("box") == []
    starting.call("FakeWindows.Serve")
    starting.look()
    assert told(starting, "live") == ['["4242";False]']


def test_all_files_of_an_excel_share_the_state_and_another_excel_does_not(book: Book) -> None:
    book.call("Fakes.PressToggle", False)
    variables = str(book.call("FakeWindows.Variables"))
    assert "XL_OPENFUNNEL_LIVE=1234|paused" in variables
    book.set_plan("broken")
    book.call("FakeWindows.InOtherProcess", 99)
    assert asked(book, "Pressed") is True


# ---- the menu of jobs


def test_the_menu_is_what_python_gives(book: Book) -> None:
    book.call("Fakes.Answering", "<menu/>")
    assert asked(book, "Jobs") == "<menu/>"
    assert told(book, "job_menu") == [f'["{ribbon.ADDIN}Job"]']


def entry(menu: object) -> tuple[str, str]:
    """The label as Office shows it, and whether it can be chosen."""
    (button,) = ET.fromstring(str(menu))  # noqa: S314 - our own
    label = str(button.get("label"))
    assert "&" not in label.replace("&&", "")
    return label.replace("&&", "&"), str(button.get("enabled"))


def test_without_jobs_the_menu_says_so(book: Book) -> None:
    book.call("Fakes.Answering", "")
    assert entry(asked(book, "Jobs")) == (ENGLISH.messages.no_jobs, "false")


def test_while_python_starts_the_menu_says_so_and_waits_for_nothing(starting: Book) -> None:
    starting.call("Fakes.Speak", 1031)
    assert entry(asked(starting, "Jobs")) == (GERMAN.messages.starting, "false")
    assert starting.noted("call") == []
    assert starting.noted("sleep") == []


def test_while_python_starts_again_the_menu_has_the_jobs_from_before(book: Book) -> None:
    book.call("Fakes.Answering", "<menu/>")
    asked(book, "Jobs")
    book.call("FakeWindows.EndPython", 1, "")
    book.set_plan("gone")
    assert asked(book, "Jobs") == "<menu/>"


def test_an_error_is_a_valid_menu(book: Book) -> None:
    book.set_plan("broken")
    label, enabled = entry(asked(book, "Jobs"))
    assert (label.partition(".")[0], enabled) == ("Python did not answer", "false")


# ---- entering a job


def cell(book: Book) -> str:
    return str(book.call("Fakes.CellHolds"))


@pytest.mark.parametrize("job", ["job_1", "12345", "1e5", "2026-11-02", "TRUE", "-7"])
def test_a_job_is_entered_as_text_whatever_it_looks_like(book: Book, job: str) -> None:
    book.call("Fakes.ChooseJob", job)
    assert cell(book) == f"{job}|String|False"
    (undo,) = book.noted("undo")
    assert undo.startswith(f"{ENGLISH.messages.undo}|'")
    assert undo.endswith("'!OpenFunnelUndo")


@pytest.mark.parametrize("before", ["", "note", "=1+1", "7.5", "'7.5"])
def test_undo_puts_back_what_the_cell_held(book: Book, before: str) -> None:
    if before:
        book.call("Fakes.TypeIntoCell", before)
    held = cell(book)
    book.call("Fakes.ChooseJob", "job_1")
    assert cell(book) == "job_1|String|False"
    book.call("OpenFunnelTasks.OpenFunnelUndo")
    assert cell(book) == held
    book.call("OpenFunnelTasks.OpenFunnelUndo")  # again: there is nothing more
    assert cell(book) == held


@pytest.mark.parametrize("before", ["note", "=1+1"])
def test_what_a_cell_holds_is_replaced_only_if_the_user_says_so(book: Book, before: str) -> None:
    book.call("Fakes.TypeIntoCell", before)
    held = cell(book)
    book.call("Fakes.Press", 7)  # No
    book.call("Fakes.ChooseJob", "job_1")
    assert cell(book) == held
    (box,) = book.noted("box")
    assert box.startswith("The cell A1 is not empty. Replace what it holds with the job job_1?")
    assert book.noted("undo") == []


@pytest.mark.parametrize("shown", ["note", "=OF_ROWS(A1)"])  # what Excel may say that such a cell holds
def test_undo_lets_a_block_spill_again(book: Book, shown: str) -> None:
    empty = cell(book)
    book.call("Fakes.TypeIntoCell", shown)
    book.call("Fakes.SpillOverCell")
    book.call("Fakes.ChooseJob", "job_1")
    assert len(book.noted("box")) == 1
    assert cell(book) == "job_1|String|False"
    book.call("OpenFunnelTasks.OpenFunnelUndo")
    assert cell(book) == empty


def test_an_empty_cell_needs_no_question(book: Book) -> None:
    book.call("Fakes.ChooseJob", "job_1")
    assert book.noted("box") == []


def test_a_cell_that_is_protected_is_said_so(book: Book) -> None:
    book.call("Fakes.LockCell")
    book.call("Fakes.ChooseJob", "job_1")
    (box,) = book.noted("box")
    assert box.startswith("The job was not entered: The cell is protected.")
    assert book.noted("undo") == []


def test_without_a_cell_a_message_says_so(book: Book) -> None:
    book.call("Fakes.Speak", 1031)
    book.call("Fakes.Lack", True, False)
    book.call("Fakes.ChooseJob", "job_1")
    (box,) = book.noted("box")
    assert box.startswith(GERMAN.messages.no_cell)


# ---- the API key


def test_the_key_is_asked_for_by_python_whose_window_may_come_in_front(book: Book) -> None:
    book.call("Fakes.Answering", "")
    book.call("OpenFunnelMacros.OpenFunnelSetKey")
    lines = book.lines()
    assert lines[0] == "front -1"
    assert [line.split('"')[3] for line in lines if line.startswith("call ")] == ["set key"]


# ---- questions


def test_the_question_before_a_job_is_cancelled_is_in_excels_language(book: Book) -> None:
    book.call("Fakes.Speak", 1031)
    book.call("Fakes.Answering", "job_1")
    book.call("Fakes.Press", 7)
    book.call("OpenFunnelMacros.OpenFunnelCancelJob")
    (box,) = book.noted("box")
    assert box.startswith(GERMAN.messages.cancel.replace("{job}", "job_1"))
    assert GERMAN.messages.billed in box


# ---- known lists


def keep(book: Book, *, answer: str, typed: str = "as proposed", button: int = 6) -> list[str]:
    """What is noted while the user keeps a list, where Python twice answers this, and then acts."""
    book.call("Fakes.Answering", answer)
    book.call("Fakes.Typing", typed)
    book.call("Fakes.Press", button)
    book.set_plan("answer,answer,nothing")
    book.call("OpenFunnelMacros.OpenFunnelKeepList")
    return [line for line in book.lines() if line.startswith(("call", "input", "box"))]


def call(function: str, *arguments: str) -> str:
    quoted = ";".join(f'"{argument}"' for argument in arguments)
    return f"call xl_openfunnel.hosts.excel {function} [{quoted}] Nothing Nothing"


def test_selected_cells_are_kept_under_the_name_that_the_user_gives(book: Book) -> None:
    assert keep(book, answer="crm||", typed="crm?") == [
        call("known_list", "Accounts 2026"),
        f"input {ENGLISH.messages.list_name}|OpenFunnel|crm",
        call("known_list", "crm?"),
        call("act", "4242", "keep list", "'[My book.xlsx]Rows 1'!$A$1", "$A$1", "crm"),
    ]


def test_the_name_of_a_table_is_proposed_before_that_of_its_sheet(book: Book) -> None:
    book.call("Fakes.SelectInTable", "Customers")
    assert keep(book, answer="Customers||")[0] == call("known_list", "Customers")


@pytest.mark.parametrize(("button", "calls"), [(6, 3), (7, 2)])
def test_a_list_is_replaced_only_if_the_user_says_so(book: Book, button: int, calls: int) -> None:
    book.call("Fakes.Speak", 1031)
    lines = keep(book, answer="crm|50,000|2026-01-02", button=button)
    assert [line.partition("|")[0] for line in lines if line.startswith("box")] == [
        "box " + GERMAN.messages.replace_list.format(list="crm", companies="50,000", date="2026-01-02")
    ]
    assert sum(line.startswith("call") for line in lines) == calls


@pytest.mark.parametrize("areas", [0, 2])
def test_without_one_block_of_cells_a_message_says_so(book: Book, areas: int) -> None:
    book.call("Fakes.SelectAreas", areas)
    (box,) = keep(book, answer="crm||")
    assert box.startswith(f"box {ENGLISH.messages.one_block}|")


def test_nothing_is_kept_without_a_name(book: Book) -> None:
    assert len(keep(book, answer="crm||", typed="")) == 2
    assert keep(book, answer="||", typed="###")[-1].startswith(f"box {ENGLISH.messages.no_list_name}|")


def test_a_list_waits_for_python(starting: Book) -> None:
    starting.call("OpenFunnelMacros.OpenFunnelKeepList")
    lines = starting.lines()
    assert [line for line in lines if line.startswith("input")] == []
    assert len([line for line in lines if line.startswith("box")]) == 1
