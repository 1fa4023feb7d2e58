"""How one company is found among a job's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.functions.conftest import MakeServices
from xl_openfunnel import table
from xl_openfunnel.cell_values import MAX_CELL_UNITS, Block, NotAvailable
from xl_openfunnel.functions import implementations
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.context import CallContext
from xl_openfunnel.functions.implementations import evaluate
from xl_openfunnel.simulator import SimulatedJob, companies


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


def test_a_long_text_is_complete_in_one_cell_and_in_a_block_as_its_host_takes_it(make_services: MakeServices) -> None:
    row = {**companies(1)[0], "match_reason": "x" * 300}
    services = make_services(job := SimulatedJob([row]))
    services.fetcher.wait(job.job_id)
    for units, shown in ((MAX_CELL_UNITS, "x" * 300), (255, "x" * 254 + "…")):
        context = CallContext(services, units)
        assert implementations.rows(context, job.job_id, "match_reason", False) == [[shown]]
        assert implementations.lookup(context, job.job_id, [[1.0, 1.0]], "match_reason") == [[shown, shown]]
        assert implementations.lookup(context, job.job_id, 1.0, "match_reason") == [["x" * 300]]


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
