"""The columns of a file hold exactly what a table of the same rows has, or the job has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from tests.unit.columns.any_rows import ANY_ROWS, REGULAR_ROWS, check_rows
from tests.unit.columns.stored_rows import read, stored
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.schema import KNOWN, IrregularError, key_text, read_columns
from xl_openfunnel.company_key import linkedin_slug
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.simulator import companies
from xl_openfunnel.table import frame

pytestmark = pytest.mark.dependencies


def columns_of(*rows: dict[str, Any]) -> dict[str, list[Any]]:
    return read_columns([json.dumps(rows).encode()])


@settings(max_examples=60, deadline=None)  # tests/fire/columns.py tries any number
@given(REGULAR_ROWS | ANY_ROWS)
def test_a_file_holds_what_a_table_has_or_the_rows_are_irregular(rows: list[dict[str, Any]]) -> None:
    check_rows(rows)


@settings(max_examples=60, deadline=None)
@given(REGULAR_ROWS)
def test_other_fields_change_nothing_in_the_columns(rows: list[dict[str, Any]]) -> None:
    known = [{name: row[name] for name in row.keys() & KNOWN.keys()} for row in rows]
    alone, beside_others = columns_of(*known), columns_of(*({**row, "another": 1} for row in known))
    assert beside_others.pop("other") == ['{"another": 1}'] * len(rows)
    assert alone.pop("other") == [None] * len(rows)
    assert repr(alone) == repr(beside_others)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"name": 5}, "name"),
        ({"name": True}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": ["x"]}, "name"),
        ({"revenue_usd": "51"}, "revenue_usd"),
        ({"revenue_usd": 2.5}, "revenue_usd"),
        ({"revenue_usd": True}, "revenue_usd"),
        ({"revenue_usd": 2**63}, "revenue_usd"),
        ({"rerank_score": 2**53 + 1}, "rerank_score"),
        ({"rerank_score": "1"}, "rerank_score"),
        ({"employee_count": "51-200"}, "employee_count"),
        ({"company_size": "51-200"}, "employee_count"),
        ({"company_size": 74}, "company_size"),
        ({"industries": "Software"}, "industries"),
        ({"industries": ["Software", 5]}, "industries"),
        ({"industries": [["Software"]]}, "industries"),
        ({"country": {"code": "DE"}}, "country"),
        ({"Name": "Acme"}, "Name"),
        ({"more": "\ud800"}, "more"),
    ],
)
def test_a_value_that_a_column_cannot_hold_exactly_makes_its_rows_irregular(row: dict[str, Any], field: str) -> None:
    with pytest.raises(IrregularError) as raised:
        columns_of({"name": "Acme"}, row)
    assert (raised.value.field, raised.value.rank) == (field, 2)


def test_a_whole_number_written_as_a_float_is_one() -> None:
    assert columns_of({"employee_count": 12.0})["employee_count"] == [12]


def test_of_a_key_that_is_there_twice_the_file_has_what_the_table_has(folder: ColumnFolder) -> None:
    rows = Rows([1], lambda _: [b'[{"name": "first", "odd": 1, "name": "last", "odd": 2}]'], content="content")
    (row,) = read(folder.make("job", rows, None))
    assert (row["name"], row["other"]) == ("last", '{"odd": 2}')
    assert frame(rows)["name"].tolist() == ["last"]


def test_a_job_without_companies_has_a_file(folder: ColumnFolder) -> None:
    assert read(folder.make("job", stored([]), None)) == []


def test_different_keys_stay_different_in_a_file() -> None:
    slugs = [linkedin_slug(f"linkedin.com/company/{end}") for end in ("%ff", "%25ff", "%25xff", "%25X00ff", "%25xdcff")]
    assert len({key_text(slug) for slug in slugs}) == len(set(slugs)) == 5


def test_the_companies_of_the_demo_are_regular() -> None:
    for shape in ("full", "narrow"):
        rows = companies(150, seed=3, shape=shape)
        columns_of(*rows)
        check_rows(rows)
