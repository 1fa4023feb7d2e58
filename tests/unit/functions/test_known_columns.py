"""The columns known:NAME in cells: where they can be named, and that cells follow their list."""

from __future__ import annotations

import pytest

from tests.unit.functions.conftest import MakeServices, SimulatedServices
from tests.unit.functions.test_new_companies import OTHER, ROWS, keep
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import maker
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.fields import KNOWN_VALUES
from xl_openfunnel.functions import derived_tables, limits
from xl_openfunnel.functions.cache import DerivedCache
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.context import KNOWN
from xl_openfunnel.functions.implementations import lookup, pivot, rows
from xl_openfunnel.functions.known_companies import new
from xl_openfunnel.known.columns import Telling
from xl_openfunnel.known.tiers import MATCHES, Tier, looks_for
from xl_openfunnel.simulator import SimulatedJob

BOTH = (("job-one-1",), ("job-two-2",))
NONE = None


@pytest.fixture
def services(make_services: MakeServices) -> SimulatedServices:
    made = make_services(SimulatedJob(ROWS, "job-one-1"), SimulatedJob(OTHER, "job-two-2"))
    for job in ("job-one-1", "job-two-2"):
        made.fetcher.wait(job)
    keep(made, "CRM", ["Website"], ["acme.com"], ["beta.com"])
    return made


def tiers(block: Block) -> list[object]:
    assert block[0][-1] == "known:CRM"
    return [row[-1] for row in block[1:]]


def test_rows_of_one_job_and_of_several_have_it_where_it_is_named(services: SimulatedServices) -> None:
    block = rows(services.context(), "job-one-1", "name,Known:Crm")
    assert tiers(block) == ["host", "", "not comparable", "", "not comparable"]
    block = rows(services.context(), BOTH, (("name", "known: CRM"),))
    assert tiers(block) == ["host", "", "not comparable", "", "not comparable", "", "", "host"]
    for columns in (None, "*"):
        assert not any("known" in str(name) for name in rows(services.context(), BOTH, columns)[0])


@pytest.mark.parametrize("in_files", [False, True])
def test_criteria_and_sorts_take_it(services: SimulatedServices, in_files: bool) -> None:
    if in_files:
        services.columns = maker.connect(services.store)
    block = rows(services.context(), BOTH, "name", False, None, "known:crm=")
    assert block == [["job-one-1", "Beta"], ["job-one-1", "Delta"], ["job-two-2", "Zeta"], ["job-two-2", "Delta"]]
    block = rows(services.context(), "job-one-1", "name,known:crm", NONE, NONE, (("known:crm", "<>"),), "-known:crm", 2)
    assert block[1:] == [["Gamma", "not comparable"], ["Epsilon", "not comparable"]]
    assert rows(services.context(), "job-one-1", "name", False, NONE, "known:crm=linkedin") == [
        ["no company matches known:crm=linkedin"]
    ]


def test_criteria_know_every_value_of_the_column() -> None:
    held = [tier for tier in Tier if looks_for(tier, MATCHES[0])]
    assert list(map(str, [*held, Tier.NOT_COMPARABLE])) == list(KNOWN_VALUES)


def test_lookup_pivot_and_new_take_it(services: SimulatedServices) -> None:
    assert lookup(services.context(), "job-one-1", ((1.0, "delta.de", "acme.com"),), "known:crm") == [
        ["host", "", "host"]
    ]
    assert pivot(services.context(), BOTH, "known:crm") == [
        ["known:CRM", "companies"],
        ["host", 2.0],
        ["not comparable", 2.0],
        ["(blank)", 4.0],
        ["Total", 8.0],
    ]
    assert pivot(services.context(), BOTH, "name", None, None, None, "known:crm=host")[1:] == [
        ["Acme", 2.0],
        ["Total", 2.0],
    ]
    keep(services, "partners", ["delta.de"], ["zeta.io"])
    assert new(services.context(), BOTH, "crm", "name,known:partners")[:3] == [
        ["job_id", "name", "known:partners", "tier"],
        ["job-one-1", "Beta", "", "new"],
        ["job-two-2", "Zeta", "host", "new"],
    ]


@pytest.mark.parametrize(
    "arguments",
    [("known:crmm",), ("name", None, None, "known:crmm="), ("name", None, None, None, "known:crmm"), ("known:",)],
)
def test_a_list_that_is_not_there_is_said_and_shown_once_it_is(
    services: SimulatedServices, arguments: tuple[object, ...]
) -> None:
    context = services.context()
    with pytest.raises(ConfigurationError, match=r"Did you mean|There are CRM"):
        rows(context, "job-one-1", *arguments)
    assert not context.dependencies[KNOWN].stale
    if arguments != ("known:",):
        keep(services, "crmm", ["acme.com"], ["x.de"])
        assert context.dependencies[KNOWN].stale


def test_cells_follow_their_list_and_no_cached_block_is_older(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())

    def shown() -> list[Block]:
        return [
            rows(services.context(), "job-one-1", "known:crm", False),
            rows(services.context(), BOTH, "known:crm", False),
            rows(services.context(), BOTH, "name", False, None, "known:crm=host"),
            lookup(services.context(), "job-one-1", 4.0, "known:crm"),
            pivot(services.context(), BOTH, "known:crm"),
            new(services.context(), "job-one-1", None, "known:crm"),
        ]

    context = services.context()
    rows(context, "job-one-1", "known:crm")
    before = shown()
    assert shown() == before
    keep(services, "other", ["acme.com"], ["delta.de"])
    assert not context.dependencies[KNOWN].stale
    keep(services, "crm", ["delta.de"], ["zeta.io"])
    assert context.dependencies[KNOWN].stale
    after = shown()
    assert after[3] == [["host"]]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert services.known
    services.known.remove("crm")
    with pytest.raises(ConfigurationError):
        rows(services.context(), "job-one-1", "known:crm")


def test_a_list_that_is_not_read_yet_is_not_waited_for_in_a_cell(services: SimulatedServices) -> None:
    with limits.at_once(), pytest.raises(limits.TakesLongError):
        rows(services.context(), "job-one-1", "known:crm")
    rows(services.context(), "job-one-1", "known:crm")
    with limits.at_once():
        assert len(rows(services.context(), "job-one-1", "known:crm")) == 6


@pytest.mark.parametrize(
    ("name", "arguments", "telling"),
    [
        ("OF_ROWS", ("a", "name,Known: crm"), Telling.COLUMNS),
        ("OF_ROWS", ("a", (("name",), ("known:crm",)), False), Telling.COLUMNS),
        ("OF_ROWS", ("a", "name", None, None, "known:crm=", "known:crm"), Telling.NOTHING),
        ("OF_ROWS", ("a", "name", None, None, "known:crm=|not comparable", "-known:crm"), Telling.NOTHING),
        ("OF_ROWS", ("a", "name", None, None, "known:crm<>host; known:crm<>linkedin"), Telling.NOTHING),
        ("OF_ROWS", ("a", "name", None, None, "known:crm=host"), Telling.ROWS),
        ("OF_ROWS", ("a", "known:crm", None, None, "known:crm=host"), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, "known:crm=|host"), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, "known:crm<>"), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, "known:crm<>host"), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, (("known:crm", "link*"),)), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, "known:crm=; known:other=host"), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, "country=host"), Telling.NOTHING),
        ("OF_ROWS", ("a", "name", None, None, None, "country,-known:crm"), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, "known:crm=", "known:other"), Telling.ROWS),
        ("OF_ROWS", ("a", "name", None, None, "known:crm=perhaps"), Telling.NOTHING),
        ("OF_ROWS", ("a",), Telling.NOTHING),
        ("OF_ROWS", ("a", 5.0), Telling.NOTHING),
        ("OF_LOOKUP", ("a", 1.0, "known:crm"), Telling.COLUMNS),
        ("OF_LOOKUP", ("a", 1.0, "name", "x"), Telling.NOTHING),
        ("OF_PIVOT", ("a", "country", "known:crm"), Telling.COLUMNS),
        ("OF_PIVOT", ("a", "known:crm"), Telling.COLUMNS),
        ("OF_PIVOT", ("a", "country", None, None, None, "known:crm="), Telling.NOTHING),
        ("OF_PIVOT", ("a", "country", None, None, None, "known:crm<>"), Telling.ROWS),
        ("OF_NEW", ("a", "crm"), Telling.NOTHING),
        ("OF_NEW", ("a", "crm", "name", None, "count"), Telling.NOTHING),
        ("OF_NEW", ("a", "crm", "name", None, "Why"), Telling.COLUMNS),
        ("OF_NEW", ("a", None, "known:crm"), Telling.COLUMNS),
        ("OF_STATUS", ("a",), Telling.NOTHING),
    ],
)
def test_which_calls_say_who_is_known_and_not_only_who_is_new(
    name: str, arguments: tuple[object, ...], telling: Telling
) -> None:
    assert REGISTRY[name].telling(arguments) is telling
