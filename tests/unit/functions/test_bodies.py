"""What the OF_ functions answer, over a real fetcher and the simulated service."""

from __future__ import annotations

import pytest

from tests.unit.functions.conftest import MakeOffice
from xl_openfunnel import table
from xl_openfunnel.functions import bodies
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.catalog import INFO_FIELDS
from xl_openfunnel.functions.edge import UNEXPECTED, answer
from xl_openfunnel.functions.look import Look
from xl_openfunnel.simulator import SimulatedJob, companies


def test_a_status_is_loading_before_the_first_answer_and_the_services_word_after(office: MakeOffice) -> None:
    job = SimulatedJob(companies(120))
    here = office(job, limit=0.5)
    assert bodies.status(here.look(), job.job_id) == [["loading"]]
    assert here.service.received == []
    here.fetcher._clock.allow(1e6)  # type: ignore[attr-defined]
    here.fetcher.wait(job.job_id)
    assert bodies.status(here.look(), job.job_id) == [["completed"]]


def test_statuses_come_in_the_shape_of_the_range(office: MakeOffice) -> None:
    job = SimulatedJob(companies(5))
    here = office(job)
    here.fetcher.wait(job.job_id)
    given = ((job.job_id, None), (" ", f"  {here.service.base_url}/jobs/{job.job_id} "))
    assert bodies.status(here.look(), given) == [["completed", ""], ["", "completed"]]


def test_what_is_no_job_is_said_in_its_own_cell_without_a_request(office: MakeOffice) -> None:
    here = office(SimulatedJob(companies(5)))
    ((no_id,), (error,), (flag,)) = bodies.status(here.look(), (("a b",), (CellError("#N/A"),), (True,)))
    assert str(no_id).startswith("#OF! 'a b' is no job id")
    assert str(error).startswith("#OF! The cell with the job holds #N/A")
    assert flag == "loading"  # TRUE has the form of an id: only the service can know
    assert all("a b" not in received.path for received in here.service.received)


def test_rows_are_the_frame_as_a_block(office: MakeOffice) -> None:
    job = SimulatedJob(companies(250))
    here = office(job)
    seen = here.fetcher.wait(job.job_id)
    expected = table.block(seen.frame(list(table.DEFAULT_COLUMNS)), text_limit=255)
    assert bodies.rows(here.look(), job.job_id) == expected
    pairs = [[row["domain"], row["name"]] for row in job.rows]
    assert bodies.rows(here.look(), job.job_id, "domain; Name", False) == pairs


def test_rows_of_several_jobs_are_stacked_behind_their_ids(office: MakeOffice) -> None:
    first, second = SimulatedJob(companies(3)), SimulatedJob(companies(2), job_id="other")
    here = office(first, second)
    for job in (first, second):
        here.fetcher.wait(job.job_id)
    block = bodies.rows(here.look(), ((first.job_id,), (None,), ("other",)), "name")
    assert block == [
        ["job_id", "name"],
        *([first.job_id, row["name"]] for row in first.rows),
        *(["other", row["name"]] for row in second.rows),
    ]


def test_a_job_without_rows_says_why_at_full_width(office: MakeOffice) -> None:
    here = office(SimulatedJob(companies(5)), limit=0.5)
    header, why = bodies.rows(here.look(), "unknown-job")
    assert header == list(table.DEFAULT_COLUMNS)
    assert why == ["loading", "", "", "", "", "", ""]


def test_information_is_a_list_a_value_or_a_row_per_job(office: MakeOffice) -> None:
    job = SimulatedJob(companies(5))
    here = office(job)
    here.fetcher.wait(job.job_id)
    everything = bodies.information(here.look(), job.job_id)
    assert [name for name, _ in everything] == list(INFO_FIELDS)
    assert ["rows", 5.0] in everything
    assert bodies.information(here.look(), job.job_id, "Final") == [[True]]
    assert bodies.information(here.look(), ((job.job_id,), (None,)), "status,rows") == [["completed", 5.0], ["", ""]]


def test_one_company_is_found_by_rank_and_domain(office: MakeOffice) -> None:
    job = SimulatedJob(companies(5))
    here = office(job)
    here.fetcher.wait(job.job_id)
    assert bodies.lookup(here.look(), job.job_id, 2.0, "name") == [[job.rows[1]["name"]]]
    assert bodies.lookup(here.look(), job.job_id, job.rows[3]["domain"], "rank") == [[4.0]]
    assert bodies.lookup(here.look(), job.job_id, "nobody.example", "name", "none") == [["none"]]
    ((said,),) = bodies.lookup(here.look(), job.job_id, "nobody.example", "name")
    assert said == "#OF! The job has no company 'nobody.example'."


def test_a_pivot_counts_every_company_once(office: MakeOffice) -> None:
    job = SimulatedJob(companies(40))
    here = office(job)
    here.fetcher.wait(job.job_id)
    block = bodies.pivot(here.look(), job.job_id, "country")
    assert block[0] == ["country", "companies"]
    assert block[-1] == ["Total", 40.0]


def test_a_thousand_and_one_jobs_are_refused_in_words(office: MakeOffice) -> None:
    here = office(SimulatedJob(companies(1)))
    block = answer("OF_STATUS", bodies.status, here.look(), tuple((f"job{n}",) for n in range(1001)))
    assert block == [["#OF! That range names 1,001 jobs, and one formula takes 1,000 at most. Give a smaller range."]]


def test_a_fault_of_ours_is_one_text_and_a_line_in_the_log(
    office: MakeOffice, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(look: Look) -> bodies.Block:
        raise ZeroDivisionError("inside")

    here = office(SimulatedJob(companies(1)))
    assert answer("OF_STATUS", broken, here.look()) == [[UNEXPECTED]]
    assert "OF_STATUS failed" in caplog.text


def test_the_jobs_seen_here_are_listed(office: MakeOffice) -> None:
    job = SimulatedJob(companies(3))
    here = office(job)
    here.fetcher.wait(job.job_id)
    assert here.store
    here.store.label(job.job_id, "Germany Q3")
    header, line = bodies.listing(here.look())
    assert header[:4] == ["job_id", "label", "status", "rows"]
    assert line[:4] == [job.job_id, "Germany Q3", "completed", 3.0]
    assert bodies.status(here.look(), "germany q3") == [["completed"]]
    assert bodies.information(here.look(), "Germany Q3", "label") == [["Germany Q3"]]


def test_credits_are_asked_for_once_a_minute_however_many_cells_ask(office: MakeOffice) -> None:
    here = office(SimulatedJob(companies(1)))
    bodies.credits_known(here.look())
    known = here.balance._ask()
    before = len(here.service.received)
    assert bodies.credits_known(here.look()) == [[known.left]]
    assert bodies.credits_known(here.look(), "Total") == [[known.total]]
    assert len(here.service.received) == before
    here.balance._clock.sleep(60)  # type: ignore[attr-defined]
    bodies.credits_known(here.look())
    assert len(here.service.received) == before + 1


def test_why_credits_are_not_known_is_said(office: MakeOffice) -> None:
    here = office(SimulatedJob(companies(1)), api_key="of_wrong_key_0000")
    ((said,),) = answer("OF_CREDITS", bodies.credits_known, here.look())
    assert str(said).startswith("#OF! The API key")
