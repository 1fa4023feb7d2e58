"""Which companies are new, in cells through the real xlwings DLL and COM server, as lists and jobs change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

if TYPE_CHECKING:
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet

pytestmark = pytest.mark.usefixtures("bridge")

UNKNOWN = "#OF! 'Partner' is no known list and no job seen here. "


def company(name: str, **fields: object) -> dict[str, Any]:
    slug = name.lower()
    page = f"https://www.linkedin.com/company/{slug}"
    return {"name": name, "domain": f"{slug}.com", "linkedin_url": page, **fields}


JOB = SimulatedJob(
    [
        *map(company, ("Alder", "Birch", "Cedar", "Elm", "Maple")),
        company("Müller", domain="shop.müller.de"),
        company("Oak", domain=None),
    ],
    job_id="seven-companies",
)
EARLIER = SimulatedJob([company("Elm"), company("Alder")], job_id="two-companies")


@pytest.fixture(scope="module", autouse=True)
def jobs(service: Simulator) -> None:
    service.add(JOB)
    service.add(EARLIER)


@pytest.fixture
def lists(service: Simulator) -> KnownLists:
    assert service.base_url == os.environ["OPENFUNNEL_BASE_URL"]
    return KnownLists(Path(os.environ["OPENFUNNEL_CACHE_DIR"]) / "known")


def keep(lists: KnownLists, name: str, *sites: str) -> None:
    """Set a list as another program does."""
    lists.set(make_list(name, [["Website", "Owner"], *([site, "Jo"] for site in sites)], note_column="Owner"))


def test_ranges_columns_lists_and_jobs_are_known(sheet: Sheet, excel: FakeExcel, lists: KnownLists) -> None:
    keep(lists, "Kunden Süd", "https://www.cedar.com/de", "xn--mller-kva.de")
    sheet.type("A1", JOB.job_id)
    sheet.type("A2", EARLIER.job_id)
    sheet.type("B1", [["Website"], ["HTTPS://www.Alder.com/"], ["n/a"], [None], ["jo@birch.com; maple.com"]])
    sheet.enter("B3", "=#N/A")
    sheet.type("C1", [["KUNDEN süd"], [EARLIER.job_id]])
    counts = {
        'A1,B1:B5,,,"count"': 3.0,  # Oak has no domain, which is all that the range has
        'A1,B:B,,,"count"': 3.0,
        'A1,"kunden SÜD",,,"count"': 5.0,
        'A1,A2,,,"count"': 5.0,
        'A1,C1:C2,,,"count"': 4.0,
        'A1:A2,B1:B5,,,"count"': 3.0,
        'A1,"Kunden Süd",,"site","count"': 4.0,
        'A1:A2,,,,"count"': 7.0,
    }
    for row, arguments in enumerate(counts, 1):
        sheet.enter(f"E{row}", f"=OF_NEW({arguments})")
    sheet.enter("G1", '=OF_NEW(A1,B1:B5,"rank,name")')
    sheet.enter("K1", '=OF_NEW(A1,C1,"name",,"why")')
    excel.pump(lambda: all(isinstance(sheet.value(f"E{row}"), float) for row in range(1, 9)))
    assert [sheet.value(f"E{row}") for row in range(1, 9)] == list(counts.values())
    excel.pump(lambda: len(sheet.block("G1")) == 5 and len(sheet.block("K1")) == 9)
    assert [list(row) for row in sheet.block("G1")] == [
        ["rank", "name", "tier"],
        [3.0, "Cedar", "new"],
        [4.0, "Elm", "new"],
        [6.0, "Müller", "new"],
        [7.0, "Oak", "not comparable"],
    ]
    why = [list(row) for row in sheet.block("K1")]
    assert (why[0], why[3], why[6]) == (
        ["name", "tier", "known"],
        ["Cedar", "host", "Jo"],
        ["Müller", "site", "Jo"],
    )
    assert why[-1][0] == "5 of 7 are new; 1 of these has a known site; 1 cannot be compared"


def test_domains_have_the_shape_of_their_range(sheet: Sheet, excel: FakeExcel) -> None:
    written = (
        "https://www.Acme.com/de",
        "Jo <jo@MÜLLER.de>",
        None,
        "#N/A",
        "linkedin.com/company/M%C3%BCller-AG/about",
    )
    sheet.type("A1", [[cell, "n/a"] for cell in written])
    sheet.enter("A4", "=#N/A")
    sheet.enter("D1", "=OF_DOMAIN(A1:B5)")
    sheet.enter("G1", '=OF_DOMAIN(A1:A5,"linkedin")')
    sheet.enter("H1", '=OF_DOMAIN("https://shop.acme.co.uk/basket","site")')
    excel.pump(lambda: sheet.value("H1") == "acme.co.uk" and sheet.value("D1") == "acme.com")
    assert [list(row) for row in sheet.block("D1")] == [
        [host, ""] for host in ("acme.com", "müller.de", "", "#N/A", "")
    ]
    assert [list(row) for row in sheet.block("G1")] == [[""], [""], [""], ["#N/A"], ["müller-ag"]]


def test_cells_follow_a_list_that_is_set_changed_and_removed(sheet: Sheet, excel: FakeExcel, lists: KnownLists) -> None:
    sheet.type("A1", JOB.job_id)
    sheet.enter("B1", '=OF_NEW(A1,"Partner",,,"count")')
    sheet.enter("D1", '=OF_NEW(A1,"Partner","name")')
    excel.pump(lambda: str(sheet.value("B1")).startswith(UNKNOWN))
    keep(lists, "partner", "birch.com")
    excel.pump(lambda: sheet.value("B1") == 5.0 and sheet.value("D2") == "Alder")
    keep(lists, "partner", "alder.com", "birch.com")
    excel.pump(lambda: sheet.value("B1") == 4.0 and sheet.value("D2") == "Cedar")
    lists.remove("Partner")
    excel.pump(lambda: str(sheet.value("B1")).startswith(UNKNOWN))


def test_the_new_companies_of_a_running_job_follow_it(
    sheet: Sheet, excel: FakeExcel, service: Simulator, clock: ManualClock, lists: KnownLists
) -> None:
    known = [str(row["domain"]) for row in companies(50) if row["domain"]]
    keep(lists, "crm", *known)
    running = SimulatedJob(companies(450), job_id="running-companies", pending=100, running=1_000, page_size=100)
    service.add(running)
    sheet.type("A1", running.job_id)
    sheet.enter("B1", '=OF_NEW(A1,"crm",,,"count")')
    sheet.enter("B2", "=OF_STATUS(A1)")
    sheet.enter("D1", '=OF_NEW(A1,"crm","rank")')
    excel.pump(lambda: sheet.value("B2") == "pending")
    assert not isinstance(sheet.value("B1"), float)
    clock.sleep(600)
    excel.pump(lambda: isinstance(sheet.value("B1"), float) and len(sheet.block("D1")) > 2)
    shown = sheet.value("B1")
    assert isinstance(shown, float)
    assert 0 < shown < 350
    clock.sleep(600)
    comparable = [row for row in running.rows if row["domain"]]  # the list has no LinkedIn pages
    excel.pump(lambda: sheet.value("B1") == float(len(comparable) - len(known)))
    excel.pump(lambda: len(sheet.block("D1")) == 1 + len(running.rows) - len(known))
