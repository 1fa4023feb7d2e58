"""The table of fields, and columns named by a person."""

from __future__ import annotations

import pytest

from xl_openfunnel.errors import UnknownColumnError
from xl_openfunnel.fields import BY_NAME, DEFAULT_COLUMNS, DERIVED_COLUMNS, FIELDS, SERVICE_COLUMNS, parse_columns
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
