"""The workbook in LibreOffice Calc: the very file that Excel opens."""

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path
from string import ascii_uppercase

import pytest

from tests.hosts.basic.libreoffice import LibreOffice
from tests.hosts.calc.home import UserHome
from tests.hosts.calc.sheet import MENU, act
from tests.unit.pivots import pivot
from xl_openfunnel import table
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies
from xl_openfunnel.workbook import builder
from xl_openfunnel.workbook.sources import sheet_texts

COUNT = 250
_numbers = itertools.count()


def array(formula: str) -> str:
    """An array formula of the workbook, as Calc shows it."""
    return f'{{=IFERROR({formula},"{sheet_texts().no_functions}")}}'


class Workbook:
    """The shipped workbook, with a job in its cell."""

    def __init__(self, running: LibreOffice, file: Path, job: SimulatedJob, *, macros: bool) -> None:
        builder.write_workbook(file)
        self.libreoffice = running
        self.job = job
        running.load(file, macros=macros)
        running.enter("Start", "B8", job.job_id)

    def wait_until(self, sheet: str, cell: str, wanted: object) -> None:
        self.libreoffice.wait_until(sheet, cell, lambda shown: shown == wanted)


@pytest.fixture
def running_job(service: Simulator) -> SimulatedJob:
    made = SimulatedJob(companies(COUNT), job_id=f"book-{next(_numbers)}", running=1_000)
    service.add(made)
    return made


@pytest.fixture
def finished(running: LibreOffice, running_job: SimulatedJob, clock: ManualClock, tmp_path: Path) -> Workbook:
    """The workbook with its macros, whose job is over; the menu can be called."""
    clock.sleep(2_000)
    opened = Workbook(running, tmp_path / builder.WORKBOOK_FILE_NAME, running_job, macros=True)
    running.add(MENU)
    opened.wait_until("Start", "B16", f"{COUNT} companies, completed")
    return opened


@pytest.mark.parametrize("macros", [False, True], ids=["macros off", "macros on"])
def test_the_workbook_follows_its_job(
    running: LibreOffice, running_job: SimulatedJob, clock: ManualClock, tmp_path: Path, macros: bool
) -> None:
    opened = Workbook(running, tmp_path / builder.WORKBOOK_FILE_NAME, running_job, macros=macros)
    opened.wait_until("Start", "B13", "running")
    clock.sleep(2_000)
    opened.wait_until("Start", "B16", f"{COUNT} companies, completed")
    opened.wait_until("Start", "C13", COUNT)
    opened.wait_until("Start", "B13", "completed")
    assert running.values("Start", "B13:C13") == [["completed", COUNT]]


def test_the_buttons_resize_arrays_land_the_table_and_refresh_the_pivot(
    running: LibreOffice, running_job: SimulatedJob, finished: Workbook
) -> None:
    running.enter("Start", "L40", '=OF_INFO(job;"as_of")')
    running.enter("Start", "K40", '=OF_INFO(job;"rows")')
    for cell in ("K40", "L40"):
        running.wait_until("Start", cell, lambda shown: isinstance(shown, float))
    running.macro("OpenFunnelMacros.OpenFunnelRefreshBook")  # once, though most sheets were never shown
    running.enter("Start", "L41", '=CELL("format";L40)')
    running.enter("Start", "L42", '=CELL("format";K40)')
    assert [kind for (kind,) in running.values("Start", "L41:L42")] == ["G", "F0"]  # a format of its own, and General
    finished.wait_until("Rows", f"A{COUNT + 4}", COUNT)
    assert running.extent("Rows", "A4") == (array("OF_ROWS(job)"), COUNT + 1, 7)
    while running.extent("Charts", "A22")[2] == 1:
        running.values("Charts", "A22")
    largest = pivot(table.frame(running_job.rows, ["country"]), ["country"])[1]
    finished.wait_until("Start", "G13", largest[0])
    finished.wait_until("Start", "G14", largest[1])
    finished.wait_until("Charts", "P23", largest[1])
    formula, jobs, fields = running.extent("Start", "B23")  # its heading stands right above
    assert (formula, jobs > 1, fields) == (array("OF_JOBS()"), True, 9)
    frame = table.frame(running_job.rows, DEFAULT_COLUMNS)
    assert running.values("Rows", f"A4:G{COUNT + 4}") == table.block(frame)

    running.macro("OpenFunnelMacros.OpenFunnelInsertTable")
    running.wait_for_change("Table", "A5", [[""]])
    inserted = running.values("Table", f"A4:I{COUNT + 5}")
    names = [str(name) for name in inserted[0]]
    assert inserted[1:] == [*table.block(table.frame(running_job.rows, names), headers=False), [""] * 9]

    (cells,) = running.pivots("Pivot", refresh=False).values()
    own = pivot(table.frame(running_job.rows, ["country", "employee_band"]), ["country"], ["employee_band"])
    words = {"(empty)": "(blank)", "Total Result": "Total"}
    shown = [[words.get(str(cell), cell) for cell in line] for line in cells[1:]]
    counts = {line[0]: dict(zip(shown[0][1:], line[1:], strict=True)) for line in shown[1:]}
    assert counts == {line[0]: dict(zip(own[0][1:], line[1:], strict=True)) for line in own[1:]}

    running.enter("Table", f"{ascii_uppercase[names.index('country')]}5", "Atlantis")
    running.macro("OpenFunnelMacros.OpenFunnelRefreshPivots")
    (cells,) = running.pivots("Pivot", refresh=False).values()
    assert "Atlantis" in [line[0] for line in cells]


@pytest.mark.usefixtures("finished")
def test_calc_is_not_blocked_while_the_table_is_made(running: LibreOffice, running_job: SimulatedJob) -> None:
    assert act(running, "insert table") == f"Inserting {COUNT} companies ..."
    running.wait_for_change("Table", "A5", [[""]])
    names = [str(name) for name in running.values("Table", "A4:I4")[0]]
    inserted = table.block(table.frame(running_job.rows, names), headers=False)
    assert running.values("Table", f"A5:I{COUNT + 4}") == inserted
    [shown] = running.values("Table", "C5")
    assert running.extent("Table", "C5")[0] == f'=HYPERLINK("https://{shown[0]}";"{shown[0]}")'


@pytest.mark.usefixtures("finished")
def test_a_known_list_has_a_column_in_the_table(
    running: LibreOffice, user: UserHome, running_job: SimulatedJob
) -> None:
    lists = KnownLists.beside(Path(user.environ["OPENFUNNEL_CACHE_DIR"], "store.sqlite3"))
    domain = running_job.rows[0]["domain"]
    lists.set(make_list("CRM", [["Website"], [domain]]))
    try:
        act(running, "insert table")
        running.wait_for_change("Table", "A5", [[""]])
        header, *rows = running.values("Table", f"A4:J{COUNT + 4}")
        assert header[-1] == "known:CRM"
        tiers = {domain: "host", "": "not comparable"}
        assert [row[-1] for row in rows] == [tiers.get(each["domain"] or "", "") for each in running_job.rows]
        (cells,) = running.pivots("Pivot", refresh=False).values()
        assert "employee_band" in cells[0]
        lists.remove("crm")
        running.enter("Table", "A5", "")
        act(running, "insert table")
        running.wait_for_change("Table", "A5", [[""]])
        inserted = running.values("Table", f"A4:J{COUNT + 4}")
        assert [row[-1] for row in inserted] == ["known:CRM", *[""] * COUNT]
    finally:
        lists.remove_all()


@pytest.mark.usefixtures("finished")
def test_landing_never_overwrites_the_users_cells(running: LibreOffice) -> None:
    for place, where in {"A20": "below", "M5": "beside"}.items():
        running.enter("Table", place, "mine")
        assert str(act(running, "insert table")).startswith(f"There is something {where} the table"), place
        assert running.values("Table", "A5:A6") == [[""], [""]]
        assert running.values("Table", place) == [["mine"]]
        running.enter("Table", place, "")
    running.protect("Table")
    assert str(act(running, "insert table")).startswith("The sheet Table is protected.")
    assert running.values("Table", "A5:A6") == [[""], [""]]


@pytest.mark.usefixtures("finished")
def test_a_protected_array_is_not_resized(running: LibreOffice) -> None:
    running.protect("Rows")
    before = running.extent("Rows", "A4")
    running.wait_until("Rows", "A4", lambda shown: str(shown).startswith("#OF! Not shown for want of cells"))
    assert "no free cells for the formula in Rows.A4, or they are protected" in str(act(running, "refresh book"))
    assert running.extent("Rows", "A4") == before


@pytest.mark.parametrize(("ending", "filter_name"), [("ods", "calc8"), ("xlsx", "Calc MS Excel 2007 XML")])
def test_a_saved_copy_has_the_values_and_not_the_key_and_computes_again(
    running: LibreOffice, finished: Workbook, service: Simulator, tmp_path: Path, ending: str, filter_name: str
) -> None:
    copy = tmp_path / f"copy.{ending}"
    running.save(copy, filter_name)
    with zipfile.ZipFile(copy) as saved:
        parts = b"".join(map(saved.read, saved.namelist()))
    assert b"completed" in parts
    assert b"OF_STATUS" in parts or b"OFSTATUS" in parts
    assert service.api_key.encode() not in parts
    other = SimulatedJob(companies(3), job_id=f"book-{next(_numbers)}")
    service.add(other)
    running.load(copy, macros=True)
    running.enter("Start", "B8", other.job_id)
    finished.wait_until("Start", "B16", "3 companies, completed")


def test_refreshed_while_its_job_runs_and_when_it_has_ended_all_sheets_show_the_end(
    running: LibreOffice, running_job: SimulatedJob, clock: ManualClock, tmp_path: Path
) -> None:
    opened = Workbook(running, tmp_path / builder.WORKBOOK_FILE_NAME, running_job, macros=True)
    opened.wait_until("Start", "B13", "running")
    clock.sleep(600)
    while running.extent("Charts", "A22")[2] == 1:
        running.macro("OpenFunnelMacros.OpenFunnelRefreshBook")
    part = running.values("Charts", "A22:B23")
    assert part[0][0] == "country"
    clock.sleep(2_000)
    running.macro("OpenFunnelMacros.OpenFunnelRefreshBook")  # so many polls have found it as it was that the next waits
    opened.wait_until("Start", "B16", f"{COUNT} companies, completed")
    running.macro("OpenFunnelMacros.OpenFunnelRefreshBook")
    frame = table.frame(running_job.rows, ["country", "employee_band"])
    bands, countries = pivot(frame, ["country"], ["employee_band"]), pivot(frame[["country"]], ["country"])
    opened.wait_until("Start", "G13", countries[1][0])
    opened.wait_until("Start", "G14", countries[1][1])
    while running.values("Charts", "A22:B23") == part:
        running.wait_for_change("Charts", "A22:B23", part)
    assert running.values("Charts", "A22:B23") == [line[:2] for line in bands[:2]]
    opened.wait_until("Rows", f"A{COUNT + 3}", COUNT - 1)
