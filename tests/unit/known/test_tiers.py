"""How surely a company is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.company_key import CompanyKeys
from xl_openfunnel.known.domains import site
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.known.tiers import KnownCompanies, Matcher, Tier
from xl_openfunnel.shared_hosts import PLATFORMS, SHARED


def keys(linkedin: str | None = None, host: str | None = None, name: str | None = None) -> CompanyKeys:
    return CompanyKeys(linkedin, host, name)


@pytest.fixture
def crm() -> Matcher:
    known = KnownCompanies()
    known.add(["acme"], ["acme.com"], "acme", note="A-1")
    known.add([], ["shop.foo.co.uk", "foo.wordpress.com"], "foo", note="A-2")
    return Matcher(known)


@pytest.mark.parametrize(
    ("company", "tier", "note"),
    [
        (keys("acme", "other.com"), Tier.LINKEDIN, "A-1"),
        (keys("acme-france", "acme.com"), Tier.HOST, "A-1"),
        (keys("acme-france", "fr.acme.com"), Tier.SITE, "A-1"),
        (keys("x", "www2.foo.wordpress.com"), Tier.SITE, "A-2"),
        (keys("acme-inc", "acme.io", "Acme, Inc."), Tier.NAME, "A-1"),
        (keys("x", "bar.wordpress.com"), Tier.NEW, ""),
        (keys("x", "co.uk"), Tier.NEW, ""),
        (keys(None, "bar.com"), Tier.NEW, ""),
        (keys("12345"), Tier.NOT_COMPARABLE, ""),
        (keys(None, "facebook.com", "bar"), Tier.NOT_COMPARABLE, ""),
        (keys(None, None, "bar"), Tier.NOT_COMPARABLE, ""),
        (keys(None, None, "acme"), Tier.NAME, "A-1"),
        (keys(), Tier.NOT_COMPARABLE, ""),
    ],
)
def test_the_strongest_tier_counts(crm: Matcher, company: CompanyKeys, tier: Tier, note: str) -> None:
    match = crm.match(company)
    assert (match.tier, match.note) == (tier, note)


@pytest.mark.parametrize("weakest", [Tier.LINKEDIN, Tier.HOST, Tier.SITE, Tier.NAME])
def test_weaker_tiers_are_not_looked_for(crm: Matcher, weakest: Tier) -> None:
    order = [Tier.LINKEDIN, Tier.HOST, Tier.SITE, Tier.NAME]
    companies = [keys("acme"), keys("x", "acme.com"), keys("x", "a.acme.com"), keys("x", "acme.io", "acme")]
    for own, company in zip(order, companies, strict=True):
        found = order.index(own) <= order.index(weakest)
        assert crm.match(company, weakest).tier == (own if found else Tier.NEW)


def test_lists_without_a_kind_of_key_cannot_tell_that_a_company_is_new() -> None:
    only_pages, only_numbers = KnownCompanies(), KnownCompanies()
    only_pages.add(["acme"], [])
    only_numbers.add(["123"], [])
    assert Matcher(only_pages).match(keys(None, "acme.com")).tier is Tier.NOT_COMPARABLE
    assert Matcher(only_numbers).match(keys("acme")).tier is Tier.NOT_COMPARABLE
    assert Matcher(only_numbers).match(keys("123")).tier is Tier.LINKEDIN
    assert Matcher(KnownCompanies()).match(keys("acme", "acme.com", "acme")).tier is Tier.NOT_COMPARABLE


def test_the_note_is_that_of_the_first_company_with_the_key() -> None:
    known, more = KnownCompanies(), KnownCompanies()
    known.add([], ["acme.com"], note="first")
    more.add(["acme"], ["acme.com"], note="second")
    known.update(more)
    assert Matcher(known).match(keys(None, "acme.com")).note == "first"
    assert Matcher(known).match(keys("acme")).note == "second"


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("acme.com", "acme.com"),
        ("a.b.acme.co.uk", "acme.co.uk"),
        ("acme.vercel.app", "acme.vercel.app"),
        ("acme.business.site", "acme.business.site"),
        ("münchen.de", "münchen.de"),
        ("vercel.app", None),
        ("wordpress.com", None),
        ("boards.greenhouse.io", None),
        ("co.uk", None),
    ],
)
def test_the_registrable_domain(host: str, own: str | None) -> None:
    assert site(host) == own


@given(st.from_regex(r"[a-z0-9-]{1,8}(\.[a-z0-9-]{1,8}){1,4}", fullmatch=True))
def test_a_registrable_domain_is_its_own(host: str) -> None:
    own = site(host)
    assert own is None or (site(own) == own and (host == own or host.endswith(f".{own}")))


@pytest.mark.parametrize("shared", sorted(SHARED | PLATFORMS))
def test_a_shared_host_takes_nobody_away(shared: str) -> None:
    """A company with a part of its own on a platform has a host to compare; one with a page has none."""
    table = [["acme.com"], [f"https://{shared}/acme"], [f"https://one.{shared}/"], [f"www.{shared}"]]
    matcher = Matcher(make_list("crm", table).keys)
    for host in (shared, f"other.{shared}", f"m.other.{shared}"):
        own_part = shared in PLATFORMS and host != shared
        assert matcher.match(keys("other", host, "Other")).tier is (Tier.NEW if own_part else Tier.NOT_COMPARABLE)


_SLUGS, _HOST_NAMES = ["a", "b", "1", "2"], ["a.com", "b.com", "x.a.com", "facebook.com", "a.wordpress.com"]


@given(
    st.lists(st.sampled_from(_SLUGS), max_size=2),
    st.lists(st.sampled_from([name for name in _HOST_NAMES if name != "facebook.com"]), max_size=2),
    st.none() | st.sampled_from(_SLUGS),
    st.none() | st.sampled_from(_HOST_NAMES),
    st.sampled_from([Tier.LINKEDIN, Tier.HOST, Tier.SITE, Tier.NAME]),
)
def test_a_company_is_new_only_if_the_list_has_a_kind_of_its_keys(
    slugs: list[str], hosts: list[str], slug: str | None, host: str | None, weakest: Tier
) -> None:
    known = KnownCompanies()
    known.add(slugs, hosts, "acme")
    same_kind = (slug is not None and any(each.isdigit() == slug.isdigit() for each in slugs)) or (
        host not in (None, "facebook.com") and bool(hosts)
    )
    tier = Matcher(known).match(keys(slug, host, "Other"), weakest).tier
    assert tier is not Tier.NEW or same_kind
    assert tier is not Tier.NOT_COMPARABLE or not same_kind


def test_known_companies_show_nothing_of_themselves() -> None:
    known = KnownCompanies()
    known.add(["secret"], ["secret.com"], "secret", "secret")
    assert "secret" not in f"{known!r}{known}{Matcher(known)!r}"
