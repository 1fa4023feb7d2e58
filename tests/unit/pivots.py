"""A few companies, and pivots of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xl_openfunnel import pivot as pivots
from xl_openfunnel.cell_values import Block
from xl_openfunnel.pivot_rules import Question
from xl_openfunnel.table import frame

if TYPE_CHECKING:
    import pandas as pd

ROWS: list[dict[str, Any]] = [
    {"hq_country": "Peru", "employee_count": 5, "industries": ["Mining", "Software", "Mining"], "stage": "Seed"},
    {"hq_country": "Peru", "employee_count": 300, "industries": ["Mining"], "stage": None},
    {"hq_country": "chile", "employee_count": 7, "industries": [], "stage": "Seed"},
    {"hq_country": "Brazil", "employee_count": None, "industries": None, "stage": "Seed"},
    {"hq_country": " ", "employee_count": 8, "industries": ["Software", None, ""], "stage": "A"},
    {"hq_country": None, "employee_count": 9, "industries": ["Software"], "stage": "A"},
    {"hq_country": "", "employee_count": 20_000, "industries": ["Software"], "stage": "A"},
]


def pivot(
    table: pd.DataFrame,
    row_fields: Sequence[str],
    col_fields: Sequence[str] = (),
    values: str | None = None,
    function: str | None = None,
) -> Block:
    return pivots.pivot(table, Question.of(row_fields, col_fields, values, function))


def pivot_of(
    rows: list[dict[str, Any]],
    row_fields: list[str],
    col_fields: list[str] | None = None,
    values: str | None = None,
    function: str | None = None,
) -> Block:
    table = frame(rows, Question.of(row_fields, col_fields or [], values, function).needed_columns)
    return pivot(table, row_fields, col_fields or [], values, function)


def rows_with(name: str, values: list[Any]) -> list[dict[str, Any]]:
    return [{name: value} for value in values]
