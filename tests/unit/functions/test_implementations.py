"""The OF_ functions with a real fetcher and the simulated service."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.unit.functions.conftest import MakeServices
from xl_openfunnel import table
from xl_openfunnel.cell_values import Block
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.functions import derived_tables, implementations
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.context import CallContext
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
