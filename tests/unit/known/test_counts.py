"""All that count new companies count the same ones: cells, columns, the command's sentence, and what they show."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.files.conftest import make_snapshot
from xl_openfunnel.company_key import keys_of
from xl_openfunnel.files.metadata import chosen_note
from xl_openfunnel.known.columns import TierOf, derived_columns
from xl_openfunnel.known.counts import Counts
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.selection import new_among, unique_companies, unknown
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.known.tiers import MATCHES, KnownCompanies, Match, Matcher, Tier
from xl_openfunnel.selection import ALL

_PAGE = "https://www.linkedin.com/company/"
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "linkedin_url": st.sampled_from([None, "a", "b", "c", "7", "8"]).map(lambda slug: slug and _PAGE + slug),
            "domain": st.sampled_from([None, "a.com", "fr.a.com", "b.com", "c.com", "facebook.com"]),
            "name": st.sampled_from([None, "A", "A Ltd", "B"]),
        }
    ),
    min_size=1,
    max_size=12,
)
_lists = st.builds(
    KnownCompanies,
    st.dictionaries(st.sampled_from("ab7"), st.just("")),
    st.dictionaries(st.sampled_from(["a.com", "b.com"]), st.just("")),
    st.dictionaries(st.sampled_from("ab"), st.just("")),
)


def numbers(text: str, *patterns: str) -> list[int]:
    """The numbers before these words, 0 where they are not there."""
    found = [re.search(rf"([\d,]+) {pattern}", text) for pattern in patterns]
    return [int(match[1].replace(",", "")) if match else 0 for match in found]


@given(_rows, _lists, st.sampled_from(MATCHES))
def test_as_many_are_counted_as_are_shown_and_told(
    rows: list[dict[str, Any]], known: KnownCompanies, weakest: Tier
) -> None:
    keys, matcher = list(map(keys_of, rows)), Matcher(known)
    shown = unique_companies(keys, range(len(rows)), matcher, weakest)
    told = unique_companies(keys, range(len(rows)), matcher, weakest, hints=True)
    marked = [company.match.tier for company in unknown(shown)]
    counts = Counts.of((company.match for company in shown), weakest)
    expected = [marked.count(Tier.NEW), marked.count(Tier.NOT_COMPARABLE)]
    assert [counts.new, counts.tiers[Tier.NOT_COMPARABLE]] == expected
    why = Counts.of((company.match for company in told), weakest)
    assert numbers(why.text(), r"of [\d,]+ are new", "cannot be compared") == expected
    assert [company.match.tier for company in told].count(Tier.NOT_COMPARABLE) == expected[1]
    assert numbers(why.chosen_text('"x"'), 'new to "x"', "that cannot be compared") == expected
    assert counts.chosen_text("") == why.chosen_text("")
    if weakest is MATCHES[0]:
        snapshot = make_snapshot(rows)
        chosen = replace(snapshot, selection=new_among([snapshot], ALL, known, ["x"]))
        assert numbers(chosen_note(chosen), 'new to "x"', "that cannot be compared") == expected
        tiers = chosen.frame("name")["tier"].tolist()
        assert [tiers.count("new"), tiers.count("not comparable")] == expected


@given(_rows, _lists)
def test_the_column_of_a_list_counts_the_rows_that_its_criteria_find(
    rows: list[dict[str, Any]], known: KnownCompanies
) -> None:
    lists = Mock(KnownLists)
    lists.get.return_value = replace(make_list("x", [["a.com"]]), keys=known)
    (column,) = derived_columns(["x"], lists)
    pairs = [(row["linkedin_url"], row["domain"]) for row in rows]
    assert isinstance(column.derive, TierOf)
    values = [column.derive(*pair) for pair in pairs]
    expected = [values.count(None), values.count("not comparable")]
    assert numbers(column.derive.tally(pairs), r"of [\d,]+ are new", "cannot be compared") == expected


def counts(weakest: Tier, *matches: Match) -> Counts:
    return Counts.of(matches, weakest)


@pytest.mark.parametrize(
    ("found", "told", "chosen"),
    [
        (counts(Tier.HOST, *[Match(Tier.NEW)] * 1200), "1,200 of 1,200 are new", '1,200 new to "x"'),
        (
            counts(Tier.LINKEDIN, Match(Tier.NEW), *[Match(Tier.HOST, "", True)] * 2, Match(Tier.NAME)),
            "4 of 4 are new; 2 of these have a known host; 1 of these has a known name",
            '4 new to "x"',
        ),
        (
            counts(Tier.HOST, Match(Tier.HOST, "", True), Match(Tier.NOT_COMPARABLE), Match(Tier.LINKEDIN)),
            "0 of 3 are new; 1 cannot be compared; 1 of the known has a LinkedIn page of its own",
            '0 new to "x", and 1 that cannot be compared (1 of the known has a LinkedIn page of its own)',
        ),
        (
            counts(Tier.HOST, *[Match(Tier.NOT_COMPARABLE, "", True)] * 40),
            "0 of 40 are new; 40 cannot be compared; 40 of these have a known name",
            '0 new to "x", and 40 that cannot be compared',
        ),
        (
            counts(Tier.SITE, Match(Tier.SITE, "", True), Match(Tier.HOST, "", True)),
            "0 of 2 are new; 2 of the known have a LinkedIn page of their own",
            '0 new to "x" (2 of the known have a LinkedIn page of their own)',
        ),
    ],
)
def test_what_is_told(found: Counts, told: str, chosen: str) -> None:
    assert found.text() == told
    assert found.text('"x"') == told.replace(" new", ' new to "x"', 1)
    assert found.chosen_text('"x"') == chosen
