"""Which companies are new, in cells of LibreOffice Calc: against ranges, lists that change, and jobs that run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosts.calc.home import UserHome
from tests.hosts.calc.sheet import Sheet, add_job
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

NAMES = ("Alder", "Birch", "Cedar", "Elm", "Maple")


def company(name: str, **fields: object) -> dict[str, Any]:
    slug = name.lower()
    return {
        "name": name,
        "domain": f"{slug}.com",
        "linkedin_url": f"https://www.linkedin.com/company/{slug}",
        **fields,
    }


@pytest.fixture
def job(service: Simulator) -> SimulatedJob:
    rows = [*map(company, NAMES), company("Müller", domain="shop.müller.de"), company("Oak", domain=None)]
    return add_job(service, rows)


def keep(user: UserHome, name: str, *lines: str) -> None:
    file = user.folder / "accounts.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    done = user.run("known", "set", name, str(file), "--note", "Owner", "--yes")
    assert done.returncode == 0, done.stderr


def test_ranges_columns_lists_and_jobs_are_known(
    sheet: Sheet, service: Simulator, user: UserHome, job: SimulatedJob
) -> None:
    keep(user, "Kunden Süd", "Website,Owner", "https://www.cedar.com/de,Jo", "xn--mller-kva.de,Al")
    earlier = add_job(service, [company("Elm"), company("Alder")])
    sheet["A1"], sheet["A2"] = job.job_id, earlier.job_id
    for row, cell in enumerate(("Website", "HTTPS://www.Alder.com/", "n/a", "", "jo@birch.com; maple.com"), 1):
        sheet[f"B{row}"] = cell
    sheet["C1"], sheet["C2"] = "KUNDEN süd", earlier.job_id
    sheet["D1"] = "=OF_STATUS(A2)"
    sheet.wait_until("D1", "completed")
    calls = {
        "E1": "A1;B1:B5",
        "E2": "A1;B:B",
        "E3": 'A1;"kunden SÜD"',
        "E4": "A1;A2",
        "E5": "A1;C1:C2",
        "E6": "A1:A2;B1:B5",
        "E7": 'A1;"Kunden Süd";;"site"',
        "E8": "A1;A1",
    }
    shown = (3.0, 3.0, 5.0, 5.0, 4.0, 3.0, 4.0, 0.0)  # Oak has no domain, which is all that B1:B5 has
    for cell, arguments in calls.items():
        match = "" if arguments.count(";") > 1 else ";;"
        sheet[cell] = f'=OF_NEW({arguments}{match};"count")'
    for cell, count in zip(calls, shown, strict=True):
        sheet.wait_until(cell, count)
    sheet["G1:I5"] = '=OF_NEW(A1;B1:B5;"rank,name")'
    sheet.wait_until("G1", "rank")
    assert sheet["G1:I5"] == [
        ["rank", "name", "tier"],
        [3.0, "Cedar", "new"],
        [4.0, "Elm", "new"],
        [6.0, "Müller", "new"],
        [7.0, "Oak", "not comparable"],
    ]
    sheet["G11:I19"] = '=OF_NEW(A1;C1;"name";;"why")'
    sheet.wait_until("G19", "5 of 7 are new; 1 of these has a known site; 1 cannot be compared")
    assert sheet["G13:I14"] == [["Birch", "new", ""], ["Cedar", "host", "Jo"]]
    assert sheet["G17:I17"] == [["Müller", "site", "Al"]]
    # Calc gives no function a range with an error.
    sheet["B6"] = "=NA()"
    sheet["E9:E9"] = '=OF_NEW(A1;IFERROR(B1:B6;"");;;"count")'
    sheet.wait_until("E9", 3.0)


def test_domains_have_the_shape_of_their_range(sheet: Sheet) -> None:
    written = ["https://www.Acme.com/de", "Jo <jo@MÜLLER.de>", "", "n/a", "linkedin.com/company/M%C3%BCller-AG/about"]
    for row, cell in enumerate(written, 1):
        sheet[f"A{row}"] = cell
    sheet["B1:B5"] = "=OF_DOMAIN(A1:A5)"
    sheet["C1:C5"] = '=OF_DOMAIN(A1:A5;"linkedin")'
    sheet["D1"] = '=OF_DOMAIN("https://shop.acme.co.uk/basket";"site")'
    for cell, shown in (("B1", "acme.com"), ("C5", "müller-ag"), ("D1", "acme.co.uk")):
        sheet.wait_until(cell, shown)
    assert sheet["B1:C5"] == [["acme.com", ""], ["müller.de", ""], ["", ""], ["", ""], ["", "müller-ag"]]


def test_cells_follow_a_list_that_is_set_changed_and_removed(sheet: Sheet, user: UserHome, job: SimulatedJob) -> None:
    sheet["A1"] = job.job_id
    sheet["B1"] = '=OF_NEW(A1;"Partner";;;"count")'

    def is_unknown(shown: object) -> bool:
        return str(shown).startswith("#OF! 'Partner' is no known list and no job seen here. ")

    sheet.wait_for("B1", is_unknown)
    keep(user, "partner", "Website,Owner", "birch.com,Jo")
    sheet.wait_until("B1", 5.0)
    sheet["D1:E10"] = '=OF_NEW(A1;"Partner";"name")'
    sheet.wait_until("D2", "Alder")
    keep(user, "partner", "Website,Owner", "alder.com,Jo", "birch.com,Jo")
    sheet.wait_until("B1", 4.0)
    sheet.wait_until("D2", "Cedar")
    assert user.run("known", "remove", "Partner").returncode == 0
    sheet.wait_for("B1", is_unknown)


def test_the_new_companies_of_a_running_job_follow_it(
    sheet: Sheet, service: Simulator, user: UserHome, clock: ManualClock
) -> None:
    known = [f"{row['domain']},Jo" for row in companies(50) if row["domain"]]
    keep(user, "crm", "Website,Owner", *known)
    running = add_job(service, 450, pending=100, running=1_000)
    sheet["A1"] = running.job_id
    sheet["B1"] = '=OF_NEW(A1;"crm";;;"count")'
    sheet["B2"] = "=OF_STATUS(A1)"
    sheet.wait_until("B2", "pending")
    assert not isinstance(sheet["B1"][0][0], float)
    clock.sleep(600)
    *_, [[count]] = sheet.wait_for("B1", lambda shown: isinstance(shown, float))
    assert 0 < float(str(count)) < 350
    clock.sleep(600)
    sheet.wait_until("B2", "completed")
    comparable = [row for row in running.rows if row["domain"]]  # the list has no LinkedIn pages
    sheet.wait_until("B1", float(len(comparable) - len(known)))
