"""The fields of `OF_INFO`, each with a different value, so that the tests notice an exchange."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.functions.conftest import MakeServices
from xl_openfunnel import JobStatus, Snapshot
from xl_openfunnel import version as version_module
from xl_openfunnel.cell_values import Block, excel_date
from xl_openfunnel.errors import ServerError
from xl_openfunnel.functions import implementations, info
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.info import INFO_FIELDS
from xl_openfunnel.jobs.snapshot import Problem, Rows
from xl_openfunnel.text import local_time

AS_OF = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
NEXT_TRY = datetime(2026, 7, 2, 6, 0, 15, tzinfo=UTC)

RUNNING = Snapshot(
    "job",
    status=JobStatus("running"),
    stage="looking_for_peers",
    processed=11,
    pages=7,
    manifest={
        "credits_consumed": 12.5,
        "derived_query": "makers of bicycles",
        "partial": True,
        "rerank_degraded": False,
        "unresolved_seed_domains": ["a.example", "b.example"],
        "pages": 9,
    },
    rows=Rows((1, 2), lambda _: ()),
    provisional=True,
    source="store",
    as_of=AS_OF,
    problem=Problem(ServerError("The service is in trouble."), AS_OF - timedelta(days=1)),
    next_try=NEXT_TRY,
)
TWICE = "Pages 1 and 2 both hold Acme (linkedin.com/company/acme): another company may be missing."
OVER = dataclasses.replace(
    RUNNING,
    status=JobStatus("completed"),
    manifest={"credits_consumed": 3, "partial": True, "rerank_degraded": False},
    final=True,
    provisional=False,
    source="service",
    problem=None,
    next_try=None,
    warnings=(TWICE, "Another warning."),
)


def in_excel(moment: datetime) -> float:
    """A time of 2026 in the local time zone as Excel counts days: 46023 is the first of January."""
    local = time.localtime(moment.timestamp())
    return 46022 + local.tm_yday + (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec) / 86_400


@pytest.fixture
def central_europe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("Windows takes its time zone from no variable")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


class OneJobFetcher:
    """Replaces the fetcher: has one job in this state."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def watch(self, job_id: str) -> Snapshot:
        return self._snapshot

    def is_tracked(self, job_id: str) -> bool:
        return True


def fields(make_services: MakeServices, snapshot: Snapshot) -> dict[Any, Any]:
    """All fields of the job one by one, checked to be the same in the full list but for times, which are texts
    there."""
    services = make_services()
    assert services.store
    services.store.label("job", "Germany Q3")
    services.fetcher = OneJobFetcher(snapshot)  # type: ignore[assignment]
    pairs = implementations.information(services.context(), "job")
    assert [name for name, _ in pairs] == list(INFO_FIELDS)
    one_by_one = {name: implementations.information(services.context(), "job", name)[0][0] for name in INFO_FIELDS}
    times = {"as_of": local_time(snapshot.as_of), "next_try": local_time(snapshot.next_try)}
    assert one_by_one | times == {str(name): value for name, value in pairs}
    return one_by_one


@pytest.mark.usefixtures("central_europe")
def test_a_time_in_the_list_is_a_local_one(make_services: MakeServices) -> None:
    services = make_services()
    services.fetcher = OneJobFetcher(RUNNING)  # type: ignore[assignment]
    listed = implementations.information(services.context(), "job")
    assert ["as_of", "2026-03-01 23:30:00"] in listed
    assert ["next_try", "2026-07-02 08:00:15"] in listed


JOBS = ["job", ["job"], [["job", "job"], ["job", ""]], (("job",), ("job",)), "", [["", ""]]]


@given(
    job=st.sampled_from(JOBS),
    names=st.lists(st.sampled_from([*INFO_FIELDS, "As_Of"]), max_size=4, unique=True),
    form=st.sampled_from(["text", "semicolons", "range", "blank"]),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_times_of_a_block_are_known_without_its_values(
    make_services: MakeServices, job: object, names: list[str], form: str
) -> None:
    fields = {"text": ",".join(names), "semicolons": " ; ".join(names), "range": [[*names, ""]], "blank": None}[form]
    services = make_services()
    services.fetcher = OneJobFetcher(RUNNING)  # type: ignore[assignment]
    block = implementations.information(services.context(), job, fields)
    times = REGISTRY["OF_INFO"].time_cells((job, fields))
    expected = times_in(block)
    found = {
        (row, column) for row in range(len(block)) for column in (times.columns_of(len(block[0])) if times else ())
    }
    assert expected <= found
    assert {block[row][column] for row, column in found - expected} <= {""}  # of a blank job


def test_the_times_of_the_list_of_jobs_are_below_their_names(make_services: MakeServices) -> None:
    services = make_services()
    assert services.store
    services.store.label("job", "Germany Q3")
    block = implementations.jobs_table(services.context())
    times = REGISTRY["OF_JOBS"].time_cells(())
    assert times
    assert [block[0][column] for column in times.columns_of(len(block[0]))] == ["first_seen", "last_seen"]
    rows = range(times.first_row, len(block))
    assert {(row, column) for row in rows for column in times.columns_of(len(block[0]))} == times_in(block)


def times_in(block: Block) -> set[tuple[int, int]]:
    """The numbers that are days of this century; no other number of these blocks is so large."""
    places = ((row, column, cell) for row, line in enumerate(block) for column, cell in enumerate(line))
    return {(row, column) for row, column, cell in places if isinstance(cell, float) and cell > 36_526}


@pytest.mark.parametrize(
    ("name", "values"),
    [("OF_INFO", ("job", "no_such_field")), ("OF_INFO", ("job", CellError("#N/A"))), ("OF_STATUS", ("as_of",))],
)
def test_an_error_or_another_function_shows_no_time(name: str, values: tuple[object, ...]) -> None:
    assert REGISTRY[name].time_cells(values) is None


def test_fields_of_a_running_job(make_services: MakeServices) -> None:
    assert fields(make_services, RUNNING) == {
        "status": "running",
        "stage": "looking_for_peers",
        "processed": 11.0,
        "rows": 3.0,
        "pages": 7.0,
        "progress": "running, looking for peers, 3 of 11 companies read",
        "as_of": pytest.approx(in_excel(AS_OF), abs=1e-6),
        "final": False,
        "provisional": True,
        "credits_consumed": 12.5,
        "derived_query": "makers of bicycles",
        "partial": True,
        "rerank_degraded": False,
        "unresolved_seed_domains": "a.example; b.example",
        "problem": "The service is in trouble.",
        "warnings": "",
        "next_try": pytest.approx(in_excel(NEXT_TRY), abs=1e-6),
        "source": "store",
        "label": "Germany Q3",
        "version": importlib.metadata.version("xl-openfunnel"),
    }


def test_fields_of_a_completed_job(make_services: MakeServices) -> None:
    assert fields(make_services, OVER) == {
        "status": "completed",
        "stage": "looking_for_peers",
        "processed": 11.0,
        "rows": 3.0,
        "pages": 7.0,
        "progress": "3 companies, completed",
        "as_of": pytest.approx(in_excel(AS_OF), abs=1e-6),
        "final": True,
        "provisional": False,
        "credits_consumed": 3.0,
        "derived_query": "",
        "partial": True,
        "rerank_degraded": False,
        "unresolved_seed_domains": "",
        "problem": "",
        "warnings": f"{TWICE} Another warning.",
        "next_try": "",
        "source": "service",
        "label": "Germany Q3",
        "version": importlib.metadata.version("xl-openfunnel"),
    }


def test_no_two_fields_of_these_jobs_have_the_same_values(make_services: MakeServices) -> None:
    """Otherwise the tests above would not notice an exchange of two fields."""
    running, over = fields(make_services, RUNNING), fields(make_services, OVER)
    pairs = [(type(running[name]), running[name], over[name]) for name in INFO_FIELDS]
    assert len(set(pairs)) == len(pairs)


def test_times_are_local(central_europe: None) -> None:
    assert excel_date(AS_OF) == pytest.approx(46082 + 23.5 / 24, abs=1e-6)  # winter, 1 March
    assert excel_date(NEXT_TRY) == pytest.approx(46205 + (8 + 15 / 3600) / 24, abs=1e-6)  # summer, 2 July
    assert excel_date(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)) == pytest.approx(46083 + 0.5 / 24, abs=1e-6)
    assert excel_date(None) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"status": JobStatus("completed")}, "completed, reading page 7 of 9"),
        ({"status": JobStatus("cancelled"), "manifest": None, "pages": 1_002}, "cancelled, reading page 1,002"),
        ({"status": JobStatus("completed"), "manifest": {"pages": 1_600}}, "completed, reading page 7 of 1,600"),
        ({"status": JobStatus("completed"), "manifest": {"pages": "many"}}, "completed, reading page 7"),
        ({"status": JobStatus("failed"), "final": True}, "failed after 3 companies"),
        ({"status": JobStatus("cancelled"), "final": True}, "3 companies, cancelled"),
        ({"stage": None}, "running, 3 of 11 companies read"),
        ({"stage": "running", "processed": None}, "running, 3 companies so far"),
        ({"processed": 3}, "running, looking for peers, 3 companies so far"),
        ({"stage": "qualifying_companies", "processed": 9_937}, "running, qualifying companies, 3 of 9,937 read"),
        ({"rows": Rows((1,), lambda _: ()), "processed": 0}, "running, looking for peers, 1 company so far"),
        ({"status": None, "problem": None}, "loading"),
        ({"status": None}, "#OF! The service is in trouble. It is tried again by itself."),
    ],
)
def test_progress(changed: dict[str, Any], words: str) -> None:
    assert info.value("progress", dataclasses.replace(RUNNING, **changed), None) == words


def test_the_version_is_known_while_another_one_is_being_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    version = info.value("version", RUNNING, None)

    def gone(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", gone)
    assert info.value("version", RUNNING, None) == version
    version_module.version.cache_clear()
    assert info.value("version", RUNNING, None) == "0"
    version_module.version.cache_clear()


def test_missing_seeds_are_left_out() -> None:
    snapshot = dataclasses.replace(OVER, manifest={"unresolved_seed_domains": ["a.example", None, 7]})
    assert info.value("unresolved_seed_domains", snapshot, None) == "a.example; 7"


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_numbers_that_are_not_finite_are_text(number: float) -> None:
    assert info.value("credits_consumed", dataclasses.replace(OVER, manifest={"credits_consumed": number}), None) == (
        str(number)
    )
