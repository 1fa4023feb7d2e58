"""Which of the two ways answers a pivot, or chooses companies: the files of columns, or the rows."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.functions.conftest import MakeServices, SimulatedServices
from xl_openfunnel import table
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import maker
from xl_openfunnel.columns import pivot as column_pivot
from xl_openfunnel.columns.schema import IrregularError
from xl_openfunnel.errors import ConfigurationError, UnknownColumnError
from xl_openfunnel.functions import derived_tables, implementations, limits
from xl_openfunnel.functions.cache import DerivedCache
from xl_openfunnel.simulator import SimulatedJob, companies

FIELDS = ("country,employee_band", "industries")


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())


@pytest.fixture
def services(make_services: MakeServices) -> SimulatedServices:
    """Two finished jobs without columns, in a store whose columns are made when they are asked for."""
    jobs = [SimulatedJob(companies(40 + 20 * number, seed=number), job_id=f"job{number}") for number in range(2)]
    services = make_services(*jobs)
    for job in jobs:
        services.fetcher.wait(job.job_id)
    assert services.store is not None
    services.columns = maker.connect(services.store)
    return services


def pivot(services: SimulatedServices, *more: Any) -> Block:
    return implementations.pivot(services.context(), [["job0", "job1"]], *(more or FIELDS))


def make_files(services: SimulatedServices) -> list[Path]:
    assert services.columns is not None
    snapshots = [services.fetcher.watch(f"job{number}") for number in range(2)]
    return [services.columns.folder.make(each.job_id, each.rows, each.as_of) for each in snapshots]


def test_files_of_columns_answer_where_all_jobs_have_one(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [FIELDS, ("job_id", "country"), ("rank", "job_id", None, None, "job_id<>x; rank<=9")]
    from_rows = [pivot(services, *question) for question in questions]
    make_files(services)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    monkeypatch.setattr(table, "_frame", None)
    assert [pivot(services, *question) for question in questions] == from_rows


@pytest.fixture
def running(make_services: MakeServices, monkeypatch: pytest.MonkeyPatch) -> SimulatedServices:
    """A finished job and a running one, with more companies together than pandas may be asked for."""
    endless = SimulatedJob(companies(60, seed=2), "job1", ending="running", delivered=1.0, page_size=20)
    services = make_services(SimulatedJob(companies(40, seed=1), "job0"), endless, limit=300.0)
    services.fetcher.wait("job0")
    services.fetcher.wait("job1", until=lambda seen: len(seen.rows) == len(endless.rows))
    services.columns = maker.connect(services.store)
    monkeypatch.setattr(derived_tables, "MAX_FRAME_ROWS", 99)
    return services


def test_a_running_job_has_columns_while_a_question_about_many_companies_is_answered(
    running: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert running.columns
    folder = running.columns.folder.path
    with monkeypatch.context() as context:
        context.setattr(derived_tables, "MAX_FRAME_ROWS", 100)
        from_rows = pivot(running), selected(running), pivot(running, *FIELDS, None, None, CRITERIA)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    monkeypatch.setattr(table, "_frame", None)
    assert (pivot(running), selected(running), pivot(running, *FIELDS, None, None, CRITERIA)) == from_rows
    assert [path.suffix for path in folder.iterdir()] == [".parquet"]


def test_rows_answer_where_a_running_job_is_irregular(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*companies(3), {"name": "Odd", "employee_count": "51-200"}]
    endless = SimulatedJob(rows, "job0", ending="running", delivered=1.0, page_size=2)
    services = make_services(endless, SimulatedJob(companies(2), "job1"), limit=300.0)
    services.fetcher.wait("job0", until=lambda seen: len(seen.rows) == len(rows))
    services.fetcher.wait("job1")
    services.columns = maker.connect(services.store)
    monkeypatch.setattr(derived_tables, "MAX_FRAME_ROWS", 1)
    assert pivot(services, "employee_band")[-1][-1] == 6.0


def test_many_companies_of_an_irregular_job_make_no_file_of_another(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert services.columns
    asked: list[str] = []
    monkeypatch.setattr(services.columns.folder, "is_irregular", lambda job_id, _: job_id == "job1")
    monkeypatch.setattr(services.columns.folder, "make", lambda *job: asked.append(job[0]))
    monkeypatch.setattr(derived_tables, "MAX_FRAME_ROWS", 99)
    assert pivot(services)[-1][-1] == 100.0
    assert not asked


def test_rows_answer_where_a_file_is_missing_which_is_then_made(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_files(services)
    second.unlink()
    asked = []
    assert services.columns is not None
    monkeypatch.setattr(services.columns, "make_soon", lambda *job: asked.append(job[0]))
    assert pivot(services)[-1][-1] == 100.0
    assert asked == ["job1"]
    assert first.exists()


def test_a_field_that_no_file_has_is_taken_from_the_rows(services: SimulatedServices) -> None:
    make_files(services)
    with pytest.raises(UnknownColumnError, match="There is no column 'crm_id'"):
        pivot(services, "crm_id")


def test_more_companies_than_rows_are_taken_for_wait_for_their_files(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived_tables, "MAX_PIVOT_ROWS", 99)
    monkeypatch.setattr(derived_tables, "MAX_FRAME_ROWS", 99)
    assert pivot(services)[-1][-1] == 100.0
    with pytest.raises(ConfigurationError, match="100 companies, and one formula takes 99 at most"):
        pivot(services, "crm_id")
    services.columns = None
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    with pytest.raises(ConfigurationError, match="100 companies, and one formula takes 99 at most"):
        pivot(services)


def test_rows_answer_where_files_cannot_be_read(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    files = make_files(services)
    expected = pivot(services)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    assert services.columns is not None
    monkeypatch.setattr(services.columns, "find", lambda *_: files[0].parent)
    with caplog.at_level(logging.WARNING):
        assert pivot(services) == expected
    assert "rows are used in place of their columns" in caplog.text


def test_a_file_that_is_damaged_after_it_was_checked_costs_no_answer_and_is_made_again(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_files(services)
    expected = pivot(services)
    before, whole = files[1].stat(), files[1].read_bytes()
    for size in (4, len(whole) // 2, len(whole)):  # bytes that are zero at the end: the length of the footer, it, all
        files[1].write_bytes(whole[: len(whole) - size] + bytes(size))
        os.utime(files[1], ns=(before.st_atime_ns, before.st_mtime_ns))
        monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
        assert pivot(services) == expected
        assert services.columns is not None
        snapshot = services.fetcher.watch("job1")
        assert services.columns.folder.make("job1", snapshot.rows, snapshot.as_of).read_bytes() == whole
        os.utime(files[1], ns=(before.st_atime_ns, before.st_mtime_ns))
        make_files(services)


@pytest.mark.parametrize("error", [KeyError("a code"), ValueError(), ZeroDivisionError()])
def test_no_error_of_the_fast_way_reaches_a_cell(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> Block:
        raise error

    make_files(services)
    monkeypatch.setattr(column_pivot, "pivot", fail)
    assert pivot(services)[-1][-1] == 100.0


def test_an_irregular_job_is_answered_from_its_rows(make_services: MakeServices) -> None:
    rows = [*companies(3), {"name": "Odd", "employee_count": "51-200"}]
    services = make_services(SimulatedJob(rows, job_id="job0"), SimulatedJob(companies(2), job_id="job1"))
    for number in range(2):
        services.fetcher.wait(f"job{number}")
    services.columns = maker.connect(services.store)
    with pytest.raises(IrregularError):
        make_files(services)
    assert pivot(services, "employee_band")[-1][-1] == 6.0


def test_a_pivot_that_no_cell_wants_ends(services: SimulatedServices) -> None:
    make_files(services)
    cancellation = limits.Cancellation()
    cancellation.cancel()
    with limits.until(cancellation), pytest.raises(limits.GivenUpError):
        pivot(services)


CRITERIA = "employee_count>=50; industries=*s*|*t*; name<>*corp*; employee_band<>5001-10000"


def selected(services: SimulatedServices, criteria: str = CRITERIA, columns: str = "rank,name,industries") -> Block:
    jobs = [["job0", "job1"]]
    return implementations.rows(services.context(), jobs, columns, None, None, criteria, "-employee_band,country", 9)


def test_files_of_columns_choose_companies(services: SimulatedServices, monkeypatch: pytest.MonkeyPatch) -> None:
    from_rows = selected(services), pivot(services, *FIELDS, None, None, CRITERIA)
    make_files(services)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    monkeypatch.setattr(table, "_frame", None)
    assert (selected(services), pivot(services, *FIELDS, None, None, CRITERIA)) == from_rows
    assert len(from_rows[0]) == 10
    assert selected(services, "name=none of them")[1][0] == "no company matches name=none of them"
    assert pivot(services, *FIELDS, None, None, "name=x") == [["no company matches name=x"]]


@pytest.mark.parametrize(
    ("criteria", "columns"),
    [("crm_id=1", "name"), ("name<>x", "crm_id"), ("match_score=9007199254740993", "name"), ("name<>x", "*")],
)
def test_what_files_do_not_hold_is_chosen_from_the_rows(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch, criteria: str, columns: str
) -> None:
    def answer() -> Block | str:
        monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
        try:
            return selected(services, criteria, columns)
        except UnknownColumnError as error:
            return error.message

    from_rows = answer()
    make_files(services)
    assert answer() == from_rows


def test_no_cell_chooses_companies_of_files_while_it_is_called(services: SimulatedServices) -> None:
    make_files(services)
    with limits.at_once(), pytest.raises(limits.TakesLongError):
        selected(services)
