"""A company by its rank, its domain or its LinkedIn page."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions.company_index import KEY_COLUMNS, CompanyIndex
from xl_openfunnel.simulator.companies import companies
from xl_openfunnel.table import frame

pytestmark = pytest.mark.dependencies

ROWS: list[dict[str, Any]] = [
    {"domain": "acme.com", "linkedin_url": "https://www.linkedin.com/company/acme"},
    {"domain": None, "linkedin_url": "http://DE.linkedin.com/company/Böse-AG/?trk=x"},
    {"domain": "HTTPS://www.Beta.io:443/en?x#y", "linkedin_url": None},
    {"domain": "acme.com.", "linkedin_url": "linkedin.com/company/acme/"},
    {"domain": "", "linkedin_url": ""},
    {"domain": "linkedin.com", "linkedin_url": "https://www.linkedin.com/company/linkedin"},
]


def index_of(rows: list[dict[str, Any]]) -> CompanyIndex:
    return CompanyIndex(frame(rows, KEY_COLUMNS))


INDEX = index_of(ROWS)


@pytest.mark.parametrize("key", [3, 3.0, "3", " 3 ", "03", Decimal(3)])
def test_a_number_is_a_rank(key: object) -> None:
    assert INDEX.position(key) == 2


@pytest.mark.parametrize(
    "key",
    ["acme.com", " ACME.com ", "www.acme.com", "https://acme.com", "http://www.acme.com:80/about?x=1", "//acme.com/",
     "acme.com.", "acme.com/de", "acme.com#top", "\u200bacme.com\u00a0", "sales@acme.com", "mailto:sales@acme.com",
     "“acme.com”", "ACME。com"],
)  # fmt: skip
def test_a_domain_is_found_in_any_spelling(key: str) -> None:
    assert INDEX.position(key) == 0


def test_domains_in_rows_are_normalized_too() -> None:
    assert INDEX.position("beta.io") == 2


@pytest.mark.parametrize(
    "key",
    [
        "https://www.linkedin.com/company/böse-ag",
        "linkedin.com/company/BÖSE-AG//",
        "http://uk.linkedin.com/company/b%C3%B6se-ag?a=b",
        "www.linkedin.com/company/b%c3%b6se-ag#about",
        "https://www.linkedin.com/company/böse-ag/about/",
        "https://at.linkedin.com/company/böse-ag/people/?keywords=x",
        "https://www.linkedin.com/school/böse-ag/",
        "https://www.linkedin.com/showcase/böse-ag",
        "linkedin.com/company/bo\u0308se-ag",
        "linkedin.com/company/bo%CC%88se-ag/jobs",
        "\u200bhttps://linkedin.com/company/b\u00adöse-ag\ufeff",
    ],
)
def test_a_linkedin_page_is_found_in_any_spelling(key: str) -> None:
    assert INDEX.position(key) == 1


def test_the_first_company_in_the_services_order_wins() -> None:
    assert INDEX.position("https://linkedin.com/company/acme/") == 0
    assert INDEX.position(4) == 3


def test_linkedin_com_itself_is_a_domain() -> None:
    assert INDEX.position("linkedin.com") == 5
    assert INDEX.position("notlinkedin.com/company/acme") is None


@pytest.mark.parametrize(
    "key",
    [None, "", "  ", 0, "0", -1, 1.5, 7, "7", 10**400, "9" * 5000, "²", "1.0", math.nan, math.inf, "acme",
     "https://", "www.", "linkedin.com/in/acme", "de.acme.com",
     "https://www.linkedin.com/company/", "https://linkedin.com/", "\ud800"],
)  # fmt: skip
def test_other_keys_find_nothing(key: object) -> None:
    rows = [row for row in ROWS if row["domain"] != "linkedin.com"]
    assert index_of(rows).position(key) is None


@pytest.mark.parametrize("key", [[["acme.com"]], ("acme.com",), {"a": 1}, dt.datetime(2026, 1, 2), b"acme.com"])
def test_a_value_that_cannot_be_a_key_is_refused(key: object) -> None:
    with pytest.raises(ConfigurationError, match=r"is no key of a company\. Give its rank, domain or linkedin_url"):
        INDEX.position(key)


@pytest.mark.parametrize("key", [True, False])
def test_a_boolean_key_is_refused_as_excel_writes_it(key: object) -> None:
    with pytest.raises(ConfigurationError, match=f"^{str(key).upper()} is no key of a company"):
        INDEX.position(key)


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "https://MÜNCHEN.de/"),
        ("münchen.de", "mu\u0308nchen.de"),
        ("no host", " No\u00a0Host"),
        ("localhost", "LOCALHOST"),
        ("caf\u00e9", "cafe\u0301"),
        ("linkedin.com", "https://www.linkedin.com:443/?trk=x"),
        ("linkedin.com", "linkedin.com/"),
        ("linkedin.com", "press@linkedin.com"),
    ],
)
def test_a_domain_of_any_kind_is_found(domain: str, key: str) -> None:
    assert index_of([{"domain": "acme.com"}, {"domain": domain}, {"domain": domain}]).position(key) == 1


def test_a_page_at_linkedin_is_not_the_company_linkedin() -> None:
    index = index_of([{"domain": "linkedin.com", "linkedin_url": "https://www.linkedin.com/in/someone"}])
    assert index.position("https://www.linkedin.com/in/someone-else") is None
    assert index.position("https://de.linkedin.com/company/") == index.position("linkedin.com/company") is None
    assert index.position("HTTPS://www.linkedin.com/in/someone ") == 0


def test_rows_with_other_values_than_text_are_skipped() -> None:
    odd = index_of([{"domain": 3, "linkedin_url": ["x"]}, {"domain": "acme.com"}])
    assert [odd.position("acme.com"), odd.position("3"), odd.position("x")] == [1, None, None]
    assert index_of([]).position(1) is None


def test_every_simulated_company_is_found_by_each_of_its_keys() -> None:
    rows = companies(300, seed=2, shape="narrow")
    index = index_of(rows)
    for name in ("domain", "linkedin_url"):
        values = [row[name] for row in rows]
        assert [index.position(value) for value in values if value] == [
            values.index(value) for value in values if value
        ]
    assert [index.position(rank) for rank in range(1, 301)] == list(range(300))


KEYS = st.none() | st.integers() | st.floats() | st.text() | st.sampled_from(["linkedin.com/a", "b.c"])
ANY = KEYS | st.booleans()


@given(KEYS, st.lists(st.fixed_dictionaries({"domain": ANY, "linkedin_url": ANY}), max_size=5))
def test_any_key_and_rows_give_a_position_or_none(key: object, rows: list[dict[str, Any]]) -> None:
    position = index_of(rows).position(key)
    assert position is None or 0 <= position < len(rows)
