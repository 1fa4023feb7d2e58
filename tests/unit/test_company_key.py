"""What makes texts, domains, LinkedIn links and companies the same."""

from __future__ import annotations

import unicodedata
from typing import Literal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.company_key import CompanyKeys, comparable, group_companies, host, keys_of, linkedin_slug

TEXTS = st.text(max_size=12) | st.text(alphabet="aAéEe\u0301\u200b \u00a0\u3000\ufeffİıßſ-.", max_size=8)
SLUGS = st.text(alphabet="abcxyz019-._&üöéñ中文日本", min_size=1, max_size=12).filter(
    lambda slug: slug.strip(".") == slug.rstrip(".") and slug.strip(".") != ""
)
LABELS = st.text(alphabet="abcxyz019üéñ中", min_size=1, max_size=10).map(lambda label: f"a{label}")
HOSTS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Côte d'Ivoire", unicodedata.normalize("NFD", "Côte d'Ivoire")),
        ("Acme", "\u3000Acme\u00a0\u2003"),
        ("Acme", "Ac\u200bme\ufeff"),
        ("Acme", "Ac\u00adme\u202c"),
        ("STRASSE", "straße"),
        ("New Zealand", "new\u00a0zealand"),
        ("", "\u200b \u00a0\u2060"),
        ("❤", "❤\ufe0f"),
    ],
)
def test_texts_that_look_alike_are_the_same(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Acme", "Acmé"), ("A cme", "Acme"), ("1", "1.0"), ("ﬁ", "f i"), ("a-b", "a–b")]
)
def test_texts_that_look_different_are_not(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


@given(TEXTS, st.sampled_from(("NFC", "NFD")), st.text(alphabet=" \t\n\u00a0\u3000\u200b\ufeff\x00", max_size=3))
def test_a_comparable_text_is_stable(text: str, form: Literal["NFC", "NFD"], blanks: str) -> None:
    key = comparable(text)
    assert comparable(key) == key
    assert comparable(blanks + unicodedata.normalize(form, text) + blanks) == key
    assert comparable(text.casefold()) == key


def test_every_character_is_stable() -> None:
    for code in range(0x110000):
        character = chr(code)
        key = comparable(character)
        assert comparable(key) == key, hex(code)
        if not 0xD800 <= code < 0xE000:
            assert comparable(unicodedata.normalize("NFD", character)) == key, hex(code)


@pytest.mark.parametrize(
    "address",
    [
        "https://www.linkedin.com/company/{}",
        "http://de.linkedin.com/company/{}/",
        "linkedin.com/school/{}/about/",
        "//LINKEDIN.COM:443/Showcase/{}?trk=x&y=/company/other",
        "https://uk.linkedin.com/company/{}/posts/?feedView=all#top",
        "https:\\\\www.linkedin.com\\company\\{}\\people",
        " <https://www.linkedin.com./company//{}/life> ",
        "\u201chttps://www.linkedin.com/company/{}\u201d",
        "(https://www.linkedin.com/company/{}),",
        "[ linkedin.com/company/{} ];",
        "https://www.linkedin.com/mwlite/company/{}",
        "https://www.linkedin.com/organization-guest/company/{}?challengeId=x",
        "LinkedIn: https//linkedin.com/company/{}",
        "li:linkedin.com/company/{}",
    ],
)
@given(slug=SLUGS)
def test_every_writing_of_a_linkedin_page_has_its_slug(address: str, slug: str) -> None:
    key = linkedin_slug(f"https://www.linkedin.com/company/{slug}")
    assert key == comparable(slug)
    for written in (slug, slug.upper(), quote(slug), quote(slug).lower(), unicodedata.normalize("NFD", slug)):
        assert linkedin_slug(address.format(written)) == linkedin_slug(f"linkedin.com/company/{written}")
    assert linkedin_slug(address.format(quote(slug))) == key
    assert linkedin_slug(address.format(unicodedata.normalize("NFD", slug))) == key


@pytest.mark.parametrize(
    "value",
    [
        *("", "acme", "https://acme.com/company/acme", "https://notlinkedin.com/company/acme"),
        *("https://linkedin.com.evil.com/company/acme", "https://linkedin.com/in/acme", "linkedin.com/company/"),
        *("https://evil.com/?u=linkedin.com/company/acme", "linkedin.com@evil.com/company/acme", None, 5, ["x"]),
    ],
)
def test_other_addresses_have_no_slug(value: object) -> None:
    assert linkedin_slug(value) is None


def test_slugs_of_broken_escapes_stay_apart() -> None:
    assert linkedin_slug("linkedin.com/company/a%ff") != linkedin_slug("linkedin.com/company/a%fe")


@pytest.mark.parametrize(
    "address",
    [
        *("{}", "http://{}", "https://www.{}/", "HTTPS://{}:8443/de?x=1#y", "//{}/", "info@{}", "mailto:sales@{}"),
        *("http//{}", "https:\\\\{}\\", " {}. ", "\u200b{}\ufeff", "<{}>", "({}),", "https://user:pass@{}/x"),
        *("http.//{}", "htpp://{}", "https//:{}", "http://.{}..", "Website: {}", "web:{}", "www.www.{}", "http:{}"),
    ],
)
@given(name=HOSTS)
def test_every_writing_of_a_domain_has_its_host(address: str, name: str) -> None:
    key = host(name)
    assert key is not None
    assert host(key) == key
    punycode = ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in key.split(".")
    )
    for written in (name, name.upper(), punycode, punycode.upper(), unicodedata.normalize("NFD", name)):
        assert host(address.format(written)) == key


@given(st.from_regex(r"(www\.)?([a-z0-9-]{1,6}\.){1,3}[a-z0-9]{1,6}", fullmatch=True))
def test_a_plain_host_is_read_like_any_other(name: str) -> None:
    assert host(name) == host(f" HTTPS://{name.upper()}/")


@pytest.mark.parametrize(
    "value", ["", "n/a", "-", "acme", "acme.com, beta.com", "acme corp.", "1.2.3.4", "@", "http://", ".", None, 5.0]
)
def test_what_names_no_host_has_none(value: object) -> None:
    assert host(value) is None


def test_www_alone_is_part_of_the_name() -> None:
    assert host("www.com") == "www.com"
    assert host("www.acme.com") == "acme.com"
    assert host("www2.acme.com") == "www2.acme.com"


ODD_TEXTS = (
    st.text(st.characters(), max_size=20)
    | st.text(
        "aAbzxn-.wW/:@%?#&+,;()<>[]{}\"' \t\n\\=üÜßéıİſﬁ中。．｡㏂»“ςΣ\u0301\u200b\u00ad\ufeff\u00a0\ud800", max_size=14
    )
    | st.lists(
        st.sampled_from(
            (
                *("www.", "http://", "https:", "xn--", "xn--a-", "mnchen-3ya", "acme", ".com", "/", "a", "ü", "%2f"),
                *("%", "%c3", "%BC", "mailto:", "@", ":", ".", "\u200b", "linkedin.com/company/", "google.de/url"),
            )
        ),
        max_size=8,
    ).map("".join)
)
"""What cells could hold at worst."""


@given(ODD_TEXTS | st.none() | st.integers() | st.lists(st.text()))
def test_keys_never_raise(value: object) -> None:
    keys_of({"name": value, "domain": value, "linkedin_url": value})


@pytest.mark.parametrize(
    "value", ["0.»/", "www.www.acme.com", "xn--www-.a.de", "xn--xn--a-.de", "%77ww.acme.com", "a。b"]
)
def test_the_key_of_a_key_is_itself_at_the_edges(value: str) -> None:
    assert host(value) is None or host(host(value)) == host(value)


@given(ODD_TEXTS)
def test_the_key_of_a_key_is_itself(text: str) -> None:
    name, slug = host(text), linkedin_slug(text)
    assert name is None or host(name) == name
    if slug is not None and not any(0xD800 <= ord(c) < 0xE000 for c in slug):
        assert linkedin_slug(f"linkedin.com/company/{quote(slug, safe='')}") == slug


@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\ufeff", "\u2060"])
@given(text=ODD_TEXTS)
def test_invisible_characters_change_no_key(invisible: str, text: str) -> None:
    assert host(invisible.join(text)) == host(text)
    assert linkedin_slug(invisible.join(text)) == linkedin_slug(text)


@pytest.mark.parametrize("safe", ["/:", "", "/:."])
@given(name=HOSTS)
def test_percent_encoding_changes_no_key(safe: str, name: str) -> None:
    assert host(quote(f"https://www.{name}/", safe=safe)) == host(name)
    page = f"https://www.linkedin.com/company/{name}"
    assert linkedin_slug(quote(page, safe=safe)) == linkedin_slug(page)


def keys(linkedin: str | None, host: str | None) -> CompanyKeys:
    return CompanyKeys(linkedin, host, None)


@pytest.mark.parametrize(
    ("rows", "companies"),
    [
        ([keys("a", "x.com"), keys("a", "y.com")], [0, 0]),  # one slug on two domains
        ([keys("a", "x.com"), keys("b", "x.com")], [0, 1]),  # one domain, two slugs
        ([keys(None, "x.com"), keys(None, "x.com")], [0, 0]),
        ([keys(None, "x.com"), keys("a", "x.com"), keys("a", None)], [0, 0, 0]),
        ([keys("a", "x.com"), keys("b", "x.com"), keys(None, "x.com")], [0, 1, 2]),  # whose domain is it?
        ([keys("a", "shared.app"), keys(None, "shared.app"), keys(None, "shared.app")], [0, 1, 2]),
        ([keys(None, None), keys(None, None)], [0, 1]),
    ],
)
def test_which_rows_are_one_company(rows: list[CompanyKeys], companies: list[int]) -> None:
    assert group_companies(rows, lambda host: host == "shared.app") == companies
