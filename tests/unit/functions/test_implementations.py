"""The OF_ functions with a real fetcher and the simulated service."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.unit.functions.conftest import MakeServices, locked_by_another_program
from xl_openfunnel import table
from xl_openfunnel.cell_values import MAX_CELL_UNITS, Block, NotAvailable
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.functions import derived_tables, implementations
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.context import JOBS, NO_STORE, STORE_BUSY, CallContext
from xl_openfunnel.functions.implementations import UNEXPECTED, evaluate
from xl_openfunnel.functions.info import INFO_FIELDS
from xl_openfunnel.jobs.snapshot import NO_ROWS
from xl_openfunnel.simulator import SimulatedJob, companies


def test_status_is_loading_until_the_first_response(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(120))
    services = make_services(job, limit=0.5)
    assert implementations.status(services.context(), job.job_id) == [["loading"]]
    assert services.simulator.received == []
    services.fetcher.clock.allow(1e6)  # type: ignore[attr-defined]
    services.fetcher.wait(job.job_id)
    assert implementations.status(services.context(), job.job_id) == [["completed"]]


def test_statuses_have_the_shape_of_the_range(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(5))
    services = make_services(job)
    services.fetcher.wait(job.job_id)
    values = ((job.job_id, None), (" ", f"  {services.simulator.base_url}/jobs/{job.job_id} "))
    assert implementations.status(services.context(), values) == [["completed", ""], ["", "completed"]]


def test_an_invalid_job_gives_an_error_in_its_own_cell_without_a_request(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(5)))
    values = ("a b", CellError("#N/A"), True, 12.0, "Running", "loading", "starting")
    no_id, error, flag, number, status, loading, starting = (
        str(message) for (message,) in implementations.status(services.context(), [[g] for g in values])
    )
    assert no_id.startswith("#OF! 'a b' is no job id")
    assert error == "#OF! The cell with the job holds #N/A. Fix that cell first."
    assert flag == "#OF! TRUE is no job. Give the job's id, its URL or its label."
    assert number == "#OF! 12 is no job. Give the job's id, its URL or its label."
    assert status.startswith("#OF! 'Running' is what a cell shows of a job, and no job.")
    assert loading.startswith("#OF! 'loading' is what a cell shows of a job, and no job.")
    assert starting.startswith("#OF! 'starting' is what a cell shows of a job, and no job.")
    assert services.simulator.received == []


def test_a_pasted_job_is_one_job_for_all_cells_and_one_entry_of_the_ledger(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(5)))
    services.fetcher.wait(job.job_id)
    typographic = job.job_id.replace("-", "\u2011")
    pasted = (
        *(job.job_id, job.job_id.upper(), f"\u200b“{job.job_id}”", f"Job {typographic},"),
        *(f"https://h.example/jobs/{job.job_id}/page_2", f"#{job.job_id}", f"h.example/?job_id={job.job_id.upper()}"),
    )
    assert implementations.status(services.context(), [[text] for text in pasted]) == [["completed"]] * len(pasted)
    error = implementations.status(services.context(), f"#OF! There is no job {job.job_id} for this API key")
    assert str(error[0][0]).startswith("#OF! The cell with the job holds #OF! There is no job")
    assert services.store
    assert [entry.job_id for entry in services.store.ledger()] == [job.job_id]


def test_a_misspelt_label_is_answered_with_similar_ones_and_nothing_depends_on_them(
    make_services: MakeServices,
) -> None:
    services = make_services(job := SimulatedJob(companies(5)))
    services.fetcher.wait(job.job_id)
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    context = services.context()
    wrong = ["Germny Q3!", "\u2067Köln\u2069 Q3", f"{job.job_id[1:]} x"] + ["Germny Q3!"] * 999
    shown = [str(cell) for (cell,) in implementations.status(context, [[text] for text in wrong[:1000]])]
    assert shown[0] == (
        "#OF! 'Germny Q3!' is no job id, no job's URL and no label known here. Did you mean 'Germany Q3'?"
    )
    assert "'[U+2067]Köln[U+2069] Q3' is no job id" in shown[1]
    assert shown[2].endswith(f"Did you mean '{job.job_id}'?")
    assert shown[999].endswith("Copy the id from OpenFunnel.")
    assert context.dependencies == {}


def test_the_beginning_of_an_id_names_its_job_in_cells_too(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(5, seed=1))
    services = make_services(job)
    assert services.store
    services.store.label(job.job_id, None)
    for text in (job.job_id[:8], job.job_id[:13].upper() + "…"):
        assert services.context().job_id(text) == job.job_id
    services.store.label(job.job_id[:8] + "-other", None)
    assert evaluate("OF_STATUS", implementations.status, services.context(), job.job_id[:8])[0][0] == (
        f"#OF! '{job.job_id[:8]}' begins the ids of 2 jobs. Give more of the id."
    )


def test_a_label_can_be_a_number_or_a_status(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(5)), SimulatedJob(companies(5), job_id="other"))
    for job_id, label in ((job.job_id, "2026"), ("other", "running")):
        services.fetcher.wait(job_id)
        assert services.store
        services.store.label(job_id, label)
    assert implementations.status(services.context(), [[2026.0, "running"]]) == [["completed", "completed"]]


def test_rows_are_the_frame_as_a_block(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(250))
    services = make_services(job)
    seen = services.fetcher.wait(job.job_id)
    expected = table.block(seen.frame(list(DEFAULT_COLUMNS)), text_limit=255)
    assert implementations.rows(services.context(), job.job_id) == expected
    pairs = [[row["domain"], row["name"]] for row in job.rows]
    assert implementations.rows(services.context(), job.job_id, "domain; Name", False) == pairs


def test_rows_of_several_jobs_are_stacked_behind_their_ids(make_services: MakeServices) -> None:
    first, second = SimulatedJob(companies(3)), SimulatedJob(companies(2), job_id="other")
    services = make_services(first, second)
    for job in (first, second):
        services.fetcher.wait(job.job_id)
    block = implementations.rows(services.context(), ((first.job_id,), (None,), ("other",)), "name")
    assert block == [
        ["job_id", "name"],
        *([first.job_id, row["name"]] for row in first.rows),
        *(["other", row["name"]] for row in second.rows),
    ]


def test_a_column_of_some_jobs_is_blank_for_the_others(make_services: MakeServices) -> None:
    rows = companies(4)
    old, new = rows[:2], [{**row, "Tech_Stack": f"stack {place}"} for place, row in enumerate(rows[2:])]
    services = make_services(
        SimulatedJob(old, job_id="old"), SimulatedJob(new, job_id="new"), SimulatedJob([], job_id="none")
    )
    for job_id in ("old", "new", "none"):
        services.fetcher.wait(job_id)
    for jobs in (["old", "new", "none"], ["new", "none", "old"]):
        header, *lines = implementations.rows(services.context(), jobs, "tech_stack,name")
        assert [str(name).casefold() for name in header] == ["job_id", "tech_stack", "name"]
        assert sorted(map(tuple, lines)) == [
            ("new", "stack 0", rows[2]["name"]),
            ("new", "stack 1", rows[3]["name"]),
            ("none", "completed: no companies", ""),
            *sorted(("old", "", row["name"]) for row in old),
        ]
    for jobs in (["old", "new"], ["old"]):
        ((message,),) = evaluate("OF_ROWS", implementations.rows, services.context(), jobs, "tech_stack,nmae,name")
        missing = "nmae" if len(jobs) > 1 else "tech_stack"
        assert str(message).startswith(f"#OF! There is no column {missing!r}.")


def test_a_job_named_in_several_ways_gives_its_rows_once(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    named = ["germany q3", f"{services.simulator.base_url}/jobs/{job.job_id}", job.job_id, job.job_id]
    assert implementations.rows(services.context(), [named], "rank", False) == [
        [job.job_id, rank] for rank in (1.0, 2.0, 3.0)
    ]
    assert implementations.pivot(services.context(), [named], "country")[-1] == ["Total", 3.0]


def test_fields_of_several_jobs_with_equal_beginnings_stay_separate(make_services: MakeServices) -> None:
    name = "x" * 300
    both, one = [{f"{name}1": "a", f"{name}2": "b"}], [{f"{name}2": "c"}]
    services = make_services(SimulatedJob(both, job_id="both"), SimulatedJob(one, job_id="one"))
    for job_id in ("both", "one"):
        services.fetcher.wait(job_id)
    cut = "x" * 254 + "…"
    block = implementations.rows(services.context(), [["both", "one"]], "*")
    assert block == [["job_id", "rank", cut, cut], ["both", 1.0, "a", "b"], ["one", 1.0, "", "c"]]
    assert implementations.rows(services.context(), "both", "*") == [["rank", cut, cut], [1.0, "a", "b"]]


def test_an_invalid_job_is_not_shown_as_a_job_id(make_services: MakeServices) -> None:
    services = make_services()
    block = implementations.rows(services.context(), [["of_not_for_a_sheet", "a b"]], "name", False)
    assert [line[0] for line in block] == ["", ""]
    assert "of_not_for_a_sheet" not in str(block)


def test_a_job_without_rows_shows_the_reason_at_full_width(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(5)), limit=0.5)
    header, why = implementations.rows(services.context(), "unknown-job")
    assert header == list(DEFAULT_COLUMNS)
    assert why == ["loading", "", "", "", "", "", ""]


def test_information_is_a_list_a_value_or_a_row_per_job(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(5))
    services = make_services(job)
    services.fetcher.wait(job.job_id)
    everything = implementations.information(services.context(), job.job_id)
    assert [name for name, _ in everything] == list(INFO_FIELDS)
    assert ["rows", 5.0] in everything
    assert implementations.information(services.context(), job.job_id, "Final") == [[True]]
    assert implementations.information(services.context(), ((job.job_id,), (None,)), "status,rows") == [
        ["completed", 5.0],
        ["", ""],
    ]


@pytest.mark.parametrize("field", ["rows", "pages", "final", "provisional"])
def test_before_the_first_response_no_field_claims_a_value(make_services: MakeServices, field: str) -> None:
    services = make_services(SimulatedJob(companies(5)), limit=0.5)
    assert implementations.information(services.context(), "job1", field) == [["loading"]]
    services = make_services(api_key="of_wrong_key_0000")
    services.fetcher.wait("job1")
    ((message,),) = implementations.information(services.context(), "job1", field)
    assert str(message).startswith("#OF! The API key")


def test_a_failed_job_is_final_with_its_problem_and_progress(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(250), ending="failed", error_message="Broke."))
    services.fetcher.wait(job.job_id)
    (fields,) = implementations.information(services.context(), [[job.job_id]], "final,rows,progress,problem")
    assert fields == [True, 100.0, "failed after 100 companies", "The job failed: Broke."]


def test_an_unknown_field_is_refused_with_suggestions(make_services: MakeServices) -> None:
    services = make_services()
    for values, message in (
        ("progres", "There is no field 'progres'. Did you mean progress"),
        ("xyz", f"There is no field 'xyz'. There are {', '.join(INFO_FIELDS)}."),
        (5.0, "5 is no field."),
        (CellError("#REF!"), "The cell with the fields holds #REF!."),
    ):
        ((text,),) = evaluate("OF_INFO", implementations.information, services.context(), "job1", values)
        assert str(text).startswith(f"#OF! {message}")
        assert len(str(text)) <= 255


def test_one_company_is_found_by_rank_and_domain(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(5))
    services = make_services(job)
    services.fetcher.wait(job.job_id)
    assert implementations.lookup(services.context(), job.job_id, 2.0, "name") == [[job.rows[1]["name"]]]
    assert implementations.lookup(services.context(), job.job_id, job.rows[3]["domain"], "rank") == [[4.0]]
    assert implementations.lookup(services.context(), job.job_id, "nobody.example", "name", "none") == [["none"]]
    ((message,),) = implementations.lookup(services.context(), job.job_id, "nobody.example", "name")
    assert message == "#OF! The job has no company 'nobody.example'."


def test_lookup_of_a_blank_key_is_blank(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(5)))
    services.fetcher.wait(job.job_id)
    for otherwise in (None, "none"):
        assert implementations.lookup(services.context(), job.job_id, [[None, "", "  "]], "name", otherwise) == [
            ["", "", ""]
        ]


def test_lookup_says_that_a_company_may_still_come_while_the_job_runs(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(500), running=1000.0), limit=600.0)
    services.fetcher.wait(job.job_id, until=lambda snapshot: len(snapshot.rows) > 0)
    context = services.context()
    ((message,),) = implementations.lookup(context, job.job_id, "nobody.example", "name")
    assert message == "#OF! The job has no company 'nobody.example' yet: the job is still running."
    (seen,) = context.dependencies.values()
    assert not seen.stale
    services.fetcher.clock.allow(1e6)  # type: ignore[attr-defined]
    services.fetcher.wait(job.job_id)
    assert seen.stale
    ((message,),) = implementations.lookup(services.context(), job.job_id, "nobody.example", "name")
    assert message == "#OF! The job has no company 'nobody.example'."


def test_a_company_that_a_final_job_does_not_have_is_not_available(make_services: MakeServices) -> None:
    message = "#OF! The job has no company 'nobody.example'."
    row = {"name": message, "domain": "acme.example", "match_reason": "#N/A"}
    services = make_services(job := SimulatedJob([row, {"domain": "b.example"}]))
    services.fetcher.wait(job.job_id)

    def cells(key: object, column: str = "name", *default: object) -> Block:
        return implementations.lookup(services.context(), job.job_id, key, column, *default)

    assert cells("nobody.example") == [[message]]
    kinds = [[type(cell) for cell in line] for line in cells([["nobody.example", 1.0, None], [2.0, 3.0, True]])]
    assert kinds == [[NotAvailable, str, str], [str, NotAvailable, str]]
    assert type(cells("acme.example")[0][0]) is type(cells("acme.example", "match_reason")[0][0]) is str
    assert type(cells("nobody.example", "name", message)[0][0]) is str
    ((given,),) = cells("nobody.example", "name", CellError("#N/A"))
    assert isinstance(given, NotAvailable)


def test_a_company_is_not_available_only_where_the_job_is_final(make_services: MakeServices) -> None:
    jobs = {
        "none": SimulatedJob([], "none"),
        "bad": SimulatedJob([], "bad", ending="failed"),
        "slow": SimulatedJob(companies(500), "slow", running=1000.0),
        "short": SimulatedJob(companies(5), "short", manifest={"count": 6}),
    }
    services = make_services(*jobs.values(), limit=600.0)
    for name in ("none", "bad", "short"):
        services.fetcher.wait(name)
    services.fetcher.wait("slow", until=lambda snapshot: len(snapshot.rows) > 0)
    shown = {name: implementations.lookup(services.context(), name, "x.example", "name")[0][0] for name in jobs}
    assert [name for name, cell in shown.items() if isinstance(cell, NotAvailable)] == ["none"]
    assert shown["none"] == "completed: no companies"
    assert implementations.lookup(services.context(), "none", [["x.example", None]], "name", "-") == [["-", ""]]


def test_an_error_as_if_not_found_is_shown_as_text(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(5)))
    services.fetcher.wait(job.job_id)
    assert implementations.lookup(services.context(), job.job_id, "nobody.example", "name", CellError("#N/A")) == [
        ["#N/A"]
    ]
    assert implementations.lookup(services.context(), job.job_id, 1.0, "rank", CellError("#N/A")) == [[1.0]]


def test_a_long_text_is_complete_in_one_cell_and_cut_in_a_block(make_services: MakeServices) -> None:
    row = {**companies(1)[0], "match_reason": "x" * 300}
    services = make_services(job := SimulatedJob([row]))
    services.fetcher.wait(job.job_id)
    cut = "x" * 254 + "…"
    assert implementations.lookup(services.context(), job.job_id, 1.0, "match_reason") == [["x" * 300]]
    assert implementations.lookup(services.context(), job.job_id, [[1.0, 1.0]], "match_reason") == [[cut, cut]]
    assert implementations.rows(services.context(), job.job_id, "match_reason", False) == [[cut]]


def test_a_host_that_takes_long_texts_in_blocks_gets_them(make_services: MakeServices) -> None:
    row = {**companies(1)[0], "match_reason": "x" * 300}
    services = make_services(job := SimulatedJob([row]))
    services.fetcher.wait(job.job_id)
    for units, shown in ((MAX_CELL_UNITS, "x" * 300), (255, "x" * 254 + "…")):
        context = CallContext(services, units)
        assert implementations.rows(context, job.job_id, "match_reason", False) == [[shown]]
        assert implementations.lookup(context, job.job_id, [[1.0, 1.0]], "match_reason") == [[shown, shown]]


def test_lookup_of_many_keys_converts_a_column_once(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = make_services(job := SimulatedJob(companies(20)))
    services.fetcher.wait(job.job_id)
    calls, block = [], table.block

    def counted(*values: Any, **named: Any) -> Any:
        calls.append(values)
        return block(*values, **named)

    monkeypatch.setattr(table, "block", counted)
    ranks = [[float(number)] for number in range(1, 21)]
    assert implementations.lookup(services.context(), job.job_id, ranks, "name", "none") == [
        [row["name"]] for row in job.rows
    ]
    assert len(calls) == 1


def test_an_unknown_column_is_searched_for_once(make_services: MakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)

    def shown() -> list[str]:
        blocks = [
            evaluate("OF_LOOKUP", implementations.lookup, services.context(), job.job_id, 1.0, "nmae"),
            evaluate("OF_ROWS", implementations.rows, services.context(), job.job_id, "nmae"),
            evaluate("OF_PIVOT", implementations.pivot, services.context(), job.job_id, "nmae"),
        ]
        return [str(block[0][0]) for block in blocks]

    before = shown()
    assert {text.partition(".")[0] for text in before} == {"#OF! There is no column 'nmae'"}
    monkeypatch.setattr(table, "frame", None)
    assert shown() == before


def test_a_dashboard_of_many_jobs_reads_each_jobs_rows_once(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = make_services(*(SimulatedJob(companies(3), job_id=f"job{number}") for number in range(20)))
    for number in range(20):
        services.fetcher.wait(f"job{number}")
    calls, frame = [], table.frame

    def counted(*values: Any, **named: Any) -> Any:
        calls.append(values)
        return frame(*values, **named)

    monkeypatch.setattr(table, "frame", counted)

    def calculate() -> None:
        for rank in (1.0, 2.0):  # as Excel fills down: cell by cell from job to job
            for number in range(20):
                for column in ("name", "domain", "country"):
                    implementations.lookup(services.context(), f"job{number}", rank, column)
                implementations.rows(services.context(), f"job{number}")
                implementations.pivot(services.context(), f"job{number}", "country")

    calculate()
    assert len(calls) == 20 * (1 + 3 + 1 + 1)
    calculate()
    assert len(calls) == 20 * (1 + 3 + 1 + 1)


def test_a_pivot_counts_every_company_once(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(40))
    services = make_services(job)
    services.fetcher.wait(job.job_id)
    block = implementations.pivot(services.context(), job.job_id, "country")
    assert block[0] == ["country", "companies"]
    assert block[-1] == ["Total", 40.0]


def test_a_pivot_of_several_jobs_names_the_excluded_ones(make_services: MakeServices) -> None:
    done, pending = SimulatedJob(companies(4)), SimulatedJob(companies(9), job_id="later", pending=1e6)
    failed = SimulatedJob(companies(9), job_id="broken", ending="failed", delivered=0.0, error_message="No seeds.")
    services = make_services(done, pending, failed, SimulatedJob([], job_id="none-found"), limit=100.0)
    for job_id in (done.job_id, "broken", "none-found"):
        services.fetcher.wait(job_id)
    services.fetcher.wait("later", until=lambda snapshot: snapshot.status is not None)
    alone = implementations.pivot(services.context(), done.job_id, "country", "employee_band")
    named = [[done.job_id, "later", "none-found"], ["broken", "a b", None]]
    *block, below = implementations.pivot(services.context(), named, "country", "employee_band")
    assert block == alone
    message = (
        "#OF! 3 of 5 jobs are not counted: later: pending; broken: The job failed: No seeds.; 'a b' is no job id, "
    )
    assert str(below[0]).startswith(message)
    assert below[1:] == [""] * (len(alone[0]) - 1)
    assert implementations.pivot(services.context(), [[done.job_id, "none-found"]], "country", "employee_band") == alone
    last = implementations.pivot(services.context(), [[done.job_id, "later"]], "country")[-1]
    assert last == ["#OF! 1 of 2 jobs is not counted: later: pending", ""]
    assert implementations.pivot(services.context(), [["later", "broken"]], "country") == [["pending"]]


def test_1001_jobs_are_refused(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(1)))
    block = evaluate("OF_STATUS", implementations.status, services.context(), tuple((f"job{n}",) for n in range(1001)))
    assert block == [["#OF! That range names 1,001 jobs, and one formula takes 1,000 at most. Give a smaller range."]]


def test_the_services_own_rank_and_long_numbers_are_in_every_function(make_services: MakeServices) -> None:
    rows = [company | {"rank": 7, "crm_id": 2**53 + number} for number, company in enumerate(companies(2))]
    services = make_services(job := SimulatedJob(rows))
    services.fetcher.wait(job.job_id)
    context, ids = services.context(), [2.0**53, "9007199254740993"]
    shown = [[float(rank), 7.0, crm_id] for rank, crm_id in enumerate(ids, 1)]
    assert implementations.rows(context, job.job_id, "rank,service_rank,crm_id", False) == shown
    assert implementations.lookup(context, job.job_id, [[1, 2]], "crm_id") == [ids]
    assert implementations.pivot(context, job.job_id, "service_rank")[1] == [7.0, 2.0]


def test_pivots_are_cached_by_all_their_arguments(make_services: MakeServices) -> None:
    jobs = [SimulatedJob(companies(number), job_id=f"job{number}") for number in (30, 40)]
    services = make_services(*jobs)
    for job in jobs:
        services.fetcher.wait(job.job_id)
    usual = ("job30", "country", "employee_band", "employee_count", "sum")
    others = ("job40", "city", "hq_region", "linkedin_follower_count", "mean")
    asked = [usual, *((*usual[:place], other, *usual[place + 1 :]) for place, other in enumerate(others))]
    shown = [implementations.pivot(services.context(), *arguments) for arguments in asked]
    assert all(one != other for one, other in itertools.combinations(shown, 2))
    assert [implementations.pivot(services.context(), *arguments) for arguments in asked] == shown


def test_a_pivot_is_stale_when_the_reason_for_an_exclusion_changes(make_services: MakeServices) -> None:
    done, later = SimulatedJob(companies(4)), SimulatedJob(companies(9), job_id="later", pending=50.0, running=1e6)
    services = make_services(done, later, limit=20.0)
    services.fetcher.wait(done.job_id)
    services.fetcher.wait("later", until=lambda snapshot: snapshot.status == "pending")
    context = services.context()
    below = implementations.pivot(context, [[done.job_id, "later"]], "country")[-1]
    assert below == ["#OF! 1 of 2 jobs is not counted: later: pending", ""]
    assert not context.dependencies["later"].stale
    services.fetcher.clock.allow(100)  # type: ignore[attr-defined]
    services.fetcher.wait("later", until=lambda snapshot: snapshot.status == "running")
    assert context.dependencies["later"].stale


@pytest.mark.parametrize(
    ("limit", "name", "body", "more"),
    [
        ("functions.implementations.MAX_ROWS", "OF_ROWS", implementations.rows, ()),
        ("functions.derived_tables.MAX_PIVOT_ROWS", "OF_PIVOT", implementations.pivot, ("country",)),
    ],
)
def test_too_many_companies_are_refused_before_any_is_read(
    make_services: MakeServices,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    name: str,
    body: Any,
    more: tuple[str, ...],
) -> None:
    jobs = [SimulatedJob(companies(4), job_id=f"job{number}") for number in range(2)]
    services = make_services(*jobs)
    for job in jobs:
        services.fetcher.wait(job.job_id)

    def shown(most: int) -> str:
        monkeypatch.setattr(f"xl_openfunnel.{limit}", most)
        return str(evaluate(name, body, context, ["job0", "job1", "job0"], *more)[0][0])

    context = services.context()
    assert not shown(8).startswith("#OF!")
    monkeypatch.setattr(table, "frame", None)
    derived_tables._cache.get_or_make(
        "nothing", {"job0": NO_ROWS, "job1": NO_ROWS}, str, len
    )  # evicts the cached blocks of these jobs
    assert shown(7).startswith("#OF! These jobs have 8 companies, and one formula takes 7 at most. Give it fewer jobs")
    assert not any(dependency.stale for dependency in context.dependencies.values())


def test_jobs_with_too_many_fields_together_are_refused(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [
        SimulatedJob([{"name": "A", **{f"{job}.{field}": 1 for field in range(10)}}] * 3, job_id=job)
        for job in ("one", "two")
    ]
    services = make_services(*jobs)
    for job in jobs:
        services.fetcher.wait(job.job_id)

    def shown(job: object, columns: str | None = None) -> object:
        return evaluate("OF_ROWS", implementations.rows, services.context(), job, columns)[0][0]

    monkeypatch.setattr(table, "MAX_FIELDS", 20)
    assert shown("one", "*") == "rank"
    assert shown(["one", "two"]) == "job_id"
    assert shown(["one", "two"], "*") == (
        "#OF! That is too much for one table: 22 fields of 6 companies. Name the columns you want, for example "
        '"name,domain".'
    )


def test_an_unexpected_exception_is_one_cell_and_one_log_entry(
    make_services: MakeServices, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(context: CallContext) -> Block:
        raise ZeroDivisionError("inside")

    services = make_services(SimulatedJob(companies(1)))
    assert evaluate("OF_STATUS", broken, services.context()) == [[UNEXPECTED]]
    assert "OF_STATUS failed" in caplog.text


def test_jobs_table_lists_the_jobs_of_this_computer(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(3))
    services = make_services(job)
    services.fetcher.wait(job.job_id)
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    header, line = implementations.jobs_table(services.context())
    assert header[:4] == ["job_id", "label", "status", "rows"]
    assert line[:4] == [job.job_id, "Germany Q3", "completed", 3.0]
    assert implementations.status(services.context(), "germany q3") == [["completed"]]
    services.store.ledger = None  # type: ignore[method-assign, assignment]  # a label must not need the whole ledger
    assert implementations.information(services.context(), "Germany Q3", "label") == [["Germany Q3"]]


def test_an_unreadable_list_of_jobs_is_an_error(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    with locked_by_another_program(services.store):
        context = services.context()
        assert evaluate("OF_JOBS", implementations.jobs_table, context) == [[f"#OF! {STORE_BUSY}"]]
        assert context.dependencies[JOBS].stale  # so that the cell is calculated again
    assert context.dependencies[JOBS].stale
    assert len(implementations.jobs_table(services.context())) == 2
    services.store = None
    assert evaluate("OF_JOBS", implementations.jobs_table, services.context()) == [[f"#OF! {NO_STORE}"]]
    assert implementations.information(services.context(), job.job_id, "label") == [[""]]


def test_the_list_of_jobs_stays_while_another_program_locks_the_store(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    before, during = services.context(), services.context()
    shown = implementations.jobs_table(before)
    assert implementations.information(services.context(), job.job_id, "label") == [["Germany Q3"]]
    with locked_by_another_program(services.store):
        assert not before.dependencies[JOBS].stale
        assert evaluate("OF_JOBS", implementations.jobs_table, during) == shown
        asking = services.context()
        assert implementations.information(asking, job.job_id, "label") == [["Germany Q3"]]
        assert asking.dependencies[JOBS].stale
    assert during.dependencies[JOBS].stale  # the list may have changed
    assert not before.dependencies[JOBS].stale
    services.store.label(job.job_id, None)
    assert before.dependencies[JOBS].stale


def test_a_label_is_read_again_after_the_store_was_locked(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    assert services.store
    for label in ("Germany Q3", "germany"):  # of which one can be an id
        services.store.label(job.job_id, label)
        with locked_by_another_program(services.store):
            context = services.context()
            evaluate("OF_STATUS", implementations.status, context, label)
            assert context.dependencies[JOBS].stale
        context = services.context()
        assert evaluate("OF_STATUS", implementations.status, context, label) == [["completed"]]
        assert JOBS not in context.dependencies


def test_an_unknown_label_is_stale_while_the_store_is_locked(make_services: MakeServices) -> None:
    services = make_services()
    assert evaluate("OF_STATUS", implementations.status, services.context(), "Germany Q3") != [["completed"]]
    with locked_by_another_program(services.store):
        context = services.context()
        ((message,),) = evaluate("OF_STATUS", implementations.status, context, "Germany Q3")
    assert message == "#OF! 'Germany Q3' is no job id, and labels cannot be read just now. It is tried again by itself."
    assert context.dependencies[JOBS].stale


def test_known_labels_and_ids_work_while_the_store_is_locked(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    for named in ("Germany Q3", job.job_id):
        assert implementations.status(services.context(), named) == [["completed"]]
        with locked_by_another_program(services.store):
            context = services.context()
            assert implementations.status(context, named) == [["completed"]]
            assert JOBS not in context.dependencies


@pytest.mark.parametrize("in_its_place", ["nothing", "a file"])
def test_jobs_are_shown_without_the_folder_of_their_store(
    make_services: MakeServices, tmp_path: Path, in_its_place: str
) -> None:
    services = make_services(
        job := SimulatedJob(companies(500), running=1e6), limit=100.0, folder=tmp_path / "drive" / "folder"
    )
    services.fetcher.wait(job.job_id, until=lambda snapshot: snapshot.status is not None)
    services.fetcher.close()  # what is stored is; what is known stays
    assert services.store
    services.store.close()
    (tmp_path / "drive").rename(tmp_path / "taken away")
    if in_its_place == "a file":
        (tmp_path / "drive").write_text("no folder")
    assert evaluate("OF_STATUS", implementations.status, services.context(), job.job_id) == [["running"]]
    assert evaluate("OF_INFO", implementations.information, services.context(), job.job_id, "label") == [[""]]
    assert evaluate("OF_JOBS", implementations.jobs_table, services.context()) == [[f"#OF! {NO_STORE}"]]
    ((message,),) = evaluate("OF_STATUS", implementations.status, services.context(), "Germany Q3")
    assert str(message).startswith("#OF! 'Germany Q3' is no job id, and labels cannot be read on this computer. In a ")


def test_many_cells_request_the_credits_once_a_minute(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(1)))
    implementations.credits_table(services.context())
    known = services.credits._account.credits()
    before = len(services.simulator.received)
    assert implementations.credits_table(services.context()) == [[known.left]]
    assert implementations.credits_table(services.context(), "Total") == [[known.total]]
    assert len(services.simulator.received) == before
    services.credits._clock.sleep(60)  # type: ignore[attr-defined]
    implementations.credits_table(services.context())
    assert len(services.simulator.received) == before + 1


def test_unknown_credits_show_the_reason(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(1)), api_key="of_wrong_key_0000")
    ((message,),) = evaluate("OF_CREDITS", implementations.credits_table, services.context())
    assert str(message).startswith("#OF! The API key")


def test_an_empty_block_is_a_blank_cell(make_services: MakeServices) -> None:
    assert evaluate("OF_X", lambda _: [], CallContext(make_services())) == [[""]]


def test_a_label_that_looks_like_an_api_key_is_not_looked_up(make_services: MakeServices) -> None:
    services = make_services()
    assert services.store is not None
    services.store.label("job", "of_live_0123456789")
    (shown,) = evaluate("OF_STATUS", implementations.status, CallContext(services), "of_live_0123456789")
    assert "holds an API key" in str(shown[0])
    assert "0123456789" not in str(shown[0])


@pytest.mark.parametrize(
    "given", ["of_live_0123456789", "see https://x/of_live_0123456789", "o\u200bf_live\n0123456789"]
)
def test_no_argument_that_holds_an_api_key_is_shown(make_services: MakeServices, given: str) -> None:
    job = SimulatedJob(companies(3))
    services = make_services(job)
    services.fetcher.wait(job.job_id, 60)
    good: dict[str, tuple[object, ...]] = {
        "status": (job.job_id,),
        "rows": (job.job_id, "name", True, "latest"),
        "information": (job.job_id, "status"),
        "lookup": (job.job_id, 1, "name"),
        "pivot": (job.job_id, "country", "city", "rank", "sum"),
        "credits_table": ("left",),
    }
    for name, arguments in good.items():
        for place in range(len(arguments)):
            values = [*arguments[:place], given, *arguments[place + 1 :]]
            block = evaluate(name, getattr(implementations, name), services.context(), *values)
            assert "holds an API key" in str(block)
            assert "0123456789" not in str(block)
