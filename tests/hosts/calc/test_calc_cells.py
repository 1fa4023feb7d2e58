"""The functions in cells of LibreOffice Calc, through the installed add-in, over jobs that run."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import pytest

from tests.hosts.calc.home import UserHome
from tests.hosts.calc.sheet import SHEET, Sheet, add_job
from xl_openfunnel import Client, table
from xl_openfunnel.cell_values import TIME_FORMAT, Block
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.hosts.calc import array_size
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies


def block(made: SimulatedJob) -> Block:
    block: Block = table.block(table.frame(made.rows, DEFAULT_COLUMNS))
    return block


def missing(made: SimulatedJob, rows: int, columns: int) -> str:
    return array_size.missing(block(made), array_size.Size(rows, columns))


def poll_count(service: Simulator, made: SimulatedJob) -> int:
    return sum(request.job_id == made.job_id for request in service.received)


def test_a_job_is_followed_through_all_its_states(sheet: Sheet, service: Simulator, clock: ManualClock) -> None:
    made = add_job(service, pending=100, running=1_000)
    sheet["A1"] = made.job_id
    sheet["B1"] = "=OF_STATUS(A1)"
    sheet["B2"] = '=OF_INFO(A1;"rows")'
    sheet["B3"] = '=B1&"!"'
    shown = sheet.wait_until("B1", "pending")
    clock.sleep(600)
    shown += sheet.wait_until("B1", "running")
    while not sheet["B2"][0][0]:
        sheet.libreoffice.wait_for_change(SHEET, "B2", sheet["B2"])
    clock.sleep(600)
    shown += sheet.wait_until("B1", "completed")
    assert [word for word, _ in itertools.groupby(str(state[0][0]) for state in shown)] == [
        "loading",
        "pending",
        "running",
        "completed",
    ]
    sheet.wait_until("B2", 250.0)
    assert sheet["B3"] == [["completed!"]]


@pytest.mark.parametrize(
    ("ending", "filter_name", "writable"),
    [("xlsx", "Calc MS Excel 2007 XML", False), ("xlsx", "Calc MS Excel 2007 XML", True), ("ods", "calc8", False)],
)
def test_the_cells_of_a_document_that_is_opened_again_follow_their_job(
    sheet: Sheet, service: Simulator, clock: ManualClock, tmp_path: Path, ending: str, filter_name: str, writable: bool
) -> None:
    made = add_job(service, pending=1_000)
    sheet["A1"] = f'=OF_STATUS("{made.job_id}")'
    sheet["A2"] = f'="is "&OF_STATUS("{made.job_id}")'
    sheet["A3"] = '=A1&"!"'
    sheet.wait_until("A1", "pending")
    file = tmp_path / f"saved.{ending}"
    sheet.libreoffice.save(file, filter_name)  # with the results of now, which Calc takes for good from Excel's files
    sheet.libreoffice.load(file, macros=writable)
    clock.sleep(2_000)
    sheet.wait_until("A1", "completed")
    sheet.wait_until("A2", "is completed")
    assert sheet["A3"] == [["completed!"]]


def test_a_company_that_is_not_there_is_not_available(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 5)
    names = [str(row["name"]) for row in made.rows]
    sheet["A1"] = made.job_id
    sheet["A2"], sheet["A3"], sheet["A4"] = 2, "nobody.example", 4
    sheet["B1"] = '=OF_LOOKUP(A1;"nobody.example";"name")'
    sheet["C1"] = '=IF(ISNA(B1);"n/a";B1)'
    sheet["D1"] = '=IFNA(OF_LOOKUP(A1;"nobody.example";"name");"none")'
    sheet["E1"] = '=IFERROR(OF_LOOKUP(A1;5;"name");"none")'
    sheet["F1"] = '=OF_LOOKUP(A1;"nobody.example";"name";"mine")'
    sheet["B2:B4"] = '=OF_LOOKUP(A1;A2:A4;"name")'
    for row in (2, 3, 4):
        sheet[f"C{row}"] = f'=IF(ISNA(B{row});"n/a";B{row})'
    sheet.wait_until("E1", names[4])
    sheet.wait_until("C1", "n/a")
    sheet.wait_until("D1", "none")
    sheet.wait_until("F1", "mine")
    sheet.wait_until("C4", names[3])
    assert sheet["C2:C4"] == [[names[1]], ["n/a"], [names[3]]]


@pytest.mark.parametrize(
    ("ending", "first"),
    [("cancelled", "cancelled: no companies"), ("failed", "#OF! ")],
)
def test_a_cancelled_or_failed_job_says_so(sheet: Sheet, service: Simulator, ending: str, first: str) -> None:
    made = add_job(service, 20, ending=ending, delivered=0.0, error_message="The query could not be read.")
    sheet["A1"] = f'=OF_STATUS("{made.job_id}")'
    sheet["A5:G40"] = f'=OF_ROWS("{made.job_id}")'
    sheet.wait_until("A1", ending)
    sheet.wait_for("A6", lambda shown: str(shown).startswith(first))
    assert sheet["A1"] == [[ending]]


def test_a_cell_follows_the_cancelling_of_its_job(sheet: Sheet, service: Simulator, clock: ManualClock) -> None:
    made = add_job(service, 20, running=1_000_000, cancelling=1_000)
    sheet["A1"] = f'=OF_STATUS("{made.job_id}")'
    sheet.wait_until("A1", "running")
    Client(service.base_url, service.api_key).cancel(made.job_id)
    sheet.wait_until("A1", "cancelling")
    clock.sleep(2_000)
    assert sheet.wait_until("A1", "cancelled") == [[["cancelling"]], [["cancelled"]]]


def test_an_array_shows_ten_thousand_rows(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 10_000)
    sheet["A1"] = made.job_id
    sheet["A5:G10005"] = "=OF_ROWS(A1)"
    sheet.wait_until("A10005", 10_000.0)
    assert sheet["A5:G10005"] == block(made)


def test_a_chosen_sorted_and_cut_block_follows_its_job(sheet: Sheet, service: Simulator, clock: ManualClock) -> None:
    rows = [{"name": f"n{number}", "employee_count": number % 7, "hq_country": "Peru"} for number in range(250)]
    made = add_job(service, rows, running=1_000, job_id="chosen-job")  # whose provisional order has n249 late
    sheet["A1"] = made.job_id
    sheet["C1"], sheet["D1"] = "country", "peru|Chile"
    sheet["C2"], sheet["D2"] = "employee_count", 0
    sheet["A5:B8"] = '=OF_ROWS(A1;"rank,name";;;C1:D3;"-rank";3)'
    sheet["F5:F6"] = '=OF_ROWS(A1;"name";;;"name=n249")'
    sheet["H5:I7"] = '=OF_PIVOT(A1;"country";;;;"employee_count>=5")'
    clock.sleep(600)
    sheet.wait_until("F6", "no company matches name=n249 yet")
    clock.sleep(2_000)
    sheet.wait_until("F6", "n249")
    sheet.wait_until("A6", 246.0)
    assert sheet["A5:B8"] == [["rank", "name"], [246.0, "n245"], [239.0, "n238"], [232.0, "n231"]]
    sheet.wait_until("I7", float(sum(number % 7 >= 5 for number in range(250))))


def test_long_texts_are_not_cut_in_an_array(sheet: Sheet, service: Simulator) -> None:
    long = "long " * 100
    rows = [{**row, "match_reason": f"{long}{number}"} for number, row in enumerate(companies(2))]
    made = add_job(service, rows)
    sheet["A5:B7"] = f'=OF_ROWS("{made.job_id}";"rank,match_reason")'
    sheet.wait_until("B7", f"{long}1")
    assert sheet["B5:B7"] == [["match_reason"], [f"{long}0"], [f"{long}1"]]


def test_an_array_that_is_too_large_is_filled_with_blanks(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 3)
    sheet["A5:I12"] = f'=OF_ROWS("{made.job_id}")'
    sheet.wait_until("A8", 3.0)
    assert sheet["A5:I8"] == [[*row, "", ""] for row in block(made)]
    assert sheet["A9:I12"] == [[""] * 9] * 4


def test_an_array_that_is_too_small_says_how_many_rows_are_missing(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 250)
    sheet["A5:G9"] = f'=OF_ROWS("{made.job_id}")'
    sheet["I1"] = f'=ROWS(OF_ROWS("{made.job_id}"))'
    sheet.wait_until(
        "A9",
        "#OF! Not shown for want of cells: 247 rows. Make room with OpenFunnel > Refresh, "
        "or enter the formula as an array over 251 rows and 7 columns.",
    )
    assert sheet["A5:G8"] == block(made)[:4]
    sheet.wait_until("I1", 251.0)  # what calculates with the block has all of it


@pytest.mark.parametrize("around", ["IFERROR", "IFNA"])
def test_a_call_inside_iferror_has_the_size_of_its_array(sheet: Sheet, service: Simulator, around: str) -> None:
    made = add_job(service, 20)
    sheet["A5:G9"] = f'={around}(OF_ROWS("{made.job_id}");"nothing; (yet)")'
    sheet["I5:I6"] = f'={around}(OF_ROWS("{made.job_id}");"")&""'  # which may make anything of it
    sheet.wait_until("A9", missing(made, 5, 7))
    assert sheet["A5:G8"] == block(made)[:4]
    assert "room made for 1 formula" in str(sheet.act("refresh book"))
    assert sheet.libreoffice.extent(SHEET, "A5")[1:] == (21, 7)
    sheet.wait_until("A25", 20.0)
    assert sheet["A5:G25"] == block(made)
    assert sheet.libreoffice.extent(SHEET, "I5")[1:] == (2, 1)


def test_each_array_shows_what_fits_into_it(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 8)
    for place, area in enumerate(("A5:B9", "D5:J13", "L5")):
        sheet[area] = f'=OF_ROWS("{made.job_id}")'
        sheet.wait_until(area.partition(":")[0], ("rank", "rank", missing(made, 1, 1))[place])
    sheet.wait_until("A9", missing(made, 5, 2))
    sheet.wait_until("D13", 8.0)
    sheet.libreoffice.calculate()
    sheet.wait_until("A9", missing(made, 5, 2))
    assert [row[0] for row in sheet["D6:D13"]] == [float(rank) for rank in range(1, 9)]


def test_refresh_resizes_arrays_and_polls_running_jobs_again(
    sheet: Sheet, service: Simulator, clock: ManualClock
) -> None:
    done, runs = add_job(service, 250), add_job(service, 250, running=1_000)
    sheet["A5:G9"] = f'=OF_ROWS("{done.job_id}")'
    sheet["I5:J6"] = f'=OF_INFO("{runs.job_id}")'
    sheet["I40"] = "mine"
    sheet.wait_until("A9", missing(done, 5, 7))
    sheet.wait_until("J5", "running")
    before, before_count = poll_count(service, runs), poll_count(service, done)
    assert sheet.act("refresh book") == "1 job asked again; 1 job final already; room made for 2 formulas."
    assert sheet.libreoffice.extent(SHEET, "A5")[1:] == (251, 7)
    sheet.wait_until("A255", 250.0)
    assert sheet["A5:G255"] == block(done)
    assert sheet["I24:J24"][0][0] == "version"
    assert sheet["I40"] == [["mine"]]
    while poll_count(service, runs) == before:
        sheet.libreoffice.values(SHEET, "A1")
    assert poll_count(service, done) == before_count


FORMATS = """
Function FormatOf(address)
    cell = ThisComponent.Sheets(0).getCellRangeByName(address)
    FormatOf = ThisComponent.NumberFormats.getByKey(cell.NumberFormat).FormatString
End Function

Sub FormatAsDay(address)
    ThisComponent.Sheets(0).getCellRangeByName(address).NumberFormat = 36 ' com.sun.star.i18n.NumberFormatIndex
End Sub
"""


def test_refresh_formats_times_and_no_other_cell_and_never_over_the_users_format(
    sheet: Sheet, service: Simulator
) -> None:
    sheet.libreoffice.add({"Formats": FORMATS})
    one, two = add_job(service, 5), add_job(service, 5)
    sheet["A1"], sheet["A2"] = one.job_id, two.job_id
    sheet["B1"] = "status,As_Of"
    sheet["A10:B11"] = "=OF_INFO(A1:A2;B1)"
    sheet["D10:D11"] = '=OF_INFO(A1:A2;"as_of")'
    sheet["E10"] = '=OF_INFO(A1;"as_of")'
    sheet["F10"] = '=OF_INFO(A1;"as_of")-1'
    sheet["A14:B14"] = "=OF_JOBS()"
    sheet["K10:L10"] = "=OF_INFO(A1)"
    for place in ("D11", "H15"):
        sheet.libreoffice.call("Formats.FormatAsDay", place)
    for row in (10, 11):
        sheet.wait_until(f"A{row}", "completed")
    sheet.act("refresh book")
    sheet.wait_until("I14", "last_seen")
    sheet.wait_until("K11", "stage")
    formats = {
        f"{letter}{row}": sheet.libreoffice.call("Formats.FormatOf", f"{letter}{row}")
        for letter in "ABDEFHIJKLM"
        for row in range(10, 17)  # below are jobs of other tests, if any
    }
    times = {"B10", "B11", "D10", "E10", "I15", *(f"{letter}16" for letter in "HI")}
    assert {place for place, shown in formats.items() if str(shown).upper() == TIME_FORMAT.upper()} == times
    assert {place for place, shown in formats.items() if shown != "General"} == times | {"D11", "H15"}


def wait_until_final(sheet: Sheet, job: SimulatedJob) -> None:
    """A block shows the companies of a job already while its pages are read again."""
    sheet["K1"] = f'=OF_INFO("{job.job_id}";"final")'
    sheet.wait_until("K1", 1.0)


def test_refresh_never_overwrites_the_users_cells(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 20)
    sheet["A5:G9"] = f'=OF_ROWS("{made.job_id}")'
    sheet["C15"] = "mine"
    wait_until_final(sheet, made)
    sheet.wait_until("A9", missing(made, 5, 7))
    blocked = "no free cells for the formula in Sheet1.A5, or they are protected"
    assert sheet.act("refresh book") == f"1 job final already; {blocked}."
    assert sheet.libreoffice.extent(SHEET, "A5")[1:] == (5, 7)
    assert sheet["C15"] == [["mine"]]


def test_refresh_resizes_to_the_outer_call_and_not_to_its_arguments(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 20)
    sheet["A1"] = f'=OF_STATUS("{made.job_id}")'
    sheet.wait_until("A1", "completed")
    sheet["C1:C2"] = '=OF_ROWS(INDEX(OF_JOBS();2;1);"name")'  # the job that was seen last
    sheet.wait_until("C2", array_size.missing([["name"]] * 21, array_size.Size(2, 1)))
    sheet.libreoffice.calculate()
    sheet.wait_until("C2", array_size.missing([["name"]] * 21, array_size.Size(2, 1)))
    assert "room made for 1 formula" in str(sheet.act("refresh book"))
    assert sheet.libreoffice.extent(SHEET, "C1")[1:] == (21, 1)
    sheet.wait_until("C21", made.rows[-1]["name"])


def test_refresh_overwrites_nothing_beside_a_list_of_notes(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 5)
    for row in range(1, 11):
        sheet[f"H{row}"] = f"note {row}"
    sheet["A10:G10"] = f'=OF_ROWS("{made.job_id}")'
    sheet["C12"], sheet["E14"] = "mine", 4711
    wait_until_final(sheet, made)
    sheet.wait_until("A10", missing(made, 1, 7))
    said = sheet.act("refresh book")
    assert said == "1 job final already; no free cells for the formula in Sheet1.A10, or they are protected."
    assert sheet.libreoffice.extent(SHEET, "A10")[1:] == (1, 7)
    assert sheet["A12:G14"] == [["", "", "mine", *[""] * 4], [""] * 7, [*[""] * 4, 4711.0, "", ""]]
    assert sheet["H1:H10"] == [[f"note {row}"] for row in range(1, 11)]


def test_blank_cells_and_omitted_arguments(sheet: Sheet, service: Simulator) -> None:
    made = add_job(service, 3)
    sheet["A1"] = made.job_id
    sheet["B1"] = "=OF_STATUS(A9)"
    sheet["B3"] = '=OF_LOOKUP(A1;9;"name";0)'
    sheet["B4"] = '=OF_LOOKUP(A1;2;"name")'
    sheet["D1:D3"] = "=OF_STATUS(A1:A3)"
    sheet["F1:G4"] = '=OF_ROWS(A1;"rank,name";;A9)'
    sheet["I1:J3"] = '=OF_ROWS(A1;"rank,name";FALSE())'
    sheet.wait_until("I1", 1.0)
    sheet.wait_until("F1", "rank")
    sheet.wait_until("B4", made.rows[1]["name"])
    sheet.wait_until("D1", "completed")
    sheet.wait_until("B3", 0.0)
    assert sheet["B1:B3"] == [[""], [""], [0.0]]
    assert sheet["D1:D3"] == [["completed"], [""], [""]]
    assert not {"0", "None"} & {request.job_id for request in service.received}


def test_a_pivot_of_several_jobs_follows_the_one_that_runs(
    sheet: Sheet, service: Simulator, clock: ManualClock
) -> None:
    jobs = [*(add_job(service, 2_000) for _ in range(3)), add_job(service, 450, pending=100, running=1_000)]
    for row, made in enumerate(jobs, 1):
        sheet[f"A{row}"] = made.job_id
    sheet["B1"] = "=OF_STATUS(A4)"
    sheet["D1:E200"] = '=OF_PIVOT(A1:A4;"country")'
    assert sheet["D1"] == [["loading"]]

    def wait_for_total(least: float, most: float) -> None:
        shown = sheet["D1:E200"]
        while not any(name == "Total" and least <= float(str(total)) <= most for name, total in shown):
            shown = sheet.libreoffice.wait_for_change(SHEET, "D1:E200", shown)

    sheet.wait_until("B1", "pending")
    wait_for_total(6_000, 6_000)
    clock.sleep(600)
    sheet.wait_until("B1", "running")
    wait_for_total(6_001, 6_449)
    clock.sleep(600)
    sheet.wait_until("B1", "completed")
    wait_for_total(6_450, 6_450)


def test_errors_are_shown_in_the_cell(sheet: Sheet, service: Simulator) -> None:
    texts = {
        '=OF_STATUS("no-such-job")': "#OF! There is no job no-such-job for this API key (HTTP 404). Check the id, and "
        "that the key belongs to the account that started the job.",
        '=OF_STATUS("a b")': "#OF! 'a b' is no job id, no job's URL and no label known here. "
        "Copy the id from OpenFunnel.",
        '=OF_STATUS("of_1234567890abcdef")': "#OF! That holds an API key, and is not sent or shown. Give the job's id.",
        f'=OF_ROWS("{add_job(service, 3).job_id}";"nmae")': None,
    }
    for row, (formula, text) in enumerate(texts.items(), 1):
        sheet[f"A{row}"] = formula
        if text:
            sheet.wait_until(f"A{row}", text)
    sheet.wait_for("A4", lambda shown: str(shown).startswith("#OF! "))
    assert sheet["A1:A3"] == [[text] for text in texts.values() if text]


def test_many_cells_and_a_hard_recalculation_cost_no_more_requests_than_one(
    sheet: Sheet, service: Simulator, clock: ManualClock
) -> None:
    made = add_job(service, 250)
    for row in range(1, 21):
        sheet[f"A{row}"] = f'=OF_STATUS("{made.job_id}")'
        sheet[f"B{row}"] = f'=OF_LOOKUP("{made.job_id}";{row};"name")'
    wait_until_final(sheet, made)
    sheet.wait_until("A20", "completed")
    sheet.wait_until("B20", made.rows[19]["name"])
    before = len(service.received)
    sheet.libreoffice.calculate()
    assert sheet["A1:A20"] == [["completed"]] * 20
    # Jobs of earlier tests are followed for some time.
    assert [request for request in service.received[before:] if request.job_id in (made.job_id, None)] == []
    assert poll_count(service, made) == 3


def test_closing_the_last_document_stops_everything_and_the_next_starts_again(
    sheet: Sheet, service: Simulator, user: UserHome
) -> None:
    runs, done = add_job(service, 250, running=1_000_000), add_job(service, 3)
    sheet["A1"] = f'=OF_STATUS("{runs.job_id}")'
    sheet.wait_until("A1", "running")
    store = user.folder / "cache" / "store.sqlite3"
    assert is_open(store)
    sheet.libreoffice.close()
    while is_open(store):
        pass
    again = Sheet(sheet.libreoffice)
    again["A1"] = f'=OF_STATUS("{done.job_id}")'
    again.wait_until("A1", "completed")
    assert is_open(store)


def test_a_job_without_cells_is_not_polled(sheet: Sheet, service: Simulator, user: UserHome) -> None:
    made = add_job(service, 250, running=1_000_000)
    for cell in ("A1", "B1"):
        sheet[cell] = f'=OF_STATUS("{made.job_id}")'
        sheet.wait_until(cell, "running")
    sheet["A1"] = ""
    before = poll_count(service, made)
    while poll_count(service, made) == before:  # for the other one
        sheet.stays("B1", [["running"]])
    sheet["B1"] = ""
    while is_open(user.folder / "cache" / "store.sqlite3"):  # as long as anything is followed
        sheet.stays("A1:B1", [["", ""]])


def is_open(file: Path) -> bool:
    """Whether any process has the file open."""
    links = (link for process in Path("/proc").glob("[0-9]*/fd") for link in open_files(process))
    return any(link == str(file) for link in links)


def open_files(folder: Path) -> list[str]:
    found = []
    with contextlib.suppress(OSError):  # the process, or one of its files, is gone
        for link in folder.iterdir():
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
    return found
