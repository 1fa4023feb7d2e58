"""The link rule: a link leads to a company's LinkedIn page or to the row's own domain, and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xl_openfunnel.files.links import domain_link, link_formula, linkedin_link

PIECES = st.sampled_from(
    [
        *("https://", "http:", "//", "javascript:", "file:///", "www.", "de.", "linkedin.com", "LinkedIn.com"),
        *("evil.example", "/company/", "/school/", "/in/", "acme", "ACME", "münchen", "ß", "..", ".", "%2e%2e"),
        *("%252e", "%2f", "%5c", "%ff", "\\", "/", "?", "#", "@", ":", "443", "&", "'", '"', "<", " ", "\n"),
        *("\t", "\u200b", "\u202e", "\ud800", "xn--", "-", "com", "0x7f", "127.0.0.1", "K", "ſ", "。", "аcme"),
    ]
)
ANY_TEXT = st.one_of(st.text(), st.lists(PIECES, max_size=9).map("".join))


@given(ANY_TEXT)
@example("1.2.3.4")
@example("acme.com\n")
def test_a_domain_links_to_itself_or_not_at_all(text: str) -> None:
    link = domain_link(text)
    if link is not None:
        assert link == f"https://{text.lower()}"
        assert re.fullmatch(r"https://([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", link)
        parts = urlsplit(link)
        assert (parts.hostname, parts.username, parts.port, parts.path) == (text.lower(), None, None, "")


@given(ANY_TEXT)
@example("https://www.linkedin.com/company/..")
@example("https://www.linkedin.com/company/%2e%2e/")
@example("https://www.linkedin.com/company/a%2f..%2fb")
@example("https://www.linkedin.com/company/https://evil.example")
def test_a_linkedin_page_links_to_a_company_or_not_at_all(text: str) -> None:
    link = linkedin_link(text)
    if link is not None:
        assert re.fullmatch(r"https://www\.linkedin\.com/company/[A-Za-z0-9%._~-]+", link)
        slug = unquote(link.rpartition("/")[2], errors="strict")
        assert slug.strip(".")
        assert not set(slug) & set("/\\?#% ")
        assert slug in unquote(text).lower()


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("acme.com", "https://acme.com"),
        ("WWW.Acme.co.uk", "https://www.acme.co.uk"),
        ("xn--mnchen-3ya.de", "https://xn--mnchen-3ya.de"),
        ("acme.xn--p1ai", "https://acme.xn--p1ai"),
        *(
            (text, None)
            for text in ("", "acme", "acme.com.", "acme.com/", "a@acme.com", "https://acme.com", "10.0.0.1")
        ),
        *((text, None) for text in ("acme.0x7f", "-a.com", "a..com", "münchen.de", "аcme.com", "acme.com ", "a_b.com")),
        (f"{'a' * 64}.com", None),
        (f"{'a.' * 126}com", None),
        (None, None),
        (99.0, None),
    ],
)
def test_only_a_bare_host_name_has_a_link(text: object, link: str | None) -> None:
    assert domain_link(text) == link


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("https://www.linkedin.com/company/acme", "acme"),
        ("http://de.linkedin.com/company/Acme/about/?x=1", "acme"),
        ("linkedin.com/showcase/acme-labs", "acme-labs"),
        ("https://www.linkedin.com/company/l&h-inc-", "l%26h-inc-"),
        ("https://www.linkedin.com/company/société", "soci%C3%A9t%C3%A9"),
        ("https://www.linkedin.com/company/soci%C3%A9t%C3%A9", "soci%C3%A9t%C3%A9"),
        ("https://www.linkedin.com/company/weiß", None),  # folded, it would be another company's
        ("https://www.linkedin.com/company/acme-und-soe…", None),  # cut for a cell of a block
        ("https://www.linkedin.com/in/someone", None),
        ("https://linkedin.com.evil.example/company/acme", None),
        ("https://www.linkedin.com@evil.example/company/acme", None),
        ("https://www.linkedin.com/company/acme\u202e", None),
        ("https://www.linkedin.com/company/" + "a" * 3000, None),
        (None, None),
        (True, None),
    ],
)
def test_any_address_of_a_company_links_to_its_page(text: object, slug: str | None) -> None:
    assert linkedin_link(text) == (f"https://www.linkedin.com/company/{slug}" if slug else None)


def test_a_formula_shows_the_text_and_leads_to_the_link() -> None:
    assert link_formula("domain", "Acme.com") == '=HYPERLINK("https://acme.com","Acme.com")'
    assert link_formula("domain", "acme.com", ";") == '=HYPERLINK("https://acme.com";"acme.com")'
    assert link_formula("linkedin_url", 'linkedin.com/company/acme?a="b') == (
        '=HYPERLINK("https://www.linkedin.com/company/acme","linkedin.com/company/acme?a=""b")'
    )


@given(st.integers(100, 300), st.sampled_from("aß😀"))
def test_a_text_in_a_formula_is_no_longer_than_excel_takes(length: int, character: str) -> None:
    text = "linkedin.com/company/acme?".ljust(length, character)
    formula = link_formula("linkedin_url", text)
    assert (formula is not None) == (len(text.encode("utf-16-le")) <= 2 * 255)


def test_what_gets_no_link_gets_no_formula() -> None:
    assert link_formula("name", "acme.com") is None
    assert link_formula("domain", "evil.com/acme.com") is None
    assert link_formula("domain", None) is None
    long = "linkedin.com/company/" + "a" * 235
    assert link_formula("linkedin_url", long) is None
    assert linkedin_link(long) is not None
