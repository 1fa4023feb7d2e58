"""The columns known:NAME: their values, their names, and which companies criteria and sorts on them choose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.files.conftest import make_snapshot
from xl_openfunnel import ConfigurationError, UnknownColumnError, table
from xl_openfunnel.criteria import parse
from xl_openfunnel.fields import columns_of, parse_columns
from xl_openfunnel.hosts.excel.table_merge import column_indexes
from xl_openfunnel.jobs.stacking import stacked_frame
from xl_openfunnel.known.columns import (
    Telling,
    TierOf,
    columns_of_table,
    derived_columns,
    with_all_columns,
    with_columns,
    without_known,
)
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.selection import new_among
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.known.tiers import KnownCompanies, Tier
from xl_openfunnel.pivot import pivot
from xl_openfunnel.pivot_rules import Question
from xl_openfunnel.selection import ALL, Selection, parse_sort

PAGE = "https://www.linkedin.com/company/{}"
ROWS: list[dict[str, Any]] = [
    {"name": "Acme", "domain": "acme.com", "linkedin_url": PAGE.format("acme")},
    {"name": "Shop", "domain": "shop.beta.com", "linkedin_url": PAGE.format("shop")},
    {"name": "Gamma", "domain": None, "linkedin_url": None},
    {"name": "Delta", "domain": "delta.de", "linkedin_url": PAGE.format("delta")},
    {"name": "Host", "domain": "WWW.Host.example", "linkedin_url": 7},
]
TIERS = ["linkedin", None, "not comparable", None, "host"]
ACCOUNTS = [["Site"], ["de.linkedin.com/company/ACME/about"], ["http://www.beta.com"], ["jo@host.example"]]


@pytest.fixture
def lists(tmp_path: Path) -> KnownLists:
    kept = KnownLists(tmp_path / "known")
    kept.set(make_list("CRM", ACCOUNTS))
    return kept


def selected(lists: KnownLists, columns: str, criteria: str = "", sort: str = "") -> list[list[Any]]:
    names = parse_columns(columns)
    selection = with_columns(Selection(parse(criteria), parse_sort(sort)), names, lambda: lists)
    return (
        table.frame(ROWS, names, selection=selection)
        .astype(object)
        .where(lambda f: f.notna(), None)
        .to_numpy()
        .tolist()
    )


def test_a_value_is_the_tier_by_which_a_company_is_known_and_blank_for_a_new_one(lists: KnownLists) -> None:
    assert selected(lists, "known:crm") == [[tier] for tier in TIERS]
    frame = table.frame(ROWS, ["name", "known:crm"], selection=Selection(derived=derived_columns(["crm"], lists)))
    assert str(frame["known:CRM"].dtype) == "string"
    assert table.block(frame)[2] == ["Shop", ""]


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        ("known:crm=", ["Shop", "Delta"]),
        ("known:crm=|not comparable", ["Shop", "Gamma", "Delta"]),
        ("known:crm<>", ["Acme", "Gamma", "Host"]),
        ("Known:CRM=linkedin|host", ["Acme", "Host"]),
        ("known: crm =host; name=h*", ["Host"]),
    ],
)
def test_criteria_choose_by_it_whether_it_is_shown_or_not(lists: KnownLists, criteria: str, names: list[str]) -> None:
    assert [name for (name,) in selected(lists, "name", criteria)] == names
    assert [name for name, _ in selected(lists, "name,known:crm", criteria)] == names


def test_a_sort_orders_by_it_with_the_new_companies_last(lists: KnownLists) -> None:
    assert [name for (name,) in selected(lists, "name", sort="known:crm,-name")] == [
        *("Host", "Acme", "Gamma", "Shop", "Delta"),
    ]
    lists.set(make_list("desc", ACCOUNTS))
    assert selected(lists, "name", sort="-known:desc") == selected(lists, "name", sort="-known:crm")
    with pytest.raises(ConfigurationError, match="-known:crm sorts downwards"):
        parse_sort("known:crm desc")


@pytest.mark.parametrize("written", ["known:crm", " KNOWN:Crm ", "known: crm", "known:crm\u200b", "Known:\u00a0CRM"])
def test_a_column_has_one_name_however_it_is_written(lists: KnownLists, written: str) -> None:
    names = parse_columns(f"{written};known:crm")
    selection = with_columns(ALL, names, lambda: lists)
    assert list(table.frame(ROWS, names, selection=selection).columns) == ["known:CRM"]


@given(st.text(st.characters(categories=("L", "M", "N", "Zs"), include_characters=".&+()-"), min_size=1, max_size=60))
def test_every_list_can_be_named_as_a_column_which_shows_its_own_name(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    lists = KnownLists(tmp_path_factory.mktemp("lists"))
    try:
        lists.set(make_list(name, ACCOUNTS))
    except ConfigurationError:
        return
    (column,) = with_all_columns(ALL, lists).derived
    assert [value for (value,) in selected(lists, f"known:{lists.all()[0].name}")] == TIERS
    assert selected(lists, "name", f"{column.name}=", f"-{column.name}") == [["Shop"], ["Delta"]]
    title = f"known:{lists.all()[0].name}"
    for columns in (column.name, title, f"KNOWN: {name}"):
        frame = make_snapshot(ROWS, selection=with_columns(ALL, parse_columns(columns), lambda: lists)).frame(columns)
        assert list(frame.columns) == [title]
    assert column_indexes(["name", title], [column.name]) == {column.name: 1}
    frame = table.frame(ROWS, [column.name, "linkedin_url", "domain"], selection=Selection(derived=(column,)))
    assert pivot(frame, Question((column.name,), (), None, "count"))[0] == [title, "companies"]


def test_a_list_that_is_not_there_is_refused_with_what_may_be_meant(lists: KnownLists) -> None:
    lists.set(make_list("partners", ACCOUNTS))
    for columns, criteria, sort in (("known:crmm", "", ""), ("name", "known:crmm=", ""), ("name", "", "-known:crmm")):
        with pytest.raises(ConfigurationError, match=r"^'crmm' is no known list\. Did you mean 'CRM'\?"):
            selected(lists, columns, criteria, sort)
    with pytest.raises(ConfigurationError, match=r"There are CRM, partners\."):
        selected(lists, "known:xyz")
    for number in range(4):
        lists.set(make_list(f"region {number}", ACCOUNTS))
    with pytest.raises(ConfigurationError, match=r"There are CRM, .*, region 2 and 1 more\."):
        selected(lists, "known:xyz")
    with pytest.raises(UnknownColumnError):
        table.frame(ROWS, ["known:crm"])


def test_no_star_no_default_and_no_field_of_the_service_is_such_a_column(lists: KnownLists) -> None:
    selection = with_all_columns(ALL, lists)
    assert not selection
    odd = [{**ROWS[0], "known:crm": "no", "Known:other": "1"}]
    assert columns_of(odd[0])["known:crm"] == "service_known:crm"
    names = list(table.frame(odd, ["*"], selection=selection).columns)
    assert [name for name in names if "known" in name.lower()] == ["service_known:crm", "service_Known:other"]
    frame = table.frame(odd, ["known:crm", "service_known:crm"], selection=selection)
    assert frame.to_numpy().tolist() == [["linkedin", "no"]]
    assert not any("known" in name for name in make_snapshot(ROWS, selection=selection).frame().columns)


def test_a_frame_follows_a_list_that_is_set_again(lists: KnownLists) -> None:
    snapshot = make_snapshot(ROWS)

    def tiers() -> list[Any]:
        selection = with_columns(ALL, ["known:crm"], lambda: lists)
        return replace(snapshot, selection=selection).frame("known:crm").iloc[:, 0].dropna().tolist()

    assert tiers() == ["linkedin", "not comparable", "host"]
    lists.set(make_list("crm", [["delta.de"], ["beta.com"]]))
    assert tiers() == ["not comparable", "host"]


def test_the_criterion_for_the_new_ones_agrees_with_new_against(lists: KnownLists) -> None:
    snapshot = make_snapshot(ROWS)
    chosen = new_among([snapshot], ALL, lists.get("crm").keys, ["crm"])
    frame = replace(snapshot, selection=chosen).frame("name")
    new = [name for name, tier in frame.to_numpy().tolist() if tier == Tier.NEW]
    assert [[name] for name in new] == selected(lists, "name", "known:crm=")


@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2)), max_size=4), min_size=1, max_size=3),
    st.sampled_from(["", "employee_count=1", "employee_count>0; name=b|c", "job_id=0|1"]),
    st.booleans(),
)
def test_a_company_is_new_wherever_one_of_its_rows_is_chosen(
    jobs: list[list[tuple[str, int]]], criteria: str, known: bool
) -> None:
    """The best of its rows for which the criteria hold is shown, whatever its other rows are."""
    snapshots = [
        replace(
            make_snapshot([{"name": n, "linkedin_url": PAGE.format(n), "employee_count": c} for n, c in rows]),
            job_id=str(number),
        )
        for number, rows in enumerate(jobs)
    ]
    companies = KnownCompanies({"d": ""} if known else {"x": ""})
    selection = Selection(parse(criteria))
    columns = ["name", "employee_count", "rank"]
    every = stacked_frame(snapshots, columns, selection).to_numpy().tolist()
    best: dict[str, list[Any]] = {}
    for row in sorted(every, key=lambda row: row[3]):
        if not (known and row[1] == "d"):
            best.setdefault(row[1], row)
    shown = stacked_frame(snapshots, columns, new_among(snapshots, selection, companies, ["x"])).to_numpy().tolist()
    assert sorted(row[:4] for row in shown) == sorted(best.values())


def test_the_new_ones_are_counted_and_what_only_a_site_would_exclude(lists: KnownLists) -> None:
    (column,) = derived_columns(["crm"], lists)
    pairs = [(row["linkedin_url"], row["domain"]) for row in ROWS]
    assert isinstance(column.derive, TierOf)
    assert column.derive.tally(pairs) == '2 of 5 are new to "CRM"; 1 of these has a known site; 1 cannot be compared'
    assert column.derive.tally([]) == '0 of 0 are new to "CRM"'


def test_a_table_of_a_sheet_has_the_columns_of_all_lists_and_empties_those_that_are_gone(lists: KnownLists) -> None:
    selection = columns_of_table(["name", "Known:Crm", "known:gone", "Mine"], lists)
    names = ["name", *(column.name for column in selection.derived)]
    assert names == ["name", "known:crm", "known:gone"]
    block = table.block(table.frame(ROWS, names, selection=selection), headers=False)
    assert [row[1:] for row in block] == [[tier or "", ""] for tier in TIERS]
    assert columns_of_table(["name"], None).derived == ()


def test_a_table_of_a_sheet_calls_no_company_new_to_a_list_that_cannot_be_read(lists: KnownLists) -> None:
    (file,) = lists.folder.iterdir()
    file.write_bytes(b"damaged")
    selection = columns_of_table(["known:crm"], lists)
    block = table.block(table.frame(ROWS, ["known:crm"], selection=selection), headers=False)
    assert block == [["not comparable"]] * len(ROWS)
    lists.remove("crm")
    assert columns_of_table(["known:crm"], lists).key != selection.key


def test_a_block_without_what_tells_of_known_companies_keeps_all_else() -> None:
    rows: list[list[str | None]] = [
        ["name", "known:crm", "domain"],
        ["Acme", "host", "acme.com"],
        ["Beta", None, "beta.com"],
    ]
    kept = [["name", None, "domain"], ["Acme", None, "acme.com"], ["Beta", None, "beta.com"]]
    for telling in (Telling.COLUMNS, Telling.NOTHING):
        assert without_known(rows, telling) == kept
    assert without_known(rows, Telling.ROWS) == [[None] * 3] * 3
    new: list[list[str | None]] = [["name", "tier"], ["Acme", "new"], ["Beta", "not comparable"]]
    assert without_known(new, Telling.NOTHING) == new
    why: list[list[str | None]] = [
        ["name", "tier", "known"],
        ["Acme", "host", "Jo"],
        ["Beta", "new", None],
        ["1 of 2 are new", None, None],
    ]
    assert without_known(why, Telling.COLUMNS) == [
        ["name", None, None],
        ["Acme", None, None],
        ["Beta", None, None],
        [None, None, None],
    ]
    tiers: list[list[object]] = [["host", 1.0]]
    assert without_known(tiers, Telling.COLUMNS) == [[None, None]]
    assert without_known(tiers, Telling.NOTHING) == tiers
