"""Which of the two ways answers ``OF_NEW``, the files of columns or the rows, and that no cell waits for either."""

from __future__ import annotations

import pytest

from tests.unit.functions.conftest import MakeServices, SimulatedServices
from tests.unit.functions.test_new_companies import OTHER, ROWS, keep
from xl_openfunnel import table
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import maker
from xl_openfunnel.functions import derived_tables, limits
from xl_openfunnel.functions.cache import DerivedCache
from xl_openfunnel.functions.context import KNOWN
from xl_openfunnel.functions.known_companies import new
from xl_openfunnel.known import in_columns
from xl_openfunnel.simulator import SimulatedJob

JOBS = ("job-one-1", "job-two-2")
QUESTIONS = (
    ("crm", None, None, None),
    ("crm", "rank,name,job_id", "site", "rows"),
    ("crm", "name", "name", "why"),
    ("crm", None, "linkedin", "count"),
    ("crm", "name,tier", None, None),
    ("crm", "*", None, None),
    ("crm", "name,known:crm", None, "why"),
    ("job-two-2", "name", None, "why"),
    (None, "name", None, None),
)


@pytest.fixture
def services(make_services: MakeServices, monkeypatch: pytest.MonkeyPatch) -> SimulatedServices:
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    made = make_services(SimulatedJob(ROWS, JOBS[0]), SimulatedJob(OTHER, JOBS[1]))
    for job in JOBS:
        made.fetcher.wait(job)
    keep(
        made,
        "crm",
        ["Name", "Website", "Owner"],
        ["Delta GmbH", "beta.com", "Jo"],
        ["x", "acme.com", "Al"],
        note="Owner",
    )
    return made


def answers(services: SimulatedServices) -> list[Block | str]:
    found: list[Block | str] = []
    for question in QUESTIONS:
        for jobs in (JOBS[0], tuple((job,) for job in JOBS)):
            try:
                found.append(new(services.context(), jobs, *question))
            except Exception as error:
                found.append(str(error))
    return found


def make_files(services: SimulatedServices) -> None:
    services.columns = maker.connect(services.store)
    assert services.columns is not None
    for snapshot in map(services.fetcher.watch, JOBS):
        services.columns.folder.make(snapshot.job_id, snapshot.rows, snapshot.as_of)


def test_both_ways_give_the_same_cells_or_the_same_error(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_rows = answers(services)
    make_files(services)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    assert answers(services) == from_rows


def test_files_of_columns_answer_without_any_row(services: SimulatedServices, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = new(services.context(), JOBS[0], "crm", "name", None, "why")
    make_files(services)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    monkeypatch.setattr(derived_tables, "_all_rows", None)
    monkeypatch.setattr(table, "frame", None)
    assert new(services.context(), JOBS[0], "crm", "name", None, "why") == expected


def test_rows_answer_where_the_files_cannot(services: SimulatedServices, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    expected = answers(services)
    make_files(services)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    monkeypatch.setattr(in_columns, "compare", fail)
    assert answers(services) == expected


@pytest.mark.parametrize("known", ["crm", "job-two-2", None])
def test_a_cell_knows_all_it_depends_on_before_it_leaves_the_comparison_to_others(
    services: SimulatedServices, known: str | None
) -> None:
    make_files(services)
    expected = services.context()
    new(expected, JOBS[0], known, "name,known:crm")
    context = services.context()
    with limits.at_once(), pytest.raises(limits.TakesLongError) as raised:
        new(context, JOBS[0], known, "name,known:crm")
    assert raised.value.looked_up
    assert list(context.dependencies) == list(expected.dependencies)
    assert [each.value for each in context.dependencies.values()] == [
        each.value for each in expected.dependencies.values()
    ]
    assert KNOWN in context.dependencies


def test_many_companies_of_a_running_job_are_not_compared_in_a_cell(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    new(services.context(), JOBS[0], "crm", "name")  # the rows' keys and the table are there
    monkeypatch.setattr(limits, "MAX_READ_CELLS", len(ROWS) - 1)
    with limits.at_once(), pytest.raises(limits.TakesLongError):
        new(services.context(), JOBS[0], "crm", "name")
