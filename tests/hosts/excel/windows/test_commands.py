"""Buttons, through the real xlwings DLL and COM server: copies, refreshes, cancelling, known lists, and the ribbon."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.files import load
from tests.hosts.excel.fake.message_filter import Busy
from tests.hosts.excel.fake.model import AUTOMATIC, MANUAL
from tests.hosts.excel.fake.sheet_objects import Button
from tests.hosts.excel.windows.pressing import LONG, ROWS, add_job, cell, live, outcome, press_and_wait
from xl_openfunnel.cell_values import TIME_FORMAT
from xl_openfunnel.hosts.excel.ports import HostBusyError
from xl_openfunnel.runtime.clock import SystemClock
from xl_openfunnel.simulator import ManualClock, Simulator

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.model import Book

LATER = 0x8001010A - (1 << 32)  # RPC_E_SERVERCALL_RETRYLATER
FAILED = 0x800A03EC - (1 << 32)  # Excel's word for nearly everything that it does not do
SWITCHES = {"DisplayAlerts": True, "EnableEvents": True, "AutomationSecurity": 1}


def switches(excel: FakeExcel) -> dict[str, Any]:
    """Excel's settings that matter when a workbook is opened or closed."""
    return {name: excel.settings[name] for name in SWITCHES}


def test_an_excel_that_is_busy_in_the_middle_of_a_copy_asks_its_user_and_is_left_as_it_was(
    bridge: Bridge, book: Book, excel: FakeExcel, folder: Path
) -> None:
    book.sheets[0].type("A1", "mine")
    excel.reset_counts()
    bridge.press("save values copy", cell(book.sheets[0], "A1"))
    excel.pump(lambda: excel.members["Workbook.LinkSources"] >= 1)
    excel.busy = Busy.LATER
    arrived = excel.filter.arrived
    excel.pump(lambda: excel.filter.arrived >= arrived + 3)
    assert (len(excel.books), switches(excel)) == (2, SWITCHES)
    assert [one.hidden for one in excel.books] == [False, True]
    excel.busy = Busy.NO
    excel.pump(lambda: outcome(excel))
    said = str(excel.settings["StatusBar"])
    assert said.startswith(f"OpenFunnel: The copy is {folder}")
    assert switches(excel) == SWITCHES
    assert (excel.books, excel.calculation) == ([book], AUTOMATIC)


def test_excel_asks_nothing_during_single_calls_of_a_copy_only(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = book.sheets[0]
    start.enter("B1", f'=OF_STATUS("{add_job(service, ROWS[:3]).job_id}")')
    excel.pump(lambda: start.value("B1") == "completed")
    live(bridge, on=False)  # their thread looks for cells whenever it likes
    excel.pump(lambda: excel.held_objects == 0)
    quiet: list[str] = []
    arriving = excel.on_call

    def noted(member: str) -> int:
        if switches(excel) != SWITCHES:
            quiet.append(member)
        return arriving(member)

    monkeypatch.setattr(excel, "on_call", noted)
    press_and_wait(bridge, "save values copy", None)
    ours = {"SaveCopyAs", "Open", "SaveAs", "Close"}
    names = [member.partition(".")[2] for member in quiet]
    assert [name for name in names if name in ours] == ["SaveCopyAs", "Open", "SaveAs", "Close"]
    assert set(names) <= ours | SWITCHES.keys() | {"Application", "Workbooks"}


def test_excel_asks_again_as_soon_as_it_turns_a_quiet_call_away(
    bridge: Bridge, book: Book, excel: FakeExcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving, turned_away = excel.on_call, {"Workbook.SaveCopyAs", "Workbook.SaveAs", "Workbook.Close"}
    tried: list[str] = []

    def turning_away(member: str) -> int:
        if member in turned_away:
            tried.append(member)
            return LATER
        return arriving(member)

    monkeypatch.setattr(excel, "on_call", turning_away)
    bridge.press("save values copy", cell(book.sheets[0], "A1"))
    for member in ("Workbook.SaveCopyAs", "Workbook.SaveAs", "Workbook.Close"):
        excel.pump(lambda member=member: member in tried)  # type: ignore[misc]
        excel.pump(lambda: switches(excel) == SWITCHES)
        assert outcome(excel) == ""  # it is still to be done
        turned_away.remove(member)
    excel.pump(lambda: outcome(excel))
    assert outcome(excel).startswith("OpenFunnel: The copy is ")
    assert (switches(excel), excel.books) == (SWITCHES, [book])


def test_a_switch_that_excel_does_not_take_back_keeps_no_other_from_being_put_back(
    bridge: Bridge, book: Book, excel: FakeExcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = excel.on_call
    kept: list[str] = []

    def refusing(member: str) -> int:
        switch = member.removeprefix("Application.")
        if switch in SWITCHES and excel.members["Workbook.SaveCopyAs"] and not kept:
            kept.append(switch)
            return FAILED
        return arriving(member)

    monkeypatch.setattr(excel, "on_call", refusing)
    press_and_wait(bridge, "save values copy", cell(book.sheets[0], "A1"))
    assert [name for name, value in switches(excel).items() if value != SWITCHES[name]] == kept


def test_what_two_switch_at_the_same_time_is_in_the_end_as_its_user_had_it(excel: FakeExcel) -> None:
    from xl_openfunnel.hosts.excel.com.app_settings import temporarily_set
    from xl_openfunnel.hosts.excel.com.dispatch import RetryingCaller  # Windows only

    excel.open("Book.xlsx")
    call = RetryingCaller(os.getpid(), SystemClock(), 0.0)
    one, other = (temporarily_set(call, call.application, "EnableEvents", value=False) for _ in range(2))
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert excel.settings["EnableEvents"] is False
    other.__exit__(None, None, None)
    assert excel.settings["EnableEvents"] is True


def test_refusals_have_words(bridge: Bridge, book: Book, service: Simulator) -> None:
    start, inserted, pivot = book.sheets
    assert press_and_wait(bridge, "insert table", cell(start, "A1")) == (
        "OpenFunnel: The selected cell neither holds a job nor shows one. Select one that does."
    )
    assert (
        press_and_wait(bridge, "refresh sheet", cell(start, "A1")) == "OpenFunnel: No cell of this sheet shows a job."
    )
    job = add_job(service, ROWS[:5])
    start.type("B8", job.job_id)
    inserted.protected = True
    assert press_and_wait(bridge, "insert table", cell(start, "A1")) == (
        "OpenFunnel: The sheet Table is protected. Unprotect it (Review), then insert again."
    )
    inserted.protected = False
    pivot.protected = True
    assert press_and_wait(bridge, "refresh pivots", None).startswith("OpenFunnel: Excel refused: The cell or chart")
    assert "newer than the installed package" in bridge.press("dance")


def test_a_workbook_that_is_closed_meanwhile_is_missed_in_words(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    excel.open("Another.xlsx")
    book.sheets[0].type("B8", add_job(service, ROWS[:5]).job_id)
    where = cell(book.sheets[0], "A1")
    bridge.press("insert table", where)
    book.close()
    excel.pump(lambda: outcome(excel))
    assert excel.settings["StatusBar"] == f"OpenFunnel: The workbook {book.name} is not open any more."
    excel.pump(lambda: excel.held_objects == 0)


def test_a_copy_to_send_has_values_and_no_macros_buttons_or_links(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel, folder: Path
) -> None:
    excel.spilled_cells_have_formulas = False  # the search in a copy has fewer cells to ask for
    start, inserted, _ = book.sheets
    job = add_job(service, [{**ROWS[0], "name": "=1+1"}, {**ROWS[1], "name": "2-10"}, *ROWS[2:12]])
    start.type("B8", job.job_id)
    start.enter("D1", "=OF_ROWS(B8)")
    start.enter("B1", '="Status: "&OF_STATUS(B8)')
    start.enter("B2", "=COUNTA(D1:D13)")
    start.enter("B3", "=COUNTA(D1#)")
    inserted.enter("K1", "=COUNTA(Start!$D$1#)")
    excel.pump(lambda: start.value("B1") == "Status: completed" and len(start.block("D1")) == 13)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    start.buttons.append(Button("[0]!MyOwn"))
    start.visible, book.front = 0, inserted  # xlSheetHidden
    book.links.append(r"C:\Users\Me\other.xlsx")
    book.ole_links.append(r"Word.Document.12|C:\Users\Me\other.docx!''")
    book.saved = True
    before = [dict(sheet.values) for sheet in book.sheets], [dict(sheet.formulas) for sheet in book.sheets]
    settings = {name: value for name, value in excel.settings.items() if name != "StatusBar"}

    stem = book.name.removesuffix(".xlsm")
    (folder / f"{stem} (values).xlsx").touch()
    assert (
        press_and_wait(bridge, "save values copy", None) == f"OpenFunnel: The copy is {folder / stem} (values 2).xlsx."
    )

    assert ([dict(sheet.values) for sheet in book.sheets], [dict(sheet.formulas) for sheet in book.sheets]) == before
    assert (excel.books, book.saved, len(book.links), len(start.buttons)) == ([book], True, 1, 2)
    assert {name: value for name, value in excel.settings.items() if name != "StatusBar"} == settings
    assert sorted(folder.glob("*openfunnel-*")) == []
    copy = load(excel, str(folder / f"{stem} (values 2).xlsx"), macros=True)
    assert [sheet.name for sheet in copy.sheets] == ["Start", "Table", "Pivot", "Manifest"]
    assert copy.front.name == "Table"
    assert [formula.text for sheet in copy.sheets for formula in sheet.formulas.values()] == ["=COUNTA(D1:D13)"]
    for sheet, original in zip(copy.sheets, book.sheets, strict=False):
        shown = {key: value for key, value in original.values.items() if value != ""}
        assert sheet.values == shown
    assert copy.sheet("Start").value("E2") == "=1+1"
    assert (copy.macros, copy.links, copy.ole_links, copy.hidden, copy.impersonal) == (False, [], [], False, True)
    with zipfile.ZipFile(folder / f"{stem} (values 2).xlsx") as package:
        parts = package.read("xl/workbook.xml") + package.read("docProps/core.xml")
        in_rows, in_table = (package.read(f"xl/worksheets/sheet{number}.xml") for number in (1, 2))
        targets = package.read("xl/worksheets/_rels/sheet2.xml.rels")
    assert (b"absPath" in parts, b"The user" in parts) == (False, False)
    linked = [row for row in ROWS[:12] if row["domain"]]
    assert [in_rows.count(b"<hyperlink "), in_table.count(b"<hyperlink ")] == [12 + len(linked)] * 2
    assert f'Target="https://{linked[0]["domain"]}"'.encode() in targets
    assert [button.macro for button in copy.sheet("Start").buttons] == ["[0]!MyOwn"]
    manifest = copy.sheet("Manifest")
    told = {manifest.value(f"A{row}"): manifest.value(f"B{row}") for row in range(1, manifest.used().bottom + 1)}
    assert (told["job_id"], told["state"], told["rows"]) == (job.job_id, "final", 12.0)
    assert (told["content"], told["credits_consumed"]) == (inserted.value("G2"), 12.0)


def test_links_that_are_left_in_a_copy_are_said(bridge: Bridge, book: Book) -> None:
    book.links += [r"C:\Users\Me\gone.xlsx", "https://firm.example/sites/x/Prices.xlsx"]
    book.ole_links.append(r"Word.Document.12|C:\Users\Me\other.docx!Bookmark")
    book.stubborn_links |= {book.links[1], book.ole_links[0]}
    said = press_and_wait(bridge, "save values copy", None)
    assert said.endswith(
        ".xlsx. Links to Prices.xlsx, other.docx are left in it: look for them in names, data validation and protected "
        "sheets."
    )


def test_a_copy_that_cannot_be_made_leaves_nothing_behind(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel, folder: Path
) -> None:
    start, _, _ = book.sheets
    start.type("B8", add_job(service, ROWS[:3]).job_id)
    start.enter("B1", "=OF_STATUS(B8)")
    start.protected = True
    files = set(folder.iterdir())
    assert press_and_wait(bridge, "save values copy", cell(start, "A1")) == (
        "OpenFunnel: The sheet Start is protected. Unprotect it (Review), then save the copy."
    )
    assert (excel.books, set(folder.iterdir())) == ([book], files)
    assert (excel.calculation, excel.settings["DisplayAlerts"], excel.settings["AutomationSecurity"]) == (
        AUTOMATIC,
        True,
        1,
    )
    obstacles = {"password": "has a password", "write_password": "has a password"}
    for obstacle, words in (obstacles | {"structure_protected": "structure is protected"}).items():
        setattr(book, obstacle, True)
        assert words in press_and_wait(bridge, "save values copy", cell(start, "A1"))
        setattr(book, obstacle, False)


def test_a_copy_goes_among_the_documents_where_it_cannot_lie_beside_the_workbook(
    bridge: Bridge, book: Book, folder: Path, documents: Path
) -> None:
    cloud, gone = "https://firm.example/sites/Sales/Documents", str(folder / "gone")
    for name, path, copy in (("Q3.xlsm", cloud, "Q3"), ("Q3.xlsm", gone, "Q3"), ("Plan 2.0", "", "Plan 2.0")):
        book.name, book.path = name, path
        there = set(documents.iterdir())
        said = press_and_wait(bridge, "save values copy", None)
        (made,) = set(documents.iterdir()) - there
        assert made.name.startswith(f"{copy} (values")
        assert said == f"OpenFunnel: The copy is {made}."


def test_what_has_to_be_put_back_is_waited_for_as_long_as_it_takes(excel: FakeExcel) -> None:
    excel.open("Book.xlsx")

    class Passing(SystemClock):
        """A clock that each wait moves on, and an Excel that is busy for an hour."""

        waited = 0.0

        def sleep(self, seconds: float) -> None:
            self.waited += seconds
            if self.waited > 3_600:
                excel.busy = Busy.NO

    excel.busy, clock = Busy.LATER, Passing()
    from xl_openfunnel.hosts.excel.com.dispatch import RetryingCaller  # Windows only

    call = RetryingCaller(os.getpid(), clock, 30.0)
    with pytest.raises(HostBusyError):
        call.put(call.application, "StatusBar", "never")
    assert 30 <= clock.waited < 60
    with call.without_timeout():
        call.put(call.application, "StatusBar", "put back")
    assert excel.settings["StatusBar"] == "put back"


def test_refresh_says_how_many_were_refreshed_failed_and_left_alone(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel, clock: ManualClock
) -> None:
    start, other, _ = book.sheets
    final = add_job(service, ROWS[:10])
    running = add_job(service, ROWS[:10], pending=100, running=100_000)
    start.type("A1", [[final.job_id], [running.job_id], ["no-such-job"]])
    for row in (1, 2, 3):
        start.enter(f"B{row}", f"=OF_STATUS(A{row})")
    start.enter("C1", '=OF_INFO(A1,"as_of")')
    start.enter("C2", '=OF_INFO(A2,"as_of")')
    start.formats[refs.parse("C2").key] = "h:mm"
    other.enter("K1", f'=OF_STATUS("{final.job_id}")')
    excel.pump(lambda: start.block_of("B1:B2") == [["completed"], ["pending"]])
    excel.pump(lambda: str(start.value("B3")).startswith("#OF! There is no job"))
    assert live(bridge, on=False) == "OpenFunnel: Cells stay as they are until Live is on again. Their jobs go on."
    clock.sleep(1_000)
    polls = {job: request_count(service, job) for job in (final.job_id, running.job_id)}
    said = press_and_wait(bridge, "refresh book", cell(start, "A9"))
    assert said.startswith(
        "OpenFunnel: 1 refreshed, 1 failed, 1 unchanged: There is no job no-such-job for this API key"
    )
    assert start.value("B2") == "running"  # although live cells are paused
    assert [start.formats[refs.parse(place).key] for place in ("C1", "C2")] == [TIME_FORMAT, "h:mm"]
    assert request_count(service, final.job_id) == polls[final.job_id]
    other.type("L1", LONG)  # for which Excel shows no formula of the cells around, which are all read here
    other.protected = True
    assert (
        press_and_wait(bridge, "refresh sheet", cell(other, "A9")) == "OpenFunnel: 0 refreshed, 0 failed, 1 unchanged"
    )
    other.protected = False
    assert press_and_wait(bridge, "refresh cell", cell(start, "B2")) == "OpenFunnel: 1 refreshed, 0 failed, 0 unchanged"
    assert press_and_wait(bridge, "refresh cell", cell(start, "A2")) == "OpenFunnel: 1 refreshed, 0 failed, 0 unchanged"
    start.clear("A3:B3")
    assert (
        press_and_wait(bridge, "refresh final", cell(other, "A9")) == "OpenFunnel: 2 refreshed, 0 failed, 0 unchanged"
    )
    assert request_count(service, final.job_id) > polls[final.job_id]


def test_refresh_formats_times_and_no_other_cell_and_never_over_the_users_format(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    start, other, listed = book.sheets
    one, two = add_job(service, ROWS[:10]), add_job(service, ROWS[:10])
    start.type("A1", [[one.job_id], [two.job_id]])
    start.type("B1", "status,As_Of")
    start.enter("D1", "=OF_INFO(A1:A2,B1)")
    start.enter("G1", '=OF_INFO(A1:A2,"as_of")')
    start.enter("I1", '=OF_INFO(A1,"as_of")-1')
    start.enter("J1", "=OF_INFO(A1)")
    listed.enter("A1", "=OF_JOBS()")
    other.enter("K1", '=OF_INFO(Start!A1,"as_of")')
    other.protected = True
    listed.formats[refs.parse("H3").key] = "dd.mm."
    excel.pump(lambda: start.value("D2") == "completed" and listed.value("A3") and listed.value("C3") == "completed")
    excel.pump(lambda: isinstance(start.value("G2"), float))
    before = [dict(sheet.formats) for sheet in book.sheets]
    press_and_wait(bridge, "refresh book", cell(start, "A9"))
    height = len(listed.block("A1"))
    times = {refs.parse(place).key: TIME_FORMAT for place in ("E1", "E2", "G1", "G2")}
    days = {refs.parse(f"{letter}{row}").key: TIME_FORMAT for letter in "HI" for row in range(2, height + 1)}
    assert [sheet.formats for sheet in book.sheets] == [
        before[0] | times,
        before[1],
        before[2] | days | {refs.parse("H3").key: "dd.mm."},
    ]


def test_refresh_in_manual_mode_calculates_these_cells_and_no_others(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel, clock: ManualClock
) -> None:
    start = book.sheets[0]
    running = add_job(service, ROWS[:10], pending=100, running=100_000)
    start.enter("B1", f'=OF_STATUS("{running.job_id}")')
    excel.pump(lambda: start.value("B1") == "pending")
    excel.pump(lambda: excel.held_objects == 0)
    excel.calculation = MANUAL
    start.enter("C1", "=D1")
    start.type("D1", 7)
    clock.sleep(1_000)
    press_and_wait(bridge, "refresh cell", cell(start, "B1"))
    assert (start.value("B1"), start.value("C1")) == ("running", 0.0)


def test_the_job_that_was_asked_about_is_cancelled_and_no_other(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    start = book.sheets[0]
    jobs = [add_job(service, ROWS[:10], pending=100, running=100_000) for _ in range(2)]
    start.type("A1", [[job.job_id] for job in jobs])
    start.enter("B1", "=OF_STATUS(A1)")
    start.enter("B2", "=OF_STATUS(A2)")
    start.enter("C1", "=OF_STATUS(A1:A2)")
    excel.pump(lambda: start.block_of("B1:B2") == [["pending"], ["pending"]])
    assert bridge.job_here(None) == bridge.job_here(cell(start, "Z9")) == bridge.job_here(cell(start, "C2")) == ""
    assert bridge.job_here(cell(start, "A1")) == bridge.job_here(cell(start, "B1")) == jobs[0].job_id
    assert "Nothing was cancelled" in press_and_wait(bridge, "cancel job", cell(start, "B2"))
    said = press_and_wait(bridge, "cancel job", cell(start, "B2"), bridge.job_here(cell(start, "B1")))
    assert said == f"OpenFunnel: Job {jobs[0].job_id} stops at its next step. What it delivers until then is billed."
    assert [r.job_id for r in service.received if r.method == "POST"] == [jobs[0].job_id]


def test_what_came_of_a_cancellation_is_told_in_another_window_where_its_own_was_closed(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    other = excel.open("Closed soon.xlsx")
    job = add_job(service, ROWS[:10], pending=100, running=100_000)
    sheet = other.sheet("Sheet1")
    sheet.enter("A1", f'=OF_STATUS("{job.job_id}")')
    excel.pump(lambda: sheet.value("A1") == "pending")
    assert bridge.press("cancel job", cell(sheet, "A1"), job.job_id) == ""
    other.close()
    excel.pump(lambda: outcome(excel))
    assert outcome(excel).startswith(f"OpenFunnel: Job {job.job_id} stops at its next step.")
    assert excel.books == [book]


def request_count(service: Simulator, job_id: str) -> int:
    return sum(r.job_id == job_id for r in service.received)


# ---- the ribbon


def test_the_ribbons_menu_has_the_jobs_of_the_ledger(bridge: Bridge, book: Book, service: Simulator) -> None:
    start, *_ = book.sheets
    job = add_job(service, ROWS)
    start.type("B8", job.job_id)
    press_and_wait(bridge, "insert table", cell(start, "A1"))
    menu = ET.fromstring(bridge.call_macro_function("job_menu", "Macro"))  # noqa: S314 - our own
    latest = menu[0]
    assert (latest.get("tag"), latest.get("onAction")) == (job.job_id, "Macro")
    assert str(latest.get("label")).endswith(" · completed · 300 companies")


def test_the_ribbon_is_told_whether_cells_are_live(bridge: Bridge, book: Book) -> None:
    window = str(bridge.excel.hwnd)
    for on, state in ((False, "paused"), (True, "on")):
        live(bridge, on=on)
        assert bridge.call_macro_function("live_state", window) == state


def test_where_no_window_can_be_shown_the_command_for_the_key_is_named(bridge: Bridge, book: Book) -> None:
    """The Python of these tests has no tkinter, as python.org's embeddable one."""
    assert bridge.press("set key") == ""
    expected = "OpenFunnel: No window can be shown here: this Python has no tkinter. In a terminal, run: "
    bridge.excel.pump(lambda: outcome(bridge.excel).startswith(expected))
    assert outcome(bridge.excel) == expected + "xl-openfunnel key set"


# ---- known lists


def test_selected_cells_become_a_known_list_that_cells_follow(
    bridge: Bridge, book: Book, service: Simulator, excel: FakeExcel
) -> None:
    start, accounts, _ = book.sheets
    domains = [row["domain"] for row in ROWS if row["domain"]]
    start.type("A1", add_job(service, ROWS).job_id)
    start.enter("B1", '=OF_NEW(A1,"crm",,,"count")')
    assert bridge.call_macro_function("known_list", "crm: 2026") == "crm 2026||"
    accounts.type("M3", [["Account", "Website"], *[["x", f"https://www.{domain}/de"] for domain in domains[:50]]])
    accounts.type("O3", [["LinkedIn"], [ROWS[60]["linkedin_url"]]])
    excel.pump(lambda: str(start.value("B1")).startswith("#OF! "))

    def keep(place: str, area: str) -> str:
        return press_and_wait(bridge, "keep list", cell(accounts, place), "crm", area)

    def new(before: object = None) -> Any:
        excel.pump(lambda: isinstance(start.value("B1"), float) and start.value("B1") != before)
        return start.value("B1")

    use = 'Use it as =OF_NEW(A2,"crm")'
    assert keep("M3", "$M:$O") == f"OpenFunnel: 50 companies: 50 by Website, 1 by LinkedIn. {use}"
    all_but_51 = new()
    assert bridge.call_macro_function("known_list", "CRM").startswith("CRM|50|20")
    accounts.table("Accounts", "M3:O53")
    accounts.hidden = {9}
    said = keep("N4", "$N$4:$N$23")
    assert said == f"OpenFunnel: 20 companies: 20 by Website. Hidden rows are in it too. {use}"
    more = new(all_but_51)
    assert more > all_but_51
    accounts.hidden = set()
    assert keep("O9", "$O$9") == f"OpenFunnel: 50 companies: 50 by Website, 1 by LinkedIn. {use}"  # all of its table
    assert new(more) == all_but_51
    accounts.tables.clear()
    assert keep("N9", "$N$9") == f"OpenFunnel: 50 companies: 50 by Website, 1 by LinkedIn. {use}"  # all around it
    for area, said in {
        "$Z:$Z": "OpenFunnel: The selected cells are empty. Select",
        "$M$3:$M$9": "OpenFunnel: No column has LinkedIn pages",
        "$M$3:$M$9,$O$3": "OpenFunnel: Several blocks of cells are selected. Select one.",
    }.items():
        assert keep("M3", area).startswith(said)
    assert start.value("B1") == all_but_51
