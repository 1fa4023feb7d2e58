"""The table of fields, and columns named by a person."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.errors import UnknownColumnError
from xl_openfunnel.fields import (
    ABSENT,
    BY_NAME,
    DEFAULT_COLUMNS,
    DERIVED_COLUMNS,
    EMPLOYEE_BANDS,
    FIELDS,
    SERVICE_COLUMNS,
    parse_columns,
)
from xl_openfunnel.simulator import companies


def test_each_field_is_described_once_and_in_one_group() -> None:
    assert list(BY_NAME) == [field.name for field in FIELDS] == ["rank", *SERVICE_COLUMNS, *DERIVED_COLUMNS]
    assert all(field.meaning.endswith(".") for field in FIELDS)


def test_the_default_columns_are_those_that_workbooks_rely_on() -> None:
    names = "rank,name,domain,linkedin_url,headquarters,employee_count,match_reason"
    assert ",".join(DEFAULT_COLUMNS) == names


def test_a_derived_value_has_its_sources() -> None:
    assert all(bool(field.sources) == (field.derive is not None) for field in FIELDS)
    assert all(field.sources for field in FIELDS if field.name in DERIVED_COLUMNS)


def test_every_field_of_a_simulated_company_is_described() -> None:
    assert companies(1, shape="full")[0].keys() <= set(SERVICE_COLUMNS)
    assert companies(1, shape="old")[0].keys() <= set(SERVICE_COLUMNS)


@pytest.mark.parametrize("nothing", [None, "", "  ", " , ; ", [], [[None, ""], [" "]]])
def test_blank_columns_parse_to_none(nothing: object) -> None:
    assert parse_columns(nothing) is None


@pytest.mark.parametrize(
    "value",
    [
        "name,domain",
        " Name ; DOMAIN ",
        ["name", "domain"],
        ("name", "domain", "NAME"),
        "\u200bname,\u00a0Domain\ufeff,\u200b",
        [["name", None], ["", "domain"]],
        [("name",), ("domain,name",)],
    ],
)
def test_columns_are_read_from_text_lists_and_ranges(value: object) -> None:
    assert parse_columns(value) == ("name", "domain")


def test_unknown_names_keep_their_spelling() -> None:
    assert parse_columns("newField, NEWFIELD, *") == ("newField", "*")


@pytest.mark.parametrize("value", [1, 2.0, True, ["name", 3], {"name": 1}])
def test_a_column_that_is_not_text_is_refused(value: object) -> None:
    with pytest.raises(UnknownColumnError, match="Give names as text"):
        parse_columns(value)


# --- derived values ---


def derived(name: str, **row: Any) -> Any:
    """The value of a field that is derived from the fields of a row."""
    field = BY_NAME[name]
    assert field.derive is not None
    return field.derive(*(row.get(source, ABSENT) for source in field.sources))


@pytest.mark.parametrize("blank", [None, "", " ", "\u200b", "\u00a0\ufeff ", [], math.nan, ABSENT])
def test_blanks_fall_back_as_absence_does(blank: Any) -> None:
    assert derived("employee_count", employee_count=blank, company_size="51-200") == "51-200"
    assert derived("employee_count", employee_count=blank, company_size=" 74 ") == 74
    assert derived("employee_band", employee_count=blank, company_size="51-200") == "51–200"
    assert derived("country", country=blank, hq_country="Chile", headquarters="Lima, Peru") == "Chile"
    assert derived("country", country=blank, hq_country=blank, headquarters="Lima, Peru") == "Peru"
    assert derived("city", city=blank, hq_city=blank, headquarters="Lima, Peru") == "Lima"
    text = blank if isinstance(blank, str) else ""
    assert derived("country", headquarters=f"Paris, {text}") is None
    assert derived("country", headquarters=text) is None


@pytest.mark.parametrize("value", [0, "0", False, "n/a", [1], {}])
def test_what_is_not_blank_is_never_replaced(value: object) -> None:
    assert derived("employee_count", employee_count=value, company_size="51-200") == value
    assert derived("country", country=value, hq_country="Chile") == value


@pytest.mark.parametrize("count", [None, "", " "])
@pytest.mark.parametrize("size", [None, "", "\u200b", ABSENT])
def test_a_count_without_a_size_stays_as_it_came(count: object, size: object) -> None:
    assert derived("employee_count", employee_count=count, company_size=size) == count
    assert derived("employee_band", employee_count=count, company_size=size) is None


@pytest.mark.parametrize(
    ("size", "band"),
    [
        ("51-200 employees", "51–200"),
        ("201 \u2013 500 Employees on LinkedIn", "201–500"),
        ("1001-5000 employés", "1001–5000"),
        ("501-1000\nemployees", "501–1000"),
        ("51-200 employees 101 associated members", "51–200"),
        ("11-50 (estimated)", "11–50"),
        ("10,001+ employees", "10001+"),
        ("10,000+", "10001+"),
        ("10.001+ Mitarbeiter", "10001+"),
        ("1\u2019001\u20115\u2019000", "1001–5000"),
        ("1\u202f001\u22125\u00a0000 employés", "1001–5000"),
        ("5\u2009001 to 10\u2009000", "5001–10000"),
        ("501-1K employees", "501–1000"),
        ("1K-5K", "1001–5000"),
        ("5k - 10k employees", "5001–10000"),
        ("10K+", "10001+"),
        ("10K", "5001–10000"),
        ("1 employee", "1–10"),
        ("0-1 employees", "1–10"),
        ("Self-employed", "1–10"),
        ("\u200b2-10\u2060 employees", "1–10"),
        ("5 million", None),
        ("5M", None),
        ("5 thousand", None),
        ("1.5", None),
        ("12 %", None),
        ("1-2-3", None),
        ("1 2 3", None),
        ("employees", None),
        ("51-", None),
        ("+", None),
    ],
)
def test_sizes_as_linkedin_writes_them_have_a_band(size: str, band: str | None) -> None:
    assert derived("employee_band", company_size=size) == band
    assert derived("employee_band", employee_count=size) == band


BOUNDS = st.integers(0, 10**9)
SEPARATORS = st.sampled_from([",", ".", "'", "\u2019", " ", "\u00a0", "\u202f", "\u2009"])
DASHES = st.sampled_from(["-", " - ", "\u2010", "\u2011", "\u2012", "\u2013", " \u2014 ", "\u2212", "~", " to ", "+"])
WORDS = st.sampled_from(
    ["", " ", " employees", "\u00a0Mitarbeiter", " employees on LinkedIn", " \u540d", "\n\temployees"]
)


@given(BOUNDS, BOUNDS, SEPARATORS, DASHES, WORDS)
def test_a_size_has_the_band_of_its_lower_bound_however_it_is_written(
    low: int, more: int, separator: str, dash: str, words: str
) -> None:
    high = "" if dash == "+" else f"{low + more:,}".replace(",", separator)
    size = f"{low:,}".replace(",", separator) + dash + high + words
    assert derived("employee_band", company_size=size) == derived("employee_band", employee_count=low + (dash == "+"))


@given(st.text("0123456789-+,. \u00a0kKm(xé", max_size=30) | st.text(max_size=20))
def test_any_text_is_a_size_or_none(size: str) -> None:
    assert derived("employee_band", company_size=size) in (*EMPLOYEE_BANDS, None)


@pytest.mark.parametrize("part", [" ", "1", "1,", "1-", "k", "\u200b", "1 ", "1K-", "a "])
def test_a_long_size_is_parsed_in_linear_time(part: str) -> None:
    size = "1" + part * 500_000 + "%"  # trying all ways to share the spaces would take hours
    assert derived("employee_band", company_size=size) in (*EMPLOYEE_BANDS, None)
