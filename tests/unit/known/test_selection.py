"""Each company once, with how surely it is known."""

from __future__ import annotations

from xl_openfunnel.company_key import CompanyKeys
from xl_openfunnel.known.counts import Counts
from xl_openfunnel.known.selection import unique_companies, unknown
from xl_openfunnel.known.tiers import KnownCompanies, Matcher, Tier


def keys(linkedin: str | None, host: str | None = None) -> CompanyKeys:
    return CompanyKeys(linkedin, host, None)


def matcher(*slugs: str, hosts: tuple[str, ...] = ()) -> Matcher:
    known = KnownCompanies()
    known.add(slugs, hosts)
    return Matcher(known)


def test_a_company_of_two_jobs_is_there_once_with_its_best_rank() -> None:
    rows = [keys("a"), keys("b"), keys("b"), keys("a"), keys("c")]
    companies = unique_companies(rows, [1, 2, 1, 2, 3], None, Tier.HOST)
    assert [company.position for company in companies] == [0, 2, 4]
    assert {company.match.tier for company in companies} == {Tier.NEW}


def test_of_equal_ranks_the_first_job_counts() -> None:
    assert [each.position for each in unique_companies([keys("a"), keys("a")], [1, 1], None, Tier.HOST)] == [0]


def test_a_company_is_known_if_one_of_its_rows_is() -> None:
    rows = [keys("a", "a.com"), keys("a", "a.de")]
    (company,) = unique_companies(rows, [1, 2], matcher(hosts=("a.de",)), Tier.HOST)
    assert (company.position, company.match.tier) == (0, Tier.HOST)


def test_a_row_that_cannot_be_compared_does_not_hide_that_another_is_new() -> None:
    rows = [keys("a"), keys("a", "a.com")]
    (company,) = unique_companies(rows, [1, 2], matcher(hosts=("b.com",)), Tier.HOST)
    assert company.match.tier is Tier.NEW


def test_what_cannot_be_compared_comes_after_the_new_and_is_counted_apart() -> None:
    rows = [keys(None), keys("a", "a.com"), keys("k"), keys("b"), keys(None)]
    companies = unique_companies(rows, [1, 2, 3, 4, 5], matcher("k"), Tier.HOST)
    assert [company.position for company in unknown(companies)] == [1, 3, 0, 4]
    counts = Counts.of((each.match for each in companies), Tier.HOST)
    assert counts.tiers == {
        Tier.LINKEDIN: 1,
        Tier.HOST: 0,
        Tier.SITE: 0,
        Tier.NAME: 0,
        Tier.NEW: 2,
        Tier.NOT_COMPARABLE: 2,
    }
    assert list(counts.tiers) == list(Tier)
