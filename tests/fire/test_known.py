"""A small invented CRM, the same every time; the long form has 50,000 accounts."""

from __future__ import annotations

import pytest

from xl_openfunnel.company_key import keys_of
from xl_openfunnel.known.reading import CellKeys, keys_in
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.known.tiers import Matcher, Tier

from . import crm, known

HOST = Tier.HOST


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[crm.Crm, known.Results]:
    return known.run(tmp_path_factory.mktemp("crm"), accounts=1_200, companies=600)


@pytest.mark.parametrize("tier", [Tier.LINKEDIN, Tier.HOST])
def test_the_tiers_that_exclude_find_all_and_nothing_else(tier: Tier, outcome: tuple[crm.Crm, known.Results]) -> None:
    made, results = outcome
    assert results.tiers[tier].right > 40
    assert known.broken(made, tier, results.tiers[tier]) == ""


def test_weaker_tiers_find_what_their_account_can_tell(outcome: tuple[crm.Crm, known.Results]) -> None:
    """A franchise has the registrable domain of another, and a name more than one company: half may be wrong."""
    _, results = outcome
    site, name = results.tiers[Tier.SITE], results.tiers[Tier.NAME]
    assert site.recall > 0.8
    assert name.recall > 0.8
    assert site.wrong, "the CRM has no franchise"
    assert name.wrong, "the CRM has no namesake"


def test_most_companies_without_an_account_are_new(outcome: tuple[crm.Crm, known.Results]) -> None:
    _, results = outcome
    assert results.new > 0.8 * results.strangers


@pytest.mark.parametrize("form", crm.HOSTS)
def test_every_company_is_found_by_its_site_in_each_form(form: str) -> None:
    companies, rows = crm.make_job(60)
    table = [["Account", "Site"], *([str(each.number), crm.HOSTS[form](each)] for each in companies)]
    matches = Matcher(make_list("crm", table).keys).matches(
        [keys_of({**row, "linkedin_url": None}) for row in rows], HOST
    )
    for row, match in zip(rows, matches, strict=True):
        assert match.tier is (Tier.NOT_COMPARABLE if row["domain"] is None else HOST), row


@pytest.mark.parametrize("form", crm.PAGES)
def test_every_company_is_found_by_its_page_in_each_form(form: str) -> None:
    companies, rows = crm.make_job(60)
    table = [["Account", "Page"], *([str(each.number), crm.PAGES[form](each)] for each in companies)]
    matches = Matcher(make_list("crm", table).keys).matches([keys_of({**row, "domain": None}) for row in rows], HOST)
    assert {match.tier for match in matches} == {Tier.LINKEDIN}


COMPANY = crm.Company(7, "Acmé", "GmbH", "acmé.co.uk", "acmé.co.uk", "old-acmé.net", "acmé-shop.com", "acmé-gmbh")


@pytest.mark.parametrize("form", [form for form in crm.OTHER if form not in ("old domain", "http://www.google.com")])
def test_a_cell_that_is_no_site_has_no_key(form: str) -> None:
    assert keys_in(crm.OTHER[form](COMPANY)) == CellKeys()
