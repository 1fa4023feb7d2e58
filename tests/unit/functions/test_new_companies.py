"""``OF_NEW`` with a real fetcher, the simulated service and lists of known companies on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tests.unit.functions.conftest import MakeServices, SimulatedServices
from xl_openfunnel.columns import maker
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions import derived_tables, known_sources, limits
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.cache import DerivedCache
from xl_openfunnel.functions.context import KNOWN
from xl_openfunnel.functions.known_companies import domain, new
from xl_openfunnel.functions.known_sources import NOTHING_TO_COMPARE
from xl_openfunnel.known.lists import SHARED_HOSTS
from xl_openfunnel.known.reading import keys_in
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.simulator import SimulatedJob, companies


def company(name: str, slug: str | None, domain: str | None) -> dict[str, Any]:
    page = None if slug is None else f"https://www.linkedin.com/company/{slug}"
    return {"name": name, "linkedin_url": page, "domain": domain}


ROWS = [
    company("Acme", "acme", "acme.com"),
    company("Beta", "beta", "fr.beta.com"),
    company("Gamma", None, None),
    company("Delta", "delta", "delta.de"),
    company("Epsilon", "epsilon", None),
]
OTHER = [company("Zeta", "zeta", "zeta.io"), company("Delta", "delta", "delta.de"), company("Acme", "acme", "acme.com")]


@pytest.fixture
def services(make_services: MakeServices) -> SimulatedServices:
    made = make_services(SimulatedJob(ROWS, "job-one-1"), SimulatedJob(OTHER, "job-two-2"))
    for job in ("job-one-1", "job-two-2"):
        made.fetcher.wait(job)
    assert made.store
    made.store.label("job-two-2", "last run")
    return made


def keep(services: SimulatedServices, name: str, *rows: list[str], note: str | None = None) -> None:
    assert services.known
    services.known.set(make_list(name, list(rows), note_column=note))


def names(services: SimulatedServices, *arguments: object) -> list[tuple[object, object]]:
    """The name and tier of each company that is shown."""
    jobs, known, *more = arguments
    block = new(services.context(), jobs, known, "name", *more)
    assert block[0][-2:] == ["name", "tier"]
    return [(row[-2], row[-1]) for row in block[1:]]


def test_without_known_companies_each_company_is_there_once_with_its_best_rank(services: SimulatedServices) -> None:
    block = new(services.context(), (("job-one-1",), ("job-two-2",)), None, "rank,name")
    assert block == [
        ["job_id", "rank", "name", "tier"],
        ["job-one-1", 1.0, "Acme", "new"],
        ["job-one-1", 2.0, "Beta", "new"],
        ["job-one-1", 3.0, "Gamma", "new"],
        ["job-one-1", 5.0, "Epsilon", "new"],
        ["job-two-2", 1.0, "Zeta", "new"],
        ["job-two-2", 2.0, "Delta", "new"],
    ]


def test_a_range_excludes_what_it_has_and_marks_what_it_cannot_tell(services: SimulatedServices) -> None:
    known = (("Website",), ("https://WWW.Acme.com/de",), ("n/a",), (None,), (CellError("#N/A"),), ("info@delta.de",))
    assert names(services, "job-one-1", known) == [
        ("Beta", "new"),
        ("Gamma", "not comparable"),
        ("Epsilon", "not comparable"),
    ]
    pages = (("linkedin.com/company/Beta/about",), ("http://de.linkedin.com/company/epsilon",))
    assert names(services, "job-one-1", pages) == [("Acme", "new"), ("Delta", "new"), ("Gamma", "not comparable")]


def test_another_job_its_label_a_list_or_a_mix_is_known(services: SimulatedServices) -> None:
    new_ones = [("Beta", "new"), ("Epsilon", "new"), ("Gamma", "not comparable")]
    assert names(services, "job-one-1", "job-two-2") == new_ones
    assert names(services, "job-one-1", "LAST run") == new_ones
    keep(services, "crm", ["beta.com"], ["linkedin.com/company/epsilon"])
    assert names(services, "job-one-1", "CRM")[0] == ("Acme", "new")
    assert names(services, "job-one-1", (("last run", "crm"),)) == [("Beta", "new"), ("Gamma", "not comparable")]
    mixed = (("https://fr.beta.com", None), ("crm", CellError("#N/A")), ("last run", CellError("#N/A")))
    assert names(services, "job-one-1", mixed) == [("Gamma", "not comparable")]


def test_a_job_s_url_is_that_job_and_never_a_website(services: SimulatedServices) -> None:
    expected = names(services, "job-one-1", "job-two-2")
    assert expected[0] == ("Beta", "new")
    for path in ("job-two-2", "job-two-2?tab=rows", "11111111-2222-3333-4444-555555555555"):
        url = f"https://app.openfunnel.dev/jobs/{path}"
        if "two" in path:
            assert names(services, "job-one-1", url) == names(services, "job-one-1", ((url,), (url,))) == expected
        else:
            assert names(services, "job-one-1", ((url,), ("job-two-2",))) == [("loading", "")]
    unseen = "https://app.openfunnel.dev/jobs/job-three-3"
    for known in (unseen, ((unseen,), ("job-two-2",))):
        with pytest.raises(ConfigurationError, match=r"is no known list|have no LinkedIn"):
            new(services.context(), "job-one-1", known)


def test_a_list_is_found_among_many_companies_of_which_nothing_but_the_name_is_known(
    services: SimulatedServices,
) -> None:
    keep(services, "crm", ["acme.com"], ["zeta.io"])
    accounts = tuple((f"Account {number}", CellError("#N/A")) for number in range(known_sources.MAX_NAMES + 50))
    for sites in ((), (("beta.com", ""),) * 99):
        known = (*sites, *accounts, ("CRM", CellError("#N/A")), *accounts)
        assert "Acme" not in dict(names(services, "job-one-1", known))


@pytest.mark.parametrize(("notes", "most"), [("n/a", 1), ("note {}", known_sources.MAX_NAMES + 1)])
def test_few_texts_of_a_long_column_of_notes_are_read_a_second_time(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch, notes: str, most: int
) -> None:
    read = Mock(side_effect=keys_in)
    monkeypatch.setattr(known_sources, "keys_in", read)
    cells = (*((notes.format(number), None) for number in range(1_000)), *(("beta.com", "a.com"),) * 300)
    assert len(names(services, "job-one-1", cells)) == len(ROWS)
    assert read.call_count == most


def test_a_text_means_a_list_before_a_label(services: SimulatedServices) -> None:
    keep(services, "last run", ["beta.com"], ["fr.beta.com"])
    assert ("Beta", "new") not in names(services, "job-one-1", "last run")
    assert ("Acme", "new") in names(services, "job-one-1", "last run")


def test_a_cell_follows_a_label_that_moves_to_another_job(services: SimulatedServices) -> None:
    context = services.context()
    new(context, "job-one-1", "last run")
    assert not context.dependencies[KNOWN].stale
    assert services.store
    services.store.label("job-two-2", None)
    services.store.label("job-one-1", "last run")
    assert context.dependencies[KNOWN].stale


def test_weaker_matches_count_on_request_and_why_tells_them(services: SimulatedServices) -> None:
    keep(
        services,
        "crm",
        ["Name", "Website", "Owner"],
        ["Delta GmbH", "beta.com", "Jo"],
        ["x", "acme.com", "Al"],
        note="Owner",
    )
    assert ("Beta", "new") in names(services, "job-one-1", "crm")
    assert ("Beta", "new") not in names(services, "job-one-1", "crm", "site")
    assert ("Delta", "new") in names(services, "job-one-1", "crm", "site")
    assert ("Delta", "new") not in names(services, "job-one-1", "crm", "name")
    block = new(services.context(), "job-one-1", "crm", "name", None, "why")
    assert block == [
        ["name", "tier", "known"],
        ["Acme", "host", "Al"],
        ["Beta", "site", "Jo"],
        ["Gamma", "not comparable", ""],
        ["Delta", "name", "Jo"],
        ["Epsilon", "not comparable", ""],
        ["2 of 5 are new; 1 of these has a known site; 1 of these has a known name; 2 cannot be compared", "", ""],
    ]


def test_only_what_is_surely_new_is_counted(services: SimulatedServices) -> None:
    assert new(services.context(), "job-one-1", (("acme.com",), ("x.de",)), None, None, "count") == [[2.0]]
    assert new(services.context(), (("job-one-1",), ("job-two-2",)), None, None, None, "count") == [[6.0]]
    assert new(services.context(), (("job-one-1",), ("?",)), None, None, None, "count")[0][0].startswith("#OF! '?'")  # type: ignore[union-attr]


@pytest.mark.parametrize("in_files", [False, True])
@pytest.mark.parametrize(
    ("match", "count", "told"),
    [
        (None, 0, "0 of 5 are new; 2 cannot be compared; 2 of these have a known name"),
        ("site", 0, "0 of 5 are new; 2 cannot be compared; 2 of these have a known name"),
        ("name", 0, "0 of 5 are new"),
        (
            "linkedin",
            3,
            "3 of 5 are new; 3 of these have a known host; 2 cannot be compared; 2 of these have a known name",
        ),
    ],
)
def test_a_name_alone_makes_no_company_new(
    services: SimulatedServices, match: str | None, count: int, told: str, in_files: bool
) -> None:
    if in_files:
        services.columns = maker.connect(services.store)
    rows = [["Name", "Domain", "Owner"], *([row["name"], row["domain"] or "", f"of {row['name']}"] for row in ROWS)]
    keep(services, "rt", *rows, note="Owner")
    cells = tuple((name, domain) for name, domain, _ in rows)
    for known in ("rt", cells):
        assert new(services.context(), "job-one-1", known, None, match, "count") == [[float(count)]]
        shown = [tier for _, tier in names(services, "job-one-1", known, match) if tier]
        assert shown == ["new"] * count + ["not comparable"] * (0 if match == "name" else 2)
        assert new(services.context(), "job-one-1", known, "name", match, "why")[-1][0] == told
    gamma = new(services.context(), "job-one-1", "rt", "name", match, "why")[3]
    assert gamma == ["Gamma", "name" if match == "name" else "not comparable", "of Gamma"]


@pytest.mark.parametrize("in_files", [False, True])
def test_companies_that_a_host_alone_takes_away_are_told(services: SimulatedServices, in_files: bool) -> None:
    """Several may share a host that is no shared one: a prospect would be lost without a word."""
    if in_files:
        services.columns = maker.connect(services.store)
    shops = [company(f"Shop {number}", f"shop-{number}", "mall.example") for number in range(4)]
    services.simulator.add(SimulatedJob([*shops, company("Beta", "beta", "b.mall.example")], "job-mall"))
    services.fetcher.wait("job-mall")
    for number, known in enumerate(
        [
            (("mall.example", "linkedin.com/company/shop-1"),),
            (("mall.example", ""), ("other.example", "linkedin.com/company/shop-9")),
        ]
    ):
        why = new(services.context(), "job-mall", known, "name", None, "why")
        assert [row[1] for row in why[1:-1]].count("host") == (3, 4)[number]
        own = ("; 3 of the known have a LinkedIn page of their own", "")[
            number
        ]  # without a page of its account none can differ
        assert why[-1][0] == f"1 of 5 are new; 1 of these has a known site{own}"
    pages = (("mall.example", "linkedin.com/company/shop-1"),)
    assert len(names(services, "job-mall", pages, "linkedin")) == 4
    why = new(services.context(), "job-mall", pages, "name", "site", "why")
    assert why[-1][0] == "0 of 5 are new; 3 of the known have a LinkedIn page of their own"


def test_a_job_without_companies_says_why(services: SimulatedServices) -> None:
    services.simulator.add(SimulatedJob([], "job-none"))
    services.fetcher.wait("job-none")
    assert new(services.context(), "job-none", None, "name") == [["name", "tier"], ["completed: no companies", ""]]
    assert new(services.context(), "job-none", None, "name", None, "count") == [[0.0]]
    assert names(services, "job-one-1", "job-none")[0] == ("Acme", "not comparable")
    assert new(services.context(), "job-one-1", "job-one-1", "name") == [
        ["name", "tier"],
        ["Gamma", "not comparable"],
    ]


def test_nothing_is_called_new_before_the_known_job_is_read(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(ROWS, "job-one-1"), SimulatedJob(OTHER, "job-two-2", running=1e3), limit=50.0)
    services.fetcher.wait("job-one-1")
    services.fetcher.watch("job-two-2")
    assert services.store
    services.store.label("job-two-2", "last run")
    header, (reason, blank) = new(services.context(), "job-one-1", "last run", "name")
    assert (header, blank) == (["name", "tier"], "")
    assert reason in ("loading", "pending", "running")


@pytest.mark.parametrize("show", ["rows", "count", "why"])
def test_companies_of_a_known_job_that_are_still_to_come_are_not_called_new(
    make_services: MakeServices, show: str
) -> None:
    rows = companies(500)
    services = make_services(SimulatedJob(rows, "job-one-1"), SimulatedJob(rows, "slow", running=1000.0), limit=600.0)
    services.fetcher.wait("job-one-1")
    known = services.fetcher.wait("slow", until=lambda snapshot: len(snapshot.rows) > 0)
    assert 0 < len(known.rows) < len(rows)
    block = new(services.context(), "job-one-1", "slow", "name", None, show)
    assert block == ([] if show == "count" else [[*["name", "tier", "known"][: len(block[0])]]]) + [
        ["running", *[""] * (len(block[0]) - 1)]
    ]


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ((("Acme",), ("Beta",)), NOTHING_TO_COMPARE),
        ("no-such-list", "^'no-such-list' is no known list and no job seen here"),
        (((None,), (None,)), NOTHING_TO_COMPARE),
        (CellError("#REF!"), "The cell with the known companies holds #REF!"),
    ],
)
def test_known_companies_that_cannot_be_compared_are_refused_without_a_request(
    services: SimulatedServices, known: object, message: str
) -> None:
    before = len(services.simulator.received)
    with pytest.raises(ConfigurationError, match=message[:40]):
        new(services.context(), "job-one-1", known)
    assert len(services.simulator.received) == before


@pytest.mark.parametrize("given", [["crm", "wrong"], ["wrong", "crm"], ["other", "wrong", "crm"]])
def test_of_several_names_the_one_that_is_unknown_is_told(services: SimulatedServices, given: list[str]) -> None:
    keep(services, "crm", ["acme.com"], ["zeta.io"])
    keep(services, "other", ["beta.com"], ["zeta.io"])
    for known in (tuple((name,) for name in given), (tuple(given),)):
        with pytest.raises(ConfigurationError, match=r"^'wrong' is no known list and no job seen here"):
            new(services.context(), "job-one-1", known)


def test_a_cell_follows_its_lists(services: SimulatedServices) -> None:
    keep(services, "other", ["beta.com"], ["zeta.io"])
    context = services.context()
    with pytest.raises(ConfigurationError):
        new(context, "job-one-1", "crm")
    seen = context.dependencies[KNOWN]
    keep(services, "other", ["beta.de"], ["zeta.io"])
    assert not seen.stale
    keep(services, "crm", ["acme.com"], ["zeta.io"])
    assert seen.stale


def test_a_cell_follows_a_job_that_is_seen_or_labelled_later(services: SimulatedServices) -> None:
    services.simulator.add(SimulatedJob(OTHER, "job-three-3"))
    seen = {}
    for text in ("job-three-3", "before"):
        context = services.context()
        with pytest.raises(ConfigurationError):
            new(context, "job-one-1", text)
        seen[text] = context.dependencies[KNOWN]
    context = services.context()
    new(context, "job-one-1", (("x.io",), ("before",), ("call Jo",)))
    mixed = context.dependencies[KNOWN]
    services.fetcher.wait("job-three-3")
    assert seen["job-three-3"].stale
    assert not any(each.stale for each in (seen["before"], mixed))
    assert services.store
    services.store.label("job-three-3", "before")
    assert seen["before"].stale
    assert mixed.stale


def test_what_depends_on_lists_and_names_does_not_wait_once_its_jobs_have_ended(services: SimulatedServices) -> None:
    context = services.context()
    new(context, "job-one-1", (("x.io",), ("crm",)))
    assert {topic: seen.settled() for topic, seen in context.dependencies.items()} == {"job-one-1": True, KNOWN: True}


def test_keys_are_read_from_files_of_columns_where_there_are_some(
    services: SimulatedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = company("Odd", "%ff%feodd", None)
    services.simulator.add(SimulatedJob([*ROWS, odd], "job-odd-3"))
    services.fetcher.wait("job-odd-3")
    known = (("Company", "Website"), ("Delta", "acme.com"), ("x", "linkedin.com/company/%ff%feodd"))
    arguments = ("job-odd-3", known, "name", "name", "why")
    from_rows = new(services.context(), *arguments)
    assert [row[1] for row in from_rows[1:-1]] == [
        "host",
        "new",
        "not comparable",
        "name",
        "new",
        "linkedin",
    ]
    services.columns = maker.connect(services.store)
    assert services.columns
    snapshot = services.fetcher.watch("job-odd-3")
    services.columns.folder.make("job-odd-3", snapshot.rows, snapshot.as_of)
    monkeypatch.setattr(derived_tables, "_cache", DerivedCache())
    monkeypatch.setattr(derived_tables, "keys_of", None)
    assert new(services.context(), *arguments) == from_rows


def test_large_ranges_and_lists_that_must_be_read_are_left_to_another_thread(services: SimulatedServices) -> None:
    large = tuple((f"a{number}.com",) for number in range(limits.MAX_READ_CELLS + 1))
    keep(services, "crm", ["acme.com"], ["zeta.io"])
    for known in (large, "crm"):
        with limits.at_once(), pytest.raises(limits.TakesLongError):
            new(services.context(), "job-one-1", known)
    names(services, "job-one-1", "crm")
    with limits.at_once():
        assert new(services.context(), "job-one-1", "crm", None, None, "count") == [[2.0]]
    with limits.at_once(), pytest.raises(limits.TakesLongError) as raised:
        domain(services.context(), large)
    assert raised.value.looked_up


def test_what_takes_long_with_many_known_companies_is_left_to_another_thread(services: SimulatedServices) -> None:
    """Lists that are put together, and the registrable domains of a list, which are found once."""
    keep(services, "crm", *([f"a{number}.com"] for number in range(limits.MAX_READ_CELLS + 1)))
    keep(services, "other", ["zeta.io"])
    names(services, "job-one-1", "crm")
    names(services, "job-one-1", "other", "name")
    both = (("crm",), ("other",))
    for known, match in (("crm", "site"), ("crm", "name"), (both, None)):
        with limits.at_once(), pytest.raises(limits.TakesLongError) as raised:
            new(services.context(), "job-one-1", known, None, match, "count")
        assert raised.value.looked_up
    new(services.context(), "job-one-1", "crm", None, "site", "count")
    with limits.at_once():
        assert new(services.context(), "job-one-1", "crm", None, "site", "count") == [[3.0]]


def test_hosts_that_the_user_calls_shared_take_no_company_away(make_services: MakeServices, tmp_path: Path) -> None:
    rows = [company("A", "a", "a.portal.example"), company("B", None, "portal.example"), company("C", "c", "c.example")]
    (tmp_path / "known").mkdir()
    (tmp_path / "known" / SHARED_HOSTS).write_text("Portal.example\n", "utf-8")
    made = make_services(SimulatedJob(rows, "job-one-1"))
    made.fetcher.wait("job-one-1")
    keep(made, "crm", ["a.portal.example"], ["portal.example"], ["https://www.c.example"], ["d.example"])
    shown = [("A", "not comparable"), ("B", "not comparable")]
    for known in ("crm", (("https://a.portal.example",), ("portal.example",), ("c.example",))):
        assert names(made, "job-one-1", known) == names(made, "job-one-1", known, "site") == shown
    assert domain(made.context(), "https://a.portal.example/x") == [[""]]
