"""What criteria that no company meets may have meant."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from tests.unit.pivots import pivot
from xl_openfunnel import near_values, pivot_rules, table
from xl_openfunnel.criteria import parse
from xl_openfunnel.near_values import did_you_mean

ROWS: list[dict[str, Any]] = [
    {"hq_country": "Germany", "industries": ["Software Development", "Retail; Toys"], "employee_count": 50, "size": 7},
    {"hq_country": "GERMANY", "industries": None, "employee_count": None},
    {"hq_country": "Côte d'Ivoire", "industries": [], "employee_count": 51, "size": "new"},
    {"hq_country": None},
]


def hint(text: str, rows: list[dict[str, Any]] = ROWS) -> str:
    return did_you_mean(parse(text), len(rows), lambda asked: pivot(table.frame(rows, asked.rows), asked.rows))


@pytest.mark.parametrize(
    ("criteria", "meant"),
    [
        ("country=Germny", "country=Germany"),
        ("country=germani|Austria", "country=Germany"),
        ("country=Xyz|Cote d'Ivoire", "country=Côte d'Ivoire"),
        ("employee_count>9; country=Gremany", "country=Germany"),
        ("industries=Softwar Development", "industries=Software Development"),
        ("industries=Retail, Toys", "industries=Retail~; Toys"),
        ("size=news", "size=new"),
    ],
)
def test_a_similar_value_of_the_column_is_named(criteria: str, meant: str) -> None:
    assert hint(criteria) == f" Did you mean {meant}?"


@pytest.mark.parametrize(
    "criteria",
    [
        "country=Germany; employee_count>99",
        "country=Germny|Germany; employee_count>99",
        "country=Norway",
        "country=(blank",
        "country=Germn?",
        "country<>Germny",
        "country=Germny|<>Germany",
        "country=",
        "country>Germanz",
        "employee_count=500",
        "employee_band=11-50",
        "match_score=x",
        "rank=9",
    ],
)
def test_no_other_criteria_are_guessed_at(criteria: str) -> None:
    assert hint(criteria) == ""


def test_many_companies_or_values_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    pivot = Mock()
    assert did_you_mean(parse("country=Germny"), near_values.MAX_COMPANIES + 1, pivot) == ""
    assert not pivot.called
    monkeypatch.setattr(near_values, "_MAX_VALUES", 1)
    assert hint("country=Germny") == ""


def test_a_long_value_is_cut() -> None:
    rows = [{"hq_country": "a" * 300}]
    assert hint("country=" + "a" * 299, rows) == f" Did you mean country={'a' * 59}…?"


def test_a_pivot_that_is_refused_gives_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pivot_rules, "MAX_CELLS", 3)
    assert hint("country=Germny") == ""
