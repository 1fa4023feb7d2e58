"""``OF_ROWS`` and ``OF_PIVOT`` with criteria, sort and top, with a real fetcher and the simulated service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.functions.conftest import MakeServices, SimulatedServices
from xl_openfunnel.cell_values import Block
from xl_openfunnel.errors import ConfigurationError, UnknownColumnError
from xl_openfunnel.functions import implementations, known_companies
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.simulator import SimulatedJob
from xl_openfunnel.text import utf16_units

ROWS: list[dict[str, Any]] = [
    {"name": "Beta", "hq_country": "Germany", "employee_count": 60, "industries": ["Retail", "Software"]},
    {"name": "alpha", "hq_country": "germany ", "employee_count": 700, "industries": []},
    {"name": "Gamma", "hq_country": None, "employee_count": None, "industries": ["Software Development"]},
    {"name": "Delta", "hq_country": "Austria", "employee_count": 60, "industries": None, "size": "new"},
]
OTHER: list[dict[str, Any]] = [
    {"name": "Epsilon", "hq_country": "Germany", "employee_count": 5000, "industries": ["Banking"]},
    {"name": "Zeta", "hq_country": "France", "employee_count": 60, "industries": ["Software"]},
]


@pytest.fixture
def services(make_services: MakeServices) -> SimulatedServices:
    made = make_services(SimulatedJob(ROWS, "one"), SimulatedJob(OTHER, "two"))
    for job in ("one", "two"):
        made.fetcher.wait(job)
    return made


def rows(services: SimulatedServices, job: object = "one", columns: object = "rank,name", *more: object) -> Block:
    """The rows below the names of the columns."""
    return implementations.rows(services.context(), job, columns, None, None, *more)[1:]


def test_rows_that_match_keep_their_ranks_and_their_order(services: SimulatedServices) -> None:
    assert rows(services, "one", "rank,name", "country=Germany|Austria; employee_count<100") == [
        [1.0, "Beta"],
        [4.0, "Delta"],
    ]
    assert implementations.rows(services.context(), "one", "name", False, "final", "employee_band>=501-1000") == [
        ["alpha"]
    ]


def test_criteria_may_be_a_range_of_two_columns_or_a_column_of_texts(services: SimulatedServices) -> None:
    form = (("Country", "Germany"), ("employee_count", 60.0), (None, None), ("city", None))
    assert rows(services, "one", "name", form) == [["Beta"]]
    assert rows(services, "one", "name", (("country=Germany",), (None,), ("employee_count=60",))) == [["Beta"]]
    assert rows(services, "one", "name", ((None, None), (None, None))) == rows(services, "one", "name")


def test_sort_and_top_come_after_the_criteria_and_ties_stay_in_the_order_of_ranks(services: SimulatedServices) -> None:
    assert rows(services, "one", "name", None, "employee_count,-name") == [["Delta"], ["Beta"], ["alpha"], ["Gamma"]]
    assert rows(services, "one", "name", None, "-employee_count") == [["alpha"], ["Beta"], ["Delta"], ["Gamma"]]
    assert rows(services, "one", "name", "country<>", ["-country", "name"], 2.0) == [["alpha"], ["Beta"]]
    assert rows(services, "one", "name", None, None, "3") == [["Beta"], ["alpha"], ["Gamma"]]


def test_a_field_of_the_service_that_is_not_shown_can_decide(services: SimulatedServices) -> None:
    assert rows(services, "one", "name", "SIZE=new") == [["Delta"]]
    assert rows(services, "one", "name", "size<>", "-size") == [["Delta"]]
    with pytest.raises(UnknownColumnError, match=r"There is no column 'sizes'\. Did you mean size"):
        rows(services, "one", "name", "sizes=new")


def test_all_columns_stay_all_columns(services: SimulatedServices) -> None:
    everything = implementations.rows(services.context(), "one", "*")
    chosen = implementations.rows(services.context(), "one", "*", None, None, "country=Austria", "employee_band", 1.0)
    assert chosen == [everything[0], everything[4]]


def test_several_jobs_are_chosen_from_and_sorted_as_one(services: SimulatedServices) -> None:
    both = (("one",), ("two",))
    assert rows(services, both, "rank,name", "country=Germany|France", "-employee_count", 3.0) == [
        ["two", 1.0, "Epsilon"],
        ["one", 2.0, "alpha"],
        ["one", 1.0, "Beta"],
    ]
    assert rows(services, both, "name", "job_id=two; employee_count=60") == [["two", "Zeta"]]
    assert rows(services, both, "name", "size=new") == [["one", "Delta"]]


def test_several_jobs_are_pivoted_by_job(services: SimulatedServices) -> None:
    both = (("one",), ("two",))

    def pivot(*question: object) -> Block:
        return implementations.pivot(services.context(), both, *question)

    assert pivot("Job_ID", "country", None, None, "country=Germany|France")[1:] == [
        ["one", 2.0, "", 2.0],
        ["two", 1.0, 1.0, 2.0],
        ["Total", 3.0, 1.0, 4.0],
    ]
    assert pivot("country", None, "job_id", "nunique", "country=Germany") == [
        ["country", "nunique of job_id"],
        ["Germany", 2.0],
        ["Total", 2.0],
    ]
    assert pivot("job_id", None, "rank", "max", "job_id<>one")[1:] == [["two", 2.0], ["Total", 2.0]]
    assert pivot("size", "job_id", None, None, "rank<=1")[0] == ["size", "one", "two", "Total"]


def test_one_job_alone_has_no_column_of_its_id(services: SimulatedServices) -> None:
    with pytest.raises(UnknownColumnError, match=r"no column 'job_id'\. Only several jobs together have one\."):
        implementations.pivot(services.context(), "one", "job_id")
    with pytest.raises(UnknownColumnError, match=r"no column 'job_id'\. Only several jobs together have one\."):
        implementations.pivot(services.context(), "one", "country", None, None, None, "job_id=one")


@pytest.mark.parametrize("jobs", [(("one",), ("two",)), (("one",), ("none",)), (("none",), ("",))])
def test_the_column_of_the_jobs_may_be_named_and_comes_first(services: SimulatedServices, jobs: object) -> None:
    services.simulator.add(SimulatedJob([], "none"))
    services.fetcher.wait("none")
    for more in ((), (None, None, "name<>*", "name")):
        shown = implementations.rows(services.context(), jobs, "name,rank", *more)
        assert implementations.rows(services.context(), jobs, "name,JOB_ID,rank", *more) == shown
        with pytest.raises(ConfigurationError, match="The column job_id comes first anyway"):
            implementations.rows(services.context(), jobs, "job_id", *more)
    for show in ("rows", "why", "count"):
        new = known_companies.new(services.context(), jobs, None, "name", None, show)
        assert known_companies.new(services.context(), jobs, None, "job_id,name", None, show) == new


def test_jobs_without_companies_come_last_and_are_never_cut(services: SimulatedServices) -> None:
    services.simulator.add(SimulatedJob([], "none"))
    services.fetcher.wait("none")
    jobs = (("a b",), ("none",), ("two",))
    block = rows(services, jobs, "name,rank", None, "name", 1.0)
    assert [block[0], block[2]] == [["two", "Epsilon", 1.0], ["none", "completed: no companies", ""]]
    assert str(block[1][1]).startswith("#OF! 'a b' is no job id")


def test_one_row_says_that_nothing_matches(services: SimulatedServices) -> None:
    text = "no company matches country=France; name=~*"
    assert implementations.rows(services.context(), "one", "name,rank", None, None, "country=France;name=~*") == [
        ["name", "rank"],
        [text, ""],
    ]
    assert rows(services, (("one",), (None,)), "name", "country=France; name=~*") == [[text, ""]]
    assert implementations.pivot(services.context(), "one", "country", None, None, None, "country=France") == [
        ["no company matches country=France"]
    ]


def test_a_similar_value_is_asked_for_where_nothing_matches(services: SimulatedServices) -> None:
    both = (("one",), ("two",))
    text = "no company matches country=Germny; employee_count>1. Did you mean country=Germany?"
    assert rows(services, "one", "name", "country=Germny; employee_count>1") == [[text]]
    assert rows(services, both, "name", "country=Germny; employee_count>1") == [[text, ""]]
    (cells,) = implementations.pivot(services.context(), both, "name", None, None, None, "job_id=onne")
    assert cells == ["no company matches job_id=onne. Did you mean job_id=one?"]
    ((long,),) = rows(services, "one", "name", "country=Germny; name=" + "x" * 300)
    assert utf16_units(str(long)) == 255
    assert str(long).endswith("x…. Did you mean country=Germany?")


def test_that_text_fits_a_cell_and_names_a_range_as_it_is_written(services: SimulatedServices) -> None:
    ((long,),) = rows(services, "one", "name", "name=" + "😀" * 200)
    assert utf16_units(str(long)) <= 255
    assert rows(services, "one", "name", (("name", ">x|b"), ("city", " Rom ")))[0][0] == (
        "no company matches name>x|b; city= Rom"
    )


def test_while_the_job_runs_nothing_matches_yet_and_the_cell_follows(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(ROWS * 60, "slow", running=1000.0), limit=600.0)
    services.fetcher.wait("slow", until=lambda snapshot: len(snapshot.rows) > 0)
    context = services.context()
    block = implementations.rows(context, "slow", "name", None, None, "name=nobody")
    assert block[1:] == [["no company matches name=nobody yet"]]
    assert not context.dependencies["slow"].stale
    services.fetcher.clock.allow(1e6)  # type: ignore[attr-defined]
    services.fetcher.wait("slow")
    assert context.dependencies["slow"].stale
    assert rows(services, "slow", "name", "name=nobody") == [["no company matches name=nobody"]]


def test_a_pivot_counts_the_companies_that_match(services: SimulatedServices) -> None:
    block = implementations.pivot(
        services.context(), (("one",), ("two",)), "country", None, None, None, "employee_count=60"
    )
    assert block == [
        ["country", "companies"],
        ["Austria", 1.0],
        ["France", 1.0],
        ["Germany", 1.0],
        ["Total", 3.0],
    ]


def test_with_no_rows_at_all_criteria_change_nothing(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(ROWS, "one"), limit=0.5)
    assert implementations.rows(services.context(), "one", "name", None, None, "nmae=x", "abc", 5.0) == [
        ["name"],
        ["loading"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("name", "=", "x"),), "Give criteria as text"),
        ((5.0,), "Give criteria as text"),
        (((5.0,), ("name=x",)), "Give criteria as text"),
        ((CellError("#N/A"),), "The cell with the criterion holds #N/A"),
        (((("name", CellError("#N/A")),)), "The cell with the criterion holds #N/A"),
        (("name=of_0123456789abcdef",), "That holds an API key, and is no criterion."),
        ((None, "of_0123456789abcdef"), "That holds an API key, and is no column."),
        ((None, "-"), "Sorting by '-' is not possible."),
        ((None, "*"), r"Sorting by '\*' is not possible."),
        ((None, None, 0.0), "Give a whole number from 1 as top, not '0'."),
        ((None, None, 1.5), "Give a whole number from 1 as top, not '1.5'."),
        ((None, None, True), "Give a whole number from 1 as top, not 'TRUE'."),
        ((None, None, "ten"), "Give a whole number from 1 as top, not 'ten'."),
        ((None, None, (1.0, 2.0)), "Give one top, not a range of 2 cells."),
    ],
)
def test_wrong_arguments_are_refused(services: SimulatedServices, arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        rows(services, "one", "name", *arguments)


def test_many_companies_can_be_searched_but_not_all_shown(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(implementations, "MAX_ROWS", 2)
    assert len(rows(services, "one", "name", None, "name", 2.0)) == 2
    with pytest.raises(ConfigurationError, match="These jobs have 3 companies"):
        rows(services, "one", "name", "country<>")
    monkeypatch.setattr(implementations, "MAX_SEARCHED_ROWS", 3)
    with pytest.raises(ConfigurationError, match="These jobs have 4 companies"):
        rows(services, "one", "name", "country<>")
